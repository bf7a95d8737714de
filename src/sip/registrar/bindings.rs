//! The location table: user → contacts, with look-ups by expiry and by source.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::event::Binding;
use crate::headers::{NameAddr, lex};
use crate::message::{HeaderName, Message};
use crate::peer::Peer;

/// One binding.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    contact: Vec<u8>,
    /// `+sip.instance` (RFC 5626): the same phone under another address replaces its binding.
    instance: Option<Vec<u8>>,
    source: Peer,
    until: Instant,
    granted: Duration,
    q: u16,
    call_id: Vec<u8>,
    cseq: u32,
    user_agent: String,
    since: u64,
}

impl Bound {
    pub(super) fn new(
        address: &NameAddr<'_>,
        request: &Message<'_>,
        source: Peer,
        now: Instant,
        granted: Duration,
    ) -> Self {
        let agent = request.first(HeaderName::UserAgent).unwrap_or(b"");
        Self {
            contact: address.uri.to_vec(),
            instance: address.param(b"+sip.instance").map(<[u8]>::to_vec),
            source,
            until: now + granted,
            granted,
            q: address.param(b"q").map_or(1000, thousandths),
            call_id: request.call_id().to_vec(),
            cseq: request.cseq().map_or(0, |c| c.number),
            user_agent: lex::text(&agent[..agent.len().min(128)]),
            since: 0,
        }
    }

    fn same_place(&self, other: &Self) -> bool {
        self.contact == other.contact
            || (self.instance.is_some() && self.instance == other.instance)
    }
}

/// `0.7` → 700; nonsense counts as 1.
fn thousandths(value: &[u8]) -> u16 {
    let parsed = std::str::from_utf8(value)
        .ok()
        .and_then(|t| t.parse::<f32>().ok());
    let q = parsed.filter(|q| (0.0..=1.0).contains(q)).unwrap_or(1.0);
    // In range by the filter above.
    (q * 1000.0).round() as u16
}

/// All bindings.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    by_user: BTreeMap<String, Vec<Bound>>,
    by_expiry: BTreeSet<(Instant, String)>,
    by_source: BTreeMap<Peer, usize>,
    stored: u64,
}

impl Bindings {
    pub(super) fn users(&self) -> impl Iterator<Item = &String> {
        self.by_user.keys()
    }

    /// The same Call-ID with a CSeq that did not grow (§10.3 step 7).
    pub(super) fn is_out_of_order(&self, user: &str, new: &Bound) -> bool {
        self.by_user.get(user).into_iter().flatten().any(|old| {
            old.contact == new.contact && old.call_id == new.call_id && old.cseq >= new.cseq
        })
    }

    /// Stores, refreshes or (with no time granted) removes; beyond `max` the oldest goes.
    pub(super) fn put(&mut self, user: &str, mut new: Bound, max: usize, now: Instant) {
        let mut list = self.take(user);
        list.retain(|old| !old.same_place(&new) && old.until > now);
        if !new.granted.is_zero() && max > 0 {
            self.stored += 1;
            new.since = self.stored;
            list.push(new);
            // Sorted by `since`: pushing keeps the order.
            let excess = list.len().saturating_sub(max);
            list.drain(..excess);
        }
        self.restore(user, list);
    }

    pub(super) fn remove_all(&mut self, user: &str) {
        self.take(user);
    }

    fn take(&mut self, user: &str) -> Vec<Bound> {
        let list = self.by_user.remove(user).unwrap_or_default();
        for bound in &list {
            self.by_expiry.remove(&(bound.until, user.to_owned()));
            if let Some(count) = self.by_source.get_mut(&bound.source) {
                *count -= 1;
                if *count == 0 {
                    self.by_source.remove(&bound.source);
                }
            }
        }
        list
    }

    fn restore(&mut self, user: &str, list: Vec<Bound>) {
        for bound in &list {
            self.by_expiry.insert((bound.until, user.to_owned()));
            *self.by_source.entry(bound.source).or_default() += 1;
        }
        if !list.is_empty() {
            self.by_user.insert(user.to_owned(), list);
        }
    }

    pub(super) fn expire(&mut self, now: Instant) -> Vec<String> {
        let mut users = Vec::new();
        while let Some((at, user)) = self.by_expiry.first().cloned() {
            if at > now {
                break;
            }
            let mut list = self.take(&user);
            list.retain(|b| b.until > now);
            self.restore(&user, list);
            if !users.contains(&user) {
                users.push(user);
            }
        }
        users
    }

    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.by_expiry.first().map(|(at, _)| *at)
    }

    pub(super) fn knows(&self, source: Peer) -> bool {
        self.by_source.contains_key(&source)
    }

    pub(super) fn len(&self) -> usize {
        self.by_user.values().map(Vec::len).sum()
    }

    pub(super) fn current(&self, now: Instant, user: &str) -> Vec<Binding> {
        let mut live: Vec<&Bound> = self
            .by_user
            .get(user)
            .into_iter()
            .flatten()
            .filter(|b| b.until > now)
            .collect();
        live.sort_by(|a, b| b.q.cmp(&a.q).then(b.since.cmp(&a.since)));
        let view = live.into_iter().map(|b| Binding {
            contact: lex::text(&b.contact),
            source: b.source,
            expires: b.until - now,
            q_thousandths: b.q,
            user_agent: b.user_agent.clone(),
        });
        view.collect()
    }
}
