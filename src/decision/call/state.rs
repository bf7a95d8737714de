//! A call in progress.

use super::{AmdVerdict, CallRecord, Cause, Direction, EndedBy, Outcome};
use crate::compliance::PermitSummary;
use crate::conversation::{Talk, TalkStep};
use crate::id::{AgentId, CallId, CampaignId, DecisionId, TrunkId};
use crate::lead::Lead;
use crate::number::E164;
use crate::time::{Mono, Now, Wall};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Ordered; nothing heard yet.
    Dialing,
    /// Ringing was heard.
    Ringing,
    /// Answered; who it is is not known yet.
    Screening,
    /// A machine that will get a message: its beep is awaited.
    Machine,
    /// A person waits for an agent: the first one, or after a transfer.
    Waiting,
    /// Being joined with the reserved agent.
    Bridging,
    /// In conversation: with an agent, or with an outside destination the agent passed it to.
    Talking,
    /// Hears the message.
    Message,
    /// Hang-up ordered; its end is awaited.
    Ending,
}

impl Phase {
    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Dialing => "dialing",
            Phase::Ringing => "ringing",
            Phase::Screening => "screening",
            Phase::Machine => "machine",
            Phase::Waiting => "waiting",
            Phase::Bridging => "bridging",
            Phase::Talking => "talking",
            Phase::Message => "message",
            Phase::Ending => "ending",
        }
    }
}

/// A call in progress: outbound, inbound, or to an outside destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Id.
    pub id: CallId,
    /// Campaign.
    pub campaign: CampaignId,
    /// Outbound or inbound.
    pub direction: Direction,
    /// The lead, kept whole until the call is over; a forked answer shares its lead's id only.
    pub lead: Option<Lead>,
    /// The customer's number.
    pub number: Option<E164>,
    /// The number shown, or dialed.
    pub caller_id: E164,
    /// Trunk whose channel it holds.
    pub trunk: TrunkId,
    /// Trunks tried before for the same lead, this one included.
    pub tried: Vec<TrunkId>,
    /// Agent reserved or on the line; who was on the line when the call ended.
    pub agent: Option<AgentId>,
    /// Where it stands.
    pub phase: Phase,
    /// Since when.
    pub since: Mono,
    /// The next instant at which something is due.
    pub deadline: Option<Mono>,
    /// When it was ordered, or came in.
    pub started: Now,
    /// Ring time-out of this call.
    pub ring_timeout: Duration,
    /// First ringing sign.
    pub rang: Option<Mono>,
    /// Answer.
    pub answered: Option<Now>,
    /// First speech after the answer.
    pub speech_from: Option<Mono>,
    /// End of the first greeting.
    pub greeting_end: Option<Mono>,
    /// Since when it waits in the queue; nothing when it does not.
    pub queued: Option<Mono>,
    /// Start of the abandonment clock.
    pub clock_from: Option<Mono>,
    /// First joined with an agent; of a call to an outside destination the answer.
    pub bridged: Option<Mono>,
    /// Conversation ended.
    pub talk_ended: Option<Mono>,
    /// Given up waiting.
    pub gave_up: Option<Mono>,
    /// Who answered.
    pub verdict: Option<AmdVerdict>,
    /// The outcome, once it is settled.
    pub outcome: Option<Outcome>,
    /// Who ended it.
    pub ended_by: Option<EndedBy>,
    /// Answered after we had given it up, or a further answer.
    pub late_answer: bool,
    /// Whether its live answer is in the ledger already.
    pub in_ledger: bool,
    /// Call it replaced or was forked from; the customer's call of one to an outside destination.
    pub follows: Option<CallId>,
    /// Decision that asked for it.
    pub decision: Option<DecisionId>,
    /// What it was permitted on.
    pub permit: Option<PermitSummary>,
    /// The person asked during the message not to be called again.
    pub opted_out: bool,
    /// The agent's disposition has settled what becomes of the lead.
    pub disposed: bool,
    /// It may not be given up before it has rung this long.
    pub ring_minimum: Duration,
    /// What goes on in the conversation.
    pub talk: Talk,
}

impl Call {
    /// A call that begins now.
    pub fn new(
        id: CallId,
        campaign: CampaignId,
        direction: Direction,
        trunk: TrunkId,
        caller_id: E164,
        now: Now,
    ) -> Self {
        Self {
            id,
            campaign,
            direction,
            lead: None,
            number: None,
            caller_id,
            trunk,
            tried: vec![trunk],
            agent: None,
            phase: Phase::Dialing,
            since: now.mono,
            deadline: None,
            started: now,
            ring_timeout: Duration::ZERO,
            rang: None,
            answered: None,
            speech_from: None,
            greeting_end: None,
            queued: None,
            clock_from: None,
            bridged: None,
            talk_ended: None,
            gave_up: None,
            verdict: None,
            outcome: None,
            ended_by: None,
            late_answer: false,
            in_ledger: false,
            follows: None,
            decision: None,
            permit: None,
            opted_out: false,
            disposed: false,
            ring_minimum: Duration::ZERO,
            talk: Talk::default(),
        }
    }

    /// Moves to a phase.
    pub fn enter(&mut self, phase: Phase, now: Mono) {
        self.phase = phase;
        self.since = now;
        self.deadline = None;
    }

    /// Whether it is placed and neither answered nor being ended.
    pub fn unanswered(&self) -> bool {
        matches!(self.phase, Phase::Dialing | Phase::Ringing)
    }

    /// Whether it may still need an agent who is not reserved yet.
    pub fn in_flight(&self) -> bool {
        self.direction == Direction::Outbound
            && matches!(
                self.phase,
                Phase::Dialing | Phase::Ringing | Phase::Screening
            )
    }

    /// The campaign whose agents may take it: after a transfer not always its own.
    pub fn queue_campaign(&self) -> CampaignId {
        self.talk.passed.map_or(self.campaign, |p| p.campaign)
    }

    /// Instant of the answer on the wall clock.
    pub fn answered_wall(&self) -> Option<Wall> {
        self.answered.map(|now| now.wall)
    }

    /// The outcome if it ended now for want of a better one.
    pub fn outcome_at_end(&self, failed: Option<Cause>) -> Outcome {
        if let Some(outcome) = self.outcome {
            return outcome;
        }
        match (self.direction, self.phase) {
            (Direction::Inbound, _) if self.bridged.is_some() => Outcome::Connected,
            (Direction::Inbound, Phase::Message) => Outcome::InboundMessage,
            (Direction::Inbound, _) => Outcome::InboundLost,
            (_, _) if self.bridged.is_some() => Outcome::Connected,
            (_, Phase::Waiting | Phase::Bridging | Phase::Message) => Outcome::Abandoned,
            (_, Phase::Screening) => Outcome::Silent,
            (_, _) if self.answered.is_some() => Outcome::Silent,
            _ => Outcome::Unanswered(failed.unwrap_or(Cause::TrunkFailure)),
        }
    }

    /// When the conversation ended, if it did; else `now`.
    pub fn talk_end(&self, now: Mono) -> Mono {
        self.talk_ended.unwrap_or(now)
    }

    /// Notes a step of its conversation for the record.
    pub fn note(&mut self, now: Mono, what: TalkStep) {
        let since_start = now.since(self.started.mono);
        self.talk.note(since_start, what);
    }

    /// The record it leaves behind.
    pub fn record(&self, outcome: Outcome, now: Mono) -> CallRecord {
        let millis = |from: Mono, to: Mono| to.since(from).as_millis() as u64;
        let answered = self.answered.map(|a| a.mono);
        let start = self.started.mono;
        CallRecord {
            call: self.id,
            campaign: self.campaign,
            lead: self.lead.as_ref().map(|l| l.id),
            direction: self.direction,
            number: self.number,
            caller_id: self.caller_id,
            trunk: self.trunk,
            agent: self.talk.last_agent.filter(|_| self.bridged.is_some()),
            started: self.started.wall,
            total_ms: millis(start, now),
            pdd_ms: self.rang.map(|at| millis(start, at)),
            ring_ms: self.rang.map(|at| millis(at, answered.unwrap_or(now))),
            answer_ms: answered.map(|at| millis(start, at)),
            wait_ms: self.clock_from.and_then(|from| {
                let until = self.bridged.or(self.gave_up)?;
                Some(millis(from, until))
            }),
            talk_ms: self.bridged.map(|_| {
                let last = self.talk.since.map(|from| self.talk_end(now).since(from));
                (self.talk.earlier + last.unwrap_or_default()).as_millis() as u64
            }),
            hold_ms: {
                let last = self.talk.parked_since.map(|from| now.since(from));
                (self.talk.parked + last.unwrap_or_default()).as_millis() as u64
            },
            message_left: self.talk.message_left,
            recorded: self.talk.tape.ever,
            events: self.talk.events.clone(),
            outcome,
            verdict: self.verdict,
            ended_by: self.ended_by.filter(|_| self.answered.is_some()),
            late_answer: self.late_answer,
            follows: self.follows,
            decision: self.decision,
            permit: self.permit.clone(),
        }
    }
}
