//! What a far end says and hears.

use super::{Line, Peer, instant};
use crate::support::PATIENCE;
use carillon_media::PlayOptions;
use std::time::Duration;

impl Peer {
    /// Says a built-in prompt into a line, once.
    pub fn say(&self, line: Line, prompt: &str) {
        let prompt = carillon_media::prompts::builtin(prompt).expect("a built-in prompt");
        self.relay
            .play(line.audio, &prompt, PlayOptions::default())
            .expect("the leg is open");
    }

    /// Presses keys on a line.
    pub fn press(&self, line: Line, keys: &str) {
        self.relay
            .send_dtmf(line.audio, keys)
            .expect("the leg is open");
    }

    /// Goes dead in mid-call: no more audio, no goodbye.
    pub fn drop_audio(&self, line: Line) {
        self.relay.close(line.audio).expect("the leg is open");
    }

    /// Measures these tones on a line from now on, in place of the usual ones.
    pub fn listen_for(&self, line: Line, tones_hz: &[f32]) {
        self.relay
            .meter(line.audio, tones_hz)
            .expect("the leg is open");
    }

    /// Level of a tone heard on a line in the last 100 ms, dB to full scale.
    pub fn hears(&self, line: Line, hz: f32) -> f32 {
        let levels = self.relay.levels(line.audio).expect("the leg is open");
        let found = levels.tones.iter().find(|(f, _)| (f - hz).abs() < 1.0);
        found.map_or(f32::NEG_INFINITY, |(_, db)| *db)
    }

    /// Waits until a line hears a tone well above everything quiet.
    pub fn wait_to_hear(&self, line: Line, hz: f32) {
        let until = instant() + PATIENCE;
        while self.hears(line, hz) < -25.0 {
            assert!(
                instant() < until,
                "{hz} Hz never arrived: {} dB",
                self.hears(line, hz)
            );
            // A measurement is a tenth of a second of audio: there is no event to wait for.
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Waits until a line hears something, whatever it is: music, ringing.
    pub fn wait_for_sound(&self, line: Line) {
        let until = instant() + PATIENCE;
        let level = || {
            self.relay
                .levels(line.audio)
                .expect("the leg is open")
                .level_db
        };
        while level() < -40.0 {
            assert!(instant() < until, "silence: {} dB", level());
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Waits until so much more has been heard on a line, counted by what arrives.
    pub fn hears_for(&self, line: Line, ms: u64) {
        let blocks = || {
            self.relay
                .levels(line.audio)
                .expect("the leg is open")
                .blocks
        };
        let (until, enough) = (instant() + PATIENCE, blocks() + ms / 100);
        while blocks() < enough {
            assert!(instant() < until, "the line fell silent");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Waits until a line no longer hears a tone.
    pub fn wait_for_quiet(&self, line: Line, hz: f32) {
        let until = instant() + PATIENCE;
        while self.hears(line, hz) > -50.0 {
            assert!(
                instant() < until,
                "{hz} Hz never ended: {} dB",
                self.hears(line, hz)
            );
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}
