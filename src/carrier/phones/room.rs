//! All phones, turned by the driver.

use super::desk::{Change, Desk, Doing};
use super::{Login, PhonesOptions, PhonesStats};
use crate::driver::{Io, Party};
use crate::ear::Heard;
use carillon_sip::{
    CallKey, Credentials, Event, IncomingCall, Invite, LegKey, Reason, Register, RequestKey,
    SessionDescription,
};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// A lost line is asked for again after this long.
const LOGIN_AGAIN: Duration = Duration::from_secs(2);
/// A stop waits this long for the dialer to confirm.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// What a handle asks for.
#[derive(Debug)]
pub(super) enum Order {
    Listen {
        agent: usize,
        reply: oneshot::Sender<Heard>,
    },
    Press {
        agent: usize,
        keys: String,
    },
    Unplug {
        agent: usize,
    },
    Stop {
        reply: oneshot::Sender<PhonesStats>,
    },
}

/// All phones.
pub(super) struct Room {
    options: PhonesOptions,
    desks: Vec<Desk>,
    stats: PhonesStats,
    shown: watch::Sender<PhonesStats>,
    stop_by: Option<Instant>,
}

impl Room {
    pub(super) fn new(options: PhonesOptions, shown: watch::Sender<PhonesStats>) -> Self {
        let desks = options
            .users
            .iter()
            .enumerate()
            .map(|(place, user)| Desk::new(user.clone(), place));
        Self {
            desks: desks.collect(),
            options,
            stats: PhonesStats::default(),
            shown,
            stop_by: None,
        }
    }

    fn register(&mut self, now: Instant, place: usize, io: &mut Io) {
        let user = &self.desks[place].user;
        let wish = Register {
            registrar: format!("sip:{}", self.options.realm),
            aor: format!("sip:{}@{}", user.name, self.options.realm),
            contact_user: user.name.clone(),
            expires: self.options.expires,
            credentials: Some(credentials(user)),
            next_hop: self.options.registrar.into(),
        };
        match io.sip.register(now, wish) {
            Ok(key) => self.desks[place].registration = Some(key),
            Err(error) => {
                tracing::error!(user = user.name, %error, code = error.code(), "cannot register");
                self.stats.registrations_failed += 1;
            }
        }
    }

    fn log_in(&mut self, now: Instant, place: usize, io: &mut Io) {
        let (Login::Calls(callee), desk) = (&self.options.login, &mut self.desks[place]) else {
            return;
        };
        desk.login_at = None;
        if desk.call.is_some() || desk.leg.is_some() || desk.unplugged || self.stop_by.is_some() {
            return;
        }
        let uri = format!("sip:{callee}@{}", self.options.realm);
        let invite = Invite {
            request_uri: uri.clone(),
            next_hop: self.options.registrar.into(),
            from: format!("sip:{}@{}", desk.user.name, self.options.realm),
            display: String::new(),
            to: uri,
            contact_user: desk.user.name.clone(),
            body: io.lines.offer(),
            headers: Vec::new(),
            credentials: Some(credentials(&desk.user)),
            session: Default::default(),
        };
        match io.sip.invite(now, invite) {
            Ok(key) => desk.call = Some(key),
            Err(error) => {
                tracing::error!(user = desk.user.name, %error, code = error.code(), "cannot log in");
                desk.login_at = Some(now + LOGIN_AGAIN);
            }
        }
    }

    fn place_of(&self, fits: impl Fn(&Desk) -> bool) -> Option<usize> {
        self.desks.iter().position(fits)
    }

    fn registered(&mut self, now: Instant, key: RequestKey, stands: bool, io: &mut Io) {
        let Some(place) = self.place_of(|d| d.registration == Some(key)) else {
            return;
        };
        let first = stands && !self.desks[place].registered;
        self.desks[place].registered = stands;
        self.stats.registrations_failed += u64::from(!stands && self.stop_by.is_none());
        if first {
            self.log_in(now, place, io);
        }
    }

    /// The dialer calls a phone: it picks up at once.
    fn called(&mut self, now: Instant, call: IncomingCall, io: &mut Io) {
        let place = self.place_of(|d| d.user.name == call.to_user && !d.unplugged);
        let Some(place) = place.filter(|_| self.stop_by.is_none()) else {
            let _ = io.sip.reject(now, call.leg, 404, "", &[]);
            return;
        };
        if self.desks[place].leg.is_some() {
            let _ = io.sip.reject(now, call.leg, 486, "", &[]);
            return;
        }
        let accepted = call.sdp.as_ref().map(|offer| io.lines.accept(offer));
        let Some(Ok((line, answer))) = accepted else {
            let _ = io.sip.reject(now, call.leg, 488, "", &[]);
            return;
        };
        let _ = io.sip.ring(now, call.leg, 180, None);
        match io.sip.answer(now, call.leg, &answer) {
            Ok(()) => self.connected(place, call.leg, line, io),
            Err(_) => io.lines.close(line),
        }
    }

    fn logged_in(
        &mut self,
        now: Instant,
        key: CallKey,
        leg: LegKey,
        sdp: &SessionDescription,
        io: &mut Io,
    ) {
        let Some(place) = self.place_of(|d| d.call == Some(key) && d.leg.is_none()) else {
            // A second answer, or one nobody waits for.
            return io.sip.bye(now, leg, Some(normal()));
        };
        self.desks[place].call = None;
        match io.lines.answered(sdp) {
            Ok(line) => self.connected(place, leg, line, io),
            Err(_) => io.sip.bye(now, leg, Some(normal())),
        }
    }

    fn connected(&mut self, place: usize, leg: LegKey, line: crate::lines::LineId, io: &mut Io) {
        let desk = &mut self.desks[place];
        (desk.leg, desk.line, desk.doing) = (Some(leg), Some(line), Doing::Listening);
        press(io, desk, &self.options.ready_keys);
    }

    /// The line is gone, or the login call failed.
    fn lost(&mut self, now: Instant, place: usize, io: &mut Io) {
        let desk = &mut self.desks[place];
        (desk.call, desk.leg) = (None, None);
        if let Some(line) = desk.line.take() {
            io.lines.close(line);
        }
        desk.doing = Doing::Listening;
        if self.stop_by.is_none() && !desk.unplugged {
            self.stats.lines_lost += 1;
            desk.login_at = Some(now + LOGIN_AGAIN);
        }
    }

    fn listen(&mut self, now: Instant, place: usize, io: &mut Io) {
        let desk = &mut self.desks[place];
        let Some(line) = desk.line.and_then(|id| io.lines.get_mut(id)) else {
            return;
        };
        match desk.listen(now, line) {
            Change::Began => self.stats.conversations += 1,
            Change::Over(at) => {
                let wrap_s = self.options.law.wrap_s(self.options.seed, self.stats.wraps);
                self.stats.wraps += 1;
                desk.wrap_up(at, Duration::from_secs_f64(wrap_s.clamp(0.0, 86_400.0)));
            }
            Change::Ready => press(io, desk, &self.options.ready_keys),
            Change::None | Change::Resumed => {}
        }
    }

    fn unplug(&mut self, place: usize, io: &mut Io) {
        let Some(desk) = self.desks.get_mut(place) else {
            return;
        };
        desk.unplugged = true;
        desk.registered = false;
        if let Some(line) = desk.line.take() {
            io.lines.close(line);
        }
    }

    fn stop(&mut self, now: Instant, io: &mut Io) {
        self.stop_by = Some(now + STOP_WITHIN);
        for desk in &mut self.desks {
            if let Some(call) = desk.call {
                io.sip.cancel(now, call, Some(normal()));
            }
            if let Some(leg) = desk.leg {
                io.sip.bye(now, leg, Some(normal()));
            }
            if let Some(key) = desk.registration.filter(|_| desk.registered) {
                io.sip.unregister(now, key);
            }
        }
    }
}

impl Party for Room {
    type Order = Order;

    fn start(&mut self, now: Instant, io: &mut Io) {
        for place in 0..self.desks.len() {
            self.register(now, place, io);
        }
    }

    fn event(&mut self, now: Instant, event: Event, io: &mut Io) {
        match event {
            Event::Registered { key, .. } => self.registered(now, key, true, io),
            Event::Unregistered { key } => {
                if let Some(place) = self.place_of(|d| d.registration == Some(key)) {
                    self.desks[place].registered = false;
                }
            }
            Event::RegistrationFailed { key, code, .. } => {
                tracing::warn!(code, "a phone's registration failed");
                self.registered(now, key, false, io);
            }
            Event::Incoming(call) => self.called(now, *call, io),
            Event::Answered { call, leg, sdp, .. } => self.logged_in(now, call, leg, &sdp, io),
            Event::Failed(failure) => {
                if let Some(place) = self.place_of(|d| d.call == Some(failure.call)) {
                    tracing::warn!(
                        code = failure.code,
                        phrase = failure.phrase,
                        "a phone's login call failed"
                    );
                    self.lost(now, place, io);
                }
            }
            Event::Ended { leg, .. } | Event::IncomingCancelled { leg, .. } => {
                if let Some(place) = self.place_of(|d| d.leg == Some(leg)) {
                    self.lost(now, place, io);
                }
            }
            _ => {}
        }
    }

    fn order(&mut self, now: Instant, order: Order, io: &mut Io) {
        match order {
            Order::Listen { agent, reply } => {
                let line = self.desks.get(agent).and_then(|d| d.line);
                if let Some(line) = line.and_then(|id| io.lines.get_mut(id)) {
                    line.ear.ask(reply);
                }
            }
            Order::Press { agent, keys } => {
                if let Some(desk) = self.desks.get(agent) {
                    press(io, desk, &keys);
                }
            }
            Order::Unplug { agent } => self.unplug(agent, io),
            Order::Stop { reply } => {
                self.publish(io);
                // Who asked may have gone.
                let _ = reply.send(self.stats.clone());
                self.stop(now, io);
            }
        }
    }

    fn tick(&mut self, now: Instant, io: &mut Io) {
        for place in 0..self.desks.len() {
            self.listen(now, place, io);
            if self.desks[place].login_at.is_some_and(|at| at <= now) {
                self.log_in(now, place, io);
            }
        }
    }

    fn publish(&mut self, _io: &Io) {
        let count = |fits: fn(&Desk) -> bool| self.desks.iter().filter(|d| fits(d)).count();
        self.stats.registered = count(|d| d.registered);
        self.stats.lines_up = count(|d| d.line.is_some());
        self.stats.talking = count(|d| d.doing == Doing::Talking);
        let stats = &self.stats;
        self.shown.send_if_modified(|shown| {
            let changed = shown != stats;
            if changed {
                shown.clone_from(stats);
            }
            changed
        });
    }

    fn is_over(&self, now: Instant, _io: &Io) -> bool {
        let quiet = |d: &Desk| d.leg.is_none() && d.call.is_none() && !d.registered;
        self.stop_by
            .is_some_and(|by| by <= now || self.desks.iter().all(|d| d.unplugged || quiet(d)))
    }
}

fn press(io: &mut Io, desk: &Desk, keys: &str) {
    if let Some(line) = desk.line.and_then(|id| io.lines.get_mut(id))
        && let Err(bad) = line.keys.queue(keys)
    {
        tracing::warn!(key = %bad, "no telephone has this key");
    }
}

fn credentials(user: &super::PhoneUser) -> Credentials {
    Credentials {
        username: user.name.clone(),
        password: user.password.clone(),
    }
}

fn normal() -> Reason {
    Reason::q850(16, "Normal call clearing")
}
