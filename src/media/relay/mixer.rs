//! What a leg hears when it hears several: their voices, added up for one frame.

use std::time::Instant;

use super::voice::{SharedVoice, Voice, VoiceReader};
use crate::mix::{self, Limiter};

/// Longest frame: 60 ms.
pub const MAX_FRAME: usize = 60 * crate::SAMPLES_PER_MS as usize;

/// The voices of one listener.
#[derive(Debug)]
pub struct Mixer {
    voices: Vec<VoiceReader>,
    limiter: Limiter,
    sum: [i32; MAX_FRAME],
}

impl Default for Mixer {
    fn default() -> Self {
        Self {
            voices: Vec::new(),
            limiter: Limiter::default(),
            sum: [0; MAX_FRAME],
        }
    }
}

impl Mixer {
    /// Reads these voices from now on; those it read already go on without a break.
    pub fn set_voices<'a>(&mut self, wanted: impl Iterator<Item = &'a SharedVoice>) {
        let mut before = std::mem::take(&mut self.voices);
        for voice in wanted {
            let known = before.iter().position(|reader| reader.reads(voice));
            let reader =
                known.map_or_else(|| Voice::attach(voice), |index| before.swap_remove(index));
            self.voices.push(reader);
        }
    }

    /// Adds up what belongs at `at` and after it.
    pub fn mix(&mut self, at: Instant, frame: &mut [i16], under: Option<&[i16]>) {
        let sum = &mut self.sum[..frame.len()];
        sum.fill(0);
        for voice in &mut self.voices {
            if voice.read(at, frame) {
                mix::add(sum, frame);
            }
        }
        if let Some(under) = under {
            mix::add(sum, under);
        }
        self.limiter.apply(sum, frame);
    }
}
