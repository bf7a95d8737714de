//! Who works when.

use super::scenario::PacingScenario;

/// An agent comes (logs in, is back from a break) or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Takes calls from now on.
    Comes,
    /// Takes no further call.
    Goes,
}

/// Every agent's comings and goings, in order of time.
#[derive(Clone, Debug)]
pub struct Roster {
    plans: Vec<Plan>,
}

#[derive(Clone, Debug)]
struct Plan {
    turns: Vec<(f64, Turn)>,
    next: usize,
}

impl Roster {
    /// The scenario's shifts; without any, everybody stays all day.
    #[must_use]
    pub fn new(scenario: &PacingScenario) -> Self {
        let all_day = || Plan {
            turns: vec![(0.0, Turn::Comes)],
            next: 0,
        };
        if scenario.shifts.is_empty() {
            return Self {
                plans: (0..scenario.agents).map(|_| all_day()).collect(),
            };
        }
        let mut plans = Vec::new();
        for shift in &scenario.shifts {
            let mut turns = vec![(shift.from_h * 3600.0, Turn::Comes)];
            let mut breaks = shift.breaks.clone();
            breaks.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (at_h, minutes) in breaks {
                turns.push((at_h * 3600.0, Turn::Goes));
                turns.push((at_h * 3600.0 + minutes * 60.0, Turn::Comes));
            }
            turns.push((shift.to_h * 3600.0, Turn::Goes));
            let plan = Plan { turns, next: 0 };
            plans.extend((0..shift.agents).map(|_| plan.clone()));
        }
        Self { plans }
    }

    /// Which agents are there at the start.
    #[must_use]
    pub fn agents_at_dawn(&self) -> Vec<bool> {
        let there = |plan: &Plan| plan.turns.first() == Some(&(0.0, Turn::Comes));
        self.plans.iter().map(there).collect()
    }

    /// Turns after the start: seconds, agent.
    #[must_use]
    pub fn turns(&self) -> Vec<(f64, u32)> {
        let mut turns = Vec::new();
        for (agent, plan) in self.plans.iter().enumerate() {
            let later = plan
                .turns
                .iter()
                .filter(|turn| **turn != (0.0, Turn::Comes));
            turns.extend(later.map(|(at, _)| (*at, agent as u32)));
        }
        turns.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        turns
    }

    /// The agent's next turn, which is due now.
    pub fn turn(&mut self, agent: u32) -> Turn {
        let plan = &mut self.plans[agent as usize];
        if plan.next == 0 && plan.turns.first() == Some(&(0.0, Turn::Comes)) {
            plan.next = 1;
        }
        let turn = plan
            .turns
            .get(plan.next)
            .map_or(Turn::Goes, |(_, turn)| *turn);
        plan.next += 1;
        turn
    }
}
