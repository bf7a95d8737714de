//! The whole interface of the engine on one screen: what it hears ([`Input`]) and what it
//! orders ([`Command`]). Both are values; neither holds a clock, a socket or a callback.

// Every variant is documented; its fields say what they are by name and type.
#![allow(missing_docs)]

use crate::agent::{AgentProfile, AgentState, BreakReason};
use crate::call::{AmdVerdict, CallRecord, Cause};
use crate::campaign::{CampaignConfig, Dial, Screening};
use crate::compliance::{DialPermit, Refusal};
use crate::conversation::{
    AudioPlan, ConsultStep, OrderRefusal, RecordingOrder, SuperviseMode, TransferKind, TransferTo,
};
use crate::id::{AgentId, CallId, CampaignId, LeadId, SnapshotId, TrunkId};
use crate::lead::{Callback, Lead, LeadStatus};
use crate::ledger::LedgerState;
use crate::number::E164;
use crate::pacing_decision::PacingDecision;
use crate::routing::{TrunkConfig, TrunkHealth};
use crate::time::Wall;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the engine hears. Every input is journalled with its [`crate::time::Now`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// Time has passed; send one whenever `Wait` says so.
    Tick,

    /// A campaign is added, or its configuration replaced. It starts paused.
    Campaign(Box<CampaignConfig>),
    /// A supervisor turns a dial of a running campaign.
    Adjust { campaign: CampaignId, dial: Dial },
    /// What earlier runs left in the abandonment windows. Sent before `Dial::Running(true)`.
    LedgerRestored {
        campaign: CampaignId,
        ledger: LedgerState,
    },

    /// A trunk is added, or its configuration replaced. It starts down until health says up.
    Trunk(Box<TrunkConfig>),
    /// A trunk answers its OPTIONS, or no longer does.
    TrunkHealth { trunk: TrunkId, health: TrunkHealth },

    /// Answer to `Command::NeedLeads`: leased leads, best first. `exhausted` when the store
    /// has no more that are due now.
    LeadsOffered {
        campaign: CampaignId,
        leads: Vec<Lead>,
        exhausted: bool,
    },
    /// Numbers joined a do-not-call list: leads still waiting in the hopper must not be dialed.
    Listed {
        list: String,
        numbers: Vec<E164>,
        snapshot: SnapshotId,
    },
    /// A lead was changed or taken away outside: forget it if it is not being called.
    LeadWithdrawn { campaign: CampaignId, lead: LeadId },

    /// An agent is added, or the profile replaced.
    Agent(Box<AgentProfile>),
    /// The agent logs in: the line comes up next.
    AgentLogin { agent: AgentId },
    /// The agent's line is connected, or lost.
    AgentLine { agent: AgentId, up: bool },
    /// The agent wants calls. Ends wrap-up too.
    AgentReady { agent: AgentId },
    /// The agent wants no further call; a call in progress goes on first.
    AgentBreak { agent: AgentId, reason: BreakReason },
    /// The agent leaves; a call in progress goes on first unless `now`.
    AgentLogout { agent: AgentId, now: bool },
    /// The agent hangs up the customer.
    AgentHangUp { agent: AgentId },
    /// The agent says how the last call went. Ends wrap-up when `ready`.
    AgentDisposition {
        agent: AgentId,
        call: CallId,
        disposition: String,
        callback: Option<Callback>,
        ready: bool,
    },

    /// Signalling or media news of a call.
    Progress { call: CallId, progress: Progress },
    /// A further 2xx arrived for a call (a fork, or the answer that crossed our CANCEL's 487):
    /// a person on the line. `leg` names it to the driver.
    ExtraAnswer { call: CallId, leg: u64 },
    /// Somebody calls one of our numbers. `leg` names the INVITE to the driver.
    Inbound {
        leg: u64,
        from: Option<E164>,
        to: E164,
        trunk: TrunkId,
    },

    /// The store takes writes, or refuses them (disk full, locked). Dialing stops meanwhile.
    StoreHealth { writable: bool, reason: String },
    /// Stop dialing everywhere and let conversations end (drain), or resume.
    Drain { on: bool },

    /// The agent parks the customer with music, or takes them back.
    AgentHold { agent: AgentId, on: bool },
    /// The agent passes the customer on, or calls somebody in.
    AgentTransfer {
        agent: AgentId,
        to: TransferTo,
        kind: TransferKind,
    },
    /// What becomes of the agent's consultation.
    AgentConsult { agent: AgentId, step: ConsultStep },
    /// The agent leaves the campaign's message on the machine on the line and is free.
    AgentDropMessage { agent: AgentId },
    /// Recording of the agent's conversation is paused (card data), or goes on.
    AgentRecording { agent: AgentId, pause: bool },
    /// A supervisor takes part in an agent's calls from their own phone; `None` ends it.
    Supervise {
        supervisor: AgentId,
        agent: AgentId,
        mode: Option<SuperviseMode>,
    },
    /// A supervisor has a conversation recorded, or its recording ended.
    Recording { call: CallId, on: bool },
    /// Something is wrong with what is heard in a conversation, in words.
    Heard { call: CallId, problem: String },
}

/// News of one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Progress {
    /// The INVITE left.
    Sent,
    /// First ringing sign (180, or ringback heard in early media).
    Ringing,
    /// Early media without ringing (183): an announcement perhaps.
    EarlyMedia,
    /// 200 OK.
    Answered,
    /// Speech was heard after the answer: a greeting is under way.
    SpeechStarted,
    /// Who answered. `greeting_ended` is how long ago a person's greeting ended: telling
    /// silence apart takes time, and the abandonment clock starts at the end of the speech.
    Verdict {
        who: AmdVerdict,
        greeting_ended: Duration,
    },
    /// Final failure before any answer. Ends the call.
    Failed {
        cause: Cause,
        retry_after: Option<Duration>,
    },
    /// An answered call is over: the far end ended it, or our `Command::HangUp` is done.
    /// Every answered call ends with exactly one of these.
    HungUp,
    /// `Command::Bridge` is done: both hear each other.
    Bridged,
    /// `Command::Bridge` could not be done (the agent's line is gone).
    BridgeFailed,
    /// The message of `Command::PlayMessage` ended.
    MessageEnded,
    /// The caller pressed the opt-out key during the message.
    OptOut,
    /// The greeting is over, whoever spoke it: the abandonment clock starts `ago` before now.
    GreetingEnded { ago: Duration },
    /// A machine takes a message now: its beep was heard, or it fell silent.
    MachineListens,
    /// The prompt of `Command::Announce` ended.
    AnnouncementEnded,
}

/// What the engine orders. The driver obeys at once and reports through [`Input`].
#[derive(Debug)]
pub enum Command {
    /// Lease up to `count` leads that are due, best first.
    NeedLeads { campaign: CampaignId, count: u32 },
    /// The lease of a lead ends here: store where it stands.
    LeadDone {
        campaign: CampaignId,
        lead: LeadId,
        update: LeadUpdate,
    },
    /// Store the attempt, then send the INVITE. Consumes the permit.
    Originate(Box<Originate>),
    /// End a call: CANCEL before an answer, BYE after. The driver always reports the end
    /// (`Failed` or `HungUp`), or the answer that crossed the CANCEL.
    HangUp { call: CallId },
    /// Join caller and agent. Once done, they hear each other and nobody else does: as if by
    /// [`Command::Audio`], replacing the plan in force.
    Bridge { call: CallId, agent: AgentId },
    /// Who hears whom from now on. A plan without parties dissolves the conversation's audio.
    Audio(AudioPlan),
    /// Play a prompt to a customer in conversation (name, consent to recording), the agent
    /// hearing it too where that is simple; then report.
    Announce { call: CallId, prompt: String },
    /// Call an outside destination for a conversation. Consumes the permit.
    CallOut(Box<CallOut>),
    /// An order of an agent or supervisor was not obeyed, and why, in words for them.
    Refused {
        agent: AgentId,
        code: OrderRefusal,
        why: String,
    },
    /// To the recorder of a conversation.
    Recorder { call: CallId, order: RecordingOrder },
    /// Play the campaign's message to an answered caller nobody can serve, then report.
    PlayMessage { call: CallId, prompt: String },
    /// The further answer `leg` of `original` is from now on the call `call`.
    Adopt {
        call: CallId,
        original: CallId,
        leg: u64,
        campaign: CampaignId,
    },
    /// Answer the inbound INVITE `leg`; from now on it is `call`.
    AnswerInbound {
        call: CallId,
        leg: u64,
        campaign: CampaignId,
    },
    /// Refuse the inbound INVITE `leg`.
    RejectInbound { leg: u64 },
    /// Call the agent's phone and keep the line.
    RingAgent { agent: AgentId },
    /// Hang up the agent's line.
    DropAgentLine { agent: AgentId },
    /// The agent's state changed: for records and pages.
    AgentChanged {
        agent: AgentId,
        from: AgentState,
        to: AgentState,
    },
    /// What the agent said of a conversation.
    Disposition {
        call: CallId,
        agent: AgentId,
        code: String,
    },
    /// The call is over: its record, once per call.
    Record(Box<CallRecord>),
    /// Retire a number: confirmed not in service.
    RetireNumber { lead: LeadId, number: E164 },
    /// The person asked not to be called: enter it on the campaign's list at once.
    EnterDoNotCall {
        lead: LeadId,
        number: E164,
        campaign: CampaignId,
    },
    /// Why this many lines were, or were not, dialed.
    Decided(Box<PacingDecision>),
    /// Something a supervisor must know.
    Alert(Alert),
}

/// An order to place one call.
#[derive(Debug)]
pub struct Originate {
    /// The new call.
    pub call: CallId,
    /// For whom.
    pub campaign: CampaignId,
    /// The lead.
    pub lead: LeadId,
    /// The proof that this call may be placed now. Check [`DialPermit::is_valid_at`] right
    /// before the INVITE leaves; a stale one is reported as [`Cause::NotSent`].
    pub permit: DialPermit,
    /// Where to send it.
    pub trunk: TrunkId,
    /// The number to show.
    pub caller_id: E164,
    /// How the media side must tell people from machines before anybody is bridged.
    pub screening: Screening,
    /// The call this one replaces after trunk trouble.
    pub follows: Option<CallId>,
    /// The decision that asked for this line.
    pub decision: Option<crate::id::DecisionId>,
}

/// An order to call an outside destination for a conversation that is under way.
#[derive(Debug)]
pub struct CallOut {
    /// The new call.
    pub call: CallId,
    /// The customer's call it is for.
    pub conversation: CallId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// The proof that this number may be called.
    pub permit: DialPermit,
    /// Where to send it.
    pub trunk: TrunkId,
    /// The number to show.
    pub caller_id: E164,
    /// How long it may ring.
    pub ring_timeout: Duration,
}

/// Where a lead stands now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadUpdate {
    /// Its status.
    pub status: LeadStatus,
    /// When it may be offered again, for `Due` and `Callback`.
    pub next_at: Option<Wall>,
    /// The promised callback, if there is one.
    pub callback: Option<Callback>,
    /// Why it was not dialed, when it was not.
    pub refusal: Option<Refusal>,
    /// Outcome or disposition that led here, in words of the record.
    pub why: String,
}

/// Something a supervisor must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Alert {
    /// An invariant does not hold: dialing has stopped, calls in progress go on.
    InvariantBroken(String),
    /// A trunk refuses our credentials.
    TrunkAuth(TrunkId),
    /// A trunk does not answer.
    TrunkDown { trunk: TrunkId, reason: String },
    /// It answers again.
    TrunkUp(TrunkId),
    /// Too many "disconnected" answers of a trunk: numbers are not retired meanwhile.
    TrunkDisconnects(TrunkId),
    /// The store refuses writes.
    Store(String),
    /// The store takes writes again.
    StoreBack,
    /// An agent did not take a call.
    AgentMissedCall(AgentId),
    /// An agent's line was lost.
    AgentLineLost(AgentId),
    /// Something is wrong with what is heard in a conversation.
    Conversation {
        call: CallId,
        agent: Option<AgentId>,
        problem: String,
    },
}
