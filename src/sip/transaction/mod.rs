//! Transaction state machines (RFC 3261 §17, corrected by RFC 6026 and RFC 4320).
//!
//! The machines hold no messages: they are told what arrived or was sent and say what to do with
//! the stored message. Every timer is an instant handed out by `deadline`.

mod client_invite;
mod client_other;
mod server_invite;
mod server_other;

pub use client_invite::ClientInvite;
pub use client_other::ClientOther;
pub use server_invite::ServerInvite;
pub use server_other::ServerOther;

use std::time::{Duration, Instant};

/// What the owner of a machine has to do now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// Send the stored request or response again.
    pub retransmit: bool,
    /// Client INVITE: send the ACK for a 300–699 (also for each retransmission of it).
    pub ack: bool,
    /// Hand the message to the transaction user.
    pub deliver: bool,
    /// Timer B, F or H: the peer is silent.
    pub timed_out: bool,
    /// The machine is done; forget it.
    pub terminated: bool,
}

impl Step {
    pub(crate) const NONE: Self = Self {
        retransmit: false,
        ack: false,
        deliver: false,
        timed_out: false,
        terminated: false,
    };
    pub(crate) const DELIVER: Self = Self {
        deliver: true,
        ..Self::NONE
    };
    pub(crate) const RETRANSMIT: Self = Self {
        retransmit: true,
        ..Self::NONE
    };
    pub(crate) const TERMINATED: Self = Self {
        terminated: true,
        ..Self::NONE
    };
    pub(crate) const TIMED_OUT: Self = Self {
        timed_out: true,
        terminated: true,
        ..Self::NONE
    };
}

/// A retransmission timer whose interval grows (A, E, G and the 2xx of §13.3.1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repeat {
    pub(crate) at: Instant,
    interval: Duration,
}

impl Repeat {
    pub(crate) fn new(now: Instant, first: Duration) -> Self {
        Self {
            at: now + first,
            interval: first,
        }
    }

    /// Counts from the instant it was due, so that a late wake-up does not stretch the schedule,
    /// yet never lies in the past.
    pub(crate) fn again(self, now: Instant, max: Option<Duration>) -> Self {
        let doubled = self.interval * 2;
        let interval = max.map_or(doubled, |m| doubled.min(m));
        let at = self.at + interval;
        Self {
            at: if at > now { at } else { now + interval },
            interval,
        }
    }
}

pub(crate) fn due(timer: Option<Instant>, now: Instant) -> bool {
    timer.is_some_and(|at| at <= now)
}

/// The earlier of two timers.
pub fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests;
