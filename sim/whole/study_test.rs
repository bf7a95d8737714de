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
