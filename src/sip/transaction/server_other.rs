//! Server non-INVITE transaction (RFC 3261 §17.2.2, RFC 4320).

use std::time::Instant;

use super::{Step, due};
use crate::config::Timers;

/// States of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Trying,
    Completed,
    Terminated,
}

/// The machine. Timer J: the request may come again after our final response. RFC 4320: a final
/// response after the client's timer F, any 408, and any provisional but a late 100 are useless
/// or harmful, so they are not sent.
#[derive(Debug, Clone, Copy)]
pub struct ServerOther {
    state: State,
    timers: Timers,
    reliable: bool,
    /// While open: when the client has given up (its timer F). Then J.
    end: Instant,
}

impl ServerOther {
    /// Starts when the request arrives.
    pub fn new(now: Instant, timers: Timers, reliable: bool) -> Self {
        Self {
            state: State::Trying,
            timers,
            reliable,
            end: now + timers.t1x64(),
        }
    }

    /// The request came again.
    pub fn on_request(&mut self) -> Step {
        match self.state {
            State::Completed => Step::RETRANSMIT,
            _ => Step::NONE,
        }
    }

    /// The transaction user wants to respond. False: do not send.
    pub fn on_sent(&mut self, now: Instant, code: u16) -> bool {
        if self.state != State::Trying || now >= self.end || code < 200 || code == 408 {
            return false;
        }
        self.state = State::Completed;
        self.end = if self.reliable {
            now
        } else {
            now + self.timers.t1x64()
        };
        true
    }

    /// Runs timers that are due.
    pub fn on_timeout(&mut self, now: Instant) -> Step {
        if self.state != State::Terminated && due(Some(self.end), now) {
            self.state = State::Terminated;
            return Step::TERMINATED;
        }
        Step::NONE
    }

    /// Next timer.
    pub fn deadline(&self) -> Option<Instant> {
        (self.state != State::Terminated).then_some(self.end)
    }
}
