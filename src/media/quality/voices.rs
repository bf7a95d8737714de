//! Made-up voices for tests: syllables with pauses, from a seed.

/// A stream of numbers from -1 to 1 (xorshift64*; Vigna, ACM TOMS 42(4), 2016).
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn next(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40;
        bits as f32 / 8_388_608.0 - 1.0
    }

    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * (self.next() + 1.0) / 2.0
    }
}

fn amplitude(dbov: f32) -> f32 {
    32_768.0 * 10f32.powf(dbov / 20.0)
}

pub(super) fn silence(ms: u32) -> Vec<i16> {
    vec![0; ms as usize * 8]
}

/// White noise at that level.
pub(super) fn noise(dbov: f32, ms: u32, seed: u64) -> Vec<i16> {
    let mut chance = Chance::new(seed);
    // Uniform numbers have a mean square of a third.
    let peak = amplitude(dbov) * 3f32.sqrt();
    (0..ms * 8).map(|_| (chance.next() * peak) as i16).collect()
}

/// Talk without long pauses: syllables of 120 to 220 ms, voiced or hissed, with dips of 20 to
/// 60 ms between them; about that loud while spoken.
pub(super) fn babble(dbov: f32, ms: u32, seed: u64) -> Vec<i16> {
    let mut chance = Chance::new(seed);
    let wanted = ms as usize * 8;
    let mut out = Vec::with_capacity(wanted + 2_400);
    while out.len() < wanted {
        let length = chance.between(120.0, 220.0) as usize * 8;
        let pitch = chance.between(90.0, 240.0);
        let voiced = chance.next() > -0.6;
        let peak = amplitude(dbov) * if voiced { 1.75 } else { 0.8 };
        for n in 0..length {
            let at = n as f32 / length as f32;
            let swell = (std::f32::consts::PI * at).sin().sqrt();
            let sound = match voiced {
                true => {
                    let turn = std::f32::consts::TAU * pitch * n as f32 / 8_000.0;
                    (1..=8)
                        .map(|h| (turn * h as f32).sin() / h as f32)
                        .sum::<f32>()
                        * 0.75
                }
                false => chance.next() * 1.7,
            };
            out.push((sound * swell * peak).clamp(-32_000.0, 32_000.0) as i16);
        }
        out.extend(silence(chance.between(20.0, 60.0) as u32));
    }
    out.truncate(wanted);
    out
}
