//! What the switch keeps of each call and of each agent's phone.

use super::dtmf_codes::CodeReader;
use crate::config::AgentPhone;
use carillon_decision::agent::AgentState;
use carillon_decision::campaign::Screening;
use carillon_decision::event::Originate;
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
    pub(super) order: Box<Originate>,
    pub(super) call_id: String,
    pub(super) tried: Vec<Peer>,
}

/// One call of the engine's.
#[derive(Debug)]
pub(super) struct CallLine {
    pub(super) campaign: CampaignId,
    pub(super) lead: Option<LeadId>,
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
    pub(super) answered: Option<Instant>,
    /// When it was known that a person waits: the start of the bridge latency.
    pub(super) person: Option<Instant>,
    pub(super) agent: Option<AgentId>,
}

impl CallLine {
    pub(super) fn new(campaign: CampaignId, trunk: TrunkId, stage: Stage) -> Self {
        Self {
            campaign,
            lead: None,
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
            answered: None,
            person: None,
            agent: None,
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
    pub(crate) phone: AgentPhone,
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
    /// The call whose audio the line carries.
    pub(super) bridged: Option<CallId>,
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
            bridged: None,
            last: None,
        }
    }

    /// Being called, or connected.
    pub(super) fn in_use(&self) -> bool {
        self.key.is_some() || self.leg.is_some()
    }
}
