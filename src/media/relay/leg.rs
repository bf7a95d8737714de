//! The half of a leg its thread owns: what arrives, what is done with it, and its deadlines.

mod arrivals;
mod commands;
mod one_way;
mod presses;
mod remote;
mod reports;
mod rest;
mod tapped;

pub use commands::{Ears, LegCommand, Listener, Source};

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::analysis::Analysis;
use super::control::Control;
use super::edge::{self, EdgeDecoder};
use super::events::{LegStats, MediaEvent};
use super::far_ear::FarEar;
use super::generator::{Events, Generator, Hears};
use super::mixer::Mixer;
use super::outgoing::{self, SharedOutgoing};
use super::ports::LegSocket;
use super::reception::{Reception, SourceLock};
use super::secure::Opener;
use super::tapping::{Ending, TapWriter};
use super::types::{DtmfPolicy, LegId, LegOptions, Remote};
use super::voice::SharedVoice;
use crate::dtmf::{self, Press};
use crate::inband::InbandDtmf;
use crate::tap::Tap;
use one_way::Unheard;
use remote::on_hold;
use rest::Rest;
use tapped::TAP_EVERY;

pub struct Leg {
    pub id: LegId,
    pub socket: Arc<LegSocket>,
    out: SharedOutgoing,
    options: LegOptions,
    remote: Option<Remote>,
    lock: SourceLock,
    reception: Reception,
    voice: SharedVoice,
    ears: Ears,
    mixer: Option<Box<Mixer>>,
    listeners: Vec<Listener>,
    generator: Generator,
    analysis: Analysis,
    keys: dtmf::Receiver,
    inband: Option<Box<InbandDtmf>>,
    /// When it was given audio last.
    inband_at: Option<Instant>,
    /// When the last packet of a key press came.
    event_at: Option<Instant>,
    /// For a codec that is not G.711.
    edge: Option<EdgeDecoder>,
    opener: Option<Opener>,
    control: Control,
    /// Where reports of the far end come from.
    control_from: Option<SocketAddr>,
    /// Since when packets are awaited, or when the last came.
    quiet_since: Option<Instant>,
    silent: bool,
    /// The far end has said that it is silent.
    rest: Option<Box<Rest>>,
    counts: LegStats,
    unheard: Option<Unheard>,
    /// What the far end says of what it hears.
    far_ear: FarEar,
    tapped: Option<Tap>,
    tap: Option<TapWriter>,
    tap_due: Option<Instant>,
    /// Taps that have ended, whose listeners are still to be told.
    pub endings: Vec<Ending>,
    /// The deadline set in the wheel.
    pub armed: Option<Instant>,
}

impl Leg {
    pub fn new(
        id: LegId,
        socket: Arc<LegSocket>,
        out: SharedOutgoing,
        voice: SharedVoice,
        control: Control,
        options: LegOptions,
    ) -> Self {
        Self {
            id,
            socket,
            out,
            lock: SourceLock::new(options.allow_relearn),
            options,
            remote: None,
            reception: Reception::default(),
            voice,
            ears: Ears::default(),
            mixer: None,
            listeners: Vec::new(),
            generator: Generator::default(),
            analysis: Analysis::default(),
            keys: dtmf::Receiver::default(),
            inband: None,
            inband_at: None,
            event_at: None,
            edge: None,
            opener: None,
            control,
            control_from: None,
            quiet_since: None,
            silent: false,
            rest: None,
            counts: LegStats::default(),
            unheard: None,
            far_ear: FarEar::default(),
            tapped: None,
            tap: None,
            tap_due: None,
            endings: Vec::new(),
            armed: None,
        }
    }

    /// Nobody is known at the far end yet: what arrives is left to wait at the socket.
    pub fn awaits_remote(&self) -> bool {
        self.remote.is_none()
    }

    fn pressed(&self, press: Press, events: Events) {
        let Press { digit, duration_ms } = press;
        events(MediaEvent::Dtmf {
            leg: self.id,
            digit,
            duration_ms,
        });
    }

    /// The next moment [`on_time`](Self::on_time) must be called.
    pub fn deadline(&self) -> Option<Instant> {
        [
            self.generator.deadline(),
            self.keys.deadline(),
            self.analysis.deadline(),
            self.silent_due(),
            self.control.due(),
            self.tap_due,
            self.one_way_due(),
            self.rest_due(),
            self.inband_due(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn silent_due(&self) -> Option<Instant> {
        let after = self.silence_borne().filter(|_| !self.silent)?;
        Some(self.quiet_since? + after)
    }

    /// Does what is due.
    pub fn on_time(&mut self, now: Instant, events: Events) {
        let hears = match &mut self.mixer {
            Some(mixer) => Hears::Mixed(mixer),
            None if self.ears.sources.is_empty() => Hears::Nothing,
            None => Hears::Direct,
        };
        let under = self.generator.plays_under();
        self.generator.run(now, self.id, hears, &self.out, events);
        if under && !self.generator.plays_under() {
            self.tune();
            self.generator.refresh(now, &self.out);
        }
        if self.control.due().is_some_and(|due| due <= now) {
            self.report(now);
        }
        if self.tap_due.is_some_and(|due| due <= now) {
            self.flush_taps();
            self.tap_due = Some(now + TAP_EVERY);
        }
        if self.rest_due().is_some_and(|due| due <= now) {
            self.rest_on(now);
        }
        if self.inband_due().is_some_and(|due| due <= now) {
            self.end_inband(now, events);
        }
        if let Some(press) = self.keys.poll(now) {
            self.pressed(press, events);
        }
        if self.one_way_due().is_some_and(|due| due <= now) {
            self.tell_one_way(now, events);
        }
        let leg = self.id;
        self.analysis
            .on_time(now, |event| events(MediaEvent::Greeting { leg, event }));
        if self.silent_due().is_some_and(|due| due <= now) {
            self.silent = true;
            let silent_for = self
                .quiet_since
                .map_or_else(Default::default, |at| now - at);
            events(MediaEvent::Silent { leg, silent_for });
        }
    }

    fn stats(&self, now: Instant) -> LegStats {
        let mut stats = self.counts.clone();
        stats.codec = self.remote.map(|remote| remote.codec);
        self.reception.report(&mut stats);
        self.voice.report(now, &mut stats);
        self.control.tell(&mut stats);
        outgoing::lock(&self.out).report(&mut stats);
        let announced = self.remote.filter(|r| !on_hold(r)).map(|r| r.address);
        stats.remote = self.lock.locked().or(announced);
        stats.locked = self.lock.locked().is_some();
        stats
    }
}
