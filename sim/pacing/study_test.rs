//! The pacing world against theory, and what it promises its users.

use super::day::run_day;
use super::figures::Day;
use super::goals;
use super::scenario::PacingScenario;
use super::statistics::Mean;
use super::study::{compare, run_study};
use super::{PolicyName, SHIPPED};
use carillon_decision::pacing::erlang::{ErlangA, erlang_b, erlang_c, fixed_patience_abandonment};

fn world(name: &str, settings: &[&str]) -> PacingScenario {
    let (_, text) = SHIPPED.iter().find(|(known, _)| *known == name).unwrap();
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
    PacingScenario::read(name, text, &settings).unwrap()
}

/// Six lines always in flight of exponential calls: people answer as a Poisson stream of twelve
/// erlangs for ten agents, whatever the agents do.
fn poisson(hold: &[&str]) -> PacingScenario {
    let floor = [
        "agents=10",
        "policy=lines:6",
        "hours=300",
        "replications=12",
    ];
    world("exponential", &[&floor[..], hold].concat())
}

fn each(scenario: &PacingScenario, figure: fn(&Day) -> f64) -> Mean {
    Mean::of(&run_study(scenario, 7, |_, _| ()).each(figure))
}

/// Four standard errors to either side: one such test in sixteen thousand fails by chance.
fn agrees(found: Mean, theory: f64) {
    let margin = 2.0 * found.half_width;
    assert!(
        (found.mean - theory).abs() <= margin,
        "{found:?} where theory has {theory}"
    );
}

#[test]
fn constant_lines_make_a_loss_system() {
    let dropped = poisson(&["hold.law=constant", "hold.mean_s=0"]);
    agrees(each(&dropped, |day| day.abandonment), erlang_b(10, 12.0));
}

#[test]
fn people_who_lose_patience_make_erlang_a() {
    let impatient = poisson(&["hold.mean_s=60"]);
    let theory = ErlangA::new(10, 12.0, 2.0);
    agrees(each(&impatient, |day| day.abandonment), theory.p_abandon());
    // Who waits is connected after a wait, or abandoned.
    let waited = |day: &Day| day.waited_share + day.abandonment;
    agrees(each(&impatient, waited), theory.p_wait());
}

#[test]
fn the_two_second_rule_agrees_with_its_formula() {
    let rule = poisson(&["hold.law=constant", "hold.mean_s=2"]);
    let theory = fixed_patience_abandonment(10, 12.0, 2.0 / 120.0);
    agrees(each(&rule, |day| day.abandonment), theory);
}

#[test]
fn people_who_wait_forever_make_erlang_c() {
    let patient = poisson(&["hold.mean_s=600000", "policy=lines:4"]);
    agrees(each(&patient, |day| day.waited_share), erlang_c(10, 8.0));
}

/// One line per agent in a memoryless world: each agent rings for ring ÷ p and talks.
#[test]
fn progressive_dialing_agrees_with_renewal_theory() {
    let one_to_one = world("exponential", &["policy=progressive", "hours=200"]);
    agrees(
        each(&one_to_one, |day| day.utilisation),
        120.0 / (120.0 + 15.0 / 0.25),
    );
    assert_eq!(each(&one_to_one, |day| day.abandonment).mean, 0.0);
}

/// `../shared`'s linear program knows the best any policy can do here.
#[test]
fn the_predictive_pace_comes_within_one_per_cent_of_the_exact_optimum() {
    let oracle = include_str!("../../src/decision/testdata/optimal_control.csv");
    let row = oracle
        .lines()
        .find(|line| line.starts_with("5,120,15,0.25,2,0.03,"))
        .unwrap();
    let optimum: f64 = row.split(',').nth(6).unwrap().parse().unwrap();
    let study = run_study(
        &world("exponential", &["hours=150", "replications=4"]),
        1,
        |_, _| (),
    );
    assert!(
        study.abandonment_pooled <= 0.03,
        "{}",
        study.abandonment_pooled
    );
    let found = study.utilisation;
    assert!(
        found.mean + found.half_width >= 0.99 * optimum,
        "{found:?} {optimum}"
    );
}

#[test]
fn the_same_seed_gives_the_same_days_on_any_number_of_threads() {
    let scenario = world("drift", &["agents=6", "hours=2", "replications=5"]);
    let study = run_study(&scenario, 40, |_, _| ());
    let alone: Vec<Day> = (40..45)
        .map(|seed| run_day(&scenario, scenario.policy, seed))
        .collect();
    assert_eq!(study.replications, alone);
    assert_ne!(alone[0].utilisation, alone[1].utilisation);
}

#[test]
fn policies_meet_the_same_callers() {
    let scenario = world("reference", &["agents=8", "hours=4", "replications=6"]);
    let policies: Vec<PolicyName> = ["predictive", "progressive", "ratio:2"]
        .map(|name| name.parse().unwrap())
        .to_vec();
    let comparison = compare(&scenario, &policies, 3, |_, _| ());
    let gain = comparison.gains[1];
    assert!(gain.mean > 0.10, "{gain:?}");
    assert_eq!(
        comparison.gains[0],
        Mean {
            mean: 0.0,
            half_width: 0.0,
            n: 6
        }
    );
    let unpaired: f64 = comparison.studies[..2]
        .iter()
        .map(|s| s.utilisation.half_width)
        .sum();
    assert!(gain.half_width < unpaired);
}

/// Three days of two cases: the whole table is `carillon sim goals`.
#[test]
fn the_cap_holds_and_occupancy_is_near_its_goal() {
    for case in goals::cases().iter().filter(|case| case.agents == 10) {
        let mut scenario = case.scenario(200);
        scenario.replications = 3;
        let study = run_study(&scenario, 1, |_, _| ());
        let found = study.utilisation;
        assert!(
            found.mean >= case.goal - 0.012,
            "{} {}: {found:?}",
            case.name(),
            case.world
        );
        assert_eq!(
            study.days_held,
            3,
            "{} {}: {study:?}",
            case.name(),
            case.world
        );
    }
}

#[test]
fn shifts_and_breaks_are_kept() {
    let text = SHIPPED[0].1.to_owned()
        + "\n[[shift]]\nagents = 6\nfrom_h = 0.0\nto_h = 4.0\nbreaks = [[1.0, 15.0], [2.5, 15.0]]\n\
           [[shift]]\nagents = 4\nfrom_h = 1.0\nto_h = 3.5\n";
    let mut scenario = PacingScenario::read("shifts", &text, &["hours=5".into()]).unwrap();
    scenario.replications = 2;
    for day in &run_study(&scenario, 1, |_, _| ()).replications {
        // 6 × 3.5 h and 4 × 2.5 h; the last conversation before each leave may run over.
        assert!(
            day.staffed_h > 30.99 && day.staffed_h < 33.5,
            "{}",
            day.staffed_h
        );
        assert!(day.utilisation > 0.7 && day.utilisation < 0.95, "{day:?}");
        assert!(day.abandonment <= 0.031, "{day:?}");
    }
}

#[test]
fn people_taken_for_machines_count_as_abandoned_and_the_cap_still_holds() {
    let scenario = world(
        "reference",
        &["replications=2", "others.people_as_machines=0.02"],
    );
    let study = run_study(&scenario, 1, |_, _| ());
    assert!(
        study.abandonment_pooled > 0.02 && study.days_held == 2,
        "{study:?}"
    );
}

#[test]
fn knowing_each_leads_answer_probability_pays() {
    let leads = |known: &str| {
        let known = format!("scores={{ cv = 0.8, known = {known} }}");
        let scenario = world("reference", &["agents=10", "replications=6", &known]);
        run_study(&scenario, 1, |_, _| ()).each(|day| day.utilisation)
    };
    let gain = Mean::paired(&leads("true"), &leads("false"));
    assert!(gain.mean > 0.0, "{gain:?}");
}
