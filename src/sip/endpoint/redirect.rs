//! 3xx followed within limits (RFC 3261 §8.1.3.4).

use std::cmp::Reverse;
use std::time::Instant;

use super::Endpoint;
use super::agenda::Target;
use super::locals::as_asked;
use crate::dialog::hop;
use crate::event::CallKey;
use crate::headers::{NameAddr, lex};
use crate::message::{HeaderName, Message};
use crate::peer::Peer;
use crate::uri::{self, is_sendable};

/// Contacts rung for one call whatever its owner allows.
const CONTACTS_MAX: u8 = 5;

/// Contacts looked at in one response.
const LISTED_MAX: usize = 16;

/// Where a call was sent and may still be sent.
#[derive(Debug)]
pub(super) struct Redirects {
    left: u8,
    /// Best last.
    waiting: Vec<(Vec<u8>, Peer)>,
    tried: Vec<Vec<u8>>,
}

/// Preference in thousandths; 1000 if not stated.
fn q_of(contact: &NameAddr<'_>) -> u32 {
    let Some(q) = contact.param(b"q") else {
        return 1_000;
    };
    let text = lex::text(q);
    text.parse::<f64>().map_or(0, |q| {
        // In 0–1000 after the clamp.
        (q.clamp(0.0, 1.0) * 1_000.0).round() as u32
    })
}

/// The URI of a Contact as a request-URI: without the header part, which cannot stand there.
fn target_of(contact: &NameAddr<'_>) -> Vec<u8> {
    let user_ends = contact.uri.iter().position(|b| *b == b'@').unwrap_or(0);
    let headers = contact.uri[user_ends..].iter().position(|b| *b == b'?');
    let end = headers.map_or(contact.uri.len(), |at| user_ends + at);
    contact.uri[..end].to_vec()
}

impl Endpoint {
    /// Follows a 3xx, or goes on to the next contact of an earlier one. False: the call has failed.
    pub(super) fn redirect(
        &mut self,
        now: Instant,
        from: Peer,
        key: CallKey,
        response: &Message<'_>,
        code: u16,
    ) -> bool {
        let Some(call) = self.calls.get_mut(&key) else {
            return false;
        };
        if call.is_cancelled() || call.answers > 0 {
            return false;
        }
        let Some(invite) = call.invite.as_ref() else {
            return false;
        };
        let most = invite.session.redirects_max.min(CONTACTS_MAX);
        if most == 0 {
            return false;
        }
        if matches!(code, 300..=302) {
            let wanted = uri::user_of(invite.request_uri.as_bytes());
            let first = invite.request_uri.clone().into_bytes();
            let redirects = call.redirects.get_or_insert_with(|| {
                Box::new(Redirects {
                    left: most,
                    waiting: Vec::new(),
                    tried: vec![first],
                })
            });
            redirects.take(response, &wanted, from);
        } else if !goes_on(code) {
            return false;
        }
        self.ring_next(now, key)
    }

    fn ring_next(&mut self, now: Instant, key: CallKey) -> bool {
        let Some(call) = self.calls.get_mut(&key) else {
            return false;
        };
        let next = call.redirects.as_mut().and_then(|r| r.next());
        let (Some((target, hop)), Some(invite)) = (next, call.invite.as_mut()) else {
            return false;
        };
        if hop.ip() != invite.next_hop.ip() {
            // Whoever is named by a redirection gets no proof of the trunk's password.
            call.auth = None;
        }
        invite.next_hop = hop;
        let user = invite.contact_user.clone();
        call.uri.clone_from(&target);
        let contact = as_asked(self.contact(&user, hop), &target);
        if let Some(call) = self.calls.get_mut(&key) {
            call.contact = contact;
        }
        self.counters.redirects_followed += 1;
        self.drop_early_legs(key);
        self.agenda.set(Target::Call(key), None);
        self.send_invite(now, key);
        true
    }
}

/// Whether another contact may do what this answer says this one cannot (§8.1.3.4): not after a
/// person or the whole network declined.
fn goes_on(code: u16) -> bool {
    matches!(code, 404 | 408 | 410 | 480 | 500..=599)
}

impl Redirects {
    /// Notes the contacts that may be rung: the same user part, not tried before.
    fn take(&mut self, response: &Message<'_>, user: &str, from: Peer) {
        let listed = response
            .list(HeaderName::Contact)
            .take(LISTED_MAX)
            .filter_map(NameAddr::parse);
        let mut found: Vec<(u32, Vec<u8>)> = Vec::new();
        for contact in listed {
            let target = target_of(&contact);
            let known = self.tried.contains(&target)
                || self.waiting.iter().any(|(t, _)| *t == target)
                || found.iter().any(|(_, t)| *t == target);
            if !known && is_sendable(&target) && uri::user_of(&target) == user {
                found.push((q_of(&contact), target));
            }
        }
        found.sort_by_key(|(q, _)| Reverse(*q));
        // Before those of an earlier 3xx: deeper first, as the last one to speak knows best.
        for (_, target) in found.into_iter().rev() {
            let peer = hop(&target, &[], from);
            self.waiting.push((target, peer));
        }
    }

    fn next(&mut self) -> Option<(Vec<u8>, Peer)> {
        self.left = self.left.checked_sub(1)?;
        let next = self.waiting.pop()?;
        self.tried.push(next.0.clone());
        Some(next)
    }
}
