//! Sweeps: one scenario under every combination of settings.

use super::scenario::{PacingScenario, PacingScenarioError};
use super::statistics::Mean;
use super::study::PacingStudy;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Most combinations of a sweep.
pub const CELLS_MAX: usize = 10_000;

/// A setting and the values it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The setting, as for `--set`.
    pub key: String,
    /// Its values.
    pub values: Vec<String>,
}

impl FromStr for Axis {
    type Err = String;

    /// Reads `key=value,value,…`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "axis {text:?}: write key=value,value,… such as agents=5,10,20 or cap=0.01,0.03"
            )
        };
        let (key, values) = text.split_once('=').ok_or_else(wrong)?;
        let values: Vec<String> = values
            .split(',')
            .map(|value| value.trim().to_owned())
            .collect();
        if key.trim().is_empty() || values.iter().any(String::is_empty) {
            return Err(wrong());
        }
        Ok(Self {
            key: key.trim().to_owned(),
            values,
        })
    }
}

/// Every combination of the axes' values, the last axis fastest.
///
/// # Errors
/// More than [`CELLS_MAX`] combinations, or the same setting twice.
pub fn combinations(axes: &[Axis]) -> Result<Vec<Vec<String>>, String> {
    for (k, axis) in axes.iter().enumerate() {
        if axes[..k].iter().any(|other| other.key == axis.key) {
            return Err(format!(
                "axis {}: named twice: write all its values in one",
                axis.key
            ));
        }
    }
    let count = axes
        .iter()
        .try_fold(1usize, |all, axis| all.checked_mul(axis.values.len()))
        .filter(|count| *count <= CELLS_MAX);
    if count.is_none() {
        return Err(format!(
            "more than {CELLS_MAX} combinations: sweep fewer values"
        ));
    }
    let mut all = vec![Vec::new()];
    for axis in axes {
        let with = |cell: &Vec<String>| {
            let cell = cell.clone();
            axis.values.iter().map(move |value| {
                let setting = format!("{}={value}", axis.key);
                cell.iter()
                    .cloned()
                    .chain([setting])
                    .collect::<Vec<String>>()
            })
        };
        all = all.iter().flat_map(with).collect();
    }
    Ok(all)
}

/// One combination, ready to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Its place on the axes.
    pub settings: Vec<String>,
    /// The world with these settings.
    pub scenario: PacingScenario,
    /// Names world, settings and days: results of the same key are the same.
    pub key: String,
}

/// Every combination as a scenario. All are read before any is run.
///
/// # Errors
/// The first setting that nobody can simulate.
pub fn cells(
    name: &str,
    text: &str,
    common: &[String],
    combinations: &[Vec<String>],
    first_seed: u64,
) -> Result<Vec<Cell>, PacingScenarioError> {
    let cell = |settings: &Vec<String>| {
        let all: Vec<String> = common.iter().chain(settings).cloned().collect();
        let scenario = PacingScenario::read(name, text, &all)?;
        let key = fingerprint(&scenario, first_seed);
        Ok(Cell {
            settings: settings.clone(),
            scenario,
            key,
        })
    };
    combinations.iter().map(cell).collect()
}

/// FNV-1a over the whole scenario and the seed: no more than a name for equal work.
fn fingerprint(scenario: &PacingScenario, first_seed: u64) -> String {
    let text = toml::to_string(scenario).unwrap_or_default();
    let octets = text.bytes().chain(first_seed.to_le_bytes());
    let hash = octets.fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// What a combination came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepRow {
    /// The cell's key.
    pub key: String,
    /// Its place on the axes.
    pub settings: Vec<String>,
    /// Who paced.
    pub policy: String,
    /// Days.
    pub days: usize,
    /// Occupancy.
    pub utilisation: Mean,
    /// All abandoned ÷ all answers.
    pub abandonment: f64,
    /// Days on which the cap held.
    pub days_held: usize,
    /// People connected per hour of the day.
    pub contacts_per_hour: Mean,
    /// People connected after a wait ÷ people who answered.
    pub waited_share: f64,
    /// Calls dialed per person who answered.
    pub calls_per_answer: f64,
    /// Abandonment over the days, each day counting alike; of no days in older results.
    #[serde(default)]
    pub abandonment_by_day: Mean,
    /// People connected after a wait, likewise.
    #[serde(default)]
    pub waited_by_day: Mean,
}

impl SweepRow {
    /// A finished cell.
    #[must_use]
    pub fn new(cell: &Cell, study: &PacingStudy) -> Self {
        let hours = cell.scenario.hours;
        let contacts: Vec<f64> = study
            .replications
            .iter()
            .map(|day| day.connected as f64 / hours)
            .collect();
        let sum = |values: Vec<f64>| values.iter().sum::<f64>();
        let answered = sum(study.each(|day| (day.connected + day.abandoned) as f64)).max(1.0);
        Self {
            key: cell.key.clone(),
            settings: cell.settings.clone(),
            policy: study.policy.clone(),
            days: study.replications.len(),
            utilisation: study.utilisation,
            abandonment: study.abandonment_pooled,
            days_held: study.days_held,
            contacts_per_hour: Mean::of(&contacts),
            waited_share: Mean::of(&study.each(|day| day.waited_share)).mean,
            calls_per_answer: sum(study.each(|day| day.placed as f64)) / answered,
            abandonment_by_day: study.abandonment,
            waited_by_day: Mean::of(&study.each(|day| day.waited_share)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacing::SHIPPED;

    #[test]
    fn axes_are_combined_the_last_fastest() {
        let axes: Vec<Axis> = ["agents=5,10", "cap=0.01,0.03"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let all = combinations(&axes).unwrap();
        let joined: Vec<String> = all.iter().map(|cell| cell.join(" ")).collect();
        let expected = [
            "agents=5 cap=0.01",
            "agents=5 cap=0.03",
            "agents=10 cap=0.01",
            "agents=10 cap=0.03",
        ];
        assert_eq!(joined, expected);
        let cells = cells("reference", SHIPPED[0].1, &["hours=1".into()], &all, 1).unwrap();
        assert_eq!(
            (cells[2].scenario.agents, cells[2].scenario.hours),
            (10, 1.0)
        );
        assert!(
            cells
                .iter()
                .all(|a| cells.iter().filter(|b| a.key == b.key).count() == 1)
        );
    }

    #[test]
    fn what_is_no_axis_is_said() {
        for bad in ["agents", "=3", "agents=5,,7"] {
            assert!(
                bad.parse::<Axis>().unwrap_err().contains("write key=value"),
                "{bad}"
            );
        }
        let axis: Axis = "agents=1,2".parse().unwrap();
        assert!(
            combinations(&[axis.clone(), axis.clone()])
                .unwrap_err()
                .contains("twice")
        );
        let long = Axis {
            values: vec!["1".into(); 101],
            ..axis
        };
        let other = Axis {
            key: "hours".into(),
            ..long.clone()
        };
        assert!(
            combinations(&[long, other])
                .unwrap_err()
                .contains("combinations")
        );
        let nonsense = vec![vec!["cap=9".to_owned()]];
        let said = cells("reference", SHIPPED[0].1, &[], &nonsense, 1)
            .unwrap_err()
            .to_string();
        assert!(said.contains("cap = 9"), "{said}");
    }
}
