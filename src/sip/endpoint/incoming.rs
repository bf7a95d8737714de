//! Incoming calls: from INVITE to 2xx, refusal or CANCEL.

use std::time::{Duration, Instant};

use super::Endpoint;
use super::access::{Caller, Inbound};
use super::agenda::{LegTimer, Target};
use super::leg::{Leg, Phase, Unacked};
use super::locals::as_asked;
use super::session::usable;
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
            source, request, ..
        } = *inbound;
        if !request.accepts_sdp() {
            self.refuse_with(inbound, 406, &[("Accept", "application/sdp".to_owned())]);
            return;
        }
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
        let replaces = match self.replacement(request) {
            // Only whom we trust may take over a call.
            Ok(Some(_)) if user.is_some() => {
                self.refuse(inbound, 403);
                return;
            }
            Ok(leg) => leg,
            Err(code) => {
                self.refuse(inbound, code);
                return;
            }
        };
        let Some(leg) = self.leg_for(inbound) else {
            return;
        };
        let key = self.ring_in(inbound, leg, sdp.clone());
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
                replaces,
                headers: request.header_texts(),
            })));
    }

    /// The leg of a new INVITE; `None`: its session interval was refused.
    fn leg_for(&mut self, inbound: &Inbound<'_, '_>) -> Option<Leg> {
        let Inbound {
            source, request, ..
        } = *inbound;
        let dialog = Dialog::uas(request, &self.tokens.tag(), source);
        let mut leg = Leg::new(dialog, Phase::Up, &self.config.session);
        if let Err(least) = leg.agree_interval(request) {
            self.refuse_with(inbound, 422, &[("Min-SE", least.as_secs().to_string())]);
            return None;
        }
        leg.note_peer(request);
        leg.invite_cseq = request.cseq().map_or(0, |c| c.number);
        leg.reliable = self.reliables_for(request);
        let contact = self.contact(&uri::user_of(request.uri()), source);
        leg.contact = as_asked(contact, request.uri());
        Some(leg)
    }

    /// Takes the call: from here on it rings.
    fn ring_in(
        &mut self,
        inbound: &Inbound<'_, '_>,
        mut leg: Leg,
        offer: Option<SessionDescription>,
    ) -> LegKey {
        let Inbound { now, request, .. } = *inbound;
        let server = self.start_server(inbound);
        leg.phase = Phase::Ringing(server);
        leg.remote_sdp = offer;
        let key = self.insert_leg(leg);
        if let Some(tx) = self.servers.get_mut(&server) {
            tx.leg = Some(key);
        }
        let longest = self.config.timers.proceeding_max;
        let wish = request.number(HeaderName::Expires).filter(|s| *s > 0);
        let patience = wish.map_or(longest, |s| longest.min(Duration::from_secs(s.into())));
        self.agenda
            .set(Target::Leg(key, LegTimer::Main), Some(now + patience));
        let reply = Reply {
            code: 100,
            ..Reply::default()
        };
        self.respond(now, server, &reply);
        key
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
        let tag = state.local_tag();
        let headers = [("Contact", state.contact.clone()), ("Allow", self.allow())];
        let (is_reliable, is_settled) = (state.reliable.is_some(), state.is_settled);
        if state
            .reliable
            .as_ref()
            .is_some_and(|r| r.answer_waits.is_some())
        {
            return Err(GONE);
        }
        if let Some(sdp) = sdp.filter(|_| !is_settled) {
            self.store_local(leg, sdp)?;
        }
        if is_reliable {
            self.ring_reliably(now, leg, code, sdp.unwrap_or(b""));
            return Ok(());
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
    /// without an ACK a BYE is sent and [`Event::Ended`] comes. While a reliable provisional response
    /// with SDP waits for its PRACK, so does the 200 (RFC 3262 §3). SDP sent in one before was the
    /// answer: then the 200 carries none.
    ///
    /// # Errors
    /// [`SipError::Gone`] when the call has ended or is answered, [`SipError::Invalid`] for broken
    /// SDP.
    pub fn answer(&mut self, now: Instant, leg: LegKey, sdp: &[u8]) -> Result<(), SipError> {
        let (_, state) = self.ringing(leg)?;
        let reliable = state.reliable.as_ref();
        if reliable.is_some_and(|r| r.answer_waits.is_some()) {
            return Err(GONE);
        }
        let must_wait = reliable.is_some_and(|r| r.holds_answer());
        if !must_wait {
            return self.answer_now(now, leg, sdp);
        }
        usable(sdp)?;
        if let Some(r) = self.legs.get_mut(&leg).and_then(|l| l.reliable.as_mut()) {
            r.answer_waits = Some(sdp.to_vec());
        }
        Ok(())
    }

    /// The 200 itself.
    pub(super) fn answer_now(
        &mut self,
        now: Instant,
        leg: LegKey,
        sdp: &[u8],
    ) -> Result<(), SipError> {
        let (server, state) = self.ringing(leg)?;
        let tag = state.local_tag();
        let mut headers = vec![
            ("Contact", state.contact.clone()),
            ("Allow", self.allow()),
            ("Supported", state.supported().to_owned()),
        ];
        state.write_agreed(&mut headers);
        let is_offer = state.remote_sdp.is_none();
        let cseq = state.invite_cseq;
        let is_settled = state.is_settled;
        if !is_settled {
            self.store_local(leg, sdp)?;
        }
        let to = self.servers.get(&server).ok_or(GONE)?.reply_to();
        let reply = Reply {
            code: 200,
            tag: &tag,
            headers: &headers,
            // The answer has been given (RFC 3262 §5).
            body: if is_settled { b"" } else { sdp },
            phrase: "",
        };
        let bytes = self.respond(now, server, &reply).ok_or(GONE)?;
        if let Some(state) = self.legs.get_mut(&leg) {
            state.phase = Phase::Up;
            state.is_settled = !is_offer;
            if let Some(reliable) = &mut state.reliable {
                reliable.overtake();
            }
        }
        self.agenda.set(Target::Leg(leg, LegTimer::Reliable), None);
        self.wind_clock(now, leg);
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

    pub(super) fn refuse_ringing(
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
        let tag = state.local_tag();
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
            Some(leg) => leg.local_tag(),
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
