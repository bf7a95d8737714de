//! The calendar of a simulated day: what happens when, in a fixed order for equal times.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Something that will happen to a call or an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A call's next news: answer, failure or time-out.
    CallTurns(u32),
    /// It is known that a machine answered.
    MachineKnown(u32),
    /// A person who waits has waited long enough.
    HoldEnds(u32),
    /// A conversation ends.
    TalkEnds(u32),
    /// A wrap-up ends.
    WrapEnds(u32),
    /// An agent logs in, goes on a break, comes back or leaves.
    ShiftTurns(u32),
}

/// An entry: due `at` nanoseconds after the start of the day, entered as the `serial`-th.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Nanoseconds from the start of the day.
    pub at: u64,
    /// Running number; also tells whether the entry is still meant.
    pub serial: u64,
    /// What happens.
    pub what: Happening,
}

impl Ord for Entry {
    // Reversed: the heap's greatest is the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.serial).cmp(&(self.at, self.serial))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What is to come.
#[derive(Debug, Default)]
pub struct Calendar {
    heap: BinaryHeap<Entry>,
    serial: u64,
}

impl Calendar {
    /// Enters something; answers its serial number.
    pub fn enter(&mut self, at: u64, what: Happening) -> u64 {
        self.serial += 1;
        let serial = self.serial;
        self.heap.push(Entry { at, serial, what });
        serial
    }

    /// When the next entry is due.
    #[must_use]
    pub fn next_at(&self) -> Option<u64> {
        self.heap.peek().map(|entry| entry.at)
    }

    /// Takes the next entry.
    pub fn take(&mut self) -> Option<Entry> {
        self.heap.pop()
    }
}

/// Seconds as nanoseconds.
#[must_use]
pub fn nanos(seconds: f64) -> u64 {
    // A float to integer cast saturates: nonsense becomes 0 or the end of time.
    (seconds * 1e9) as u64
}

/// Nanoseconds as seconds.
#[must_use]
pub fn seconds(nanos: u64) -> f64 {
    nanos as f64 * 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_times_keep_the_order_of_entry() {
        let mut calendar = Calendar::default();
        calendar.enter(5, Happening::TalkEnds(1));
        calendar.enter(3, Happening::TalkEnds(2));
        calendar.enter(5, Happening::TalkEnds(3));
        let order: Vec<_> = std::iter::from_fn(|| calendar.take())
            .map(|e| e.what)
            .collect();
        let expected = [2, 1, 3].map(Happening::TalkEnds);
        assert_eq!(order, expected);
    }
}
