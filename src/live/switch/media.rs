//! The relay as the switch uses it: legs, remotes from SDP, prompts.

use super::audio::{self, AudioRules};
use super::sounds::Signals;
use crate::error::NodeError;
use carillon_media::{
    DtmfPolicy, GreetingSettings, LegId, LegOptions, LegPort, PlayOptions, Prompt, Relay,
    RelayError, prompts, tone::Tone,
};
use carillon_sip::{SessionDescription, SipError};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// An agent's phone that sends nothing for this long is gone. Phones must not suppress
/// silence (`docs/OPERATING.md`); one that says that it is silent is given longer by the relay.
const AGENT_SILENT_AFTER: Duration = Duration::from_secs(5);

/// Prompts by the names campaigns use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prompts(BTreeMap<String, Prompt>);

impl Prompts {
    /// Reads every prompt of every campaign, once.
    pub(crate) fn load<'a>(
        wanted: impl Iterator<Item = (&'a str, Option<&'a Path>)>,
    ) -> Result<Self, NodeError> {
        let mut all = BTreeMap::new();
        for (name, file) in wanted {
            let prompt = match file {
                Some(path) => {
                    Prompt::from_wav(path).map_err(|e| NodeError::Media(e.to_string()))?
                }
                None => prompts::builtin(name).ok_or_else(|| NodeError::Name {
                    what: "prompt",
                    name: name.to_owned(),
                    remedy: format!("name a WAV file, or one of {}", prompts::NAMES.join(", ")),
                })?,
            };
            all.insert(name.to_owned(), prompt);
        }
        Ok(Self(all))
    }

    /// The prompt of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Prompt> {
        self.0.get(name)
    }
}

pub(super) struct Media {
    pub(super) relay: Relay,
    pub(super) prompts: Prompts,
    zip: Prompt,
    /// Heard by an agent whose order was not obeyed, and when a recording pauses or goes on.
    pub(super) signals: Signals,
    /// Heard by who waits for a destination that rings silently.
    pub(super) ringback: Prompt,
    sessions: u64,
    /// What we said last on each leg, offer or answer.
    said: BTreeMap<LegId, SessionDescription>,
    /// Announcements so far.
    pub(super) announced: u64,
}

impl Media {
    pub(super) fn new(relay: Relay, prompts: Prompts) -> Self {
        Self {
            relay,
            prompts,
            zip: Prompt::tone(&Tone::zip()),
            signals: Signals::new(),
            ringback: Prompt::tone(&Tone::ringback()),
            sessions: 0,
            said: BTreeMap::new(),
            announced: 0,
        }
    }

    /// A number for `o=`, unique on this host within a run.
    pub(super) fn session(&mut self) -> u64 {
        self.sessions += 1;
        self.sessions
    }

    pub(super) fn open_call(&self) -> Result<LegPort, RelayError> {
        self.relay.open_leg(LegOptions {
            // The carrier's BYE ends a call; silence on it does not.
            silent_after: None,
            ..LegOptions::default()
        })
    }

    pub(super) fn open_agent(&self) -> Result<LegPort, RelayError> {
        let port = self.relay.open_leg(LegOptions {
            allow_relearn: true,
            silent_after: Some(AGENT_SILENT_AFTER),
            dtmf: DtmfPolicy::Absorb,
            ..LegOptions::default()
        })?;
        self.relay.fill_silence(port.leg, true)?;
        Ok(port)
    }

    pub(super) fn close(&mut self, leg: LegId) {
        self.said.remove(&leg);
        if let Err(error) = self.relay.close(leg) {
            tracing::debug!(%leg, %error, "leg was closed already");
        }
    }

    /// An offer for a leg, by the rules of its side.
    pub(super) fn offer(&mut self, port: LegPort, rules: &AudioRules) -> SessionDescription {
        let offer = rules.offer(port.address, self.session());
        self.said.insert(port.leg, offer.clone());
        offer
    }

    /// An answer for a leg, by the rules of its side.
    pub(super) fn answer(
        &mut self,
        port: LegPort,
        rules: &AudioRules,
        theirs: &SessionDescription,
    ) -> Result<SessionDescription, SipError> {
        let spec = rules.spec(port.address, self.session());
        let answer = SessionDescription::answer(theirs, &spec)?;
        self.said.insert(port.leg, answer.clone());
        Ok(answer)
    }

    /// Takes what was said on another leg for what was said on this one.
    pub(super) fn says_as(&mut self, leg: LegId, other: Option<LegId>) {
        if let Some(said) = other.and_then(|other| self.said.get(&other)).cloned() {
            self.said.insert(leg, said);
        }
    }

    /// What the dialog says for us on a leg from now on.
    pub(super) fn says(&mut self, leg: LegId, ours: &SessionDescription) {
        self.said.insert(leg, ours.clone());
    }

    /// Points a leg where the far end's SDP says, with the codec and keys both named.
    ///
    /// # Errors
    /// Says why the two do not go together: the call has no audio then.
    pub(super) fn set_remote(&self, leg: LegId, sdp: &SessionDescription) -> Result<(), String> {
        let ours = self.said.get(&leg).ok_or("nothing was offered")?;
        let remote = audio::remote(ours, sdp).map_err(|e| e.to_string())?;
        // Keys come in packets of their own where both named them, else as tones. Listening for
        // both would only add what sounds like a key.
        let tones = remote.dtmf_payload_type.is_none();
        self.relay
            .set_remote(leg, remote)
            .and_then(|()| self.relay.watch_inband_dtmf(leg, tones))
            .map_err(|e| e.to_string())
    }

    pub(super) fn watch(&self, leg: LegId, settings: GreetingSettings) -> Result<(), RelayError> {
        self.relay.watch_greeting(leg, settings)
    }

    pub(super) fn stop_watch(&self, leg: LegId) {
        // A leg that is gone listens to nothing either.
        let _ = self.relay.stop_greeting(leg);
    }

    pub(super) fn bridge(&self, call: LegId, agent: LegId) -> Result<(), RelayError> {
        self.relay.bridge(call, agent)
    }

    pub(super) fn unbridge(&self, leg: LegId) {
        let _ = self.relay.unbridge(leg);
    }

    /// The short tone that tells an agent a person is on the line.
    pub(super) fn zip(&self, agent: LegId) {
        if let Err(error) = self.relay.play(agent, &self.zip, PlayOptions::default()) {
            tracing::warn!(%error, code = error.code(), "no zip tone");
        }
    }

    /// Plays a prompt; false when it cannot be.
    pub(super) fn play(&self, leg: LegId, prompt: &str) -> bool {
        let Some(found) = self.prompts.0.get(prompt) else {
            tracing::error!(prompt, "a prompt that was never loaded");
            return false;
        };
        match self.relay.play(
            leg,
            found,
            PlayOptions {
                tag: MESSAGE_TAG,
                ..PlayOptions::default()
            },
        ) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, code = error.code(), prompt, "prompt not played");
                false
            }
        }
    }

    /// Presses keys towards the far end.
    pub(super) fn press(&self, leg: LegId, digits: &str) -> Result<(), RelayError> {
        self.relay.send_dtmf(leg, digits)
    }

    /// Packets the far end sent so far.
    pub(super) fn packets_in(&self, leg: LegId) -> u64 {
        self.relay.stats(leg).map_or(0, |stats| stats.packets_in)
    }

    pub(super) fn stop(&self) {
        self.relay.stop();
    }
}

/// Tag of messages to callers, so that a zip tone's end is not taken for a message's.
pub(super) const MESSAGE_TAG: u64 = 1;
