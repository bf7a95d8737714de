//! What a simulated day came to.

use super::calendar::seconds;
use super::call_log::{CallLog, News};
use super::policy::Orders;
use super::roster::Roster;
use super::scenario::PacingScenario;
use super::trace::Trace;
use carillon_decision::pacing::{Constraint, FloorCounts};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Width of the bins behind the worst rolling hour, s.
const BIN_S: f64 = 300.0;

/// A day's figures. Shares are 0–1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// Its seed.
    pub seed: u64,
    /// (talk + wrap-up) ÷ (logged-in time without breaks): the field's occupancy.
    pub utilisation: f64,
    /// Abandoned ÷ (abandoned + connected).
    pub abandonment: f64,
    /// People connected to an agent.
    pub connected: u64,
    /// People abandoned.
    pub abandoned: u64,
    /// Calls dialed.
    pub placed: u64,
    /// People connected after a wait ÷ people who answered.
    pub waited_share: f64,
    /// Calls hung up by the policy.
    pub cancelled: u64,
    /// Greatest abandonment of any 60 minutes with at least 20 answers.
    pub worst_hour: f64,
    /// Logged-in time without breaks, h.
    pub staffed_h: f64,
    /// Events: calls dialed, calls, waits, conversations and wrap-ups ended, shifts turned.
    pub events: u64,
    /// Decisions.
    pub decisions: u64,
    /// What held the number of lines, in decisions.
    pub bound_by: BTreeMap<Constraint, u64>,
}

/// Counts of a day that is under way.
#[derive(Debug)]
pub(super) struct Tally {
    pub roster: Roster,
    pub answered: u64,
    pub abandoned: u64,
    pub placed: u64,
    pub waited: u64,
    pub cancelled: u64,
    pub busy_s: f64,
    pub events: u64,
    /// The course of the day, for those who asked for it.
    pub trace: Option<Box<Trace>>,
    /// The records of its calls, for those who asked for them.
    pub calls: Option<Box<CallLog>>,
    decisions: u64,
    staffed_s: f64,
    here_since: Vec<Option<f64>>,
    bins: Vec<(u32, u32)>,
    bound_by: [u64; BINDINGS],
}

/// Whole bins that are taken as "of late".
const RECENT_BINS: usize = 6;
/// More than there are constraints.
const BINDINGS: usize = 32;

impl Tally {
    pub fn new(scenario: &PacingScenario, roster: &Roster) -> Self {
        let here = roster.agents_at_dawn();
        Self {
            roster: roster.clone(),
            answered: 0,
            abandoned: 0,
            placed: 0,
            waited: 0,
            cancelled: 0,
            busy_s: 0.0,
            events: 0,
            trace: None,
            calls: None,
            decisions: 0,
            staffed_s: 0.0,
            here_since: here.into_iter().map(|here| here.then_some(0.0)).collect(),
            bins: vec![(0, 0); (scenario.hours * 3600.0 / BIN_S).ceil() as usize + 1],
            bound_by: [0; BINDINGS],
        }
    }

    pub fn person(&mut self, now_s: f64, abandoned: bool) {
        self.answered += 1;
        self.abandoned += u64::from(abandoned);
        let last = self.bins.len() - 1;
        let bin = &mut self.bins[((now_s / BIN_S) as usize).min(last)];
        bin.0 += 1;
        bin.1 += u32::from(abandoned);
        if let Some(trace) = &mut self.trace {
            trace.person(abandoned);
        }
    }

    /// News of the call in this place.
    pub fn call(&mut self, place: u32, now: u64, news: News) {
        if let Some(calls) = &mut self.calls {
            calls.hear(place, now, news);
        }
    }

    /// A person was taken after a wait.
    pub fn waited(&mut self, wait_s: f64) {
        self.waited += 1;
        if let Some(trace) = &mut self.trace {
            trace.waited(wait_s);
        }
    }

    /// Time passes, in nanoseconds from the start.
    pub fn pass(&mut self, from: u64, to: u64, counts: &FloorCounts) {
        if let Some(trace) = &mut self.trace {
            trace.pass(seconds(from), seconds(to), counts);
        }
    }

    pub fn decided(&mut self, orders: &Orders) {
        self.decisions += 1;
        if let Some(trace) = &mut self.trace {
            trace.decided(orders.binding);
        }
        if let Some(binding) = orders.binding {
            self.bound_by[binding as usize % BINDINGS] += 1;
        }
    }

    /// Answers of late, and the seconds they came in: what the live ledger tells from its quarter
    /// hours.
    pub fn recent(&self, now_s: f64) -> (u64, f64) {
        let bin = ((now_s / BIN_S) as usize).min(self.bins.len() - 1);
        let first = bin.saturating_sub(RECENT_BINS);
        let answers = self.bins[first..=bin]
            .iter()
            .map(|bin| u64::from(bin.0))
            .sum();
        (answers, now_s - first as f64 * BIN_S)
    }

    pub fn came(&mut self, agent: u32, now_s: f64) {
        self.here_since[agent as usize].get_or_insert(now_s);
    }

    pub fn left(&mut self, agent: u32, now_s: f64) {
        if let Some(since) = self.here_since[agent as usize].take() {
            self.staffed_s += now_s - since;
        }
    }

    pub fn close(mut self, seed: u64, end_s: f64) -> Day {
        for agent in 0..self.here_since.len() {
            self.left(agent as u32, end_s);
        }
        let share = |part: u64, whole: u64| part as f64 / (whole.max(1)) as f64;
        let counted = Constraint::ALL
            .iter()
            .map(|c| (*c, self.bound_by[*c as usize % BINDINGS]))
            .filter(|(_, count)| *count > 0);
        Day {
            seed,
            utilisation: self.busy_s / self.staffed_s.max(1e-9),
            abandonment: share(self.abandoned, self.answered),
            connected: self.answered - self.abandoned,
            abandoned: self.abandoned,
            placed: self.placed,
            waited_share: share(self.waited, self.answered),
            cancelled: self.cancelled,
            worst_hour: worst_hour(&self.bins),
            staffed_h: self.staffed_s / 3600.0,
            events: self.events,
            decisions: self.decisions,
            bound_by: counted.collect(),
        }
    }
}

fn worst_hour(bins: &[(u32, u32)]) -> f64 {
    let width = (3600.0 / BIN_S) as usize;
    let hours = bins.windows(width.min(bins.len())).map(|hour| {
        let sum = |take: fn(&(u32, u32)) -> u32| hour.iter().map(take).sum::<u32>();
        (sum(|bin| bin.0), sum(|bin| bin.1))
    });
    let shares = hours.filter(|(answered, _)| *answered >= 20);
    shares
        .map(|(answered, abandoned)| f64::from(abandoned) / f64::from(answered))
        .fold(0.0, f64::max)
}
