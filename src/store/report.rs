//! What happened between two instants, in the figures of the field.

use carillon_decision::id::{AgentId, CampaignId};
use carillon_decision::status::TimeSplit;
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Figures of a stretch of time `[from, to)`. A call belongs to the instant it started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// First instant.
    pub from: Wall,
    /// First instant after it.
    pub to: Wall,
    /// Of this campaign only.
    pub campaign: Option<CampaignId>,
    /// Outbound calls whose INVITE left.
    pub placed: u64,
    /// Inbound calls.
    pub inbound: u64,
    /// Outbound calls by outcome name, those never sent included.
    pub outcomes: BTreeMap<String, u64>,
    /// Outbound calls answered by anything.
    pub answered: u64,
    /// Outbound calls answered by a person: connected and abandoned.
    pub answered_human: u64,
    /// Outbound calls connected to an agent.
    pub connected: u64,
    /// Outbound calls abandoned.
    pub abandoned: u64,
    /// Abandoned / answered by a person (16 CFR 310.4(b)(4)(i)); 0 when nobody answered.
    pub abandonment: f64,
    /// Answer-seizure ratio: answered / placed (ITU-T E.411); 0 when none was placed.
    pub answer_seizure_ratio: f64,
    /// Connect rate: answered by a person / placed; 0 when none was placed.
    pub connect_rate: f64,
    /// Conversation with an agent, ms, both directions.
    pub talk_ms: Spread,
    /// Wait for an agent from the start of the abandonment clock, ms.
    pub wait_ms: Spread,
    /// Post-dial delay: INVITE to first ringing sign, ms.
    pub pdd_ms: Spread,
    /// Agents' time by what it was spent on, by id. Agents serve campaigns together, so this
    /// is not narrowed to one.
    pub agents: Vec<AgentTime>,
    /// Leads not dialed, by refusal code.
    pub refusals: BTreeMap<String, u64>,
    /// Hour by hour (UTC), only hours in which something happened.
    pub hours: Vec<HourRow>,
}

/// Mean and percentiles of a measure (nearest rank).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Observations; everything else is 0 when there are none.
    pub count: u64,
    /// Mean.
    pub mean: f64,
    /// Median.
    pub p50: u64,
    /// 90th percentile.
    pub p90: u64,
    /// 99th percentile.
    pub p99: u64,
    /// Largest.
    pub max: u64,
}

impl Spread {
    /// The spread of these values.
    pub fn of(mut values: Vec<u64>) -> Self {
        values.sort_unstable();
        let Some(&max) = values.last() else {
            return Self::default();
        };
        let rank = |p: f64| {
            let k = (p * values.len() as f64).ceil() as usize;
            values[k.clamp(1, values.len()) - 1]
        };
        let sum: u128 = values.iter().map(|v| u128::from(*v)).sum();
        Self {
            count: values.len() as u64,
            mean: sum as f64 / values.len() as f64,
            p50: rank(0.50),
            p90: rank(0.90),
            p99: rank(0.99),
            max,
        }
    }
}

/// One agent's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentTime {
    /// The agent.
    pub agent: AgentId,
    /// Time logged in, by what it was spent on.
    pub times: TimeSplit,
    /// (talk + wrap-up) / time logged in; 0 when never logged in.
    pub occupancy: f64,
}

/// One hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourRow {
    /// Its first instant.
    pub start: Wall,
    /// Outbound calls whose INVITE left.
    pub placed: u64,
    /// Of these answered by a person.
    pub answered_human: u64,
    /// Of these connected.
    pub connected: u64,
    /// Of these abandoned.
    pub abandoned: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_uses_nearest_rank() {
        let spread = Spread::of((1..=100).rev().collect());
        assert_eq!(
            (spread.p50, spread.p90, spread.p99, spread.max),
            (50, 90, 99, 100)
        );
        assert_eq!((spread.count, spread.mean), (100, 50.5));
        assert_eq!(Spread::of(vec![]), Spread::default());
        assert_eq!(Spread::of(vec![7]).p99, 7);
    }
}
