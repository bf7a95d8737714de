//! One number a line for `benches/simulators/run`: what is measured, a tab, the figure.
//!
//! `rates queue` is one run of the M/M/100 queue, to be run in turn with other simulators; `rates world`
//! is the rest, each the median of [`ROUNDS`] runs but for the long day.
#![allow(clippy::print_stdout, reason = "a report for a script")]
#![allow(
    clippy::disallowed_methods,
    reason = "measures time, decides nothing by it"
)]

mod bench_world;

use bench_world::{Timed, queue, world};
use carillon_sim::pacing::{run_day, run_day_under};
use std::time::Instant;

/// Runs of which the median counts. Odd.
const ROUNDS: usize = 5;
/// Customers of a run of the queue.
const CUSTOMERS: u64 = 3_000_000;

fn main() {
    // Cargo adds words of its own, such as --bench.
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    match wanted.as_deref() {
        Some("queue") => queueing(),
        Some("world") => worlds(),
        other => println!("rates: {other:?}: write queue or world"),
    }
}

fn queueing() {
    let began = Instant::now();
    let found = queue(CUSTOMERS, 1);
    let rate = found.events as f64 / began.elapsed().as_secs_f64();
    println!("events_per_s\t{rate}\nwaited\t{}", found.waited);
}

fn worlds() {
    for (policy, hours) in [("progressive", 8.0), ("predictive", 1.0)] {
        let (scenario, name) = world(200, hours, policy);
        let rate = median(|seed| {
            let began = Instant::now();
            let day = run_day(&scenario, name, seed);
            day.events as f64 / began.elapsed().as_secs_f64()
        });
        println!("world_{policy}\t{rate}");
    }
    for agents in [20, 50, 100, 200, 500] {
        let (scenario, name) = world(agents, 0.25, "predictive");
        let cost = median(|seed| {
            let mut policy = Timed::new(&scenario, name);
            let day = run_day_under(&scenario, &mut policy, seed);
            assert!(day.placed > 0, "a day without a call");
            policy.spent.as_secs_f64() * 1e6 / policy.decisions as f64
        });
        println!("decision_{agents}\t{cost}");
    }
    let (scenario, name) = world(500, 8.0, "predictive");
    let began = Instant::now();
    let day = run_day(&scenario, name, 1);
    println!("day_500\t{}", began.elapsed().as_secs_f64());
    println!("day_500_events\t{}", day.events);
}

fn median(run: impl FnMut(u64) -> f64) -> f64 {
    let mut found: Vec<f64> = (1..=ROUNDS as u64).map(run).collect();
    found.sort_by(f64::total_cmp);
    found[ROUNDS / 2]
}
