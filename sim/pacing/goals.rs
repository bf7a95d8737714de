//! What pacing has to reach: the cases by which the controller is judged, and their floors.

use super::policy::PolicyName;
use super::scenario::PacingScenario;
use super::statistics::Mean;
use super::study::PacingStudy;
use carillon_decision::pacing::{Mode, Promise};
use serde::Serialize;

/// A case and the least occupancy it is to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case {
    /// The shipped scenario.
    pub world: &'static str,
    /// Agents.
    pub agents: u32,
    /// Share of calls a person answers; `None` leaves the world's own.
    pub p_human: Option<f64>,
    /// Mean talk, s.
    pub talk_s: f64,
    /// Cap on abandonment.
    pub cap: f64,
    /// Who paces.
    pub policy: PolicyName,
    /// Mean occupancy, at least.
    pub goal: f64,
}

/// A case as it turned out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// The case in words.
    pub case: String,
    /// World and policy.
    pub world: &'static str,
    /// Who paced.
    pub policy: String,
    /// Least occupancy asked for.
    pub goal: f64,
    /// Occupancy.
    pub utilisation: Mean,
    /// All abandoned ÷ all answers.
    pub abandonment: f64,
    /// Days on which the cap held.
    pub days_held: usize,
    /// Days.
    pub days: usize,
    /// Whether occupancy and cap are as asked for: the cap holds on all but one day in 200.
    pub met: bool,
}

const PROBABILISTIC: PolicyName = PolicyName::Own(Mode::Predictive {
    promise: Promise::Probabilistic,
});
const HARD: PolicyName = PolicyName::Own(Mode::Predictive {
    promise: Promise::Hard,
});

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    // Agents, answer share, talk, cap, goals in the reference and the drift world.
    let table = [
        (5, 0.2, 180.0, 0.03, 0.82, 0.815),
        (10, 0.2, 180.0, 0.03, 0.865, 0.862),
        (20, 0.2, 180.0, 0.03, 0.905, 0.903),
        (20, 0.2, 180.0, 0.01, 0.88, 0.875),
        (20, 0.2, 45.0, 0.03, 0.86, 0.857),
        (20, 0.08, 45.0, 0.03, 0.85, 0.85),
        (50, 0.2, 180.0, 0.03, 0.945, 0.945),
        (200, 0.2, 180.0, 0.03, 0.98, 0.98),
    ];
    let mut cases = Vec::new();
    for (agents, p, talk_s, cap, reference, drift) in table {
        for (world, goal) in [("reference", reference), ("drift", drift)] {
            let p_human = Some(p);
            cases.push(Case {
                world,
                agents,
                p_human,
                talk_s,
                cap,
                policy: PROBABILISTIC,
                goal,
            });
        }
    }
    let shock = Case {
        world: "shock",
        agents: 20,
        p_human: None,
        talk_s: 180.0,
        cap: 0.03,
        policy: PROBABILISTIC,
        goal: 0.90,
    };
    cases.push(shock);
    for (agents, goal) in [
        (5, 0.80),
        (10, 0.835),
        (20, 0.87),
        (50, 0.895),
        (200, 0.945),
    ] {
        cases.push(Case {
            world: "reference",
            agents,
            p_human: Some(0.2),
            policy: HARD,
            goal,
            ..shock
        });
    }
    cases
}

impl Case {
    /// Agents, answer share and talk.
    #[must_use]
    pub fn name(&self) -> String {
        match self.p_human {
            Some(p) => format!("{} / {p} / {} s", self.agents, self.talk_s),
            None => format!("{} / {} s", self.agents, self.talk_s),
        }
    }

    /// The case's world; large floors take a tenth of the days.
    #[must_use]
    pub fn scenario(&self, days: u32) -> PacingScenario {
        let settings = [
            Some(format!("agents={}", self.agents)),
            self.p_human.map(|p| format!("p_human={p}")),
            Some(format!("talk.mean_s={}", self.talk_s)),
            Some(format!("cap={}", self.cap)),
            Some(format!("policy={}", self.policy)),
            Some(format!(
                "replications={}",
                if self.agents >= 200 {
                    days.div_ceil(10)
                } else {
                    days
                }
            )),
        ];
        let settings: Vec<String> = settings.into_iter().flatten().collect();
        let text = super::SHIPPED.iter().find(|(name, _)| *name == self.world);
        let (name, text) = text.expect("every case's world is shipped");
        PacingScenario::read(name, text, &settings).expect("every case is tested")
    }

    /// What became of it.
    #[must_use]
    pub fn judge(&self, study: PacingStudy) -> Judged {
        let days = study.replications.len();
        let over = days - study.days_held;
        // The hard promise is by construction; the other allows one day in two hundred.
        let allowed = if self.policy == HARD { 0 } else { days / 200 };
        Judged {
            case: self.name(),
            world: self.world,
            policy: study.policy.clone(),
            goal: self.goal,
            utilisation: study.utilisation,
            abandonment: study.abandonment_pooled,
            days_held: study.days_held,
            days,
            met: study.utilisation.mean >= self.goal && over <= allowed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_has_its_world() {
        for case in cases() {
            let scenario = case.scenario(200);
            assert_eq!(scenario.agents, case.agents);
            assert_eq!(scenario.policy, case.policy);
            assert_eq!(scenario.cap, case.cap);
        }
        assert_eq!(cases().len(), 22);
    }
}
