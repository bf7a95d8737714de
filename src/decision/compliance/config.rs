//! What a campaign says about when and whom it may call.

use super::hours::WeekHours;
use super::rules::Purpose;
use super::serde_text;
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The pack name that stands for every built-in rule whose place matches the callee.
pub const AUTO_PACK: &str = "auto";
/// The house's own do-not-call list: applies whatever [`ComplianceRules::dnc_lists`] says.
pub const OWN_DNC_LIST: &str = "internal";
/// A number on this list has changed hands since consent was given (47 CFR 64.1200(m)).
pub const REASSIGNED_LIST: &str = "reassigned";

/// Calling rules of one campaign. Part of the configuration file, and of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ComplianceRules {
    /// Built-in rule packs by name (see [`super::packs`]), each applied where its places
    /// match. `auto` (the default) stands for all of them but the opt-in house policies.
    pub packs: Vec<String>,
    /// What the calls are for: some rules bind only debt collection, research and so on.
    pub purpose: Purpose,
    /// The campaign's own hours in the callee's local time, on top of the packs.
    pub hours: Option<WeekHours>,
    /// Rules of the user's own, on top of the packs.
    pub extra_rules: Vec<ExtraRule>,
    /// What to do with a number whose time zone nobody knows.
    pub unknown_zone: UnknownZone,
    /// How often one person may be called.
    pub attempts: AttemptCaps,
    /// Stretches of time without any call.
    pub blackouts: Vec<Blackout>,
    /// Days without any call in a place.
    pub holidays: Vec<Holiday>,
    /// Do-not-call lists that apply; absent means all. [`OWN_DNC_LIST`] always applies.
    pub dnc_lists: Option<Vec<String>>,
    /// Call only those who gave consent. (A withdrawn consent always refuses.)
    pub require_consent: bool,
    /// Every call of this campaign has an agent reserved before it is placed (manual and
    /// progressive modes). Lifts waiting times that only bind calls without that guarantee
    /// (United Kingdom: 24 h after a machine, 72 h after an abandoned call).
    pub agent_guaranteed: bool,
}

impl Default for ComplianceRules {
    fn default() -> Self {
        Self {
            packs: vec![AUTO_PACK.to_owned()],
            purpose: Purpose::default(),
            hours: None,
            extra_rules: Vec::new(),
            unknown_zone: UnknownZone::default(),
            attempts: AttemptCaps::default(),
            blackouts: Vec::new(),
            holidays: Vec::new(),
            dnc_lists: None,
            require_consent: false,
            agent_guaranteed: false,
        }
    }
}

/// A user's rule: these hours in that place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraRule {
    /// Name shown in refusals and records.
    pub id: String,
    /// ISO 3166-1 alpha-2 country; absent means everywhere.
    #[serde(default)]
    pub country: Option<String>,
    /// State as ISO 3166-2 without the country; absent means the whole country.
    #[serde(default)]
    pub state: Option<String>,
    /// Hours in the callee's local time.
    pub hours: WeekHours,
    /// Where the rule comes from, for the records.
    #[serde(default)]
    pub citation: String,
}

/// What to do with a number whose time zone nobody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownZone {
    /// Do not call it.
    #[default]
    Refuse,
    /// Take this IANA zone.
    Use(String),
}

/// How often one person may be called, over all of the person's numbers. Zero lifts a cap.
/// Which outcomes count is [`crate::call::Outcome::counts_as_attempt`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttemptCaps {
    /// In any 24 hours, and in any calendar day of the callee. Default 3.
    pub per_day: u32,
    /// In any 30 days. Default 15.
    pub per_30_days: u32,
    /// Least time between two attempts, written like `30m`. Default 10 minutes.
    #[serde(with = "serde_text::duration")]
    pub min_gap: Duration,
}

impl Default for AttemptCaps {
    fn default() -> Self {
        Self {
            per_day: 3,
            per_30_days: 15,
            min_gap: Duration::from_secs(600),
        }
    }
}

/// A stretch of time without any call: `[from, to)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blackout {
    /// First civil time without calls, written `2026-12-24T18:00`.
    #[serde(with = "serde_text")]
    pub from: DateTime,
    /// First civil time with calls again.
    #[serde(with = "serde_text")]
    pub to: DateTime,
    /// IANA zone of both; absent means the callee's local time.
    #[serde(default)]
    pub zone: Option<String>,
    /// Why, for the records.
    #[serde(default)]
    pub why: String,
}

/// A day without any call in a place, midnight to midnight in the callee's local time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// The day, written `2026-12-25`.
    #[serde(with = "serde_text")]
    pub date: Date,
    /// ISO 3166-1 alpha-2 country; absent means everywhere.
    #[serde(default)]
    pub country: Option<String>,
    /// State as ISO 3166-2 without the country; absent means the whole country.
    #[serde(default)]
    pub state: Option<String>,
    /// Why, for the records.
    #[serde(default)]
    pub why: String,
}

/// A campaign's rules cannot be applied as written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: `{value}`: {remedy}")]
pub struct RulesError {
    /// The setting, as in the configuration (`hours`, `blackouts[1].zone`).
    pub field: String,
    /// The value that was refused.
    pub value: String,
    /// What to write instead.
    pub remedy: String,
}

impl RulesError {
    /// Stable code of this kind of error.
    pub const CODE: &'static str = "compliance_rules";

    pub(super) fn new(
        field: impl Into<String>,
        value: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            value: value.into(),
            remedy: remedy.into(),
        }
    }
}
