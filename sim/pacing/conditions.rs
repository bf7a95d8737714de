//! What else a floor may be like, beside the reference world: what each condition does to
//! occupancy, the cap, waits and calls.

use super::scenario::{PacingScenario, PacingScenarioError, SHIPPED};
use super::statistics::Mean;
use super::study::{PacingStudy, run_study};
use serde::Serialize;

/// A floor that differs from the first one in one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// In words.
    pub name: &'static str,
    /// Settings beside the reference's.
    settings: &'static [&'static str],
    /// Sections beside the reference's.
    sections: &'static str,
}

/// Twenty at work all day, as 24 in shifts with breaks, late comers and early leavers.
const SHIFTS: &str = "
[[shift]]
agents = 8
from_h = 0.0
to_h = 4.0
breaks = [[1.5, 15.0]]
[[shift]]
agents = 8
from_h = 4.0
to_h = 8.0
breaks = [[6.0, 15.0]]
[[shift]]
agents = 8
from_h = 0.25
to_h = 7.5
breaks = [[2.0, 15.0], [4.0, 30.0], [6.5, 15.0]]
[[shift]]
agents = 4
from_h = 0.0
to_h = 8.0
breaks = [[3.0, 15.0], [5.0, 15.0]]
";

/// Every condition; the first is what the others are compared with.
pub const CONDITIONS: [Condition; 9] = [
    plain("reference", &[]),
    plain("no call is hung up while it rings", &["ring_cancel=false"]),
    Condition {
        name: "leads differ (cv 0.8), not known how",
        settings: &[],
        sections: "\n[scores]\ncv = 0.8\nknown = false\n",
    },
    Condition {
        name: "leads differ (cv 0.8), known",
        settings: &[],
        sections: "\n[scores]\ncv = 0.8\nknown = true\n",
    },
    plain(
        "1 % of people taken for machines",
        &["others.people_as_machines=0.01"],
    ),
    plain(
        "2 % of people taken for machines",
        &["others.people_as_machines=0.02"],
    ),
    Condition {
        name: "shifts, breaks, log-outs",
        settings: &[],
        sections: SHIFTS,
    },
    plain(
        "talk of two kinds: half 30 s, half 330 s",
        &[
            "talk={ law = \"mixture\", parts = [{ weight = 1, of = { law = \"log-normal\", mean_s = 30, cv = 0.4 } }, \
             { weight = 1, of = { law = \"log-normal\", mean_s = 330, cv = 0.4 } }] }",
        ],
    ),
    plain(
        "talk always 180 s",
        &["talk={ law = \"constant\", mean_s = 180 }"],
    ),
];

const fn plain(name: &'static str, settings: &'static [&'static str]) -> Condition {
    Condition {
        name,
        settings,
        sections: "",
    }
}

/// What became of a condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// The condition.
    pub condition: &'static str,
    /// Occupancy of the first condition less this one's, paired by day.
    pub behind: Mean,
    /// Its days.
    pub study: PacingStudy,
}

impl Condition {
    /// The floor.
    ///
    /// # Errors
    /// When a setting is refused, which a test rules out.
    pub fn scenario(&self, days: u32) -> Result<PacingScenario, PacingScenarioError> {
        let text = SHIPPED
            .iter()
            .find(|(name, _)| *name == "reference")
            .map_or("", |(_, text)| *text);
        let mut settings: Vec<String> = self.settings.iter().map(|s| (*s).to_owned()).collect();
        settings.push(format!("replications={days}"));
        PacingScenario::read(self.name, &format!("{text}{}", self.sections), &settings)
    }
}

/// Days of every condition, on every core. `done` hears of days done, of how many.
///
/// # Errors
/// When a condition is refused, which a test rules out.
pub fn run_conditions(
    days: u32,
    first_seed: u64,
    mut done: impl FnMut(usize, usize),
) -> Result<Vec<Found>, PacingScenarioError> {
    let mut found: Vec<Found> = Vec::new();
    let (each, all) = (days as usize, days as usize * CONDITIONS.len());
    for (k, condition) in CONDITIONS.iter().enumerate() {
        let floor = condition.scenario(days)?;
        let study = run_study(&floor, first_seed, |day, _| done(k * each + day, all));
        let occupancy = study.each(|day| day.utilisation);
        let first = found
            .first()
            .map(|first| first.study.each(|day| day.utilisation));
        found.push(Found {
            condition: condition.name,
            behind: Mean::paired(first.as_ref().unwrap_or(&occupancy), &occupancy),
            study,
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_is_a_floor_of_its_own() {
        let floors: Vec<PacingScenario> = CONDITIONS
            .iter()
            .map(|condition| condition.scenario(1).unwrap())
            .collect();
        for (k, floor) in floors.iter().enumerate() {
            let same = |other: &PacingScenario| {
                let unnamed = |floor: &PacingScenario| PacingScenario {
                    title: String::new(),
                    ..floor.clone()
                };
                unnamed(floor) == unnamed(other)
            };
            assert_eq!(floors.iter().filter(|other| same(other)).count(), 1, "{k}");
        }
    }
}
