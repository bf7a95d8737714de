//! The registrar for agents' phones (RFC 3261 §10.3): digest, bindings, expiry.

mod bindings;
mod bound;
mod same_uri;
mod serve;

pub use serve::Outcome;

use std::collections::BTreeMap;
use std::time::Instant;

use bindings::Bindings;

use crate::config::{RegistrarConfig, User};
use crate::digest::{Covered, DigestCredentials, Nonces, Verdict, challenge_value, verify};
use crate::event::Binding;
use crate::message::{HeaderName, Message, StartLine};
use crate::peer::Peer;
use crate::token::Tokens;

/// Registrar state. Bounded by users × bindings each.
pub struct Registrar {
    config: RegistrarConfig,
    users: BTreeMap<String, User>,
    nonces: Nonces,
    bindings: Bindings,
}

impl Registrar {
    /// A registrar without bindings.
    pub fn new(config: RegistrarConfig) -> Self {
        let nonces = Nonces::new(config.nonce_ttl);
        let mut this = Self {
            config,
            users: BTreeMap::new(),
            nonces,
            bindings: Bindings::default(),
        };
        let users = std::mem::take(&mut this.config.users);
        this.set_users(users);
        this
    }

    /// Replaces the users; gives those whose bindings went.
    pub fn set_users(&mut self, users: Vec<User>) -> Vec<String> {
        self.users = users.into_iter().map(|u| (u.name.clone(), u)).collect();
        let gone: Vec<String> = self
            .bindings
            .users()
            .filter(|u| !self.users.contains_key(*u))
            .cloned()
            .collect();
        for user in &gone {
            self.bindings.remove_all(user);
        }
        gone
    }

    /// Challenge values to send, one per algorithm.
    pub fn challenges(
        &mut self,
        tokens: &Tokens,
        now: Instant,
        source: Peer,
        stale: bool,
    ) -> Vec<String> {
        let nonce = self.nonces.draw(tokens, now, source.ip());
        let realm = &self.config.realm;
        self.config
            .algorithms
            .iter()
            .map(|algorithm| challenge_value(realm, &nonce, *algorithm, stale))
            .collect()
    }

    /// Credentials for our realm by an algorithm we offer, not checked yet.
    pub fn credentials(&self, request: &Message<'_>) -> Option<DigestCredentials> {
        [HeaderName::Authorization, HeaderName::ProxyAuthorization]
            .into_iter()
            .flat_map(|name| request.all(name))
            .take(8)
            .filter_map(DigestCredentials::parse)
            .find(|c| {
                let offered = |a| self.config.algorithms.contains(&a);
                c.realm == self.config.realm && c.hash().is_some_and(offered)
            })
    }

    /// Whether these credentials prove that their user sent this request.
    pub fn prove(
        &mut self,
        tokens: &Tokens,
        now: Instant,
        request: &Message<'_>,
        source: Peer,
        credentials: &DigestCredentials,
    ) -> Verdict {
        let StartLine::Request { token, .. } = request.start else {
            return Verdict::Refused;
        };
        let covered = Covered {
            method: token,
            body: request.body,
            source: source.ip(),
        };
        let user = self.users.get(&credentials.username);
        verify(credentials, user, &covered, &mut self.nonces, tokens, now)
    }

    /// Present bindings of a user, best first.
    pub fn current(&self, now: Instant, user: &str) -> Vec<Binding> {
        self.bindings.current(now, user)
    }

    /// Drops what has expired; gives the users concerned.
    pub fn expire(&mut self, now: Instant) -> Vec<String> {
        self.bindings.expire(now)
    }

    /// Drops what was registered over a stream that is gone; gives the users concerned.
    pub fn close(&mut self, stream: Peer) -> Vec<String> {
        self.bindings.close(stream)
    }

    /// When the next binding expires.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.bindings.next_expiry()
    }

    /// Whether this user's phone is registered from this very address and port, and not through an
    /// allowed proxy, which speaks for others too.
    pub fn is_registered_at(&self, user: &str, source: Peer) -> bool {
        self.bindings.is_at_home(user, source)
    }

    /// Whether a phone is registered from this address and port.
    pub fn knows(&self, source: Peer) -> bool {
        self.bindings.knows(source)
    }

    /// Bindings held.
    pub fn len(&self) -> usize {
        self.bindings.len()
    }

    /// Whether no phone is registered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
