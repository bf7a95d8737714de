//! Calls placed without an offer (RFC 3261 §13.2.1): the 200 makes it, our ACK answers it.

use std::time::Instant;

use super::Endpoint;
use super::agenda::{LegTimer, Target};
use super::session::usable;
use crate::error::SipError;
use crate::event::{EndCause, LegKey};
use crate::headers::Reason;
use crate::peer::Peer;

/// The ACK that carries our answer to the offer of a 200.
#[derive(Debug)]
pub(super) struct LateAck {
    pub(super) cseq: u32,
    /// Credentials of the INVITE.
    pub(super) lines: Vec<u8>,
    /// As sent, for the 200s that come again.
    pub(super) sent: Option<(Peer, Vec<u8>)>,
}

impl LateAck {
    pub(super) fn is_sent(&self) -> bool {
        self.sent.is_some()
    }
}

impl Endpoint {
    /// Answers the offer that [`Event::Answered`](crate::Event::Answered) of a call placed without
    /// a body brought, in the ACK of its 200. Owed within 32·T1 (16 s): then the offer is declined
    /// and the leg ends with [`EndCause::OfferUnanswered`].
    ///
    /// # Errors
    /// [`SipError::Gone`] when the leg is gone or no offer waits, [`SipError::Invalid`] for SDP
    /// without usable audio.
    pub fn ack_with(&mut self, now: Instant, leg: LegKey, sdp: &[u8]) -> Result<(), SipError> {
        let ours = usable(sdp)?;
        let state = self.standing(leg)?;
        if state.late_ack.as_ref().is_none_or(|a| a.is_sent()) {
            return Err(SipError::Gone {
                what: "offer to answer",
            });
        }
        state.local_sdp = Some(ours);
        self.send_late_ack(leg, sdp);
        self.pump(now, leg);
        Ok(())
    }

    fn send_late_ack(&mut self, key: LegKey, sdp: &[u8]) {
        let Some(leg) = self.legs.get(&key) else {
            return;
        };
        let Some(ack) = &leg.late_ack else {
            return;
        };
        let (dialog, cseq, lines) = (leg.dialog.clone(), ack.cseq, ack.lines.clone());
        let sent = self.send_ack(&dialog, cseq, &lines, sdp);
        self.agenda.set(Target::Leg(key, LegTimer::Main), None);
        if let Some(ack) = self.legs.get_mut(&key).and_then(|l| l.late_ack.as_mut()) {
            ack.sent = Some(sent);
        }
    }

    /// Starts the time the owner has.
    pub(super) fn await_late_answer(&mut self, now: Instant, key: LegKey) {
        let until = now + self.config.timers.t1 * 32;
        self.agenda
            .set(Target::Leg(key, LegTimer::Main), Some(until));
    }

    /// The 200 came again: so does the ACK, if it has left. False: its ACK carries no answer.
    pub(super) fn repeat_late_ack(&mut self, key: LegKey) -> bool {
        let Some(ack) = self.legs.get(&key).and_then(|l| l.late_ack.as_ref()) else {
            return false;
        };
        if let Some((to, bytes)) = ack.sent.clone() {
            self.send(to, bytes);
        }
        self.counters.retransmissions_received += 1;
        true
    }

    /// An answer that refuses every stream: an ACK without one would leave the offer open
    /// (§13.2.2.4).
    pub(super) fn decline_late_offer(&mut self, key: LegKey) {
        let offer = self.legs.get(&key).and_then(|l| l.remote_sdp.clone());
        let mut answer = offer.unwrap_or_else(|| {
            // Nothing usable was offered: nothing to refuse either.
            crate::sdp::SessionDescription {
                session_id: 0,
                version: 0,
                address: std::net::Ipv4Addr::UNSPECIFIED.into(),
                media: Vec::new(),
            }
        });
        for media in &mut answer.media {
            media.port = 0;
        }
        self.send_late_ack(key, &answer.to_bytes());
    }

    pub(super) fn on_late_offer_timer(&mut self, now: Instant, key: LegKey) {
        let waits = self.legs.get(&key).and_then(|l| l.late_ack.as_ref());
        if waits.is_some_and(|a| !a.is_sent()) {
            self.decline_late_offer(key);
            let reason = Reason::sip(488, "Offer not answered");
            self.give_up_leg(now, key, EndCause::OfferUnanswered, Some(reason));
        }
    }
}
