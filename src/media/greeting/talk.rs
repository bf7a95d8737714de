//! Speech and pauses, judged in hindsight.
//!
//! Every 20 ms all that was heard so far is cut into speech and pauses anew, with the noise
//! floor and the loudest speech as they are known by then: a greeting in a noisy street ends
//! where the voice ends, although the noise before it could not be told from speech at first.

use super::features::Features;
use super::settings::GreetingSettings;
use super::vad::{FRAME_MS, VadSettings};

/// Frames kept: 12 s. Older ones are summed up.
const KEPT: usize = 1_200;
const DROPPED: usize = 600;
/// Frames the noise floor is taken from: the last 4 s.
const FLOOR_FRAMES: usize = 400;
/// Share of frames below the noise floor's level.
const FLOOR_SHARE: f32 = 0.15;
/// Share of frames that tells how unsteady the noise is.
const MIDDLE_SHARE: f32 = 0.4;
/// How far noise rises above its floor: the hiss of a line, and a crowd.
const LEAST_SWING_DB: f32 = 5.0;
const MOST_SWING_DB: f32 = 9.0;
/// Frames after which the floor may be above its cap, even in unsteady sound.
const LEARNED_FRAMES: usize = 100;
/// Speech this far below its loudest is none.
const DEEPEST_DB: f32 = 28.0;
/// Speech within this of its loudest is loud; and the floor never hides it.
const LOUD_DB: f32 = 10.0;
/// Gaps shorter than this belong to the word; longer than the second, they are pauses.
const WORD_GAP_FRAMES: usize = 6;
const PAUSE_FRAMES: usize = 18;
/// Level of a frame that is known to be a tone.
const TONE_DB: f32 = -119.0;
/// Steps of the level histogram: -120 to 0 dB.
const STEPS: usize = 121;

/// Levels heard, and what they say.
#[derive(Debug)]
pub struct Talk {
    vad: VadSettings,
    shortest_frames: usize,
    levels: Vec<f32>,
    /// Frames that were dropped from the front, and what was in them.
    dropped: usize,
    past: Past,
    tone_frames: u32,
}

#[derive(Clone, Copy, Debug)]
struct Noise {
    floor_db: f32,
    ceiling_db: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Past {
    first: Option<usize>,
    last: usize,
    last_loud: usize,
    speech: usize,
    loud: usize,
    words: u32,
    pauses: u32,
    longest_pause: usize,
    longest_word: usize,
    peak_db: Option<f32>,
}

impl Talk {
    pub fn new(settings: &GreetingSettings) -> Self {
        Self {
            vad: settings.vad.clone(),
            shortest_frames: (settings.shortest_speech_ms / FRAME_MS).max(1) as usize,
            levels: Vec::with_capacity(KEPT),
            dropped: 0,
            past: Past::default(),
            tone_frames: 0,
        }
    }

    /// Takes the level of 10 ms.
    pub fn push(&mut self, level_db: f32) {
        if self.levels.len() == KEPT {
            self.past = self.walk(DROPPED);
            self.levels.drain(..DROPPED);
            self.dropped += DROPPED;
        }
        self.levels.push(level_db);
    }

    /// The last frames, so many, were a tone and no speech.
    pub fn was_tone(&mut self, frames: usize) {
        let from = self.levels.len() - frames.min(self.levels.len());
        for level in &mut self.levels[from..] {
            if *level != TONE_DB {
                *level = TONE_DB;
                self.tone_frames += 1;
            }
        }
    }

    /// What has been said so far; `None` before the first word.
    pub fn features(&self) -> Option<Features> {
        let floor_db = self.noise().floor_db;
        let sum = self.walk(self.levels.len());
        let first = sum.first?;
        let ms = |frames: usize| (frames as u32 * FRAME_MS) as f32;
        let now = self.dropped + self.levels.len();
        let (level_db, spread_db) = self.loudness(floor_db, sum.peak_db);
        Some(Features {
            initial_silence_ms: ms(first),
            span_ms: ms(sum.last - first),
            speech_ms: ms(sum.speech),
            silence_ms: ms(now - sum.last),
            loud_ms: ms(sum.loud),
            since_loud_ms: ms(now - sum.last_loud),
            loud_span_ms: ms(sum.last_loud.saturating_sub(first)),
            words: sum.words as f32,
            pauses: sum.pauses as f32,
            longest_pause_ms: ms(sum.longest_pause),
            longest_word_ms: ms(sum.longest_word),
            level_db,
            spread_db,
            snr_db: level_db - floor_db,
            floor_db,
            tone_ms: (self.tone_frames * FRAME_MS) as f32,
            ..Features::default()
        })
    }

    /// The noise floor, and what noise does not rise above by chance.
    fn noise(&self) -> Noise {
        let recent = &self.levels[self.levels.len() - self.levels.len().min(FLOOR_FRAMES)..];
        let mut counts = [0u16; STEPS];
        let (mut heard, mut sum, mut squares) = (0u16, 0.0f32, 0.0f32);
        for level in recent.iter().filter(|level| **level != TONE_DB) {
            counts[(-level.clamp(-120.0, 0.0)) as usize] += 1;
            heard += 1;
            sum += level;
            squares += level * level;
        }
        // The level that a share of the frames stays below.
        let below = |share: f32| {
            let wanted = (f32::from(heard) * share) as u16 + 1;
            let mut below = 0;
            let step = (0..STEPS).rev().find(|step| {
                below += counts[*step];
                below >= wanted
            });
            step.map_or(-120.0, |step| -(step as f32))
        };
        let (quiet, middle) = (below(FLOOR_SHARE), below(MIDDLE_SHARE));
        let mean = sum / f32::from(heard.max(1));
        let variance = squares / f32::from(heard.max(1)) - mean * mean;
        let steady = heard >= 30 && variance < self.vad.steady_db * self.vad.steady_db;
        let floor_db = if steady || usize::from(heard) >= LEARNED_FRAMES {
            quiet
        } else {
            quiet.min(self.vad.floor_cap_db)
        };
        let swing = LEAST_SWING_DB + 2.0 * (middle - quiet);
        Noise {
            floor_db,
            ceiling_db: floor_db + swing.min(MOST_SWING_DB),
        }
    }

    /// The loudest 30 ms, as loud as its quietest 10.
    fn peak_db(&self) -> Option<f32> {
        let windows = self.levels.windows(3).map(|w| w[0].min(w[1]).min(w[2]));
        let now = windows.fold(f32::MIN, f32::max);
        Some(self.past.peak_db.map_or(now, |past| past.max(now))).filter(|peak| *peak > -119.0)
    }

    /// Cuts the first `count` kept frames into speech and pauses, after what is past.
    fn walk(&self, count: usize) -> Past {
        let mut sum = self.past;
        sum.peak_db = self.peak_db();
        let Some(peak) = sum.peak_db else {
            return sum;
        };
        let threshold = self.threshold(peak);
        let (mut word, mut gap, mut word_start, mut voiced) = (false, 0, 0, 0);
        for (n, level) in self.levels[..count].iter().enumerate() {
            let at = self.dropped + n;
            if *level > threshold {
                if !word {
                    (word, word_start, voiced) = (true, at, 0);
                }
                gap = 0;
                voiced += 1;
                if voiced == self.shortest_frames {
                    sum.begin_word(word_start);
                    sum.speech += voiced;
                    sum.loud += self.loud(word_start, at, peak, &mut sum.last_loud);
                } else if voiced > self.shortest_frames {
                    sum.speech += 1;
                    sum.loud += self.loud(at, at, peak, &mut sum.last_loud);
                }
                if voiced >= self.shortest_frames {
                    sum.last = at + 1;
                    sum.longest_word = sum.longest_word.max(at + 1 - word_start);
                }
            } else if word {
                gap += 1;
                word = gap < WORD_GAP_FRAMES;
            }
        }
        sum
    }

    fn loud(&self, from: usize, until: usize, peak: f32, last: &mut usize) -> usize {
        let mut count = 0;
        for at in from..=until {
            if self.levels[at - self.dropped] > peak - LOUD_DB {
                count += 1;
                *last = at + 1;
            }
        }
        count
    }

    /// Above it is speech: over the noise, not too far under the loudest.
    fn threshold(&self, peak: f32) -> f32 {
        let noise = self.noise();
        let (floor, ceiling) = (noise.floor_db, noise.ceiling_db);
        let over = floor + self.vad.above_floor_db;
        let least = self.vad.quietest_speech_db.max(peak - DEEPEST_DB);
        let most = if peak - floor >= LOUD_DB {
            (peak - LOUD_DB).max(ceiling)
        } else {
            over
        };
        over.clamp(least.min(most), most.max(least))
    }

    fn loudness(&self, floor: f32, peak: Option<f32>) -> (f32, f32) {
        let threshold = peak.map_or(floor, |peak| self.threshold(peak));
        let (mut count, mut sum, mut squares) = (0.0f32, 0.0, 0.0);
        for level in self.levels.iter().filter(|level| **level > threshold) {
            count += 1.0;
            sum += level;
            squares += level * level;
        }
        let mean = sum / count.max(1.0);
        (
            mean,
            (squares / count.max(1.0) - mean * mean).max(0.0).sqrt(),
        )
    }
}

impl Past {
    fn begin_word(&mut self, start: usize) {
        if self.first.is_none() {
            self.first = Some(start);
            self.last_loud = start;
        } else {
            let pause = start.saturating_sub(self.last);
            self.longest_pause = self.longest_pause.max(pause);
            self.pauses += u32::from(pause >= PAUSE_FRAMES);
        }
        self.words += 1;
    }
}
