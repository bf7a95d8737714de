//! Special information tones: three rising tones before a network announcement.
//!
//! Sources: ITU-T E.180 (950, 1400, 1800 Hz, each ±50 Hz, 330 ± 70 ms, gaps up to 30 ms);
//! Bellcore SR-2275 for the North American encoding: the first two tones are low or high and
//! short (274 ms) or long (380 ms), the third is always 1776.7 Hz, 380 ms.

use super::bursts::Burst;

/// What the tones say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SitKind {
    /// Operator intercept: number changed or out of service.
    Intercept,
    /// Vacant code: no such number.
    VacantCode,
    /// Reorder in the local network (intra-LATA): the call failed on its way.
    Reorder,
    /// Reorder in a long-distance network (inter-LATA).
    ReorderInterLata,
    /// No circuit in the local network: all trunks are busy.
    NoCircuit,
    /// No circuit in a long-distance network.
    NoCircuitInterLata,
    /// The international tones, which carry no kind, or a coding we do not know.
    Unspecified,
}

const LOW_1: f32 = 913.8;
const HIGH_1: f32 = 985.2;
const LOW_2: f32 = 1370.6;
const HIGH_2: f32 = 1428.5;
const SHORT_MS: u32 = 274;
const LONG_MS: u32 = 380;

impl SitKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Intercept,
        Self::VacantCode,
        Self::Reorder,
        Self::ReorderInterLata,
        Self::NoCircuit,
        Self::NoCircuitInterLata,
        Self::Unspecified,
    ];

    /// The three tones: (Hz, milliseconds).
    #[must_use]
    pub const fn segments(self) -> [(f32, u32); 3] {
        let last = (1776.7, LONG_MS);
        match self {
            Self::Intercept => [(LOW_1, SHORT_MS), (LOW_2, SHORT_MS), last],
            Self::VacantCode => [(HIGH_1, LONG_MS), (LOW_2, SHORT_MS), last],
            Self::Reorder => [(LOW_1, SHORT_MS), (HIGH_2, LONG_MS), last],
            Self::ReorderInterLata => [(HIGH_1, SHORT_MS), (LOW_2, LONG_MS), last],
            Self::NoCircuit => [(HIGH_1, LONG_MS), (HIGH_2, LONG_MS), last],
            Self::NoCircuitInterLata => [(LOW_1, LONG_MS), (LOW_2, LONG_MS), last],
            Self::Unspecified => [(950.0, 330), (1400.0, 330), (1800.0, 330)],
        }
    }

    /// A short stable name, for records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intercept => "intercept",
            Self::VacantCode => "vacant_code",
            Self::Reorder => "reorder",
            Self::ReorderInterLata => "reorder_inter_lata",
            Self::NoCircuit => "no_circuit",
            Self::NoCircuitInterLata => "no_circuit_inter_lata",
            Self::Unspecified => "unspecified",
        }
    }
}

/// Pitches of the three tones: E.180's ±50 Hz, and a little for noise.
const PITCHES: [std::ops::Range<f32>; 3] = [895.0..1005.0, 1345.0..1455.0, 1745.0..1855.0];
/// Lengths of a tone as heard.
const LENGTHS_MS: std::ops::Range<u32> = 180..470;
/// The third tone need not be heard to its end.
const LAST_MS: u32 = 160;
/// Shorter than any of the tones.
const BRIDGED_MS: u32 = 80;
/// Longest gap between two tones as heard: E.180 allows 30 ms, lost packets lengthen it.
const GAP_MS: u32 = 230;

/// Finds special information tones among tones.
#[derive(Debug, Default)]
pub struct Sit {
    heard: Vec<Tone>,
}

#[derive(Clone, Copy, Debug)]
struct Tone {
    hz: f32,
    length_ms: u32,
    start_ms: u32,
}

impl Sit {
    /// Takes a tone that has ended.
    pub fn ended(&mut self, burst: &Burst) {
        let place = self.heard.len();
        // Where a lost packet was bridged, two tones sound at once for a moment.
        if place > 0 && burst.length_ms < BRIDGED_MS {
            return;
        }
        let fits = burst.upper_hz == 0.0
            && place < 2
            && PITCHES[place].contains(&burst.hz)
            && LENGTHS_MS.contains(&burst.length_ms)
            && self.follows(burst.start_ms);
        if fits {
            // There are no gaps to speak of: what is missing between two tones was lost.
            let end = |tone: &Tone| tone.start_ms + tone.length_ms;
            let missing = self
                .heard
                .last()
                .map_or(0, |tone| burst.start_ms.saturating_sub(end(tone)));
            self.heard.push(Tone {
                hz: burst.hz,
                length_ms: burst.length_ms + if missing > 60 { missing } else { 0 },
                start_ms: burst.start_ms,
            });
        } else if place > 0 {
            self.heard.clear();
            self.ended(burst);
        }
    }

    /// Looks at the tone that is sounding; the kind when the third is sure.
    pub fn sounding(&mut self, burst: &Burst) -> Option<SitKind> {
        let third = self.heard.len() == 2
            && burst.upper_hz == 0.0
            && PITCHES[2].contains(&burst.hz)
            && burst.length_ms >= LAST_MS
            && self.follows(burst.start_ms);
        if !third {
            return None;
        }
        let kind = nearest(self.heard[0], self.heard[1]);
        self.heard.clear();
        Some(kind)
    }

    /// True between the tones of what may become special information tones.
    pub fn expects(&self, now_ms: u32) -> bool {
        self.heard
            .last()
            .is_some_and(|tone| now_ms < tone.start_ms + tone.length_ms + GAP_MS)
    }

    fn follows(&self, start_ms: u32) -> bool {
        self.heard
            .last()
            .is_none_or(|tone| start_ms <= tone.start_ms + tone.length_ms + GAP_MS)
    }
}

/// The kind whose first two tones are nearest, by pitch and by length.
fn nearest(first: Tone, second: Tone) -> SitKind {
    let off = |tone: Tone, (hz, ms): (f32, u32)| {
        let pitch = (tone.hz - hz) / 12.0;
        let length = (tone.length_ms as f32 - ms as f32) / 40.0;
        pitch * pitch + length * length
    };
    let distance = |kind: SitKind| {
        let [a, b, _] = kind.segments();
        off(first, a) + off(second, b)
    };
    let [mut best, ..] = SitKind::ALL;
    for kind in SitKind::ALL {
        if distance(kind) < distance(best) {
            best = kind;
        }
    }
    best
}
