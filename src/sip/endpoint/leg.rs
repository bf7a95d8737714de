//! Legs: dialogs with their session, their unacknowledged 2xx and their end.

use std::time::Instant;

use super::Endpoint;
use super::agenda::{ClientId, Target};
use super::client::{Head, Purpose};
use crate::dialog::Dialog;
use crate::digest::ClientAuth;
use crate::event::{EndCause, Event, LegKey};
use crate::headers::Reason;
use crate::message::{Message, Method};
use crate::peer::Peer;
use crate::sdp::SessionDescription;
use crate::transaction::Repeat;

/// Life of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Branch of an outgoing call, not answered.
    Early,
    /// Incoming call, not answered: the INVITE's server transaction.
    Ringing(u64),
    /// Answered.
    Up,
    /// We sent BYE.
    Ending,
}

/// A 2xx of ours that waits for its ACK (§13.3.1.4).
#[derive(Debug)]
pub(super) struct Unacked {
    pub(super) cseq: u32,
    pub(super) bytes: Vec<u8>,
    pub(super) to: Peer,
    pub(super) repeat: Repeat,
    pub(super) give_up: Instant,
    /// The 2xx carried our offer: the ACK carries the answer.
    pub(super) is_offer: bool,
    /// To the first INVITE of the dialog, not a re-INVITE.
    pub(super) is_first: bool,
}

/// One dialog.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) dialog: Dialog,
    pub(super) phase: Phase,
    pub(super) local_sdp: Option<SessionDescription>,
    pub(super) remote_sdp: Option<SessionDescription>,
    pub(super) auth: Option<ClientAuth>,
    pub(super) contact: String,
    pub(super) unacked: Option<Unacked>,
    /// The owner wants the leg ended as soon as the ACK is there.
    bye_wanted: Option<Option<Reason>>,
    /// Reason of the BYE under way, for its repetition with credentials.
    bye_reason: Option<Reason>,
}

impl Leg {
    pub(super) fn new(dialog: Dialog, phase: Phase) -> Self {
        Self {
            dialog,
            phase,
            local_sdp: None,
            remote_sdp: None,
            auth: None,
            contact: String::new(),
            unacked: None,
            bye_wanted: None,
            bye_reason: None,
        }
    }
}

impl Endpoint {
    pub(super) fn insert_leg(&mut self, leg: Leg) -> LegKey {
        let key = LegKey(self.draw_key());
        self.dialogs.insert(leg.dialog.id.clone(), key);
        self.legs.insert(key, leg);
        key
    }

    pub(super) fn remove_leg(&mut self, key: LegKey) -> Option<Leg> {
        let leg = self.legs.remove(&key)?;
        self.dialogs.remove(&leg.dialog.id);
        self.agenda.set(Target::Leg(key), None);
        Some(leg)
    }

    pub(super) fn end_leg(&mut self, key: LegKey, cause: EndCause, reasons: Vec<Reason>) {
        if self.remove_leg(key).is_some() {
            self.events.push_back(Event::Ended {
                leg: key,
                cause,
                reasons,
            });
        }
    }

    /// Ends a leg that stands. On an incoming leg whose 2xx is not acknowledged yet the BYE waits
    /// for the ACK (RFC 3261 §15). No effect on a leg that is gone, ending or not answered.
    pub fn bye(&mut self, now: Instant, leg: LegKey, reason: Option<Reason>) {
        let Some(state) = self.legs.get_mut(&leg).filter(|l| l.phase == Phase::Up) else {
            return;
        };
        if state.unacked.as_ref().is_some_and(|u| u.is_first) {
            state.bye_wanted.get_or_insert(reason);
            return;
        }
        state.bye_reason = reason;
        self.send_bye(now, leg);
    }

    /// Call-ID of a leg that is still known.
    pub fn leg_call_id(&self, leg: LegKey) -> Option<String> {
        self.legs
            .get(&leg)
            .map(|l| String::from_utf8_lossy(&l.dialog.id.call_id).into_owned())
    }

    fn send_bye(&mut self, now: Instant, key: LegKey) {
        let Some(mut leg) = self.legs.remove(&key) else {
            return;
        };
        leg.phase = Phase::Ending;
        leg.unacked = None;
        self.agenda.set(Target::Leg(key), None);
        let cseq = leg.dialog.next_cseq();
        let (uri, routes) = leg.dialog.request_route();
        let head = Head {
            method: Method::Bye,
            uri: &uri,
            routes: &routes,
            from: &leg.dialog.local,
            to: &leg.dialog.remote,
            call_id: &leg.dialog.id.call_id,
            cseq,
        };
        let (branch, mut out) = self.open(&head, leg.dialog.next_hop());
        if let Some(auth) = &mut leg.auth {
            let cnonce = self.tokens.tag();
            for (name, value) in auth.authorize("BYE", &uri, b"", &cnonce) {
                out.header(name.as_str(), value);
            }
        }
        if let Some(reason) = &leg.bye_reason {
            out.header("Reason", reason.to_string());
        }
        if !self.config.user_agent.is_empty() {
            out.header("User-Agent", &self.config.user_agent);
        }
        let (id, to) = (
            ClientId {
                branch,
                is_cancel: false,
            },
            leg.dialog.next_hop(),
        );
        self.start_client(
            now,
            id,
            Method::Bye,
            Purpose::Bye(key),
            to,
            out.finish("", b""),
        );
        self.legs.insert(key, leg);
    }

    pub(super) fn on_bye_response(
        &mut self,
        now: Instant,
        key: LegKey,
        response: &Message<'_>,
        code: u16,
    ) {
        let Some(leg) = self.legs.get_mut(&key).filter(|_| code >= 200) else {
            return;
        };
        if matches!(code, 401 | 407) && leg.auth.as_mut().is_some_and(|a| a.take(response)) {
            self.send_bye(now, key);
            return;
        }
        // Any other final response, 481 included: the dialog is over on both sides (§15.1.1). Only a
        // challenge we cannot answer leaves the peer's side in doubt.
        let confirmed = !matches!(code, 401 | 407);
        self.end_leg(key, EndCause::LocalBye { confirmed }, Vec::new());
    }

    pub(super) fn on_bye_timeout(&mut self, key: LegKey) {
        self.end_leg(key, EndCause::LocalBye { confirmed: false }, Vec::new());
    }

    /// Notes a 2xx just sent, to be repeated until acknowledged.
    pub(super) fn await_ack(&mut self, key: LegKey, unacked: Unacked) {
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        self.agenda.set(
            Target::Leg(key),
            Some(unacked.repeat.at.min(unacked.give_up)),
        );
        leg.unacked = Some(unacked);
    }

    /// An ACK for a 2xx came.
    pub(super) fn on_dialog_ack(&mut self, now: Instant, key: LegKey, ack: &Message<'_>) {
        let number = ack.cseq().map_or(0, |c| c.number);
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        let Some(unacked) = leg.unacked.take_if(|u| u.cseq == number) else {
            self.counters.retransmissions_received += 1;
            return;
        };
        self.agenda.set(Target::Leg(key), None);
        let answer = if unacked.is_offer {
            ack.sdp_body()
                .and_then(|b| SessionDescription::parse(b).ok())
        } else {
            None
        };
        let before = leg.remote_sdp.as_ref().and_then(SessionDescription::audio);
        if answer.is_some() {
            leg.remote_sdp.clone_from(&answer);
        }
        let wanted = leg.bye_wanted.take();
        if unacked.is_first {
            self.events.push_back(Event::Acked {
                leg: key,
                sdp: answer,
            });
        } else if let (Some(remote), Some(local)) = (answer, leg.local_sdp.clone())
            && remote.audio() != before
        {
            self.events.push_back(Event::MediaChanged {
                leg: key,
                remote,
                local,
            });
        }
        if let Some(reason) = wanted {
            leg.bye_reason = reason;
            self.send_bye(now, key);
        }
    }

    /// The 2xx is repeated, or given up: then the dialog is ended with a BYE. A call nobody
    /// answered in time is refused.
    pub(super) fn on_leg_timer(&mut self, now: Instant, key: LegKey) {
        let t2 = self.config.timers.t2;
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        if let Phase::Ringing(server) = leg.phase {
            self.give_up_ringing(now, key, server);
            return;
        }
        let Some(unacked) = &mut leg.unacked else {
            return;
        };
        if unacked.give_up > now {
            unacked.repeat = unacked.repeat.again(now, Some(t2));
            let next = unacked.repeat.at.min(unacked.give_up);
            let (to, bytes) = (unacked.to, unacked.bytes.clone());
            self.agenda.set(Target::Leg(key), Some(next));
            self.counters.retransmissions_sent += 1;
            self.send(to, bytes);
            return;
        }
        self.counters.timeouts += 1;
        if let Some(leg) = self.remove_leg(key) {
            self.hang_up_quietly(now, leg.dialog);
            let cause = EndCause::AckTimeout;
            self.events.push_back(Event::Ended {
                leg: key,
                cause,
                reasons: Vec::new(),
            });
        }
    }
}
