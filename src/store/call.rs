//! Attempts and call records.

use carillon_decision::call::{CallRecord, Direction, Outcome};
use carillon_decision::compliance::PermitSummary;
use carillon_decision::id::{AgentId, CallId, CampaignId, DecisionId, LeadId, TrunkId};
use carillon_decision::number::E164;
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};

/// An outbound call about to be placed; stored before its INVITE leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The call.
    pub call: CallId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// The lead. `None`: an outside destination, called for the conversation that `follows` names.
    pub lead: Option<LeadId>,
    /// The number dialed.
    pub number: E164,
    /// The trunk.
    pub trunk: TrunkId,
    /// The number shown.
    pub caller_id: E164,
    /// SIP Call-ID of the INVITE, to find the call in the carrier's books after a crash.
    pub sip_call_id: String,
    /// When.
    pub placed: Wall,
    /// The proof it is placed on.
    pub permit: PermitSummary,
    /// The pacing decision that asked for it.
    pub decision: Option<DecisionId>,
    /// The call it replaces after trunk trouble; for a destination the customer's call.
    pub follows: Option<CallId>,
}

/// An attempt without an outcome: in progress, or left by a crash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenAttempt {
    /// The attempt as stored.
    pub attempt: Attempt,
}

/// A call record with what was entered about it later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallEntry {
    /// The record.
    pub record: CallRecord,
    /// The agent's disposition code.
    pub disposition: Option<String>,
    /// What the agent noted, in free words about a person: shown to those who may see the lead,
    /// never logged.
    pub note: Option<String>,
    /// SIP Call-ID of the attempt, for outbound calls.
    pub sip_call_id: Option<String>,
    /// Settled after a crash: its outcome is a reconciliation, its times are unknown.
    pub settled: bool,
}

/// Which calls to list. An absent field does not narrow the choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallFilter {
    /// Of this campaign.
    pub campaign: Option<CampaignId>,
    /// To or from this lead.
    pub lead: Option<LeadId>,
    /// To or from this number.
    pub number: Option<E164>,
    /// Taken by this agent.
    pub agent: Option<AgentId>,
    /// Over this trunk.
    pub trunk: Option<TrunkId>,
    /// That ended so.
    pub outcome: Option<Outcome>,
    /// In this direction.
    pub direction: Option<Direction>,
    /// Started at or after.
    pub from: Option<Wall>,
    /// Started before.
    pub to: Option<Wall>,
}
