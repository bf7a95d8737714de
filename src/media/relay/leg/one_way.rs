//! Whether audio goes one way only.

use std::time::Instant;

use super::{Events, Leg, MediaEvent, outgoing};
use crate::relay::events::{DeadSign, DeadWay};
use crate::relay::far_ear::Word;

/// Fewer packets than this say nothing about the way back.
const FEW_SENT: u64 = 10;

/// Since when a far end that may send has not been heard, and the counts at that time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unheard {
    pub(super) since: Instant,
    sent: u64,
    strangers: u64,
}

impl Leg {
    pub(super) fn unheard_from(&self, now: Instant) -> Unheard {
        Unheard {
            since: now,
            sent: outgoing::lock(&self.out).packets(),
            strangers: self.counts.strangers,
        }
    }

    /// When to look whether audio goes one way only.
    pub(super) fn one_way_due(&self) -> Option<Instant> {
        Some(self.unheard.as_ref()?.since + self.options.one_way_after?)
    }

    /// We are to be answered by now, if we have sent anything all the while.
    pub(super) fn tell_one_way(&mut self, now: Instant, events: Events) {
        let Some(unheard) = self.unheard.take() else {
            return;
        };
        let sent = outgoing::lock(&self.out).packets() - unheard.sent;
        if sent < FEW_SENT {
            // Nothing was said to which anything could be answered: look again later.
            self.unheard = Some(self.unheard_from(now));
            return;
        }
        events(MediaEvent::OneWay {
            leg: self.id,
            dead: DeadWay::FromFarEnd,
            sign: DeadSign::NoPacket,
            since: now - unheard.since,
            sent,
            strangers: self.counts.strangers - unheard.strangers,
        });
    }

    /// Takes what a report says of our stream.
    pub(super) fn far_end_says(&mut self, now: Instant, word: Word, events: Events) {
        let Some(after) = self.options.one_way_after else {
            return;
        };
        let sent = outgoing::lock(&self.out).packets();
        if let Some(found) = self.far_ear.hear(now, word, sent, after) {
            events(MediaEvent::OneWay {
                leg: self.id,
                dead: DeadWay::ToFarEnd,
                sign: found.sign,
                since: now - found.since,
                sent: found.sent,
                strangers: 0,
            });
        }
    }
}
