//! What the node itself plays: music, ringing, announcements.

use super::media::Media;
use carillon_media::tap::Tap;
use carillon_media::tone::{Segment, Tone};
use carillon_media::{LegId, PlayOptions, Prompt, RelayError, Repeat};

/// Something played over and over while there is nobody to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filler {
    /// A prompt: hold.
    Music(String),
    /// The destination rings.
    Ringback,
}

/// Short tones that answer an agent's keys.
#[derive(Debug)]
pub(super) struct Signals {
    denied: Prompt,
    paused: Prompt,
    resumed: Prompt,
}

/// What a short tone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// The order was not obeyed: two low tones.
    Denied,
    /// The recording leaves out what follows: high, then low.
    Paused,
    /// The recording goes on: low, then high.
    Resumed,
}

impl Signals {
    pub(super) fn new() -> Self {
        let two = |first, second| {
            let tones = [
                Segment::single(first, 120),
                Segment::pause(60),
                Segment::single(second, 120),
            ];
            Prompt::tone(&Tone::new(tones).at_level(-20.0))
        };
        Self {
            denied: two(300.0, 300.0),
            paused: two(880.0, 520.0),
            resumed: two(520.0, 880.0),
        }
    }
}

/// Tag of fillers; announcements have tags of their own above.
const FILLER_TAG: u64 = 2;
const FIRST_OWN_TAG: u64 = 16;

impl Media {
    /// From now on a leg hears the sum of these.
    pub(super) fn hear(&self, leg: LegId, sources: &[LegId]) -> Result<(), RelayError> {
        self.relay.hear(leg, sources)
    }

    /// Tells all audio of a leg to a tap.
    pub(super) fn tap(&self, leg: LegId, tap: Tap) -> Result<(), RelayError> {
        self.relay.tap(leg, Some(tap))
    }

    /// Plays a filler until it is stopped.
    pub(super) fn fill(&self, leg: LegId, filler: &Filler) {
        let prompt = match filler {
            Filler::Music(name) => self.prompts.get(name),
            Filler::Ringback => Some(&self.ringback),
        };
        let Some(prompt) = prompt else {
            return tracing::error!(?filler, "a prompt that was never loaded");
        };
        let options = PlayOptions {
            repeat: Repeat::Forever,
            ..of_tag(FILLER_TAG)
        };
        if let Err(error) = self.relay.play(leg, prompt, options) {
            tracing::warn!(?filler, %error, code = error.code(), "not played");
        }
    }

    pub(super) fn stop_play(&self, leg: LegId) {
        // A leg that is gone plays nothing either.
        let _ = self.relay.stop_play(leg);
    }

    /// Plays a prompt once; gives the tag its end is told with, or `None` when it cannot be
    /// played.
    pub(super) fn announce(&mut self, leg: LegId, prompt: &str) -> Option<u64> {
        let Some(found) = self.prompts.get(prompt) else {
            tracing::error!(prompt, "a prompt that was never loaded");
            return None;
        };
        let tag = FIRST_OWN_TAG + self.announced;
        if let Err(error) = self.relay.play(leg, found, of_tag(tag)) {
            tracing::warn!(%error, code = error.code(), prompt, "announcement not played");
            return None;
        }
        self.announced += 1;
        Some(tag)
    }

    /// Tells an agent something by a short tone, mixed with what they hear.
    pub(super) fn signal(&self, agent: LegId, signal: Signal) {
        let tone = match signal {
            Signal::Denied => &self.signals.denied,
            Signal::Paused => &self.signals.paused,
            Signal::Resumed => &self.signals.resumed,
        };
        if let Err(error) = self.relay.play_under(agent, tone, of_tag(0)) {
            tracing::debug!(?signal, %error, "no tone");
        }
    }

    /// Plays a prompt once into what a leg hears.
    pub(super) fn announce_under(&self, leg: LegId, prompt: &str) {
        let Some(found) = self.prompts.get(prompt) else {
            return;
        };
        if let Err(error) = self.relay.play_under(leg, found, of_tag(0)) {
            tracing::warn!(%error, code = error.code(), prompt, "the agent does not hear it");
        }
    }
}

/// Played once, its end told with this tag.
fn of_tag(tag: u64) -> PlayOptions {
    PlayOptions {
        tag,
        ..PlayOptions::default()
    }
}
