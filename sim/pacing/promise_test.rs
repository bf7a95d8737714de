//! What pacing promises on short days, odd ones, and by mode.

use super::day::{run_day, run_day_under};
use super::figures::Day;
use super::policy::{Orders, Policy, Sight};
use super::scenario::PacingScenario;
use super::{PolicyName, SHIPPED};
use carillon_decision::pacing::Resolution;

fn world(name: &str, settings: &[&str]) -> PacingScenario {
    let (_, text) = SHIPPED.iter().find(|(known, _)| *known == name).unwrap();
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
    PacingScenario::read(name, text, &settings).unwrap()
}

/// A quarter of an hour of short talk: five abandons are all it allows.
fn quarter(policy: &str) -> PacingScenario {
    let policy = format!("policy={policy}");
    let settings = [
        "hours=0.25",
        "agents=10",
        "talk.mean_s=30",
        "wrap.mean_s=8",
        &policy,
    ];
    world("reference", &settings)
}

fn days(scenario: &PacingScenario, many: u64) -> Vec<Day> {
    (1..=many)
        .map(|seed| run_day(scenario, scenario.policy, seed))
        .collect()
}

fn occupancy(days: &[Day]) -> f64 {
    days.iter().map(|day| day.utilisation).sum::<f64>() / days.len() as f64
}

fn abandonment(days: &[Day]) -> f64 {
    let abandoned: u64 = days.iter().map(|day| day.abandoned).sum();
    let connected: u64 = days.iter().map(|day| day.connected).sum();
    abandoned as f64 / (abandoned + connected).max(1) as f64
}

fn over_cap(days: &[Day], cap: f64) -> usize {
    days.iter().filter(|day| day.abandonment > cap).count()
}

#[test]
fn short_days_of_short_talk_keep_the_cap_and_beat_progressive() {
    let predictive = days(&quarter("predictive"), 25);
    let progressive = days(&quarter("progressive"), 10);
    assert!(abandonment(&predictive) <= 0.03);
    assert_eq!(over_cap(&predictive, 0.03), 0);
    let (ours, theirs) = (occupancy(&predictive), occupancy(&progressive));
    assert!(ours >= 1.5 * theirs, "{ours} {theirs}");
    assert_eq!(abandonment(&progressive), 0.0);
}

/// The product's own pacer that looks at every agent and call each time, and may not be told how
/// long the window will be.
struct Looking {
    own: Box<dyn Policy>,
    projects: bool,
}

impl Policy for Looking {
    fn looks_closely(&self) -> bool {
        true
    }
    fn call_resolved(&mut self, resolution: &Resolution) {
        self.own.call_resolved(resolution);
    }
    fn talked(&mut self, seconds: f64) {
        self.own.talked(seconds);
    }
    fn wrapped_up(&mut self, seconds: f64) {
        self.own.wrapped_up(seconds);
    }
    fn person_met(&mut self, abandoned: bool) {
        self.own.person_met(abandoned);
    }
    fn decide(&mut self, sight: &Sight<'_>, orders: &mut Orders) {
        let mut sight = *sight;
        if !self.projects {
            sight.view.window.projected = 0.0;
        }
        self.own.decide(&sight, orders);
    }
}

fn looking(scenario: &PacingScenario, projects: bool, many: u64) -> Vec<Day> {
    let run = |seed| {
        let own = scenario.policy.begin(&scenario.tuning(), &scenario.rivals);
        run_day_under(scenario, &mut Looking { own, projects }, seed)
    };
    (1..=many).map(run).collect()
}

#[test]
fn a_window_of_unknown_length_keeps_the_cap_too() {
    let days = looking(&quarter("predictive"), false, 10);
    assert!(abandonment(&days) <= 0.03, "{}", abandonment(&days));
    assert!(occupancy(&days) >= 0.6, "{}", occupancy(&days));
}

#[test]
fn answer_shares_that_leap_or_swing_are_followed_within_the_cap() {
    for name in ["shock", "drift"] {
        let days = days(&world(name, &["agents=10"]), 3);
        assert_eq!(over_cap(&days, 0.03), 0, "{name}");
        assert!(occupancy(&days) >= 0.83, "{name}: {}", occupancy(&days));
    }
}

#[test]
fn the_hard_promise_never_ends_a_window_above_the_cap() {
    assert_eq!(over_cap(&days(&quarter("hard"), 40), 0.03), 0);
    let day = days(&world("drift", &["policy=hard", "agents=10"]), 3);
    assert_eq!(over_cap(&day, 0.03), 0);
    assert!(occupancy(&day) >= 0.80, "{}", occupancy(&day));
}

#[test]
fn hanging_up_in_time_pays() {
    let run = |cancel: &str| {
        let cancel = format!("ring_cancel={cancel}");
        let settings = ["agents=5", "talk.mean_s=90", "hours=2", &cancel];
        days(&world("reference", &settings), 10)
    };
    let (with, without) = (run("true"), run("false"));
    let cancelled = |days: &[Day]| days.iter().map(|day| day.cancelled).sum::<u64>();
    assert!(cancelled(&with) > 0 && cancelled(&without) == 0);
    let (with, without) = (occupancy(&with), occupancy(&without));
    assert!(with > without, "{with} {without}");
}

#[test]
fn modes_order_as_theory_says() {
    let run = |policy: &str| {
        let policy = format!("policy={policy}");
        let settings = ["agents=10", "talk.mean_s=120", "hours=2", &policy];
        days(&world("reference", &settings), 3)
    };
    let (progressive, ratio) = (run("progressive"), run("ratio:2"));
    let (erlang, predictive) = (run("erlang-c"), run("predictive"));
    assert!(occupancy(&ratio) > occupancy(&progressive));
    assert!(occupancy(&erlang) >= occupancy(&progressive) - 0.005);
    assert!(occupancy(&predictive) > occupancy(&erlang) + 0.05);
    assert!(abandonment(&erlang) <= 0.03);
}

/// Glancing at a large floor paces it as looking at all of it does.
#[test]
fn a_large_floor_is_paced_alike_by_glances_and_by_looks() {
    let scenario = world("reference", &["agents=60", "hours=4"]);
    let glanced = days(&scenario, 2);
    let looked = looking(&scenario, true, 2);
    let apart = occupancy(&glanced) - occupancy(&looked);
    assert!(apart.abs() < 0.004, "{apart}");
    assert!(abandonment(&glanced) <= 0.03 && abandonment(&looked) <= 0.03);
}

#[test]
fn every_policy_has_a_name_that_reads_back() {
    for name in ["predictive", "hard", "progressive", "ratio:2", "erlang-c"] {
        let policy: PolicyName = name.parse().unwrap();
        assert_eq!(policy.to_string().parse::<PolicyName>().unwrap(), policy);
    }
}
