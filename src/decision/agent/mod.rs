//! Agents: who may take calls, and what each is doing.

mod desk;

pub use desk::{AfterCall, Agent, AgentTimes, LastCall};

use crate::id::{AgentId, CallId, CampaignId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// An agent as the floor knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentProfile {
    /// Id.
    pub id: AgentId,
    /// Login name, unique.
    pub name: String,
    /// Skill → level, 1 (learner) to 10 (expert).
    pub skills: BTreeMap<String, u8>,
    /// Campaigns the agent serves, in order of preference; empty means every one.
    pub campaigns: Vec<CampaignId>,
    /// How the agent's phone is connected.
    pub line: LineKind,
    /// What they are on the floor for.
    pub role: Role,
}

/// What somebody with a phone is on the floor for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Takes calls.
    #[default]
    Agent,
    /// Listens, whispers and joins; is never given a call.
    Supervisor,
}

/// How an agent's phone is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// The phone stays connected; calls are bridged in at once.
    NailedUp,
    /// The phone rings before each call. Only for modes that never overdial, and inbound:
    /// a customer who answered must not wait for a phone to ring.
    RingFirst,
}

/// What an agent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Not logged in.
    LoggedOut,
    /// Logged in; the phone is being called.
    Connecting,
    /// Idle, wants a call.
    Ready,
    /// Promised to a call that is being joined.
    Reserved(CallId),
    /// In conversation.
    Talking(CallId),
    /// After-call work.
    WrapUp(CallId),
    /// Not taking calls.
    Break(BreakReason),
}

impl AgentState {
    /// Stable name, as stored, shown and exported.
    pub fn name(self) -> &'static str {
        match self {
            AgentState::LoggedOut => "logged_out",
            AgentState::Connecting => "connecting",
            AgentState::Ready => "ready",
            AgentState::Reserved(_) => "reserved",
            AgentState::Talking(_) => "talking",
            AgentState::WrapUp(_) => "wrap_up",
            AgentState::Break(_) => "break",
        }
    }

    /// The call the agent is in or is wrapping up.
    pub fn call(self) -> Option<CallId> {
        match self {
            AgentState::Reserved(c) | AgentState::Talking(c) | AgentState::WrapUp(c) => Some(c),
            _ => None,
        }
    }
}

/// Why an agent takes no calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakReason {
    /// Just logged in and not ready yet.
    NotReady,
    /// The agent asked.
    Requested,
    /// A supervisor did.
    Supervisor,
    /// The agent's phone rang out.
    MissedCall,
    /// The agent's phone was lost; it must come back first.
    LineLost,
}

impl BreakReason {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            BreakReason::NotReady => "not ready yet",
            BreakReason::Requested => "on a break",
            BreakReason::Supervisor => "sent on a break by a supervisor",
            BreakReason::MissedCall => "missed a call",
            BreakReason::LineLost => "phone line lost",
        }
    }
}

/// Longest time an agent's phone may ring before the call counts as missed.
pub const AGENT_RING_LIMIT: Duration = Duration::from_secs(20);
