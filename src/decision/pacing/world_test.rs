//! Figures of the reference world, and that they do not get worse.
//!
//! Each test prints its rows: `cargo test --release -p carillon-decision world_test -- --nocapture`
//! with `CARILLON_PACING_DAYS=20` in the environment gives the whole table.

use super::mode::{Mode, Promise, Tuning};
use super::world::{Day, Drift, World};
use super::world_run::run;

/// Days to run: the regression's few, or as many as asked for by whoever wants the table.
fn days(few: u64) -> u64 {
    let asked = std::env::var("CARILLON_PACING_DAYS")
        .ok()
        .and_then(|days| days.parse().ok());
    asked.unwrap_or(few)
}

fn pooled(name: &str, world: &World, tuning: &Tuning, few: u64) -> Day {
    let days = days(few);
    let mut sum = Day::default();
    for seed in 1..=days {
        sum.add(&run(world, tuning, seed));
    }
    report(name, tuning, &sum, days);
    sum
}

#[allow(clippy::print_stdout)]
fn report(name: &str, tuning: &Tuning, sum: &Day, days: u64) {
    println!(
        "{name:<22} {:<16} utilisation {:5.2} %  abandoned {:.3} %  days over the cap {}/{days}  \
         dials per answer {:.2}  hung up {:.1} %  waited {:.2} %",
        tuning.mode.to_string(),
        100.0 * sum.utilisation(),
        100.0 * sum.abandonment(),
        sum.over_cap,
        sum.dialed as f64 / sum.answered as f64,
        100.0 * sum.cancelled as f64 / sum.dialed as f64,
        100.0 * sum.waited as f64 / sum.answered as f64,
    );
}

fn tuned(mode: Mode) -> Tuning {
    Tuning {
        mode,
        ..Tuning::default()
    }
}

fn predictive() -> Tuning {
    tuned(Mode::Predictive {
        promise: Promise::Probabilistic,
    })
}

#[test]
fn ten_agents_reach_the_published_utilisation_within_the_cap() {
    let world = World::reference(10, 0.2, 180.0);
    let day = pooled("10/.2/180", &world, &predictive(), 2);
    assert!(day.utilisation() >= 0.85, "{day:?}");
    assert!(day.abandonment() <= 0.03, "{day:?}");
}

#[test]
fn short_days_of_short_talk_keep_the_cap_and_beat_progressive() {
    let predictive = pooled("demo 15 min", &World::demo(), &predictive(), 25);
    let progressive = pooled("demo 15 min", &World::demo(), &tuned(Mode::Progressive), 10);
    assert!(predictive.abandonment() <= 0.03, "{predictive:?}");
    assert!(
        predictive.utilisation() >= 1.25 * progressive.utilisation(),
        "{progressive:?}"
    );
    // Five abandons are all a quarter of an hour allows: hardly a day may use a sixth.
    assert!(predictive.utilisation() >= 0.65, "{predictive:?}");
    assert!(predictive.over_cap <= 1, "{predictive:?}");
    assert_eq!(progressive.abandoned, 0);
}

#[test]
fn a_window_of_unknown_length_keeps_the_cap_too() {
    let world = World {
        projected: false,
        ..World::demo()
    };
    let day = pooled("demo, no projection", &world, &predictive(), 10);
    assert!(day.abandonment() <= 0.03, "{day:?}");
    assert!(day.utilisation() >= 0.66, "{day:?}");
}

/// One agent in turn: ring until someone answers, then handle. A renewal argument gives the
/// utilisation h / (h + E[time lost per answer]).
#[test]
fn progressive_meets_the_renewal_formula() {
    let world = World::reference(10, 0.2, 180.0);
    let day = pooled("10/.2/180", &world, &tuned(Mode::Progressive), 2);
    // Answered by a person 0.2 after 12 s, by a machine 0.3 after 12 s (both cut at 25 s), busy
    // 0.1 after 2 s, else 25 s: 16.3 s a call, 0.195 of them answered by people.
    let (call_s, answers) = (16.3, 0.195);
    let theory = 200.0 / (200.0 + call_s / answers);
    assert!(
        (day.utilisation() - theory).abs() < 0.02,
        "{} {theory}",
        day.utilisation()
    );
    assert_eq!(day.abandoned, 0);
}

#[test]
fn a_shock_of_the_answer_share_is_followed_within_the_cap() {
    let world = World {
        drift: Drift::Shock,
        ..World::reference(10, 0.2, 180.0)
    };
    let day = pooled("10/shock/180", &world, &predictive(), 1);
    assert!(day.abandonment() <= 0.03, "{day:?}");
    assert!(day.utilisation() >= 0.83, "{day:?}");
    let world = World {
        drift: Drift::Swings,
        ..World::reference(10, 0.2, 180.0)
    };
    let day = pooled("10/swings/180", &world, &predictive(), 1);
    assert!(day.abandonment() <= 0.03, "{day:?}");
    assert!(day.utilisation() >= 0.83, "{day:?}");
}

/// The exponential world breaks every assumption about the shape of durations; its optimum is
/// known exactly (`testdata/optimal_control.csv`).
#[test]
fn the_exponential_world_comes_near_its_exact_optimum() {
    let row = include_str!("../testdata/optimal_control.csv")
        .lines()
        .find(|line| line.starts_with("5,120,15,0.25,2,0.03,"))
        .expect("the oracle has this case");
    let optimum: f64 = row
        .split(',')
        .nth(6)
        .and_then(|v| v.parse().ok())
        .expect("a utilisation");
    let world = World::exponential(5, 120.0, 15.0, 0.25);
    // Hanging up in time is more than the optimum was computed for.
    let tuning = Tuning {
        ring_cancel: false,
        ..predictive()
    };
    let day = pooled("5/.25/120 exponential", &world, &tuning, 3);
    assert!(day.abandonment() <= 0.031, "{day:?}");
    assert!(
        day.utilisation() >= optimum - 0.03,
        "{} {optimum}",
        day.utilisation()
    );
    assert!(
        day.utilisation() <= optimum + 0.015,
        "{} {optimum}",
        day.utilisation()
    );
}

#[test]
fn the_hard_promise_never_ends_a_window_above_the_cap() {
    let hard = tuned(Mode::Predictive {
        promise: Promise::Hard,
    });
    let day = pooled("10/.2/180", &World::reference(10, 0.2, 180.0), &hard, 1);
    assert_eq!(day.over_cap, 0);
    assert!(day.utilisation() >= 0.80, "{day:?}");
    let short = pooled("demo 15 min", &World::demo(), &hard, 6);
    assert_eq!(short.over_cap, 0);
}

#[test]
fn hanging_up_in_time_pays() {
    let keep = Tuning {
        ring_cancel: false,
        ..predictive()
    };
    let world = World {
        day_s: 2.0 * 3600.0,
        ..World::reference(5, 0.2, 90.0)
    };
    let with = pooled("5/.2/90 2 h", &world, &predictive(), 6);
    let without = pooled("5/.2/90 2 h, no cancel", &world, &keep, 6);
    assert!(with.cancelled > 0 && without.cancelled == 0);
    assert!(
        with.utilisation() > without.utilisation(),
        "{with:?} {without:?}"
    );
}

#[test]
fn every_mode_orders_as_the_theory_says() {
    let world = World {
        day_s: 2.0 * 3600.0,
        ..World::reference(10, 0.2, 120.0)
    };
    let progressive = pooled("10/.2/120 2 h", &world, &tuned(Mode::Progressive), 2);
    let manual = pooled(
        "10/.2/120 2 h",
        &world,
        &tuned(Mode::ManualRatio { ratio: 2.0 }),
        2,
    );
    let erlang = pooled("10/.2/120 2 h", &world, &tuned(Mode::ErlangC), 2);
    let predictive = pooled("10/.2/120 2 h", &world, &predictive(), 2);
    assert!(manual.utilisation() > progressive.utilisation());
    assert!(erlang.utilisation() >= progressive.utilisation() - 0.005);
    assert!(predictive.utilisation() > erlang.utilisation() + 0.05);
    assert!(erlang.abandonment() <= 0.03, "{erlang:?}");
}

/// The larger cases of the published table; only when asked for, in a release build.
#[test]
fn larger_cases_when_asked_for() {
    if std::env::var_os("CARILLON_PACING_DAYS").is_none() {
        return;
    }
    for (name, world) in [
        ("5/.2/180", World::reference(5, 0.2, 180.0)),
        ("20/.08/180", World::reference(20, 0.08, 180.0)),
        ("20/.2/180", World::reference(20, 0.2, 180.0)),
        ("20/.2/45", World::reference(20, 0.2, 45.0)),
        ("20/.08/45", World::reference(20, 0.08, 45.0)),
        ("50/.2/180", World::reference(50, 0.2, 180.0)),
        ("200/.2/180", World::reference(200, 0.2, 180.0)),
    ] {
        let day = pooled(name, &world, &predictive(), 1);
        assert!(day.abandonment() <= 0.0305, "{name}: {day:?}");
    }
}
