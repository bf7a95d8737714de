//! Who answers, hour by hour.

use crate::calls::{CallRow, Who};
use carillon_decision::call::{Cause, Outcome};
use jiff::tz::TimeZone;
use serde::Serialize;
use statrs::distribution::{Beta, ContinuousCDF};
use statrs::function::gamma::gamma_ur;
use std::collections::BTreeMap;

/// Hours are told apart when chance alone would make them differ so much in one case of a hundred.
const DIFFER_P: f64 = 0.01;

/// A share with its 95 % interval (beta posterior, Jeffreys' prior).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Share {
    /// The share, 0–1.
    pub share: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Share {
    /// `count` of `of`; of calls hung up while they rang a part counts.
    #[must_use]
    pub fn of(count: f64, of: f64) -> Self {
        if of <= 0.0 {
            return Self {
                high: 1.0,
                ..Self::default()
            };
        }
        let rest = (of - count).max(0.0);
        let (low, high) = match Beta::new(count + 0.5, rest + 0.5) {
            Ok(law) => (law.inverse_cdf(0.025), law.inverse_cdf(0.975)),
            Err(_) => (0.0, 1.0),
        };
        Self {
            share: count / of,
            low,
            high,
        }
    }
}

/// An hour of the day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hour {
    /// 0–23, in the zone asked for.
    pub hour: u8,
    /// Calls placed, those the trunk failed left out.
    pub placed: u64,
    /// Of these answered by people.
    pub people: u64,
    /// The share; calls hung up while ringing count as far as they had come.
    pub answered: Share,
}

/// Counts of all calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Counts {
    /// Calls placed, those the trunk failed left out.
    pub placed: u64,
    /// Answered by people, or by whom the records do not tell.
    pub people: u64,
    /// Of these connected to an agent.
    pub connected: u64,
    /// Of these abandoned.
    pub abandoned: u64,
    /// Answered by machines, faxes, or nobody who spoke.
    pub machines: u64,
    /// Busy, declined, blocked.
    pub busy: u64,
    /// Not in service, told by tones.
    pub tones: u64,
    /// Not in service, told by the network.
    pub wrong: u64,
    /// Rung in vain until they were given up.
    pub silent: u64,
    /// Hung up by us while they rang.
    pub cancelled: u64,
    /// Trouble of the trunk: in no share.
    pub trunk: u64,
    /// Answered calls of which the records do not tell who answered.
    pub unknown: u64,
}

/// What a call was, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Person,
    Machine,
    Busy,
    Tones,
    Wrong,
    Silent,
    Cancelled,
    Trunk,
}

pub(super) fn kind(call: &CallRow) -> Kind {
    match Outcome::from_name(&call.outcome) {
        Some(Outcome::Connected | Outcome::Abandoned) => Kind::Person,
        Some(Outcome::Machine | Outcome::Fax | Outcome::Silent) => Kind::Machine,
        Some(Outcome::Unanswered(cause)) => match cause {
            Cause::Busy | Cause::Blocked | Cause::Declined | Cause::Refused => Kind::Busy,
            Cause::Disconnected if call.who == Some(Who::Tone) => Kind::Tones,
            Cause::Disconnected => Kind::Wrong,
            Cause::NoAnswer => Kind::Silent,
            Cause::Cancelled => Kind::Cancelled,
            _ => Kind::Trunk,
        },
        _ => Kind::Trunk,
    }
}

impl Counts {
    /// Counts calls.
    #[must_use]
    pub fn of<'a>(calls: impl IntoIterator<Item = &'a CallRow>) -> Self {
        let mut counts = Self::default();
        for call in calls {
            let kind = kind(call);
            let one = match kind {
                Kind::Person => &mut counts.people,
                Kind::Machine => &mut counts.machines,
                Kind::Busy => &mut counts.busy,
                Kind::Tones => &mut counts.tones,
                Kind::Wrong => &mut counts.wrong,
                Kind::Silent => &mut counts.silent,
                Kind::Cancelled => &mut counts.cancelled,
                Kind::Trunk => &mut counts.trunk,
            };
            *one += 1;
            counts.placed += u64::from(kind != Kind::Trunk);
            counts.connected += u64::from(call.outcome == "connected");
            counts.abandoned += u64::from(call.outcome == "abandoned");
            counts.unknown += u64::from(call.who == Some(Who::Unknown));
        }
        counts
    }

    /// Share of calls known at once to ring for nobody.
    #[must_use]
    pub fn failed(&self) -> f64 {
        (self.busy + self.tones + self.wrong) as f64 / (self.placed as f64).max(1.0)
    }
}

/// The hours in which calls were placed. `come` tells how far a call hung up after so many seconds
/// of ringing had come: 0 not at all, 1 as good as given up.
pub(super) fn hours(calls: &[CallRow], zone: &TimeZone, come: impl Fn(f64) -> f64) -> Vec<Hour> {
    let mut found: BTreeMap<u8, (u64, u64, f64)> = BTreeMap::new();
    for call in calls {
        let kind = kind(call);
        if kind == Kind::Trunk {
            continue;
        }
        let at = jiff::Timestamp::from_millisecond(call.placed.0).unwrap_or_default();
        let hour = at.to_zoned(zone.clone()).hour().unsigned_abs();
        let (placed, people, weight) = found.entry(hour).or_default();
        *placed += 1;
        *people += u64::from(kind == Kind::Person);
        *weight += match kind {
            Kind::Cancelled => come(call.end_after_s.unwrap_or(0.0)),
            _ => 1.0,
        };
    }
    let hour = |(hour, (placed, people, weight))| Hour {
        hour,
        placed,
        people,
        answered: Share::of(people as f64, weight),
    };
    found.into_iter().map(hour).collect()
}

/// How likely hours would differ at least so much if one share held all day (Pearson's χ²).
#[must_use]
pub fn hours_alike(hours: &[Hour]) -> f64 {
    let (placed, people) = hours.iter().fold((0.0, 0.0), |(n, x), hour| {
        (n + hour.placed as f64, x + hour.people as f64)
    });
    let p = people / f64::max(placed, 1.0);
    if hours.len() < 2 || p <= 0.0 || p >= 1.0 {
        return 1.0;
    }
    let parts = hours.iter().map(|hour| {
        let n = hour.placed as f64;
        let off = hour.people as f64 - n * p;
        off * off / (n * p * (1.0 - p))
    });
    gamma_ur(0.5 * (hours.len() - 1) as f64, 0.5 * parts.sum::<f64>())
}

/// Whether the answer share is to vary over the scenario's day.
pub(super) fn differ(hours: &[Hour]) -> bool {
    hours_alike(hours) < DIFFER_P
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Intervals of R's `qbeta(c(.025, .975), x + .5, n - x + .5)`.
    #[test]
    fn intervals_are_jeffreys() {
        let share = Share::of(20.0, 100.0);
        assert!(
            (share.low - 0.130_80).abs() < 2e-4 && (share.high - 0.286_14).abs() < 2e-4,
            "{share:?}"
        );
        let none = Share::of(0.0, 50.0);
        assert!(
            none.low < 1e-4 && (none.high - 0.0489).abs() < 2e-3,
            "{none:?}"
        );
    }

    #[test]
    fn hours_that_differ_by_chance_are_alike() {
        let hour = |hour, placed, people| Hour {
            hour,
            placed,
            people,
            answered: Share::default(),
        };
        let alike = [hour(9, 500, 100), hour(10, 500, 110), hour(11, 500, 95)];
        assert!(hours_alike(&alike) > 0.3 && !differ(&alike));
        let apart = [hour(9, 500, 100), hour(10, 500, 200)];
        assert!(hours_alike(&apart) < 1e-6 && differ(&apart));
        // χ² = 3.84 on one degree of freedom is the 5 % point.
        let edge = [hour(9, 10_000, 5_000), hour(10, 10_000, 5_138)];
        assert!(
            (hours_alike(&edge) - 0.051).abs() < 0.003,
            "{}",
            hours_alike(&edge)
        );
    }
}
