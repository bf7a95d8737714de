//! Our OPTIONS and REGISTER.

use std::time::{Duration, Instant};

use super::agenda::{ClientId, Target};
use super::client::{Head, Purpose};
use super::{Endpoint, Register, Started};
use crate::digest::ClientAuth;
use crate::error::SipError;
use crate::event::{Event, RequestKey};
use crate::headers::{NameAddr, lex};
use crate::message::{HeaderName, Message, Method};
use crate::peer::Peer;
use crate::uri::is_sendable;

/// First and longest pause after a failed registration.
const RETRY_MIN: Duration = Duration::from_secs(5);
const RETRY_MAX: Duration = Duration::from_secs(300);

/// A request of ours outside dialogs.
#[derive(Debug)]
pub(super) enum Outgoing {
    Options,
    Register(Box<Registration>),
}

/// A registration that is kept up.
#[derive(Debug)]
pub(super) struct Registration {
    register: Register,
    contact: String,
    call_id: String,
    tag: String,
    cseq: u32,
    expires: Duration,
    auth: Option<ClientAuth>,
    failures: u32,
    /// Raised the interval after a 423 already.
    is_raised: bool,
    is_removing: bool,
    /// The removal itself has left, not only the wish.
    is_removal_sent: bool,
    /// A REGISTER is under way.
    is_open: bool,
}

impl Endpoint {
    /// Asks whether a peer is alive; ends in [`Event::OptionsReply`].
    ///
    /// # Errors
    /// [`SipError::Invalid`], [`SipError::Full`].
    pub fn options(&mut self, now: Instant, uri: &str, next_hop: impl Into<Peer>) -> Started {
        let next_hop = next_hop.into();
        self.check_request(&[uri])?;
        let key = RequestKey(self.draw_key());
        let from = format!(
            "<sip:{}>;tag={}",
            self.locals.sent_by(next_hop),
            self.tokens.tag()
        );
        let to = format!("<{uri}>");
        let call_id = self.tokens.call_id();
        let head = Head {
            method: Method::Options,
            uri: uri.as_bytes(),
            routes: &[],
            from: from.as_bytes(),
            to: to.as_bytes(),
            call_id: call_id.as_bytes(),
            cseq: 1,
        };
        let (branch, mut out) = self.open(&head, next_hop);
        out.header("Contact", self.contact("", next_hop));
        out.header("Accept", "application/sdp");
        if !self.config.user_agent.is_empty() {
            out.header("User-Agent", &self.config.user_agent);
        }
        self.requests.insert(key, Outgoing::Options);
        let id = ClientId {
            branch,
            is_cancel: false,
        };
        let bytes = out.finish("", b"");
        self.start_client(
            now,
            id,
            Method::Options,
            Purpose::Request(key),
            next_hop,
            bytes,
        );
        Ok(key)
    }

    fn check_request(&self, uris: &[&str]) -> Result<(), SipError> {
        if uris.iter().any(|u| !is_sendable(u.as_bytes())) {
            return Err(SipError::Invalid { what: "URI" });
        }
        if self.is_full() {
            return Err(SipError::Full {
                what: "transaction",
            });
        }
        Ok(())
    }

    /// Registers and keeps the registration up until [`Self::unregister`].
    ///
    /// # Errors
    /// [`SipError::Invalid`], [`SipError::Full`].
    pub fn register(&mut self, now: Instant, register: Register) -> Started {
        self.check_request(&[&register.registrar, &register.aor])?;
        let key = RequestKey(self.draw_key());
        let registration = Registration {
            contact: self.contact(&register.contact_user, register.next_hop),
            call_id: self.tokens.call_id(),
            tag: self.tokens.tag(),
            cseq: 0,
            expires: register.expires,
            auth: register.credentials.clone().map(ClientAuth::new),
            failures: 0,
            is_raised: false,
            is_removing: false,
            is_removal_sent: false,
            is_open: false,
            register,
        };
        self.requests
            .insert(key, Outgoing::Register(Box::new(registration)));
        self.send_register(now, key);
        Ok(key)
    }

    /// Removes a registration; ends in [`Event::Unregistered`].
    pub fn unregister(&mut self, now: Instant, key: RequestKey) {
        let Some(Outgoing::Register(r)) = self.requests.get_mut(&key) else {
            return;
        };
        if r.is_removing {
            return;
        }
        r.is_removing = true;
        self.agenda.set(Target::Request(key), None);
        // One that is under way is followed by the removal when its answer is there.
        if !r.is_open {
            self.send_register(now, key);
        }
    }

    fn send_register(&mut self, now: Instant, key: RequestKey) {
        let Some(mut outgoing) = self.requests.remove(&key) else {
            return;
        };
        if let Outgoing::Register(r) = &mut outgoing {
            r.cseq += 1;
            r.is_open = true;
            r.is_removal_sent = r.is_removing;
            let from = format!("<{}>;tag={}", r.register.aor, r.tag);
            let to = format!("<{}>", r.register.aor);
            let head = Head {
                method: Method::Register,
                uri: r.register.registrar.as_bytes(),
                routes: &[],
                from: from.as_bytes(),
                to: to.as_bytes(),
                call_id: r.call_id.as_bytes(),
                cseq: r.cseq,
            };
            let (branch, mut out) = self.open(&head, r.register.next_hop);
            let expires = if r.is_removing {
                0
            } else {
                r.expires.as_secs()
            };
            out.header("Contact", format!("{};expires={expires}", r.contact));
            out.header("Expires", expires.to_string());
            if let Some(auth) = r.auth.as_mut().filter(|a| a.is_challenged()) {
                let cnonce = self.tokens.tag();
                let uri = r.register.registrar.as_bytes();
                for (name, value) in auth.authorize("REGISTER", uri, b"", &cnonce) {
                    out.header(name.as_str(), value);
                }
            }
            if !self.config.user_agent.is_empty() {
                out.header("User-Agent", &self.config.user_agent);
            }
            let (id, to) = (
                ClientId {
                    branch,
                    is_cancel: false,
                },
                r.register.next_hop,
            );
            let bytes = out.finish("", b"");
            self.start_client(now, id, Method::Register, Purpose::Request(key), to, bytes);
        }
        self.requests.insert(key, outgoing);
    }

    pub(super) fn on_request_response(
        &mut self,
        now: Instant,
        key: RequestKey,
        response: &Message<'_>,
        code: u16,
    ) {
        if code < 200 {
            return;
        }
        match self.requests.get_mut(&key) {
            Some(Outgoing::Options) => {
                self.requests.remove(&key);
                self.events.push_back(Event::OptionsReply {
                    key,
                    code,
                    timed_out: false,
                });
            }
            Some(Outgoing::Register(r)) => {
                r.is_open = false;
                self.on_register_response(now, key, response, code);
            }
            None => {}
        }
    }

    fn on_register_response(
        &mut self,
        now: Instant,
        key: RequestKey,
        response: &Message<'_>,
        code: u16,
    ) {
        let Some(Outgoing::Register(r)) = self.requests.get_mut(&key) else {
            return;
        };
        match code {
            401 | 407 if r.auth.as_mut().is_some_and(|a| a.take(response)) => {
                self.send_register(now, key);
            }
            _ if r.is_removal_sent => {
                self.requests.remove(&key);
                self.events.push_back(Event::Unregistered { key });
            }
            _ if r.is_removing => self.send_register(now, key),
            200..=299 => self.on_registered(now, key, response),
            423 if !r.is_raised => {
                r.is_raised = true;
                let minimum = response.number(HeaderName::MinExpires).unwrap_or(3600);
                r.expires = r.expires.max(Duration::from_secs(minimum.into()));
                self.send_register(now, key);
            }
            401 | 403 | 407 => {
                self.requests.remove(&key);
                let phrase = response.phrase();
                let failed = Event::RegistrationFailed {
                    key,
                    code,
                    phrase,
                    timed_out: false,
                    retry_in: None,
                };
                self.events.push_back(failed);
            }
            _ => {
                let wish = response.number(HeaderName::RetryAfter);
                let wish = wish.map(|s| Duration::from_secs(s.into()));
                self.retry_register(now, key, code, response.phrase(), wish);
            }
        }
    }

    fn on_registered(&mut self, now: Instant, key: RequestKey, response: &Message<'_>) {
        let jitter = self.tokens.below(1000);
        let Some(Outgoing::Register(r)) = self.requests.get_mut(&key) else {
            return;
        };
        r.failures = 0;
        r.is_raised = false;
        if let Some(auth) = &mut r.auth {
            auth.accepted();
        }
        let expires = r.granted(response);
        // Between 75 % and 85 % of the time, so that many registrations spread out.
        let refresh = expires
            .mul_f64(0.75 + jitter as f64 / 10_000.0)
            .max(Duration::from_secs(1));
        self.agenda.set(Target::Request(key), Some(now + refresh));
        self.events.push_back(Event::Registered { key, expires });
    }

    fn retry_register(
        &mut self,
        now: Instant,
        key: RequestKey,
        code: u16,
        phrase: String,
        wish: Option<Duration>,
    ) {
        let jitter = self.tokens.below(1000);
        let Some(Outgoing::Register(r)) = self.requests.get_mut(&key) else {
            return;
        };
        let doubled = RETRY_MIN.saturating_mul(1 << r.failures.min(10));
        r.failures += 1;
        let pause = wish.unwrap_or(doubled).clamp(RETRY_MIN, RETRY_MAX);
        let retry = pause.mul_f64(1.0 + jitter as f64 / 5_000.0);
        self.agenda.set(Target::Request(key), Some(now + retry));
        let timed_out = matches!(code, 408 | 503) && phrase.is_empty();
        let retry_in = Some(retry);
        self.events.push_back(Event::RegistrationFailed {
            key,
            code,
            phrase,
            timed_out,
            retry_in,
        });
    }

    /// The stream the request waits on could not be opened, or broke.
    pub(super) fn on_request_unreachable(&mut self, now: Instant, key: RequestKey) {
        self.on_request_lost(now, key, 503);
    }

    pub(super) fn on_request_timer(&mut self, now: Instant, key: RequestKey) {
        self.send_register(now, key);
    }

    pub(super) fn on_request_timeout(&mut self, now: Instant, key: RequestKey) {
        self.on_request_lost(now, key, 408);
    }

    fn on_request_lost(&mut self, now: Instant, key: RequestKey, code: u16) {
        match self.requests.get_mut(&key) {
            Some(Outgoing::Options) => {
                self.requests.remove(&key);
                self.events.push_back(Event::OptionsReply {
                    key,
                    code,
                    timed_out: true,
                });
            }
            Some(Outgoing::Register(r)) if r.is_removing => {
                // Silent: its binding will expire.
                self.requests.remove(&key);
                self.events.push_back(Event::Unregistered { key });
            }
            Some(Outgoing::Register(r)) => {
                r.is_open = false;
                self.retry_register(now, key, code, String::new(), None);
            }
            None => {}
        }
    }
}

impl Registration {
    fn own_contact<'a>(&self, response: &Message<'a>) -> Option<NameAddr<'a>> {
        let ours = NameAddr::parse(self.contact.as_bytes())?;
        response
            .list(HeaderName::Contact)
            .filter_map(NameAddr::parse)
            .find(|c| c.uri == ours.uri)
    }

    /// Time granted: of our Contact, else of Expires, else what we asked for.
    fn granted(&self, response: &Message<'_>) -> Duration {
        let own = self.own_contact(response).and_then(|c| c.param(b"expires"));
        let seconds = own
            .and_then(lex::leading_number)
            .or_else(|| response.number(HeaderName::Expires))
            .map(|s| Duration::from_secs(s.into()));
        seconds.filter(|s| !s.is_zero()).unwrap_or(self.expires)
    }
}
