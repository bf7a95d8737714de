//! Beeps of voicemail, tones of fax machines and modems.
//!
//! A lone tone can be several things; what was heard before it decides. A fax or a modem speaks
//! first and only in tones, a voicemail talks before it beeps.

use super::bursts::Burst;
use super::event::Signal;

/// Pitches of beeps.
const BEEP_HZ: std::ops::RangeInclusive<f32> = 393.0..=2_250.0;
/// Lengths of beeps as heard: the shortest lose their edges, the longest may gain.
const BEEP_MS: std::ops::RangeInclusive<u32> = 60..=2_060;
/// Pitches at which networks ring and signal busy: a tone is a beep only if nobody repeats it.
const NETWORK_HZ: std::ops::Range<f32> = 380.0..500.0;
/// Shorter than any pause of a network's tones.
const TORN_MS: u32 = 160;
/// How long to wait for the repetition.
const REPEAT_MS: u32 = 1_000;
/// How long to wait for the next tone of a sequence.
const SEQUENCE_MS: u32 = 280;
/// A fax's calling tone: 1100 ± 38 Hz, 0.5 s ± 15 % (ITU-T T.30 §5.3.3).
const CNG_HZ: std::ops::RangeInclusive<f32> = 1_055.0..=1_145.0;
const CNG_MS: std::ops::RangeInclusive<u32> = 405..=595;
const CNG_EVERY_MS: std::ops::RangeInclusive<u32> = 3_000..=4_100;
/// An answering tone: 2100 ± 15 Hz (T.30 §5.3.2, V.25 §4.2).
const CED_HZ: std::ops::RangeInclusive<f32> = 2_080.0..=2_120.0;
/// Long enough for two phase reversals.
const CED_MS: u32 = 1_050;
/// Bell 103 and V.22 answer tones.
const MODEM_HZ: std::ops::RangeInclusive<f32> = 2_205.0..=2_270.0;
const MODEM_MS: u32 = 900;
/// Longer than any beep: a tone of equipment.
const NO_BEEP_MS: u32 = 2_150;
/// Swing at 15 Hz that is ANSam's (20 % ± 1 % of V.8 §3.2, less what the window takes).
const ANSAM: f32 = 0.07;

/// What a tone must be to be a beep: the shorter or lower, the more must speak for it. Lost
/// packets tear tones: a torn one counts when it is pure and stands alone.
struct Shape {
    /// Shortest length as heard.
    ms: u32,
    /// Share of the energy at its pitch.
    purity: f32,
    /// Most the pitch may wander (Hz), and the level (dB).
    hz_spread: f32,
    level_spread: f32,
    /// How far below it the moments before and after it must be (dB): a voice does not hold its
    /// breath right before and right after one even note.
    quiet_db: f32,
}

const fn shape(ms: u32, purity: f32, hz_spread: f32, level_spread: f32, quiet_db: f32) -> Shape {
    Shape {
        ms,
        purity,
        hz_spread,
        level_spread,
        quiet_db,
    }
}

/// Up to this long and below this pitch, a vowel can be as even as a beep; the lower, the more.
const VOWEL_MS: u32 = 200;
const VOWEL_HZ: f32 = 900.0;
const DEEP_VOWEL_HZ: f32 = 570.0;
/// Below this pitch, long vowels can.
const LOW_HZ: f32 = 650.0;
const SHORT_DEEP: &[Shape] = &[
    shape(90, 0.9965, 1.0, 1.5, 20.0),
    shape(140, 0.9965, 1.5, 4.0, 24.0),
    shape(100, 0.9965, 2.5, 4.0, 34.0),
    shape(140, 0.999, 4.0, 4.0, 50.0),
];
const SHORT_LOW: &[Shape] = &[
    shape(70, 0.99, 1.0, 1.5, 20.0),
    shape(140, 0.995, 1.5, 4.0, 24.0),
    shape(90, 0.99, 2.5, 4.0, 34.0),
    shape(80, 0.998, 1.0, 2.5, 40.0),
];
const LONG_LOW: &[Shape] = &[
    shape(0, 0.96, 1.5, 1.0, 16.0),
    shape(0, 0.9955, 7.0, 4.0, 34.0),
    shape(0, 0.99, 3.0, 1.5, 26.0),
    shape(450, 0.994, 4.0, 1.5, 24.0),
];
const SHORT_HIGH: &[Shape] = &[
    shape(0, 0.93, 3.0, 2.5, 8.0),
    shape(0, 0.96, 6.0, 5.0, 20.0),
    shape(0, 0.93, 8.0, 5.0, 34.0),
];
const LONG_HIGH: &[Shape] = &[
    shape(0, 0.85, 5.0, 2.5, f32::MIN),
    shape(0, 0.97, 8.0, 5.0, 20.0),
    shape(0, 0.96, 8.0, 5.0, 34.0),
];

/// A beep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beep {
    pub hz: f32,
    pub length_ms: u32,
    /// When it ended.
    pub end_ms: u32,
}

/// Follows lone tones.
#[derive(Debug, Default)]
pub struct Equipment {
    /// Where a fax's calling tone began.
    called_ms: Option<u32>,
    /// Answering tone heard so far, in pieces.
    answered_ms: u32,
    /// A beep that may turn out to be a busy tone or the first of a sequence, and when it is
    /// sure that it is not.
    pending: Option<(Beep, u32)>,
}

/// What a lone tone was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Heard {
    Beep(Beep),
    Signal(Signal),
}

impl Equipment {
    /// Takes a tone that has ended; `spoken`: someone spoke before it; `sequence`: more tones
    /// may follow that make it another thing.
    pub fn ended(&mut self, burst: &Burst, spoken: bool, sequence: bool) -> Option<Heard> {
        if CED_HZ.contains(&burst.hz) && burst.upper_hz == 0.0 {
            self.answered_ms += burst.length_ms;
        }
        if !is_beep(burst) {
            return None;
        }
        let end_ms = burst.start_ms + burst.length_ms;
        if CNG_HZ.contains(&burst.hz) && CNG_MS.contains(&burst.length_ms) {
            let again = self.called_ms.is_some_and(|before| {
                CNG_EVERY_MS.contains(&(burst.start_ms - before.min(burst.start_ms)))
            });
            self.called_ms = Some(burst.start_ms);
            if again || !spoken {
                return Some(Heard::Signal(Signal::Cng));
            }
        }
        let beep = Beep {
            hz: burst.hz,
            length_ms: burst.length_ms,
            end_ms,
        };
        if NETWORK_HZ.contains(&burst.hz) {
            // Twice the same: a rhythm, no beep; but lost packets can tear one in two.
            let before = self.pending.take().map(|(before, _)| before);
            let beep = match before {
                Some(before) if burst.start_ms < before.end_ms + TORN_MS => Beep {
                    length_ms: before.length_ms + end_ms - before.end_ms,
                    ..beep
                },
                Some(_) => return None,
                None => beep,
            };
            self.pending = spoken.then_some((beep, end_ms + REPEAT_MS));
            return None;
        }
        if sequence {
            self.pending = Some((beep, end_ms + SEQUENCE_MS));
            return None;
        }
        Some(Heard::Beep(beep))
    }

    /// True while a tone may turn out to be a beep.
    pub fn is_unsure(&self) -> bool {
        self.pending.is_some()
    }

    /// What was thought to be a beep was part of something else.
    pub fn forget(&mut self) {
        self.pending = None;
    }

    /// Looks at the time while no tone sounds.
    pub fn quiet(&mut self, now_ms: u32) -> Option<Heard> {
        let (beep, due) = self.pending?;
        if now_ms < due {
            return None;
        }
        self.pending = None;
        Some(Heard::Beep(beep))
    }

    /// Looks at the tone that is sounding.
    pub fn sounding(&mut self, burst: &Burst, spoken: bool) -> Option<Heard> {
        let even = burst.upper_hz == 0.0 && burst.hz_spread < 12.0;
        if !even || burst.hz < 1_000.0 {
            return None;
        }
        let long = burst.length_ms >= NO_BEEP_MS;
        if CED_HZ.contains(&burst.hz) {
            let ced = Signal::Ced {
                reversals: burst.reversals > 0,
                modulated: burst.modulation > ANSAM,
            };
            // Codecs made for voices tear it.
            let torn = burst.length_ms + self.answered_ms >= NO_BEEP_MS;
            let sure = torn || (!spoken && burst.length_ms >= CED_MS);
            return sure.then_some(Heard::Signal(ced));
        }
        let modem = MODEM_HZ.contains(&burst.hz) && !spoken && burst.length_ms >= MODEM_MS;
        (modem || long).then_some(Heard::Signal(Signal::Modem))
    }
}

/// One pitch, held as no voice holds it.
fn is_beep(burst: &Burst) -> bool {
    let (hz, ms) = (burst.hz, burst.length_ms);
    if burst.upper_hz != 0.0 || !BEEP_HZ.contains(&hz) || !BEEP_MS.contains(&ms) {
        return false;
    }
    let shapes = match ms < VOWEL_MS {
        true if hz < DEEP_VOWEL_HZ => SHORT_DEEP,
        true if hz < VOWEL_HZ => SHORT_LOW,
        true => SHORT_HIGH,
        false if hz < LOW_HZ => LONG_LOW,
        false => LONG_HIGH,
    };
    let quiet_db = burst.level_db - burst.before_db.max(burst.after_db);
    shapes.iter().any(|shape| {
        ms >= shape.ms
            && burst.purity > shape.purity
            && burst.hz_spread < shape.hz_spread
            && burst.level_spread < shape.level_spread
            && quiet_db > shape.quiet_db
    })
}
