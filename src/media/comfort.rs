//! Comfort noise (RFC 3389): what a far end that sends nothing in silence sounds like meanwhile.

/// Most coefficients read and written; more change nothing that can be heard at 8 kHz.
pub const MOST_COEFFICIENTS: usize = 16;

/// A description of background noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Level in -dBov, 0 to 127: below a full-scale square wave.
    level: u8,
    /// Reflection coefficients of the all-pole filter that shapes white noise into it.
    reflection: [f32; MOST_COEFFICIENTS],
    order: usize,
}

impl Noise {
    /// Reads the payload of a comfort noise packet. `None` when it is empty.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let (level, coefficients) = payload.split_first()?;
        let mut noise = Self {
            // The first bit is reserved (section 3.1).
            level: level & 0x7f,
            reflection: [0.0; MOST_COEFFICIENTS],
            order: coefficients.len().min(MOST_COEFFICIENTS),
        };
        for (out, index) in noise.reflection.iter_mut().zip(coefficients) {
            // Section 3.2: index 127 is zero, 255 is not used.
            let scaled = 258 * (i32::from((*index).min(254)) - 127);
            *out = scaled as f32 / 32_768.0;
        }
        Some(noise)
    }

    /// White noise at a level, in dB relative to a full-scale sine.
    #[must_use]
    pub fn white(level_db: f32) -> Self {
        Self {
            level: index_of_level(level_db),
            reflection: [0.0; MOST_COEFFICIENTS],
            order: 0,
        }
    }

    /// Describes background noise that was heard: its level and its rough spectrum. At least
    /// 20 ms of it.
    #[must_use]
    pub fn describe(samples: &[i16]) -> Self {
        let mut noise = Self::white(crate::meter::level_db(samples));
        noise.order = 8;
        noise.reflection = reflection(samples, noise.order);
        noise
    }

    /// Level in dB relative to a full-scale sine.
    #[must_use]
    pub fn level_db(&self) -> f32 {
        // A square wave is 3.01 dB above a sine of the same peak.
        3.01 - f32::from(self.level)
    }

    /// Writes the payload into `out` and tells its length: 1 octet and one per coefficient.
    pub fn write(&self, out: &mut [u8; 1 + MOST_COEFFICIENTS]) -> usize {
        out[0] = self.level;
        for (octet, k) in out[1..].iter_mut().zip(&self.reflection[..self.order]) {
            *octet = (127.0 + (k * 32_768.0 / 258.0).round()).clamp(0.0, 254.0) as u8;
        }
        1 + self.order
    }
}

fn index_of_level(level_db: f32) -> u8 {
    (3.01 - level_db).round().clamp(0.0, 127.0) as u8
}

/// Reflection coefficients by the Levinson–Durbin recursion on the autocorrelation.
fn reflection(samples: &[i16], order: usize) -> [f32; MOST_COEFFICIENTS] {
    let mut out = [0.0; MOST_COEFFICIENTS];
    let correlation = |lag: usize| -> f64 {
        let pairs = samples.iter().zip(samples.iter().skip(lag));
        pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let r: Vec<f64> = (0..=order).map(correlation).collect();
    // A little white noise keeps a pure tone from making the filter ring for ever.
    let mut error = r[0] * 1.001;
    let mut filter = [0f64; MOST_COEFFICIENTS + 1];
    for m in 1..=order {
        if error <= 0.0 {
            break;
        }
        let sum: f64 = (1..m).map(|i| filter[i] * r[m - i]).sum();
        let k = (-(r[m] + sum) / error).clamp(-0.98, 0.98);
        let before = filter;
        for i in 1..m {
            filter[i] = before[i] + k * before[m - i];
        }
        filter[m] = k;
        error *= 1.0 - k * k;
        out[m - 1] = k as f32;
    }
    out
}

/// Makes noise as described.
#[derive(Clone, Debug)]
pub struct NoiseMaker {
    noise: Noise,
    /// Level of the white noise that goes into the filter.
    drive: f32,
    memory: [f32; MOST_COEFFICIENTS + 1],
    seed: u64,
}

impl NoiseMaker {
    /// A source of this noise. `seed` is any number; the same gives the same noise.
    #[must_use]
    pub fn new(noise: Noise, seed: u64) -> Self {
        let mut maker = Self {
            noise,
            drive: 0.0,
            memory: [0.0; MOST_COEFFICIENTS + 1],
            seed: seed | 1,
        };
        maker.set(noise);
        maker
    }

    /// Goes on with a newer description, without a click.
    pub fn set(&mut self, noise: Noise) {
        let used = &noise.reflection[..noise.order];
        // What the filter adds in power it is given less of.
        let gain: f32 = used.iter().map(|k| 1.0 - k * k).product();
        let rms = 32_767.0 * 10f32.powf(-f32::from(noise.level) / 20.0);
        self.drive = rms * gain.max(0.0).sqrt();
        self.noise = noise;
    }

    /// Fills `out` with noise.
    pub fn fill(&mut self, out: &mut [i16]) {
        for sample in out {
            let mut forward = self.white() * self.drive;
            let order = self.noise.order;
            // The all-pole lattice, from the last stage to the first.
            for stage in (0..order).rev() {
                let k = self.noise.reflection[stage];
                forward -= k * self.memory[stage];
                self.memory[stage + 1] = self.memory[stage] + k * forward;
            }
            self.memory[0] = forward;
            *sample = forward.clamp(-32_767.0, 32_767.0) as i16;
        }
    }

    /// A number of mean 0 and power 1: twelve uniform ones are near enough to a normal one.
    fn white(&mut self) -> f32 {
        let mut sum = 0f32;
        for _ in 0..3 {
            // SplitMix64, four numbers of 16 bits a turn.
            self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.seed;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            for shift in [0, 16, 32, 48] {
                sum += f32::from((z >> shift) as u16) / 65_536.0;
            }
        }
        sum - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::{level_db, tone_db};

    fn sound(noise: Noise) -> Vec<i16> {
        let mut out = vec![0; 16_000];
        NoiseMaker::new(noise, 7).fill(&mut out);
        out
    }

    #[test]
    fn noise_has_the_level_it_is_said_to_have() {
        for level in [20u8, 40, 60, 70] {
            let noise = Noise::parse(&[level]).unwrap();
            let got = level_db(&sound(noise));
            assert!((got - noise.level_db()).abs() < 0.5, "-{level} dBov: {got}");
        }
        assert_eq!(Noise::parse(&[]), None);
        let (low, high) = (Noise::parse(&[0xb2]).unwrap(), Noise::parse(&[50]).unwrap());
        assert_eq!(low, high, "the first bit is reserved");
        assert!(level_db(&sound(Noise::parse(&[127]).unwrap())) < -80.0);
    }

    #[test]
    fn noise_described_sounds_like_the_noise_heard() {
        // A low hiss: k1 close to -1 is a low-pass.
        let dark = Noise::parse(&[35, 20, 150]).unwrap();
        let heard = sound(dark);
        let again = Noise::describe(&heard);
        assert!((again.level_db() - dark.level_db()).abs() < 1.0);
        assert!((again.reflection[0] - dark.reflection[0]).abs() < 0.05);
        assert!((again.reflection[1] - dark.reflection[1]).abs() < 0.05);
        let mut octets = [0; 1 + MOST_COEFFICIENTS];
        let length = again.write(&mut octets);
        assert_eq!(length, 9);
        let copy = sound(Noise::parse(&octets[..length]).unwrap());
        assert!((level_db(&copy) - level_db(&heard)).abs() < 1.0);
        let tilt = |s: &[i16]| tone_mean(s, 300.0) - tone_mean(s, 3000.0);
        assert!(tilt(&heard) > 15.0, "{}", tilt(&heard));
        assert!((tilt(&copy) - tilt(&heard)).abs() < 3.0);
    }

    /// The mean level of a band, over many short blocks.
    fn tone_mean(samples: &[i16], hz: f32) -> f32 {
        let blocks = samples.chunks_exact(160);
        let sum: f32 = blocks.map(|b| 10f32.powf(tone_db(b, hz) / 10.0)).sum();
        10.0 * (sum / (samples.len() / 160) as f32).log10()
    }

    proptest::proptest! {
        #[test]
        fn any_description_stays_finite(payload in proptest::collection::vec(proptest::num::u8::ANY, 1..40)) {
            let noise = Noise::parse(&payload).unwrap();
            let heard = sound(noise);
            proptest::prop_assert_eq!(heard.len(), 16_000);
            let mut octets = [0; 1 + MOST_COEFFICIENTS];
            let length = noise.write(&mut octets);
            proptest::prop_assert_eq!(Noise::parse(&octets[..length]), Some(noise));
        }
    }
}
