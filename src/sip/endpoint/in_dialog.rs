//! Requests within dialogs: BYE, re-INVITE, UPDATE, INFO, OPTIONS.

use std::time::Duration;

use super::Endpoint;
use super::access::Inbound;
use super::incoming::offer_of;
use super::leg::{Phase, Unacked};
use super::session::set_hold;
use super::stub::Reply;
use crate::event::{EndCause, Event, LegKey};
use crate::headers::Reason;
use crate::message::{Message, Method};
use crate::sdp::SessionDescription;

/// What an offer within a dialog leads to.
pub(super) struct Renegotiation {
    pub(super) local: SessionDescription,
    /// The peer's offer, when it changes where, how or whether media flows.
    change: Option<SessionDescription>,
}

impl Endpoint {
    pub(super) fn on_dialog_request(&mut self, inbound: &Inbound<'_, '_>, key: LegKey) {
        let Inbound {
            source,
            request,
            method,
            ..
        } = *inbound;
        // Dialogs get a reserve beyond the limit, so that calls can end when we are full.
        let reserve = self.config.limits.max_transactions / 4;
        if self.clients.len() + self.servers.len()
            >= self.config.limits.max_transactions.saturating_add(reserve)
        {
            self.refuse_full(inbound);
            return;
        }
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let number = request.cseq().map_or(0, |c| c.number);
        if method != Method::Cancel && !leg.dialog.take_cseq(number) {
            self.refuse(inbound, 500);
            return;
        }
        leg.dialog.source = source;
        if let Some(missing) = self.unsupported_of(request) {
            self.finish(inbound, 420, &[("Unsupported", missing)], b"");
            return;
        }
        match method {
            Method::Bye => self.on_bye(inbound, key),
            Method::Invite => self.on_reinvite(inbound, key),
            Method::Update => self.on_update(inbound, key),
            Method::Info => self.on_info(inbound, key),
            Method::Prack => self.on_prack(inbound, key),
            Method::Refer => self.on_refer(inbound, key),
            Method::Notify => self.on_notify(inbound, key),
            Method::Options => self.finish(inbound, 200, &self.capabilities(source), b""),
            Method::Cancel => {
                self.counters.no_dialog += 1;
                self.refuse(inbound, 481);
            }
            _ => {
                let code = self.unsupported(method);
                self.finish(inbound, code, &[("Allow", self.allow())], b"");
            }
        }
    }

    /// Answers within a fresh transaction, so that a repetition gets the same again: its number
    /// is taken, so without one it would look out of order.
    pub(super) fn finish(
        &mut self,
        inbound: &Inbound<'_, '_>,
        code: u16,
        headers: &[(&str, String)],
        body: &[u8],
    ) {
        let id = self.start_server(inbound);
        self.respond(
            inbound.now,
            id,
            &Reply {
                code,
                headers,
                body,
                ..Reply::default()
            },
        );
    }

    fn on_bye(&mut self, inbound: &Inbound<'_, '_>, key: LegKey) {
        let Some(phase) = self.legs.get(&key).map(|l| l.phase) else {
            return;
        };
        if phase == Phase::Early {
            // Only the caller may end an early dialog this way (§15).
            self.counters.no_dialog += 1;
            self.finish(inbound, 481, &[], b"");
            return;
        }
        self.finish(inbound, 200, &[], b"");
        match phase {
            Phase::Ringing(_) => self.abandon_ringing(inbound.now, key, inbound.request),
            Phase::Up => self.end_leg(key, EndCause::RemoteBye, Reason::all(inbound.request)),
            // Ours is under way: its answer ends the leg.
            Phase::Early | Phase::Ending => {}
        }
    }

    fn on_reinvite(&mut self, inbound: &Inbound<'_, '_>, key: LegKey) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        // Another INVITE or offer of the session is open, ours or theirs (§14.2, RFC 3311 §5.2).
        let invites = leg.change.as_ref().is_some_and(|c| c.is_invite());
        match leg.phase {
            Phase::Up if leg.unacked.is_none() && !invites && !leg.is_offer_open() => {}
            Phase::Ending => {
                self.finish(inbound, 481, &[], b"");
                return;
            }
            _ => {
                self.finish(inbound, 491, &[], b"");
                return;
            }
        }
        if !self.agree(inbound, key) {
            return;
        }
        let result = offer_of(inbound.request).and_then(|offer| self.renegotiate(key, offer));
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(code) => {
                self.finish(inbound, code, &[], b"");
                return;
            }
        };
        self.accept_reinvite(inbound, key, &outcome);
        self.report_change(key, outcome);
    }

    /// Whether the session interval asked for will do; 422 is sent if not.
    fn agree(&mut self, inbound: &Inbound<'_, '_>, key: LegKey) -> bool {
        let Some(leg) = self.legs.get_mut(&key) else {
            return false;
        };
        leg.note_peer(inbound.request);
        match leg.agree_interval(inbound.request) {
            Ok(()) => true,
            Err(least) => {
                let least = least.as_secs().to_string();
                self.finish(inbound, 422, &[("Min-SE", least)], b"");
                false
            }
        }
    }

    fn accept_reinvite(&mut self, inbound: &Inbound<'_, '_>, key: LegKey, outcome: &Renegotiation) {
        let Inbound {
            now,
            source,
            request,
            ..
        } = *inbound;
        let server = self.start_server(inbound);
        let headers = self.session_headers(key);
        let body = outcome.local.to_bytes();
        let reply = Reply {
            code: 200,
            headers: &headers,
            body: &body,
            ..Reply::default()
        };
        let (Some(bytes), Some(to)) = (
            self.respond(now, server, &reply),
            self.servers
                .get(&server)
                .map(super::server::ServerTx::reply_to),
        ) else {
            return;
        };
        if let Some(leg) = self.legs.get_mut(&key) {
            leg.dialog.refresh(request, source);
        }
        self.wind_clock(now, key);
        let cseq = request.cseq().map_or(0, |c| c.number);
        let unacked = self.unacked(now, cseq, bytes, to);
        let is_offer = request.body.is_empty();
        self.await_ack(
            key,
            Unacked {
                is_offer,
                ..unacked
            },
        );
    }

    fn session_headers(&self, key: LegKey) -> Vec<(&'static str, String)> {
        let Some(leg) = self.legs.get(&key) else {
            return Vec::new();
        };
        let mut headers = vec![
            ("Contact", leg.contact.clone()),
            ("Allow", self.allow()),
            ("Supported", leg.supported().to_owned()),
        ];
        if leg.phase == Phase::Up {
            leg.write_agreed(&mut headers);
        }
        headers
    }

    fn on_update(&mut self, inbound: &Inbound<'_, '_>, key: LegKey) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        if leg.phase == Phase::Ending {
            self.finish(inbound, 481, &[], b"");
            return;
        }
        let offer = match offer_of(inbound.request) {
            Ok(offer) => offer,
            Err(code) => {
                self.finish(inbound, code, &[], b"");
                return;
            }
        };
        // An offer before ours, or theirs, is settled (RFC 3311 §5.2).
        if offer.is_some() && leg.is_offer_open() {
            self.finish(inbound, 491, &[], b"");
            return;
        }
        if offer.is_some() && !leg.is_settled {
            let (code, headers) = match leg.phase {
                // The offer of its INVITE is not answered yet.
                Phase::Ringing(_) if leg.remote_sdp.is_some() => {
                    (500, vec![("Retry-After", "1".to_owned())])
                }
                _ => (491, Vec::new()),
            };
            self.finish(inbound, code, &headers, b"");
            return;
        }
        let is_up = leg.phase == Phase::Up;
        if is_up && !self.agree(inbound, key) {
            return;
        }
        if offer.is_none() {
            self.accept_update(inbound, key, b"");
            return;
        }
        match self.renegotiate(key, offer) {
            Ok(outcome) => {
                self.accept_update(inbound, key, &outcome.local.to_bytes());
                if let Some(leg) = self.legs.get_mut(&key) {
                    leg.is_updated |= !is_up;
                }
                self.report_change(key, outcome);
            }
            Err(code) => self.finish(inbound, code, &[], b""),
        }
    }

    fn accept_update(&mut self, inbound: &Inbound<'_, '_>, key: LegKey, body: &[u8]) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        leg.dialog.refresh(inbound.request, inbound.source);
        let is_up = leg.phase == Phase::Up;
        let headers = self.session_headers(key);
        self.finish(inbound, 200, &headers, body);
        if is_up {
            self.wind_clock(inbound.now, key);
        }
    }

    /// Our side of the session after an offer (or, without one, our present side as an offer).
    pub(super) fn renegotiate(
        &mut self,
        key: LegKey,
        offer: Option<SessionDescription>,
    ) -> Result<Renegotiation, u16> {
        let leg = self.legs.get_mut(&key).ok_or(481u16)?;
        let ours = leg.local_sdp.as_ref().ok_or(500u16)?;
        let Some(offer) = offer else {
            return Ok(Renegotiation {
                local: ours.clone(),
                change: None,
            });
        };
        let mut local = ours.answer_again(&offer).map_err(|_| 488u16)?;
        if leg.holds {
            set_hold(&mut local, true);
        }
        let before = leg.remote_sdp.as_ref().and_then(SessionDescription::audio);
        let changed = before != offer.audio();
        // A refresh with nothing new gets the same description, version and all (RFC 3264 §8).
        let same = local.media == ours.media;
        let local = if same { ours.clone() } else { local };
        leg.local_sdp = Some(local.clone());
        leg.remote_sdp = Some(offer.clone());
        Ok(Renegotiation {
            local,
            change: changed.then_some(offer),
        })
    }

    pub(super) fn report_change(&mut self, leg: LegKey, outcome: Renegotiation) {
        if let Some(remote) = outcome.change {
            self.events.push_back(Event::MediaChanged {
                leg,
                remote,
                local: outcome.local,
            });
        }
    }

    fn on_info(&mut self, inbound: &Inbound<'_, '_>, key: LegKey) {
        self.finish(inbound, 200, &[], b"");
        let is_ending = self.legs.get(&key).is_none_or(|l| l.phase == Phase::Ending);
        if is_ending {
            return;
        }
        if let Some((digit, duration)) = dtmf_of(inbound.request) {
            self.events.push_back(Event::Dtmf {
                leg: key,
                digit,
                duration,
            });
        }
    }
}

/// `Signal=5\r\nDuration=160`, or a bare digit.
fn dtmf_of(request: &Message<'_>) -> Option<(char, Duration)> {
    let text = String::from_utf8_lossy(&request.body[..request.body.len().min(256)]);
    let (mut signal, mut millis) = (None, 0u64);
    if request.has_content_type("application/dtmf-relay") {
        for line in text.lines() {
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "signal" => signal = value.trim().chars().next(),
                "duration" => millis = value.trim().parse().unwrap_or(0),
                _ => {}
            }
        }
    } else if request.has_content_type("application/dtmf") {
        signal = text.trim().chars().next();
    }
    let digit = signal?.to_ascii_uppercase();
    let known = digit.is_ascii_digit() || "*#ABCD".contains(digit);
    known.then(|| (digit, Duration::from_millis(millis.min(60_000))))
}
