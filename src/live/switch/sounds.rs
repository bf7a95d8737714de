//! What the node itself plays: music, ringing, announcements.

use super::media::Media;
use carillon_media::tap::Tap;
use carillon_media::{LegId, PlayOptions, RelayError, Repeat};

/// Something played over and over while there is nobody to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filler {
    /// A prompt: hold.
    Music(String),
    /// The destination rings.
    Ringback,
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
