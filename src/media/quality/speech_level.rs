//! Active speech level after ITU-T P.56 (12/2011), method B, in constant memory.
//!
//! The level of speech while it is spoken: pauses must not make a talker quiet. The method follows
//! an envelope, finds for each of many thresholds how long the envelope stayed above it (with a
//! hangover of 200 ms), and takes the threshold that lies 15.9 dB below the level it yields.
//!
//! Here the envelope is taken from frames of 10 ms instead of samples; a test holds the result to
//! the method sample by sample within half a decibel.

use super::activity::{FRAME_SAMPLES, dbov};

/// Thresholds, a factor of two apart, from half a sample's step to full scale.
const THRESHOLDS: usize = 16;
/// Margin between threshold and active level, dB (P.56 clause 8.1).
const MARGIN_DB: f64 = 15.9;
/// Hangover in frames: 200 ms.
const HANGOVER: u32 = 20;
/// Smoothing over a frame of 10 ms for a time constant of 30 ms: exp(-10 / 30).
const SMOOTHING: f32 = 0.716_53;

/// Measures one talker.
#[derive(Clone, Debug)]
pub struct SpeechLevel {
    /// Sum of squares of all samples.
    energy: f64,
    frames: u64,
    first: f32,
    envelope: f32,
    /// Frames each threshold was passed, hangover included, and frames since.
    passed: [u64; THRESHOLDS],
    since: [u32; THRESHOLDS],
}

impl Default for SpeechLevel {
    fn default() -> Self {
        Self {
            energy: 0.0,
            frames: 0,
            first: 0.0,
            envelope: 0.0,
            passed: [0; THRESHOLDS],
            since: [HANGOVER; THRESHOLDS],
        }
    }
}

impl SpeechLevel {
    /// Takes a frame's mean square.
    pub(super) fn push(&mut self, power: f32) {
        self.energy += f64::from(power) * FRAME_SAMPLES as f64;
        self.frames += 1;
        let amplitude = power.sqrt();
        self.first = SMOOTHING * self.first + (1.0 - SMOOTHING) * amplitude;
        self.envelope = SMOOTHING * self.envelope + (1.0 - SMOOTHING) * self.first;
        let mut threshold = 0.5;
        for (passed, since) in self.passed.iter_mut().zip(&mut self.since) {
            *since = match self.envelope >= threshold {
                true => 0,
                false => since.saturating_add(1),
            };
            *passed += u64::from(*since < HANGOVER);
            threshold *= 2.0;
        }
    }

    /// Active speech level in dBov, and the share of time in which it was spoken. None when there
    /// was nothing but silence.
    #[must_use]
    pub fn active(&self) -> Option<(f64, f64)> {
        let mut before: Option<(f64, f64)> = None;
        for (n, passed) in self.passed.iter().enumerate() {
            if *passed == 0 {
                return None;
            }
            let level = dbov(self.energy / (*passed as f64 * FRAME_SAMPLES as f64));
            let threshold = 0.5 * 2f64.powi(n as i32);
            let margin = level - dbov(threshold * threshold);
            if margin <= MARGIN_DB {
                let level = before.map_or(level, |(earlier, wider)| {
                    let part = (wider - MARGIN_DB) / (wider - margin).max(1e-9);
                    earlier + (level - earlier) * part
                });
                let long = dbov(self.energy / (self.frames as f64 * FRAME_SAMPLES as f64));
                let share = 10f64.powf((long - level) / 10.0);
                return Some((level, share.min(1.0)));
            }
            before = Some((level, margin));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::activity::FrameSound;
    use super::super::voices::{babble, noise, silence};
    use super::*;

    fn measured(samples: &[i16]) -> Option<(f64, f64)> {
        let mut level = SpeechLevel::default();
        for frame in samples.chunks_exact(FRAME_SAMPLES) {
            level.push(FrameSound::of(frame).power);
        }
        level.active()
    }

    /// The method as written, sample by sample.
    fn by_the_book(samples: &[i16]) -> f64 {
        let g = (-1.0f64 / (8_000.0 * 0.03)).exp();
        let hangover = 1_600;
        let (mut energy, mut first, mut envelope) = (0.0, 0.0, 0.0);
        let mut passed = [0u64; 15];
        let mut since = [hangover; 15];
        for sample in samples {
            let x = f64::from(*sample);
            energy += x * x;
            first = g * first + (1.0 - g) * x.abs();
            envelope = g * envelope + (1.0 - g) * first;
            for j in 0..15 {
                if envelope >= 2f64.powi(j as i32) {
                    since[j] = 0;
                    passed[j] += 1;
                } else if since[j] < hangover {
                    since[j] += 1;
                    passed[j] += 1;
                }
            }
        }
        let mut before = None;
        for (j, passed) in passed.iter().enumerate() {
            let level = dbov(energy / *passed as f64);
            let margin = level - dbov(4f64.powi(j as i32));
            if margin <= MARGIN_DB {
                let (earlier, wider): (f64, f64) = before.unwrap();
                return earlier + (level - earlier) * (wider - MARGIN_DB) / (wider - margin);
            }
            before = Some((level, margin));
        }
        panic!("no threshold fits");
    }

    #[test]
    fn frames_give_what_samples_give() {
        for (level, seed) in [(-26.0, 1), (-16.0, 2), (-36.0, 3)] {
            let mut speech = babble(level, 8_000, seed);
            speech.extend(silence(4_000));
            speech.extend(babble(level, 3_000, seed + 10));
            let (ours, _) = measured(&speech).unwrap();
            let book = by_the_book(&speech);
            assert!(
                (ours - book).abs() < 0.5,
                "{level}: {ours}, by the book {book}"
            );
        }
    }

    #[test]
    fn pauses_do_not_make_a_talker_quiet() {
        let talk = babble(-26.0, 10_000, 4);
        let mut paused = talk.clone();
        paused.extend(noise(-65.0, 30_000, 5));
        let (dense, dense_share) = measured(&talk).unwrap();
        let (sparse, sparse_share) = measured(&paused).unwrap();
        assert!((dense - sparse).abs() < 0.6, "{dense} {sparse}");
        assert!(
            sparse_share < dense_share / 3.0,
            "{dense_share} {sparse_share}"
        );
    }

    #[test]
    fn silence_has_no_level() {
        assert_eq!(measured(&silence(3_000)), None);
        assert_eq!(SpeechLevel::default().active(), None);
    }
}
