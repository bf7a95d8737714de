//! Leads: who to talk to, on which numbers, and what is known of them at the time of offer.

mod hopper;
mod retry;

pub use hopper::Hopper;
pub use retry::{RetryRule, RetryRules};

use crate::call::Outcome;
use crate::id::{AgentId, LeadId, SnapshotId};
use crate::number::E164;
use crate::routing::Need;
use crate::time::Wall;
use serde::{Deserialize, Serialize};

/// One person to talk to, as the store offers it. A fact sheet: the engine needs nothing
/// else to decide, so a journal replays without the database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    /// The store's key.
    pub id: LeadId,
    /// Larger goes first.
    pub priority: i32,
    /// Within a priority, larger goes first (VICIdial's `rank`).
    pub rank: i32,
    /// Numbers in order of preference.
    pub numbers: Vec<LeadNumber>,
    /// IANA zone given with the lead. It wins over every guess.
    pub zone: Option<String>,
    /// ISO 3166-1 alpha-2 country of the address.
    pub country: Option<String>,
    /// State or province of the address, as ISO 3166-2 without the country (`FL`).
    pub state: Option<String>,
    /// Free columns of the list (`language=es`), for routing and trunk choice.
    pub tags: Vec<(String, String)>,
    /// Skills an agent must bring, on top of the campaign's.
    pub needs: Vec<Need>,
    /// The agent this person knows (sticky): preferred, never waited for.
    pub owner: Option<AgentId>,
    /// A promised time to call back.
    pub callback: Option<Callback>,
    /// Chance in [0, 1] that a person answers, where a model or the planner gave one.
    pub answer_chance: Option<f64>,
    /// What lists, consent registers and history say.
    pub facts: Facts,
}

impl Lead {
    /// Value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }
}

/// One of a lead's numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadNumber {
    /// The number.
    pub number: E164,
    /// Names of the do-not-call lists it stands on, at the snapshot of [`Facts`].
    pub listed: Vec<String>,
    /// Known not to be in service: never dialed.
    pub retired: bool,
}

/// A promised time to call back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// When.
    pub at: Wall,
    /// Who promised; that agent is preferred.
    pub agent: Option<AgentId>,
}

/// Consent to be called, where the campaign asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Consent {
    /// Nothing on file.
    #[default]
    Unknown,
    /// Given, and not withdrawn.
    Given,
    /// Withdrawn: never dialed.
    Withdrawn,
}

/// What was known of a lead when it was offered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// State of the do-not-call lists these facts were read at.
    pub snapshot: SnapshotId,
    /// Consent register.
    pub consent: Consent,
    /// Earlier attempts on this person, oldest first, at least the last 30 days of them.
    pub history: Vec<PastAttempt>,
}

/// An earlier attempt on the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastAttempt {
    /// When it was placed.
    pub at: Wall,
    /// The number dialed.
    pub number: E164,
    /// How it ended. Whether it counts towards caps is [`Outcome::counts_as_attempt`].
    pub outcome: Outcome,
}

/// Where a lead stands after the engine is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LeadStatus {
    /// May be dialed again from `next_at` on.
    Due,
    /// A call back was promised for `next_at`.
    Callback,
    /// Reached, or closed by the agent's disposition.
    Completed,
    /// Every retry is used up.
    Exhausted,
    /// On a do-not-call list, or asked not to be called.
    DoNotCall,
    /// No number left in service.
    Unreachable,
}

impl LeadStatus {
    /// Stable name, as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            LeadStatus::Due => "due",
            LeadStatus::Callback => "callback",
            LeadStatus::Completed => "completed",
            LeadStatus::Exhausted => "exhausted",
            LeadStatus::DoNotCall => "do_not_call",
            LeadStatus::Unreachable => "unreachable",
        }
    }

    /// The status of that stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            LeadStatus::Due,
            LeadStatus::Callback,
            LeadStatus::Completed,
            LeadStatus::Exhausted,
            LeadStatus::DoNotCall,
            LeadStatus::Unreachable,
        ]
        .into_iter()
        .find(|s| s.name() == name)
    }
}
