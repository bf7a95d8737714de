//! The registrar for agents' phones (RFC 3261 §10.3): digest, bindings, expiry.

mod bindings;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bindings::{Bindings, Bound};

use crate::config::{RegistrarConfig, User};
use crate::digest::{Covered, DigestCredentials, Nonces, Verdict, challenge_value, verify};
use crate::event::Binding;
use crate::headers::{NameAddr, lex};
use crate::message::{HeaderName, Message, StartLine};
use crate::peer::Peer;
use crate::token::Tokens;
use crate::uri;

/// Longest Contact URI bound, octets.
const CONTACT_MAX: usize = 1024;

/// Registrar state. Bounded by users × bindings each.
pub struct Registrar {
    config: RegistrarConfig,
    users: BTreeMap<String, User>,
    nonces: Nonces,
    bindings: Bindings,
}

/// Who sent a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Proven.
    User(String),
    /// Nothing proven yet, or with a nonce that is too old: ask.
    Unknown {
        /// The nonce was old.
        stale: bool,
    },
    /// The credentials are wrong.
    Refused,
}

/// How to answer an authenticated REGISTER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Status.
    pub code: u16,
    /// Header lines of the response.
    pub headers: Vec<(&'static str, String)>,
    /// Whether the user's bindings are others than before.
    pub changed: bool,
}

impl Outcome {
    fn refuse(code: u16) -> Self {
        Self {
            code,
            headers: Vec::new(),
            changed: false,
        }
    }
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

    /// Checks the credentials of a request.
    pub fn identify(
        &mut self,
        tokens: &Tokens,
        now: Instant,
        request: &Message<'_>,
        source: Peer,
    ) -> Identity {
        let StartLine::Request { token, .. } = request.start else {
            return Identity::Unknown { stale: false };
        };
        let found = [HeaderName::Authorization, HeaderName::ProxyAuthorization]
            .into_iter()
            .flat_map(|name| request.all(name))
            .take(8)
            .filter_map(DigestCredentials::parse)
            .find(|c| {
                let offered = |a| self.config.algorithms.contains(&a);
                c.realm == self.config.realm && c.hash().is_some_and(offered)
            });
        let Some(found) = found else {
            return Identity::Unknown { stale: false };
        };
        let covered = Covered {
            method: token,
            body: request.body,
            source: source.ip(),
        };
        let user = self.users.get(&found.username);
        match verify(&found, user, &covered, &mut self.nonces, tokens, now) {
            Verdict::Good => Identity::User(found.username),
            Verdict::Stale => Identity::Unknown { stale: true },
            Verdict::Refused => Identity::Refused,
        }
    }

    /// Serves a REGISTER of an authenticated user.
    pub fn register(
        &mut self,
        now: Instant,
        request: &Message<'_>,
        source: Peer,
        user: &str,
    ) -> Outcome {
        let aor = request
            .to()
            .map(|t| uri::user_of(t.uri))
            .unwrap_or_default();
        if aor != user {
            return Outcome::refuse(403);
        }
        let before = self.current(now, user);
        let code = self.apply(now, request, source, user);
        if code == 423 {
            let minimum = self.config.min_expires.as_secs().to_string();
            return Outcome {
                code,
                headers: vec![("Min-Expires", minimum)],
                changed: false,
            };
        }
        if code != 200 {
            return Outcome::refuse(code);
        }
        let after = self.current(now, user);
        let headers = after.iter().map(|b| {
            let q = f32::from(b.q_thousandths) / 1000.0;
            let seconds = b.expires.as_secs_f64().ceil();
            (
                "Contact",
                format!("<{}>;expires={seconds};q={q}", b.contact),
            )
        });
        let reach = |list: &[Binding]| -> Vec<(String, Peer)> {
            list.iter().map(|b| (b.contact.clone(), b.source)).collect()
        };
        let changed = reach(&before) != reach(&after);
        Outcome {
            code: 200,
            headers: headers.collect(),
            changed,
        }
    }

    fn apply(&mut self, now: Instant, request: &Message<'_>, source: Peer, user: &str) -> u16 {
        let contacts: Vec<&[u8]> = request.list(HeaderName::Contact).collect();
        let header_expires = request.number(HeaderName::Expires);
        if contacts.contains(&&b"*"[..]) {
            if contacts.len() > 1 || header_expires != Some(0) {
                return 400;
            }
            self.bindings.remove_all(user);
            return 200;
        }
        if contacts.len() > self.config.max_bindings {
            return 403;
        }
        let mut bound = Vec::new();
        for contact in contacts {
            let address = NameAddr::parse(contact).filter(|a| a.uri.len() <= CONTACT_MAX);
            let Some(address) = address else {
                return 400;
            };
            let asked = match address.param(b"expires") {
                Some(value) => lex::leading_number(value),
                None => header_expires,
            };
            let asked = asked.map_or(self.config.default_expires, |s| {
                Duration::from_secs(s.into())
            });
            if !asked.is_zero() && asked < self.config.min_expires {
                return 423;
            }
            let granted = asked.min(self.config.max_expires);
            bound.push(Bound::new(&address, request, source, now, granted));
        }
        // All or nothing (§10.3 step 7): check the order of every one before storing any.
        if bound.iter().any(|b| self.bindings.is_out_of_order(user, b)) {
            return 500;
        }
        for binding in bound {
            self.bindings
                .put(user, binding, self.config.max_bindings, now);
        }
        200
    }

    /// Present bindings of a user, best first.
    pub fn current(&self, now: Instant, user: &str) -> Vec<Binding> {
        self.bindings.current(now, user)
    }

    /// Drops what has expired; gives the users concerned.
    pub fn expire(&mut self, now: Instant) -> Vec<String> {
        self.bindings.expire(now)
    }

    /// When the next binding expires.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.bindings.next_expiry()
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
