//! Time zones from the database that is compiled in, each read once.

use crate::time::Wall;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::cmp::Ordering;
use std::fmt;
use std::sync::{LazyLock, OnceLock};

/// An IANA zone.
pub(super) struct Zone {
    pub(super) name: String,
    rules: OnceLock<TimeZone>,
}

/// The compiled-in database, whatever the machine has: every host judges alike.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Every zone, sorted by name without regard to case.
static ZONES: LazyLock<Vec<Zone>> = LazyLock::new(|| {
    let mut zones: Vec<Zone> = DATABASE
        .available()
        .map(|name| Zone {
            name: name.as_str().to_owned(),
            rules: OnceLock::new(),
        })
        .collect();
    zones.sort_by(|a, b| caseless(&a.name, &b.name));
    zones
});

fn caseless(a: &str, b: &str) -> Ordering {
    let lower = |b: u8| b.to_ascii_lowercase();
    a.bytes().map(lower).cmp(b.bytes().map(lower))
}

/// The zone of that IANA name (any case), or `None`.
pub(super) fn zone(name: &str) -> Option<&'static Zone> {
    ZONES
        .binary_search_by(|z| caseless(&z.name, name))
        .ok()
        .map(|at| &ZONES[at])
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Zone {
    fn rules(&self) -> &TimeZone {
        // Every name comes from the database itself; UTC could only stand in if the
        // compiled-in data were damaged.
        self.rules
            .get_or_init(|| DATABASE.get(&self.name).unwrap_or(TimeZone::UTC))
    }

    /// Local civil time at `at`, in milliseconds since 1970-01-01T00:00 on the local clock.
    pub(super) fn local_ms(&self, at: Wall) -> i64 {
        let offset = self.rules().to_offset(at.timestamp());
        at.0.saturating_add(i64::from(offset.seconds()) * 1000)
    }

    /// The first instant after `at` at which the local clock is set forward or back.
    pub(super) fn next_shift(&self, at: Wall) -> Option<Wall> {
        self.rules()
            .following(at.timestamp())
            .next()
            .map(|t| Wall(t.timestamp().as_millisecond()))
    }

    /// Calls `step` on each stretch of unbroken local time from `from` on, as local
    /// milliseconds `(start, end)` with `end` exclusive, until it names a local time in
    /// the stretch; that instant is returned. `None` past `limit`.
    pub(super) fn first_local(
        &self,
        from: Wall,
        limit: Wall,
        mut step: impl FnMut(i64, i64) -> Option<i64>,
    ) -> Option<Wall> {
        let mut at = from;
        while at <= limit {
            let end = self
                .next_shift(at)
                .unwrap_or(Wall(i64::MAX))
                .min(limit + ONE_MS);
            let shift = self.local_ms(at) - at.0;
            if let Some(local) = step(at.0 + shift, end.0.saturating_add(shift)) {
                return Some(Wall(local - shift));
            }
            at = end;
        }
        None
    }
}

const ONE_MS: std::time::Duration = std::time::Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_found_in_any_case_and_unknown_ones_are_not() {
        assert_eq!(zone("Europe/Paris").unwrap().name, "Europe/Paris");
        assert_eq!(zone("america/NEW_YORK").unwrap().name, "America/New_York");
        assert!(zone("Mars/Olympus").is_none() && zone("").is_none());
    }

    #[test]
    fn local_time_follows_the_clock_change() {
        let berlin = zone("Europe/Berlin").unwrap();
        let change: jiff::Timestamp = "2026-03-29T01:00:00Z".parse().unwrap();
        let change = Wall(change.as_millisecond());
        let before = Wall(change.0 - 1);
        assert_eq!(berlin.local_ms(change) - berlin.local_ms(before), 3_600_001);
        assert_eq!(berlin.next_shift(before), Some(change));
        assert!(zone("Asia/Kolkata").unwrap().next_shift(change).is_none());
    }
}
