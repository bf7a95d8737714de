//! One way of a time line: decoded audio at its places, with its holes known.

use crate::SAMPLES_PER_MS;
use crate::g711::Law;
use crate::tap::CHUNK_MS;

const PER_MS: u64 = SAMPLES_PER_MS as u64;
/// What is missing is waited for this long at first: a tap's batch, and a little for its way
/// through the queue.
const HOLD_MIN: u64 = (CHUNK_MS as u64 + 30) * PER_MS;
/// And this long at most, when packets have been seen to come so late.
const HOLD_MAX: u64 = 400 * PER_MS;
/// Added to a hold that was too short.
const HOLD_MARGIN: u64 = 10 * PER_MS;
/// A timestamp this far from its arrival has jumped, or its network has: begin anew.
const JUMP: i64 = 1_000 * PER_MS as i64;
/// A source's clock is followed when it is off by more than this.
const DRIFT_MAX: i64 = 30 * PER_MS as i64;
/// The least delay over this much audio tells the drift: the network only ever adds to it.
const DRIFT_WINDOW: u64 = 1_000 * PER_MS;
/// So many packets in a row that came too late: the delay has changed for good.
const LATE_RUN: u32 = 10;

/// What happened to the packets of one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WayFigures {
    /// Packets placed, at least in part.
    pub packets: u64,
    /// Packets the tap's full queue lost.
    pub lost: u64,
    /// Samples that came after their place was handed on.
    pub late_samples: u64,
    /// Samples that came twice.
    pub doubled_samples: u64,
    /// Changes of the source (SSRC) after the first.
    pub source_changes: u32,
    /// Times the places were moved: drift, jumps of a timestamp, lasting changes of delay.
    pub moves: u32,
}

/// Where a source's timestamps are on the time line.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    ssrc: u32,
    timestamp: u32,
    position: i64,
}

/// One way.
#[derive(Debug)]
pub(super) struct WayLine {
    /// From the edge on; shorter than the placed audio never.
    samples: Vec<i16>,
    /// Placed stretches `[from, to)`, in order, disjoint, behind the edge.
    placed: Vec<(u64, u64)>,
    anchor: Option<Anchor>,
    hold: u64,
    /// Least delay in this drift window, and the samples seen in it.
    least_delay: i64,
    window: u64,
    late_run: u32,
    figures: WayFigures,
}

impl Default for WayLine {
    fn default() -> Self {
        Self {
            samples: Vec::new(),
            placed: Vec::new(),
            anchor: None,
            hold: HOLD_MIN,
            least_delay: i64::MAX,
            window: 0,
            late_run: 0,
            figures: WayFigures::default(),
        }
    }
}

impl WayLine {
    pub(super) fn figures(&self) -> WayFigures {
        self.figures
    }

    pub(super) fn lost(&mut self, packets: u32) {
        self.figures.lost += u64::from(packets);
    }

    /// Places one packet that arrived at `arrival`. `edge`: what was handed on.
    pub(super) fn place(
        &mut self,
        edge: u64,
        arrival: i64,
        ssrc: u32,
        timestamp: u32,
        law: Law,
        octets: &[u8],
    ) {
        if octets.is_empty() {
            return;
        }
        let position = self.position_of(arrival, ssrc, timestamp, octets.len() as u64);
        let too_late = (edge as i64 - position).max(0) as u64;
        if too_late >= octets.len() as u64 {
            self.came_late(edge, arrival, too_late, octets.len() as u64);
            return;
        }
        if too_late > 0 {
            self.figures.late_samples += too_late;
            self.hold = (self.hold + too_late + HOLD_MARGIN).min(HOLD_MAX);
        }
        self.late_run = 0;
        let octets = &octets[too_late as usize..];
        let from = position.max(edge as i64) as u64;
        let to = from + octets.len() as u64;
        let offset = (from - edge) as usize;
        if self.samples.len() < offset + octets.len() {
            self.samples.resize(offset + octets.len(), 0);
        }
        law.decode_into(octets, &mut self.samples[offset..offset + octets.len()]);
        self.figures.packets += 1;
        self.mark(from, to);
    }

    /// Where a packet belongs, after following its source's clock.
    fn position_of(&mut self, arrival: i64, ssrc: u32, timestamp: u32, length: u64) -> i64 {
        let Some(anchor) = self.anchor.filter(|anchor| anchor.ssrc == ssrc) else {
            self.figures.source_changes += u32::from(self.anchor.is_some());
            return self.begin_at(arrival, ssrc, timestamp);
        };
        let step = timestamp.wrapping_sub(anchor.timestamp) as i32;
        let mut position = anchor.position + i64::from(step);
        let delay = arrival - position;
        if delay.abs() > JUMP {
            self.figures.moves += 1;
            return self.begin_at(arrival, ssrc, timestamp);
        }
        self.least_delay = self.least_delay.min(delay);
        self.window += length;
        if self.window >= DRIFT_WINDOW {
            if self.least_delay.abs() > DRIFT_MAX {
                position += self.least_delay;
                self.figures.moves += 1;
            }
            self.least_delay = i64::MAX;
            self.window = 0;
        }
        self.anchor = Some(Anchor {
            ssrc,
            timestamp,
            position,
        });
        position
    }

    fn begin_at(&mut self, arrival: i64, ssrc: u32, timestamp: u32) -> i64 {
        self.anchor = Some(Anchor {
            ssrc,
            timestamp,
            position: arrival,
        });
        self.least_delay = i64::MAX;
        self.window = 0;
        arrival
    }

    /// A packet whose place is handed on already, by `too_late` samples.
    fn came_late(&mut self, edge: u64, arrival: i64, too_late: u64, length: u64) {
        self.figures.late_samples += length;
        self.hold = (self.hold + too_late + HOLD_MARGIN).min(HOLD_MAX);
        self.late_run += 1;
        if self.late_run >= LATE_RUN {
            self.late_run = 0;
            self.figures.moves += 1;
            if let Some(anchor) = &mut self.anchor {
                anchor.position = arrival.max(edge as i64);
            }
        }
    }

    /// Notes `[from, to)` as placed.
    fn mark(&mut self, from: u64, to: u64) {
        let first = self.placed.partition_point(|span| span.1 < from);
        let last = self.placed.partition_point(|span| span.0 <= to);
        let (mut low, mut high, mut before) = (from, to, 0);
        for span in &self.placed[first..last] {
            before += span.1 - span.0;
            low = low.min(span.0);
            high = high.max(span.1);
        }
        // What was there and what came, less what there is now, was there twice.
        self.figures.doubled_samples += before + (to - from) - (high - low);
        self.placed.splice(first..last, [(low, high)]);
    }

    /// Up to where this way can be handed on at `now`: to its first hole, or to where a hole
    /// has waited long enough.
    pub(super) fn ready(&self, edge: u64, now: u64) -> u64 {
        let whole = match self.placed.first() {
            Some((from, to)) if *from <= edge => *to,
            _ => edge,
        };
        whole.max(now.saturating_sub(self.hold))
    }

    /// Where the placed audio ends; 0 when there is none.
    pub(super) fn end(&self) -> u64 {
        self.placed.last().map_or(0, |span| span.1)
    }

    /// The next samples, silence where nothing was placed.
    pub(super) fn front(&mut self, samples: usize) -> &[i16] {
        if self.samples.len() < samples {
            self.samples.resize(samples, 0);
        }
        &self.samples[..samples]
    }

    /// Forgets samples that were handed on; `edge` is where the rest begins.
    pub(super) fn drop_front(&mut self, samples: usize, edge: u64) {
        self.samples.drain(..samples.min(self.samples.len()));
        self.placed.retain_mut(|span| {
            span.0 = span.0.max(edge);
            span.0 < span.1
        });
    }
}
