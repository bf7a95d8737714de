//! Health, names and the logs.

use carillon_decision::agent::AgentState;
use carillon_decision::event::Alert;
use carillon_decision::id::{AgentId, CallId};
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};

/// Whether the store takes writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// It does.
    pub writable: bool,
    /// Why not, in the database's words; empty while it does.
    pub reason: String,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameKind {
    /// A campaign.
    Campaign,
    /// An agent.
    Agent,
    /// A trunk.
    Trunk,
}

impl NameKind {
    /// Stable name, as stored.
    pub fn name(self) -> &'static str {
        match self {
            NameKind::Campaign => "campaign",
            NameKind::Agent => "agent",
            NameKind::Trunk => "trunk",
        }
    }
}

/// A change of an agent's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentChange {
    /// The agent.
    pub agent: AgentId,
    /// Before.
    pub from: AgentState,
    /// After.
    pub to: AgentState,
    /// When.
    pub at: Wall,
}

/// A wrap-up, from the agents' log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrapUp {
    /// The call it was about.
    pub call: CallId,
    /// The agent.
    pub agent: AgentId,
    /// When it began.
    pub began: Wall,
    /// When it ended; `None` when the log does not tell: it goes on, or its process died.
    pub ended: Option<Wall>,
}

/// An alert and when it was raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertEntry {
    /// When.
    pub at: Wall,
    /// What.
    pub alert: Alert,
}
