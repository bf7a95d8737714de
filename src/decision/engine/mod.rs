//! The engine: hears inputs, keeps the floor, orders commands. Single-threaded, deterministic.

mod board;
mod campaign_state;
mod dialing;
mod dispositions;
mod ending;
mod floor_agents;
mod inbound;
mod invariants;
mod lead_flow;
mod matching;
mod outside;
mod pacing_view;
mod progress;
mod recorder;
mod screening;
mod setup;
mod snapshot;
mod supervise;
mod talk;
mod transfer;

#[cfg(test)]
mod tests;

pub use snapshot::SnapshotError;

use crate::agent::Agent;
use crate::call::Call;
use crate::event::{Alert, Command, Input};
use crate::id::{AgentId, CallId, CampaignId, DecisionId};
use crate::routing::Trunks;
use crate::time::{Mono, Now};
use campaign_state::Campaign;
use ending::RecentCall;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use supervise::Supervision;

/// How an engine starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineConfig {
    /// Seed of every random stream.
    pub seed: u64,
    /// Id of the first call: one past the largest ever stored.
    pub first_call: CallId,
    /// Id of the first pacing decision.
    pub first_decision: DecisionId,
}

/// What [`Engine::poll`] answers.
#[derive(Debug)]
pub enum Output {
    /// Obey this, then poll again.
    Command(Command),
    /// Nothing more to do until the next input, or this instant: then send [`Input::Tick`].
    Wait(Option<Mono>),
}

/// Longest time between two pacing decisions of a running campaign.
const PACE_EVERY: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Timer {
    Call(CallId),
    Agent(AgentId),
    Campaign(CampaignId),
}

/// One floor: its campaigns, agents, trunks and calls.
#[derive(Debug, Serialize, Deserialize)]
pub struct Engine {
    config: EngineConfig,
    next_call: CallId,
    next_decision: DecisionId,
    campaigns: BTreeMap<CampaignId, Campaign>,
    calls: BTreeMap<CallId, Call>,
    agents: BTreeMap<AgentId, Agent>,
    trunks: Trunks,
    /// Due instants; an entry counts only while its owner still has that deadline.
    timers: BTreeSet<(Mono, Timer)>,
    /// People waiting for an agent, longest waiting first.
    waiting: BTreeSet<(Mono, CallId)>,
    /// Calls that ended lately, for answers that come after the end.
    recent: VecDeque<RecentCall>,
    /// Supervisors who follow an agent from call to call.
    supervision: BTreeMap<AgentId, Supervision>,
    store_trouble: Option<String>,
    draining: bool,
    halted: Option<String>,
    now: Now,
    /// Inputs since the invariants were last checked.
    unchecked: u32,
    #[serde(skip)]
    out: VecDeque<Command>,
}

impl Engine {
    /// An empty floor.
    pub fn new(config: EngineConfig) -> Self {
        Self {
            config,
            next_call: config.first_call,
            next_decision: config.first_decision,
            campaigns: BTreeMap::new(),
            calls: BTreeMap::new(),
            agents: BTreeMap::new(),
            trunks: Trunks::default(),
            timers: BTreeSet::new(),
            waiting: BTreeSet::new(),
            recent: VecDeque::new(),
            supervision: BTreeMap::new(),
            store_trouble: None,
            draining: false,
            halted: None,
            now: Now::default(),
            unchecked: 0,
            out: VecDeque::new(),
        }
    }

    /// What it was started with.
    pub fn config(&self) -> EngineConfig {
        self.config
    }

    /// Takes one input. Drain [`Engine::poll`] afterwards.
    ///
    /// `now.mono` must not go back; if it does, no time is taken to have passed.
    pub fn handle(&mut self, now: Now, input: Input) {
        self.now = Now {
            mono: now.mono.max(self.now.mono),
            wall: now.wall,
        };
        let bare_tick = input == Input::Tick;
        self.apply(input);
        let fired = self.fire_timers();
        if fired || !bare_tick {
            self.route_waiting();
            self.pace_all();
            self.check_invariants();
        }
    }

    /// The next command, or until when there is none.
    pub fn poll(&mut self) -> Output {
        match self.out.pop_front() {
            Some(command) => Output::Command(command),
            None => Output::Wait(self.timers.first().map(|(at, _)| *at)),
        }
    }

    /// Whether every call is over.
    pub fn is_quiet(&self) -> bool {
        self.calls.is_empty()
    }

    fn apply(&mut self, input: Input) {
        match input {
            Input::Tick => {}
            Input::Campaign(config) => self.set_campaign(*config),
            Input::Adjust { campaign, dial } => self.adjust(campaign, dial),
            Input::LedgerRestored { campaign, ledger } => {
                if let Some(c) = self.campaigns.get_mut(&campaign) {
                    c.ledger = ledger;
                }
            }
            Input::Trunk(config) => self.trunks.set(*config),
            Input::TrunkHealth { trunk, health } => self.trunk_health(trunk, health),
            Input::LeadsOffered {
                campaign,
                leads,
                exhausted,
            } => {
                self.leads_offered(campaign, leads, exhausted);
            }
            Input::Listed {
                list,
                numbers,
                snapshot: _,
            } => {
                for campaign in self.campaigns.values_mut() {
                    campaign.hopper.list(&list, &numbers);
                }
            }
            Input::LeadWithdrawn { campaign, lead } => self.lead_withdrawn(campaign, lead),
            Input::Agent(profile) => self.set_agent(*profile),
            Input::AgentLogin { agent } => self.agent_login(agent),
            Input::AgentLine { agent, up } => self.agent_line(agent, up),
            Input::AgentReady { agent } => self.agent_ready(agent),
            Input::AgentBreak { agent, reason } => self.agent_break(agent, reason),
            Input::AgentLogout { agent, now } => self.agent_logout(agent, now),
            Input::AgentHangUp { agent } => self.agent_hang_up(agent),
            Input::AgentDisposition {
                agent,
                call,
                disposition,
                callback,
                ready,
            } => {
                self.agent_disposition(agent, call, &disposition, callback, ready);
            }
            Input::Progress { call, progress } => self.progress(call, progress),
            Input::ExtraAnswer { call, leg } => self.extra_answer(call, leg),
            Input::Inbound {
                leg,
                from,
                to,
                trunk,
            } => self.inbound(leg, from, to, trunk),
            Input::StoreHealth { writable, reason } => self.store_health(writable, reason),
            Input::Drain { on } => self.draining = on,
            Input::AgentHold { agent, on } => self.agent_hold(agent, on),
            Input::AgentTransfer { agent, to, kind } => self.agent_transfer(agent, to, kind),
            Input::AgentConsult { agent, step } => self.agent_consult(agent, step),
            Input::AgentDropMessage { agent } => self.agent_drop_message(agent),
            Input::AgentRecording { agent, pause } => self.agent_recording(agent, pause),
            Input::Supervise {
                supervisor,
                agent,
                mode,
            } => self.supervise(supervisor, agent, mode),
            Input::Recording { call, on } => self.recording_ordered(call, on),
            Input::Heard { call, problem } => self.heard(call, problem),
        }
    }

    fn fire_timers(&mut self) -> bool {
        let mut fired = false;
        while let Some((at, timer)) = self.timers.first().copied() {
            if at > self.now.mono {
                break;
            }
            self.timers.pop_first();
            fired |= match timer {
                Timer::Call(id) => {
                    let due = self.calls.get(&id).is_some_and(|c| c.deadline == Some(at));
                    if due {
                        self.call_deadline(id);
                    }
                    due
                }
                Timer::Agent(id) => {
                    let due = self.agents.get(&id).is_some_and(|a| a.deadline == Some(at));
                    if due {
                        self.agent_deadline(id);
                    }
                    due
                }
                Timer::Campaign(id) => self.campaign_tick(id, at),
            };
        }
        fired
    }

    /// Arms the one deadline of a call; an earlier one is forgotten.
    fn arm_call(&mut self, id: CallId, at: Mono) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.deadline = Some(at);
            self.timers.insert((at, Timer::Call(id)));
        }
    }

    fn arm_agent(&mut self, id: AgentId, at: Mono) {
        if let Some(agent) = self.agents.get_mut(&id) {
            agent.deadline = Some(at);
            self.timers.insert((at, Timer::Agent(id)));
        }
    }

    fn order(&mut self, command: Command) {
        self.out.push_back(command);
    }

    fn alert(&mut self, alert: Alert) {
        self.order(Command::Alert(alert));
    }

    fn take_call_id(&mut self) -> CallId {
        let id = self.next_call;
        self.next_call = CallId(id.0 + 1);
        id
    }
}
