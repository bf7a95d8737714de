//! What supervisors and agents may ask for.

use super::ReviewEntry;
use super::conversation::{ConversationOrder, RecordCall, Supervision};
use carillon_decision::campaign::Dial;
use carillon_decision::id::{AgentId, CallId};
use carillon_decision::number::E164;
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A change asked for. Ranges of dials are checked before; names may be unknown.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Turn dials of a campaign: all of them, or none if one is refused.
    Campaign {
        /// Its name.
        name: String,
        /// At least one.
        dials: Vec<Dial>,
    },
    /// Take leads from a list, or stop taking them.
    List {
        /// The list's id.
        id: String,
        /// Whether leads are taken from it.
        active: bool,
    },
    /// A supervisor (`by_supervisor`) or the agent changes what the agent is doing.
    Agent {
        /// The agent's login name.
        name: String,
        /// What to do.
        action: AgentAction,
        /// Whether a supervisor asks; the break's reason says so.
        by_supervisor: bool,
    },
    /// An agent says how a call went.
    Disposition(DispositionEntry),
    /// An agent notes something of the call they are in or wrap up; a later note of the same
    /// call replaces it.
    Note(NoteEntry),
    /// An agent does something with the conversation they are in.
    Conversation {
        /// The agent's login name.
        name: String,
        /// What.
        order: ConversationOrder,
    },
    /// A supervisor takes part in an agent's calls.
    Supervise(Supervision),
    /// A supervisor has a conversation recorded.
    Record(RecordCall),
    /// A supervisor says how good a call was; a later review of the same call replaces it.
    Review(ReviewEntry),
    /// Place one real test call on a trunk and report its signalling.
    TrunkTest {
        /// The trunk's name.
        name: String,
        /// Whom to call.
        number: E164,
    },
    /// Stop dialing everywhere and let conversations end, or resume.
    Drain {
        /// Drain, or resume.
        on: bool,
    },
    /// End the program: after draining, or at once with every call hung up.
    Stop {
        /// At once.
        now: bool,
    },
}

/// What an agent may do, or a supervisor for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentAction {
    /// Log in: the phone is called, the agent is not ready yet.
    Login,
    /// Take calls. Ends wrap-up.
    Ready,
    /// Take no further calls; a call in progress goes on.
    Break,
    /// Leave; a call in progress goes on.
    Logout,
    /// Hang up the customer.
    #[serde(alias = "hang_up")]
    Hangup,
}

/// How a call went, in an agent's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DispositionEntry {
    /// Who says so.
    pub agent: AgentId,
    /// Of which call: the one the agent is in or wraps up.
    pub call: CallId,
    /// One of the campaign's disposition codes.
    pub code: String,
    /// The promised time to call back, for codes that promise one.
    pub callback: Option<Wall>,
    /// Free text, at most 2,000 characters.
    pub note: Option<String>,
    /// Ready for the next call at once.
    pub ready: bool,
}

/// What an agent noted of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteEntry {
    /// Who noted it.
    pub agent: AgentId,
    /// Of which call: the one the agent is in or wraps up.
    pub call: CallId,
    /// Free text, at most 2,000 characters.
    pub text: String,
}

/// What came of an action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActionReply {
    /// What was done, one sentence.
    pub message: String,
    /// SIP ladder of a trunk test, a line per message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ladder: Vec<String>,
    /// Of a trunk test, and of nothing else: whether the trunk can place calls. False as well
    /// when no call was placed (a dry run, a number that is never dialed).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
}

impl ActionReply {
    /// Done, in one sentence.
    pub fn done(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ladder: Vec::new(),
            passed: None,
        }
    }
}
