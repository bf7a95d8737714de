//! Staffing: the fewest agents that reach a goal.

use super::scenario::PacingScenario;
use super::study::{PacingStudy, run_study};
use carillon_decision::pacing::erlang;
use serde::Serialize;

/// What the floor is to reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StaffingGoal {
    /// People connected per hour, mean over the days, at least.
    pub contacts_per_hour: f64,
    /// Occupancy at these contacts, at most: above some 90 % agents burn out.
    pub occupancy_most: f64,
    /// Most agents to think of.
    pub agents_most: u32,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Staffing {
    /// The goal.
    pub goal: StaffingGoal,
    /// Fewest agents of whom the simulated days reach it; `None` when not even the most do.
    pub agents: Option<u32>,
    /// Agents by the queueing formula alone: Erlang-C for the same contacts, one in `cap` waiting
    /// longer than the hold. It takes answers as Poisson, which a dialer's are not.
    pub agents_erlang_c: u32,
    /// Agents if they were never idle: nothing goes below.
    pub agents_least: u32,
    /// Every floor tried, fewest agents first.
    pub tried: Vec<Tried>,
}

/// A floor that was simulated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// Agents.
    pub agents: u32,
    /// People connected per hour.
    pub contacts_per_hour: f64,
    /// Occupancy.
    pub utilisation: f64,
    /// Abandonment of all days.
    pub abandonment: f64,
    /// Days on which the cap held.
    pub days_held: usize,
    /// Whether the goal is reached.
    pub reached: bool,
}

/// Finds the fewest agents by bisection: contacts rise with agents, and the occupancy that a
/// number of contacts takes falls. `done` hears of every floor tried.
pub fn staff(
    scenario: &PacingScenario,
    goal: StaffingGoal,
    first_seed: u64,
    mut done: impl FnMut(&Tried),
) -> Staffing {
    let handling_s = scenario.talk.mean_s() + scenario.wrap.mean_s();
    let load = goal.contacts_per_hour * handling_s / 3600.0;
    let least = (load.ceil() as u32).clamp(1, goal.agents_most);
    let hold_s = scenario.hold.mean_s();
    let by_formula = erlang::servers_for_level(load, handling_s, hold_s, 1.0 - scenario.cap);
    let mut tried = Vec::new();
    let mut reaches = |agents: u32| {
        let floor = PacingScenario {
            agents,
            ..scenario.clone()
        };
        let found = judge(&floor, &run_study(&floor, first_seed, |_, _| ()), &goal);
        done(&found);
        tried.push(found);
        found.reached
    };
    // Upwards in growing steps from the least, then between the last two.
    let (mut below, mut above, mut step) = (least - 1, None, (least / 16).max(1));
    let mut agents = least;
    while above.is_none() {
        if reaches(agents) {
            above = Some(agents);
        } else if agents == goal.agents_most {
            break;
        } else {
            below = agents;
            agents = (agents + step).min(goal.agents_most);
            step *= 2;
        }
    }
    if let Some(enough) = &mut above {
        while *enough - below > 1 {
            let middle = below + (*enough - below) / 2;
            if reaches(middle) {
                *enough = middle;
            } else {
                below = middle;
            }
        }
    }
    tried.sort_by_key(|floor| floor.agents);
    Staffing {
        goal,
        agents: above,
        agents_erlang_c: by_formula,
        agents_least: least,
        tried,
    }
}

fn judge(floor: &PacingScenario, study: &PacingStudy, goal: &StaffingGoal) -> Tried {
    let days = study.replications.len() as f64;
    let connected: f64 = study.each(|day| day.connected as f64).iter().sum();
    let contacts_per_hour = connected / days / floor.hours;
    let utilisation = study.utilisation.mean;
    Tried {
        agents: floor.agents,
        contacts_per_hour,
        utilisation,
        abandonment: study.abandonment_pooled,
        days_held: study.days_held,
        reached: contacts_per_hour >= goal.contacts_per_hour
            && occupancy_needed(contacts_per_hour, utilisation, goal) <= goal.occupancy_most,
    }
}

/// Pacing fills agents as far as the cap allows; for the contacts asked for, and no more, they
/// would be busy only in proportion.
fn occupancy_needed(contacts_per_hour: f64, utilisation: f64, goal: &StaffingGoal) -> f64 {
    utilisation * goal.contacts_per_hour / contacts_per_hour.max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacing::SHIPPED;

    #[test]
    fn the_fewest_agents_are_found_and_one_less_does_not_do() {
        let settings = ["hours=4".to_owned(), "replications=2".to_owned()];
        let scenario = PacingScenario::read("reference", SHIPPED[0].1, &settings).unwrap();
        let goal = StaffingGoal {
            contacts_per_hour: 150.0,
            occupancy_most: 1.0,
            agents_most: 40,
        };
        let found = staff(&scenario, goal, 1, |_| ());
        // 150 conversations of 200 s are 8.3 agents' work, at some 86 % of their time.
        assert_eq!(found.agents_least, 9);
        let agents = found.agents.unwrap();
        assert!((9..=11).contains(&agents), "{found:?}");
        assert!(found.agents_erlang_c > agents, "{found:?}");
        let at = |n: u32| found.tried.iter().find(|floor| floor.agents == n);
        assert!(at(agents).unwrap().reached && at(agents - 1).is_none_or(|floor| !floor.reached));
    }

    #[test]
    fn a_goal_out_of_reach_is_said() {
        let settings = ["hours=1".to_owned(), "replications=1".to_owned()];
        let scenario = PacingScenario::read("reference", SHIPPED[0].1, &settings).unwrap();
        let goal = StaffingGoal {
            contacts_per_hour: 10_000.0,
            occupancy_most: 0.9,
            agents_most: 6,
        };
        let found = staff(&scenario, goal, 1, |_| ());
        assert_eq!((found.agents, found.tried.len()), (None, 1));
    }
}
