//! One conversation's time line: packets of both ways, put where they belong.
//!
//! A packet's place is its RTP timestamp, counted from the arrival of its source's first packet
//! (RFC 3550 section 5.1: the timestamp tells the sampling instant, arrival tells when that
//! was here). Places are corrected when a source's clock drifts or jumps. Nothing waits longer
//! than the hold: what is missing by then is silence, what comes later is dropped and counted,
//! and the hold grows by the delay that was seen.

use std::time::Instant;

use super::way_line::{WayFigures, WayLine};
use crate::SAMPLES_PER_MS;
use crate::tap::{TapChunk, Way};

/// Longest block handed on.
pub const BLOCK_MS_MAX: u32 = 200;

/// Shortest block handed on, except the last one: fewer, larger writes.
const BLOCK_MS_MIN: u64 = 40;

const PER_MS: u64 = SAMPLES_PER_MS as u64;

/// What happened to a conversation's packets on the way into the time line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimelineFigures {
    /// What came from the far end.
    pub received: WayFigures,
    /// What was sent to it.
    pub sent: WayFigures,
}

/// Both ways of one tap, aligned.
#[derive(Debug)]
pub struct Timeline {
    origin: Instant,
    /// Samples handed on so far.
    edge: u64,
    left: WayLine,
    right: WayLine,
}

impl Timeline {
    /// A time line that begins at `origin`. Audio from before is dropped and counted.
    #[must_use]
    pub fn new(origin: Instant) -> Self {
        Self {
            origin,
            edge: 0,
            left: WayLine::default(),
            right: WayLine::default(),
        }
    }

    /// Its millisecond 0.
    #[must_use]
    pub fn origin(&self) -> Instant {
        self.origin
    }

    /// Milliseconds handed on so far.
    #[must_use]
    pub fn length_ms(&self) -> u64 {
        self.edge / PER_MS
    }

    /// What happened to the packets so far.
    #[must_use]
    pub fn figures(&self) -> TimelineFigures {
        TimelineFigures {
            received: self.left.figures(),
            sent: self.right.figures(),
        }
    }

    /// Puts a chunk's packets into their places.
    pub fn place(&mut self, chunk: &TapChunk) {
        let line = match chunk.way {
            Way::Received => &mut self.left,
            Way::Sent => &mut self.right,
        };
        line.lost(chunk.lost_before);
        let mut octets = chunk.octets.as_slice();
        for packet in &chunk.packets {
            let (own, rest) = octets.split_at(usize::from(packet.length).min(octets.len()));
            octets = rest;
            let arrival = position(self.origin, packet.at);
            line.place(
                self.edge,
                arrival,
                chunk.ssrc,
                packet.timestamp,
                chunk.law,
                own,
            );
        }
    }

    /// Hands on what is complete at `now`, or has waited long enough: blocks of whole
    /// milliseconds, with the millisecond at which each begins.
    pub fn advance(&mut self, now: Instant, mut block: impl FnMut(u64, &[i16], &[i16])) {
        let now = position(self.origin, now).max(0) as u64;
        let ready = self
            .left
            .ready(self.edge, now)
            .min(self.right.ready(self.edge, now));
        if ready >= self.edge + BLOCK_MS_MIN * PER_MS {
            self.hand_on(ready - ready % PER_MS, &mut block);
        }
    }

    /// Hands on everything there is, up to the last audio of either way; the last block is
    /// filled up to a whole millisecond.
    pub fn finish(&mut self, mut block: impl FnMut(u64, &[i16], &[i16])) {
        let end = self.left.end().max(self.right.end()).max(self.edge);
        self.hand_on(end.next_multiple_of(PER_MS), &mut block);
    }

    fn hand_on(&mut self, until: u64, block: &mut impl FnMut(u64, &[i16], &[i16])) {
        while self.edge < until {
            let samples = (until - self.edge).min(u64::from(BLOCK_MS_MAX) * PER_MS) as usize;
            block(
                self.edge / PER_MS,
                self.left.front(samples),
                self.right.front(samples),
            );
            self.edge += samples as u64;
            self.left.drop_front(samples, self.edge);
            self.right.drop_front(samples, self.edge);
        }
    }
}

/// Samples from `origin` to `at`; negative before it.
fn position(origin: Instant, at: Instant) -> i64 {
    let samples =
        |span: std::time::Duration| (span.as_micros() * u128::from(PER_MS) / 1_000) as i64;
    match at.checked_duration_since(origin) {
        Some(after) => samples(after),
        None => -samples(origin.duration_since(at)),
    }
}
