//! Between 8 and 16 kHz: a half-band filter, flat to 3.4 kHz, 60 dB down from 4.7 kHz.

/// Taps other than the middle one; every second tap of a half-band filter is zero.
const TAPS: usize = 32;
/// Where the middle tap meets the delay line.
const MIDDLE: usize = 15;

/// The filter and one stream's memory.
#[derive(Clone, Debug)]
pub(super) struct HalfBand {
    taps: [f32; TAPS],
    /// Newest last; the half that meets the taps, and the half that meets the middle.
    line: [f32; TAPS],
    other: [f32; MIDDLE + 1],
}

impl Default for HalfBand {
    fn default() -> Self {
        let mut taps = [0.0; TAPS];
        for (k, tap) in taps.iter_mut().enumerate() {
            // Odd distances from the middle, of a sinc with its zeros at the even ones.
            let distance = 2.0 * k as f64 - 31.0;
            let angle = std::f64::consts::PI * distance / 2.0;
            let x = std::f64::consts::PI * distance / 32.0;
            let blackman = 0.42 + 0.5 * x.cos() + 0.08 * (2.0 * x).cos();
            *tap = (0.5 * angle.sin() / angle * blackman) as f32;
        }
        let sum: f32 = taps.iter().sum();
        taps.iter_mut().for_each(|tap| *tap *= 0.5 / sum);
        Self {
            taps,
            line: [0.0; TAPS],
            other: [0.0; MIDDLE + 1],
        }
    }
}

impl HalfBand {
    /// One sample at 8 kHz to two at 16 kHz.
    pub(super) fn up(&mut self, sample: i16) -> [i16; 2] {
        push(&mut self.line, f32::from(sample));
        let between = 2.0 * self.filtered();
        let middle = self.line[TAPS - 1 - MIDDLE];
        [to_i16(between), to_i16(middle)]
    }

    /// Two samples at 16 kHz to one at 8 kHz.
    pub(super) fn down(&mut self, pair: [i16; 2]) -> i16 {
        push(&mut self.other, f32::from(pair[0]));
        push(&mut self.line, f32::from(pair[1]));
        to_i16(self.filtered() + 0.5 * self.other[0])
    }

    fn filtered(&self) -> f32 {
        // The taps are the same from either end.
        let products = self.line.iter().zip(&self.taps);
        products.map(|(sample, tap)| sample * tap).sum()
    }
}

fn push(line: &mut [f32], sample: f32) {
    line.copy_within(1.., 0);
    if let Some(newest) = line.last_mut() {
        *newest = sample;
    }
}

fn to_i16(value: f32) -> i16 {
    value.round().clamp(-32_768.0, 32_767.0) as i16
}
