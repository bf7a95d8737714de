//! Any sample rate to 8 kHz: a windowed-sinc low-pass, one set of coefficients per phase.
//!
//! Source: J. O. Smith, *Digital Audio Resampling* (the bandlimited interpolation of a signal).
//! The pass band ends at 3.4 kHz, as telephones' does; what lies above 4 kHz is down 60 dB.

use crate::SAMPLE_RATE_HZ;

/// Zero crossings of the sinc on either side, counted at the lower of the two rates.
const ZERO_CROSSINGS: f64 = 24.0;
/// The middle of the transition band, as a part of the lower rate's half.
const CUTOFF: f64 = 0.92;

/// Resamples to 8 kHz. `from_hz` 1 to 384,000; other rates, and 8,000, give the input back.
#[must_use]
pub fn to_8khz(input: &[i16], from_hz: u32) -> Vec<i16> {
    if from_hz == SAMPLE_RATE_HZ || from_hz == 0 || from_hz > 384_000 || input.is_empty() {
        return input.to_vec();
    }
    let common = gcd(from_hz, SAMPLE_RATE_HZ);
    let (phases, step) = (
        (SAMPLE_RATE_HZ / common) as usize,
        (from_hz / common) as usize,
    );
    let banks = filter_banks(from_hz, phases);
    let count = (input.len() * phases).div_ceil(step);
    (0..count)
        .map(|index| {
            let position = index * step;
            filter(input, position / phases, &banks[position % phases])
        })
        .collect()
}

/// For each phase the coefficients of the input samples around the output's place.
fn filter_banks(from_hz: u32, phases: usize) -> Vec<Vec<f64>> {
    let lower = f64::from(from_hz.min(SAMPLE_RATE_HZ));
    // Cycles per input sample at the cut-off.
    let cutoff = CUTOFF * lower / 2.0 / f64::from(from_hz);
    let half = (ZERO_CROSSINGS / (2.0 * cutoff)).ceil();
    (0..phases)
        .map(|phase| {
            let fraction = phase as f64 / phases as f64;
            let taps = half as i64;
            let mut bank: Vec<f64> = (-taps..=taps)
                .map(|tap| {
                    let distance = tap as f64 - fraction;
                    sinc(2.0 * cutoff * distance) * blackman(distance / (half + 1.0))
                })
                .collect();
            let sum: f64 = bank.iter().sum();
            bank.iter_mut().for_each(|c| *c /= sum);
            bank
        })
        .collect()
}

fn filter(input: &[i16], centre: usize, bank: &[f64]) -> i16 {
    let half = bank.len() / 2;
    let sum: f64 = bank
        .iter()
        .enumerate()
        .filter_map(|(tap, coefficient)| {
            let index = (centre + tap).checked_sub(half)?;
            input
                .get(index)
                .map(|sample| coefficient * f64::from(*sample))
        })
        .sum();
    sum.round().clamp(-32_768.0, 32_767.0) as i16
}

fn sinc(x: f64) -> f64 {
    let angle = std::f64::consts::PI * x;
    if angle.abs() < 1e-9 {
        1.0
    } else {
        angle.sin() / angle
    }
}

fn blackman(x: f64) -> f64 {
    if x.abs() >= 1.0 {
        return 0.0;
    }
    let angle = std::f64::consts::PI * x;
    0.42 + 0.5 * angle.cos() + 0.08 * (2.0 * angle).cos()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::{level_db, tone_db};

    fn sine_at(rate: u32, hz: f64) -> Vec<i16> {
        let step = std::f64::consts::TAU * hz / f64::from(rate);
        (0..rate)
            .map(|i| ((f64::from(i) * step).sin() * 10_000.0) as i16)
            .collect()
    }

    #[test]
    fn tones_of_the_telephone_band_keep_pitch_level_and_length() {
        let expected = 20.0 * (10_000f32 / 32_767.0).log10();
        for rate in [11_025, 16_000, 22_050, 44_100, 48_000] {
            for hz in [300.0, 1000.0, 3000.0] {
                let out = to_8khz(&sine_at(rate, hz), rate);
                assert!(out.len().abs_diff(8000) <= 1, "{rate}: {}", out.len());
                let level = tone_db(&out[400..7600], hz as f32);
                assert!((level - expected).abs() < 0.5, "{rate} {hz}: {level}");
            }
        }
    }

    #[test]
    fn what_8_khz_can_not_hold_is_removed_instead_of_folded() {
        for (rate, hz) in [
            (16_000, 4600.0),
            (44_100, 6000.0),
            (48_000, 7000.0),
            (48_000, 15_000.0),
        ] {
            let out = to_8khz(&sine_at(rate, hz), rate);
            assert!(level_db(&out[400..7600]) < -60.0, "{rate} {hz}");
        }
    }

    #[test]
    fn eight_khz_and_nothing_pass_unchanged() {
        assert_eq!(to_8khz(&[1, 2, 3], 8000), [1, 2, 3]);
        assert!(to_8khz(&[], 44_100).is_empty());
    }
}
