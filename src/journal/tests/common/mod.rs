//! Inputs of every kind, and journals made of them.
#![allow(dead_code)] // each test file uses its part

use carillon_decision::agent::{AgentProfile, BreakReason, LineKind};
use carillon_decision::call::{AmdVerdict, Cause, Outcome};
use carillon_decision::campaign::{
    AbandonmentClock, AbandonmentRule, CampaignConfig, Dial, Disposition, InboundRule,
};
use carillon_decision::compliance::{
    AttemptCaps, Blackout, ComplianceRules, ExtraRule, Holiday, UnknownZone, WeekHours,
};
use carillon_decision::id::{AgentId, CallId, CampaignId, DecisionId, LeadId, SnapshotId, TrunkId};
use carillon_decision::lead::{
    Callback, Consent, Facts, Lead, LeadNumber, PastAttempt, RetryRules,
};
use carillon_decision::ledger::{LedgerState, Tally, WindowKind};
use carillon_decision::number::E164;
use carillon_decision::pacing::{Mode, Tuning};
use carillon_decision::routing::{Need, TrunkConfig, TrunkHealth};
use carillon_decision::{EngineConfig, Input, Mono, Now, Progress, Wall};
use carillon_journal::{CommandDigest, Header, Machine, Writer};
use std::collections::BTreeMap;
use std::time::Duration;

pub const CAMPAIGN: CampaignId = CampaignId(1);
/// Tuesday 2026-03-03 18:00 UTC: midday to afternoon anywhere in the United States.
pub const START: Wall = Wall(1_772_560_800_000);

pub fn number(text: &str) -> E164 {
    text.parse().unwrap()
}

pub fn at(millis: u64) -> Now {
    Now {
        mono: Mono(millis * 1_000_000),
        wall: START + Duration::from_millis(millis),
    }
}

pub fn config() -> EngineConfig {
    EngineConfig {
        seed: 7,
        first_call: CallId(1),
        first_decision: DecisionId(1),
    }
}

fn compliance() -> ComplianceRules {
    ComplianceRules {
        hours: Some(WeekHours::daily(&[
            "08:00-12:30".parse().unwrap(),
            "13:00-21:00".parse().unwrap(),
        ])),
        extra_rules: vec![ExtraRule {
            id: "house".to_owned(),
            country: Some("US".to_owned()),
            state: None,
            hours: WeekHours::always(),
            citation: "house".to_owned(),
        }],
        unknown_zone: UnknownZone::Use("America/New_York".to_owned()),
        attempts: AttemptCaps {
            min_gap: Duration::from_secs(90),
            ..AttemptCaps::default()
        },
        blackouts: vec![Blackout {
            from: "2026-12-24T18:00".parse().unwrap(),
            to: "2026-12-27T00:00".parse().unwrap(),
            zone: None,
            why: "holidays".to_owned(),
        }],
        holidays: vec![Holiday {
            date: "2026-12-25".parse().unwrap(),
            country: Some("US".to_owned()),
            state: None,
            why: "Christmas Day".to_owned(),
        }],
        dnc_lists: Some(vec!["national".to_owned()]),
        ..ComplianceRules::default()
    }
}

pub fn campaign() -> CampaignConfig {
    CampaignConfig {
        id: CAMPAIGN,
        name: "spring".to_owned(),
        tuning: Tuning {
            mode: Mode::ManualRatio { ratio: 1.1 },
            ..Tuning::default()
        },
        ring_timeout: Duration::from_secs(25),
        screening: carillon_decision::campaign::Screening::Fast,
        conversation: Default::default(),
        abandonment: AbandonmentRule {
            clock: AbandonmentClock::GreetingEnd,
            within: Duration::from_secs(2),
            window: WindowKind::default(),
        },
        abandon_prompt: "sorry".to_owned(),
        compliance: compliance(),
        retry: RetryRules::default(),
        caller_ids: vec![number("+12025550100")],
        trunk_groups: vec!["main".to_owned()],
        needs: vec![Need {
            skill: "sales".to_owned(),
            level: 2,
            drop_after: None,
        }],
        wrap_up_limit: Some(Duration::from_secs(30)),
        ledger_zone: "America/New_York".to_owned(),
        dispositions: vec![Disposition {
            code: "SALE".to_owned(),
            name: "Sale".to_owned(),
            completed: true,
            dnc: false,
            callback: false,
            sale: true,
        }],
        inbound: InboundRule::Queue {
            longest_wait: Duration::from_secs(60),
            prompt: "later".to_owned(),
        },
    }
}

pub fn lead(id: u64) -> Lead {
    let first = E164::new(12_025_550_000 + id).unwrap();
    Lead {
        id: LeadId(id),
        priority: 1,
        rank: -2,
        numbers: vec![LeadNumber {
            number: first,
            listed: vec!["old".to_owned()],
            retired: false,
        }],
        zone: Some("America/New_York".to_owned()),
        country: Some("US".to_owned()),
        state: None,
        tags: vec![("language".to_owned(), "es".to_owned())],
        needs: vec![Need {
            skill: "spanish".to_owned(),
            level: 1,
            drop_after: Some(Duration::from_secs(1)),
        }],
        owner: Some(AgentId(1)),
        callback: Some(Callback {
            at: START,
            agent: None,
        }),
        answer_chance: Some(0.1 + 0.2),
        facts: Facts {
            snapshot: SnapshotId(3),
            consent: Consent::Given,
            history: vec![PastAttempt {
                at: Wall(START.0 - 40 * Wall::DAY_MS),
                number: first,
                outcome: Outcome::Unanswered(Cause::Busy),
            }],
        },
    }
}

fn floor() -> Vec<Input> {
    let skills = BTreeMap::from([("sales".to_owned(), 5)]);
    vec![
        Input::Trunk(Box::new(TrunkConfig {
            id: TrunkId(1),
            name: "carrier".to_owned(),
            group: "main".to_owned(),
            channels: 30,
            calls_per_second: 10.0,
            prefixes: vec!["1".to_owned()],
            tags: vec![],
            priority: 1,
            weight: 1,
        })),
        Input::TrunkHealth {
            trunk: TrunkId(1),
            health: TrunkHealth::Up,
        },
        Input::TrunkHealth {
            trunk: TrunkId(2),
            health: TrunkHealth::Down("no answer".to_owned()),
        },
        Input::Campaign(Box::new(campaign())),
        Input::LedgerRestored {
            campaign: CAMPAIGN,
            ledger: LedgerState {
                since: Wall(START.0 - Wall::DAY_MS),
                quarters: BTreeMap::from([(
                    1_969_000,
                    Tally {
                        answered: 100,
                        abandoned: 2,
                    },
                )]),
            },
        },
        Input::Agent(Box::new(AgentProfile {
            id: AgentId(1),
            name: "ann".to_owned(),
            skills,
            campaigns: vec![CAMPAIGN],
            line: LineKind::NailedUp,
            role: Default::default(),
        })),
        Input::AgentLogin { agent: AgentId(1) },
        Input::AgentLine {
            agent: AgentId(1),
            up: true,
        },
        Input::AgentReady { agent: AgentId(1) },
        Input::Adjust {
            campaign: CAMPAIGN,
            dial: Dial::Running(true),
        },
        Input::LeadsOffered {
            campaign: CAMPAIGN,
            leads: (1..=5).map(lead).collect(),
            exhausted: true,
        },
        Input::Tick,
    ]
}

fn calls() -> Vec<Input> {
    let progress = |progress| Input::Progress {
        call: CallId(1),
        progress,
    };
    vec![
        progress(Progress::Sent),
        progress(Progress::EarlyMedia),
        progress(Progress::Ringing),
        progress(Progress::Answered),
        progress(Progress::SpeechStarted),
        progress(Progress::Verdict {
            who: AmdVerdict::Person,
            greeting_ended: Duration::from_millis(400),
        }),
        progress(Progress::Bridged),
        Input::ExtraAnswer {
            call: CallId(1),
            leg: 9,
        },
        Input::AgentHangUp { agent: AgentId(1) },
        progress(Progress::HungUp),
        progress(Progress::Failed {
            cause: Cause::Congestion,
            retry_after: Some(Duration::from_secs(3)),
        }),
        progress(Progress::BridgeFailed),
        progress(Progress::MessageEnded),
        progress(Progress::OptOut),
        Input::AgentDisposition {
            agent: AgentId(1),
            call: CallId(1),
            disposition: "SALE".to_owned(),
            callback: Some(Callback {
                at: START,
                agent: Some(AgentId(1)),
            }),
            ready: true,
        },
        Input::Inbound {
            leg: 10,
            from: Some(number("+12025550001")),
            to: number("+12025550100"),
            trunk: TrunkId(1),
        },
    ]
}

fn rest() -> Vec<Input> {
    let dial = |dial| Input::Adjust {
        campaign: CAMPAIGN,
        dial,
    };
    vec![
        dial(Dial::Mode(Mode::ErlangC)),
        dial(Dial::Cap(0.025)),
        dial(Dial::MaxLinesPerAgent(3.3)),
        dial(Dial::RingCancel(false)),
        Input::Listed {
            list: "internal".to_owned(),
            numbers: vec![number("+12025550004")],
            snapshot: SnapshotId(4),
        },
        Input::LeadWithdrawn {
            campaign: CAMPAIGN,
            lead: LeadId(5),
        },
        Input::StoreHealth {
            writable: false,
            reason: "disk full".to_owned(),
        },
        Input::StoreHealth {
            writable: true,
            reason: String::new(),
        },
        Input::AgentBreak {
            agent: AgentId(1),
            reason: BreakReason::Requested,
        },
        Input::AgentLogout {
            agent: AgentId(1),
            now: true,
        },
        Input::Drain { on: true },
    ]
}

fn conversations() -> Vec<Input> {
    use carillon_decision::conversation::{ConsultStep, SuperviseMode, TransferKind, TransferTo};
    let (agent, call) = (AgentId(1), CallId(4));
    let transfer = |to, kind| Input::AgentTransfer { agent, to, kind };
    vec![
        Input::AgentHold { agent, on: true },
        transfer(TransferTo::Agent(AgentId(2)), TransferKind::Blind),
        transfer(TransferTo::Campaign(CampaignId(1)), TransferKind::Blind),
        transfer(
            TransferTo::Destination("billing".to_owned()),
            TransferKind::Attended,
        ),
        Input::AgentConsult {
            agent,
            step: ConsultStep::Join,
        },
        Input::AgentDropMessage { agent },
        Input::AgentRecording { agent, pause: true },
        Input::Supervise {
            supervisor: AgentId(9),
            agent,
            mode: Some(SuperviseMode::Whisper),
        },
        Input::Recording { call, on: true },
        Input::Heard {
            call,
            problem: "dead air".to_owned(),
        },
    ]
}

/// Every variant of `Input`, of `Progress` and of `Dial` at least once.
pub fn inputs() -> Vec<Input> {
    let mut inputs = floor();
    inputs.extend(calls());
    inputs.extend(rest());
    inputs.extend(conversations());
    inputs
}

/// Runs inputs 700 ms apart through a machine, and records them as a driver does.
pub fn record<M: Machine>(header: &Header, mut machine: M, inputs: Vec<Input>) -> Vec<u8> {
    let mut writer = Writer::create(Vec::new(), header, u64::MAX).unwrap();
    for (i, input) in inputs.into_iter().enumerate() {
        let now = at(i as u64 * 700);
        writer.input(now, &input).unwrap();
        machine.handle(now, input);
        let mut digest = CommandDigest::new();
        while let Some(command) = machine.next_command() {
            digest.add(&command);
        }
        writer.digest(digest.finish()).unwrap();
    }
    writer.finish().unwrap()
}

/// A machine that answers each input with its own text, and `extra` where asked.
#[derive(Default)]
pub struct Parrot {
    pub waiting: Vec<String>,
    pub heard: u64,
    /// After so many inputs it says something else once.
    pub slips_at: Option<u64>,
}

impl Machine for Parrot {
    type Command = String;

    fn handle(&mut self, now: Now, input: Input) {
        let slip = if self.slips_at == Some(self.heard) {
            "!"
        } else {
            ""
        };
        self.waiting = vec![format!("{input:?}{slip}"), format!("{now:?}")];
        self.heard += 1;
    }

    fn next_command(&mut self) -> Option<String> {
        self.waiting.pop()
    }
}
