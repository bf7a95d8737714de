//! `cargo bench -p carillon-sim --bench speed`: world events a second, the M/M/100 queue, and the cost
//! of a decision against the number of agents.
#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(
    clippy::disallowed_methods,
    reason = "measures time, decides nothing by it"
)]

mod bench_world;

use bench_world::{Timed, queue, world};
use carillon_sim::pacing::{run_day, run_day_under};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::time::Duration;

/// Customers of a run of the queue.
const CUSTOMERS: u64 = 100_000;

fn queueing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queue");
    let found = queue(CUSTOMERS, 1);
    // Erlang-C says 0.217.
    assert!((found.waited - 0.217).abs() < 0.08, "another queue");
    group.throughput(Throughput::Elements(found.events));
    group.bench_function("M/M/100", |bench| bench.iter(|| queue(CUSTOMERS, 1)));
    group.finish();
}

/// World events: calls dialed, calls, waits, conversations and wrap-ups ended. No ticks.
fn world_events(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("world, 200 agents");
    group.sample_size(10);
    for (policy, hours) in [("progressive", 2.0), ("predictive", 0.5)] {
        let (scenario, name) = world(200, hours, policy);
        group.throughput(Throughput::Elements(run_day(&scenario, name, 1).events));
        group.bench_function(policy, |bench| {
            bench.iter(|| run_day(&scenario, name, 1));
        });
    }
    group.finish();
}

fn decisions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decision");
    group.sample_size(10);
    group.warm_up_time(Duration::from_secs(1));
    for agents in [20, 50, 100, 200, 500] {
        let (scenario, name) = world(agents, 0.25, "predictive");
        group.bench_with_input(BenchmarkId::from_parameter(agents), &agents, |bench, _| {
            bench.iter_custom(|wanted| {
                let (mut spent, mut made, mut seed) = (Duration::ZERO, 0, 0);
                while made < wanted {
                    seed += 1;
                    let mut policy = Timed::new(&scenario, name);
                    let day = run_day_under(&scenario, &mut policy, seed);
                    assert!(day.placed > 0, "a day without a call");
                    spent += policy.spent;
                    made += policy.decisions;
                }
                spent.mul_f64(wanted as f64 / made as f64)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, queueing, world_events, decisions);
criterion_main!(benches);
