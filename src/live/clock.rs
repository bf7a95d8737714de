//! The only clock of the live node: monotonic and wall time taken at one instant.

use carillon_decision::{Mono, Now, Wall};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A wall clock that moved against the monotonic one by more than this between two readings
/// of the watchdog has jumped (NTP slews at most 0.5 ms/s).
const JUMP_MS: i64 = 2_000;

/// Reads both clocks. Cheap to clone; every clone shares the origin.
#[derive(Clone, Debug)]
pub struct NodeClock {
    origin: Instant,
    /// Wall minus monotonic at the last look of [`NodeClock::wall_jump`], ms.
    offset_ms: Arc<AtomicI64>,
}

impl NodeClock {
    /// A clock whose monotonic origin is this instant.
    pub fn start() -> Self {
        let clock = Self {
            origin: Instant::now(),
            offset_ms: Arc::new(AtomicI64::new(0)),
        };
        clock
            .offset_ms
            .store(offset_ms(clock.now()), Ordering::Relaxed);
        clock
    }

    /// Both clocks now.
    pub fn now(&self) -> Now {
        Now {
            mono: self.mono(Instant::now()),
            wall: wall(),
        }
    }

    /// The present instant, for the parts that keep time in [`Instant`] (SIP, RTP).
    pub fn instant(&self) -> Instant {
        Instant::now()
    }

    /// The engine's form of an instant; the origin for instants before it.
    pub fn mono(&self, instant: Instant) -> Mono {
        let nanos = instant.saturating_duration_since(self.origin).as_nanos();
        Mono(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The instant of an engine time.
    pub fn instant_of(&self, mono: Mono) -> Instant {
        self.origin + Duration::from_nanos(mono.0)
    }

    /// How far the wall clock jumped since the last look, if it did: positive when it was set
    /// forward, ms. Asked by the engine thread about once a second.
    pub fn wall_jump(&self, now: Now) -> Option<i64> {
        let offset = offset_ms(now);
        let before = self.offset_ms.swap(offset, Ordering::Relaxed);
        jumped(before, offset)
    }
}

fn jumped(before: i64, after: i64) -> Option<i64> {
    let moved = after.saturating_sub(before);
    (moved.saturating_abs() > JUMP_MS).then_some(moved)
}

fn offset_ms(now: Now) -> i64 {
    let mono_ms = i64::try_from(now.mono.0 / 1_000_000).unwrap_or(i64::MAX);
    now.wall.0.saturating_sub(mono_ms)
}

fn wall() -> Wall {
    let since = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
    Wall(match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => since(after),
        Err(before) => -since(before.duration()),
    })
}

/// The wall clock in µs since the Unix epoch, for captured messages.
pub(crate) fn wall_us() -> i64 {
    let since = |d: Duration| i64::try_from(d.as_micros()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => since(after),
        Err(before) => -since(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_engine_time_convert_both_ways() {
        let clock = NodeClock::start();
        let later = clock.instant() + Duration::from_secs(5);
        assert_eq!(clock.instant_of(clock.mono(later)), later);
        let before_origin = clock.origin.checked_sub(Duration::from_secs(1));
        assert_eq!(before_origin.map(|i| clock.mono(i)), Some(Mono(0)));
    }

    #[test]
    fn a_set_clock_is_a_jump_and_a_slewed_one_is_not() {
        assert_eq!(jumped(1_000, 1_000 + JUMP_MS), None);
        assert_eq!(jumped(1_000, 61_000), Some(60_000));
        assert_eq!(jumped(61_000, 1_000), Some(-60_000));
    }

    #[test]
    fn a_jump_is_reported_once() {
        let clock = NodeClock::start();
        let mut now = clock.now();
        assert_eq!(clock.wall_jump(now), None);
        now.wall = Wall(now.wall.0 - 3_600_000);
        assert!(clock.wall_jump(now).is_some_and(|ms| ms < -3_590_000));
        assert_eq!(clock.wall_jump(now), None);
    }
}
