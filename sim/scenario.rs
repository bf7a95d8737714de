//! Scenarios: a world in one TOML file.

use crate::agent::AgentLaw;
use crate::callee::CalleeLaw;
use crate::habits::Habits;
use carillon_decision::pacing::{Mode, Tuning};
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};

/// The demo's world.
pub const DEMO: &str = include_str!("scenarios/demo.toml");

/// Longest time of any kind, s: a year.
const SECONDS_MAX: f64 = 31_536_000.0;
/// Most leads.
const LEADS_MAX: u32 = 1_000_000;

/// What is wrong: key, value, remedy.
type Fault = (&'static str, String, &'static str);

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
    /// What agents do in conversations beside talking.
    #[serde(default)]
    pub habits: Habits,
}

/// The campaign of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignSettings {
    /// Pacing mode by name.
    pub mode: String,
    /// Whether people are told from machines before an agent is joined.
    pub screen: bool,
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

    /// Longest from the end of a greeting to an agent for a person who need not wait, ms: telling
    /// that it is a person, and a quarter of a second.
    pub fn known_ms(&self) -> u64 {
        let told_s = if self.campaign.screen {
            self.screening.trailing_s
        } else {
            0.0
        };
        ((told_s + 0.25) * 1000.0) as u64
    }

    /// When the day begins.
    pub fn start_wall(&self) -> Wall {
        let start: jiff::Timestamp = self.start.parse().unwrap_or_default();
        Wall(start.as_millisecond())
    }

    /// Checks every value.
    ///
    /// # Errors
    /// [`ScenarioError::Value`] names the first that nobody can simulate.
    pub fn check(&self, name: &str) -> Result<(), ScenarioError> {
        let bad = |(key, value, remedy)| ScenarioError::Value {
            name: name.to_owned(),
            key,
            value,
            remedy,
        };
        self.check_floor()
            .and_then(|()| self.check_times())
            .and_then(|()| self.check_callees())
            .map_err(bad)
    }

    fn check_floor(&self) -> Result<(), Fault> {
        if !(1..=5000).contains(&self.agents) {
            return Err(("agents", self.agents.to_string(), "1 to 5000"));
        }
        if self.leads > LEADS_MAX {
            return Err(("leads", self.leads.to_string(), "at most 1000000"));
        }
        if !(0.0..=1.0).contains(&self.listed) {
            return Err(("listed", self.listed.to_string(), "0 to 1"));
        }
        if !(self.minutes > 0.0 && self.minutes <= 1440.0) {
            let remedy = "more than 0, at most 1440";
            return Err(("minutes", self.minutes.to_string(), remedy));
        }
        if self.start.parse::<jiff::Timestamp>().is_err() {
            let remedy = "an instant such as 2026-03-10T15:00:00Z";
            return Err(("start", self.start.clone(), remedy));
        }
        if self.campaign.mode.parse::<Mode>().is_err() || self.tuning().check().is_err() {
            let remedy = "a pacing mode, a cap between 0 and 1, lines per agent above 0";
            return Err(("campaign", format!("{:?}", self.campaign), remedy));
        }
        let rate = self.trunk.calls_per_second;
        if !(rate > 0.0 && rate.is_finite()) {
            return Err(("trunk.calls_per_second", rate.to_string(), "more than 0"));
        }
        Ok(())
    }

    /// Every length of time becomes a `Duration`, which takes neither negative nor endless ones.
    fn check_times(&self) -> Result<(), Fault> {
        let (c, s) = (&self.campaign, &self.screening);
        for (key, seconds) in [
            ("campaign.ring_timeout_s", c.ring_timeout_s),
            ("campaign.wrap_up_limit_s", c.wrap_up_limit_s),
            ("campaign.abandon_within_s", c.abandon_within_s),
            ("campaign.retry_after_s", c.retry_after_s),
            ("callees.ring_most_s", self.callees.ring_most_s),
            ("callees.patience_s", self.callees.patience_s),
            ("screening.trailing_s", s.trailing_s),
            ("screening.onset_s", s.onset_s),
            ("screening.machine_after_s", s.machine_after_s),
        ] {
            if !(0.0..=SECONDS_MAX).contains(&seconds) {
                return Err((key, seconds.to_string(), "0 to 31536000 seconds"));
            }
        }
        if c.ring_timeout_s < 15.0 {
            let remedy = "at least 15 (16 CFR 310.4(b)(4)(ii))";
            return Err((
                "campaign.ring_timeout_s",
                c.ring_timeout_s.to_string(),
                remedy,
            ));
        }
        Ok(())
    }

    fn check_callees(&self) -> Result<(), Fault> {
        let c = &self.callees;
        let shares = [c.p_human, c.p_machine, c.p_busy, c.p_sit, c.p_wrong];
        let sum: f64 = shares.iter().sum();
        if !shares.iter().all(|p| (0.0..=1.0).contains(p)) || !(0.0..=1.0).contains(&sum) {
            let remedy = "probabilities from 0 to 1 whose sum is at most 1";
            return Err(("callees.p_*", format!("{shares:?}"), remedy));
        }
        for (key, share) in self.habits.shares() {
            if !(0.0..=1.0).contains(&share) {
                return Err((key, share.to_string(), "a share from 0 to 1"));
            }
        }
        for (key, span) in [
            ("callees.ring", c.ring),
            ("callees.talk", c.talk),
            ("agents_law.wrap", self.agents_law.wrap),
        ] {
            let fine = |s: f64| s > 0.0 && s <= SECONDS_MAX;
            if !fine(span.mean_s) || !fine(span.sd_s) {
                let remedy = "mean_s and sd_s above 0, at most 31536000";
                return Err((key, format!("{span:?}"), remedy));
            }
        }
        let (shortest, longest) = c.greeting_s;
        if !(0.0 <= shortest && shortest <= longest && longest <= SECONDS_MAX) {
            let remedy = "[shortest, longest]";
            return Err(("callees.greeting_s", format!("{:?}", c.greeting_s), remedy));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_nobody_can_simulate_are_named() {
        let change = |key: &str, value: &str| {
            let line = DEMO.lines().find(|l| l.starts_with(&format!("{key} =")));
            let text = DEMO.replace(line.unwrap(), &format!("{key} = {value}"));
            Scenario::read("x.toml", &text).map_err(|e| e.to_string())
        };
        for (key, value) in [
            ("agents", "0"),
            ("leads", "4000000000"),
            ("listed", "nan"),
            ("minutes", "inf"),
            ("start", "\"noon\""),
            ("cap", "7.0"),
            ("ring_timeout_s", "14.0"),
            ("ring_timeout_s", "nan"),
            ("retry_after_s", "-1.0"),
            ("abandon_within_s", "inf"),
            ("patience_s", "nan"),
            ("calls_per_second", "nan"),
            ("p_human", "0.9"),
            ("ring", "{ mean_s = inf, sd_s = 5.0 }"),
            ("greeting_s", "[nan, 0.9]"),
            ("trailing_s", "-0.1"),
        ] {
            let error = change(key, value).unwrap_err();
            assert!(error.starts_with("scenario_value: x.toml: "), "{error}");
        }
        assert!(change("ring_timeout_s", "15.0").is_ok());
    }
}
