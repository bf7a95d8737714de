//! Music: sound without a breath whose pitches stand still, step by step.

use super::spectrum::{Frame, frames};

/// Sound judged at a time, and its parts.
const WINDOW: usize = frames(2_000);
const PART: usize = WINDOW / 5;
/// How far back a pitch is compared: beyond the overlap of two spectra.
const BACK: usize = 4;
/// Quieter than this, or this far below the loudest, is a pause.
const QUIETEST_DB: f32 = -45.0;
const DEEPEST_DB: f32 = 22.0;
/// Share of the window that must be sound, and share that must hold its pitch.
const SOUNDING: f32 = 0.92;
const HELD: f32 = 0.5;
/// Parts of the window in which the pitch must move: a voice over hum moves in fewer.
const MOVING_PARTS: usize = 4;
/// Share of the strongest pitch: more is a lone tone, less is noise.
const LEAST: f32 = 0.15;
const MOST: f32 = 0.85;

/// Semitones told apart: five octaves above 100 Hz.
const TONES: usize = 60;
/// One pitch with more than this share of what is held is no tune.
const DRONE: f32 = 0.6;

#[derive(Clone, Copy, Debug)]
struct Moment {
    hz: [f32; 2],
    level_db: f32,
    holds: bool,
    moves: bool,
}

const NOTHING: Moment = Moment {
    hz: [0.0; 2],
    level_db: -120.0,
    holds: false,
    moves: false,
};

/// Follows pitches for two seconds.
#[derive(Debug)]
pub struct Music {
    /// The last frames; `next` is the place to write.
    ring: Vec<Moment>,
    next: usize,
    filled: bool,
    held_share: f32,
}

impl Default for Music {
    fn default() -> Self {
        Self {
            ring: vec![NOTHING; WINDOW],
            next: 0,
            filled: false,
            held_share: 0.0,
        }
    }
}

impl Music {
    /// Takes a frame; true when the last two seconds were music.
    pub fn push(&mut self, frame: &Frame) -> bool {
        let before = self.ring[(self.next + WINDOW - BACK) % WINDOW].hz;
        let sounds = frame.level_db > QUIETEST_DB;
        // Of notes as loud as each other, now the one leads and now the other.
        let near = before
            .iter()
            .any(|hz| (frame.top.hz - hz).abs() < (hz * 0.012).max(4.0));
        self.ring[self.next] = Moment {
            hz: [frame.top.hz, frame.second.hz],
            level_db: frame.level_db,
            holds: sounds && near && (LEAST..MOST).contains(&frame.top.share),
            moves: sounds && !near,
        };
        self.next = (self.next + 1) % WINDOW;
        self.filled |= self.next == 0;
        // Looked at ten times a second.
        if !self.next.is_multiple_of(10) {
            return false;
        }
        self.judge()
    }

    fn judge(&mut self) -> bool {
        let loudest = self.ring.iter().map(|m| m.level_db).fold(-120.0, f32::max);
        let least = QUIETEST_DB.max(loudest - DEEPEST_DB);
        let share = |of: fn(&&Moment) -> bool| {
            let heard = self.ring.iter().filter(|m| m.level_db > least);
            heard.filter(of).count() as f32 / WINDOW as f32
        };
        let moving = self
            .ring
            .chunks(PART)
            .filter(|part| part.iter().any(|m| m.moves));
        let moving = moving.count();
        let (sounding, held) = (share(|_| true), share(|m| m.holds));
        // Before the window is full, its empty parts do not move.
        let known = if self.filled { MOVING_PARTS } else { 2 };
        self.held_share = if moving >= known { held } else { 0.0 };
        let tune = self.filled && moving >= MOVING_PARTS && sounding >= SOUNDING && held >= HELD;
        tune && !self.drones()
    }

    /// True when most of what was held is one and the same pitch: hum under a voice.
    fn drones(&self) -> bool {
        let mut tones = [0usize; TONES];
        for moment in self.ring.iter().filter(|m| m.holds) {
            let step = (12.0 * (moment.hz[0].max(1.0) / 100.0).log2()).round();
            tones[(step as isize).rem_euclid(TONES as isize) as usize] += 1;
        }
        let all: usize = tones.iter().sum();
        tones.iter().any(|count| *count as f32 > DRONE * all as f32)
    }

    /// Share of the last two seconds that held a pitch among others.
    pub fn held_share(&self) -> f32 {
        self.held_share
    }
}
