//! Pacing scenarios: a floor, its callees and its campaign in one TOML file.
//!
//! A pacing scenario drives the pacer alone, over an endless list of leads that may all be called:
//! the world in which pacing policies are compared. Worlds with lists, calling hours, trunks and
//! the whole engine are in [`crate::world`].

use super::curve::{Curve, Varied};
use super::law::{Law, LawFault};
use super::policy::PolicyName;
use super::rivals::RivalSettings;
use carillon_decision::pacing::Tuning;
use serde::{Deserialize, Serialize};

/// A world in which pacing is tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PacingScenario {
    /// What it is, in a line.
    #[serde(default)]
    pub title: String,
    /// Agents, all idle at the start. With `[[shift]]` tables these say who is there.
    pub agents: u32,
    /// Share of calls that a person would answer, 0–1.
    pub p_human: f64,
    /// Length of the day, h.
    pub hours: f64,
    /// Abandonment cap, 0–1.
    pub cap: f64,
    /// Who paces.
    pub policy: PolicyName,
    /// Days, each with its own seed.
    pub replications: u32,
    /// Most calls in flight per agent.
    #[serde(default = "lines_max")]
    pub max_lines_per_agent: f64,
    /// Whether calls past the ring minimum are hung up when too many were dialed.
    #[serde(default = "yes")]
    pub ring_cancel: bool,
    /// Seconds a call rings at least before it is hung up.
    #[serde(default = "ring_minimum")]
    pub ring_minimum_s: f64,
    /// Seconds after which a ringing call is given up.
    pub ring_timeout_s: f64,
    /// How long a person who has answered waits for an agent before the call counts as abandoned.
    pub hold: Law,
    /// Ring to answer; beyond the time-out it is no answer.
    pub ring: Law,
    /// Talk.
    pub talk: Law,
    /// Wrap-up.
    pub wrap: Law,
    /// Who else answers, and what fails.
    #[serde(default)]
    pub others: Others,
    /// What varies over the day.
    #[serde(default, rename = "varies", skip_serializing_if = "Vec::is_empty")]
    pub curves: Vec<Curve>,
    /// Leads whose answer probabilities differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<Scores>,
    /// Who is there when. Empty: everybody, all day.
    #[serde(default, rename = "shift", skip_serializing_if = "Vec::is_empty")]
    pub shifts: Vec<Shift>,
    /// Settings of other dialers' rules.
    #[serde(default)]
    pub rivals: RivalSettings,
}

/// Answers that are no people, and failures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Others {
    /// Share of calls a machine would answer, after the same ring law.
    pub machine: f64,
    /// Answer of a machine until it is known as one; it occupies no agent.
    pub machine_known: Law,
    /// Share of calls that are busy or fail.
    pub busy: f64,
    /// How long such a call takes.
    pub busy_after: Law,
    /// Share of people taken for machines and hung up: abandoned by law.
    pub people_as_machines: f64,
}

impl Default for Others {
    fn default() -> Self {
        Self {
            machine: 0.0,
            machine_known: Law::Constant { mean_s: 2.5 },
            busy: 0.0,
            busy_after: Law::Constant { mean_s: 2.0 },
            people_as_machines: 0.0,
        }
    }
}

/// Leads that differ: answer probabilities beta-distributed about `p_human`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// Coefficient of variation of the probabilities.
    pub cv: f64,
    /// Whether the policy is told each lead's probability.
    pub known: bool,
}

/// Some agents' working hours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// How many agents keep them.
    pub agents: u32,
    /// Log-in, hours from the start of the day.
    pub from_h: f64,
    /// Log-out; a conversation in progress goes on first.
    pub to_h: f64,
    /// Breaks: beginning in hours from the start of the day, length in minutes.
    #[serde(default)]
    pub breaks: Vec<(f64, f64)>,
}

fn lines_max() -> f64 {
    15.0
}

fn ring_minimum() -> f64 {
    15.0
}

fn yes() -> bool {
    true
}

/// A pacing scenario that cannot be run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PacingScenarioError {
    /// Not the TOML it should be.
    #[error("scenario_syntax: {name}: {why}")]
    Syntax {
        /// File or scenario name.
        name: String,
        /// Where and what.
        why: String,
    },
    /// A value nobody can simulate.
    #[error("scenario_value: {name}: {key} = {value}: write {allowed}")]
    Value {
        /// File or scenario name.
        name: String,
        /// Key, with the tables it is in.
        key: String,
        /// Its value.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A `--set` that is not one.
    #[error("scenario_setting: --set {setting}: {why}")]
    Setting {
        /// As written.
        setting: String,
        /// What is wrong and what to write.
        why: String,
    },
}

/// The scenarios that come with the program.
pub const SHIPPED: [(&str, &str); 4] = [
    ("reference", include_str!("../scenarios/reference.toml")),
    ("drift", include_str!("../scenarios/drift.toml")),
    ("shock", include_str!("../scenarios/shock.toml")),
    ("exponential", include_str!("../scenarios/exponential.toml")),
];

impl PacingScenario {
    /// A scenario that comes with the program.
    #[must_use]
    pub fn shipped(name: &str) -> Option<Self> {
        let (_, text) = SHIPPED.iter().find(|(known, _)| *known == name)?;
        Some(Self::read(name, text, &[]).expect("shipped scenarios are tested"))
    }

    /// Reads a scenario and applies settings (`key=value`, keys of tables with dots). `name` is
    /// for messages.
    ///
    /// # Errors
    /// A [`PacingScenarioError`] that names file, key, value and what is allowed.
    pub fn read(name: &str, text: &str, settings: &[String]) -> Result<Self, PacingScenarioError> {
        let scenario: Self =
            super::setting::read_with(name, text, settings, super::setting::apply)?;
        scenario.check(name)?;
        Ok(scenario)
    }

    /// The campaign's settings of the pacer.
    #[must_use]
    pub fn tuning(&self) -> Tuning {
        Tuning {
            cap: self.cap,
            max_lines_per_agent: self.max_lines_per_agent,
            ring_cancel: self.ring_cancel,
            people_as_machines: self.others.people_as_machines,
            ..Tuning::default()
        }
    }

    /// The factor of everything that varies, `seconds` after the start of the day.
    pub(super) fn factor(&self, what: Varied, seconds: f64) -> f64 {
        let curves = self.curves.iter().filter(|curve| curve.what == what);
        curves.map(|curve| curve.at(seconds)).product()
    }

    /// Checks every value.
    ///
    /// # Errors
    /// [`PacingScenarioError::Value`] for the first that nobody can simulate.
    pub fn check(&self, name: &str) -> Result<(), PacingScenarioError> {
        let found = self
            .check_numbers()
            .and_then(|()| self.check_laws())
            .and_then(|()| self.check_day());
        found.map_err(|(key, value, allowed)| PacingScenarioError::Value {
            name: name.to_owned(),
            key,
            value,
            allowed: allowed.to_owned(),
        })
    }

    fn check_numbers(&self) -> Result<(), LawFault> {
        let within = |key: &str, value: f64, from: f64, to: f64, allowed: &'static str| match (from
            ..=to)
            .contains(&value)
        {
            true => Ok(()),
            false => Err((key.to_owned(), value.to_string(), allowed)),
        };
        within("agents", f64::from(self.agents), 1.0, 5000.0, "1 to 5000")?;
        within("p_human", self.p_human, 1e-4, 1.0, "0.0001 to 1")?;
        within("hours", self.hours, 0.01, 100_000.0, "0.01 to 100000 hours")?;
        within(
            "cap",
            self.cap,
            1e-4,
            0.5,
            "0.0001 to 0.5, such as 0.03 for 3 %",
        )?;
        within(
            "replications",
            f64::from(self.replications),
            1.0,
            1e6,
            "1 to 1000000",
        )?;
        within(
            "max_lines_per_agent",
            self.max_lines_per_agent,
            0.1,
            1000.0,
            "0.1 to 1000",
        )?;
        within(
            "ring_minimum_s",
            self.ring_minimum_s,
            0.0,
            1e6,
            "0 to 1000000 seconds",
        )?;
        within(
            "ring_timeout_s",
            self.ring_timeout_s,
            1.0,
            1e6,
            "1 to 1000000 seconds",
        )?;
        let others = &self.others;
        within("others.machine", others.machine, 0.0, 1.0, "0 to 1")?;
        within("others.busy", others.busy, 0.0, 1.0, "0 to 1")?;
        within(
            "others.people_as_machines",
            others.people_as_machines,
            0.0,
            0.5,
            "0 to 0.5",
        )?;
        let all = self.p_human + others.machine + others.busy;
        if all > 1.0 + 1e-9 {
            let allowed =
                "shares of which p_human, others.machine and others.busy add up to at most 1";
            return Err(("p_human".into(), self.p_human.to_string(), allowed));
        }
        if let Some(scores) = self.scores {
            let (p, most) = (self.p_human, (1.0 - self.p_human) / self.p_human);
            // A beta law exists while its variance is below p(1 − p).
            if !(scores.cv > 0.0 && scores.cv * scores.cv < most) {
                let allowed =
                    "a spread that probabilities can have: 0 < cv² < (1 − p_human)/p_human";
                return Err((
                    "scores.cv".into(),
                    format!("{} at p_human = {p}", scores.cv),
                    allowed,
                ));
            }
        }
        Ok(())
    }

    fn check_laws(&self) -> Result<(), LawFault> {
        let laws = [
            ("hold", &self.hold),
            ("ring", &self.ring),
            ("talk", &self.talk),
            ("wrap", &self.wrap),
            ("others.machine_known", &self.others.machine_known),
            ("others.busy_after", &self.others.busy_after),
        ];
        laws.iter().try_for_each(|(table, law)| {
            law.check()
                .map_err(|(key, value, allowed)| (format!("{table}.{key}"), value, allowed))
        })
    }

    fn check_day(&self) -> Result<(), LawFault> {
        for (k, curve) in self.curves.iter().enumerate() {
            let named = |(key, value, allowed)| (format!("varies[{k}].{key}"), value, allowed);
            curve.check().map_err(named)?;
        }
        for (k, shift) in self.shifts.iter().enumerate() {
            let fault = |key: &str, value: f64, allowed| {
                Err((format!("shift[{k}].{key}"), value.to_string(), allowed))
            };
            if !(1..=5000).contains(&shift.agents) {
                return fault("agents", f64::from(shift.agents), "1 to 5000");
            }
            if !(0.0..self.hours).contains(&shift.from_h) {
                return fault("from_h", shift.from_h, "an hour of the day, from 0");
            }
            if shift.to_h.partial_cmp(&shift.from_h) != Some(std::cmp::Ordering::Greater) {
                return fault("to_h", shift.to_h, "an hour after from_h");
            }
            for (at, minutes) in &shift.breaks {
                if !(*at > shift.from_h && *at < shift.to_h && *minutes > 0.0) {
                    return fault(
                        "breaks",
                        *at,
                        "breaks within the shift, of more than 0 minutes",
                    );
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "scenario_test.rs"]
mod tests;
