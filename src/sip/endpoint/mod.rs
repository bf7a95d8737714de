//! The façade: one user agent over one local address.
//!
//! Code map: `client` and `server` run transactions; `call` and `answer` outgoing INVITEs;
//! `redirect` and `delayed_offer` their turns; `access`, `extensions`, `incoming` and `replaces`
//! requests from outside; `leg`, `in_dialog` and `dialog_request` dialogs; `reliable`, `reoffer`,
//! `session_timer`, `refer` and `referral` what runs within them; `request` and
//! `registration` our OPTIONS and REGISTER; `serve` theirs; `sources`, `guesses` and `authenticate`
//! who is heard.

mod access;
mod aged;
mod agenda;
mod answer;
mod api;
mod authenticate;
mod call;
mod client;
mod delayed_offer;
mod dialog_request;
mod extensions;
mod guesses;
mod in_dialog;
mod incoming;
mod leg;
mod locals;
mod place;
mod redirect;
mod refer;
mod referral;
mod register_answer;
mod registration;
mod reliable;
mod reoffer;
mod replaces;
mod request;
mod serve;
mod server;
mod session;
mod session_timer;
mod sources;
mod streams;
mod stub;

pub use api::{Counters, Held, Invite, Outbound, Register, Started, Transmit};

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use agenda::{Agenda, ClientId, Target};
use call::Call;
use client::ClientTx;
use guesses::Guesses;
use leg::Leg;
use locals::Locals;
use request::Outgoing;
use server::ServerTx;
use sources::Sources;
use streams::DeafToTcp;

use crate::config::{EndpointConfig, Policy, User};
use crate::dialog::DialogId;
use crate::event::{Binding, CallKey, Event, LegKey, RequestKey};
use crate::message::{self, Bounds};
use crate::peer::Peer;
use crate::registrar::Registrar;
use crate::token::Tokens;

/// One user agent over one local address: UAC, UAS and registrar.
///
/// One owner drives it. Spread load by Call-ID hash over several endpoints.
pub struct Endpoint {
    config: EndpointConfig,
    tokens: Tokens,
    counters: Counters,
    out: VecDeque<Transmit>,
    events: VecDeque<Event>,
    agenda: Agenda,
    sources: Sources,
    guesses: Guesses,
    deaf: DeafToTcp,
    registrar: Option<Registrar>,
    clients: BTreeMap<ClientId, ClientTx>,
    servers: BTreeMap<u64, ServerTx>,
    server_keys: BTreeMap<Vec<u8>, u64>,
    merged: BTreeMap<Vec<u8>, u64>,
    calls: BTreeMap<CallKey, Call>,
    legs: BTreeMap<LegKey, Leg>,
    dialogs: BTreeMap<DialogId, LegKey>,
    requests: BTreeMap<RequestKey, Outgoing>,
    locals: Locals,
    next_key: u64,
}

impl Endpoint {
    /// A new endpoint. Does nothing until driven.
    pub fn new(config: EndpointConfig) -> Self {
        Self {
            tokens: Tokens::new(&config.seed, &config.local().to_string()),
            counters: Counters::default(),
            out: VecDeque::new(),
            events: VecDeque::new(),
            agenda: Agenda::default(),
            sources: Sources::new(config.limits.sources.clone()),
            guesses: Guesses::new(config.limits.sources.clone()),
            deaf: DeafToTcp::default(),
            registrar: config.registrar.clone().map(Registrar::new),
            clients: BTreeMap::new(),
            servers: BTreeMap::new(),
            server_keys: BTreeMap::new(),
            merged: BTreeMap::new(),
            calls: BTreeMap::new(),
            legs: BTreeMap::new(),
            dialogs: BTreeMap::new(),
            requests: BTreeMap::new(),
            locals: Locals::new(&config.listeners),
            next_key: 0,
            config,
        }
    }

    /// Takes one datagram, or one message of a stream (see [`crate::stream`]). Never panics,
    /// whatever the octets.
    pub fn receive(&mut self, now: Instant, from: impl Into<Peer>, bytes: &[u8]) {
        let from = from.into();
        self.counters.received += 1;
        if bytes.len() > self.config.limits.max_datagram {
            self.counters.oversized += 1;
            return;
        }
        if bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | b' ' | 0)) {
            self.counters.keep_alives += 1;
            return;
        }
        let bounds = Bounds {
            max_headers: self.config.limits.max_headers,
        };
        let Ok(message) = message::parse(bytes, &bounds) else {
            self.counters.malformed += 1;
            return;
        };
        match message.code() {
            Some(code) => self.on_response(now, from, &message, code),
            None => self.on_request(now, from, &message),
        }
    }

    /// Runs every timer that is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(target) = self.agenda.pop_due(now) {
            match target {
                Target::Client(id) => self.on_client_timer(now, id),
                Target::Server(id) => self.on_server_timer(now, id),
                Target::Call(key) => self.on_call_timer(now, key),
                Target::Leg(key, timer) => self.on_leg_timer(now, key, timer),
                Target::Request(key) => self.on_request_timer(now, key),
                Target::Registrar => self.on_registrar_timer(now),
            }
        }
    }

    /// When [`Self::handle_timeout`] wants to be called next.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.agenda.next()
    }

    /// Next datagram to send; call until `None` after each mutation.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.out.pop_front()
    }

    /// Next event; call until `None` after each mutation.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// How much is held now.
    pub fn held(&self) -> Held {
        Held {
            calls: self.calls.len(),
            // The larger of a table and its index, so that a leak in either shows.
            legs: self.legs.len().max(self.dialogs.len()),
            client_transactions: self.clients.len(),
            server_transactions: self
                .servers
                .len()
                .max(self.server_keys.len())
                .max(self.merged.len()),
            requests: self.requests.len(),
            bindings: self.registrar.as_ref().map_or(0, Registrar::len),
            sources: self.sources.len().max(self.guesses.len()),
            timers: self.agenda.len(),
        }
    }

    /// The settings.
    pub fn config(&self) -> &EndpointConfig {
        &self.config
    }

    /// Where a user of our registrar can be reached now, best first.
    pub fn bindings(&self, now: Instant, user: &str) -> Vec<Binding> {
        self.registrar
            .as_ref()
            .map(|r| r.current(now, user))
            .unwrap_or_default()
    }

    /// Replaces the users of the registrar; bindings of users who are gone are removed.
    pub fn set_users(&mut self, users: Vec<User>) {
        let Some(registrar) = &mut self.registrar else {
            return;
        };
        for user in registrar.set_users(users) {
            self.events.push_back(Event::BindingsChanged {
                user,
                bindings: Vec::new(),
            });
        }
        self.schedule_registrar();
    }

    /// Replaces who may call in.
    pub fn set_policy(&mut self, policy: Policy) {
        self.config.policy = policy;
    }

    fn draw_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }

    fn send(&mut self, to: Peer, bytes: Vec<u8>) {
        self.counters.sent += 1;
        self.out.push_back(Transmit { to, bytes });
    }

    fn is_full(&self) -> bool {
        self.clients.len() + self.servers.len() >= self.config.limits.max_transactions
    }

    /// Our Contact value for a user part, as `peer` can reach it.
    fn contact(&self, user: &str, peer: Peer) -> String {
        let mut escaped = String::new();
        for b in user.bytes() {
            if b.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&b) {
                escaped.push(char::from(b));
            } else {
                escaped.push_str(&format!("%{b:02X}"));
            }
        }
        let at = if escaped.is_empty() { "" } else { "@" };
        format!("<sip:{escaped}{at}{}>", self.locals.contact(peer))
    }
}
