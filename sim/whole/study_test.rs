//! Whole floors run: what must come out of them.

use super::scenario::FloorScenario;
use super::study::run_study;
use std::num::NonZeroUsize;

const ONE: NonZeroUsize = NonZeroUsize::MIN;

fn shop(settings: &[&str]) -> FloorScenario {
    let (_, text) = super::SHIPPED
        .iter()
        .find(|(name, _)| *name == "shop")
        .unwrap();
    let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
    FloorScenario::read("shop", text, &settings).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_days_on_any_number_of_threads() {
    let scenario = shop(&["hours=1.5", "replications=5"]);
    let one = run_study(&scenario, 7, ONE, |_, _| {});
    let four = run_study(&scenario, 7, NonZeroUsize::new(4).unwrap(), |_, _| {});
    assert_eq!(one, four);
    assert_ne!(one.replications[0].placed, 0);
    assert_ne!(one.replications[0].connected, one.replications[1].connected);
}

#[test]
fn a_small_list_runs_dry_and_predicting_keeps_agents_busier() {
    let predictive = run_study(&shop(&["replications=2"]), 1, ONE, |_, _| {});
    let progressive = run_study(
        &shop(&["replications=2", "policy=progressive"]),
        1,
        ONE,
        |_, _| {},
    );
    assert_eq!(predictive.breaches(), Vec::<String>::new());
    assert_eq!(progressive.breaches(), Vec::<String>::new());
    // One line per free agent abandons nobody, unless the agent goes on a break meanwhile or the
    // person hangs up at once.
    assert!(
        progressive.abandonment_pooled < 0.01,
        "{}",
        progressive.abandonment_pooled
    );
    assert!(
        predictive.abandonment_pooled <= 0.03,
        "{}",
        predictive.abandonment_pooled
    );
    for day in &predictive.replications {
        let list = &day.campaigns[0];
        assert!(list.list_left < list.list / 2, "{list:?}");
        assert_eq!(
            list.list_left + list.list_done.values().sum::<u32>(),
            list.list
        );
        // One in a hundred was listed; each was refused, and none was called.
        assert_eq!(
            u64::from(list.list_done["do_not_call"]),
            list.refused["do_not_call"]
        );
    }
}

/// Two campaigns share half of the agents of one of them: both are dialed, under their caps.
const BLENDED: &str = r#"
start = "2026-03-10T15:00:00Z"
hours = 2.0
replications = 2

[[campaign]]
name = "warm"
list = { leads = 4000, zones = { "America/New_York" = 1.0 } }
callees = { p_human = 0.3, p_machine = 0.3, talk = { law = "exponential", mean_s = 120.0 }, wrap = { law = "exponential", mean_s = 20.0 } }

[[campaign]]
name = "cold"
list = { leads = 9000, zones = { "America/New_York" = 1.0 } }
callees = { p_human = 0.2, p_machine = 0.3, talk = { law = "exponential", mean_s = 120.0 }, wrap = { law = "exponential", mean_s = 20.0 } }

[[agents]]
name = "both"
count = 10

[[agents]]
name = "cold-only"
count = 10
campaigns = ["cold"]

[[trunk]]
name = "carrier"
channels = 200
calls_per_second = 20.0
"#;

#[test]
fn a_campaign_that_shares_its_agents_with_a_larger_one_is_dialed_too() {
    let scenario = FloorScenario::read("blended", BLENDED, &[]).unwrap();
    let study = run_study(&scenario, 1, ONE, |_, _| {});
    assert_eq!(study.breaches(), Vec::<String>::new());
    for day in &study.replications {
        let (warm, cold) = (&day.campaigns[0], &day.campaigns[1]);
        assert!(
            warm.connected * 6 > cold.connected,
            "{} and {}",
            warm.connected,
            cold.connected
        );
        assert!(
            cold.connected * 6 > warm.connected,
            "{} and {}",
            warm.connected,
            cold.connected
        );
        assert!(day.utilisation > 0.8, "{}", day.utilisation);
    }
    assert!(
        study.abandonment_pooled <= 0.035,
        "{}",
        study.abandonment_pooled
    );
}

/// Whom screening takes for machines is abandoned by law, though the dialer cannot count them:
/// their known share is kept for them.
#[test]
fn the_cap_holds_with_the_people_screening_loses() {
    let settings = [
        "callees.people_as_machines=0.015",
        "campaign.warm.list.leads=9000",
        "agents.both.count=20",
        "replications=4",
    ];
    let settings = settings.map(String::from);
    let mut scenario = FloorScenario::read("lossy", BLENDED, &settings).unwrap();
    scenario.campaigns.truncate(1);
    scenario.groups.truncate(1);
    let study = run_study(&scenario, 1, ONE, |_, _| {});
    let sum = |figure: fn(&super::figures::CampaignDay) -> u64| {
        study
            .replications
            .iter()
            .map(|day| figure(&day.campaigns[0]))
            .sum::<u64>() as f64
    };
    let lost = sum(|c| c.people_as_machines);
    let (abandoned, connected) = (sum(|c| c.abandoned), sum(|c| c.connected));
    assert!(lost > 20.0, "{lost}");
    let with_mistaken = (abandoned + lost) / (abandoned + lost + connected);
    assert!(with_mistaken <= 0.032, "{with_mistaken}");
    assert!(study.utilisation.mean > 0.75, "{}", study.utilisation.mean);
}
