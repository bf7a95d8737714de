//! Who is heard, and who proves to be one of our users.

use std::time::Instant;

use super::Endpoint;
use super::access::Inbound;
use super::guesses::Hearing;
use super::sources::Admission;
use crate::digest::Verdict;
use crate::message::{Message, Method};
use crate::peer::Peer;
use crate::uri;

/// The user a request without credentials is about: of To for REGISTER, else of From.
fn claimed_user(request: &Message<'_>) -> String {
    let address = match request.method() {
        Some(Method::Register) => request.to(),
        _ => request.from(),
    };
    address.map(|a| uri::user_of(a.uri)).unwrap_or_default()
}

impl Endpoint {
    /// Counts a request against its source; false: not heard.
    pub(super) fn admit(&mut self, now: Instant, source: Peer, request: &Message<'_>) -> bool {
        let ip = source.ip();
        let excused = self.sources.is_banned(now, ip)
            && self.guesses.is_anybody_proven(now, ip)
            && self.guesses.is_proven(now, ip, &self.user_in(request));
        match self.sources.admit(now, ip, excused) {
            Admission::Heard => return true,
            Admission::TooMany => self.counters.dropped_rate_limited += 1,
            Admission::Banned => self.counters.dropped_banned += 1,
        }
        false
    }

    /// The user of the credentials, else the one the request is about. Nothing is proven by it.
    fn user_in(&self, request: &Message<'_>) -> String {
        let registrar = self.registrar.as_ref();
        let credentials = registrar.and_then(|r| r.credentials(request));
        credentials.map_or_else(|| claimed_user(request), |c| c.username)
    }

    /// The user of our registrar who proves to have sent this; challenges and refusals are sent
    /// from here, and wrong credentials counted against the user and the source.
    pub(super) fn authenticate(&mut self, inbound: &Inbound<'_, '_>) -> Option<String> {
        let Inbound {
            now,
            source,
            request,
            ..
        } = *inbound;
        let ip = source.ip();
        let Some(registrar) = &mut self.registrar else {
            self.refuse_stranger(inbound);
            return None;
        };
        let Some(credentials) = registrar.credentials(request) else {
            let user = claimed_user(request);
            let at_home = registrar.is_registered_at(&user, source);
            if !at_home && self.guesses.is_banned(now, ip, &user) {
                self.counters.dropped_banned += 1;
            } else {
                self.challenge(inbound, false);
            }
            return None;
        };
        let hearing = match registrar.is_registered_at(&credentials.username, source) {
            // Whoever guesses beside it, from the same address, cannot lock the phone out.
            true => Hearing::Heard,
            false => self.guesses.hear(now, ip, &credentials.username),
        };
        match hearing {
            Hearing::Heard => {}
            Hearing::Banned => {
                self.counters.dropped_banned += 1;
                return None;
            }
            Hearing::Later(pause) => {
                self.counters.auth_slowed += 1;
                let seconds = pause.as_secs().max(1).to_string();
                self.refuse_with(inbound, 503, &[("Retry-After", seconds)]);
                return None;
            }
        }
        match registrar.prove(&self.tokens, now, request, source, &credentials) {
            Verdict::Good => {
                self.guesses.proven(now, ip, &credentials.username);
                return Some(credentials.username);
            }
            Verdict::Stale => self.challenge(inbound, true),
            Verdict::Refused => {
                self.blame(now, source, &credentials.username);
                self.refuse(inbound, 403);
            }
        }
        None
    }

    fn challenge(&mut self, inbound: &Inbound<'_, '_>, stale: bool) {
        let Some(registrar) = &mut self.registrar else {
            return;
        };
        let challenges = registrar.challenges(&self.tokens, inbound.now, inbound.source, stale);
        let lines: Vec<(&str, String)> = challenges
            .into_iter()
            .map(|c| ("WWW-Authenticate", c))
            .collect();
        self.counters.challenges_sent += 1;
        self.refuse_with(inbound, 401, &lines);
    }

    fn blame(&mut self, now: Instant, source: Peer, user: &str) {
        self.counters.auth_failures += 1;
        let ip = source.ip();
        let blame = self.guesses.failed(now, ip, user);
        let is_allowed = self.config.policy.trusts(source);
        let is_source_banned = !is_allowed && self.sources.blame(now, ip, blame.is_first);
        self.counters.bans += u64::from(blame.bans) + u64::from(is_source_banned);
    }
}
