//! Many days of a whole floor, on every core.

use super::figures::FloorDay;
use super::scenario::FloorScenario;
use super::trace::FloorTrace;
use super::world::World;
use crate::pacing::statistics::Mean;
use serde::Serialize;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Days of a whole floor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FloorStudy {
    /// The scenario's title.
    pub title: String,
    /// The pacing mode, or the mode of each campaign.
    pub policy: String,
    /// Occupancy over the days.
    pub utilisation: Mean,
    /// Abandonment over the days, each day counting alike.
    pub abandonment: Mean,
    /// All abandoned ÷ all live answers.
    pub abandonment_pooled: f64,
    /// Days on which every campaign ended at or below its cap.
    pub days_held: usize,
    /// The days.
    pub replications: Vec<FloorDay>,
}

impl FloorStudy {
    /// Sums up some days of a scenario.
    #[must_use]
    pub fn of(scenario: &FloorScenario, days: Vec<FloorDay>) -> Self {
        let of =
            |figure: fn(&FloorDay) -> f64| Mean::of(&days.iter().map(figure).collect::<Vec<_>>());
        let sum = |figure: fn(&FloorDay) -> u64| days.iter().map(figure).sum::<u64>() as f64;
        let held = |day: &&FloorDay| day.campaigns.iter().all(|c| c.abandonment <= c.cap);
        Self {
            title: scenario.title.clone(),
            policy: scenario.policy(),
            utilisation: of(|day| day.utilisation),
            abandonment: of(|day| day.abandonment),
            abandonment_pooled: sum(|day| day.abandoned)
                / sum(|day| day.abandoned + day.connected).max(1.0),
            days_held: days.iter().filter(held).count(),
            replications: days,
        }
    }

    /// Every breach of every day, with its seed.
    #[must_use]
    pub fn breaches(&self) -> Vec<String> {
        let of = |day: &FloorDay| {
            let seed = day.seed;
            let said = day
                .breaches
                .iter()
                .map(move |breach| format!("seed {seed}: {breach}"));
            said.collect::<Vec<_>>()
        };
        self.replications.iter().flat_map(of).collect()
    }
}

/// Every core of this machine.
#[must_use]
pub fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// The scenario's days with seeds from `first_seed` on, on so many threads; the figures do not
/// depend on how many. `done` hears of days done, of how many.
#[must_use]
pub fn run_study(
    scenario: &FloorScenario,
    first_seed: u64,
    threads: NonZeroUsize,
    done: impl FnMut(usize, usize),
) -> FloorStudy {
    let days = scenario.replications as usize;
    let one = |k: usize| World::new(scenario, first_seed.wrapping_add(k as u64)).run();
    FloorStudy::of(scenario, in_parallel(days, threads, one, done))
}

/// Days whose course is kept at most: a plot of more shows no more.
pub const TRACED_MOST: usize = 400;

/// As [`run_study`], with the course of the first days, at most [`TRACED_MOST`].
#[must_use]
pub fn run_study_traced(
    scenario: &FloorScenario,
    first_seed: u64,
    threads: NonZeroUsize,
    done: impl FnMut(usize, usize),
) -> (FloorStudy, Vec<FloorTrace>) {
    let one = |k: usize| {
        let world = World::new(scenario, first_seed.wrapping_add(k as u64));
        if k >= TRACED_MOST {
            return (world.run(), None);
        }
        let (day, trace) = world.run_traced();
        (day, Some(trace))
    };
    let days = in_parallel(scenario.replications as usize, threads, one, done);
    let (days, traces): (Vec<FloorDay>, Vec<Option<FloorTrace>>) = days.into_iter().unzip();
    let study = FloorStudy::of(scenario, days);
    (study, traces.into_iter().flatten().collect())
}

/// `jobs` jobs on so many threads, their results in order.
pub(super) fn in_parallel<T: Send>(
    jobs: usize,
    threads: NonZeroUsize,
    job: impl Fn(usize) -> T + Sync,
    mut done: impl FnMut(usize, usize),
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let mut results: Vec<Option<T>> = (0..jobs).map(|_| None).collect();
    std::thread::scope(|scope| {
        for _ in 0..threads.get().min(jobs) {
            let (next, sender, job) = (&next, sender.clone(), &job);
            scope.spawn(move || {
                loop {
                    let k = next.fetch_add(1, Ordering::Relaxed);
                    if k >= jobs || sender.send((k, job(k))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (count, (k, result)) in receiver.iter().enumerate() {
            results[k] = Some(result);
            done(count + 1, jobs);
        }
    });
    results.into_iter().flatten().collect()
}
