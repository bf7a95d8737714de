//! What agents and supervisors may ask for within a conversation.

use carillon_decision::conversation::{ConsultStep, SuperviseMode};
use carillon_decision::id::CallId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something an agent asks for in the conversation they are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConversationOrder {
    /// Park the customer with music, or take them back.
    Hold {
        /// Park.
        on: bool,
    },
    /// Pass the customer on, or call somebody in.
    Transfer {
        /// To whom, by name.
        to: TransferName,
        /// Talk to them first.
        attended: bool,
    },
    /// What becomes of the consultation.
    Consult(ConsultStep),
    /// Leave the campaign's message on the machine on the line; the agent is free.
    DropMessage,
    /// Pause the recording (card data), or go on.
    Recording {
        /// Pause.
        pause: bool,
    },
}

/// Where a customer is passed on to, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferName {
    /// Another agent's login name.
    Agent(String),
    /// A campaign: its queue.
    Campaign(String),
    /// One of the campaign's destinations.
    Destination(String),
}

/// A supervisor takes part in an agent's calls, or no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervision {
    /// Login name of the supervisor: their own phone is used.
    pub supervisor: String,
    /// The agent's login name.
    pub agent: String,
    /// How; `None` ends it.
    pub mode: Option<SuperviseMode>,
}

/// A supervisor has a conversation recorded, or its recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordCall {
    /// The customer's call.
    pub call: CallId,
    /// Record.
    pub on: bool,
}
