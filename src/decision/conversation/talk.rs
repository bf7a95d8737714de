//! The running state of one conversation, kept with the customer's call.

use super::{
    AudioPlan, ConsultStep, Party, RecordingOrder, Stage, SuperviseMode, TransferKind, TransferTo,
};
use crate::id::{AgentId, CampaignId};
use crate::time::Mono;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Most steps kept of one conversation; later ones are not recorded.
const EVENTS_MOST: usize = 200;

/// A conversation beyond the plain talk of one customer and one agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Talk {
    /// Since when the agent on the line has been there.
    pub since: Option<Mono>,
    /// Time with agents who are not on the line any more.
    pub earlier: Duration,
    /// The agent who talked last, on the line or not.
    pub last_agent: Option<AgentId>,
    /// The agent has parked the customer.
    pub held: bool,
    /// Since when the customer hears music while an agent has the call.
    pub parked_since: Option<Mono>,
    /// Time parked before that.
    pub parked: Duration,
    /// Whoever is called in.
    pub third: Option<Third>,
    /// The customer was passed on and waits for the next agent.
    pub passed: Option<Passed>,
    /// Who hears whom, as last ordered.
    pub plan: Option<AudioPlan>,
    /// The recording.
    pub tape: Tape,
    /// Prompts being said to the customer, the first of them now.
    pub said: VecDeque<Said>,
    /// Message being left on a machine.
    pub leaving: bool,
    /// A message was left on a machine to its end.
    pub message_left: bool,
    /// Steps, for the record.
    pub events: Vec<TalkEvent>,
}

/// The third party of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Third {
    /// Another agent, or an outside call.
    pub party: Party,
    /// How far they are in it.
    pub stage: Stage,
}

/// A customer who was passed on waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// Campaign whose agents take the call.
    pub campaign: CampaignId,
    /// This agent alone may take it until `alone_until`.
    pub prefer: Option<AgentId>,
    /// Until when.
    pub alone_until: Mono,
    /// Since when the customer waits.
    pub since: Mono,
    /// When the customer hears the message instead.
    pub until: Mono,
}

impl Passed {
    /// The agent who alone may take the call at `now`.
    pub fn alone(&self, now: Mono) -> Option<AgentId> {
        self.prefer.filter(|_| now < self.alone_until)
    }

    /// When something is due next.
    pub fn next_due(&self, now: Mono) -> Mono {
        match self.alone(now) {
            Some(_) => self.alone_until.min(self.until),
            None => self.until,
        }
    }
}

/// The recording of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tape {
    /// Drawn, or asked for by a supervisor, and not ended by one.
    pub wanted: bool,
    /// On what ground recording is allowed, once it is.
    pub consent: Option<String>,
    /// It has begun and not ended.
    pub on: bool,
    /// Sound is left out now.
    pub paused: bool,
    /// The agent has paused it.
    pub agent_pause: bool,
    /// There is something of it.
    pub ever: bool,
}

/// A prompt for a customer in conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The driver's prompt.
    pub prompt: String,
    /// The ground on which recording may begin once it has been said.
    pub consent: Option<String>,
}

/// A step of a conversation, for its record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TalkEvent {
    /// Milliseconds after the call began.
    pub at_ms: u64,
    /// What happened.
    pub what: TalkStep,
}

/// What happened in a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TalkStep {
    /// The customer was parked, or taken back.
    Hold {
        /// By whom.
        by: AgentId,
        /// Parked.
        on: bool,
    },
    /// Passed on, or somebody called in.
    Transfer {
        /// By whom.
        by: AgentId,
        /// To whom.
        to: TransferTo,
        /// How.
        kind: TransferKind,
    },
    /// What became of a consultation.
    Consult {
        /// By whom.
        by: AgentId,
        /// What.
        step: ConsultStep,
    },
    /// The one called in left, or was never reached.
    ThirdGone {
        /// Why, in words.
        why: String,
    },
    /// Another agent has the call.
    Agent {
        /// Who.
        agent: AgentId,
    },
    /// A supervisor took part in an agent's side, or no longer does.
    Supervised {
        /// The supervisor.
        by: AgentId,
        /// The agent.
        agent: AgentId,
        /// How; `None`: no longer.
        mode: Option<SuperviseMode>,
    },
    /// The recording was told something.
    Recording {
        /// What.
        order: RecordingOrder,
    },
    /// The conversation is not recorded although it was drawn or asked for.
    NotRecorded {
        /// Why, in words.
        why: String,
    },
    /// The agent left the campaign's message on the machine.
    MessageDropped {
        /// Who.
        by: AgentId,
    },
}

impl Talk {
    /// Adds a step, `since_start` after the call began.
    pub fn note(&mut self, since_start: Duration, what: TalkStep) {
        if self.events.len() < EVENTS_MOST {
            let at_ms = since_start.as_millis() as u64;
            self.events.push(TalkEvent { at_ms, what });
        }
    }

    /// Whether the customer hears music while an agent has the call.
    pub fn is_parked(&self) -> bool {
        self.held || self.third.is_some_and(|t| t.stage != Stage::Joined)
    }

    /// Books the time parked up to `now`; `parked` says how it goes on.
    pub fn book_parking(&mut self, parked: bool, now: Mono) {
        match (self.parked_since, parked) {
            (None, true) => self.parked_since = Some(now),
            (Some(from), false) => {
                self.parked += now.since(from);
                self.parked_since = None;
            }
            _ => {}
        }
    }

    /// Books the time of the agent who leaves at `now`; answers how long it was.
    pub fn agent_leaves(&mut self, now: Mono) -> Option<Duration> {
        let span = now.since(self.since.take()?);
        self.earlier += span;
        Some(span)
    }
}
