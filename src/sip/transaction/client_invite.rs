//! Client INVITE transaction (RFC 3261 §17.1.1, RFC 6026 §8.4).

use std::time::Instant;

use super::{Repeat, Step, due, earlier};
use crate::config::Timers;

/// States of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Calling,
    Proceeding,
    Completed,
    Accepted,
    Terminated,
}

/// The machine. Timers: A (retransmission), B (no answer at all), D (300–699 may come again),
/// M (further 2xx may come).
#[derive(Debug, Clone, Copy)]
pub struct ClientInvite {
    state: State,
    timers: Timers,
    reliable: bool,
    a: Option<Repeat>,
    /// B, D or M, by state.
    end: Option<Instant>,
}

impl ClientInvite {
    /// Starts when the INVITE is sent.
    pub fn new(now: Instant, timers: Timers, reliable: bool) -> Self {
        Self {
            state: State::Calling,
            timers,
            reliable,
            a: (!reliable).then(|| Repeat::new(now, timers.t1)),
            end: Some(now + timers.t1x64()),
        }
    }

    /// A response came.
    pub fn on_response(&mut self, now: Instant, code: u16) -> Step {
        match (self.state, code) {
            (State::Calling | State::Proceeding, 100..=199) => {
                self.state = State::Proceeding;
                (self.a, self.end) = (None, None);
                Step::DELIVER
            }
            (State::Calling | State::Proceeding, 200..=299) => {
                self.state = State::Accepted;
                (self.a, self.end) = (None, Some(now + self.timers.t1x64()));
                Step::DELIVER
            }
            (State::Accepted, 200..=299) => Step::DELIVER,
            (State::Calling | State::Proceeding, _) => {
                let ack_and_deliver = Step {
                    ack: true,
                    ..Step::DELIVER
                };
                self.a = None;
                if self.reliable {
                    self.state = State::Terminated;
                    self.end = None;
                    return Step {
                        terminated: true,
                        ..ack_and_deliver
                    };
                }
                self.state = State::Completed;
                // Timer D: at least 32 s, and never shorter than the peer's timer H.
                self.end = Some(now + self.timers.t1x64().max(std::time::Duration::from_secs(32)));
                ack_and_deliver
            }
            (State::Completed, 300..=699) => Step {
                ack: true,
                ..Step::NONE
            },
            _ => Step::NONE,
        }
    }

    /// Runs timers that are due.
    pub fn on_timeout(&mut self, now: Instant) -> Step {
        if due(self.end, now) {
            let silent = self.state == State::Calling;
            self.state = State::Terminated;
            (self.a, self.end) = (None, None);
            return if silent {
                Step::TIMED_OUT
            } else {
                Step::TERMINATED
            };
        }
        match self.a {
            Some(a) if a.at <= now => {
                self.a = Some(a.again(now, None));
                Step::RETRANSMIT
            }
            _ => Step::NONE,
        }
    }

    /// Next timer.
    pub fn deadline(&self) -> Option<Instant> {
        earlier(self.a.map(|a| a.at), self.end)
    }

    /// Whether no final response has come.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Calling | State::Proceeding)
    }
}
