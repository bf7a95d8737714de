//! What a leg's thread is told, and what it makes of it.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::Sender;

use super::super::types::PlayOptions;
use super::super::voice::SharedVoice;
use super::{Events, Leg, LegId, LegStats, Remote, SharedOutgoing, outgoing};
use crate::greeting::GreetingSettings;
use crate::relay::events::Levels;
use crate::tap::Tap;

/// What a leg's thread is told.
pub enum LegCommand {
    Remote(Remote),
    Hear(Ears),
    HeardBy(Vec<Listener>),
    Tap(Option<Tap>),
    Play(Arc<[i16]>, PlayOptions),
    PlayUnder(Arc<[i16]>, PlayOptions),
    StopPlay,
    FillSilence(bool),
    WatchGreeting(Option<Box<GreetingSettings>>),
    WatchInband(bool),
    Meter(Vec<f32>),
    Levels(Sender<Levels>),
    SendDtmf(String),
    Stats(Sender<LegStats>),
    Close,
}

/// What a leg hears besides what is played to it.
#[derive(Debug, Default)]
pub struct Ears {
    pub sources: Vec<Source>,
    /// Decoded and added up; otherwise the one source is passed on packet by packet.
    pub mixed: bool,
}

impl Ears {
    /// Whose packets are passed on, and whose are mixed.
    pub fn sources(&self, mixed: bool) -> (Option<LegId>, Vec<LegId>) {
        let mut legs = self.sources.iter().map(|source| source.leg);
        if mixed {
            (None, legs.collect())
        } else {
            (legs.next(), Vec::new())
        }
    }
}

/// A leg that is heard.
#[derive(Debug)]
pub struct Source {
    pub leg: LegId,
    pub voice: SharedVoice,
}

/// A leg that hears this one: where this leg's packets go.
#[derive(Debug)]
pub struct Listener {
    pub out: SharedOutgoing,
}

impl Leg {
    /// Carries out a command (`Close` is the thread's own business).
    pub fn command(&mut self, now: Instant, command: LegCommand, events: Events) {
        match command {
            LegCommand::Remote(remote) => self.set_remote(now, remote),
            LegCommand::Hear(ears) => {
                self.ears = ears;
                self.tune();
            }
            LegCommand::HeardBy(listeners) => self.listeners = listeners,
            LegCommand::Tap(tap) => self.set_tap(now, tap),
            LegCommand::Play(samples, options) => {
                self.generator
                    .play(self.id, samples, options, false, events);
                self.tune();
            }
            LegCommand::PlayUnder(samples, options) => {
                self.generator.play(self.id, samples, options, true, events);
                self.tune();
            }
            LegCommand::StopPlay => {
                self.generator.stop_play(self.id, events);
                self.tune();
            }
            LegCommand::FillSilence(on) => self.generator.set_fill(on),
            LegCommand::WatchGreeting(settings) => self.analysis.watch(now, settings.map(|s| *s)),
            LegCommand::WatchInband(on) => self.watch_inband(on),
            LegCommand::Meter(frequencies) => self.analysis.meter(&frequencies),
            LegCommand::SendDtmf(digits) => self.generator.send_dtmf(self.id, &digits, events),
            // Who asked may have given up; nothing is lost with the answer.
            LegCommand::Levels(reply) => drop(reply.send(self.analysis.levels())),
            LegCommand::Stats(reply) => drop(reply.send(self.stats(now))),
            LegCommand::Close => {}
        }
        self.generator.refresh(now, &self.out);
    }

    /// Arranges for what the leg hears to reach it: passed on, or mixed. A prompt under a
    /// conversation of two needs mixing while it lasts.
    pub(super) fn tune(&mut self) {
        let under = self.generator.plays_under() && !self.ears.sources.is_empty();
        // A codec with frames and memory hears one source as a mix of one.
        let coded = self.edge.is_some() && !self.ears.sources.is_empty();
        let mixes = self.ears.mixed || under || coded;
        let (direct, mixed) = self.ears.sources(mixes);
        outgoing::lock(&self.out).set_sources(direct, mixed);
        self.generator.set_mixing(mixes);
        match &mut self.mixer {
            Some(mixer) if mixes => mixer.set_voices(self.ears.sources.iter().map(|s| &s.voice)),
            None if mixes => {
                let mixer = self.mixer.insert(Box::default());
                mixer.set_voices(self.ears.sources.iter().map(|s| &s.voice));
            }
            _ => self.mixer = None,
        }
    }
}
