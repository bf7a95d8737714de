//! The engine driven by hand, in virtual time.

mod agents;
mod calls;
mod consultation;
mod conversations;
mod dialing;
mod outside;
mod recording;
mod screening;
mod state;
mod supervision;

use super::*;
use crate::agent::{AgentProfile, AgentState, LineKind, Role};
use crate::call::{AmdVerdict, CallRecord, Cause};
use crate::campaign::*;
use crate::compliance::{ComplianceRules, WeekHours};
use crate::event::{LeadUpdate, Progress};
use crate::id::{LeadId, SnapshotId, TrunkId};
use crate::lead::{Facts, Lead, LeadNumber, RetryRules};
use crate::ledger::WindowKind;
use crate::number::E164;
use crate::pacing::{Mode, Tuning};
use crate::routing::{TrunkConfig, TrunkHealth};
use crate::time::Wall;

pub(super) const CAMPAIGN: CampaignId = CampaignId(1);

/// A floor and everything it has ordered since the last look.
pub(super) struct Floor {
    pub engine: Engine,
    pub now: Now,
    pub orders: Vec<Command>,
    next_lead: u64,
}

pub(super) fn campaign(mode: Mode) -> CampaignConfig {
    CampaignConfig {
        id: CAMPAIGN,
        name: "test".into(),
        tuning: Tuning {
            mode,
            ..Tuning::default()
        },
        ring_timeout: Duration::from_secs(25),
        screening: Screening::Off,
        conversation: Default::default(),
        abandonment: AbandonmentRule {
            clock: AbandonmentClock::GreetingEnd,
            within: Duration::from_secs(2),
            window: WindowKind::Day,
        },
        abandon_prompt: "sorry".into(),
        compliance: ComplianceRules {
            hours: Some(WeekHours::daily(&["08:00-21:00".parse().unwrap()])),
            ..ComplianceRules::default()
        },
        retry: RetryRules::default(),
        caller_ids: vec![E164::new(12_125_550_199).unwrap()],
        trunk_groups: vec![],
        needs: vec![],
        wrap_up_limit: Some(Duration::from_secs(30)),
        ledger_zone: "America/New_York".into(),
        dispositions: vec![
            Disposition {
                code: "SALE".into(),
                name: "Sale".into(),
                completed: true,
                dnc: false,
                callback: false,
                sale: true,
            },
            Disposition {
                code: "CALLBK".into(),
                name: "Call back".into(),
                completed: false,
                dnc: false,
                callback: true,
                sale: false,
            },
            Disposition {
                code: "DNCC".into(),
                name: "Do not call".into(),
                completed: true,
                dnc: true,
                callback: false,
                sale: false,
            },
        ],
        inbound: InboundRule::Queue {
            longest_wait: Duration::from_secs(20),
            prompt: "closed".into(),
        },
    }
}

pub(super) fn trunk(id: u32, priority: u8) -> TrunkConfig {
    TrunkConfig {
        id: TrunkId(id),
        name: format!("trunk{id}"),
        group: "main".into(),
        channels: 10,
        calls_per_second: 100.0,
        prefixes: vec![],
        tags: vec![],
        priority,
        weight: 1,
    }
}

impl Floor {
    /// A New York afternoon with `agents` ready agents, one trunk, and the campaign running.
    pub fn open(mode: Mode, agents: u32) -> Self {
        Self::with(campaign(mode), agents)
    }

    pub fn with(config: CampaignConfig, agents: u32) -> Self {
        let wall: jiff::Timestamp = "2026-03-10T18:00:00Z".parse().unwrap();
        let mut floor = Self {
            engine: Engine::new(EngineConfig {
                seed: 1,
                first_call: CallId(1),
                first_decision: DecisionId(1),
            }),
            now: Now {
                mono: Mono::from_secs(1000),
                wall: Wall(wall.as_millisecond()),
            },
            orders: Vec::new(),
            next_lead: 1,
        };
        floor.tell(Input::Campaign(Box::new(config)));
        floor.tell(Input::Trunk(Box::new(trunk(1, 0))));
        floor.tell(Input::TrunkHealth {
            trunk: TrunkId(1),
            health: TrunkHealth::Up,
        });
        for n in 1..=agents {
            floor.agent(n, LineKind::NailedUp, &[]);
        }
        floor.tell(Input::Adjust {
            campaign: CAMPAIGN,
            dial: Dial::Running(true),
        });
        floor
    }

    /// Adds an agent, logged in and ready; the line of a nailed-up one comes up.
    pub fn agent(&mut self, n: u32, line: LineKind, skills: &[(&str, u8)]) {
        let agent = AgentId(n);
        self.tell(Input::Agent(Box::new(AgentProfile {
            id: agent,
            name: format!("agent{n}"),
            skills: skills.iter().map(|(s, l)| ((*s).to_owned(), *l)).collect(),
            campaigns: vec![],
            line,
            role: Role::Agent,
        })));
        self.tell(Input::AgentLogin { agent });
        if line == LineKind::NailedUp {
            self.tell(Input::AgentLine { agent, up: true });
        }
        self.tell(Input::AgentReady { agent });
    }

    pub fn tell(&mut self, input: Input) {
        self.engine.handle(self.now, input);
        while let Output::Command(command) = self.engine.poll() {
            self.orders.push(command);
        }
    }

    /// Lets time pass, waking the engine whenever it asked for it.
    pub fn pass(&mut self, seconds: f64) {
        let span = Duration::from_secs_f64(seconds);
        let end = Now {
            mono: self.now.mono + span,
            wall: self.now.wall + span,
        };
        loop {
            let next = match self.engine.poll() {
                Output::Wait(Some(at)) if at <= end.mono => at,
                _ => break,
            };
            let step = next.since(self.now.mono);
            self.now = Now {
                mono: next.max(self.now.mono),
                wall: self.now.wall + step,
            };
            self.tell(Input::Tick);
        }
        self.now = end;
        self.tell(Input::Tick);
    }

    pub fn lead(&mut self) -> Lead {
        let id = self.next_lead;
        self.next_lead += 1;
        Lead {
            id: LeadId(id),
            priority: 0,
            rank: 0,
            numbers: vec![LeadNumber {
                number: E164::new(12_125_550_100 + id).unwrap(),
                listed: vec![],
                retired: false,
            }],
            zone: Some("America/New_York".into()),
            country: Some("US".into()),
            state: Some("NY".into()),
            tags: vec![],
            needs: vec![],
            owner: None,
            callback: None,
            answer_chance: None,
            facts: Facts {
                snapshot: SnapshotId(1),
                ..Facts::default()
            },
        }
    }

    pub fn offer(&mut self, leads: Vec<Lead>) {
        self.tell(Input::LeadsOffered {
            campaign: CAMPAIGN,
            leads,
            exhausted: true,
        });
    }

    /// Offers `n` plain leads and answers the calls ordered for them.
    pub fn dialed(&mut self, n: usize) -> Vec<CallId> {
        let leads = (0..n).map(|_| self.lead()).collect();
        self.offer(leads);
        self.originated()
    }

    /// Takes the orders to place calls.
    pub fn originated(&mut self) -> Vec<CallId> {
        self.take(|c| match c {
            Command::Originate(order) => Some(order.call),
            _ => None,
        })
    }

    pub fn news(&mut self, call: CallId, progress: Progress) {
        self.tell(Input::Progress { call, progress });
    }

    pub fn rings(&mut self, call: CallId) {
        self.news(call, Progress::Sent);
        self.news(call, Progress::Ringing);
    }

    pub fn fails(&mut self, call: CallId, cause: Cause) {
        self.news(
            call,
            Progress::Failed {
                cause,
                retry_after: None,
            },
        );
    }

    pub fn person(&mut self, call: CallId, greeting_ended_ms: u64) {
        let greeting_ended = Duration::from_millis(greeting_ended_ms);
        self.news(
            call,
            Progress::Verdict {
                who: AmdVerdict::Person,
                greeting_ended,
            },
        );
    }

    /// Takes what `pick` picks out of the orders; the others are forgotten.
    pub fn take<T>(&mut self, pick: impl FnMut(&Command) -> Option<T>) -> Vec<T> {
        let orders = std::mem::take(&mut self.orders);
        orders.iter().filter_map(pick).collect()
    }

    pub fn bridges(&mut self) -> Vec<(CallId, AgentId)> {
        self.take(|c| match c {
            Command::Bridge { call, agent } => Some((*call, *agent)),
            _ => None,
        })
    }

    pub fn messages(&mut self) -> Vec<CallId> {
        self.take(|c| match c {
            Command::PlayMessage { call, .. } => Some(*call),
            _ => None,
        })
    }

    pub fn hang_ups(&mut self) -> Vec<CallId> {
        self.take(|c| match c {
            Command::HangUp { call } => Some(*call),
            _ => None,
        })
    }

    pub fn records(&mut self) -> Vec<CallRecord> {
        self.take(|c| match c {
            Command::Record(record) => Some((**record).clone()),
            _ => None,
        })
    }

    pub fn leads_done(&mut self) -> Vec<(LeadId, LeadUpdate)> {
        self.take(|c| match c {
            Command::LeadDone { lead, update, .. } => Some((*lead, update.clone())),
            _ => None,
        })
    }

    /// Takes the codes of orders that were not obeyed.
    pub fn refusals(&mut self) -> Vec<&'static str> {
        self.take(|c| match c {
            Command::Refused { code, .. } => Some(code.name()),
            _ => None,
        })
    }

    /// Takes the audio plans, one line each: who hears whom, `~` for music, parties by number
    /// (`c1` a call, `a1` an agent).
    pub fn plans(&mut self) -> Vec<String> {
        self.take(|c| match c {
            Command::Audio(plan) => Some(told(plan)),
            _ => None,
        })
    }

    pub fn state(&self, agent: u32) -> AgentState {
        self.engine.agents[&AgentId(agent)].state
    }

    pub fn channels(&self) -> u32 {
        self.engine.trunks.iter().map(|t| t.in_use).sum()
    }

    pub fn today(&self) -> (u64, u64) {
        let status = self.engine.status(self.now);
        let day = &status.campaigns[0].windows[0];
        (day.answered, day.abandoned)
    }
}

fn told(plan: &crate::conversation::AudioPlan) -> String {
    use crate::conversation::Party;
    let name = |party: &Party| match party {
        Party::Call(call) => format!("c{call}"),
        Party::Agent(agent) => format!("a{agent}"),
    };
    let one = |hears: &crate::conversation::Hears| {
        let heard: Vec<String> = hears.hears.iter().map(name).collect();
        let music = if hears.music.is_some() { "~" } else { "" };
        format!("{}:{}{music}", name(&hears.who), heard.join("+"))
    };
    let parties: Vec<String> = plan.parties.iter().map(one).collect();
    parties.join(" ")
}
