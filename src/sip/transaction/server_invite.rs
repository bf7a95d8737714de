//! Server INVITE transaction (RFC 3261 §17.2.1, RFC 6026 §8.7).

use std::time::{Duration, Instant};

use super::{Repeat, Step, due, earlier};
use crate::config::Timers;

/// How often the last 101–199 is sent again, so that proxies on the way keep waiting (their timer C;
/// RFC 3261 §13.3.1.1).
const PROVISIONAL_EVERY: Duration = Duration::from_secs(60);

/// States of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Proceeding,
    Completed,
    Confirmed,
    Accepted,
    Terminated,
}

/// The machine. Timers: G (final response again), H (no ACK), I (ACKs may come again), L (the
/// INVITE may come again after our 2xx), and each minute the last provisional response but 100.
/// 2xx are repeated by the transaction user.
#[derive(Debug, Clone, Copy)]
pub struct ServerInvite {
    state: State,
    timers: Timers,
    reliable: bool,
    g: Option<Repeat>,
    /// The last provisional response again.
    ringing: Option<Instant>,
    /// H, I or L, by state.
    end: Option<Instant>,
}

impl ServerInvite {
    /// Starts when the INVITE arrives.
    pub fn new(timers: Timers, reliable: bool) -> Self {
        Self {
            state: State::Proceeding,
            timers,
            reliable,
            g: None,
            ringing: None,
            end: None,
        }
    }

    /// The INVITE came again.
    pub fn on_invite(&mut self) -> Step {
        match self.state {
            State::Proceeding | State::Completed => Step::RETRANSMIT,
            _ => Step::NONE,
        }
    }

    /// The transaction user sent a response. False: too late, do not send.
    pub fn on_sent(&mut self, now: Instant, code: u16) -> bool {
        if self.state != State::Proceeding {
            return false;
        }
        self.ringing = match code {
            101..=199 => Some(now + PROVISIONAL_EVERY),
            100 => self.ringing,
            _ => None,
        };
        match code {
            100..=199 => {}
            200..=299 => {
                self.state = State::Accepted;
                self.end = Some(now + self.timers.t1x64());
            }
            _ => {
                self.state = State::Completed;
                self.g = (!self.reliable).then(|| Repeat::new(now, self.timers.t1));
                self.end = Some(now + self.timers.t1x64());
            }
        }
        true
    }

    /// An ACK with this branch came. ACKs in Accepted belong to the dialog.
    pub fn on_ack(&mut self, now: Instant) -> Step {
        match self.state {
            State::Completed if self.reliable => {
                self.state = State::Terminated;
                (self.g, self.end) = (None, None);
                Step::TERMINATED
            }
            State::Completed => {
                self.state = State::Confirmed;
                self.g = None;
                self.end = Some(now + self.timers.t4);
                Step::NONE
            }
            State::Accepted => Step::DELIVER,
            _ => Step::NONE,
        }
    }

    /// Runs timers that are due.
    pub fn on_timeout(&mut self, now: Instant) -> Step {
        if due(self.end, now) {
            let unheard = self.state == State::Completed;
            self.state = State::Terminated;
            (self.g, self.end) = (None, None);
            return if unheard {
                Step::TIMED_OUT
            } else {
                Step::TERMINATED
            };
        }
        if due(self.ringing, now) {
            self.ringing = Some(now + PROVISIONAL_EVERY);
            return Step::RETRANSMIT;
        }
        match self.g {
            Some(g) if g.at <= now => {
                self.g = Some(g.again(now, Some(self.timers.t2)));
                Step::RETRANSMIT
            }
            _ => Step::NONE,
        }
    }

    /// Next timer.
    pub fn deadline(&self) -> Option<Instant> {
        earlier(earlier(self.g.map(|g| g.at), self.ringing), self.end)
    }

    /// Whether no final response was sent.
    pub fn is_open(&self) -> bool {
        self.state == State::Proceeding
    }
}
