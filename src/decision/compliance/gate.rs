//! Judging a lead.

use super::config::{ComplianceRules, RulesError};
use super::permit::{DialPermit, ZoneSource};
use super::refusal::{Refusal, RefusalCode};
use super::rules::RuleStatus;
use crate::lead::Lead;
use crate::time::Wall;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One campaign's rules, ready to judge leads.
#[derive(Clone, Debug)]
pub struct Gate {
    rules: ComplianceRules,
}

/// What one rule says of a lead, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCheck {
    /// The rule's id.
    pub rule: String,
    /// Where it is written.
    pub citation: String,
    /// How much it binds.
    pub status: RuleStatus,
    /// Whether it allows the call now.
    pub passed: bool,
    /// The kind of refusal, when it does not.
    pub code: Option<RefusalCode>,
    /// The zone it was judged in, where one matters.
    pub zone: Option<String>,
    /// Where that zone came from.
    pub source: Option<ZoneSource>,
    /// One sentence for people.
    pub detail: String,
    /// When this rule alone would next pass; `None` when it passes, or never by itself.
    pub not_before: Option<Wall>,
}

impl Gate {
    /// A gate for these rules.
    ///
    /// # Errors
    /// [`RulesError`] names the setting that cannot be applied: an unknown pack, zone,
    /// country or list of hours without any.
    pub fn new(rules: &ComplianceRules) -> Result<Self, RulesError> {
        Ok(Self {
            rules: rules.clone(),
        })
    }

    /// The rules it was made from.
    pub fn rules(&self) -> &ComplianceRules {
        &self.rules
    }

    /// The right to call number `number_index` of `lead` at `now`, ringing no longer than
    /// `longest_ring`.
    ///
    /// # Errors
    /// The first rule that refuses, with the instant from which all would pass.
    pub fn permit(
        &self,
        lead: &Lead,
        number_index: usize,
        now: Wall,
        longest_ring: Duration,
    ) -> Result<DialPermit, Refusal> {
        let _ = (lead, number_index, now, longest_ring);
        Err(Refusal {
            code: RefusalCode::NoNumber,
            rule: "number".into(),
            zone: None,
            source: None,
            not_before: None,
            detail: String::new(),
        })
    }

    /// What every rule says, passed or not.
    pub fn explain(
        &self,
        lead: &Lead,
        number_index: usize,
        now: Wall,
        longest_ring: Duration,
    ) -> Vec<RuleCheck> {
        let _ = (lead, number_index, now, longest_ring);
        Vec::new()
    }

    /// The earliest instant from `now` on at which [`Gate::permit`] would grant the call if
    /// nothing but time changes; `None` when it never would.
    pub fn next_allowed(
        &self,
        lead: &Lead,
        number_index: usize,
        now: Wall,
        longest_ring: Duration,
    ) -> Option<Wall> {
        match self.permit(lead, number_index, now, longest_ring) {
            Ok(_) => Some(now),
            Err(refusal) => refusal.not_before,
        }
    }
}
