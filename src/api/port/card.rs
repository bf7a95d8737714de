//! What an agent sees of the person on the line.

use carillon_decision::call::Direction;
use carillon_decision::campaign::Disposition;
use carillon_decision::id::{CallId, LeadId};
use carillon_decision::number::E164;
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// The card of the call an agent is in, or wraps up.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadCard {
    /// The call.
    pub call: CallId,
    /// The lead; none for an unknown inbound caller.
    pub lead: Option<LeadId>,
    /// Outbound or inbound.
    pub direction: Direction,
    /// Campaign name.
    pub campaign: String,
    /// First and last name as imported; empty if unknown.
    pub name: String,
    /// The whole number.
    pub number: Option<E164>,
    /// Address lines, empty ones left out.
    pub address: Vec<String>,
    /// IANA zone of the person, if known: the page shows their local time.
    pub zone: Option<String>,
    /// Free columns of the list.
    pub tags: Vec<(String, String)>,
    /// Earlier attempts and notes, newest first.
    pub history: Vec<CardNote>,
    /// What the campaign wants said.
    pub script: Option<String>,
    /// What may be said of the call, in the campaign's order.
    pub dispositions: Vec<Disposition>,
    /// The code chosen so far, if one was.
    pub chosen: Option<String>,
    /// What the agent noted so far.
    pub note: Option<String>,
    /// Longest wrap-up before the agent is ready again.
    pub wrap_up_limit: Option<Duration>,
    /// Names of the outside numbers the customer may be passed on to.
    pub destinations: Vec<String>,
    /// The campaign has a message for machines.
    pub leaves_message: bool,
    /// Agents may pause the recording.
    pub may_pause: bool,
}

/// An earlier contact with the person.
#[derive(Clone, Debug, PartialEq)]
pub struct CardNote {
    /// When.
    pub at: Wall,
    /// Outcome or disposition, in words.
    pub what: String,
    /// Who talked.
    pub agent: Option<String>,
    /// What they noted.
    pub note: Option<String>,
}

/// Keys (RFC 4733 telephone events) that do something on an agent's phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeypadCode {
    /// What to press, such as `*1`.
    pub keys: String,
    /// What it does, in words.
    pub does: String,
}
