//! How long packets are on their way, and how long they must therefore wait.

use crate::SAMPLES_PER_MS;

/// Bins of the histogram: 2 ms each, up to 256 ms.
const BINS: usize = 128;
const BIN: i64 = 2 * SAMPLES_PER_MS as i64;
/// The fastest packet is sought among those of the last 4 to 8 s.
const WINDOW: i64 = 4_000 * SAMPLES_PER_MS as i64;
/// So many of the packets shall come in time.
const IN_TIME: f32 = 0.98;
/// What a packet counts after many: the histogram remembers about 500 packets.
const NEWEST: f32 = 0.002;
/// Before so many packets nothing is known; the first ones are played as they come.
const FEW: u32 = 10;

/// How long packets are on their way, against the fastest of them. All in samples.
#[derive(Debug)]
pub(super) struct Transit {
    histogram: [f32; BINS],
    seen: u32,
    fastest: Option<i64>,
    fastest_before: Option<i64>,
    window_from: i64,
    needed: i64,
    frame: i64,
}

impl Default for Transit {
    fn default() -> Self {
        Self {
            histogram: [0.0; BINS],
            seen: 0,
            fastest: None,
            fastest_before: None,
            window_from: 0,
            needed: 0,
            frame: 20 * i64::from(SAMPLES_PER_MS),
        }
    }
}

impl Transit {
    pub(super) fn observe(&mut self, arrived: i64, transit: i64) {
        if arrived - self.window_from >= WINDOW {
            self.window_from = arrived;
            self.fastest_before = self.fastest.take();
        }
        let fastest = self.fastest.map_or(transit, |fastest| fastest.min(transit));
        self.fastest = Some(fastest);
        let bin = ((transit - self.base()) / BIN).clamp(0, BINS as i64 - 1) as usize;
        self.seen = self.seen.saturating_add(1);
        let weight = (1.0 / self.seen as f32).max(NEWEST);
        self.histogram.iter_mut().for_each(|b| *b *= 1.0 - weight);
        self.histogram[bin] += weight;
        let mut sum = 0.0;
        let enough = self.histogram.iter().position(|share| {
            sum += share;
            sum >= IN_TIME
        });
        self.needed = match enough {
            Some(0) => 0,
            Some(bin) => (bin as i64 + 1) * BIN,
            None => BINS as i64 * BIN,
        };
    }

    pub(super) fn base(&self) -> i64 {
        let fastest = [self.fastest, self.fastest_before];
        fastest.into_iter().flatten().min().unwrap_or(0)
    }

    /// Another time line begins; the network is the same.
    pub(super) fn rebase(&mut self) {
        (self.fastest, self.fastest_before) = (None, None);
    }

    pub(super) fn needed(&self) -> i64 {
        self.needed
    }

    pub(super) fn starting_delay(&self) -> i64 {
        if self.seen < FEW { 0 } else { self.needed }
    }

    pub(super) fn frame(&self) -> i64 {
        self.frame
    }

    pub(super) fn set_frame(&mut self, samples: i64) {
        self.frame = samples;
    }
}
