//! Running days: one, or many on every core.

use crate::report::{DayFigures, Study};
use crate::scenario::Scenario;
use crate::world::World;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

/// One day.
pub fn run_day(scenario: &Scenario, seed: u64) -> DayFigures {
    World::new(scenario, seed, false).run()
}

/// `days` days with seeds from `first_seed` on, on every core. The figures do not depend on
/// the number of cores. `done` hears how many days are finished.
pub fn run_study(
    scenario: &Scenario,
    first_seed: u64,
    days: u32,
    mut done: impl FnMut(u32),
) -> Study {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU32::new(0);
    let (send, receive) = mpsc::channel::<DayFigures>();
    let mut figures = std::thread::scope(|scope| {
        for _ in 0..cores {
            let send = send.clone();
            let next = &next;
            scope.spawn(move || {
                loop {
                    let day = next.fetch_add(1, Ordering::Relaxed);
                    if day >= days
                        || send
                            .send(run_day(scenario, first_seed + u64::from(day)))
                            .is_err()
                    {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut figures = Vec::new();
        for day in receive {
            figures.push(day);
            done(figures.len() as u32);
        }
        figures
    });
    figures.sort_by_key(|day| day.seed);
    Study::of(scenario.tuning().mode.to_string(), figures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_decision::pacing::Mode;

    #[test]
    fn same_seed_same_day() {
        let mut scenario = Scenario::demo();
        scenario.minutes = 60.0;
        assert_eq!(run_day(&scenario, 3), run_day(&scenario, 3));
        assert_ne!(run_day(&scenario, 3), run_day(&scenario, 4));
    }

    #[test]
    fn predictive_beats_progressive_under_the_cap_and_breaks_no_oracle() {
        let scenario = Scenario::demo();
        let predictive = run_study(&scenario, 1, 24, |_| {});
        let progressive = run_study(&scenario.with_mode(Mode::Progressive), 1, 24, |_| {});
        assert_eq!(predictive.breaches(), Vec::<String>::new());
        assert_eq!(progressive.breaches(), Vec::<String>::new());
        assert!(
            predictive.pooled_abandonment <= 0.03,
            "{}",
            predictive.pooled_abandonment
        );
        assert_eq!(progressive.pooled_abandonment, 0.0);
        assert!(predictive.utilisation.mean >= 1.25 * progressive.utilisation.mean);
    }

    /// Holds, transfers, consultations and destinations, many of them at once and some at the
    /// wrong moment: no oracle is broken, and nobody who was passed on counts as abandoned.
    #[test]
    fn agents_who_pass_customers_on_break_no_oracle_and_no_cap() {
        let mut scenario = Scenario::demo();
        scenario.minutes = 120.0;
        scenario.habits = crate::habits::Habits {
            hold: 0.3,
            transfer: 0.2,
            queue: 0.1,
            consult: 0.2,
            outside: 0.15,
        };
        let study = run_study(&scenario, 1, 6, |_| {});
        assert_eq!(study.breaches(), Vec::<String>::new());
        assert!(study.connected.mean > 100.0, "{}", study.connected.mean);
        assert!(
            study.pooled_abandonment <= 0.03,
            "{}",
            study.pooled_abandonment
        );
    }

    /// A floor that punishes small misjudgements: one agent, everybody answers at once, and
    /// wrap-up always ends by its limit, so that a line dialed a moment too early is lost.
    #[test]
    fn instant_answers_and_a_fixed_wrap_up_do_not_blow_the_cap() {
        let mut scenario = Scenario::demo();
        scenario.agents = 1;
        scenario.minutes = 60.0;
        scenario.campaign.screen = false;
        scenario.campaign.wrap_up_limit_s = 5.0;
        scenario.agents_law.wrap.mean_s = 600.0;
        scenario.callees.p_human = 1.0;
        (scenario.callees.p_machine, scenario.callees.p_busy) = (0.0, 0.0);
        (scenario.callees.p_sit, scenario.callees.p_wrong) = (0.0, 0.0);
        scenario.callees.ring = crate::callee::Span {
            mean_s: 0.3,
            sd_s: 0.02,
        };
        scenario.callees.talk = crate::callee::Span {
            mean_s: 0.8,
            sd_s: 0.02,
        };
        scenario.check("test").unwrap();
        let study = run_study(&scenario, 1, 4, |_| {});
        assert!(study.connected.mean > 200.0, "{}", study.connected.mean);
        assert!(
            study.pooled_abandonment <= 0.03,
            "{}",
            study.pooled_abandonment
        );
    }
}
