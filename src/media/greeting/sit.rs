//! Special information tones: three rising tones before a network announcement.
//!
//! Sources: ITU-T E.180 (950, 1400, 1800 Hz, each ±50 Hz, 330 ± 70 ms, gaps up to 30 ms);
//! Bellcore SR-2275 for the North American encoding (low and high first and second tone, 274 and
//! 380 ms, third tone always 1776.7 Hz).

use crate::SAMPLES_PER_MS;
use crate::meter::{Goertzel, to_db};

/// What the tones say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SitKind {
    /// Operator intercept: number changed or out of service.
    Intercept,
    /// Vacant code: no such number.
    VacantCode,
    /// Reorder: the call failed inside the network.
    Reorder,
    /// No circuit: all trunks are busy.
    NoCircuit,
    /// The international tones, which carry no kind, or a coding we do not know.
    Unspecified,
}

impl SitKind {
    /// The three tones: (Hz, milliseconds).
    #[must_use]
    pub const fn segments(self) -> [(f32, u32); 3] {
        let last = (1776.7, 380);
        match self {
            Self::Intercept => [(913.8, 274), (1370.6, 274), last],
            Self::VacantCode => [(985.2, 380), (1370.6, 274), last],
            Self::Reorder => [(913.8, 274), (1428.5, 380), last],
            Self::NoCircuit => [(985.2, 380), (1428.5, 380), last],
            Self::Unspecified => [(950.0, 330), (1400.0, 330), (1800.0, 330)],
        }
    }
}

/// 20 ms: short enough to time the tones, long enough to tell 914 from 985 Hz.
const FRAME_SAMPLES: usize = 20 * SAMPLES_PER_MS as usize;
/// Quieter frames are no tone.
const QUIETEST_DB: f32 = -45.0;
/// Part of a frame's energy that must lie at one probe's pitch.
const PURITY: f32 = 0.7;
/// Frames a tone lasts: 200 to 460 ms, a frame's slack on either side.
const TONE_FRAMES: std::ops::RangeInclusive<u32> = 10..=23;
/// The third tone need not be heard to its end.
const LAST_FRAMES: u32 = 8;
/// Frames that may be no tone between two tones (30 ms gap cut by frame borders).
const GAP_FRAMES: u32 = 3;

/// Pitches probed: (which tone of the three, -1 low, 0 middle, +1 high).
const PROBES: [(f32, usize, i32); 9] = [
    (913.8, 0, -1),
    (950.0, 0, 0),
    (985.2, 0, 1),
    (1370.6, 1, -1),
    (1400.0, 1, 0),
    (1428.5, 1, 1),
    (1765.0, 2, 0),
    (1790.0, 2, 0),
    (1820.0, 2, 0),
];

/// Finds special information tones in a stream.
#[derive(Debug)]
pub struct SitDetector {
    filters: [Goertzel; PROBES.len()],
    energy: f32,
    count: usize,
    /// Tones heard so far, the last maybe still sounding.
    heard: [Heard; 3],
    sounding: Option<usize>,
    gap: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    frames: u32,
    /// Sum of low (-1) and high (+1) judgements.
    pitch: i32,
}

impl Default for SitDetector {
    fn default() -> Self {
        Self::new()
    }
}

impl SitDetector {
    /// A detector that has heard nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            filters: PROBES.map(|(hz, _, _)| Goertzel::new(hz)),
            energy: 0.0,
            count: 0,
            heard: [Heard::default(); 3],
            sounding: None,
            gap: 0,
        }
    }

    /// Takes samples; returns the kind when the third tone is sure.
    pub fn push(&mut self, samples: &[i16]) -> Option<SitKind> {
        let mut found = None;
        for sample in samples {
            let value = f32::from(*sample);
            self.energy += value * value;
            for filter in &mut self.filters {
                filter.push(value);
            }
            self.count += 1;
            if self.count == FRAME_SAMPLES {
                let tone = self.close_frame();
                found = found.or(self.frame(tone));
            }
        }
        found
    }

    /// Which tone the frame holds, and how high: the strongest probe, if it is nearly all.
    fn close_frame(&mut self) -> Option<(usize, i32)> {
        let mean = self.energy / FRAME_SAMPLES as f32;
        (self.energy, self.count) = (0.0, 0);
        let mut best = (0.0f32, 0usize);
        for (index, filter) in self.filters.iter_mut().enumerate() {
            let power = filter.finish(FRAME_SAMPLES);
            if power > best.0 {
                best = (power, index);
            }
        }
        let (_, tone, pitch) = PROBES[best.1];
        (to_db(mean) > QUIETEST_DB && best.0 > PURITY * mean).then_some((tone, pitch))
    }

    fn frame(&mut self, tone: Option<(usize, i32)>) -> Option<SitKind> {
        match (tone, self.sounding) {
            (Some((tone, pitch)), Some(now)) if tone == now => self.extend(tone, pitch),
            (Some((tone, pitch)), Some(now))
                if tone == now + 1 && TONE_FRAMES.contains(&self.heard[now].frames) =>
            {
                self.begin(tone, pitch);
            }
            (Some((0, pitch)), _) => self.begin(0, pitch),
            (None, Some(_)) if self.gap < GAP_FRAMES => self.gap += 1,
            _ => self.sounding = None,
        }
        if self.sounding == Some(2) && self.heard[2].frames >= LAST_FRAMES {
            self.sounding = None;
            return Some(self.kind());
        }
        None
    }

    fn begin(&mut self, tone: usize, pitch: i32) {
        self.heard[tone] = Heard { frames: 1, pitch };
        self.sounding = Some(tone);
        self.gap = 0;
    }

    fn extend(&mut self, tone: usize, pitch: i32) {
        let heard = &mut self.heard[tone];
        heard.frames += 1 + self.gap;
        heard.pitch += pitch;
        self.gap = 0;
        if heard.frames > *TONE_FRAMES.end() {
            self.sounding = None;
        }
    }

    fn kind(&self) -> SitKind {
        // Half of the frames must agree, or the pitch lies between: the international tones.
        let side = |heard: Heard| {
            if heard.pitch.unsigned_abs() * 2 > heard.frames {
                heard.pitch.signum()
            } else {
                0
            }
        };
        match (side(self.heard[0]), side(self.heard[1])) {
            (-1, -1) => SitKind::Intercept,
            (1, -1) => SitKind::VacantCode,
            (-1, 1) => SitKind::Reorder,
            (1, 1) => SitKind::NoCircuit,
            _ => SitKind::Unspecified,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Law;
    use crate::tone::{Tone, sine};

    const KINDS: [SitKind; 5] = [
        SitKind::Intercept,
        SitKind::VacantCode,
        SitKind::Reorder,
        SitKind::NoCircuit,
        SitKind::Unspecified,
    ];

    #[test]
    fn every_kind_is_found_at_every_offset_level_and_law() {
        for kind in KINDS {
            for level in [-40.0, -24.0, -6.0] {
                for offset in [0, 31, 80, 159] {
                    for law in [Law::Pcmu, Law::Pcma] {
                        let mut samples = vec![0i16; 1600 + offset];
                        samples.extend(Tone::sit(kind).at_level(level).samples());
                        let coded: Vec<i16> =
                            samples.iter().map(|s| law.decode(law.encode(*s))).collect();
                        let found = SitDetector::new().push(&coded);
                        assert_eq!(found, Some(kind), "{level} {offset} {law:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn other_tones_orders_and_lengths_are_no_sit() {
        let quiet = |samples: Vec<i16>| assert_eq!(SitDetector::new().push(&samples), None);
        let s = |hz: f32, ms: u32| sine(hz, -20.0, ms);
        quiet(Tone::busy().samples().repeat(4));
        quiet(Tone::ringback().samples());
        quiet(Tone::beep().samples());
        quiet([s(1776.7, 330), s(1400.0, 330), s(950.0, 330)].concat());
        quiet([s(950.0, 330), s(1776.7, 330)].concat());
        quiet([s(950.0, 1000), s(1400.0, 1000), s(1800.0, 1000)].concat());
        quiet([s(950.0, 90), s(1400.0, 90), s(1800.0, 90)].concat());
        quiet(
            [
                s(950.0, 330),
                vec![0; 1600],
                s(1400.0, 330),
                vec![0; 1600],
                s(1800.0, 330),
            ]
            .concat(),
        );
        quiet(
            (0..40u8)
                .flat_map(|i| s(300.0 + 60.0 * f32::from(i), 40))
                .collect(),
        );
    }
}
