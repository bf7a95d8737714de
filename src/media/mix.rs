//! Adding voices: sums that never wrap, and a limiter that turns loud sums down instead of
//! clipping them.

use crate::SAMPLES_PER_MS;

/// Largest magnitude let through: half a decibel under full scale, so that encoders have room.
pub const CEILING: i32 = 30_900;
/// Samples judged together: 5 ms.
const BLOCK: usize = 5 * SAMPLES_PER_MS as usize;
/// The gain comes back by this factor a block: 10 dB in about 0.2 s.
const RELEASE: f32 = 1.03;

/// Adds a voice to a sum, as far as both go.
pub fn add(sum: &mut [i32], voice: &[i16]) {
    for (total, sample) in sum.iter_mut().zip(voice) {
        *total += i32::from(*sample);
    }
}

/// Turns a sum down while it is too loud. Quiet sums pass unchanged, bit by bit.
#[derive(Clone, Copy, Debug)]
pub struct Limiter {
    gain: f32,
}

impl Default for Limiter {
    fn default() -> Self {
        Self { gain: 1.0 }
    }
}

impl Limiter {
    /// Writes the limited sum, as far as both slices go. The gain moves in straight lines over
    /// 5 ms; it is down before a peak that lies in a later block of the same call.
    pub fn apply(&mut self, sum: &[i32], out: &mut [i16]) {
        let mut blocks = sum.chunks(BLOCK).map(allowed).peekable();
        for (sum, out) in sum.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
            let here = blocks.next().unwrap_or(1.0);
            let next = blocks.peek().copied().unwrap_or(1.0);
            let from = self.gain.min(here);
            let to = (from * RELEASE).min(1.0).min(here).min(next);
            self.gain = to;
            if from == 1.0 && to == 1.0 {
                for (out, total) in out.iter_mut().zip(sum) {
                    *out = *total as i16;
                }
                continue;
            }
            let step = (to - from) / BLOCK as f32;
            for (index, (out, total)) in out.iter_mut().zip(sum).enumerate() {
                let gain = from + step * index as f32;
                *out = (*total as f32 * gain) as i16;
            }
        }
    }
}

/// The gain at which a block stays under the ceiling; 1 at most.
fn allowed(block: &[i32]) -> f32 {
    let peak = block.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
    (CEILING as f32 / peak.max(1) as f32).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::tone_db;
    use crate::tone::sine;

    fn sum_of(voices: &[Vec<i16>]) -> Vec<i32> {
        let mut sum = vec![0; voices[0].len()];
        voices.iter().for_each(|voice| add(&mut sum, voice));
        sum
    }

    fn limited(sum: &[i32]) -> Vec<i16> {
        let mut limiter = Limiter::default();
        let mut out = vec![0; sum.len()];
        for (sum, out) in sum.chunks(160).zip(out.chunks_mut(160)) {
            limiter.apply(sum, out);
        }
        out
    }

    #[test]
    fn three_voices_at_speaking_level_are_the_plain_sum() {
        let voices: Vec<_> = [400.0, 1_000.0, 1_700.0]
            .map(|hz| sine(hz, -16.0, 400))
            .into();
        let sum = sum_of(&voices);
        let out = limited(&sum);
        assert!(out.iter().zip(&sum).all(|(o, s)| i32::from(*o) == *s));
    }

    #[test]
    fn shouting_is_turned_down_without_clipping_and_comes_back() {
        let loud: Vec<_> = [500.0, 900.0, 1_300.0, 2_100.0]
            .map(|hz| sine(hz, -3.0, 1_000))
            .into();
        let mut sum = sum_of(&loud);
        let quiet = sine(700.0, -20.0, 1_000);
        sum.extend(quiet.iter().map(|s| i32::from(*s)));
        let out = limited(&sum);
        let (shouting, after) = out.split_at(8_000);
        for hz in [500.0, 900.0, 1_300.0, 2_100.0] {
            let level = tone_db(&shouting[1_600..], hz);
            assert!((-16.0..-9.0).contains(&level), "{hz}: {level}");
        }
        // Clipping would fill the band between: third harmonic of 500 and the like.
        for hz in [1_500.0, 3_900.0] {
            assert!(tone_db(&shouting[1_600..], hz) < -35.0, "{hz}");
        }
        assert!((tone_db(&after[4_000..], 700.0) + 20.0).abs() < 0.1);
    }

    proptest::proptest! {
        #[test]
        fn no_sum_passes_the_ceiling(
            sum in proptest::collection::vec(-400_000i32..400_000, 1..500),
            frame in 1usize..200,
        ) {
            let mut limiter = Limiter::default();
            for part in sum.chunks(frame) {
                let mut out = vec![0; part.len()];
                limiter.apply(part, &mut out);
                for (o, s) in out.iter().zip(part) {
                    proptest::prop_assert!(i32::from(*o).abs() <= CEILING + 1);
                    proptest::prop_assert!(*o == 0 || (*o > 0) == (*s > 0));
                }
            }
        }
    }
}
