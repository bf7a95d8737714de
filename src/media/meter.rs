//! Levels: of everything, and of single frequencies (Goertzel's algorithm).
//!
//! Decibels relative to a full-scale sine: a sine that just reaches ±32767 is 0 dB. (A full-scale
//! square wave is +3 dB; ITU-T G.100.1 puts its zero, dBov, there.)

use crate::SAMPLE_RATE_HZ;

/// The level given for silence.
pub const FLOOR_DB: f32 = -120.0;

/// Mean square of a full-scale sine.
const SINE_POWER: f32 = 32_767.0 * 32_767.0 / 2.0;

/// Samples in a block of [`Meter`]: 100 ms.
pub const BLOCK_SAMPLES: usize = SAMPLE_RATE_HZ as usize / 10;

/// Mean square of some samples; 0 when there are none.
#[must_use]
pub fn power(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let sum: i64 = samples.iter().map(|s| i64::from(*s) * i64::from(*s)).sum();
    sum as f32 / samples.len() as f32
}

/// A mean square in decibels, at least [`FLOOR_DB`].
#[must_use]
pub fn to_db(power: f32) -> f32 {
    (10.0 * (power / SINE_POWER).max(1e-12).log10()).max(FLOOR_DB)
}

/// Level of some samples.
#[must_use]
pub fn level_db(samples: &[i16]) -> f32 {
    to_db(power(samples))
}

/// A running Goertzel filter at one frequency.
#[derive(Clone, Copy, Debug)]
pub struct Goertzel {
    coefficient: f32,
    previous: f32,
    before: f32,
}

impl Goertzel {
    /// A filter at `hz` (0 to 4000).
    #[must_use]
    pub fn new(hz: f32) -> Self {
        let omega = std::f32::consts::TAU * hz / SAMPLE_RATE_HZ as f32;
        Self {
            coefficient: 2.0 * omega.cos(),
            previous: 0.0,
            before: 0.0,
        }
    }

    /// Takes one sample.
    #[inline]
    pub fn push(&mut self, sample: f32) {
        let next = self.coefficient.mul_add(self.previous, sample) - self.before;
        self.before = self.previous;
        self.previous = next;
    }

    /// Mean square of the part at the frequency, over the `count` samples taken; starts anew.
    pub fn finish(&mut self, count: usize) -> f32 {
        let (p, b) = (self.previous, self.before);
        let magnitude = p * p + b * b - self.coefficient * p * b;
        (self.previous, self.before) = (0.0, 0.0);
        2.0 * magnitude / (count as f32 * count as f32)
    }
}

/// Mean square of the part of `samples` at `hz`.
#[must_use]
pub fn tone_power(samples: &[i16], hz: f32) -> f32 {
    let mut filter = Goertzel::new(hz);
    for sample in samples {
        filter.push(f32::from(*sample));
    }
    if samples.is_empty() {
        0.0
    } else {
        filter.finish(samples.len())
    }
}

/// Level of the part of `samples` at `hz`.
#[must_use]
pub fn tone_db(samples: &[i16], hz: f32) -> f32 {
    to_db(tone_power(samples, hz))
}

/// Measures a stream in blocks of 100 ms: the whole level and chosen frequencies.
#[derive(Debug)]
pub struct Meter {
    frequencies: Vec<f32>,
    filters: Vec<Goertzel>,
    sum: f32,
    count: usize,
    blocks: u64,
    level: f32,
    tones: Vec<f32>,
}

impl Meter {
    /// A meter for these frequencies in Hz.
    #[must_use]
    pub fn new(frequencies: &[f32]) -> Self {
        Self {
            frequencies: frequencies.to_vec(),
            filters: frequencies.iter().map(|hz| Goertzel::new(*hz)).collect(),
            sum: 0.0,
            count: 0,
            blocks: 0,
            level: FLOOR_DB,
            tones: vec![FLOOR_DB; frequencies.len()],
        }
    }

    /// Takes samples as they come.
    pub fn push(&mut self, samples: &[i16]) {
        for sample in samples {
            let value = f32::from(*sample);
            self.sum += value * value;
            for filter in &mut self.filters {
                filter.push(value);
            }
            self.count += 1;
            if self.count == BLOCK_SAMPLES {
                self.close_block();
            }
        }
    }

    fn close_block(&mut self) {
        self.level = to_db(self.sum / BLOCK_SAMPLES as f32);
        for (tone, filter) in self.tones.iter_mut().zip(&mut self.filters) {
            *tone = to_db(filter.finish(BLOCK_SAMPLES));
        }
        self.blocks += 1;
        (self.sum, self.count) = (0.0, 0);
    }

    /// Whole blocks so far.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Level of the last whole block.
    #[must_use]
    pub fn level_db(&self) -> f32 {
        self.level
    }

    /// (Hz, level) of each frequency in the last whole block.
    #[must_use]
    pub fn tones(&self) -> Vec<(f32, f32)> {
        self.frequencies
            .iter()
            .copied()
            .zip(self.tones.iter().copied())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::sine;

    #[test]
    fn a_sine_measures_as_loud_as_it_was_made() {
        for (hz, level) in [
            (400.0, 0.0),
            (1000.0, -10.0),
            (1776.7, -24.0),
            (3000.0, -50.0),
        ] {
            let samples = sine(hz, level, 1000);
            assert!((level_db(&samples) - level).abs() < 0.2, "{hz}");
            assert!((tone_db(&samples, hz) - level).abs() < 0.2, "{hz}");
            assert!(tone_db(&samples, hz + 200.0) < level - 30.0, "{hz}");
        }
        assert_eq!(level_db(&[0; 100]), FLOOR_DB);
        assert_eq!(tone_db(&[], 440.0), FLOOR_DB);
    }

    #[test]
    fn a_meter_gives_the_last_whole_block_only() {
        let mut meter = Meter::new(&[1000.0, 2000.0]);
        meter.push(&sine(1000.0, -6.0, 99));
        assert_eq!((meter.blocks(), meter.level_db()), (0, FLOOR_DB));
        meter.push(&sine(1000.0, -6.0, 1));
        meter.push(&sine(2000.0, -20.0, 150));
        assert_eq!(meter.blocks(), 2);
        let tones = meter.tones();
        assert!(
            (tones[1].1 + 20.0).abs() < 0.2 && tones[0].1 < -50.0,
            "{tones:?}"
        );
    }
}
