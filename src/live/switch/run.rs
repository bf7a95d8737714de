//! The switch's thread: waits for messages, orders, audio news and timers, and settles the
//! endpoint after each.

use super::key_ear::KeyBy;
use super::{Notice, Party, Setup, Switch};
use crate::error::NodeError;
use crate::wire::{Arrival, Wire, WireSetup};
use carillon_decision::Command;
use carillon_media::MediaEvent;
use carillon_sip::{EndCause, Event, LegKey, Peer};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Messages taken in one turn before anything else gets its turn.
const MESSAGES_PER_TURN: usize = 64;
/// Orders or events taken in one turn.
const ITEMS_PER_TURN: usize = 256;
/// How soon news that found no room is offered again.
const NEWS_RETRY: Duration = Duration::from_millis(2);
/// How often the endpoint's figures are shown.
const FIGURES_EVERY: Duration = Duration::from_secs(1);
/// How often connections are told whether anybody needs them; far below the shortest idle time.
const HOLD_EVERY: Duration = Duration::from_secs(10);
/// How long the last messages may take to leave.
const FLUSH_WITHIN: Duration = Duration::from_millis(500);
/// Audio events that may wait for the switch; the relay keeps further ones itself.
const MEDIA_EVENTS_MAX: usize = 16_384;

/// What the thread listens to.
pub(crate) struct Ears {
    pub(crate) wire: WireSetup,
    pub(crate) orders: mpsc::Receiver<Command>,
    pub(crate) notices: mpsc::Receiver<Notice>,
    pub(crate) media: crossbeam_channel::Receiver<MediaEvent>,
    /// Called when the switch fails: without signalling the node is of no use.
    pub(crate) on_failure: Box<dyn FnOnce() + Send>,
}

/// Starts the switch on a thread of its own.
pub(crate) fn spawn(setup: Setup, ears: Ears) -> Result<std::thread::JoinHandle<()>, NodeError> {
    let failed = |source| NodeError::Start {
        what: "the switch",
        source,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let (forward, media) = mpsc::channel(MEDIA_EVENTS_MAX);
    let events = ears.media;
    // The relay hands its news to a blocking queue; the switch waits for many things at once.
    std::thread::Builder::new()
        .name("carillon-audio-news".to_owned())
        .spawn(move || {
            while let Ok(event) = events.recv() {
                if forward.blocking_send(event).is_err() {
                    break;
                }
            }
        })
        .map_err(failed)?;
    let (wire, orders, notices) = (ears.wire, ears.orders, ears.notices);
    let on_failure = ears.on_failure;
    std::thread::Builder::new()
        .name("carillon-switch".to_owned())
        .spawn(move || {
            let switched = catch_unwind(AssertUnwindSafe(|| {
                runtime.block_on(async move {
                    let wire = Wire::start(wire)?;
                    Switch::new(setup, wire).run(orders, notices, media).await;
                    Ok::<(), std::io::Error>(())
                })
            }));
            if !matches!(switched, Ok(Ok(()))) {
                tracing::error!(
                    "SIGNALLING HAS FAILED: the node stops, so that it can be started anew"
                );
                on_failure();
            }
        })
        .map_err(failed)
}

impl Switch {
    async fn run(
        mut self,
        mut orders: mpsc::Receiver<Command>,
        mut notices: mpsc::Receiver<Notice>,
        mut media: mpsc::Receiver<MediaEvent>,
    ) {
        let mut buffer = vec![0_u8; 65_536];
        let start = self.clock.instant();
        self.start_health(start);
        self.settle(start);
        while !self.quit {
            let wake = tokio::time::Instant::from_std(self.wake_at());
            tokio::select! {
                arrival = self.wire.next(&mut buffer) => self.arrivals(arrival, &mut buffer),
                Some(order) = orders.recv() => {
                    self.orders(order, &mut orders);
                }
                Some(notice) = notices.recv() => {
                    let now = self.clock.instant();
                    self.notice(now, notice);
                    self.settle(now);
                }
                Some(event) = media.recv() => self.media_events(event, &mut media),
                () = tokio::time::sleep_until(wake) => {}
            }
            self.run_timers();
        }
        self.wire.close(FLUSH_WITHIN).await;
        self.media.stop();
    }

    fn arrivals(&mut self, first: Arrival, buffer: &mut [u8]) {
        let mut next = Some(first);
        for _ in 0..MESSAGES_PER_TURN {
            let Some(arrival) = next else {
                return;
            };
            self.arrived(arrival, buffer);
            next = self.wire.try_next(buffer);
        }
        if let Some(arrival) = next {
            self.arrived(arrival, buffer);
        }
    }

    fn arrived(&mut self, arrival: Arrival, buffer: &[u8]) {
        let now = self.clock.instant();
        match arrival {
            Arrival::Datagram(from, length) => self.receive(now, from.into(), &buffer[..length]),
            Arrival::Message(from, bytes) => self.receive(now, from, &bytes),
            Arrival::Lost(lost) => self.line_lost(now, &lost),
            Arrival::Open(peer) => self.line_open(peer),
        }
        self.settle(now);
    }

    fn receive(&mut self, now: Instant, from: Peer, bytes: &[u8]) {
        self.ladders.note(false, from, bytes);
        self.endpoint.receive(now, from, bytes);
    }

    fn orders(&mut self, first: Command, orders: &mut mpsc::Receiver<Command>) {
        let mut next = Some(first);
        for _ in 0..ITEMS_PER_TURN {
            let Some(order) = next else {
                return;
            };
            let now = self.clock.instant();
            self.command(now, order);
            self.settle(now);
            next = orders.try_recv().ok();
        }
        if let Some(order) = next {
            self.command(self.clock.instant(), order);
            self.settle(self.clock.instant());
        }
    }

    fn media_events(&mut self, first: MediaEvent, media: &mut mpsc::Receiver<MediaEvent>) {
        let mut next = Some(first);
        for _ in 0..ITEMS_PER_TURN {
            let Some(event) = next else {
                return;
            };
            let now = self.clock.instant();
            self.media_event(now, event);
            self.settle(now);
            next = media.try_recv().ok();
        }
        if let Some(event) = next {
            self.media_event(self.clock.instant(), event);
            self.settle(self.clock.instant());
        }
    }

    fn run_timers(&mut self) {
        let now = self.clock.instant();
        if now >= self.figures_at {
            self.figures_at = now + FIGURES_EVERY;
            self.vitals
                .set_sip(self.endpoint.counters(), self.endpoint.held());
            self.vitals.datagrams_unsent.add(self.wire.take_dropped());
        }
        if now >= self.hold_at {
            self.hold_at = now + HOLD_EVERY;
            self.wire.hold(self.endpoint.streams_needed());
        }
        self.wire.tick(now);
        if self.endpoint.next_timeout().is_some_and(|at| at <= now) {
            self.endpoint.handle_timeout(now);
        }
        while let Some(&(at, timer)) = self.timers.first().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, timer));
            self.timer(now, timer);
        }
        self.settle(now);
    }

    fn wake_at(&self) -> Instant {
        let now = self.clock.instant();
        let retry = (!self.news.is_empty()).then(|| now + NEWS_RETRY);
        let own = self.timers.first().map(|(at, _)| *at);
        let sip = self.endpoint.next_timeout();
        let far = now + Duration::from_secs(1);
        [retry, own, sip]
            .into_iter()
            .flatten()
            .fold(far, Instant::min)
    }

    /// Drains the endpoint: every message to the wire, every event to its handler, until neither
    /// makes the other.
    fn settle(&mut self, now: Instant) {
        loop {
            let mut quiet = true;
            while let Some(transmit) = self.endpoint.poll_transmit() {
                self.ladders.note(true, transmit.to, &transmit.bytes);
                self.wire.send(transmit);
                quiet = false;
            }
            while let Some(event) = self.endpoint.poll_event() {
                self.sip_event(now, event);
                quiet = false;
            }
            if quiet {
                break;
            }
        }
        self.news.flush();
    }

    fn sip_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Provisional {
                call, code, sdp, ..
            } => match self.by_key.get(&call).copied() {
                Some(Party::Call(call)) => self.call_provisional(call, code, sdp),
                Some(Party::Test(test)) => self.test_provisional(test, code),
                Some(Party::Agent(_)) | None => {}
            },
            Event::Answered {
                call,
                leg,
                nth,
                sdp,
                ..
            } => self.answered(now, call, leg, nth, sdp),
            Event::Failed(failure) => self.failed(now, &failure),
            Event::Ended { leg, cause, .. } => self.leg_ended(now, leg, cause),
            Event::Incoming(call) => self.incoming(now, *call),
            Event::IncomingCancelled { leg, .. } => {
                // The caller gave up.
                self.leg_ended(now, leg, EndCause::RemoteBye);
            }
            Event::Acked {
                leg,
                sdp: Some(answer),
            } => self.remote_changed(now, leg, None, &answer),
            Event::MediaChanged { leg, remote, local } => {
                self.remote_changed(now, leg, Some(&local), &remote);
                self.session_agreed(now, leg, Ok(()));
            }
            Event::ReofferFailed { leg, code } => {
                self.session_agreed(now, leg, Err(format!("it answered {code}")));
            }
            Event::Dtmf { leg, digit, .. } => match self.by_leg.get(&leg).copied() {
                Some(Party::Call(call)) => self.call_key(now, call, digit, KeyBy::Info),
                Some(Party::Agent(agent)) => self.agent_key(now, agent, digit, KeyBy::Info),
                Some(Party::Test(_)) | None => {}
            },
            Event::ReferRequested(request) => self.refer_requested(now, &request),
            Event::OptionsReply {
                key,
                code,
                timed_out,
            } => self.options_reply(key, code, timed_out),
            Event::Registered {
                key, service_route, ..
            } => self.registered(key, service_route),
            Event::RegistrationFailed {
                key,
                code,
                phrase,
                timed_out,
                ..
            } => self.registration_failed(now, key, (code, &phrase), timed_out),
            Event::BindingsChanged { user, bindings } => {
                tracing::info!(user, phones = bindings.len(), "registrations changed");
            }
            _ => {}
        }
    }

    fn answered(
        &mut self,
        now: Instant,
        key: carillon_sip::CallKey,
        leg: LegKey,
        nth: u32,
        sdp: carillon_sip::SessionDescription,
    ) {
        match self.by_key.get(&key).copied() {
            Some(Party::Call(call)) => self.call_answered(now, call, leg, nth, sdp),
            Some(Party::Agent(agent)) => self.agent_answered(now, agent, leg, nth, sdp),
            Some(Party::Test(test)) => self.test_answered(now, test, leg, &sdp),
            None => self.endpoint.bye(now, leg, Some(super::pending::normal())),
        }
        self.answered_while_stopping(now, key, leg);
    }

    fn failed(&mut self, now: Instant, failure: &carillon_sip::Failure) {
        match self.by_key.remove(&failure.call) {
            Some(Party::Call(call)) => self.call_failed(now, call, failure),
            Some(Party::Agent(agent)) => {
                let why = format!("{} {}", failure.code, failure.phrase);
                self.agent_line_gone(now, agent, &why);
            }
            Some(Party::Test(test)) => self.test_failed(test, failure),
            None => {}
        }
        self.confirm_key(failure.call);
    }

    fn leg_ended(&mut self, now: Instant, leg: LegKey, cause: EndCause) {
        match self.by_leg.remove(&leg) {
            Some(Party::Call(call)) => self.call_ended(call),
            Some(Party::Agent(agent)) => self.agent_hung_up(now, agent, cause),
            Some(Party::Test(test)) => self.test_ended(test, cause),
            None => {
                self.pending_gone(leg);
            }
        }
        self.confirm_leg(leg);
    }

    /// A change of the session that we may have asked for: the test of a trunk waits for it.
    fn session_agreed(&mut self, now: Instant, leg: LegKey, result: Result<(), String>) {
        if let Some(Party::Test(test)) = self.by_leg.get(&leg).copied() {
            self.test_held(now, test, result);
        }
    }

    /// The far end of a leg moved its audio, put us on hold or took us off it.
    fn remote_changed(
        &mut self,
        now: Instant,
        leg: LegKey,
        ours: Option<&carillon_sip::SessionDescription>,
        sdp: &carillon_sip::SessionDescription,
    ) {
        let audio = match self.by_leg.get(&leg) {
            Some(Party::Call(call)) => self.calls.get(call).and_then(|l| l.audio()),
            Some(Party::Agent(agent)) => {
                self.agents.get(agent).and_then(|a| a.media).map(|m| m.leg)
            }
            Some(Party::Test(_)) | None => None,
        };
        if let Some(audio) = audio {
            if let Some(ours) = ours {
                self.media.says(audio, ours);
            }
            if let Err(error) = self.media.set_remote(audio, sdp) {
                return self.no_audio(now, leg, &error);
            }
        }
        if let Some(&Party::Agent(agent)) = self.by_leg.get(&leg) {
            self.phone_holds(agent, sdp.audio().is_some_and(|a| a.held));
        }
    }

    /// A leg whose audio cannot go on: whoever is on it hears nothing any more.
    fn no_audio(&mut self, now: Instant, leg: LegKey, error: &str) {
        match self.by_leg.get(&leg).copied() {
            Some(Party::Call(call)) => {
                tracing::warn!(%call, error, "no audio with the far end: the call is ended");
                self.hang_up(now, call);
            }
            Some(Party::Agent(agent)) => {
                tracing::warn!(%agent, error, "no audio with the agent's phone: its line is ended");
                self.drop_agent_line(now, agent);
            }
            Some(Party::Test(_)) | None => {}
        }
    }

    fn media_event(&mut self, now: Instant, event: MediaEvent) {
        let Some(party) = self.by_media.get(&event.leg()).copied() else {
            return;
        };
        match (party, event) {
            (Party::Call(call), MediaEvent::Greeting { event, .. }) => {
                self.greeting(now, call, event)
            }
            (Party::Call(call), MediaEvent::Dtmf { digit, .. }) => {
                self.call_key(now, call, digit, KeyBy::Media);
            }
            (Party::Call(call), MediaEvent::PlayEnded { tag, completed, .. }) => {
                self.call_play_ended(now, call, tag, completed);
            }
            (Party::Agent(agent), MediaEvent::Dtmf { digit, .. }) => {
                self.agent_key(now, agent, digit, KeyBy::Media);
            }
            (Party::Agent(agent), MediaEvent::Silent { .. }) => self.agent_silent(now, agent),
            (party, event @ MediaEvent::OneWay { .. }) => self.one_way(party, &event),
            _ => {}
        }
    }
}
