//! One queue for every timer of an endpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::event::{CallKey, LegKey, RequestKey};

/// Number in our branch, and whether the transaction is the CANCEL that shares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ClientId {
    pub(super) branch: u64,
    pub(super) is_cancel: bool,
}

/// Whose timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Client(ClientId),
    Server(u64),
    Call(CallKey),
    Leg(LegKey, LegTimer),
    Request(RequestKey),
    Registrar,
}

/// Which timer of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LegTimer {
    /// Ringing for too long; a 2xx without ACK; an offer in a 2xx that the owner does not answer.
    Main,
    /// Refresh or end of the session (RFC 4028).
    Session,
    /// A change of ours waits for its next try.
    Change,
    /// A reliable provisional response without PRACK (RFC 3262).
    Reliable,
    /// A transfer we asked for.
    Transfer,
    /// A transfer we were asked for.
    Referral,
}

impl LegTimer {
    pub(super) const ALL: [Self; 6] = [
        Self::Main,
        Self::Session,
        Self::Change,
        Self::Reliable,
        Self::Transfer,
        Self::Referral,
    ];
}

/// At most one instant per target; ties run in the order of targets.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    by_time: BTreeSet<(Instant, Target)>,
    by_target: BTreeMap<Target, Instant>,
}

impl Agenda {
    pub(super) fn set(&mut self, target: Target, at: Option<Instant>) {
        let old = match at {
            Some(at) => self.by_target.insert(target, at),
            None => self.by_target.remove(&target),
        };
        if old == at {
            return;
        }
        if let Some(old) = old {
            self.by_time.remove(&(old, target));
        }
        if let Some(at) = at {
            self.by_time.insert((at, target));
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes the earliest timer that is due.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Target> {
        let (at, target) = *self.by_time.first()?;
        if at > now {
            return None;
        }
        self.set(target, None);
        Some(target)
    }

    pub(super) fn len(&self) -> usize {
        self.by_time.len()
    }
}
