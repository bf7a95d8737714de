//! What registrars answer to our REGISTER.

use std::time::{Duration, Instant};

use super::Endpoint;
use super::agenda::Target;
use super::api::Counters;
use super::registration::Registration;
use super::request::Outgoing;
use crate::digest::{ClientAuth, Mutual};
use crate::event::{Event, RequestKey};
use crate::headers::{NameAddr, lex};
use crate::message::{HeaderName, Message};
use crate::peer::TransportKind;
use crate::uri::Uri;

/// Pause after the credentials were refused. Not for ever: carriers answer 403 while an account
/// is being moved or a balance is empty; and not soon, as they ban who insists.
const REFUSED_RETRY: Duration = Duration::from_secs(1_800);

/// Longest Retry-After honoured.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// 3xx followed in a row.
const REDIRECTS_MAX: u8 = 5;

/// Most Service-Route elements kept.
const ROUTES_MAX: usize = 16;

/// Takes what a 2xx teaches about the next request's credentials.
pub(super) fn learn(
    auth: Option<&mut ClientAuth>,
    response: &Message<'_>,
    counters: &mut Counters,
) {
    let Some(auth) = auth else { return };
    auth.accepted();
    if auth.learn(response) == Mutual::Mismatch {
        counters.auth_info_mismatches += 1;
    }
}

impl Endpoint {
    pub(super) fn on_register_response(
        &mut self,
        now: Instant,
        key: RequestKey,
        response: &Message<'_>,
        code: u16,
    ) {
        let Some(r) = self.registration(key) else {
            return;
        };
        r.is_open = false;
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
            300..=399 if r.follow(response) => self.send_register(now, key),
            423 if !r.is_raised => {
                r.is_raised = true;
                let minimum = response.number(HeaderName::MinExpires).unwrap_or(3600);
                r.expires = r.expires.max(Duration::from_secs(minimum.into()));
                self.send_register(now, key);
            }
            _ => self.on_register_refused(now, key, response, code),
        }
    }

    fn on_register_refused(
        &mut self,
        now: Instant,
        key: RequestKey,
        response: &Message<'_>,
        code: u16,
    ) {
        let wish = response
            .number(HeaderName::RetryAfter)
            .map(|s| Duration::from_secs(s.into()).min(RETRY_AFTER_MAX));
        let is_refusal = matches!(code, 401 | 403 | 407);
        let kept = if code < 400 { 8 } else { 0 };
        let contacts = response.list(HeaderName::Contact).take(kept);
        let (phrase, contacts) = (response.phrase(), contacts.map(lex::text).collect());
        if let Some(r) = self.registration(key).filter(|_| is_refusal) {
            // The next attempt starts as if nothing had been asked yet.
            r.auth = r.register.credentials.clone().map(ClientAuth::new);
        }
        let wish = wish.or(is_refusal.then_some(REFUSED_RETRY));
        self.retry_register(now, key, wish, |retry_in| Event::RegistrationFailed {
            key,
            code,
            phrase,
            timed_out: false,
            retry_in,
            contacts,
        });
    }

    fn on_registered(&mut self, now: Instant, key: RequestKey, response: &Message<'_>) {
        let jitter = self.tokens.below(1000);
        let Some(Outgoing::Register(r)) = self.requests.get_mut(&key) else {
            return;
        };
        r.stands_since.get_or_insert(now);
        (r.is_raised, r.redirects) = (false, 0);
        learn(r.auth.as_mut(), response, &mut self.counters);
        let expires = r.granted(response);
        let routes = response.list(HeaderName::ServiceRoute).take(ROUTES_MAX);
        r.service_route = routes.map(lex::text).collect();
        let service_route = r.service_route.clone();
        // Between 75 % and 85 % of the time, so that many registrations spread out.
        let refresh = expires
            .mul_f64(0.75 + jitter as f64 / 10_000.0)
            .max(Duration::from_secs(1));
        self.agenda.set(Target::Request(key), Some(now + refresh));
        self.events.push_back(Event::Registered {
            key,
            expires,
            service_route,
        });
    }

    /// No answer came, or the stream broke while waiting for it.
    pub(super) fn on_register_lost(&mut self, now: Instant, key: RequestKey, code: u16) {
        let Some(r) = self.registration(key) else {
            return;
        };
        r.is_open = false;
        if r.is_removing {
            // Silent: its binding will expire.
            self.requests.remove(&key);
            self.events.push_back(Event::Unregistered { key });
            return;
        }
        self.retry_register(now, key, None, |retry_in| Event::RegistrationFailed {
            key,
            code,
            phrase: String::new(),
            timed_out: true,
            retry_in,
            contacts: Vec::new(),
        });
    }
}

impl Registration {
    /// Our Contact among those listed: octet for octet, else by user, host and port, as registrars
    /// add and move parameters.
    fn own_contact<'a>(&self, response: &Message<'a>) -> Option<NameAddr<'a>> {
        let ours = NameAddr::parse(self.contact.as_bytes())?;
        let place = |uri| {
            let uri = Uri::parse(uri)?;
            Some((uri.user_text(), uri.host.to_ascii_lowercase(), uri.port))
        };
        let listed = || {
            response
                .list(HeaderName::Contact)
                .filter_map(NameAddr::parse)
        };
        listed().find(|c| c.uri == ours.uri).or_else(|| {
            listed().find(|c| place(c.uri).is_some() && place(c.uri) == place(ours.uri))
        })
    }

    /// Time granted: of our Contact, else of Expires, else of the contact that ends first (a
    /// border controller wrote ours anew: a refresh too early harms nobody), else what we asked for.
    fn granted(&self, response: &Message<'_>) -> Duration {
        let expires = |c: NameAddr<'_>| c.param(b"expires").and_then(lex::leading_number);
        let first_to_end = || {
            let listed = response.list(HeaderName::Contact);
            listed.filter_map(NameAddr::parse).filter_map(expires).min()
        };
        let seconds = self
            .own_contact(response)
            .and_then(expires)
            .or_else(|| response.number(HeaderName::Expires))
            .or_else(first_to_end)
            .map(|s| Duration::from_secs(s.into()));
        seconds.filter(|s| !s.is_zero()).unwrap_or(self.expires)
    }

    /// Goes where a 3xx says, if that is an address we can send to without a look-up and not less
    /// protected than before. False: not followed.
    fn follow(&mut self, response: &Message<'_>) -> bool {
        if self.redirects >= REDIRECTS_MAX {
            return false;
        }
        let was_secure = self.register.next_hop.transport == TransportKind::Tls;
        let found = response
            .list(HeaderName::Contact)
            .filter_map(NameAddr::parse)
            .find_map(|c| {
                let peer = Uri::parse(c.uri)?.peer()?;
                let is_secure = peer.transport == TransportKind::Tls;
                (is_secure || !was_secure).then(|| (c.uri.to_vec(), peer))
            });
        let Some(found) = found else {
            return false;
        };
        self.redirects += 1;
        self.redirect = Some(found);
        true
    }
}
