//! Tones and cadences: zip tone, ringback, busy, congestion, special information tones, DTMF.
//!
//! Sources: ITU-T E.180/Q.35 for cadences (North American values from its supplement 2), the
//! Bellcore encoding of special information tones (SR-2275), ITU-T Q.23 for DTMF.

use std::f32::consts::TAU;

use crate::dtmf::event_of_digit;
use crate::greeting::SitKind;
use crate::{SAMPLE_RATE_HZ, SAMPLES_PER_MS};

/// Level of generated tones unless said otherwise: loud enough, and no pain in a headset.
pub const DEFAULT_LEVEL_DB: f32 = -16.0;

/// Edges are faded over this many samples (3 ms), so that tones do not click.
const EDGE_SAMPLES: usize = 24;

/// One part of a cadence: up to two frequencies for some time; 0 Hz is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Frequencies in Hz.
    pub hz: [f32; 2],
    /// Length in milliseconds.
    pub ms: u32,
}

impl Segment {
    /// One frequency.
    #[must_use]
    pub const fn single(hz: f32, ms: u32) -> Self {
        Self { hz: [hz, 0.0], ms }
    }

    /// Two at once.
    #[must_use]
    pub const fn dual(low_hz: f32, high_hz: f32, ms: u32) -> Self {
        Self {
            hz: [low_hz, high_hz],
            ms,
        }
    }

    /// Silence.
    #[must_use]
    pub const fn pause(ms: u32) -> Self {
        Self { hz: [0.0, 0.0], ms }
    }
}

/// A tone: one turn of its cadence. Repeat it by playing it repeatedly.
#[derive(Clone, Debug, PartialEq)]
pub struct Tone {
    /// The parts in order.
    pub segments: Vec<Segment>,
    /// Level of each frequency, dB relative to a full-scale sine.
    pub level_db: f32,
}

impl Tone {
    /// A tone of these parts at the default level.
    #[must_use]
    pub fn new(segments: impl Into<Vec<Segment>>) -> Self {
        Self {
            segments: segments.into(),
            level_db: DEFAULT_LEVEL_DB,
        }
    }

    /// The same at another level (dB relative to a full-scale sine, at most 0).
    #[must_use]
    pub fn at_level(mut self, level_db: f32) -> Self {
        self.level_db = level_db.min(0.0);
        self
    }

    /// Zip tone: two short rising beeps in the agent's ear, "a customer is on the line"; 180 ms.
    #[must_use]
    pub fn zip() -> Self {
        Self::new([
            Segment::single(520.0, 70),
            Segment::pause(30),
            Segment::single(880.0, 80),
        ])
    }

    /// Ringback, North America: 440 + 480 Hz, 2 s on, 4 s off.
    #[must_use]
    pub fn ringback() -> Self {
        Self::new([Segment::dual(440.0, 480.0, 2000), Segment::pause(4000)]).at_level(-19.0)
    }

    /// Busy, North America: 480 + 620 Hz, 0.5 s on, 0.5 s off.
    #[must_use]
    pub fn busy() -> Self {
        Self::new([Segment::dual(480.0, 620.0, 500), Segment::pause(500)]).at_level(-24.0)
    }

    /// Congestion (fast busy), North America: 480 + 620 Hz, 0.25 s on, 0.25 s off.
    #[must_use]
    pub fn congestion() -> Self {
        Self::new([Segment::dual(480.0, 620.0, 250), Segment::pause(250)]).at_level(-24.0)
    }

    /// The beep before a voicemail records: 1000 Hz, 400 ms.
    #[must_use]
    pub fn beep() -> Self {
        Self::new([Segment::single(1000.0, 400)])
    }

    /// Special information tones of a kind, -24 dBm0 (about -27 dB here).
    #[must_use]
    pub fn sit(kind: SitKind) -> Self {
        let parts = kind.segments().map(|(hz, ms)| Segment::single(hz, ms));
        Self::new(parts).at_level(-24.0)
    }

    /// A key press in the band, 100 ms and 100 ms of pause; `None` for what is no key.
    #[must_use]
    pub fn dtmf(digit: char) -> Option<Self> {
        const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
        const HIGH: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
        const PLACES: [(usize, usize); 16] = [
            (3, 1),
            (0, 0),
            (0, 1),
            (0, 2),
            (1, 0),
            (1, 1),
            (1, 2),
            (2, 0),
            (2, 1),
            (2, 2),
            (3, 0),
            (3, 2),
            (0, 3),
            (1, 3),
            (2, 3),
            (3, 3),
        ];
        let (row, column) = PLACES[usize::from(event_of_digit(digit)?)];
        let press = Segment::dual(LOW[row], HIGH[column], 100);
        Some(Self::new([press, Segment::pause(100)]).at_level(-12.0))
    }

    /// Length of one turn in milliseconds.
    #[must_use]
    pub fn duration_ms(&self) -> u32 {
        self.segments.iter().map(|s| s.ms).sum()
    }

    /// One turn of the cadence as samples.
    #[must_use]
    pub fn samples(&self) -> Vec<i16> {
        let mut samples = Vec::with_capacity((self.duration_ms() * SAMPLES_PER_MS) as usize);
        for segment in &self.segments {
            append_segment(&mut samples, segment, self.level_db);
        }
        samples
    }
}

fn append_segment(samples: &mut Vec<i16>, segment: &Segment, level_db: f32) {
    let count = (segment.ms * SAMPLES_PER_MS) as usize;
    let amplitude = amplitude(level_db);
    let steps = segment
        .hz
        .map(|hz| f64::from(hz) / f64::from(SAMPLE_RATE_HZ));
    for index in 0..count {
        let edge = index.min(count - 1 - index) as f32 / EDGE_SAMPLES as f32;
        let fade = edge.min(1.0);
        let sum: f32 = steps
            .iter()
            .filter(|step| **step > 0.0)
            .map(|step| (TAU * (step * index as f64).fract() as f32).sin())
            .sum();
        samples.push((sum * amplitude * fade).clamp(-32_767.0, 32_767.0) as i16);
    }
}

fn amplitude(level_db: f32) -> f32 {
    32_767.0 * 10f32.powf(level_db.min(0.0) / 20.0)
}

/// A bare sine without faded edges: for measuring.
#[must_use]
pub fn sine(hz: f32, level_db: f32, ms: u32) -> Vec<i16> {
    let step = f64::from(hz) / f64::from(SAMPLE_RATE_HZ);
    (0..ms * SAMPLES_PER_MS)
        .map(|index| {
            let phase = (step * f64::from(index)).fract() as f32;
            ((TAU * phase).sin() * amplitude(level_db)).round() as i16
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::{level_db, tone_db};

    #[test]
    fn a_cadence_has_its_length_its_pitches_and_its_pauses() {
        let busy = Tone::busy();
        let samples = busy.samples();
        assert_eq!(samples.len(), 8000);
        for hz in [480.0, 620.0] {
            assert!((tone_db(&samples[..4000], hz) + 24.0).abs() < 0.5, "{hz}");
        }
        assert!(level_db(&samples[4000..]) < -100.0);
        assert!(Tone::zip().duration_ms() < 250);
    }

    #[test]
    fn tones_start_and_end_without_a_click() {
        for tone in [Tone::zip(), Tone::ringback(), Tone::sit(SitKind::Intercept)] {
            let samples = tone.samples();
            assert!(samples[0].abs() < 100 && samples.last().unwrap().abs() < 100);
        }
    }

    #[test]
    fn every_key_has_its_two_pitches() {
        let keys = [
            ('1', 697.0, 1209.0),
            ('0', 941.0, 1336.0),
            ('#', 941.0, 1477.0),
            ('d', 941.0, 1633.0),
        ];
        for (digit, low, high) in keys {
            let samples = Tone::dtmf(digit).unwrap().samples();
            let on = &samples[40..760];
            assert!(
                tone_db(on, low) > -14.0 && tone_db(on, high) > -14.0,
                "{digit}"
            );
        }
        assert_eq!(Tone::dtmf('x'), None);
    }
}
