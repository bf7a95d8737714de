//! Voice activity by energy over an adaptive noise floor, in frames of 10 ms.
//!
//! The floor is the quietest of the smoothed frames of the last second (minimum statistics, after
//! R. Martin, IEEE Trans. Speech and Audio Processing 9(5), 2001, without its bias estimate):
//! speech dips between syllables, steady noise does not. Until a second has been heard the floor
//! may not rise above a cap, so that a greeting that starts with the first sample is still speech;
//! noise that stays steady lifts the cap.

use crate::SAMPLES_PER_MS;
use crate::meter::{power, to_db};

/// Length of a frame in milliseconds.
pub const FRAME_MS: u32 = 10;
pub(super) const FRAME_SAMPLES: usize = (FRAME_MS * SAMPLES_PER_MS) as usize;
/// Frames the floor looks back.
const FLOOR_FRAMES: usize = 100;
/// Frames over which steadiness is judged: longer than people hold a vowel in a greeting.
const STEADY_FRAMES: usize = 50;

/// What counts as speech. Levels in dB relative to a full-scale sine.
#[derive(Clone, Debug, PartialEq)]
pub struct VadSettings {
    /// A frame this far above the noise floor is speech. Default 10 dB.
    pub above_floor_db: f32,
    /// Frames below this are never speech, however quiet the line. Default -43 dB.
    pub quietest_speech_db: f32,
    /// The floor's cap while little has been heard or the sound is unsteady. Default -42 dB.
    pub floor_cap_db: f32,
    /// Sound whose frames vary less than this (standard deviation) is steady: noise, not speech.
    /// Default 2 dB.
    pub steady_db: f32,
}

impl Default for VadSettings {
    fn default() -> Self {
        Self {
            above_floor_db: 10.0,
            quietest_speech_db: -43.0,
            floor_cap_db: -42.0,
            steady_db: 2.0,
        }
    }
}

/// Splits a stream into frames and says of each whether it is speech.
#[derive(Debug, Default)]
pub struct FrameVad {
    settings: VadSettings,
    partial: Vec<i16>,
    /// Smoothed levels of the last frames; `next` is the place of the coming one.
    levels: Vec<f32>,
    next: usize,
    smoothed: Option<f32>,
    /// Highest floor that steady sound has shown.
    steady_floor: Option<f32>,
}

impl FrameVad {
    /// A detector that has heard nothing.
    #[must_use]
    pub fn new(settings: VadSettings) -> Self {
        Self {
            settings,
            ..Self::default()
        }
    }

    /// Takes samples and tells `report` of every whole frame whether it is speech.
    pub fn push(&mut self, mut samples: &[i16], mut report: impl FnMut(bool)) {
        while !samples.is_empty() {
            let take = (FRAME_SAMPLES - self.partial.len()).min(samples.len());
            self.partial.extend_from_slice(&samples[..take]);
            samples = &samples[take..];
            if self.partial.len() == FRAME_SAMPLES {
                let level = to_db(power(&self.partial));
                self.partial.clear();
                report(self.frame(level));
            }
        }
    }

    /// The noise floor now, in dB.
    #[must_use]
    pub fn floor_db(&self) -> f32 {
        let quietest = self.levels.iter().copied().fold(f32::INFINITY, f32::min);
        let cap = self.steady_floor.unwrap_or(self.settings.floor_cap_db);
        let cap = cap.max(self.settings.floor_cap_db);
        quietest.min(cap)
    }

    fn frame(&mut self, level: f32) -> bool {
        let smoothed = self.smoothed.map_or(level, |old| old + (level - old) * 0.5);
        self.smoothed = Some(smoothed);
        if self.levels.len() < FLOOR_FRAMES {
            self.levels.push(smoothed);
        } else {
            self.levels[self.next] = smoothed;
        }
        self.next = (self.next + 1) % FLOOR_FRAMES;
        self.learn_steady();
        let threshold = self.floor_db() + self.settings.above_floor_db;
        level > threshold.max(self.settings.quietest_speech_db)
    }

    /// Lets the cap rise to steady noise, and fall again when the sound is no more.
    fn learn_steady(&mut self) {
        if self.levels.len() < STEADY_FRAMES {
            return;
        }
        let held = self.levels.len();
        let recent = (1..=STEADY_FRAMES).map(|back| self.levels[(self.next + held - back) % held]);
        let mean = recent.clone().sum::<f32>() / STEADY_FRAMES as f32;
        let variance = recent.map(|l| (l - mean) * (l - mean)).sum::<f32>() / STEADY_FRAMES as f32;
        if variance < self.settings.steady_db * self.settings.steady_db {
            self.steady_floor = Some(mean);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::sine;

    fn noise(level_db: f32, ms: u32) -> Vec<i16> {
        let amplitude = 32_767.0 * 10f32.powf(level_db / 20.0) * 1.22;
        let mut state = 0x1234_5678_9abc_def1u64;
        (0..ms * 8)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                ((state >> 40) as f32 / 8_388_608.0 - 1.0) * amplitude
            })
            .map(|v| v as i16)
            .collect()
    }

    fn speech_frames(vad: &mut FrameVad, samples: &[i16]) -> usize {
        let mut count = 0;
        vad.push(samples, |speech| count += usize::from(speech));
        count
    }

    #[test]
    fn steady_noise_stops_being_speech_and_louder_sound_over_it_is() {
        for level in [-60.0, -40.0, -30.0] {
            let mut vad = FrameVad::new(VadSettings::default());
            speech_frames(&mut vad, &noise(level, 1_000));
            assert_eq!(speech_frames(&mut vad, &noise(level, 2_000)), 0, "{level}");
            assert!(
                (vad.floor_db() - level).abs() < 4.0,
                "{level}: {}",
                vad.floor_db()
            );
            let louder = sine(300.0, level + 18.0, 200);
            assert!(speech_frames(&mut vad, &louder) >= 19, "{level}");
        }
    }

    #[test]
    fn sound_from_the_very_first_sample_is_speech() {
        let mut vad = FrameVad::new(VadSettings::default());
        assert!(speech_frames(&mut vad, &sine(300.0, -20.0, 200)) >= 19);
    }

    #[test]
    fn pieces_of_any_size_give_the_same_frames() {
        let samples: Vec<i16> = [
            noise(-50.0, 300),
            sine(400.0, -20.0, 200),
            noise(-50.0, 300),
        ]
        .concat();
        let run = |piece: usize| {
            let mut vad = FrameVad::new(VadSettings::default());
            let mut frames = Vec::new();
            samples
                .chunks(piece)
                .for_each(|c| vad.push(c, |speech| frames.push(speech)));
            frames
        };
        assert_eq!(run(160), run(7));
        assert_eq!(run(160), run(801));
        assert_eq!(run(160).len(), 80);
    }
}
