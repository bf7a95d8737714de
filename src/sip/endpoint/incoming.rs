//! Incoming calls: from INVITE to 2xx, refusal or CANCEL.

use std::time::{Duration, Instant};

use super::Endpoint;
use super::access::{Caller, Inbound};
use super::agenda::Target;
use super::leg::{Leg, Phase, Unacked};
use super::locals::as_asked;
use super::stub::Reply;
use crate::dialog::Dialog;
use crate::error::SipError;
use crate::event::{Event, IncomingCall, LegKey};
use crate::headers::{Reason, lex};
use crate::message::{HeaderName, Message, Method};
use crate::sdp::SessionDescription;
use crate::transaction::Repeat;
use crate::uri;

const GONE: SipError = SipError::Gone {
    what: "incoming call",
};

impl Endpoint {
    /// A new INVITE.
    pub(super) fn on_invite(&mut self, inbound: &Inbound<'_, '_>) {
        let user = match self.caller(inbound) {
            Caller::Trusted => None,
            Caller::User(user) => Some(user),
            Caller::Refused => return,
        };
        if self.is_full() || self.legs.len() >= self.config.limits.max_dialogs {
            self.refuse_full(inbound);
            return;
        }
        let Inbound {
            now,
            source,
            request,
            ..
        } = *inbound;
        let sdp = match offer_of(request) {
            Ok(sdp) => sdp,
            Err(415) => {
                self.refuse_with(inbound, 415, &[("Accept", "application/sdp".to_owned())]);
                return;
            }
            Err(code) => {
                self.refuse(inbound, code);
                return;
            }
        };
        let server = self.start_server(inbound);
        let dialog = Dialog::uas(request, &self.tokens.tag(), source);
        let mut leg = Leg::new(dialog, Phase::Ringing(server));
        let contact = self.contact(&uri::user_of(request.uri()), source);
        leg.contact = as_asked(contact, request.uri());
        leg.remote_sdp.clone_from(&sdp);
        let key = self.insert_leg(leg);
        if let Some(tx) = self.servers.get_mut(&server) {
            tx.leg = Some(key);
        }
        let longest = self.config.timers.proceeding_max;
        let wish = request.number(HeaderName::Expires).filter(|s| *s > 0);
        let patience = wish.map_or(longest, |s| longest.min(Duration::from_secs(s.into())));
        self.agenda.set(Target::Leg(key), Some(now + patience));
        self.respond(
            now,
            server,
            &Reply {
                code: 100,
                ..Reply::default()
            },
        );
        let from = request.from();
        self.events
            .push_back(Event::Incoming(Box::new(IncomingCall {
                leg: key,
                source,
                request_uri: lex::text(request.uri()),
                to_user: uri::user_of(request.uri()),
                from_uri: from.map(|f| lex::text(f.uri)).unwrap_or_default(),
                from_user: from.map(|f| uri::user_of(f.uri)).unwrap_or_default(),
                from_display: from.map(|f| f.display_text()).unwrap_or_default(),
                call_id: lex::text(request.call_id()),
                user,
                sdp,
                headers: request.header_texts(),
            })));
    }

    fn ringing(&self, leg: LegKey) -> Result<(u64, &Leg), SipError> {
        let state = self.legs.get(&leg).ok_or(GONE)?;
        match state.phase {
            Phase::Ringing(server) => Ok((server, state)),
            _ => Err(GONE),
        }
    }

    /// Sends 101–199 for an incoming call, with SDP for early media.
    ///
    /// # Errors
    /// [`SipError::Gone`] when the call has ended or is answered, [`SipError::Invalid`] for
    /// another code or broken SDP.
    pub fn ring(
        &mut self,
        now: Instant,
        leg: LegKey,
        code: u16,
        sdp: Option<&[u8]>,
    ) -> Result<(), SipError> {
        if !(101..200).contains(&code) {
            return Err(SipError::Invalid {
                what: "provisional status",
            });
        }
        let (server, state) = self.ringing(leg)?;
        let tag = String::from_utf8_lossy(&state.dialog.id.local_tag).into_owned();
        let headers = [("Contact", state.contact.clone()), ("Allow", self.allow())];
        if let Some(sdp) = sdp {
            self.store_local(leg, sdp)?;
        }
        let body = sdp.unwrap_or(b"");
        let reply = Reply {
            code,
            tag: &tag,
            headers: &headers,
            body,
            ..Reply::default()
        };
        self.respond(now, server, &reply);
        Ok(())
    }

    fn store_local(&mut self, leg: LegKey, sdp: &[u8]) -> Result<(), SipError> {
        let parsed =
            SessionDescription::parse(sdp).map_err(|_| SipError::Invalid { what: "SDP body" })?;
        let state = self.legs.get_mut(&leg).ok_or(GONE)?;
        state.local_sdp = Some(parsed);
        Ok(())
    }

    /// Answers an incoming call with 200 and this SDP (the answer, or the offer if the INVITE had
    /// none). The 200 is repeated until acknowledged; then [`Event::Acked`] comes, or after 64·T1
    /// without an ACK a BYE is sent and [`Event::Ended`] comes.
    ///
    /// # Errors
    /// [`SipError::Gone`] when the call has ended or is answered, [`SipError::Invalid`] for broken
    /// SDP.
    pub fn answer(&mut self, now: Instant, leg: LegKey, sdp: &[u8]) -> Result<(), SipError> {
        let (server, state) = self.ringing(leg)?;
        let tag = String::from_utf8_lossy(&state.dialog.id.local_tag).into_owned();
        let headers = [("Contact", state.contact.clone()), ("Allow", self.allow())];
        let is_offer = state.remote_sdp.is_none();
        let cseq = state.dialog.remote_cseq.unwrap_or(0);
        self.store_local(leg, sdp)?;
        let to = self.servers.get(&server).ok_or(GONE)?.reply_to();
        let reply = Reply {
            code: 200,
            tag: &tag,
            headers: &headers,
            body: sdp,
            phrase: "",
        };
        let bytes = self.respond(now, server, &reply).ok_or(GONE)?;
        if let Some(state) = self.legs.get_mut(&leg) {
            state.phase = Phase::Up;
        }
        let unacked = self.unacked(now, cseq, bytes, to);
        self.await_ack(
            leg,
            Unacked {
                is_offer,
                is_first: true,
                ..unacked
            },
        );
        Ok(())
    }

    pub(super) fn unacked(
        &self,
        now: Instant,
        cseq: u32,
        bytes: Vec<u8>,
        to: crate::peer::Peer,
    ) -> Unacked {
        Unacked {
            cseq,
            bytes,
            to,
            repeat: Repeat::new(now, self.config.timers.t1),
            give_up: now + self.config.timers.t1x64(),
            is_offer: false,
            is_first: false,
        }
    }

    /// Refuses an incoming call with 300–699. An empty phrase gives the standard one. The leg is
    /// gone at once.
    ///
    /// # Errors
    /// [`SipError::Gone`] when the call has ended or is answered, [`SipError::Invalid`] for
    /// another code.
    pub fn reject(
        &mut self,
        now: Instant,
        leg: LegKey,
        code: u16,
        phrase: &str,
        headers: &[(String, String)],
    ) -> Result<(), SipError> {
        if !(300..700).contains(&code) {
            return Err(SipError::Invalid {
                what: "final status",
            });
        }
        let (server, _) = self.ringing(leg)?;
        let lines: Vec<(&str, String)> = headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.clone()))
            .collect();
        self.refuse_ringing(now, leg, server, code, phrase, &lines);
        Ok(())
    }

    fn refuse_ringing(
        &mut self,
        now: Instant,
        leg: LegKey,
        server: u64,
        code: u16,
        phrase: &str,
        headers: &[(&str, String)],
    ) {
        let Some(state) = self.remove_leg(leg) else {
            return;
        };
        let tag = String::from_utf8_lossy(&state.dialog.id.local_tag).into_owned();
        self.respond(
            now,
            server,
            &Reply {
                code,
                phrase,
                tag: &tag,
                headers,
                body: b"",
            },
        );
    }

    /// A CANCEL that matches a transaction: answered 200 always, with effect only before the
    /// final response (§9.2).
    pub(super) fn on_cancel(&mut self, inbound: &Inbound<'_, '_>, invite: u64) {
        let Inbound { now, request, .. } = *inbound;
        let id = self.start_server(inbound);
        let invite = self.servers.get(&invite);
        let leg = invite.and_then(|tx| tx.leg);
        let ringing = invite.is_some_and(|tx| tx.is_open());
        // The tag of the INVITE's own answers: a caller may look at this one last (§9.2).
        let tag = match leg.and_then(|leg| self.legs.get(&leg)) {
            Some(leg) => String::from_utf8_lossy(&leg.dialog.id.local_tag).into_owned(),
            None => self.tokens.tag(),
        };
        self.respond(
            now,
            id,
            &Reply {
                code: 200,
                tag: &tag,
                ..Reply::default()
            },
        );
        if let Some(leg) = leg.filter(|_| ringing) {
            self.abandon_ringing(now, leg, request);
        }
    }

    /// Nobody answered within the caller's Expires or our own limit (§13.3.1): 480.
    pub(super) fn give_up_ringing(&mut self, now: Instant, leg: LegKey, server: u64) {
        self.refuse_ringing(now, leg, server, 480, "", &[]);
        self.events.push_back(Event::IncomingCancelled {
            leg,
            reasons: Vec::new(),
        });
    }

    /// The caller is gone before our final response: 487.
    pub(super) fn abandon_ringing(&mut self, now: Instant, leg: LegKey, by: &Message<'_>) {
        let Ok((server, _)) = self.ringing(leg) else {
            return;
        };
        self.refuse_ringing(now, leg, server, 487, "", &[]);
        let reasons = Reason::all(by);
        self.events
            .push_back(Event::IncomingCancelled { leg, reasons });
    }
}

/// The offer of an INVITE or UPDATE; `Err` holds the status to refuse with.
pub(super) fn offer_of(request: &Message<'_>) -> Result<Option<SessionDescription>, u16> {
    if request.body.is_empty() {
        return Ok(None);
    }
    let Some(body) = request.sdp_body() else {
        // Only session changes must be understood.
        let needed = matches!(request.method(), Some(Method::Invite | Method::Update));
        return if needed { Err(415) } else { Ok(None) };
    };
    let sdp = SessionDescription::parse(body).map_err(|_| 400u16)?;
    if sdp.audio().is_none() {
        return Err(488);
    }
    Ok(Some(sdp))
}
