//! Key presses heard as tones in the audio: DTMF detection in the spirit of ITU-T Q.24.
//!
//! Every 5 ms the last 20 ms are measured at the eight frequencies of ITU-T Q.23 (Goertzel's
//! filter). A window counts when one low and one high frequency stand out, are balanced as
//! Q.24 annex A allows, hold nearly all of the sound there is (speech never does for long), and
//! have no second harmonics (speech does). A press is four such windows in a row (35 ms of tone;
//! Q.24 asks for 40 ms to be taken), of which three hold hardly anything else: a vowel may come as
//! near to a key as the others, but not so near. It ends after 30 ms of windows without (Q.24: a break of 10 ms, which
//! spoils 25 ms of them, must not end it).

use std::f32::consts::TAU;

const LOW_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH_HZ: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const KEYS: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];

/// Samples measured together: 20 ms.
const WINDOW: usize = 160;
/// Samples between measurements: 5 ms.
const HOP: usize = 40;
const HOP_MS: u32 = 5;
/// Windows in a row that make a press.
const HITS: u32 = 4;
/// Windows in a row that end it.
const MISSES: u32 = 6;

/// Quietest frequency taken, dB relative to a full-scale sine.
const QUIETEST_DB: f32 = -45.0;
/// The low frequency may be this much louder than the high one, and the other way round (Q.24
/// annex A: 8 and 4 dB), with 2 dB for what measuring for so short a time costs.
const MOST_TWIST_DB: (f32, f32) = (10.0, 6.0);
/// The found frequency is this much stronger than the others of its group.
const STANDS_OUT: f32 = 4.0;
/// Keys out of tune by this part are taken (Q.24 annex A: 1.5 to 1.8 %).
const MISTUNED: f32 = 0.015;
/// Part of all power that the two frequencies hold. Noise 15 dB below leaves 0.97.
const SHARE: f32 = 0.74;
/// The same for a window that is surely no vowel's: those reach 0.82.
const PURE_SHARE: f32 = 0.88;
/// Such windows in a press, at least.
const PURE: u32 = 3;
/// Second harmonics are weaker than this part of their frequency.
const HARMONIC: f32 = 0.1;

/// A press that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InbandPress {
    /// `0`–`9`, `*`, `#`, `A`–`D`.
    pub digit: char,
    /// Length in milliseconds, to about 10 ms.
    pub duration_ms: u32,
}

/// Listens to one direction of one call.
#[derive(Clone, Debug)]
pub struct InbandDtmf {
    window: [f32; WINDOW],
    /// Samples of the window that are in place; the rest of a hop is awaited.
    filled: usize,
    candidate: Option<char>,
    hits: u32,
    /// Hits that hold hardly anything else.
    pure: u32,
    pressed: Option<Held>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    digit: char,
    windows: u32,
    misses: u32,
}

impl Default for InbandDtmf {
    fn default() -> Self {
        Self {
            window: [0.0; WINDOW],
            filled: WINDOW - HOP,
            candidate: None,
            hits: 0,
            pure: 0,
            pressed: None,
        }
    }
}

impl InbandDtmf {
    /// Listens on; `press` is called for every press that ended.
    pub fn push(&mut self, samples: &[i16], mut press: impl FnMut(InbandPress)) {
        for sample in samples {
            self.window[self.filled] = f32::from(*sample) / 32_767.0;
            self.filled += 1;
            if self.filled == WINDOW {
                if let Some(ended) = self.judge() {
                    press(ended);
                }
                self.window.copy_within(HOP.., 0);
                self.filled = WINDOW - HOP;
            }
        }
    }

    /// The key that is down now, once it is sure.
    #[must_use]
    pub fn pressed(&self) -> Option<char> {
        self.pressed.map(|held| held.digit)
    }

    fn judge(&mut self) -> Option<InbandPress> {
        let heard = key_in(&self.window);
        let (heard, pure) = heard.map_or((None, false), |(digit, pure)| (Some(digit), pure));
        if heard != self.candidate {
            (self.candidate, self.hits, self.pure) = (heard, 0, 0);
        }
        self.hits += u32::from(heard.is_some());
        self.pure += u32::from(pure);
        let is_press = self.hits >= HITS && self.pure >= PURE;
        let mut ended = None;
        if let Some(held) = &mut self.pressed {
            held.windows += 1;
            if heard == Some(held.digit) {
                held.misses = 0;
                return None;
            }
            held.misses += 1;
            if held.misses < MISSES && !is_press {
                return None;
            }
            // From the start of its first window to the end of its last, less what a window at
            // the edge may lack of the tone and still count.
            let windows = held.windows.saturating_sub(held.misses);
            ended = Some(InbandPress {
                digit: held.digit,
                duration_ms: (windows - 1) * HOP_MS + 10,
            });
            self.pressed = None;
        }
        if let Some(digit) = self.candidate.filter(|_| is_press) {
            self.pressed = Some(Held {
                digit,
                windows: self.hits,
                misses: 0,
            });
        }
        ended
    }
}

/// The key that sounds in a window, and whether hardly anything else does.
fn key_in(window: &[f32; WINDOW]) -> Option<(char, bool)> {
    let total: f32 = window.iter().map(|s| s * s).sum::<f32>() / WINDOW as f32;
    // Power of a sine is half its amplitude squared.
    let quietest = 10f32.powf(QUIETEST_DB / 10.0) / 2.0;
    if total < 2.0 * quietest {
        return None;
    }
    let (row, column) = (strongest(window, &LOW_HZ)?, strongest(window, &HIGH_HZ)?);
    let low = tuned_power(window, LOW_HZ[row]);
    let high = tuned_power(window, HIGH_HZ[column]);
    let twist_db = 10.0 * (low / high).log10();
    let balanced = (-MOST_TWIST_DB.1..=MOST_TWIST_DB.0).contains(&twist_db);
    if low.min(high) < quietest || !balanced || low + high < SHARE * total {
        return None;
    }
    let (low_hz, high_hz) = (LOW_HZ[row], HIGH_HZ[column]);
    let pure = |hz: f32, power: f32| power_at(window, 2.0 * hz) < HARMONIC * power;
    // Some second harmonics lie beside the high frequency, which hides them.
    let hidden = (2.0 * low_hz - high_hz).abs() < 100.0;
    let sounds = (hidden || pure(low_hz, low)) && pure(high_hz, high);
    sounds.then(|| (KEYS[row][column], low + high >= PURE_SHARE * total))
}

/// The strongest of four frequencies, if it stands out.
fn strongest(window: &[f32; WINDOW], group: &[f32; 4]) -> Option<usize> {
    let powers = group.map(|hz| power_at(window, hz));
    let best = (0..4).max_by(|a, b| powers[*a].total_cmp(&powers[*b]))?;
    let clear = |other: usize| other == best || powers[other] * STANDS_OUT < powers[best];
    (0..4).all(clear).then_some(best)
}

/// Power of a tone that may be out of tune.
fn tuned_power(window: &[f32; WINDOW], hz: f32) -> f32 {
    let tunings = [1.0 - MISTUNED, 1.0, 1.0 + MISTUNED];
    let powers = tunings.map(|tuning| power_at(window, hz * tuning));
    powers.into_iter().fold(0.0, f32::max)
}

/// Power of the sound at one frequency (Goertzel).
fn power_at(window: &[f32; WINDOW], hz: f32) -> f32 {
    let turn = 2.0 * (TAU * hz / crate::SAMPLE_RATE_HZ as f32).cos();
    let (mut newer, mut older) = (0f32, 0f32);
    for sample in window {
        (newer, older) = (sample + turn * newer - older, newer);
    }
    let squared = newer * newer + older * older - turn * newer * older;
    2.0 * squared.max(0.0) / (WINDOW * WINDOW) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SAMPLES_PER_MS;
    use crate::tone::Tone;

    const DIGITS: &str = "1234567890*#ABCD";

    /// Two sines, at levels and out of tune by parts.
    fn pair(digit: char, ms: u32, low_db: f32, high_db: f32, tune: f32) -> Vec<i16> {
        let place = KEYS.iter().flatten().position(|k| *k == digit).unwrap();
        let (low, high) = (LOW_HZ[place / 4] * tune, HIGH_HZ[place % 4] * tune);
        let sine = |hz: f32, db: f32, i: u32| {
            let turns = f64::from(hz) * f64::from(i) / 8000.0;
            10f32.powf(db / 20.0) * (TAU * turns.fract() as f32).sin()
        };
        (0..ms * SAMPLES_PER_MS)
            .map(|i| ((sine(low, low_db, i) + sine(high, high_db, i)) * 32_767.0) as i16)
            .collect()
    }

    fn noise(samples: &mut [i16], level_db: f32, seed: u64) {
        let mut maker =
            crate::comfort::NoiseMaker::new(crate::comfort::Noise::white(level_db), seed);
        let mut added = vec![0; samples.len()];
        maker.fill(&mut added);
        for (s, n) in samples.iter_mut().zip(added) {
            *s = s.saturating_add(n);
        }
    }

    fn heard(samples: &[i16]) -> Vec<InbandPress> {
        let mut ear = InbandDtmf::default();
        let mut presses = Vec::new();
        // In pieces that fit nothing.
        for piece in samples.chunks(93) {
            ear.push(piece, |p| presses.push(p));
        }
        presses
    }

    fn digits(samples: &[i16]) -> String {
        heard(samples).iter().map(|p| p.digit).collect()
    }

    fn row_of_keys(ms: u32, pause_ms: u32, low_db: f32, high_db: f32, tune: f32) -> Vec<i16> {
        let pause = vec![0; (pause_ms * SAMPLES_PER_MS) as usize];
        let mut all = pause.clone();
        // An odd start, so that keys do not fall on whole hops.
        all.extend([0; 13]);
        for digit in DIGITS.chars() {
            all.extend(pair(digit, ms, low_db, high_db, tune));
            all.extend(&pause);
        }
        all
    }

    #[test]
    fn every_key_is_heard_once_loud_and_quiet_short_and_long() {
        for level in [-6.0, -12.0, -20.0, -30.0, -38.0] {
            for (ms, pause) in [(40, 40), (70, 70), (100, 100), (400, 60)] {
                let keys = row_of_keys(ms, pause, level, level, 1.0);
                let presses = heard(&keys);
                let told: String = presses.iter().map(|p| p.digit).collect();
                assert_eq!(told, DIGITS, "{level} dB {ms} ms");
                for press in presses {
                    assert!(press.duration_ms.abs_diff(ms) <= 12, "{press:?} of {ms} ms");
                }
            }
        }
    }

    #[test]
    fn our_own_tones_are_understood() {
        let mut all = Vec::new();
        for digit in DIGITS.chars() {
            all.extend(Tone::dtmf(digit).unwrap().samples());
        }
        assert_eq!(digits(&all), DIGITS);
    }

    #[test]
    fn twist_mistuning_and_noise_are_borne_as_far_as_q24_asks() {
        for (low, high) in [(-12.0, -20.0), (-16.0, -12.0)] {
            assert_eq!(
                digits(&row_of_keys(50, 50, low, high, 1.0)),
                DIGITS,
                "{low} {high}"
            );
        }
        for tune in [0.985, 1.015] {
            assert_eq!(
                digits(&row_of_keys(50, 50, -12.0, -12.0, tune)),
                DIGITS,
                "{tune}"
            );
        }
        for seed in 1..6 {
            let mut keys = row_of_keys(60, 60, -15.0, -15.0, 1.0);
            // The pair is 3 dB above each tone: noise 15 dB below it.
            noise(&mut keys, -27.0, seed);
            assert_eq!(digits(&keys), DIGITS, "noise {seed}");
        }
    }

    #[test]
    fn what_is_no_key_press_is_none() {
        for (low, high, tune) in [
            (-12.0, -24.0, 1.0),
            (-22.0, -12.0, 1.0),
            (-12.0, -12.0, 1.035),
            (-12.0, -12.0, 0.965),
            (-55.0, -55.0, 1.0),
        ] {
            assert_eq!(
                digits(&row_of_keys(80, 80, low, high, tune)),
                "",
                "{low} {high} {tune}"
            );
        }
        assert_eq!(
            digits(&row_of_keys(20, 80, -12.0, -12.0, 1.0)),
            "",
            "too short"
        );
        for tone in [Tone::ringback(), Tone::busy(), Tone::zip(), Tone::beep()] {
            assert_eq!(digits(&tone.samples()), "");
        }
        let mut hiss = vec![0; 80_000];
        noise(&mut hiss, -10.0, 3);
        assert_eq!(digits(&hiss), "");
    }

    #[test]
    fn speech_presses_no_keys_and_does_not_hide_the_end_of_one() {
        let speech = crate::codec::tests::vowels(60_000);
        assert_eq!(digits(&speech), "");
        let mut mixed = speech[..16_000].to_vec();
        mixed.extend(pair('7', 80, -12.0, -12.0, 1.0));
        mixed.extend(&speech[16_000..32_000]);
        assert_eq!(digits(&mixed), "7");
    }

    /// What pressed `1` in recorded speech: a vowel whose strongest harmonics lay on its tones,
    /// for 50 ms, with a fifth of its power elsewhere.
    #[test]
    fn a_vowel_that_comes_near_to_a_key_is_none() {
        let vowel = |elsewhere_db: f32| {
            let mut samples = pair('1', 50, -14.0, -21.0, 1.0);
            for (sample, other) in
                samples
                    .iter_mut()
                    .zip(crate::tone::sine(2_000.0, elsewhere_db, 50))
            {
                *sample = sample.saturating_add(other);
            }
            let mut all = vec![0; 800];
            all.extend(samples);
            all.extend([0; 800]);
            all
        };
        assert_eq!(digits(&vowel(-19.5)), "");
        assert_eq!(digits(&vowel(-26.0)), "1");
    }

    #[test]
    fn a_short_break_does_not_make_two_presses_of_one() {
        let mut broken = vec![0; 800];
        broken.extend(pair('5', 60, -12.0, -12.0, 1.0));
        broken.extend([0; 80]);
        broken.extend(pair('5', 60, -12.0, -12.0, 1.0));
        broken.extend([0; 800]);
        assert_eq!(digits(&broken), "5");
    }
}
