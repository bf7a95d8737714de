//! Legs: dialogs with their session, their unacknowledged 2xx and their end.

use std::time::{Duration, Instant};

use super::Endpoint;
use super::agenda::{LegTimer, Target};
use super::client::Purpose;
use super::delayed_offer::LateAck;
use super::dialog_request::Within;
use super::refer::Transfer;
use super::referral::Referral;
use super::reliable::Reliables;
use super::reoffer::{Change, Wish};
use super::session_timer::Clock;
use crate::dialog::Dialog;
use crate::digest::ClientAuth;
use crate::event::{EndCause, Event, LegKey};
use crate::headers::Reason;
use crate::message::{Message, Method, Writer};
use crate::options::{SessionOptions, SessionTimer};
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
    pub(super) unacked: Option<Box<Unacked>>,
    /// We placed the call: the Call-ID is ours.
    pub(super) is_caller: bool,
    /// We keep the peer on hold.
    pub(super) holds: bool,
    /// The peer takes UPDATE.
    pub(super) peer_updates: bool,
    /// The peer can refresh (its last request said so).
    pub(super) peer_refreshes: bool,
    /// Session timer we may agree to, and what is agreed on.
    pub(super) timer: Option<SessionTimer>,
    pub(super) clock: Option<Clock>,
    /// Highest Min-SE a 422 demanded.
    pub(super) min_se: Option<Duration>,
    /// The change that waits, and the one under way.
    pub(super) wish: Option<Wish>,
    pub(super) change: Option<Box<Change>>,
    /// A change waits for the end of its pause.
    pub(super) is_backing_off: bool,
    /// Credentials of the re-INVITE sent last, for its ACK (§22.1).
    pub(super) ack_lines: Vec<u8>,
    /// Reliable provisional responses of ours.
    pub(super) reliable: Option<Box<Reliables>>,
    /// RSeq of the reliable provisional response taken last.
    pub(super) rseq: Option<u32>,
    /// Offer and answer were exchanged before the 2xx, reliably.
    pub(super) is_settled: bool,
    /// The session was changed by UPDATE before the 2xx.
    pub(super) is_updated: bool,
    /// CSeq of the INVITE that came in.
    pub(super) invite_cseq: u32,
    /// The ACK that carries our answer.
    pub(super) late_ack: Option<Box<LateAck>>,
    pub(super) transfer: Option<Transfer>,
    pub(super) referral: Option<Box<Referral>>,
    /// REFERs of the peer seen so far: the first needs no id in its NOTIFYs.
    pub(super) referrals: u32,
    /// Whether REFER is taken.
    pub(super) takes_refer: bool,
    /// The end was reported; the BYE is only being delivered.
    pub(super) is_reported: bool,
    /// The owner wants the leg ended as soon as the ACK is there.
    bye_wanted: Option<Option<Reason>>,
    /// Reason of the BYE under way, for its repetition with credentials.
    bye_reason: Option<Reason>,
}

impl Leg {
    pub(super) fn new(dialog: Dialog, phase: Phase, options: &SessionOptions) -> Self {
        Self {
            dialog,
            phase,
            local_sdp: None,
            remote_sdp: None,
            auth: None,
            contact: String::new(),
            unacked: None,
            is_caller: phase == Phase::Early,
            holds: false,
            peer_updates: false,
            peer_refreshes: false,
            timer: options.timer.map(SessionTimer::bounded),
            clock: None,
            min_se: None,
            wish: None,
            change: None,
            is_backing_off: false,
            ack_lines: Vec::new(),
            reliable: None,
            rseq: None,
            is_settled: false,
            is_updated: false,
            invite_cseq: 0,
            late_ack: None,
            transfer: None,
            referral: None,
            referrals: 0,
            takes_refer: options.takes_refer,
            is_reported: false,
            bye_wanted: None,
            bye_reason: None,
        }
    }

    /// Our tag, as responses want it.
    pub(super) fn local_tag(&self) -> String {
        String::from_utf8_lossy(&self.dialog.id.local_tag).into_owned()
    }

    /// An offer is open: ours, or one of the peer's in a 2xx that is not acknowledged.
    pub(super) fn is_offer_open(&self) -> bool {
        self.unacked.as_ref().is_some_and(|u| u.is_offer)
            || self.change.as_ref().is_some_and(|c| c.is_offer())
            || self.late_ack.as_ref().is_some_and(|a| !a.is_sent())
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
        self.close_usages(key);
        let leg = self.legs.remove(&key)?;
        self.dialogs.remove(&leg.dialog.id);
        self.stop_leg_timers(key);
        Some(leg)
    }

    fn stop_leg_timers(&mut self, key: LegKey) {
        for timer in LegTimer::ALL {
            self.agenda.set(Target::Leg(key, timer), None);
        }
    }

    pub(super) fn end_leg(&mut self, key: LegKey, cause: EndCause, reasons: Vec<Reason>) {
        let reported = self.remove_leg(key).map(|leg| leg.is_reported);
        if reported == Some(false) {
            self.events.push_back(Event::Ended {
                leg: key,
                cause,
                reasons,
            });
        }
    }

    /// Ends a leg that stands. On an incoming leg whose 2xx is not acknowledged yet the BYE waits
    /// for the ACK (RFC 3261 §15), on one whose 200 waits for a PRACK for both. A change or transfer
    /// under way ends without a result of its own. No effect on a leg that is gone, ending or not
    /// answered.
    pub fn bye(&mut self, now: Instant, leg: LegKey, reason: Option<Reason>) {
        let Some(state) = self.legs.get_mut(&leg) else {
            return;
        };
        let answer_waits = || state.reliable.as_ref()?.answer_waits.as_ref();
        if state.phase != Phase::Up && answer_waits().is_none() {
            return;
        }
        if answer_waits().is_some() || state.unacked.as_ref().is_some_and(|u| u.is_first) {
            state.bye_wanted.get_or_insert(reason);
            return;
        }
        if state.late_ack.as_ref().is_some_and(|a| !a.is_sent()) {
            self.decline_late_offer(leg);
        }
        self.close_usages(leg);
        self.send_bye(now, leg, reason);
    }

    /// Call-ID of a leg that is still known.
    pub fn leg_call_id(&self, leg: LegKey) -> Option<String> {
        self.legs
            .get(&leg)
            .map(|l| String::from_utf8_lossy(&l.dialog.id.call_id).into_owned())
    }

    pub(super) fn send_bye(&mut self, now: Instant, key: LegKey, reason: Option<Reason>) {
        self.stop_leg_timers(key);
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        leg.phase = Phase::Ending;
        // Nothing of the session is needed any more.
        leg.unacked = None;
        (leg.wish, leg.change, leg.clock) = (None, None, None);
        (leg.local_sdp, leg.remote_sdp) = (None, None);
        let mut lines = Writer::block();
        if let Some(reason) = &reason {
            lines.header("Reason", reason.to_string());
        }
        leg.bye_reason = reason;
        let within = Within {
            method: Method::Bye,
            purpose: Purpose::Bye(key),
            lines: &lines.into_block(),
            content_type: "",
            body: b"",
        };
        self.send_within(now, key, &within);
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
            let reason = leg.bye_reason.take();
            self.send_bye(now, key, reason);
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
            Target::Leg(key, LegTimer::Main),
            Some(unacked.repeat.at.min(unacked.give_up)),
        );
        leg.unacked = Some(Box::new(unacked));
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
        self.agenda.set(Target::Leg(key, LegTimer::Main), None);
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
        leg.is_settled = true;
        let wanted = leg.bye_wanted.take();
        if unacked.is_first {
            let early = leg.reliable.as_mut().and_then(|r| r.answer.take());
            // A PRACK that a 2xx overtook may still come.
            leg.reliable.take_if(|r| !r.is_overtaken());
            self.events.push_back(Event::Acked {
                leg: key,
                sdp: answer.or(early),
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
        match wanted {
            Some(reason) => {
                self.close_usages(key);
                self.send_bye(now, key, reason);
            }
            None => self.pump(now, key),
        }
    }

    pub(super) fn on_leg_timer(&mut self, now: Instant, key: LegKey, timer: LegTimer) {
        match timer {
            LegTimer::Main => self.on_main_timer(now, key),
            LegTimer::Session => self.on_session_timer(now, key),
            LegTimer::Change => self.on_change_timer(now, key),
            LegTimer::Reliable => self.on_reliable_timer(now, key),
            LegTimer::Transfer => self.on_transfer_timer(key),
            LegTimer::Referral => self.on_referral_timer(now, key),
        }
    }

    /// The 2xx is repeated, or given up: then the dialog is ended with a BYE. A call nobody
    /// answered in time is refused.
    fn on_main_timer(&mut self, now: Instant, key: LegKey) {
        let t2 = self.config.timers.t2;
        let Some(leg) = self.legs.get_mut(&key) else {
            return;
        };
        if let Phase::Ringing(server) = leg.phase {
            self.give_up_ringing(now, key, server);
            return;
        }
        let Some(unacked) = &mut leg.unacked else {
            self.on_late_offer_timer(now, key);
            return;
        };
        if unacked.give_up > now {
            unacked.repeat = unacked.repeat.again(now, Some(t2));
            let next = unacked.repeat.at.min(unacked.give_up);
            let (to, bytes) = (unacked.to, unacked.bytes.clone());
            self.agenda
                .set(Target::Leg(key, LegTimer::Main), Some(next));
            self.counters.retransmissions_sent += 1;
            self.send(to, bytes);
            return;
        }
        self.counters.timeouts += 1;
        self.give_up_leg(now, key, EndCause::AckTimeout, None);
    }

    /// What else runs in a leg (a transfer either way) ends before it.
    pub(super) fn close_usages(&mut self, key: LegKey) {
        self.close_transfer(key);
        if let Some(leg) = self.legs.get_mut(&key) {
            leg.referral = None;
        }
    }
}
