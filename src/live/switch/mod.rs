//! The switch: one thread that owns the SIP endpoint, the call table and the agents' lines.
//!
//! It obeys [`Command`]s and reports [`Input`]s; it decides nothing about whom to call or who
//! talks to whom. **Every call the engine knows ends in exactly one `Failed` or `HungUp`.**
//! **The switch never waits for the engine or the store**: news that finds no room is kept
//! ([`News`]), attempts are stored by a worker that reports back.

mod agents;
mod answered;
mod audio;
mod bridge;
mod desk_orders;
mod dtmf_codes;
mod halted;
mod health;
mod inbound;
mod kept;
mod key_ear;
mod ladder;
mod line_health;
mod lines;
mod located;
mod media;
mod order;
mod outbound;
mod pending;
mod referrals;
mod run;
mod sounds;
mod stop;
mod talks;
mod test_call;
mod test_report;
#[cfg(test)]
mod testing;
mod trunks;

pub(crate) use audio::AudioRules;
pub(crate) use dtmf_codes::KEYPAD;
pub(crate) use inbound::LOGIN_USER;
pub use ladder::{Ladder, LadderKey, LadderLine, Ladders};
pub(crate) use lines::AgentSetup;
pub(crate) use located::Places;
pub(crate) use media::Prompts;
pub(crate) use order::Order;
pub(crate) use run::{Ears, spawn};
pub use test_call::TestCall;
pub use test_report::{TestReport, TestStep};
pub(crate) use trunks::TrunkLine;

use crate::clock::NodeClock;
use crate::config::Detection;
use crate::engine::News;
use crate::keeping::Keeping;
use crate::locate::{Sighting, Trouble};
use crate::store_port::AttemptJob;
use crate::vitals::VitalCounters;
use crate::wire::Wire;
use carillon_decision::call::Cause;
use carillon_decision::campaign::CampaignConfig;
use carillon_decision::conversation;
use carillon_decision::id::{AgentId, CallId, CampaignId, TrunkId};
use carillon_decision::{Command, Input, Progress};
use carillon_media::LegId;
use carillon_sip::{CallKey, Endpoint, LegKey, Peer, RequestKey};
use lines::{AgentLine, CallLine};
use media::Media;
use pending::Pending;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// Orders and answers the switch takes besides the engine's commands.
pub(crate) enum Notice {
    /// What the store said of an attempt.
    Stored {
        job: AttemptJob,
        result: Result<(), String>,
    },
    /// A supervisor wants a test call.
    Test {
        test: TestCall,
        reply: oneshot::Sender<TestReport>,
    },
    /// A host name of a trunk, or of an agent's phone, leads elsewhere now.
    Located(Sighting),
    /// The engine has stopped deciding: look after the calls that are up.
    EngineHalted,
    /// Hang up everything; answers when all is confirmed or the limit is over.
    StopNow {
        limit: std::time::Duration,
        reply: oneshot::Sender<crate::node::StopReport>,
    },
}

/// Whom a dialog, an INVITE or an RTP leg belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Party {
    Call(CallId),
    Agent(AgentId),
    Test(u64),
}

/// Something to do later. Fires are checked against the state then, so none is ever removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// Further answers of an ended call's INVITE are no longer expected.
    Forks(CallId),
    /// A leg the engine has not decided about.
    Undecided(u64),
    /// Time for the next OPTIONS.
    Options(TrunkId),
    /// Addresses of a trunk that left DNS are forgotten.
    Gone(TrunkId),
    /// The transfer an agent's phone asked for has had its time.
    Referral(AgentId),
    /// Time for the next step of a test call.
    Test(u64),
    /// `StopNow` has waited long enough.
    Stop,
}

/// What the switch is built from.
pub(crate) struct Setup {
    pub(crate) clock: NodeClock,
    pub(crate) endpoint: Endpoint,
    pub(crate) realm: String,
    pub(crate) relay: carillon_media::Relay,
    pub(crate) prompts: Prompts,
    pub(crate) trunks: BTreeMap<TrunkId, TrunkLine>,
    pub(crate) agents: Vec<AgentSetup>,
    pub(crate) campaigns: Vec<CampaignConfig>,
    /// How each tells who answered.
    pub(crate) detection: BTreeMap<CampaignId, Detection>,
    pub(crate) news: News,
    pub(crate) attempts: mpsc::Sender<AttemptJob>,
    pub(crate) ladders: Ladders,
    pub(crate) vitals: Arc<VitalCounters>,
    pub(crate) health: health::HealthRules,
    pub(crate) dry_run: bool,
    pub(crate) token: u64,
    /// Spreads calls over a trunk's targets.
    pub(crate) chance: StdRng,
    pub(crate) places: Places,
    /// What is kept of conversations; nothing in tests.
    pub(crate) keeping: Option<Keeping>,
}

pub(crate) use health::HealthRules;

/// See the module.
pub(crate) struct Switch {
    clock: NodeClock,
    endpoint: Endpoint,
    realm: String,
    media: Media,
    news: News,
    attempts: mpsc::Sender<AttemptJob>,
    ladders: Ladders,
    vitals: Arc<VitalCounters>,
    rules: health::HealthRules,
    dry_run: bool,
    halted: bool,
    /// Everything is hung up: the thread may end.
    quit: bool,
    stopping: Option<stop::Stopping>,

    campaigns: BTreeMap<CampaignId, CampaignConfig>,
    detection: BTreeMap<CampaignId, Detection>,
    trunks: BTreeMap<TrunkId, TrunkLine>,
    agents: BTreeMap<AgentId, AgentLine>,
    calls: BTreeMap<CallId, CallLine>,
    talks: talks::Talks,
    tests: BTreeMap<u64, test_call::Running>,
    pending: BTreeMap<u64, Pending>,
    /// Answered calls that ended lately, for answers of other forks.
    forks: BTreeMap<CallId, (CallKey, TrunkId)>,

    by_key: BTreeMap<CallKey, Party>,
    by_leg: BTreeMap<LegKey, Party>,
    by_media: BTreeMap<LegId, Party>,
    /// OPTIONS and registrations under way, and the target each is at.
    by_request: BTreeMap<RequestKey, (TrunkId, Peer)>,
    timers: BTreeSet<(Instant, Timer)>,
    /// Makes our Call-IDs unlike those of earlier runs.
    token: u64,
    tests_made: u64,
    /// When the endpoint's figures are shown next.
    figures_at: Instant,
    /// When connections are told next whether anybody needs them.
    hold_at: Instant,
    /// Sockets and connections.
    wire: Wire,
    chance: StdRng,
    /// Names that are looked up.
    places: Places,
    keeping: Option<Keeping>,
}

/// What a failure says of the target.
fn pool_trouble(silent: bool, retry_after: Option<std::time::Duration>) -> Trouble {
    if silent {
        Trouble::Silent
    } else {
        Trouble::Unavailable(retry_after)
    }
}

impl Switch {
    pub(crate) fn new(setup: Setup, wire: Wire) -> Self {
        let figures_at = setup.clock.instant();
        let agents = setup.agents.into_iter().map(|a| (a.id, AgentLine::new(a)));
        let mut switch = Self {
            media: Media::new(setup.relay, setup.prompts),
            clock: setup.clock,
            endpoint: setup.endpoint,
            realm: setup.realm,
            news: setup.news,
            attempts: setup.attempts,
            ladders: setup.ladders,
            vitals: setup.vitals,
            rules: setup.health,
            dry_run: setup.dry_run,
            halted: false,
            quit: false,
            stopping: None,
            campaigns: setup.campaigns.into_iter().map(|c| (c.id, c)).collect(),
            detection: setup.detection,
            trunks: setup.trunks,
            agents: agents.collect(),
            calls: BTreeMap::new(),
            talks: talks::Talks::default(),
            tests: BTreeMap::new(),
            pending: BTreeMap::new(),
            forks: BTreeMap::new(),
            by_key: BTreeMap::new(),
            by_leg: BTreeMap::new(),
            by_media: BTreeMap::new(),
            by_request: BTreeMap::new(),
            timers: BTreeSet::new(),
            token: setup.token,
            tests_made: 0,
            figures_at,
            hold_at: figures_at,
            wire,
            chance: setup.chance,
            places: setup.places,
            keeping: setup.keeping,
        };
        switch.admit_trunks();
        switch
    }

    /// Obeys one command of the engine. Commands that are not for the switch are ignored.
    fn command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Originate(order) => self.originate(order),
            Command::CallOut(order) => self.call_out(order),
            Command::HangUp { call } => self.hang_up(now, call),
            Command::Bridge { call, agent } => self.bridge(now, call, agent),
            Command::Audio(plan) => self.audio(plan),
            Command::Announce { call, prompt } => self.announce(call, &prompt),
            Command::Refused { agent, .. } => self.refused(now, agent),
            Command::Recorder { call, order } => self.record(call, order),
            Command::PlayMessage { call, prompt } => self.play_message(call, &prompt),
            Command::Adopt {
                call,
                original,
                leg,
                campaign,
            } => {
                self.adopt(now, call, original, leg, campaign);
            }
            Command::AnswerInbound {
                call,
                leg,
                campaign,
            } => {
                self.answer_inbound(now, call, leg, campaign);
            }
            Command::RejectInbound { leg } => self.reject_inbound(now, leg),
            Command::RingAgent { agent } => self.ring_agent(now, agent),
            Command::DropAgentLine { agent } => self.drop_agent_line(now, agent),
            Command::AgentChanged { agent, to, .. } => self.agent_changed(now, agent, to),
            _ => {}
        }
    }

    fn notice(&mut self, now: Instant, notice: Notice) {
        match notice {
            Notice::Stored { job, result } => self.stored(now, job, result),
            Notice::Test { test, reply } => self.start_test(now, test, reply),
            Notice::Located(sighting) => self.located(now, &sighting),
            Notice::EngineHalted => self.engine_halted(now),
            Notice::StopNow { limit, reply } => self.stop_now(now, limit, reply),
        }
    }

    fn timer(&mut self, now: Instant, timer: Timer) {
        match timer {
            Timer::Forks(call) => self.forget_forks(call),
            Timer::Undecided(leg) => self.undecided(now, leg),
            Timer::Options(trunk) => self.options_due(now, trunk),
            Timer::Gone(trunk) => self.forget_gone(now, trunk),
            Timer::Referral(agent) => self.referral_due(now, agent),
            Timer::Test(test) => self.test_due(now, test),
            Timer::Stop => self.stop_due(now),
        }
    }

    fn set_timer(&mut self, at: Instant, timer: Timer) {
        self.timers.insert((at, timer));
    }

    /// Call-ID of a call's INVITE, told to the store before it leaves.
    fn sip_call_id(&self, what: &str) -> String {
        format!("{what}-{:016x}", self.token)
    }

    /// Tells the engine of a call. In a halted node the switch looks after the call itself.
    fn progress(&mut self, call: CallId, progress: Progress) {
        if self.halted {
            return;
        }
        self.news.tell(Input::Progress { call, progress });
    }

    /// The one end of a call that was never answered.
    fn fail(&mut self, call: CallId, cause: Cause, retry_after: Option<std::time::Duration>) {
        if self.forget_call(call).is_some() {
            self.progress(call, Progress::Failed { cause, retry_after });
        }
    }

    /// The one end of an answered call.
    fn hung_up(&mut self, call: CallId) {
        if self.forget_call(call).is_some() {
            self.progress(call, Progress::HungUp);
        }
    }

    /// Takes a call out of every table and gives its audio back.
    fn forget_call(&mut self, call: CallId) -> Option<CallLine> {
        self.part(call);
        let mut line = self.calls.remove(&call)?;
        match (line.key, line.leg) {
            // Other forks of an answered INVITE may answer yet: a person each.
            (Some(key), Some(_)) => self.expect_forks(call, key, line.trunk),
            (Some(key), None) => {
                self.by_key.remove(&key);
            }
            (None, _) => {}
        }
        if let Some(leg) = line.leg {
            self.by_leg.remove(&leg);
        }
        if let Some(port) = line.media {
            self.by_media.remove(&port.leg);
            let kept = std::mem::take(&mut line.kept);
            self.close_call_leg(call, kept, port.leg);
        }
        if let Some(conversation) = line.conversation {
            // Nobody waits for its ringing any more.
            self.heard_again(conversation::Party::Call(conversation));
        }
        Some(line)
    }
}
