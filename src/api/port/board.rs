//! What the board shows.

use carillon_decision::call::CallRecord;
use carillon_decision::id::{AgentId, CampaignId};
use carillon_decision::status::FloorStatus;
use carillon_decision::time::Wall;
use std::collections::BTreeMap;

/// The floor at one instant with what the engine does not know of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BoardStatus {
    /// The engine's own view.
    pub floor: FloorStatus,
    /// Calls are decided but not placed.
    pub dry_run: bool,
    /// Version of the program.
    pub version: String,
    /// Latest ended calls, newest first; at most 20 are shown.
    pub recent: Vec<CallRecord>,
    /// Things a supervisor must know. Trouble of the store or a trunk, draining, a halt and dry
    /// run are raised from the fields above and need no entry here.
    pub alerts: Vec<Alert>,
    /// The last order of each agent or supervisor that was not obeyed, while it is news.
    pub refusals: BTreeMap<AgentId, Refusal>,
    /// How conversations sound, by campaign; one that is missing was never heard.
    pub sound: BTreeMap<CampaignId, SoundStatus>,
    /// Time from the decision to bridge until both hear each other.
    pub bridge: LatencySummary,
}

/// How the conversations of a campaign sound now, and did since the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SoundStatus {
    /// Conversations in progress that were judged.
    pub judged: u32,
    /// Mean of these, each by what the worse side heard in its latest ten seconds: MOS-CQE, 1 to
    /// 4.5 (ITU-T G.107).
    pub mos: Option<f64>,
    /// The worst of these.
    pub mos_worst: Option<f64>,
    /// Alarms that are up in conversations in progress.
    pub alarms: u32,
    /// Conversations in progress with an alarm up.
    pub calls_with_alarms: u32,
    /// Ended conversations that were measured.
    pub measured: u64,
    /// Of these with a problem.
    pub with_problems: u64,
}

/// An order that was not obeyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// When.
    pub at: Wall,
    /// Why, in words for whoever gave it.
    pub why: String,
}

/// Something a supervisor must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// How bad.
    pub level: AlertLevel,
    /// Stable kind, such as `agent_missed_call`.
    pub code: String,
    /// In words.
    pub text: String,
    /// Since when.
    pub since: Wall,
}

/// How bad an alert is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AlertLevel {
    /// Good to know.
    Info,
    /// Needs a look soon.
    Warning,
    /// Calls suffer, or dialing has stopped.
    Critical,
}

/// A latency distribution since start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LatencySummary {
    /// Observations.
    pub count: u64,
    /// Sum of them, s.
    pub sum_s: f64,
    /// Median, s.
    pub p50_s: f64,
    /// 95th percentile, s.
    pub p95_s: f64,
    /// 99th percentile, s.
    pub p99_s: f64,
    /// Longest, s.
    pub max_s: f64,
}
