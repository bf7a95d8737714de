//! Client non-INVITE transaction (RFC 3261 §17.1.2).

use std::time::Instant;

use super::{Repeat, Step, due, earlier};
use crate::config::Timers;

/// States of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Trying,
    Proceeding,
    Completed,
    Terminated,
}

/// The machine. Timers: E (retransmission, capped at T2), F (no final response), K (responses may
/// come again).
#[derive(Debug, Clone, Copy)]
pub struct ClientOther {
    state: State,
    timers: Timers,
    reliable: bool,
    e: Option<Repeat>,
    /// F or K, by state.
    end: Option<Instant>,
}

impl ClientOther {
    /// Starts when the request is sent.
    pub fn new(now: Instant, timers: Timers, reliable: bool) -> Self {
        Self {
            state: State::Trying,
            timers,
            reliable,
            e: (!reliable).then(|| Repeat::new(now, timers.t1)),
            end: Some(now + timers.t1x64()),
        }
    }

    /// A response came.
    pub fn on_response(&mut self, now: Instant, code: u16) -> Step {
        match (self.state, code) {
            (State::Trying | State::Proceeding, 100..=199) => {
                if self.state == State::Trying && !self.reliable {
                    // Further repetitions come every T2 (§17.1.2.2).
                    self.e = Some(Repeat::new(now, self.timers.t2));
                }
                self.state = State::Proceeding;
                Step::DELIVER
            }
            (State::Trying | State::Proceeding, _) => {
                self.e = None;
                if self.reliable {
                    self.state = State::Terminated;
                    self.end = None;
                    return Step {
                        terminated: true,
                        ..Step::DELIVER
                    };
                }
                self.state = State::Completed;
                self.end = Some(now + self.timers.t4);
                Step::DELIVER
            }
            _ => Step::NONE,
        }
    }

    /// Runs timers that are due.
    pub fn on_timeout(&mut self, now: Instant) -> Step {
        if due(self.end, now) {
            let silent = matches!(self.state, State::Trying | State::Proceeding);
            self.state = State::Terminated;
            (self.e, self.end) = (None, None);
            return if silent {
                Step::TIMED_OUT
            } else {
                Step::TERMINATED
            };
        }
        match self.e {
            Some(e) if e.at <= now => {
                self.e = Some(e.again(now, Some(self.timers.t2)));
                Step::RETRANSMIT
            }
            _ => Step::NONE,
        }
    }

    /// Next timer.
    pub fn deadline(&self) -> Option<Instant> {
        earlier(self.e.map(|e| e.at), self.end)
    }

    /// Whether no final response has come.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Trying | State::Proceeding)
    }
}
