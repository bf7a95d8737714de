//! Registrations of ours, kept up over their whole life (RFC 3261 §10.2, RFC 5626).
//!
//! One Call-ID and one rising CSeq from the first REGISTER to the removal. `register_answer` reads
//! what registrars answer.

use std::time::{Duration, Instant};

use super::agenda::{ClientId, Target};
use super::client::{Head, Purpose};
use super::locals::as_asked;
use super::request::Outgoing;
use super::{Endpoint, Outbound, Register, Started};
use crate::digest::ClientAuth;
use crate::error::SipError;
use crate::event::{Event, RequestKey};
use crate::message::Method;
use crate::peer::Peer;

/// Pauses after failures (RFC 5626 §4.5): between half and the whole of BASE · 2^failures, at most
/// MAX. The RFC's values (30 s, 30 min) are for fleets of phones at one edge; a dialer has one
/// registration a trunk and loses calls while it is down.
const RETRY_BASE: Duration = Duration::from_secs(5);
const RETRY_MAX: Duration = Duration::from_secs(300);

/// How long a registration must have stood for its failures to be forgotten (RFC 5626 §4.5).
const STABLE: Duration = Duration::from_secs(120);

/// A registration that is kept up.
#[derive(Debug)]
pub(super) struct Registration {
    pub(super) register: Register,
    outbound: Option<Outbound>,
    /// Our Contact, between angle brackets, without header parameters.
    pub(super) contact: String,
    call_id: String,
    tag: String,
    cseq: u32,
    pub(super) expires: Duration,
    pub(super) auth: Option<ClientAuth>,
    failures: u32,
    /// Where a 3xx sent us, until the next failure.
    pub(super) redirect: Option<(Vec<u8>, Peer)>,
    /// 3xx followed since the last success.
    pub(super) redirects: u8,
    /// Raised the interval after a 423 already.
    pub(super) is_raised: bool,
    pub(super) is_removing: bool,
    /// The removal itself has left, not only the wish.
    pub(super) is_removal_sent: bool,
    /// A REGISTER is under way.
    pub(super) is_open: bool,
    /// Since when it has stood without a break.
    pub(super) stands_since: Option<Instant>,
    pub(super) service_route: Vec<String>,
}

/// Pause before the next attempt; `jitter` in 0–1000.
fn backoff(failures: u32, jitter: u64) -> Duration {
    let whole = RETRY_BASE
        .saturating_mul(1 << failures.min(16))
        .min(RETRY_MAX);
    whole.mul_f64(0.5 + jitter as f64 / 2_000.0)
}

impl Registration {
    /// Request-URI and next hop.
    fn target(&self) -> (&[u8], Peer) {
        match &self.redirect {
            Some((uri, peer)) => (uri, *peer),
            None => (self.register.registrar.as_bytes(), self.register.next_hop),
        }
    }

    /// Registered over this stream, with nothing under way.
    pub(super) fn is_idle_on(&self, stream: Peer) -> bool {
        let (_, peer) = self.target();
        let is_idle = !self.is_open && !self.is_removing && self.stands_since.is_some();
        is_idle && peer == stream && stream.transport.is_reliable()
    }

    /// Value of Contact, and of Supported.
    fn contact_line(&self, expires: u64) -> (String, &'static str) {
        let Some(outbound) = &self.outbound else {
            return (format!("{};expires={expires}", self.contact), "path");
        };
        let uri = self.contact.trim_end_matches('>');
        let (instance, reg_id) = (&outbound.instance, outbound.reg_id);
        let line =
            format!("{uri};ob>;expires={expires};reg-id={reg_id};+sip.instance=\"<{instance}>\"");
        (line, "path, outbound")
    }
}

impl Endpoint {
    /// Registers and keeps the registration up until [`Self::unregister`]: refreshed at 75–85 % of
    /// the time granted, tried again after every failure with growing pauses.
    ///
    /// # Errors
    /// [`SipError::Invalid`], [`SipError::Full`].
    pub fn register(&mut self, now: Instant, register: Register) -> Started {
        self.start_registration(now, register, None)
    }

    /// The same as one flow of a client-initiated connection (RFC 5626): the registrar sends calls
    /// back over the very connection the REGISTER came on. For registrars that know it.
    ///
    /// # Errors
    /// [`SipError::Invalid`], also for an instance that is no URN; [`SipError::Full`].
    pub fn register_outbound(
        &mut self,
        now: Instant,
        register: Register,
        outbound: Outbound,
    ) -> Started {
        let urn = outbound.instance.get(..4);
        if !urn.is_some_and(|u| u.eq_ignore_ascii_case("urn:")) {
            return Err(SipError::Invalid {
                what: "instance (want urn:uuid:…)",
            });
        }
        self.check_request(&[&outbound.instance])?;
        self.start_registration(now, register, Some(outbound))
    }

    fn start_registration(
        &mut self,
        now: Instant,
        register: Register,
        outbound: Option<Outbound>,
    ) -> Started {
        self.check_request(&[&register.registrar, &register.aor])?;
        let key = RequestKey(self.draw_key());
        let registration = Registration {
            contact: as_asked(
                self.contact(&register.contact_user, register.next_hop),
                register.registrar.as_bytes(),
            ),
            call_id: self.tokens.call_id(),
            tag: self.tokens.tag(),
            cseq: 0,
            expires: register.expires,
            auth: register.credentials.clone().map(ClientAuth::new),
            failures: 0,
            redirect: None,
            redirects: 0,
            is_raised: false,
            is_removing: false,
            is_removal_sent: false,
            is_open: false,
            stands_since: None,
            service_route: Vec::new(),
            outbound,
            register,
        };
        self.requests
            .insert(key, Outgoing::Register(Box::new(registration)));
        self.send_register(now, key);
        Ok(key)
    }

    /// Removes a registration; ends in [`Event::Unregistered`].
    pub fn unregister(&mut self, now: Instant, key: RequestKey) {
        let Some(r) = self.registration(key).filter(|r| !r.is_removing) else {
            return;
        };
        r.is_removing = true;
        let is_open = r.is_open;
        self.agenda.set(Target::Request(key), None);
        // One that is under way is followed by the removal when its answer is there.
        if !is_open {
            self.send_register(now, key);
        }
    }

    /// Service-Route (RFC 3608) of a registration that stands, nearest first: the Route of calls
    /// over this registrar. Empty if it named none.
    pub fn service_route(&self, key: RequestKey) -> &[String] {
        match self.requests.get(&key) {
            Some(Outgoing::Register(r)) => &r.service_route,
            _ => &[],
        }
    }

    pub(super) fn registration(&mut self, key: RequestKey) -> Option<&mut Registration> {
        match self.requests.get_mut(&key) {
            Some(Outgoing::Register(r)) => Some(r),
            _ => None,
        }
    }

    pub(super) fn send_register(&mut self, now: Instant, key: RequestKey) {
        let Some(mut outgoing) = self.requests.remove(&key) else {
            return;
        };
        self.agenda.set(Target::Request(key), None);
        if let Outgoing::Register(r) = &mut outgoing {
            let (branch, bytes) = self.write_register(r);
            let id = ClientId {
                branch,
                is_cancel: false,
            };
            let (_, to) = r.target();
            self.start_client(now, id, Method::Register, Purpose::Request(key), to, bytes);
        }
        self.requests.insert(key, outgoing);
    }

    fn write_register(&mut self, r: &mut Registration) -> (u64, Vec<u8>) {
        r.cseq += 1;
        r.is_open = true;
        r.is_removal_sent = r.is_removing;
        let from = format!("<{}>;tag={}", r.register.aor, r.tag);
        let to = format!("<{}>", r.register.aor);
        let (uri, next_hop) = r.target();
        let uri = uri.to_vec();
        let head = Head {
            method: Method::Register,
            uri: &uri,
            routes: &[],
            from: from.as_bytes(),
            to: to.as_bytes(),
            call_id: r.call_id.as_bytes(),
            cseq: r.cseq,
        };
        let (branch, mut out) = self.open(&head, next_hop);
        let expires = match r.is_removing {
            true => 0,
            false => r.expires.as_secs(),
        };
        let (contact, supported) = r.contact_line(expires);
        out.header("Contact", contact);
        out.header("Expires", expires.to_string());
        out.header("Supported", supported);
        if let Some(auth) = r.auth.as_mut().filter(|a| a.is_challenged()) {
            let cnonce = self.tokens.tag();
            for (name, value) in auth.authorize("REGISTER", &uri, b"", &cnonce) {
                out.header(name.as_str(), value);
            }
        }
        if !self.config.user_agent.is_empty() {
            out.header("User-Agent", &self.config.user_agent);
        }
        (branch, out.finish("", b""))
    }

    /// Reports a failure and sets the next attempt, after `wish` or else the growing pause.
    pub(super) fn retry_register(
        &mut self,
        now: Instant,
        key: RequestKey,
        wish: Option<Duration>,
        failed: impl FnOnce(Duration) -> Event,
    ) {
        let jitter = self.tokens.below(1001);
        let Some(r) = self.registration(key) else {
            return;
        };
        let stood = r.stands_since.take();
        if stood.is_some_and(|since| now.saturating_duration_since(since) >= STABLE) {
            r.failures = 0;
        }
        r.failures = r.failures.saturating_add(1);
        r.redirect = None;
        r.redirects = 0;
        // Never before the time asked for, and not all registrations at once.
        let asked = wish.map(|w| w.mul_f64(1.0 + jitter as f64 / 10_000.0));
        let pause = asked.unwrap_or_else(|| backoff(r.failures, jitter));
        self.agenda.set(Target::Request(key), Some(now + pause));
        self.events.push_back(failed(pause));
    }

    /// The stream broke: at once if the registration had stood for a while, else with a pause.
    pub(super) fn on_registration_flow_lost(&mut self, now: Instant, key: RequestKey) {
        let Some(r) = self.registration(key) else {
            return;
        };
        let since = r.stands_since;
        if since.is_some_and(|since| now.saturating_duration_since(since) >= STABLE) {
            r.stands_since = None;
            r.failures = 0;
            self.send_register(now, key);
            return;
        }
        self.retry_register(now, key, None, |retry_in| Event::RegistrationFailed {
            key,
            code: 503,
            phrase: String::new(),
            timed_out: true,
            retry_in,
            contacts: Vec::new(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes_and_are_spread() {
        // (failures, shortest and longest in ms)
        for (failures, shortest, longest) in [
            (1, 5_000, 10_000),
            (2, 10_000, 20_000),
            (3, 20_000, 40_000),
            (5, 80_000, 160_000),
            (6, 150_000, 300_000),
            (7, 150_000, 300_000),
            (u32::MAX, 150_000, 300_000),
        ] {
            assert_eq!(backoff(failures, 0).as_millis(), shortest, "{failures}");
            assert_eq!(backoff(failures, 1000).as_millis(), longest, "{failures}");
        }
    }
}
