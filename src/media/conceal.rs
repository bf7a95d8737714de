//! Packet loss concealment: what the audio that never came probably sounded like.
//!
//! Source: the method of ITU-T G.711 Appendix I (09/99), without its 3.75 ms of delay. The last
//! pitch period is found by normalised cross-correlation and repeated; after 10 and 20 ms two and
//! three periods are repeated, so that it does not buzz; from 10 ms on it fades, and is gone at
//! 60 ms. Then noise as loud as the far end's own background goes on, so that a long gap does not
//! sound like a dead line. The seams are cross-faded over a quarter of a pitch period.

use crate::SAMPLES_PER_MS;
use crate::meter::power;

/// Shortest pitch period sought, in samples: 200 Hz.
pub const MIN_PITCH: usize = 40;
/// Longest pitch period sought, in samples: 66 Hz.
pub const MAX_PITCH: usize = 120;
/// Samples compared to find the pitch: 20 ms.
const WINDOW: usize = 160;
/// Three of the longest periods and a quarter: 48.75 ms, what Appendix I keeps.
const HISTORY: usize = 3 * MAX_PITCH + MAX_PITCH / 4;
/// Made-up audio is at full level for this long: 10 ms.
const FULL: usize = 10 * SAMPLES_PER_MS as usize;
const TWICE_FULL: usize = 2 * FULL;
/// No more periods are added from here on.
const GROWN: usize = 3 * FULL;
/// Made-up audio has faded away after this long: 60 ms.
const GONE: usize = 60 * SAMPLES_PER_MS as usize;
/// Longest cross-fade back into what arrives: 10 ms.
const LONGEST_SEAM: usize = FULL;
/// Noise louder than -45 dB is no background and is not imitated.
const LOUDEST_NOISE: f32 = 130.0 * 130.0;

/// Fills the gaps of one stream of 8 kHz audio.
#[derive(Clone, Debug)]
pub struct Concealer {
    /// The newest audio, heard or made up, oldest first.
    history: [i16; HISTORY],
    /// The same when the gap began.
    before: [i16; HISTORY],
    /// Samples made up since audio came last.
    made_up: usize,
    pitch: usize,
    /// What is repeated now, and what it is faded in from.
    now: Turn,
    last: Turn,
    /// Mean square of the background.
    floor: f32,
    random: u32,
}

/// A place in so many repeated periods.
#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    periods: usize,
    position: usize,
}

impl Default for Concealer {
    fn default() -> Self {
        Self {
            history: [0; HISTORY],
            before: [0; HISTORY],
            made_up: 0,
            pitch: MIN_PITCH,
            now: Turn::default(),
            last: Turn::default(),
            floor: 0.0,
            random: 0x2545_f491,
        }
    }
}

impl Concealer {
    /// Samples made up since audio came last; 0 while it comes.
    #[must_use]
    pub fn made_up(&self) -> usize {
        self.made_up
    }

    /// The pitch period of the newest audio in samples, and how alike its periods are: 1 for a
    /// tone, about 0 for noise.
    #[must_use]
    pub fn pitch(&self) -> (usize, f32) {
        pitch_of(&self.history)
    }

    /// Takes audio that arrived; after a gap its beginning is faded in from what was made up.
    pub fn heard(&mut self, frame: &mut [i16]) {
        if self.made_up > 0 {
            let longest = self.pitch / 4 + self.made_up.saturating_sub(FULL) / FULL * 32;
            let seam = longest.clamp(8, LONGEST_SEAM).min(frame.len());
            for (index, sample) in frame[..seam].iter_mut().enumerate() {
                let weight = (index as f32 + 0.5) / seam as f32;
                let made = self.next();
                *sample = to_sample(made * (1.0 - weight) + f32::from(*sample) * weight);
            }
            self.made_up = 0;
        }
        for block in frame.chunks(FULL) {
            let level = power(block);
            // Down at once, up by 3 dB a second.
            self.floor = if self.floor == 0.0 {
                level
            } else {
                level.min(self.floor * 1.007 + 0.01)
            };
        }
        self.remember(frame);
    }

    /// Makes up audio for what did not arrive.
    pub fn conceal(&mut self, frame: &mut [i16]) {
        for sample in frame.iter_mut() {
            *sample = to_sample(self.next());
        }
        self.remember(frame);
    }

    /// Gives background noise alone: the far end pauses.
    pub fn background(&mut self, frame: &mut [i16]) {
        self.made_up = self.made_up.max(GONE);
        self.conceal(frame);
    }

    /// Takes noise in the place of a far end that has said that it is silent. Its beginning is
    /// faded in from what was heard before; what is made up later is as loud as it.
    pub fn comfort(&mut self, frame: &mut [i16]) {
        if self.made_up < GONE {
            let seam = LONGEST_SEAM.min(frame.len());
            for (index, sample) in frame[..seam].iter_mut().enumerate() {
                let weight = (index as f32 + 0.5) / seam as f32;
                let made = self.next();
                *sample = to_sample(made * (1.0 - weight) + f32::from(*sample) * weight);
            }
            self.made_up = GONE;
        } else {
            self.floor = power(frame);
        }
        self.remember(frame);
    }

    /// Mean square of the newest 20 ms.
    #[must_use]
    pub fn level(&self) -> f32 {
        power(&self.history[HISTORY - WINDOW..])
    }

    /// The next made-up sample.
    fn next(&mut self) -> f32 {
        let made_up = self.made_up;
        self.made_up += 1;
        let noise = self.noise();
        if made_up >= GONE {
            return noise;
        }
        match made_up {
            0 => {
                (self.pitch, _) = self.pitch();
                self.before = self.history;
                self.now = Turn {
                    periods: 1,
                    position: 0,
                };
                self.last = self.now;
            }
            FULL | TWICE_FULL => {
                self.last = self.now;
                self.now.periods += 1;
                self.now.position %= self.pitch;
            }
            _ => {}
        }
        let quarter = self.pitch / 4;
        let since_turn = made_up % FULL;
        let mut made = self.repeated(self.now);
        if since_turn < quarter && made_up < GROWN {
            let weight = (since_turn as f32 + 0.5) / quarter as f32;
            let from = if made_up < FULL {
                // The step from the last sample heard into the repetition, drawn out.
                let previous = self.before[HISTORY - 1 - self.pitch];
                made + f32::from(self.before[HISTORY - 1]) - f32::from(previous)
            } else {
                self.repeated(self.last)
            };
            made = from * (1.0 - weight) + made * weight;
            self.last = self.last.next(self.pitch);
        }
        self.now = self.now.next(self.pitch);
        let gain = (GONE - made_up) as f32 / (GONE - FULL) as f32;
        let gain = gain.min(1.0);
        made * gain + noise * (1.0 - gain)
    }

    /// The repetition at a place. The end of the last period is faded into what came before the
    /// first, so that the end runs on into the beginning.
    fn repeated(&self, turn: Turn) -> f32 {
        let length = turn.periods * self.pitch;
        let quarter = self.pitch / 4;
        let index = HISTORY - length + turn.position;
        let sample = f32::from(self.before[index]);
        match (turn.position + quarter).checked_sub(length) {
            Some(into) => {
                let weight = (into as f32 + 0.5) / quarter as f32;
                sample * (1.0 - weight) + f32::from(self.before[index - length]) * weight
            }
            None => sample,
        }
    }

    /// White noise as loud as the background (Marsaglia's xorshift; chance needs no quality here).
    fn noise(&mut self) -> f32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        // Even between -1 and 1: mean square 1/3.
        let even = (self.random >> 8) as f32 / (1 << 23) as f32 - 1.0;
        even * (3.0 * self.floor.min(LOUDEST_NOISE)).sqrt()
    }

    fn remember(&mut self, frame: &[i16]) {
        let newest = &frame[frame.len().saturating_sub(HISTORY)..];
        let kept = HISTORY - newest.len();
        self.history.copy_within(newest.len().., 0);
        self.history[kept..].copy_from_slice(newest);
    }
}

impl Turn {
    fn next(self, pitch: usize) -> Self {
        Self {
            position: (self.position + 1) % (self.periods * pitch),
            ..self
        }
    }
}

/// The pitch period at the end of some audio, and the normalised correlation there (0 to 1).
/// Needs 280 samples; with fewer, the shortest period and 0.
#[must_use]
pub fn pitch_of(samples: &[i16]) -> (usize, f32) {
    let Some(start) = samples.len().checked_sub(WINDOW + MAX_PITCH) else {
        return (MIN_PITCH, 0.0);
    };
    let tail: Vec<f32> = samples[start..].iter().map(|s| f32::from(*s)).collect();
    let newest = &tail[MAX_PITCH..];
    let energy: f32 = newest.iter().map(|s| s * s).sum();
    let alike = |lag: usize| {
        let older = &tail[MAX_PITCH - lag..][..WINDOW];
        let (mut product, mut square) = (0.0f32, 1.0f32);
        for (a, b) in newest.iter().zip(older) {
            product += a * b;
            square += b * b;
        }
        product / (square * (energy + 1.0)).sqrt()
    };
    // Coarse first, then every lag around the best.
    let coarse = best(
        (MIN_PITCH..=MAX_PITCH)
            .step_by(2)
            .map(|lag| (lag, alike(lag))),
    );
    let around = coarse.0.saturating_sub(1).max(MIN_PITCH)..=(coarse.0 + 1).min(MAX_PITCH);
    let (lag, like) = best(around.map(|lag| (lag, alike(lag))));
    (lag, like.clamp(0.0, 1.0))
}

fn best(found: impl Iterator<Item = (usize, f32)>) -> (usize, f32) {
    found.fold((MIN_PITCH, f32::MIN), |best, next| {
        if next.1 > best.1 { next } else { best }
    })
}

fn to_sample(value: f32) -> i16 {
    value.round().clamp(-32_768.0, 32_767.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::{level_db, tone_db};
    use crate::tone::sine;

    /// A voice of this pitch: a pulse train through two formants.
    fn voice(period: usize, samples: usize) -> Vec<i16> {
        let (mut a, mut b) = ([0f32; 2], [0f32; 2]);
        let formant = |state: &mut [f32; 2], x: f32, hz: f32, radius: f32| {
            let omega = std::f32::consts::TAU * hz / 8_000.0;
            let y = x + 2.0 * radius * omega.cos() * state[0] - radius * radius * state[1];
            *state = [y, state[0]];
            y
        };
        (0..samples)
            .map(|n| {
                let pulse = if n % period == 0 { 2_500.0 } else { 0.0 };
                let y = formant(&mut a, pulse, 600.0, 0.97);
                (formant(&mut b, y, 1_400.0, 0.9) * 0.3) as i16
            })
            .collect()
    }

    fn with_gap(clean: &[i16], from: usize, to: usize) -> Vec<i16> {
        let mut concealer = Concealer::default();
        let mut out = clean.to_vec();
        concealer.heard(&mut out[..from]);
        for frame in out[from..to].chunks_mut(80) {
            concealer.conceal(frame);
        }
        for frame in out[to..].chunks_mut(160) {
            concealer.heard(frame);
        }
        out
    }

    fn error_db(clean: &[i16], other: &[i16]) -> f32 {
        let error: Vec<i16> = clean.iter().zip(other).map(|(a, b)| a - b).collect();
        level_db(&error)
    }

    #[test]
    fn the_pitch_of_a_voice_is_found() {
        for period in [45, 64, 90, 113] {
            let (found, like) = pitch_of(&voice(period, 800));
            let rest = found % period;
            assert!(
                rest.min(period - rest) <= 1 && like > 0.9,
                "{period}: {found} {like}"
            );
        }
    }

    #[test]
    fn a_steady_voice_goes_on_through_a_lost_packet() {
        for period in [48, 66, 90, 110] {
            let clean = voice(period, 1_600);
            let mended = with_gap(&clean, 800, 960);
            let mut holed = clean.clone();
            holed[800..960].fill(0);
            let (gap, hole) = (800..960, 800..960);
            let better = error_db(&clean[hole.clone()], &holed[hole])
                - error_db(&clean[gap.clone()], &mended[gap]);
            assert!(
                better > 6.0,
                "{period}: only {better} dB better than a hole"
            );
        }
    }

    #[test]
    fn a_tone_keeps_its_level_over_a_lost_packet() {
        let clean = sine(400.0, -12.0, 300);
        let mended = with_gap(&clean, 1_200, 1_360);
        assert!((tone_db(&mended[1_200..1_280], 400.0) + 12.0).abs() < 1.0);
        // In the second 10 ms it fades by a fifth.
        assert!((tone_db(&mended[1_280..1_360], 400.0) + 12.9).abs() < 1.0);
    }

    #[test]
    fn a_long_gap_fades_into_the_background_and_not_into_nothing() {
        let noise: Vec<i16> = {
            let mut source = Concealer {
                floor: 40.0 * 40.0,
                ..Concealer::default()
            };
            (0..8_000).map(|_| source.noise() as i16).collect()
        };
        let mut clean = voice(70, 8_000);
        clean
            .iter_mut()
            .zip(&noise)
            .for_each(|(c, n)| *c = c.saturating_add(*n));
        clean[..4_000].copy_from_slice(&noise[..4_000]);
        let mended = with_gap(&clean, 6_000, 8_000);
        let background = level_db(&noise[..4_000]);
        let long_after = level_db(&mended[6_000 + GONE..]);
        assert!(
            (long_after - background).abs() < 3.0,
            "{long_after} {background}"
        );
    }

    #[test]
    fn the_seams_do_not_click() {
        for period in [50, 77, 101] {
            let clean = voice(period, 2_400);
            let steepest = |s: &[i16]| {
                s.windows(2)
                    .map(|w| i32::from(w[1]).abs_diff(i32::from(w[0])))
                    .max()
            };
            for length in [160, 320, 480] {
                let mended = with_gap(&clean, 1_000, 1_000 + length);
                let allowed = steepest(&clean).unwrap() * 5 / 4;
                assert!(steepest(&mended).unwrap() <= allowed, "{period} {length}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_audio_and_any_gap_give_audio(
            audio in proptest::collection::vec(proptest::num::i16::ANY, 1..700),
            gaps in proptest::collection::vec(1usize..900, 1..4),
        ) {
            let mut concealer = Concealer::default();
            for gap in gaps {
                let mut made = vec![0; gap];
                concealer.conceal(&mut made);
                proptest::prop_assert_eq!(concealer.made_up(), gap);
                concealer.heard(&mut audio.clone());
                proptest::prop_assert_eq!(concealer.made_up(), 0);
            }
        }
    }
}
