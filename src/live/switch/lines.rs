//! What the switch keeps of each call and of each agent's phone.

use super::audio::AudioRules;
use super::dtmf_codes::CodeReader;
use super::kept::Kept;
use super::key_ear::KeyEar;
use super::order::Order;
use crate::config::AgentPhone;
use carillon_decision::agent::{AgentState, Role};
use carillon_decision::call::Cause;
use carillon_decision::campaign::Screening;
use carillon_decision::id::{AgentId, CallId, CampaignId, LeadId, TrunkId};
use carillon_media::{LegId, LegPort};
use carillon_sip::{CallKey, LegKey, Peer};
use std::time::Instant;

/// Where a call stands for signalling. Finer phases are the engine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The attempt is being stored.
    Storing,
    /// The INVITE left.
    Dialing,
    /// Answered, alone on the line.
    Answered,
    /// Hears the message.
    Message,
    /// Joined with an agent.
    Talking,
    /// BYE sent; its answer is awaited.
    Ending,
}

/// What another target needs to take over an INVITE that the first did not take.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) order: Order,
    pub(super) call_id: String,
    pub(super) tried: Vec<Peer>,
}

/// One call of the engine's.
#[derive(Debug)]
pub(super) struct CallLine {
    pub(super) campaign: CampaignId,
    pub(super) lead: Option<LeadId>,
    /// The customer's call a destination is called for.
    pub(super) conversation: Option<CallId>,
    pub(super) trunk: TrunkId,
    pub(super) stage: Stage,
    pub(super) key: Option<CallKey>,
    /// The target the INVITE went to.
    pub(super) peer: Option<Peer>,
    /// Kept while the INVITE may go to another target: until something rings, or it is answered.
    pub(super) attempt: Option<Box<Attempt>>,
    pub(super) leg: Option<LegKey>,
    pub(super) media: Option<LegPort>,
    /// Tell people from machines after the answer.
    pub(super) screening: Screening,
    /// A verdict was given, or none is asked for.
    pub(super) judged: bool,
    /// The engine wants it ended.
    pub(super) hang_up: bool,
    /// A "not in service" tone was heard before any answer.
    pub(super) sit: bool,
    /// How the network's tones say it fails.
    pub(super) early_cause: Option<Cause>,
    /// It rings, and nothing of it is heard.
    pub(super) rings: bool,
    /// Its network sends audio before the answer.
    pub(super) early_media: bool,
    pub(super) keys: KeyEar,
    /// Tag of the announcement it hears.
    pub(super) announcing: Option<u64>,
    pub(super) kept: Kept,
    pub(super) answered: Option<Instant>,
    /// When it was known that a person waits: the start of the bridge latency.
    pub(super) person: Option<Instant>,
}

impl CallLine {
    pub(super) fn new(campaign: CampaignId, trunk: TrunkId, stage: Stage) -> Self {
        Self {
            campaign,
            lead: None,
            conversation: None,
            trunk,
            stage,
            key: None,
            peer: None,
            attempt: None,
            leg: None,
            media: None,
            screening: Screening::Off,
            judged: false,
            hang_up: false,
            sit: false,
            early_cause: None,
            rings: false,
            early_media: false,
            keys: KeyEar::default(),
            announcing: None,
            kept: Kept::default(),
            answered: None,
            person: None,
        }
    }

    pub(super) fn audio(&self) -> Option<LegId> {
        self.media.map(|port| port.leg)
    }
}

/// An agent's phone, as configured.
#[derive(Clone, Debug)]
pub(crate) struct AgentSetup {
    pub(crate) id: AgentId,
    /// Login name.
    pub(crate) name: String,
    pub(crate) phone: AgentPhone,
    pub(crate) role: Role,
    /// The line stays connected between calls.
    pub(crate) kept: bool,
    /// What its phone is offered.
    pub(crate) audio: AudioRules,
}

/// A transfer the agent's phone asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Referral {
    pub(super) leg: LegKey,
    pub(super) asked: Instant,
    /// When the phone was told its end, and with which status.
    pub(super) done: Option<(Instant, u16)>,
}

/// An agent's phone.
#[derive(Debug)]
pub(super) struct AgentLine {
    pub(super) setup: AgentSetup,
    pub(super) key: Option<CallKey>,
    pub(super) leg: Option<LegKey>,
    pub(super) media: Option<LegPort>,
    /// Connected: answered, with audio.
    pub(super) up: bool,
    pub(super) codes: CodeReader,
    pub(super) state: AgentState,
    /// When the agent last became ready.
    pub(super) ready: Option<Instant>,
    pub(super) keys: KeyEar,
    /// The phone has its line on hold (re-INVITE).
    pub(super) holds: bool,
    /// The agent a supervisor is at.
    pub(super) beside: Option<AgentId>,
    pub(super) referral: Option<Referral>,
    /// The call the agent talked in last, for a disposition by phone, and its campaign.
    pub(super) last: Option<(CallId, CampaignId)>,
}

impl AgentLine {
    pub(super) fn new(setup: AgentSetup) -> Self {
        Self {
            setup,
            key: None,
            leg: None,
            media: None,
            up: false,
            codes: CodeReader::default(),
            state: AgentState::LoggedOut,
            ready: None,
            keys: KeyEar::default(),
            holds: false,
            beside: None,
            referral: None,
            last: None,
        }
    }

    /// Being called, or connected.
    pub(super) fn in_use(&self) -> bool {
        self.key.is_some() || self.leg.is_some()
    }
}
