//! What is heard on a line: whether there is sound, whether it is an agent, and how loud.

use crate::tones::{AGENTS_HZ, CALLEES_HZ};
use crate::voice::FRAME;
use carillon_media::meter::{Meter, power, to_db, tone_power};
use std::time::Instant;
use tokio::sync::oneshot;

/// Louder than this is sound; the silence of a line is digital.
const SOUND_DB: f32 = -50.0;
/// This share of the power at one tone is that tone and no speech.
const TONE_SHARE: f32 = 0.7;
/// Frames of one tone in a row that make an agent: 80 ms, longer than speech ever holds one
/// frequency to a hertz.
const TONE_FRAMES: u32 = 4;
/// Requests for a measurement that may wait on one line.
const WAITING_MAX: usize = 64;

/// What was heard in 100 ms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// Level of everything, dB relative to a full-scale sine.
    pub level_db: f32,
    /// (Hz, level) of every tone of the other side ([`crate::tones`]), dB.
    pub tones: Vec<(f32, f32)>,
}

impl Heard {
    /// Level at one of the tones, dB; the floor (-120 dB) for any other.
    pub fn tone_db(&self, hz: f32) -> f32 {
        let found = self.tones.iter().find(|(known, _)| *known == hz);
        found.map_or(carillon_media::meter::FLOOR_DB, |(_, level)| *level)
    }
}

/// Whose voice an ear waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hears {
    /// A callee's ear.
    Agents,
    /// An agent's ear.
    Callees,
}

/// The ear of one line. Time is media time: what was never sent was not heard.
#[derive(Debug)]
pub(crate) struct Ear {
    hears: Hears,
    rest: Vec<i16>,
    /// Sound in a row, ms.
    pub(crate) sound_ms: u32,
    /// Silence in a row, ms.
    pub(crate) quiet_ms: u32,
    /// When the last sound came in.
    pub(crate) last_sound: Option<Instant>,
    /// When an agent was first heard.
    pub(crate) agent_since: Option<Instant>,
    streak: (usize, u32),
    meter: Option<Meter>,
    waiting: Vec<oneshot::Sender<Heard>>,
}

impl Ear {
    pub(crate) fn new(hears: Hears) -> Self {
        Self {
            hears,
            rest: Vec::with_capacity(FRAME * 4),
            sound_ms: 0,
            quiet_ms: 0,
            last_sound: None,
            agent_since: None,
            streak: (0, 0),
            meter: None,
            waiting: Vec::new(),
        }
    }

    /// Takes samples as they come.
    pub(crate) fn push(&mut self, now: Instant, samples: &[i16]) {
        self.measure(samples);
        self.rest.extend_from_slice(samples);
        let mut rest = std::mem::take(&mut self.rest);
        let mut frames = rest.chunks_exact(FRAME);
        for frame in &mut frames {
            self.frame(now, frame);
        }
        let taken = rest.len() - frames.remainder().len();
        rest.drain(..taken);
        self.rest = rest;
    }

    fn frame(&mut self, now: Instant, frame: &[i16]) {
        let power = power(frame);
        if to_db(power) < SOUND_DB {
            self.quiet_ms = self.quiet_ms.saturating_add(20);
            (self.sound_ms, self.streak) = (0, (0, 0));
            return;
        }
        self.sound_ms = self.sound_ms.saturating_add(20);
        self.quiet_ms = 0;
        self.last_sound = Some(now);
        if self.hears == Hears::Agents && self.agent_since.is_none() {
            self.seek_agent(now, frame, power);
        }
    }

    fn seek_agent(&mut self, now: Instant, frame: &[i16], power: f32) {
        let is_tone = |&(_, hz): &(usize, f32)| tone_power(frame, hz) > TONE_SHARE * power;
        let found = AGENTS_HZ.into_iter().enumerate().find(is_tone);
        self.streak = match found {
            Some((place, _)) if place == self.streak.0 => (place, self.streak.1 + 1),
            Some((place, _)) => (place, 1),
            None => (0, 0),
        };
        if self.streak.1 >= TONE_FRAMES {
            self.agent_since = Some(now);
        }
    }

    /// Answers with the next whole 100 ms.
    pub(crate) fn ask(&mut self, reply: oneshot::Sender<Heard>) {
        // A dropped reply tells the asker that too many ask.
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push(reply);
        }
    }

    fn measure(&mut self, samples: &[i16]) {
        if self.waiting.is_empty() {
            self.meter = None;
            return;
        }
        let tones = match self.hears {
            Hears::Agents => &AGENTS_HZ,
            Hears::Callees => &CALLEES_HZ,
        };
        let meter = self.meter.get_or_insert_with(|| Meter::new(tones));
        meter.push(samples);
        if meter.blocks() == 0 {
            return;
        }
        let heard = Heard {
            level_db: meter.level_db(),
            tones: meter.tones(),
        };
        self.meter = None;
        for reply in self.waiting.drain(..) {
            // Who asked may have gone.
            let _ = reply.send(heard.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tones;
    use carillon_media::{Law, prompts};

    fn heard_as_agent(samples: &[i16], law: Law) -> Option<usize> {
        let now = Instant::now();
        let mut ear = Ear::new(Hears::Agents);
        for (place, packet) in samples.chunks(FRAME).enumerate() {
            let coded: Vec<i16> = packet.iter().map(|s| law.decode(law.encode(*s))).collect();
            ear.push(now, &coded);
            if ear.agent_since.is_some() {
                return Some(place);
            }
        }
        None
    }

    #[test]
    fn no_message_is_taken_for_an_agent_and_every_agent_is_heard_at_once() {
        for law in [Law::Pcmu, Law::Pcma] {
            // What dialers play to people; voicemail's beeps are said, never heard, here.
            for name in ["abandon", "goodbye", "inbound-closed", "welcome-agent"] {
                let prompt = prompts::builtin(name).unwrap();
                assert_eq!(heard_as_agent(prompt.samples(), law), None, "{name}");
            }
            for place in 0..tones::COUNT {
                let tone = tones::looped(tones::of_agent(place));
                let voice = [tone.samples(), tone.samples()].concat();
                assert_eq!(heard_as_agent(&voice, law), Some(3), "{place}");
            }
        }
    }

    #[test]
    fn sound_and_silence_are_counted_in_media_time() {
        let mut ear = Ear::new(Hears::Callees);
        let now = Instant::now();
        // Packets of 30 ms: frames cross them.
        for _ in 0..4 {
            ear.push(now, &[4000; 240]);
        }
        assert_eq!(
            (ear.sound_ms, ear.quiet_ms, ear.last_sound),
            (120, 0, Some(now))
        );
        ear.push(now, &[0; 480]);
        assert_eq!((ear.sound_ms, ear.quiet_ms), (0, 60));
    }

    #[test]
    fn who_asks_gets_the_next_whole_block() {
        let mut ear = Ear::new(Hears::Callees);
        let tone = tones::looped(tones::of_call(3));
        let (reply, mut answer) = oneshot::channel();
        ear.push(Instant::now(), &[0; 400]);
        ear.ask(reply);
        ear.push(Instant::now(), &tone.samples()[..720]);
        assert!(answer.try_recv().is_err());
        ear.push(Instant::now(), &tone.samples()[720..]);
        let heard = answer.try_recv().unwrap();
        assert!(
            (heard.tone_db(tones::of_call(3)) - tones::LEVEL_DB).abs() < 0.3,
            "{heard:?}"
        );
        assert!(heard.tone_db(tones::of_call(4)) < -50.0);
    }
}
