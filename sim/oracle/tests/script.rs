//! A day of a small floor, forged step by step.

use super::super::*;
use carillon_decision::agent::{AgentProfile, LineKind};
use carillon_decision::call::{AmdVerdict, Cause, Outcome};
use carillon_decision::campaign::Dial;
use carillon_decision::compliance::{ComplianceRules, Gate};
use carillon_decision::event::{LeadUpdate, Originate, Progress};
use carillon_decision::lead::{LeadNumber, LeadStatus};
use carillon_decision::routing::TrunkConfig;
use carillon_decision::time::Wall;
use std::time::Duration;

/// 2026-03-10, 20:00 UTC: four in the afternoon in New York, ten in the morning in Honolulu.
pub(super) const AFTERNOON: Wall = Wall(1_773_172_800_000);

/// A day of a small floor, told step by step.
pub(super) struct Script {
    pub(super) oracle: Oracle,
    pub(super) now: Now,
    pub(super) leads: Vec<Lead>,
}

pub(super) fn number(last: u64) -> E164 {
    E164::new(12_125_550_100 + last).unwrap()
}

impl Script {
    /// One campaign, trunks 1 (20 channels, 5 calls a second, up) and 2 (of another group),
    /// agents 1 and 2 ready, four people handed out of whom the fourth is listed.
    pub(super) fn new() -> Self {
        let scenario = crate::whole::FloorScenario::shipped("shop").unwrap();
        let mut leads = crate::whole::people::leads(&scenario, 0, 1);
        leads.truncate(4);
        for (k, lead) in leads.iter_mut().enumerate() {
            lead.zone = Some("America/New_York".into());
            lead.state = Some("NY".into());
            lead.numbers = vec![LeadNumber {
                number: number(k as u64),
                listed: if k == 3 {
                    vec!["internal".into()]
                } else {
                    Vec::new()
                },
                retired: false,
            }];
        }
        let mut script = Self {
            oracle: Oracle::new(leads.iter()),
            now: Now {
                mono: Mono(0),
                wall: AFTERNOON,
            },
            leads,
        };
        let plan = &scenario.campaigns[0];
        let mut campaign = crate::whole::setup::campaign(0, plan);
        campaign.trunk_groups = vec!["main".into()];
        campaign.needs = vec![carillon_decision::routing::Need {
            skill: "loans".into(),
            level: 3,
            drop_after: None,
        }];
        script.hear(Input::Campaign(Box::new(campaign)));
        for (id, group) in [(1, "main"), (2, "other")] {
            script.hear(Input::Trunk(Box::new(TrunkConfig {
                id: TrunkId(id),
                name: format!("t{id}"),
                group: group.into(),
                channels: 20,
                calls_per_second: 5.0,
                prefixes: Vec::new(),
                tags: Vec::new(),
                priority: 0,
                weight: 1,
            })));
            let (trunk, health) = (TrunkId(id), TrunkHealth::Up);
            script.hear(Input::TrunkHealth { trunk, health });
        }
        for id in [1, 2] {
            script.agent(id, 5);
        }
        script.running(true);
        let leads = script.leads.clone();
        script.offer(leads);
        script
    }

    pub(super) fn agent(&mut self, id: u32, level: u8) {
        let agent = AgentId(id);
        self.hear(Input::Agent(Box::new(AgentProfile {
            id: agent,
            name: format!("a{id}"),
            skills: BTreeMap::from([("loans".into(), level)]),
            campaigns: Vec::new(),
            line: LineKind::NailedUp,
            role: Default::default(),
        })));
        self.hear(Input::AgentLogin { agent });
        self.hear(Input::AgentLine { agent, up: true });
        self.hear(Input::AgentReady { agent });
    }

    pub(super) fn running(&mut self, on: bool) {
        let (campaign, dial) = (CampaignId(1), Dial::Running(on));
        self.hear(Input::Adjust { campaign, dial });
    }

    pub(super) fn offer(&mut self, leads: Vec<Lead>) {
        let (campaign, exhausted) = (CampaignId(1), false);
        self.hear(Input::LeadsOffered {
            campaign,
            leads,
            exhausted,
        });
    }

    pub(super) fn pass(&mut self, seconds: f64) {
        let span = Duration::from_secs_f64(seconds);
        self.now.mono = self.now.mono + span;
        self.now.wall = self.now.wall + span;
    }

    pub(super) fn hear(&mut self, input: Input) {
        self.oracle.hear(&input, self.now);
    }

    pub(super) fn watch(&mut self, command: Command) {
        self.oracle.watch(&command, self.now);
    }

    /// An order with a permit of this instant, from a gate that knows neither lists nor hours.
    pub(super) fn order(&self, call: u64, lead: usize) -> Originate {
        let mut lead = self.leads[lead].clone();
        lead.numbers[0].listed.clear();
        let rules = ComplianceRules {
            hours: None,
            packs: Vec::new(),
            ..ComplianceRules::default()
        };
        let ring = Duration::from_secs(25);
        let permit = Gate::new(&rules)
            .unwrap()
            .permit(&lead, 0, self.now.wall, ring)
            .unwrap();
        Originate {
            call: CallId(call),
            campaign: CampaignId(1),
            lead: lead.id,
            permit,
            trunk: TrunkId(1),
            caller_id: crate::whole::setup::caller_id(0),
            screening: carillon_decision::campaign::Screening::Fast,
            follows: None,
            decision: None,
        }
    }

    pub(super) fn dial(&mut self, call: u64, lead: usize) {
        let order = self.order(call, lead);
        self.watch(Command::Originate(Box::new(order)));
        self.news(call, Progress::Sent);
    }

    pub(super) fn dial_with(&mut self, change: impl FnOnce(&mut Originate)) {
        let mut order = self.order(1, 0);
        change(&mut order);
        self.watch(Command::Originate(Box::new(order)));
    }

    pub(super) fn news(&mut self, call: u64, progress: Progress) {
        let call = CallId(call);
        self.hear(Input::Progress { call, progress });
    }

    /// Rings, is answered and told as a person at once.
    pub(super) fn person(&mut self, call: u64) {
        self.news(call, Progress::Ringing);
        self.news(call, Progress::Answered);
        self.news(
            call,
            Progress::Verdict {
                who: AmdVerdict::Person,
                greeting_ended: Duration::ZERO,
            },
        );
    }

    pub(super) fn bridge(&mut self, call: u64, agent: u32) {
        let (call, agent) = (CallId(call), AgentId(agent));
        self.watch(Command::Bridge { call, agent });
        self.news(call.0, Progress::Bridged);
    }

    pub(super) fn record(&mut self, call: u64, lead: usize, outcome: Outcome) {
        let lead = self.leads[lead].id;
        self.watch(Command::Record(Box::new(record(
            call,
            lead,
            outcome,
            self.now.wall,
        ))));
        let update = LeadUpdate {
            status: LeadStatus::Due,
            next_at: None,
            callback: None,
            refusal: None,
            why: String::new(),
        };
        let campaign = CampaignId(1);
        self.watch(Command::LeadDone {
            campaign,
            lead,
            update,
        });
        let again = self
            .leads
            .iter()
            .filter(|l| l.id == lead)
            .cloned()
            .collect();
        self.offer(again);
    }

    /// A call that rings out, from dial to record.
    pub(super) fn rings_out(&mut self, call: u64, lead: usize) {
        self.dial(call, lead);
        self.fails(call, Cause::NoAnswer);
        self.record(call, lead, Outcome::Unanswered(Cause::NoAnswer));
    }

    pub(super) fn fails(&mut self, call: u64, cause: Cause) {
        let retry_after = None;
        self.news(call, Progress::Failed { cause, retry_after });
    }

    pub(super) fn seen(mut self) -> Vec<&'static str> {
        self.pass(1.0);
        self.oracle.close(self.now);
        let mut seen: Vec<_> = self.oracle.breaches().iter().map(|b| b.oracle).collect();
        seen.dedup();
        seen
    }
}

pub(super) fn record(
    call: u64,
    lead: LeadId,
    outcome: Outcome,
    started: Wall,
) -> carillon_decision::call::CallRecord {
    carillon_decision::call::CallRecord {
        call: CallId(call),
        campaign: CampaignId(1),
        lead: Some(lead),
        direction: carillon_decision::call::Direction::Outbound,
        number: None,
        caller_id: number(99),
        trunk: TrunkId(1),
        agent: None,
        started,
        total_ms: 0,
        pdd_ms: None,
        ring_ms: None,
        answer_ms: None,
        wait_ms: None,
        talk_ms: None,
        hold_ms: 0,
        message_left: false,
        recorded: false,
        events: Vec::new(),
        outcome,
        verdict: None,
        ended_by: None,
        late_answer: false,
        follows: None,
        decision: None,
        permit: None,
    }
}

pub(super) fn seen(tell: impl FnOnce(&mut Script)) -> Vec<&'static str> {
    let mut script = Script::new();
    tell(&mut script);
    script.seen()
}
