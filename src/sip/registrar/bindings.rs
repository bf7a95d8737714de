//! The location table: user → contacts, with look-ups by expiry and by source.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::bound::Bound;
use crate::event::Binding;
use crate::peer::Peer;

/// All bindings.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    by_user: BTreeMap<String, Vec<Bound>>,
    by_expiry: BTreeSet<(Instant, String)>,
    by_source: BTreeSet<(Peer, String)>,
    stored: u64,
}

impl Bindings {
    pub(super) fn users(&self) -> impl Iterator<Item = &String> {
        self.by_user.keys()
    }

    fn of(&self, user: &str) -> impl Iterator<Item = &Bound> {
        self.by_user.get(user).into_iter().flatten()
    }

    /// The same Call-ID with a CSeq that did not grow (§10.3 step 7).
    pub(super) fn is_out_of_order(&self, user: &str, new: &Bound) -> bool {
        self.of(user).any(|old| new.is_out_of_order_after(old))
    }

    /// The same for a REGISTER that removes all (§10.3 step 6).
    pub(super) fn has_newer(&self, user: &str, call_id: &[u8], cseq: u32) -> bool {
        self.of(user).any(|old| old.is_newer_than(call_id, cseq))
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
            self.by_source.remove(&(bound.source, user.to_owned()));
        }
        list
    }

    fn restore(&mut self, user: &str, list: Vec<Bound>) {
        for bound in &list {
            self.by_expiry.insert((bound.until, user.to_owned()));
            self.by_source.insert((bound.source, user.to_owned()));
        }
        if !list.is_empty() {
            self.by_user.insert(user.to_owned(), list);
        }
    }

    /// Drops what has expired; gives the users concerned, each once.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<String> {
        let mut users = Vec::new();
        while let Some((at, user)) = self.by_expiry.first().cloned() {
            if at > now {
                break;
            }
            let mut list = self.take(&user);
            list.retain(|b| b.until > now);
            self.restore(&user, list);
            // All of this user's expired ones are gone, so the user does not come again.
            users.push(user);
        }
        users
    }

    /// Drops what lives on a stream that is gone; gives the users concerned, each once.
    pub(super) fn close(&mut self, stream: Peer) -> Vec<String> {
        let users: Vec<String> = self
            .from(stream)
            .filter(|user| self.of(user).any(|b| b.lives_on(stream)))
            .cloned()
            .collect();
        for user in &users {
            let mut list = self.take(user);
            list.retain(|b| !b.lives_on(stream));
            self.restore(user, list);
        }
        users
    }

    fn from(&self, source: Peer) -> impl Iterator<Item = &String> {
        self.by_source
            .range((source, String::new())..)
            .take_while(move |(from, _)| *from == source)
            .map(|(_, user)| user)
    }

    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.by_expiry.first().map(|(at, _)| *at)
    }

    pub(super) fn knows(&self, source: Peer) -> bool {
        self.from(source).next().is_some()
    }

    pub(super) fn is_at_home(&self, user: &str, source: Peer) -> bool {
        self.of(user).any(|b| b.is_at_home(source))
    }

    pub(super) fn len(&self) -> usize {
        self.by_user.values().map(Vec::len).sum()
    }

    fn live(&self, now: Instant, user: &str) -> Vec<&Bound> {
        let mut live: Vec<&Bound> = self.of(user).filter(|b| b.until > now).collect();
        live.sort_by_key(|b| std::cmp::Reverse(b.rank()));
        live
    }

    /// Present bindings, best first.
    pub(super) fn current(&self, now: Instant, user: &str) -> Vec<Binding> {
        let live = self.live(now, user);
        live.into_iter().map(|b| b.view(now)).collect()
    }

    /// Values of the Contact lines that list them.
    pub(super) fn lines(&self, now: Instant, user: &str) -> Vec<String> {
        let live = self.live(now, user);
        live.into_iter().map(|b| b.line(now)).collect()
    }
}
