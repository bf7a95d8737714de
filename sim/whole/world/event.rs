//! What will happen, and when.

use crate::whole::roster::Turn;
use carillon_decision::event::{Input, Progress};
use carillon_decision::id::CallId;

/// What will happen.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    /// The engine asked to be woken.
    Wake,
    Hear(Box<Input>),
    /// News of a call, void once the call is over or hung up.
    Call(CallId, Progress),
    /// A person tires of silence, or of the queue.
    Patience(CallId),
    /// A conversation has been had.
    TalkOver(CallId),
    /// An agent does something by the clock.
    Turn(usize, Turn),
    /// A phone of ours is answered.
    LineUp(usize),
    /// An agent says they take calls.
    Ready(usize),
    /// A wrap-up has taken its time; the number tells whether it is still that one.
    WrapOver(usize, u32),
    /// A break is over.
    BreakOver(usize),
    /// The next inbound caller of a campaign.
    Caller(usize, u64),
}

/// An event and its time; the heap's greatest is the earliest.
pub(super) struct Entry {
    pub(super) at: u64,
    pub(super) serial: u64,
    pub(super) event: Event,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.serial) == (other.at, other.serial)
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.at, other.serial).cmp(&(self.at, self.serial))
    }
}

/// Seconds as nanoseconds; endless ones as the end of time.
pub(in crate::whole) fn nanos(seconds: f64) -> u64 {
    (seconds.max(0.0) * 1e9) as u64
}

/// Nanoseconds as seconds.
pub(in crate::whole) fn seconds(nanos: u64) -> f64 {
    nanos as f64 * 1e-9
}
