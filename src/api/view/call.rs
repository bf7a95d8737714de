//! Calls.

use carillon_decision::call::{AmdVerdict, CallRecord, Direction, EndedBy};
use carillon_decision::conversation::{
    ConsultStep, RecordingOrder, SuperviseMode, TalkStep, TransferKind, TransferTo,
};
use carillon_decision::id::{AgentId, CampaignId, TrunkId};
use carillon_decision::status::FloorStatus;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An ended call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CallBoard {
    /// Id.
    pub call: u64,
    /// Campaign name, or `#id` of one that is gone.
    pub campaign: String,
    /// Lead id.
    pub lead: Option<u64>,
    /// `outbound`, `inbound`, or `transfer` (to an outside destination, for a conversation).
    pub direction: String,
    /// The customer's number with its middle hidden.
    pub number: Option<String>,
    /// Our number on this call.
    pub caller_id: String,
    /// Trunk name, or `#id` of one that is gone.
    pub trunk: String,
    /// Login name, or `#id`, of the agent who talked.
    pub agent: Option<String>,
    /// When it was placed or came in.
    pub started_ms: i64,
    /// INVITE to end.
    pub total_ms: u64,
    /// INVITE to first ringing sign.
    pub pdd_ms: Option<u64>,
    /// First ringing sign to answer or end.
    pub ring_ms: Option<u64>,
    /// INVITE to answer.
    pub answer_ms: Option<u64>,
    /// Start of the abandonment clock to the bridge or to giving up.
    pub wait_ms: Option<u64>,
    /// Conversation with agents, holds included; of a transfer the time with the destination.
    pub talk_ms: Option<u64>,
    /// Of this the customer heard music.
    pub hold_ms: u64,
    /// A message was left on a machine, to its end.
    pub message_left: bool,
    /// There is a recording, of all or a part of it.
    pub recorded: bool,
    /// What happened in the conversation beyond plain talk, in order and in words.
    pub steps: Vec<CallStep>,
    /// Stable outcome name.
    pub outcome: String,
    /// The field's short code.
    pub status: String,
    /// Who answered, where that was listened for.
    pub verdict: Option<String>,
    /// `customer`, `agent` or `system`.
    pub ended_by: Option<String>,
    /// The answer came after we had given the call up.
    pub late_answer: bool,
    /// The call this one replaced or was forked from; of a transfer the customer's call.
    pub follows: Option<u64>,
    /// The pacing decision that asked for it.
    pub decision: Option<u64>,
}

/// A step of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CallStep {
    /// Milliseconds after the call began.
    pub at_ms: u64,
    /// What happened, in words.
    pub what: String,
}

/// Names by id, as the floor has them now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    campaigns: BTreeMap<CampaignId, String>,
    agents: BTreeMap<AgentId, String>,
    trunks: BTreeMap<TrunkId, String>,
}

impl Names {
    pub fn of(floor: &FloorStatus) -> Self {
        Self {
            campaigns: floor
                .campaigns
                .iter()
                .map(|c| (c.id, c.name.clone()))
                .collect(),
            agents: floor
                .agents
                .iter()
                .map(|a| (a.id, a.name.clone()))
                .collect(),
            trunks: floor
                .trunks
                .iter()
                .map(|t| (t.id, t.name.clone()))
                .collect(),
        }
    }

    pub fn campaign(&self, id: CampaignId) -> String {
        self.campaigns
            .get(&id)
            .cloned()
            .unwrap_or_else(|| format!("#{id}"))
    }

    pub fn agent(&self, id: AgentId) -> String {
        self.agents
            .get(&id)
            .cloned()
            .unwrap_or_else(|| format!("#{id}"))
    }

    pub fn trunk(&self, id: TrunkId) -> String {
        self.trunks
            .get(&id)
            .cloned()
            .unwrap_or_else(|| format!("#{id}"))
    }
}

pub(crate) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Outbound => "outbound",
        Direction::Inbound => "inbound",
        Direction::Transfer => "transfer",
    }
}

fn verdict(verdict: AmdVerdict) -> &'static str {
    match verdict {
        AmdVerdict::Person => "person",
        AmdVerdict::Machine => "machine",
        AmdVerdict::Fax => "fax",
        AmdVerdict::NotInService => "not_in_service",
    }
}

fn ended_by(by: EndedBy) -> &'static str {
    match by {
        EndedBy::Customer => "customer",
        EndedBy::Agent => "agent",
        EndedBy::System => "system",
    }
}

/// A step of a conversation in words.
fn step(step: &TalkStep, names: &Names) -> String {
    let who = |id: &AgentId| names.agent(*id);
    match step {
        TalkStep::Hold { by, on: true } => format!("{} put the customer on hold", who(by)),
        TalkStep::Hold { by, on: false } => format!("{} took the customer back", who(by)),
        TalkStep::Transfer { by, to, kind } => {
            let to = match to {
                TransferTo::Agent(agent) => who(agent),
                TransferTo::Campaign(id) => format!("the queue of {}", names.campaign(*id)),
                TransferTo::Destination(name) => format!("destination {name}"),
            };
            match kind {
                TransferKind::Blind => format!("{} passed the customer on to {to}", who(by)),
                TransferKind::Attended => format!("{} called in {to}", who(by)),
            }
        }
        TalkStep::Consult { by, step } => {
            let did = match step {
                ConsultStep::Complete => "passed the customer on",
                ConsultStep::Join => "joined all three",
                ConsultStep::Cancel => "went back to the customer",
            };
            format!("{} {did}", who(by))
        }
        TalkStep::ThirdGone { why } => format!("the one called in is gone: {why}"),
        TalkStep::Agent { agent } => format!("{} has the call", who(agent)),
        TalkStep::Supervised { by, agent, mode } => {
            let did = match mode {
                Some(SuperviseMode::Listen) => "listens to",
                Some(SuperviseMode::Whisper) => "whispers to",
                Some(SuperviseMode::Barge) => "joins the calls of",
                None => "no longer listens to",
            };
            format!("{} {did} {}", who(by), who(agent))
        }
        TalkStep::Recording { order } => match order {
            RecordingOrder::Start { consent, .. } => format!("recording began: {consent}"),
            RecordingOrder::Pause { reason } => format!("recording paused: {reason}"),
            RecordingOrder::Resume => "recording went on".to_owned(),
            RecordingOrder::Stop => "recording ended".to_owned(),
        },
        TalkStep::NotRecorded { why } => format!("not recorded: {why}"),
        TalkStep::MessageDropped { by } => format!("{} left the message on a machine", who(by)),
    }
}

impl CallBoard {
    pub(crate) fn of(record: &CallRecord, names: &Names) -> Self {
        Self {
            call: record.call.0,
            campaign: names.campaign(record.campaign),
            lead: record.lead.map(|l| l.0),
            direction: direction(record.direction).into(),
            number: record.number.map(|n| n.masked()),
            caller_id: record.caller_id.to_string(),
            trunk: names.trunk(record.trunk),
            agent: record.agent.map(|a| names.agent(a)),
            started_ms: record.started.0,
            total_ms: record.total_ms,
            pdd_ms: record.pdd_ms,
            ring_ms: record.ring_ms,
            answer_ms: record.answer_ms,
            wait_ms: record.wait_ms,
            talk_ms: record.talk_ms,
            hold_ms: record.hold_ms,
            message_left: record.message_left,
            recorded: record.recorded,
            steps: record
                .events
                .iter()
                .map(|event| CallStep {
                    at_ms: event.at_ms,
                    what: step(&event.what, names),
                })
                .collect(),
            outcome: record.outcome.name().into(),
            status: record.outcome.status_code().into(),
            verdict: record.verdict.map(|v| verdict(v).into()),
            ended_by: record.ended_by.map(|b| ended_by(b).into()),
            late_answer: record.late_answer,
            follows: record.follows.map(|c| c.0),
            decision: record.decision.map(|d| d.0),
        }
    }
}
