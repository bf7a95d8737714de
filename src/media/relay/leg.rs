//! The half of a leg its thread owns: what arrives, what is done with it, and its deadlines.

mod presses;
mod reports;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::analysis::Analysis;
use super::control::Control;
use super::edge::{self, EdgeDecoder};
use super::events::{DeadWay, LegStats, Levels, MediaEvent};
use super::generator::{Events, Generator, Hears};
use super::mixer::Mixer;
use super::outgoing::{self, MAX_PAYLOAD, SharedOutgoing, Target};
use super::ports::LegSocket;
use super::reception::{Admission, Reception, SourceLock};
use super::secure::Opener;
use super::tapping::{Ending, TapWriter};
use super::types::{DtmfPolicy, LegId, LegOptions, PlayOptions, Remote};
use super::voice::SharedVoice;
use crate::codec::Codec;
use crate::dtmf::{self, Press};
use crate::g711::Law;
use crate::greeting::GreetingSettings;
use crate::inband::InbandDtmf;
use crate::rtcp;
use crate::rtp::{self, Header, Packet};
use crate::tap::{CHUNK_MS, Tap, Way};

/// Nothing a tap has gathered waits for longer.
const TAP_EVERY: Duration = Duration::from_millis(CHUNK_MS as u64);

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
    counts: LegStats,
    unheard: Option<Unheard>,
    tapped: Option<Tap>,
    tap: Option<TapWriter>,
    tap_due: Option<Instant>,
    /// Taps that have ended, whose listeners are still to be told.
    pub endings: Vec<Ending>,
    /// The deadline set in the wheel.
    pub armed: Option<Instant>,
}

/// Since when a far end that may send has not been heard, and the counts at that time.
#[derive(Clone, Copy, Debug)]
struct Unheard {
    since: Instant,
    sent: u64,
    strangers: u64,
}

/// Fewer packets than this say nothing about the way back.
const FEW_SENT: u64 = 10;

/// What a payload type means on this leg.
enum Kind {
    Audio(Law),
    /// In the leg's codec, which is not G.711.
    Coded,
    Event,
    ComfortNoise,
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
            event_at: None,
            edge: None,
            opener: None,
            control,
            control_from: None,
            quiet_since: None,
            silent: false,
            counts: LegStats::default(),
            unheard: None,
            tapped: None,
            tap: None,
            tap_due: None,
            endings: Vec::new(),
            armed: None,
        }
    }

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
            LegCommand::WatchInband(on) => self.inband = on.then(Box::default),
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
    fn tune(&mut self) {
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

    fn set_tap(&mut self, now: Instant, tap: Option<Tap>) {
        self.end_tap(now);
        let writer = |way| tap.clone().map(|tap| TapWriter::new(tap, way));
        outgoing::lock(&self.out).set_tap(writer(Way::Sent));
        self.tap = writer(Way::Received);
        self.tapped = tap;
        self.tap_due = self.tapped.as_ref().map(|_| now + TAP_EVERY);
    }

    /// Hands over what the tap has gathered, and its end. For the thread to deliver:
    /// [`endings`](Self::endings).
    pub fn end_tap(&mut self, now: Instant) {
        self.flush_taps();
        outgoing::lock(&self.out).set_tap(None);
        (self.tap, self.tap_due) = (None, None);
        if let Some(tap) = self.tapped.take() {
            self.endings.push(Ending::new(tap, now));
        }
    }

    fn flush_taps(&mut self) {
        if let Some(tap) = &mut self.tap {
            tap.flush();
            outgoing::lock(&self.out).flush_tap();
        }
    }

    fn set_remote(&mut self, now: Instant, remote: Remote) {
        let moved = !on_hold(&remote) && self.lock.announce(remote.address);
        if !remote.receive {
            self.unheard = None;
        } else if moved {
            self.unheard = Some(self.unheard_from(now));
        }
        if remote.receive {
            self.quiet_since.get_or_insert(now);
        } else {
            self.quiet_since = None;
            self.silent = false;
        }
        self.remote = Some(remote);
        self.set_codec(remote.codec);
        Opener::follow(&mut self.opener, remote.keys.as_ref());
        let ticks = 8 * remote.codec.ticks_per_sample();
        let reports = !on_hold(&remote);
        self.control.start(now, reports.then_some(f64::from(ticks)));
        self.aim();
        self.tune();
    }

    fn set_codec(&mut self, codec: Codec) {
        let decoder = self.edge.take().filter(|edge| edge.codec() == codec);
        self.edge = match codec.law() {
            Some(_) => None,
            None => Some(decoder.unwrap_or_else(|| EdgeDecoder::new(codec))),
        };
    }

    fn unheard_from(&self, now: Instant) -> Unheard {
        Unheard {
            since: now,
            sent: outgoing::lock(&self.out).packets(),
            strangers: self.counts.strangers,
        }
    }

    /// When to look whether audio goes one way only.
    fn one_way_due(&self) -> Option<Instant> {
        Some(self.unheard.as_ref()?.since + self.options.one_way_after?)
    }

    /// We are to be answered by now, if we have sent anything all the while.
    fn tell_one_way(&mut self, now: Instant, events: Events) {
        let Some(unheard) = self.unheard.take() else {
            return;
        };
        let sent = outgoing::lock(&self.out).packets() - unheard.sent;
        if sent < FEW_SENT {
            // Nothing was said to which anything could be answered: look again later.
            self.unheard = Some(self.unheard_from(now));
            return;
        }
        events(MediaEvent::OneWay {
            leg: self.id,
            dead: DeadWay::FromFarEnd,
            since: now - unheard.since,
            sent,
            strangers: self.counts.strangers - unheard.strangers,
        });
    }

    /// Points the sending half at where the far end is now.
    fn aim(&mut self) {
        let remote = self.remote.filter(|remote| remote.send && !on_hold(remote));
        let target = remote.map(|remote| Target {
            address: self.lock.locked().unwrap_or(remote.address),
            law: remote.codec.law().unwrap_or(edge::INNER),
            codec: remote.codec,
            opus: remote.opus,
            payload_type: remote.payload_type,
            dtmf_payload_type: remote.dtmf_payload_type,
            dtmf_clock_hz: remote.dtmf_clock_hz,
            rtcp: remote.rtcp,
            rtcp_mux: remote.rtcp_mux,
            keys: remote.keys,
        });
        self.generator.set_remote(remote.as_ref());
        outgoing::lock(&self.out).set_target(target);
    }

    /// Nobody is known at the far end yet: what arrives is left to wait at the socket.
    pub fn awaits_remote(&self) -> bool {
        self.remote.is_none()
    }

    /// Takes a datagram that arrived on the leg's port.
    pub fn receive(
        &mut self,
        now: Instant,
        datagram: &mut [u8],
        source: SocketAddr,
        scratch: &mut [i16],
        events: Events,
    ) {
        let Some(remote) = self.remote else {
            self.counts.strangers += 1;
            return;
        };
        if rtcp::is_rtcp(datagram) {
            return self.receive_control(now, datagram, source, true);
        }
        // Before anyone looks at it: what is not authentic is nobody's.
        let Some(datagram) = self.open(datagram) else {
            return;
        };
        let packet = Packet::parse(datagram)
            .ok()
            .filter(|p| p.payload.len() <= MAX_PAYLOAD);
        let kind = packet.and_then(|p| Some((p, kind_of(&remote, p.header.payload_type)?)));
        let Some((packet, kind)) = kind else {
            self.counts.invalid += 1;
            return;
        };
        match self.lock.admit(now, source, &packet.header) {
            Admission::Known => {}
            Admission::Probation => return,
            Admission::Stranger => {
                self.counts.strangers += 1;
                return;
            }
            Admission::Locked => {
                self.aim();
                self.generator.refresh(now, &self.out);
                events(MediaEvent::FirstPacket {
                    leg: self.id,
                    source,
                });
            }
        }
        let packet = Packet {
            header: match &mut self.edge {
                Some(edge) => edge.header(&packet.header),
                None => packet.header,
            },
            ..packet
        };
        if !self.reception.count(now, &packet.header) {
            return;
        }
        self.counts.packets_in += 1;
        self.counts.bytes_in += datagram.len() as u64;
        self.counts.last_received_at = Some(now);
        if remote.receive {
            self.alive(now, events);
            self.hear(now, &packet, &kind, scratch, events);
        }
    }

    fn alive(&mut self, now: Instant, events: Events) {
        self.quiet_since = Some(now);
        self.unheard = None;
        if std::mem::take(&mut self.silent) {
            events(MediaEvent::Resumed { leg: self.id });
        }
    }

    fn hear(
        &mut self,
        now: Instant,
        packet: &Packet<'_>,
        kind: &Kind,
        scratch: &mut [i16],
        events: Events,
    ) {
        match kind {
            Kind::Audio(law) if !packet.payload.is_empty() => {
                self.audio(now, *law, &packet.header, packet.payload, scratch, events);
            }
            Kind::Coded => {
                let Some(mut edge) = self.edge.take() else {
                    return;
                };
                edge.decode(&packet.header, packet.payload, |head, octets| {
                    self.audio(now, edge::INNER, head, octets, scratch, events);
                });
                self.edge = Some(edge);
            }
            Kind::Event => self.event(now, packet, events),
            Kind::Audio(_) | Kind::ComfortNoise => self.skip(&packet.header),
        }
    }

    /// Takes a piece of audio as G.711.
    fn audio(
        &mut self,
        now: Instant,
        law: Law,
        head: &Header,
        payload: &[u8],
        scratch: &mut [i16],
        events: Events,
    ) {
        // The far side first: nobody waits for our analysis.
        for listener in &self.listeners {
            let mut out = outgoing::lock(&listener.out);
            out.forward_audio(now, self.id, law, head, payload);
        }
        self.voice.push(now, head, law, payload);
        if let Some(tap) = &mut self.tap {
            tap.audio(now, law, head, payload);
        }
        if self.inband.is_none() && !self.analysis.is_active() {
            return;
        }
        let count = law.decode_into(payload, scratch);
        let leg = self.id;
        self.analysis.push(now, &scratch[..count], |event| {
            events(MediaEvent::Greeting { leg, event });
        });
        self.listen_inband(now, &scratch[..count], events);
    }

    fn skip(&self, header: &Header) {
        self.voice.skip(header);
        for listener in &self.listeners {
            outgoing::lock(&listener.out).skip(self.id, header);
        }
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
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn silent_due(&self) -> Option<Instant> {
        let after = self.options.silent_after.filter(|_| !self.silent)?;
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

/// The old way to say hold (RFC 3264 section 8.4): no address to send to.
fn on_hold(remote: &Remote) -> bool {
    remote.address.ip().is_unspecified() || remote.address.port() == 0
}

/// Both static G.711 types are taken even when the other was agreed on: gateways mix them up, and
/// nothing else can be meant.
fn kind_of(remote: &Remote, payload_type: u8) -> Option<Kind> {
    if payload_type == remote.payload_type {
        return Some(remote.codec.law().map_or(Kind::Coded, Kind::Audio));
    }
    if Some(payload_type) == remote.dtmf_payload_type {
        return Some(Kind::Event);
    }
    if payload_type == rtp::PAYLOAD_TYPE_COMFORT_NOISE {
        return Some(Kind::ComfortNoise);
    }
    Law::from_payload_type(payload_type).map(Kind::Audio)
}
