//! All that is no speech, out of one stream of spectra.

use super::bursts::Bursts;
use super::cadence::Cadences;
use super::equipment::{Beep, Equipment, Heard};
use super::event::Signal;
use super::music::Music;
use super::plans::{Progress, TonePlan};
use super::sit::Sit;
use super::spectrum::Frame;

/// A tone this many frames old may be one; a voice is not as pure for as long.
const MAYBE_FRAMES: usize = 3;
/// Frames before a tone is recognised that its edge has spoiled.
const EDGE_FRAMES: usize = 4;
/// Music hides until two seconds of it were heard; a machine's verdict waits for it so long.
const MUSIC_MS: f32 = 2_600.0;
const MUSIC_SHARE: f32 = 0.35;

/// A sound that was recognised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sound {
    Beep(Beep),
    Signal(Signal),
}

/// Every detector of tones, fed together.
#[derive(Debug)]
pub struct Tones {
    bursts: Bursts,
    sit: Sit,
    cadences: Cadences,
    equipment: Equipment,
    music: Music,
    /// The tone that sounds has been named.
    named: bool,
}

impl Tones {
    pub fn new(plan: TonePlan) -> Self {
        Self {
            bursts: Bursts::default(),
            sit: Sit::default(),
            cadences: Cadences::new(plan),
            equipment: Equipment::default(),
            music: Music::default(),
            named: false,
        }
    }

    /// Takes a frame. Gives what was recognised, and how many of the last frames were a tone.
    pub fn push(&mut self, frame: &Frame, at_ms: u32, spoken: bool) -> ([Option<Sound>; 3], usize) {
        let change = self.bursts.push(frame);
        let mut heard = [None; 3];
        if let Some(burst) = &change.ended {
            self.sit.ended(burst);
            heard[0] = self.cadences.ended(burst).map(progress);
            let sequence = self.sit.expects(at_ms);
            if change.by_tone || self.named {
                self.equipment.forget();
            } else {
                heard[1] = self.equipment.ended(burst, spoken, sequence).map(sound);
            }
            self.named = false;
        } else if let Some(burst) = self.bursts.sounding() {
            if let Some(kind) = self.sit.sounding(&burst) {
                self.named = true;
                self.equipment.forget();
                heard[0] = Some(Sound::Signal(Signal::Sit(kind)));
            }
            if let Some(equipment) = self.equipment.sounding(&burst, spoken) {
                self.named = true;
                heard[1] = Some(sound(equipment));
            }
        } else {
            heard[1] = self.equipment.quiet(at_ms).map(sound);
            if !spoken {
                heard[0] = self.cadences.quiet(at_ms).map(progress);
            }
        }
        if self.music.push(frame) && !self.bursts.is_even() {
            heard[2] = Some(Sound::Signal(Signal::Music));
        }
        let tone = if self.bursts.is_even() {
            self.bursts.frames() + EDGE_FRAMES
        } else {
            0
        };
        (heard, tone)
    }

    /// True while something sounds that may be a tone.
    pub fn is_tone(&self) -> bool {
        self.bursts.frames() >= MAYBE_FRAMES
    }

    /// True while a tone that has ended may turn out to be a beep.
    pub fn may_be_beep(&self) -> bool {
        self.equipment.is_unsure()
    }

    /// True while what sounds like endless speech may turn out to be music.
    pub fn may_be_music(&self, span_ms: f32) -> bool {
        span_ms < MUSIC_MS && self.music.held_share() > MUSIC_SHARE
    }
}

fn sound(heard: Heard) -> Sound {
    match heard {
        Heard::Beep(beep) => Sound::Beep(beep),
        Heard::Signal(signal) => Sound::Signal(signal),
    }
}

fn progress(progress: Progress) -> Sound {
    Sound::Signal(match progress {
        Progress::Ringback => Signal::Ringback,
        Progress::Busy => Signal::Busy,
        Progress::Congestion => Signal::Congestion,
    })
}
