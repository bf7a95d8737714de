//! Deadlines of many legs: a hashed timing wheel with slots of one millisecond.
//!
//! Source: G. Varghese, T. Lauck, *Hashed and Hierarchical Timing Wheels* (SOSP 1987), scheme 6.
//! Setting and firing take constant time, and nothing is allocated once slots have grown.

use std::time::{Duration, Instant};

const SLOTS: usize = 256;

/// Timers by key. An entry can not be removed: its owner knows whether it still matters.
#[derive(Debug)]
pub struct Wheel {
    origin: Instant,
    /// The first millisecond not yet fired.
    now: u64,
    slots: Vec<Vec<(u64, u32)>>,
    entries: usize,
    spare: Vec<(u64, u32)>,
}

impl Wheel {
    pub fn new(now: Instant) -> Self {
        Self {
            origin: now,
            now: 0,
            slots: (0..SLOTS).map(|_| Vec::new()).collect(),
            entries: 0,
            spare: Vec::new(),
        }
    }

    /// Fires `key` at the first millisecond that is not before `due`.
    pub fn set(&mut self, due: Instant, key: u32) {
        let after = due.saturating_duration_since(self.origin);
        let tick = (after.as_nanos().div_ceil(1_000_000) as u64).max(self.now);
        self.slots[tick as usize % SLOTS].push((tick, key));
        self.entries += 1;
    }

    /// Moves to `now` and adds every key due to `fired`.
    pub fn advance(&mut self, now: Instant, fired: &mut Vec<u32>) {
        let target = now.saturating_duration_since(self.origin).as_millis() as u64;
        if target < self.now {
            return;
        }
        let first = self.now;
        self.now = target + 1;
        for step in 0..(target - first + 1).min(SLOTS as u64) {
            let slot = (first + step) as usize % SLOTS;
            if self.slots[slot].is_empty() {
                continue;
            }
            std::mem::swap(&mut self.spare, &mut self.slots[slot]);
            for (tick, key) in self.spare.drain(..) {
                if tick <= target {
                    fired.push(key);
                    self.entries -= 1;
                } else {
                    self.slots[slot].push((tick, key));
                }
            }
        }
    }

    /// How long to wait before `advance` can fire anything; `None` when nothing is set. May be
    /// too short by a turn of the wheel, never too long.
    pub fn wait(&self, now: Instant) -> Option<Duration> {
        if self.entries == 0 {
            return None;
        }
        let ahead = (0..SLOTS as u64)
            .find(|ahead| !self.slots[(self.now + ahead) as usize % SLOTS].is_empty())?;
        let due = self.origin + Duration::from_millis(self.now + ahead);
        Some(due.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn start() -> Instant {
        #[allow(clippy::disallowed_methods, reason = "no other way to make an instant")]
        Instant::now()
    }

    #[test]
    fn keys_fire_once_and_never_early_even_a_turn_ahead() {
        let origin = start();
        let mut wheel = Wheel::new(origin);
        for (at, key) in [(5, 1), (20, 2), (20, 3), (261, 4), (2000, 5)] {
            wheel.set(origin + ms(at), key);
        }
        let (mut fired, mut seen) = (Vec::new(), Vec::new());
        for at in 0..2100 {
            wheel.advance(origin + ms(at), &mut fired);
            seen.extend(fired.drain(..).map(|key| (at, key)));
        }
        assert_eq!(seen, [(5, 1), (20, 2), (20, 3), (261, 4), (2000, 5)]);
        assert_eq!(wheel.wait(origin), None);
    }

    #[test]
    fn a_late_advance_fires_all_and_the_past_fires_next() {
        let origin = start();
        let mut wheel = Wheel::new(origin);
        wheel.set(origin + ms(10), 1);
        wheel.set(origin + ms(700), 2);
        let mut fired = Vec::new();
        wheel.advance(origin + ms(5000), &mut fired);
        fired.sort_unstable();
        assert_eq!(fired, [1, 2]);
        fired.clear();
        wheel.set(origin + ms(3), 3);
        assert!(wheel.wait(origin + ms(5000)).unwrap() <= ms(1));
        wheel.advance(origin + ms(5001), &mut fired);
        assert_eq!(fired, [3]);
    }

    #[test]
    fn the_wait_reaches_to_the_next_deadline() {
        let origin = start();
        let mut wheel = Wheel::new(origin);
        wheel.set(origin + Duration::from_micros(19_400), 1);
        assert_eq!(wheel.wait(origin + ms(3)), Some(ms(17)));
    }
}
