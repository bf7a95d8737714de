//! Many days: of one policy, or of several with the same callers.

use super::day::{run_day, run_day_traced};
use super::figures::Day;
use super::policy::PolicyName;
use super::scenario::PacingScenario;
use super::statistics::Mean;
use super::trace::Trace;
use serde::Serialize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Days of one policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PacingStudy {
    /// The policy's name.
    pub policy: String,
    /// Occupancy over the days.
    pub utilisation: Mean,
    /// Abandonment over the days, each day counting alike.
    pub abandonment: Mean,
    /// All abandoned ÷ all answers.
    pub abandonment_pooled: f64,
    /// Days that ended at or below the cap.
    pub days_held: usize,
    /// The days.
    pub replications: Vec<Day>,
}

impl PacingStudy {
    fn new(policy: PolicyName, cap: f64, days: Vec<Day>) -> Self {
        let of = |figure: fn(&Day) -> f64| Mean::of(&days.iter().map(figure).collect::<Vec<_>>());
        let sum = |figure: fn(&Day) -> u64| days.iter().map(figure).sum::<u64>() as f64;
        let answered = sum(|day| day.abandoned + day.connected).max(1.0);
        Self {
            policy: policy.to_string(),
            utilisation: of(|day| day.utilisation),
            abandonment: of(|day| day.abandonment),
            abandonment_pooled: sum(|day| day.abandoned) / answered,
            days_held: days.iter().filter(|day| day.abandonment <= cap).count(),
            replications: days,
        }
    }

    /// A figure of every day.
    pub fn each(&self, figure: fn(&Day) -> f64) -> Vec<f64> {
        self.replications.iter().map(figure).collect()
    }
}

/// Several policies beside each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The scenario's title.
    pub title: String,
    /// The cap.
    pub cap: f64,
    /// The policies, in the order asked for.
    pub studies: Vec<PacingStudy>,
    /// Occupancy of the first policy less that of each: paired by day.
    pub gains: Vec<Mean>,
}

/// Days with seeds from `first_seed` on, under the scenario's own policy, on every core.
/// The figures do not depend on the number of cores. `done` hears of days done, of how many.
#[must_use]
pub fn run_study(
    scenario: &PacingScenario,
    first_seed: u64,
    done: impl FnMut(usize, usize),
) -> PacingStudy {
    let mut studies = run_policies(scenario, &[scenario.policy], first_seed, done);
    studies.remove(0)
}

/// The scenario's days under each policy, with the same callers.
#[must_use]
pub fn compare(
    scenario: &PacingScenario,
    policies: &[PolicyName],
    first_seed: u64,
    done: impl FnMut(usize, usize),
) -> Comparison {
    let studies = run_policies(scenario, policies, first_seed, done);
    let occupancy = |study: &PacingStudy| study.each(|day| day.utilisation);
    let first = studies.first().map(occupancy).unwrap_or_default();
    Comparison {
        title: scenario.title.clone(),
        cap: scenario.cap,
        gains: studies
            .iter()
            .map(|study| Mean::paired(&first, &occupancy(study)))
            .collect(),
        studies,
    }
}

/// Days whose course is kept at most: a plot of more shows no more.
pub const TRACED_MOST: usize = 400;

/// As [`run_study`], with the course of the first days, at most [`TRACED_MOST`].
#[must_use]
pub fn run_study_traced(
    scenario: &PacingScenario,
    first_seed: u64,
    done: impl FnMut(usize, usize),
) -> (PacingStudy, Vec<Trace>) {
    let run = |day: usize| {
        let seed = first_seed.wrapping_add(day as u64);
        if day < TRACED_MOST {
            let (day, trace) = run_day_traced(scenario, scenario.policy, seed);
            return (day, Some(trace));
        }
        (run_day(scenario, scenario.policy, seed), None)
    };
    let (days, traces): (Vec<Day>, Vec<Option<Trace>>) =
        on_every_core(scenario.replications as usize, run, done)
            .into_iter()
            .unzip();
    let study = PacingStudy::new(scenario.policy, scenario.cap, days);
    (study, traces.into_iter().flatten().collect())
}

fn run_policies(
    scenario: &PacingScenario,
    policies: &[PolicyName],
    first_seed: u64,
    done: impl FnMut(usize, usize),
) -> Vec<PacingStudy> {
    let days = scenario.replications as usize;
    // Day by day, so that all policies finish together.
    let run = |job: usize| {
        let (day, policy) = (job / policies.len(), job % policies.len());
        let seed = first_seed.wrapping_add(day as u64);
        run_day(scenario, policies[policy], seed)
    };
    let results = on_every_core(days * policies.len(), run, done);
    let study = |(k, policy): (usize, &PolicyName)| {
        let own = results.iter().skip(k).step_by(policies.len());
        PacingStudy::new(*policy, scenario.cap, own.cloned().collect())
    };
    policies.iter().enumerate().map(study).collect()
}

/// The results of all jobs, in their order, whichever core did which.
fn on_every_core<T: Send>(
    jobs: usize,
    run: impl Fn(usize) -> T + Sync,
    mut done: impl FnMut(usize, usize),
) -> Vec<T> {
    let cores = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(jobs.max(1));
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let mut results: Vec<Option<T>> = (0..jobs).map(|_| None).collect();
    std::thread::scope(|scope| {
        for _ in 0..cores {
            let (next, sender, run) = (&next, sender.clone(), &run);
            scope.spawn(move || {
                loop {
                    let job = next.fetch_add(1, Ordering::Relaxed);
                    if job >= jobs || sender.send((job, run(job))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (count, (job, result)) in receiver.iter().enumerate() {
            results[job] = Some(result);
            done(count + 1, jobs);
        }
    });
    results.into_iter().flatten().collect()
}
