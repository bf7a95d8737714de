//! Instants and spans as the engine sees them: always passed in, never read.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// Monotonic instant in nanoseconds since the driver's own origin. Drives every timer.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Mono(pub u64);

impl Mono {
    /// The instant `seconds` after the origin.
    pub fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// Time since `earlier`, zero when `earlier` lies in the future.
    pub fn since(self, earlier: Mono) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Seconds since the origin.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 * 1e-9
    }
}

impl Add<Duration> for Mono {
    type Output = Mono;
    fn add(self, span: Duration) -> Mono {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Mono(self.0.saturating_add(nanos))
    }
}

impl Sub<Duration> for Mono {
    type Output = Mono;
    fn sub(self, span: Duration) -> Mono {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Mono(self.0.saturating_sub(nanos))
    }
}

/// Civil instant in milliseconds since the Unix epoch (UTC). Drives calling hours and records.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Wall(pub i64);

impl Wall {
    /// Milliseconds per day of 24 hours.
    pub const DAY_MS: i64 = 86_400_000;

    /// The same instant as jiff's timestamp; the far ends are clamped to what jiff can hold.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// `self` minus `earlier` in milliseconds; negative when `earlier` is later.
    pub fn millis_since(self, earlier: Wall) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Wall {
    type Output = Wall;
    fn add(self, span: Duration) -> Wall {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Wall(self.0.saturating_add(millis))
    }
}

impl Sub<Duration> for Wall {
    type Output = Wall;
    fn sub(self, span: Duration) -> Wall {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Wall(self.0.saturating_sub(millis))
    }
}

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}

/// Both clocks at one instant. Neither is derived from the other: the wall clock may jump,
/// the monotonic one never does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Drives timers.
    pub mono: Mono,
    /// Drives calling hours, callbacks and records.
    pub wall: Wall,
}
