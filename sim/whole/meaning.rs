//! What a scenario's sections mean to the engine.

use super::scenario::{AgentGroup, Campaign};
use crate::pacing::curve::Varied;
use carillon_decision::lead::RetryRules;
use carillon_decision::pacing::{Mode, Tuning};

impl AgentGroup {
    /// How many they are.
    #[must_use]
    pub fn size(&self) -> u32 {
        match self.shifts.is_empty() {
            true => self.count,
            false => self.shifts.iter().map(|shift| shift.agents).sum(),
        }
    }
}

impl Campaign {
    /// Its pacing mode; of a scenario that was checked.
    #[must_use]
    pub fn pace(&self) -> Mode {
        read_mode(&self.mode).unwrap_or_default()
    }

    /// Its settings of the pacer.
    #[must_use]
    pub fn tuning(&self) -> Tuning {
        Tuning {
            mode: self.pace(),
            cap: self.cap,
            max_lines_per_agent: self.max_lines_per_agent,
            ring_cancel: self.ring_cancel,
            people_as_machines: self.mistaken_share(),
        }
    }

    /// Share of people that is lost to screening.
    #[must_use]
    pub fn mistaken_share(&self) -> f64 {
        match self.screening.is_on() {
            true => self.callees.people_as_machines,
            false => 0.0,
        }
    }

    /// What follows each outcome.
    #[must_use]
    pub fn retry_rules(&self) -> RetryRules {
        let mut rules = RetryRules {
            attempts_max: self.attempts_max,
            ..RetryRules::default()
        };
        for (outcome, retry) in &self.retries {
            let rule = carillon_decision::lead::RetryRule {
                after: super::setup::span(retry.after_s),
                most: retry.most,
            };
            rules.rules.insert(outcome.clone(), rule);
        }
        rules
    }

    /// The factor of everything that varies, `seconds` after the start of the day.
    #[must_use]
    pub fn factor(&self, what: Varied, seconds: f64) -> f64 {
        let curves = self.curves.iter().filter(|curve| curve.what == what);
        curves.map(|curve| curve.at(seconds)).product()
    }
}

/// A pacing mode by name; `hard` is short for `predictive-hard`, as in pacing scenarios.
pub(super) fn read_mode(name: &str) -> Option<Mode> {
    match name.trim() {
        "hard" => "predictive-hard".parse().ok(),
        name => name.parse().ok(),
    }
}
