//! Scenarios: a world in one TOML file.

use crate::agent::AgentLaw;
use crate::callee::CalleeLaw;
use carillon_decision::pacing::{Mode, Tuning};
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};

/// The demo's world.
pub const DEMO: &str = include_str!("scenarios/demo.toml");

/// A world and the campaign run in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Agents, all logged in and ready from the start.
    pub agents: u32,
    /// Length of the day, min.
    pub minutes: f64,
    /// Leads in the list.
    pub leads: u32,
    /// Share of them on the do-not-call list.
    pub listed: f64,
    /// When the day begins, RFC 3339.
    pub start: String,
    /// The campaign.
    pub campaign: CampaignSettings,
    /// The trunk.
    pub trunk: TrunkSettings,
    /// Callees.
    pub callees: CalleeLaw,
    /// Agents.
    pub agents_law: AgentLaw,
    /// Telling people from machines.
    pub screening: ScreeningLaw,
}

/// The campaign of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignSettings {
    /// Pacing mode by name.
    pub mode: String,
    /// Abandonment cap.
    pub cap: f64,
    /// Most lines per agent.
    pub max_lines_per_agent: f64,
    /// Ring time-out, s.
    pub ring_timeout_s: f64,
    /// Longest wrap-up, s.
    pub wrap_up_limit_s: f64,
    /// Longest wait for an agent, s.
    pub abandon_within_s: f64,
    /// Delay before a lead that was not reached is tried again, s.
    pub retry_after_s: f64,
    /// Most attempts on a lead in a day.
    pub attempts_per_day: u32,
}

/// The trunk of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrunkSettings {
    /// Most calls at once.
    pub channels: u32,
    /// Most new calls a second.
    pub calls_per_second: f64,
}

/// How long it takes to tell people from machines, s.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreeningLaw {
    /// Silence after a greeting that ends it.
    pub trailing_s: f64,
    /// Answer to first sound.
    pub onset_s: f64,
    /// Speech longer than this is a machine's.
    pub machine_after_s: f64,
}

/// A scenario that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Not the TOML it should be.
    #[error("scenario_syntax: {name}: {source}")]
    Syntax {
        /// File or scenario name.
        name: String,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
    /// A value nobody can simulate.
    #[error("scenario_value: {name}: {key} = {value}: {remedy}")]
    Value {
        /// File or scenario name.
        name: String,
        /// Key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        remedy: &'static str,
    },
}

impl Scenario {
    /// The demo's scenario.
    pub fn demo() -> Self {
        Self::read("demo.toml", DEMO).expect("the shipped scenario is tested")
    }

    /// Reads a scenario; `name` is for messages.
    pub fn read(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let scenario: Scenario = toml::from_str(text).map_err(|source| ScenarioError::Syntax {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        scenario.check(name)?;
        Ok(scenario)
    }

    /// Pacing as the campaign begins.
    pub fn tuning(&self) -> Tuning {
        Tuning {
            mode: self.campaign.mode.parse().unwrap_or_default(),
            cap: self.campaign.cap,
            max_lines_per_agent: self.campaign.max_lines_per_agent,
            ..Tuning::default()
        }
    }

    /// The same world under another pacing mode.
    pub fn with_mode(&self, mode: Mode) -> Self {
        let mut other = self.clone();
        other.campaign.mode = mode.to_string();
        other
    }

    /// When the day begins.
    pub fn start_wall(&self) -> Wall {
        let start: jiff::Timestamp = self.start.parse().unwrap_or_default();
        Wall(start.as_millisecond())
    }

    /// Checks every value.
    pub fn check(&self, name: &str) -> Result<(), ScenarioError> {
        let bad = |key, value: String, remedy| {
            Err(ScenarioError::Value {
                name: name.to_owned(),
                key,
                value,
                remedy,
            })
        };
        let c = &self.callees;
        let shares = [c.p_human, c.p_machine, c.p_busy, c.p_sit, c.p_wrong];
        let sum: f64 = shares.iter().sum();
        if !shares.iter().all(|p| (0.0..=1.0).contains(p)) || !(0.0..=1.0).contains(&sum) {
            return bad(
                "callees.p_*",
                format!("{shares:?}"),
                "probabilities from 0 to 1 whose sum is at most 1",
            );
        }
        for (key, span) in [
            ("callees.ring", c.ring),
            ("callees.talk", c.talk),
            ("agents_law.wrap", self.agents_law.wrap),
        ] {
            let fine = span.mean_s > 0.0
                && span.sd_s > 0.0
                && span.mean_s.is_finite()
                && span.sd_s.is_finite();
            if !fine {
                return bad(key, format!("{span:?}"), "mean_s and sd_s above 0");
            }
        }
        if !(1..=5000).contains(&self.agents) {
            return bad("agents", self.agents.to_string(), "1 to 5000");
        }
        if !(self.minutes > 0.0 && self.minutes <= 1440.0) {
            return bad(
                "minutes",
                self.minutes.to_string(),
                "more than 0, at most 1440",
            );
        }
        if self.start.parse::<jiff::Timestamp>().is_err() {
            return bad(
                "start",
                self.start.clone(),
                "an instant such as 2026-03-10T15:00:00Z",
            );
        }
        if self.campaign.mode.parse::<Mode>().is_err() || self.tuning().check().is_err() {
            return bad(
                "campaign",
                format!("{:?}", self.campaign),
                "a pacing mode, a cap between 0 and 1, lines per agent above 0",
            );
        }
        if self.campaign.ring_timeout_s < 15.0 {
            return bad(
                "campaign.ring_timeout_s",
                self.campaign.ring_timeout_s.to_string(),
                "at least 15 (16 CFR 310.4(b)(4)(ii))",
            );
        }
        if c.greeting_s.0 > c.greeting_s.1 || c.greeting_s.0 < 0.0 {
            return bad(
                "callees.greeting_s",
                format!("{:?}", c.greeting_s),
                "[shortest, longest]",
            );
        }
        Ok(())
    }
}
