//! Windows over the ledger: day, rolling 24 hours, successive 30 days.

use super::{LedgerState, QUARTER_MS};
use crate::time::Wall;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::ops::AddAssign;

/// Live answers and abandons of a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Connected and abandoned.
    pub answered: u64,
    /// Of these abandoned.
    pub abandoned: u64,
}

impl Tally {
    /// Abandoned / answered; 0 when nobody answered.
    pub fn share(self) -> f64 {
        if self.answered == 0 {
            0.0
        } else {
            self.abandoned as f64 / self.answered as f64
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.answered += other.answered;
        self.abandoned += other.abandoned;
    }
}

/// A window the law, or the house, looks through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// Since midnight in the ledger's zone.
    #[default]
    Day,
    /// The last 24 hours.
    #[serde(rename = "24h")]
    Hours24,
    /// The current one of successive 30-day periods since the campaign began
    /// (16 CFR 310.4(b)(4)(i)).
    #[serde(rename = "30d")]
    Days30,
}

const PERIOD_MS: i64 = 30 * Wall::DAY_MS;

impl WindowKind {
    /// Every window, shortest first.
    pub const ALL: [WindowKind; 3] = [WindowKind::Day, WindowKind::Hours24, WindowKind::Days30];

    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            WindowKind::Day => "day",
            WindowKind::Hours24 => "24h",
            WindowKind::Days30 => "30d",
        }
    }

    /// First instant of the window that holds `now`.
    pub fn start(self, now: Wall, since: Wall, zone: &TimeZone) -> Wall {
        match self {
            WindowKind::Day => {
                let local = now.timestamp().to_zoned(zone.clone());
                let midnight = local.start_of_day().unwrap_or(local);
                Wall(midnight.timestamp().as_millisecond())
            }
            WindowKind::Hours24 => Wall(now.0.saturating_sub(Wall::DAY_MS)),
            WindowKind::Days30 => {
                let age = now.millis_since(since).max(0);
                Wall(since.0 + age / PERIOD_MS * PERIOD_MS)
            }
        }
    }
}

impl LedgerState {
    /// A ledger of a campaign that begins now.
    pub fn starting(now: Wall) -> Self {
        Self {
            since: now,
            ..Self::default()
        }
    }

    /// Enters a live answer, by the instant it was answered.
    pub fn enter(&mut self, answered_at: Wall, abandoned: bool) {
        let quarter = answered_at.0.div_euclid(QUARTER_MS);
        *self.quarters.entry(quarter).or_default() += Tally {
            answered: 1,
            abandoned: u64::from(abandoned),
        };
        // Two periods are kept, so that a window that has just ended can still be read.
        let oldest = quarter - 2 * PERIOD_MS / QUARTER_MS;
        if self
            .quarters
            .first_key_value()
            .is_some_and(|(q, _)| *q < oldest)
        {
            self.quarters = self.quarters.split_off(&oldest);
        }
    }

    /// The tally from `start` (its whole quarter hour included) on.
    pub fn tally_from(&self, start: Wall) -> Tally {
        let mut sum = Tally::default();
        for (_, tally) in self.quarters.range(start.0.div_euclid(QUARTER_MS)..) {
            sum += *tally;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Wall {
        Wall(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn the_day_begins_at_local_midnight_also_when_clocks_change() {
        let new_york = zone("America/New_York");
        let start = |now| WindowKind::Day.start(at(now), Wall(0), &new_york);
        assert_eq!(start("2026-11-02T04:59:00Z"), at("2026-11-01T04:00:00Z"));
        assert_eq!(start("2026-11-02T05:01:00Z"), at("2026-11-02T05:00:00Z"));
    }

    #[test]
    fn thirty_day_periods_follow_each_other() {
        let since = at("2026-01-10T00:00:00Z");
        let start = |now| WindowKind::Days30.start(at(now), since, &zone("UTC"));
        assert_eq!(start("2026-02-08T23:59:00Z"), since);
        assert_eq!(start("2026-02-09T00:00:00Z"), at("2026-02-09T00:00:00Z"));
    }

    #[test]
    fn windows_count_only_what_is_theirs() {
        let mut ledger = LedgerState::starting(Wall(0));
        let now = at("2026-11-20T12:00:00Z");
        for (hours_ago, abandoned) in [(1, true), (2, false), (20, true), (50, false)] {
            ledger.enter(Wall(now.0 - hours_ago * HOUR), abandoned);
        }
        let tally = |kind: WindowKind| {
            ledger.tally_from(kind.start(now, Wall(now.0 - 60 * HOUR), &zone("UTC")))
        };
        assert_eq!(
            tally(WindowKind::Day),
            Tally {
                answered: 2,
                abandoned: 1
            }
        );
        assert_eq!(
            tally(WindowKind::Hours24),
            Tally {
                answered: 3,
                abandoned: 2
            }
        );
        assert_eq!(
            tally(WindowKind::Days30),
            Tally {
                answered: 4,
                abandoned: 2
            }
        );
        assert_eq!(tally(WindowKind::Hours24).share(), 2.0 / 3.0);
    }
}
