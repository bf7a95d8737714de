//! A tap on a leg: put on, emptied now and then, taken off.

use std::time::{Duration, Instant};

use super::super::tapping::{Ending, TapWriter};
use super::{Leg, outgoing};
use crate::tap::{CHUNK_MS, Tap, Way};

/// Nothing a tap has gathered waits for longer.
pub(super) const TAP_EVERY: Duration = Duration::from_millis(CHUNK_MS as u64);

impl Leg {
    pub(super) fn set_tap(&mut self, now: Instant, tap: Option<Tap>) {
        self.end_tap(now);
        let writer = |way| tap.clone().map(|tap| TapWriter::new(tap, way));
        outgoing::lock(&self.out).set_tap(writer(Way::Sent));
        self.tap = writer(Way::Received);
        self.tapped = tap;
        self.tap_due = self.tapped.as_ref().map(|_| now + TAP_EVERY);
    }

    /// Hands over what the tap has gathered, and its end. For the thread to deliver:
    /// [`endings`](Self::endings).
    pub fn end_tap(&mut self, now: Instant) {
        self.flush_taps();
        outgoing::lock(&self.out).set_tap(None);
        (self.tap, self.tap_due) = (None, None);
        if let Some(tap) = self.tapped.take() {
            self.endings.push(Ending::new(tap, now));
        }
    }

    pub(super) fn flush_taps(&mut self) {
        if let Some(tap) = &mut self.tap {
            tap.flush();
            outgoing::lock(&self.out).flush_tap();
        }
    }
}
