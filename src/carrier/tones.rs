//! Test tones: what simulated people say once they talk. A tone tells who is heard, how loud,
//! and that it is not the abandon message.

use carillon_media::Prompt;
use carillon_media::tone::sine;
use std::sync::OnceLock;

/// Level of every test tone, dB relative to a full-scale sine.
pub const LEVEL_DB: f32 = -16.0;

/// How many tones each side has.
pub const COUNT: usize = 12;

/// Tones agents speak with, Hz: multiples of 50, so that a 20 ms frame tells them apart, and
/// not the 1,000 Hz of a voicemail's beep.
pub const AGENTS_HZ: [f32; COUNT] = [
    1050.0, 1100.0, 1150.0, 1200.0, 1250.0, 1300.0, 1350.0, 1400.0, 1450.0, 1500.0, 1550.0, 1600.0,
];

/// Tones callees speak with, Hz: multiples of 10 and no harmonics of an agent's tone, so that
/// a block of 100 ms tells them apart.
pub const CALLEES_HZ: [f32; COUNT] = [
    2130.0, 2170.0, 2210.0, 2250.0, 2290.0, 2330.0, 2370.0, 2410.0, 2450.0, 2490.0, 2530.0, 2570.0,
];

/// The tone of the agent at this place in the list of users, from 0, Hz.
pub fn of_agent(place: usize) -> f32 {
    AGENTS_HZ[place % COUNT]
}

/// The tone of the callee of this call number, from 0, Hz.
pub fn of_call(number: u64) -> f32 {
    CALLEES_HZ[(number % COUNT as u64) as usize]
}

/// One turn of a tone, 100 ms: a whole number of its periods, so that it loops without a click.
pub(crate) fn looped(hz: f32) -> Prompt {
    static ALL: OnceLock<Vec<(f32, Prompt)>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let tones = AGENTS_HZ.iter().chain(&CALLEES_HZ);
        tones
            .map(|&hz| (hz, Prompt::from_samples(sine(hz, LEVEL_DB, 100))))
            .collect()
    });
    match all.iter().find(|(known, _)| *known == hz) {
        Some((_, prompt)) => prompt.clone(),
        None => Prompt::from_samples(sine(hz, LEVEL_DB, 100)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_media::meter::tone_db;

    #[test]
    fn a_looped_tone_is_one_tone_and_no_other() {
        for hz in AGENTS_HZ.into_iter().chain(CALLEES_HZ) {
            let twice = [looped(hz).samples(), looped(hz).samples()].concat();
            for other in AGENTS_HZ.into_iter().chain(CALLEES_HZ) {
                // Across the seam.
                let level = tone_db(&twice[400..1200], other);
                if other == hz {
                    assert!((level - LEVEL_DB).abs() < 0.1, "{hz}: {level}");
                } else {
                    assert!(level < LEVEL_DB - 40.0, "{hz} heard at {other}: {level}");
                }
            }
        }
    }
}
