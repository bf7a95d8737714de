//! The floor at one instant, for pages, metrics and reports: plain values, no references
//! into the engine.

use crate::agent::{AgentState, LineKind, Role};
use crate::call::Direction;
use crate::conversation::{Party, Stage};
use crate::id::{AgentId, CallId, CampaignId, DecisionId, LeadId, TrunkId};
use crate::pacing::Tuning;
use crate::time::Wall;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything a wallboard shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FloorStatus {
    /// When.
    pub at: Wall,
    /// Dialing is stopped everywhere because the floor drains.
    pub draining: bool,
    /// Why the store refuses writes, if it does.
    pub store_trouble: Option<String>,
    /// A broken invariant, if one was found: dialing is stopped.
    pub halted: Option<String>,
    /// By id.
    pub campaigns: Vec<CampaignStatus>,
    /// By id.
    pub agents: Vec<AgentStatus>,
    /// By id.
    pub trunks: Vec<TrunkStatus>,
    /// Calls in progress, oldest first.
    pub calls: Vec<CallStatus>,
}

/// A campaign at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignStatus {
    /// Id.
    pub id: CampaignId,
    /// Name.
    pub name: String,
    /// Dialing is on.
    pub running: bool,
    /// The dials as they stand.
    pub tuning: Tuning,
    /// Mode in words.
    pub mode: String,
    /// Lines not yet answered, per logged-in agent who is not on a break.
    pub lines_per_agent: f64,
    /// The last pacing decision.
    pub decision: Option<DecisionId>,
    /// Stable name of what bound it.
    pub binding: String,
    /// It, in words for a supervisor.
    pub reason: String,
    /// Calls by phase.
    pub lines: LineCounts,
    /// Abandonment windows.
    pub windows: Vec<WindowStatus>,
    /// Since the engine started.
    pub totals: Totals,
    /// Leads at hand.
    pub hopper: u32,
    /// The store has no more leads that are due.
    pub list_empty: bool,
}

/// Calls of a campaign by phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineCounts {
    /// Sent, nothing heard.
    pub dialing: u32,
    /// Ringing.
    pub ringing: u32,
    /// Answered, being told apart.
    pub screening: u32,
    /// People waiting for an agent.
    pub waiting: u32,
    /// In conversation.
    pub talking: u32,
    /// Hearing a message, or a machine about to get one.
    pub message: u32,
    /// Being hung up.
    pub ending: u32,
}

/// One abandonment window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowStatus {
    /// `day`, `24h` or `30d`.
    pub window: String,
    /// Live answers: connected and abandoned.
    pub answered: u64,
    /// Of these abandoned.
    pub abandoned: u64,
    /// Abandoned / answered, 0 when nobody answered.
    pub share: f64,
    /// The cap it is held against.
    pub cap: f64,
}

/// Counters of a campaign since the engine started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// INVITEs sent.
    pub placed: u64,
    /// Live answers.
    pub answered_human: u64,
    /// Bridged to an agent.
    pub connected: u64,
    /// Abandoned.
    pub abandoned: u64,
    /// Ended calls by outcome name.
    pub outcomes: BTreeMap<String, u64>,
    /// Leads not dialed by refusal code.
    pub refused: BTreeMap<String, u64>,
    /// Pacing decisions by binding constraint.
    pub bound_by: BTreeMap<String, u64>,
}

/// An agent at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentStatus {
    /// Id.
    pub id: AgentId,
    /// Login name.
    pub name: String,
    /// What the agent is doing.
    pub state: AgentState,
    /// Stable name of it.
    pub state_name: String,
    /// For how long, s.
    pub for_s: f64,
    /// Whether the phone line is connected.
    pub line_up: bool,
    /// How the phone is connected.
    pub line: LineKind,
    /// What they are on the floor for.
    pub role: Role,
    /// Skill → level.
    pub skills: BTreeMap<String, u8>,
    /// Campaign of the call the agent is in.
    pub campaign: Option<CampaignId>,
    /// Lead of the call the agent is in.
    pub lead: Option<LeadId>,
    /// Conversations since login.
    pub calls: u32,
    /// Time since login by what it was spent on, s.
    pub times: TimeSplit,
}

/// Where an agent's time went, s. Occupancy is (talk + wrap) / (ready + reserved + talk + wrap + break).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TimeSplit {
    /// Idle and ready.
    pub ready_s: f64,
    /// Reserved for a call that is being joined.
    pub reserved_s: f64,
    /// In conversation.
    pub talk_s: f64,
    /// After-call work.
    pub wrap_s: f64,
    /// On a break, or connecting.
    pub break_s: f64,
}

/// A trunk at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrunkStatus {
    /// Id.
    pub id: TrunkId,
    /// Name.
    pub name: String,
    /// Group.
    pub group: String,
    /// Answers.
    pub up: bool,
    /// Why not.
    pub reason: String,
    /// Calls it carries.
    pub in_use: u32,
    /// Most calls at once.
    pub channels: u32,
    /// Share of "disconnected" among recent answers.
    pub disconnected_share: f64,
}

/// A call in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallStatus {
    /// Id.
    pub id: CallId,
    /// Campaign.
    pub campaign: CampaignId,
    /// Lead.
    pub lead: Option<LeadId>,
    /// Outbound or inbound.
    pub direction: Direction,
    /// Number with its middle hidden.
    pub number: String,
    /// Trunk.
    pub trunk: TrunkId,
    /// `dialing`, `ringing`, `screening`, `machine`, `waiting`, `bridging`, `talking`, `message`,
    /// `ending`.
    pub phase: String,
    /// Time in that phase, s.
    pub for_s: f64,
    /// Agent.
    pub agent: Option<AgentId>,
    /// The conversation, while an agent talks in it.
    pub talk: Option<TalkStatus>,
}

/// A conversation at one instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TalkStatus {
    /// The agent has parked the customer.
    pub held: bool,
    /// Whoever is called in.
    pub third: Option<ThirdStatus>,
    /// The recording.
    pub recording: RecordingStatus,
}

/// The third party of a conversation at one instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThirdStatus {
    /// Another agent, or an outside call.
    pub party: Party,
    /// How far they are in it.
    pub stage: Stage,
    /// Name of the destination, where it is one.
    pub destination: Option<String>,
}

/// A recording at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingStatus {
    /// None.
    #[default]
    Off,
    /// Begins once its announcement has been said.
    Announced,
    /// On.
    On,
    /// Sound is left out.
    Paused,
}

impl RecordingStatus {
    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            RecordingStatus::Off => "off",
            RecordingStatus::Announced => "announced",
            RecordingStatus::On => "on",
            RecordingStatus::Paused => "paused",
        }
    }
}
