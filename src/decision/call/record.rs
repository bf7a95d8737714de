//! The record a call leaves behind: one per call, whatever happened.

use super::{AmdVerdict, Outcome};
use crate::compliance::PermitSummary;
use crate::conversation::TalkEvent;
use crate::id::{AgentId, CallId, CampaignId, DecisionId, LeadId, TrunkId};
use crate::number::E164;
use crate::time::Wall;
use serde::{Deserialize, Serialize};

/// Which way a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// We dialed.
    Outbound,
    /// They dialed.
    Inbound,
    /// We dialed an outside destination for a conversation under way.
    Transfer,
}

/// Who ended an answered call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The customer or the network.
    Customer,
    /// The agent.
    Agent,
    /// Carillon.
    System,
}

/// One call, from dial to end. Instants are wall-clock; spans come from the monotonic clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The call.
    pub call: CallId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// The lead, if we dialed one.
    pub lead: Option<LeadId>,
    /// Which way it went.
    pub direction: Direction,
    /// The customer's number, if known.
    pub number: Option<E164>,
    /// The number shown (outbound) or dialed (inbound).
    pub caller_id: E164,
    /// The trunk.
    pub trunk: TrunkId,
    /// The agent who talked; after a transfer the last one (`events` name the others).
    pub agent: Option<AgentId>,
    /// When it was placed, or came in.
    pub started: Wall,
    /// INVITE to end, ms.
    pub total_ms: u64,
    /// INVITE to first ringing sign (post-dial delay), ms.
    pub pdd_ms: Option<u64>,
    /// First ringing sign to answer or end, ms.
    pub ring_ms: Option<u64>,
    /// INVITE to answer, ms.
    pub answer_ms: Option<u64>,
    /// Start of the abandonment clock to the bridge, or to giving up, ms.
    pub wait_ms: Option<u64>,
    /// Conversation with agents, holds included, ms; of a transfer the time with the destination.
    pub talk_ms: Option<u64>,
    /// Of this the customer heard music, ms.
    pub hold_ms: u64,
    /// A message was left on a machine, to its end.
    pub message_left: bool,
    /// There is a recording, of all or a part of it.
    pub recorded: bool,
    /// What happened in the conversation beyond plain talk, in order.
    pub events: Vec<TalkEvent>,
    /// How it ended.
    pub outcome: Outcome,
    /// Who answered, where that was listened for.
    pub verdict: Option<AmdVerdict>,
    /// Who ended it, if it was answered.
    pub ended_by: Option<EndedBy>,
    /// An answer that arrived after we had given the call up.
    pub late_answer: bool,
    /// The call this one replaced after trunk trouble, or was forked from; of a transfer the
    /// customer's call.
    pub follows: Option<CallId>,
    /// The pacing decision that asked for it.
    pub decision: Option<DecisionId>,
    /// The proof it was placed on.
    pub permit: Option<PermitSummary>,
}
