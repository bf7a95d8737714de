//! How much like the original something sounds: log-spectral distance, aligned in time and level.
//!
//! Source: A. H. Gray, J. D. Markel, *Distance measures for speech processing* (IEEE Trans. ASSP
//! 24, 1976): the root mean square difference of two log spectra, here over the telephone band,
//! frame by frame, of the frames in which the original speaks. It is no PESQ (ITU-T P.862), whose
//! code is under a licence of its own: it orders ways of mending losses, it does not give MOS.

use crate::SAMPLES_PER_MS;
use crate::meter::{level_db, tone_power};

/// Samples in a frame: 20 ms.
const FRAME: usize = 20 * SAMPLES_PER_MS as usize;
/// Frames this far under the loudest are silence, and are not compared.
const SILENT_BELOW_DB: f32 = 35.0;
/// Differences in a band are counted up to this many dB: gone is gone.
const MOST_DB: f32 = 30.0;
/// Parts of the spectrum further than this under the frame's loudest are not heard beside it.
const UNHEARD_BELOW_DB: f32 = 40.0;
/// Frequencies compared, in Hz: a hundred apart, as wide as a 20 ms frame tells them apart.
const BANDS: std::ops::Range<u32> = 3..35;

/// What a comparison found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    /// Mean log-spectral distance in dB: 0 for the same, up to 30 where nothing is left.
    pub distance_db: f32,
    /// Frames compared.
    pub frames: usize,
    /// The delay at which both were compared, in samples.
    pub delay: usize,
}

impl Likeness {
    /// 100 for the same, 0 for nothing alike.
    #[must_use]
    pub fn score(&self) -> f32 {
        100.0 * (1.0 - self.distance_db / MOST_DB)
    }
}

/// Compares `heard` with `clean`, at the delay of up to `most_delay` samples at which they
/// correlate best, after bringing both to the same level. `None` when `clean` holds no sound or
/// `heard` is shorter than a frame.
#[must_use]
pub fn likeness(clean: &[i16], heard: &[i16], most_delay: usize) -> Option<Likeness> {
    let delay = best_delay(clean, heard, most_delay);
    let heard = heard.get(delay..)?;
    let length = clean.len().min(heard.len()) / FRAME * FRAME;
    let (clean, heard) = (&clean[..length], &heard[..length]);
    let loudest = clean.chunks(FRAME).map(level_db).reduce(f32::max)?;
    let gain = 10f32.powf((level_db(clean) - level_db(heard)).clamp(-6.0, 6.0) / 20.0);
    let speaks = |frame: &[i16]| level_db(frame) > (loudest - SILENT_BELOW_DB).max(-60.0);
    let distances: Vec<f32> = clean
        .chunks(FRAME)
        .zip(heard.chunks(FRAME))
        .filter(|(clean, _)| speaks(clean))
        .map(|(clean, heard)| frame_distance(clean, heard, gain))
        .collect();
    (!distances.is_empty()).then(|| Likeness {
        distance_db: distances.iter().sum::<f32>() / distances.len() as f32,
        frames: distances.len(),
        delay,
    })
}

fn frame_distance(clean: &[i16], heard: &[i16], gain: f32) -> f32 {
    let db = |power: f32| 10.0 * power.max(1e-3).log10();
    let spectrum = |frame: &[i16], gain: f32| -> Vec<f32> {
        let windowed = hann(frame);
        BANDS
            .map(|band| db(tone_power(&windowed, band as f32 * 100.0) * gain * gain))
            .collect()
    };
    let (clean, heard) = (spectrum(clean, 1.0), spectrum(heard, gain));
    let floor = clean.iter().copied().fold(f32::MIN, f32::max) - UNHEARD_BELOW_DB;
    let squares = clean.iter().zip(&heard).map(|(a, b)| {
        let difference = (a.max(floor) - b.max(floor)).abs().min(MOST_DB);
        difference * difference
    });
    (squares.sum::<f32>() / clean.len() as f32).sqrt()
}

fn hann(frame: &[i16]) -> Vec<i16> {
    let step = std::f32::consts::TAU / frame.len() as f32;
    let weight = |index: usize| 0.5 - 0.5 * (step * (index as f32 + 0.5)).cos();
    frame
        .iter()
        .enumerate()
        .map(|(index, sample)| (f32::from(*sample) * weight(index)) as i16)
        .collect()
}

fn best_delay(clean: &[i16], heard: &[i16], most: usize) -> usize {
    let product = |delay: usize| -> i64 {
        let later = heard.get(delay..).unwrap_or_default();
        let pairs = clean.iter().zip(later);
        pairs.map(|(a, b)| i64::from(*a) * i64::from(*b)).sum()
    };
    (0..=most).max_by_key(|delay| product(*delay)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::g711::Law;
    use crate::prompts;

    fn speech() -> Vec<i16> {
        let prompt = prompts::builtin("greeting-human-1").expect("it is built in");
        prompt.samples().to_vec()
    }

    #[test]
    fn the_same_late_and_quieter_is_the_same() {
        let clean = speech();
        let mut late = vec![0; 57];
        late.extend(clean.iter().map(|s| s / 2));
        let found = likeness(&clean, &late, 200).unwrap();
        assert_eq!(found.delay, 57);
        assert!(found.distance_db < 1.0 && found.frames > 10, "{found:?}");
    }

    #[test]
    fn worse_is_further_away() {
        let clean = speech();
        let coded: Vec<i16> = clean
            .iter()
            .map(|s| Law::Pcma.decode(Law::Pcma.encode(*s)))
            .collect();
        let holes = |every: usize| -> Vec<i16> {
            let kept = |index: usize| !(index / FRAME).is_multiple_of(every);
            let frames = clean.iter().enumerate();
            frames.map(|(i, s)| if kept(i) { *s } else { 0 }).collect()
        };
        let distance = |heard: &[i16]| likeness(&clean, heard, 0).unwrap().distance_db;
        let order = [
            distance(&clean),
            distance(&coded),
            distance(&holes(10)),
            distance(&holes(5)),
            distance(&holes(2)),
            distance(&vec![0; clean.len()]),
        ];
        assert!(order.windows(2).all(|w| w[0] < w[1]), "{order:?}");
        assert!(order[0] == 0.0 && order[5] > 15.0, "{order:?}");
        assert_eq!(likeness(&[0; 800], &clean, 0), None);
    }
}
