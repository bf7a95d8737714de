//! Short-time spectra: every 10 ms, the two strongest pitches of the last 32 ms.
//!
//! A Hann window of 256 samples; pitches between two bins from the ratio of their magnitudes,
//! which is exact for a lone sine (F. Harris, Proc. IEEE 66(1), 1978, on the window).

use std::f32::consts::TAU;
use std::sync::LazyLock;

use super::vad::{FRAME_MS, FRAME_SAMPLES};
use crate::SAMPLE_RATE_HZ;
use crate::meter::{power, to_db};

/// Samples in a window: 32 ms.
const WINDOW: usize = 256;
const HALF: usize = WINDOW / 2;
const BIN_HZ: f32 = SAMPLE_RATE_HZ as f32 / WINDOW as f32;
/// Bins looked at: 156 to 3,900 Hz. Mains hum lies below, nothing of a telephone's above.
const BINS: std::ops::RangeInclusive<usize> = 5..=125;
/// Bins on either side of a peak that belong to it (the window's main lobe).
const LOBE: usize = 2;
/// Windows quieter than this have no pitch worth the work.
const QUIETEST_DB: f32 = -52.0;
/// Mean square per sum of bin powers: 2 / (mean of the squared window · WINDOW²).
const POWER_SCALE: f32 = 2.0 / (0.375 * (WINDOW * WINDOW) as f32);

/// A pitch and its share of the window's energy (0 to 1).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Peak {
    pub hz: f32,
    pub share: f32,
}

/// What 10 ms brought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Level of these 10 ms.
    pub level_db: f32,
    /// Level of the last 32 ms, tapered.
    pub window_db: f32,
    /// The strongest pitch of the last 32 ms, and the strongest away from it.
    pub top: Peak,
    pub second: Peak,
}

struct Tables {
    hann: [f32; WINDOW],
    /// e^(-2πik/256).
    turns: [(f32, f32); WINDOW],
    reversed: [u8; HALF],
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    hann: std::array::from_fn(|n| 0.5 - 0.5 * (TAU * n as f32 / WINDOW as f32).cos()),
    turns: std::array::from_fn(|k| {
        let angle = -TAU * k as f32 / WINDOW as f32;
        (angle.cos(), angle.sin())
    }),
    reversed: std::array::from_fn(|n| (n as u8).reverse_bits() >> 1),
});

/// Cuts a stream into frames.
#[derive(Debug)]
pub struct Spectrum {
    /// The last 32 ms, oldest first, once `waiting` samples have been shifted in.
    history: [f32; WINDOW],
    waiting: [i16; FRAME_SAMPLES],
    count: usize,
}

impl Default for Spectrum {
    fn default() -> Self {
        Self {
            history: [0.0; WINDOW],
            waiting: [0; FRAME_SAMPLES],
            count: 0,
        }
    }
}

impl Spectrum {
    /// Takes samples and gives every whole frame to `report`.
    pub fn push(&mut self, mut samples: &[i16], mut report: impl FnMut(Frame)) {
        while !samples.is_empty() {
            let take = (FRAME_SAMPLES - self.count).min(samples.len());
            self.waiting[self.count..self.count + take].copy_from_slice(&samples[..take]);
            self.count += take;
            samples = &samples[take..];
            if self.count == FRAME_SAMPLES {
                self.count = 0;
                report(self.frame());
            }
        }
    }

    fn frame(&mut self) -> Frame {
        self.history.copy_within(FRAME_SAMPLES.., 0);
        for (kept, new) in self.history[WINDOW - FRAME_SAMPLES..]
            .iter_mut()
            .zip(&self.waiting)
        {
            *kept = f32::from(*new);
        }
        let level_db = to_db(power(&self.waiting));
        let mean = self.history.iter().map(|s| s * s).sum::<f32>() / WINDOW as f32;
        let window_db = to_db(mean);
        if window_db < QUIETEST_DB {
            return Frame {
                level_db,
                window_db,
                top: Peak::default(),
                second: Peak::default(),
            };
        }
        let mut bins = [0.0; HALF];
        powers(&self.history, &mut bins);
        let total: f32 = bins[BINS].iter().sum();
        let top = peak(&bins, total);
        // Without the first peak, the next one shows.
        let middle = (top.hz / BIN_HZ).round() as usize;
        bins[middle.saturating_sub(LOBE + 1)..(middle + LOBE + 2).min(HALF)].fill(0.0);
        Frame {
            level_db,
            window_db: to_db(total * POWER_SCALE),
            top,
            second: peak(&bins, total),
        }
    }
}

fn peak(bins: &[f32; HALF], total: f32) -> Peak {
    let mut at = *BINS.start();
    for bin in BINS {
        if bins[bin] > bins[at] {
            at = bin;
        }
    }
    if bins[at] <= 0.0 || total <= 0.0 {
        return Peak::default();
    }
    let lobe: f32 = bins[at - LOBE..=(at + LOBE).min(HALF - 1)].iter().sum();
    let (low, high) = (bins[at - 1], bins[at + 1]);
    let ratio = (low.max(high) / bins[at]).sqrt();
    let offset = ((2.0 * ratio - 1.0) / (ratio + 1.0)).clamp(-0.5, 0.5);
    let offset = if high >= low { offset } else { -offset };
    Peak {
        hz: (at as f32 + offset) * BIN_HZ,
        share: (lobe / total).min(1.0),
    }
}

/// Power of each bin of a windowed real signal, by a complex transform of half the length.
fn powers(signal: &[f32; WINDOW], bins: &mut [f32; HALF]) {
    let tables = &*TABLES;
    let (mut re, mut im) = ([0.0f32; HALF], [0.0f32; HALF]);
    for n in 0..HALF {
        let to = usize::from(tables.reversed[n]);
        re[to] = signal[2 * n] * tables.hann[2 * n];
        im[to] = signal[2 * n + 1] * tables.hann[2 * n + 1];
    }
    let mut length = 2;
    while length <= HALF {
        let step = WINDOW / length;
        for start in (0..HALF).step_by(length) {
            for k in 0..length / 2 {
                let (c, s) = tables.turns[k * step];
                let (a, b) = (start + k, start + k + length / 2);
                let (x, y) = (re[b] * c - im[b] * s, re[b] * s + im[b] * c);
                (re[b], im[b]) = (re[a] - x, im[a] - y);
                (re[a], im[a]) = (re[a] + x, im[a] + y);
            }
        }
        length *= 2;
    }
    bins[0] = 0.0;
    for k in 1..HALF {
        let mirror = HALF - k;
        let (even_re, even_im) = ((re[k] + re[mirror]) / 2.0, (im[k] - im[mirror]) / 2.0);
        let (odd_re, odd_im) = ((im[k] + im[mirror]) / 2.0, (re[mirror] - re[k]) / 2.0);
        let (c, s) = tables.turns[k];
        let x = even_re + odd_re * c - odd_im * s;
        let y = even_im + odd_re * s + odd_im * c;
        bins[k] = x * x + y * y;
    }
}

/// Frames in this many milliseconds.
pub const fn frames(ms: u32) -> usize {
    (ms / FRAME_MS) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::sine;

    fn last(samples: &[i16]) -> Frame {
        let mut last = None;
        Spectrum::default().push(samples, |frame| last = Some(frame));
        last.unwrap()
    }

    #[test]
    fn a_sine_has_its_pitch_to_a_hertz_and_all_the_energy() {
        for tenth in (2_000..38_000).step_by(137) {
            let hz = tenth as f32 / 10.0;
            let frame = last(&sine(hz, -20.0, 60));
            assert!((frame.top.hz - hz).abs() < 1.0, "{hz}: {frame:?}");
            assert!(frame.top.share > 0.99 && frame.second.share < 0.01, "{hz}");
            assert!((frame.window_db + 20.0).abs() < 0.5, "{hz}: {frame:?}");
        }
    }

    #[test]
    fn two_sines_are_two_peaks() {
        let pair: Vec<i16> = sine(480.0, -20.0, 60)
            .iter()
            .zip(sine(620.0, -20.0, 60))
            .map(|(a, b)| a + b)
            .collect();
        let frame = last(&pair);
        let mut hz = [frame.top.hz, frame.second.hz];
        hz.sort_by(f32::total_cmp);
        assert!(
            (hz[0] - 480.0).abs() < 4.0 && (hz[1] - 620.0).abs() < 4.0,
            "{frame:?}"
        );
        assert!(frame.top.share + frame.second.share > 0.97, "{frame:?}");
    }

    #[test]
    fn the_bins_agree_with_the_sum_that_defines_them() {
        let mut state = 1u32;
        let signal: [f32; WINDOW] = std::array::from_fn(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as f32 - 32_768.0
        });
        let mut bins = [0.0; HALF];
        powers(&signal, &mut bins);
        for k in [1usize, 7, 64, 100, 127] {
            let (mut re, mut im) = (0.0f64, 0.0f64);
            for (n, sample) in signal.iter().enumerate() {
                let angle = std::f64::consts::TAU * (k * n) as f64 / WINDOW as f64;
                let windowed = f64::from(*sample)
                    * (0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / WINDOW as f64).cos());
                re += windowed * angle.cos();
                im -= windowed * angle.sin();
            }
            let wanted = re * re + im * im;
            assert!(
                (f64::from(bins[k]) - wanted).abs() < 1e-3 * wanted.max(1e8),
                "{k}"
            );
        }
    }
}
