//! Figures of a day, and of many.

use crate::oracle::Oracle;
use carillon_decision::call::{CallRecord, Direction, Outcome};
use carillon_decision::status::FloorStatus;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Figures of one simulated day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DayFigures {
    /// Seed of the day.
    pub seed: u64,
    /// Calls placed.
    pub placed: u64,
    /// People who answered.
    pub answered_human: u64,
    /// Of these bridged to an agent.
    pub connected: u64,
    /// Of these abandoned.
    pub abandoned: u64,
    /// Abandoned / answered.
    pub abandonment: f64,
    /// (talk + wrap-up) / logged-in time: occupancy.
    pub utilisation: f64,
    /// Idle agent-seconds per conversation.
    pub idle_seconds_per_call: f64,
    /// `waited` / `connected`.
    pub waited_share: f64,
    /// Refusals by code.
    pub refused: BTreeMap<String, u64>,
    /// Calls by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Breaches the oracles saw; none on a good day.
    pub breaches: Vec<String>,
    /// Connected people who waited for an agent once known to be people.
    pub waited: u64,
}

impl DayFigures {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    /// `known_ms`: longest from the start of a person's clock to a bridge without waiting.
    pub(crate) fn record(&mut self, record: &CallRecord, known_ms: u64) {
        if record.direction != Direction::Outbound {
            return;
        }
        match record.outcome {
            Outcome::Connected => {
                self.connected += 1;
                self.waited += u64::from(record.wait_ms.unwrap_or(0) > known_ms);
            }
            Outcome::Abandoned => self.abandoned += 1,
            _ => {}
        }
    }

    /// Takes from the floor what records of ended calls do not hold.
    pub(crate) fn close(&mut self, status: &FloorStatus, oracle: &Oracle) {
        for campaign in &status.campaigns {
            self.placed += campaign.totals.placed;
            self.answered_human += campaign.totals.answered_human;
            self.refused = campaign.totals.refused.clone();
            self.outcomes = campaign.totals.outcomes.clone();
            self.connected = campaign.totals.connected;
            self.abandoned = campaign.totals.abandoned;
        }
        let (mut busy, mut all, mut idle) = (0.0, 0.0, 0.0);
        for agent in &status.agents {
            let t = &agent.times;
            busy += t.talk_s + t.wrap_s;
            idle += t.ready_s;
            all += t.talk_s + t.wrap_s + t.ready_s + t.reserved_s + t.break_s;
        }
        self.utilisation = share(busy, all);
        self.abandonment = share(self.abandoned as f64, self.answered_human as f64);
        self.idle_seconds_per_call = share(idle, self.connected as f64);
        self.waited_share = share(self.waited as f64, self.connected as f64);
        self.breaches = oracle.breaches().iter().map(ToString::to_string).collect();
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Where 95 of 100 days lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Lower end: of 95 %, the 2.5th percentile.
    pub low: f64,
    /// Mean.
    pub mean: f64,
    /// Upper end.
    pub high: f64,
}

impl Band {
    /// The band of some values; zeros of none.
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        Self::at_level(values, 0.95)
    }

    /// Where this share of days lies: between percentiles, or, where too few days are that far
    /// out, by as many standard deviations as a normal law would ask for.
    pub fn at_level(values: impl Iterator<Item = f64>, level: f64) -> Self {
        let mut sorted: Vec<f64> = values.collect();
        if sorted.is_empty() {
            return Self::default();
        }
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (sorted.len() - 1) as f64;
            let (low, high) = (place.floor() as usize, place.ceil() as usize);
            sorted[low] + (sorted[high] - sorted[low]) * (place - low as f64)
        };
        let n = sorted.len() as f64;
        let mean = sorted.iter().sum::<f64>() / n;
        let tail = 0.5 * (1.0 - level);
        if tail * n < 2.0 && level > 0.95 {
            let square: f64 = sorted.iter().map(|x| (x - mean) * (x - mean)).sum();
            let far = deviations(tail) * (square / (n - 1.0).max(1.0)).sqrt();
            return Self {
                low: mean - far,
                mean,
                high: mean + far,
            };
        }
        Self {
            low: at(tail),
            mean,
            high: at(1.0 - tail),
        }
    }

    /// Whether a value lies inside.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// Standard deviations beyond which a normal law has this tail.
fn deviations(tail: f64) -> f64 {
    use statrs::distribution::{ContinuousCDF, Normal};
    -Normal::standard().inverse_cdf(tail)
}

/// Many days of one policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Study {
    /// Pacing mode.
    pub policy: String,
    /// Days.
    pub replications: Vec<DayFigures>,
    /// All abandoned / all answered.
    pub pooled_abandonment: f64,
    /// Occupancy.
    pub utilisation: Band,
    /// Abandonment.
    pub abandonment: Band,
    /// Calls placed.
    pub placed: Band,
    /// Conversations.
    pub connected: Band,
    /// Idle agent-seconds per conversation.
    pub idle_seconds_per_call: Band,
}

impl Study {
    /// Sums up some days.
    pub fn of(policy: String, replications: Vec<DayFigures>) -> Self {
        let sum = |f: fn(&DayFigures) -> u64| replications.iter().map(f).sum::<u64>() as f64;
        let band = |f: fn(&DayFigures) -> f64| Band::of(replications.iter().map(f));
        Self {
            pooled_abandonment: share(sum(|d| d.abandoned), sum(|d| d.answered_human)),
            utilisation: band(|d| d.utilisation),
            abandonment: band(|d| d.abandonment),
            placed: band(|d| d.placed as f64),
            connected: band(|d| d.connected as f64),
            idle_seconds_per_call: band(|d| d.idle_seconds_per_call),
            policy,
            replications,
        }
    }

    /// Every breach of every day, with its seed.
    pub fn breaches(&self) -> Vec<String> {
        let with_seed = |day: &DayFigures| {
            let seed = day.seed;
            day.breaches
                .iter()
                .map(move |b| format!("seed {seed}: {b}"))
                .collect::<Vec<_>>()
        };
        self.replications.iter().flat_map(with_seed).collect()
    }
}
