//! What happens in a conversation after the bridge: hold, transfer, conference, supervision,
//! recording. Orders of people come in as [`crate::Input`], and go out as commands that say who
//! hears whom.

mod audio;
mod rules;
mod status;
mod talk;

pub use audio::{Scene, Stage, Watch, pair, plan};
pub use rules::{
    Announcement, Consent, ConversationRules, Destination, MachineRule, RecordingRule,
};
pub use talk::{Passed, Said, Talk, TalkEvent, TalkStep, Tape, Third};

use crate::id::{AgentId, CallId, CampaignId};
use serde::{Deserialize, Serialize};

/// One of those who may be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The far end of a call: a customer, or an outside destination.
    Call(CallId),
    /// Whoever is at an agent's (or supervisor's) phone.
    Agent(AgentId),
}

/// Who hears whom in one conversation. Replaces what each of its parties heard before; parties
/// of the plan before that are not in this one hear nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioPlan {
    /// The customer's call: names the conversation.
    pub call: CallId,
    /// Every party once.
    pub parties: Vec<Hears>,
}

/// What one party hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hears {
    /// Who.
    pub who: Party,
    /// Whom: the sum of these. Empty: nobody.
    pub hears: Vec<Party>,
    /// The driver's prompt that is played over and over instead (hold).
    pub music: Option<String>,
}

/// Where a customer is passed on to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferTo {
    /// Another agent.
    Agent(AgentId),
    /// The queue of a campaign.
    Campaign(CampaignId),
    /// One of the campaign's [`Destination`]s, by name.
    Destination(String),
}

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// At once; the agent is free.
    Blind,
    /// The agent talks to the target first; the customer hears music.
    Attended,
}

/// What the agent does with a consultation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsultStep {
    /// The customer is passed on to the target; the agent is free.
    Complete,
    /// All three hear each other.
    Join,
    /// The target is let go; back to the customer.
    Cancel,
}

/// How a supervisor takes part in an agent's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuperviseMode {
    /// Hears both, is heard by nobody.
    Listen,
    /// Is heard by the agent alone.
    Whisper,
    /// Is heard by all.
    Barge,
}

/// What a recording is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingOrder {
    /// Begins. `consent` says on what ground, for the recording's own record.
    Start {
        /// Retention class.
        class: String,
        /// Ground in words, such as `announced` or `one-party state US-TX`.
        consent: String,
    },
    /// Sound is left out from now on (card data); the time line goes on.
    Pause {
        /// Why, in words.
        reason: String,
    },
    /// Sound again.
    Resume,
    /// Ends.
    Stop,
}

/// Why an order of an agent or supervisor was not obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderRefusal {
    /// The agent is in no conversation.
    NotTalking,
    /// What is asked for does not fit where the conversation stands.
    WrongMoment,
    /// No such agent, campaign, destination or conversation.
    UnknownTarget,
    /// The agent asked for cannot talk now.
    TargetUnavailable,
    /// The outside destination cannot be called, or did not answer.
    OutsideFailed,
    /// The campaign's settings or the person's role do not allow it.
    NotAllowed,
}

impl OrderRefusal {
    /// Stable name, as shown and exported.
    pub fn name(self) -> &'static str {
        match self {
            OrderRefusal::NotTalking => "not_talking",
            OrderRefusal::WrongMoment => "wrong_moment",
            OrderRefusal::UnknownTarget => "unknown_target",
            OrderRefusal::TargetUnavailable => "target_unavailable",
            OrderRefusal::OutsideFailed => "outside_failed",
            OrderRefusal::NotAllowed => "not_allowed",
        }
    }
}
