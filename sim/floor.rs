//! The floor of a scenario, as the engine gets it.

use crate::habits::DESTINATION;
use crate::scenario::Scenario;
use carillon_decision::agent::{AgentProfile, LineKind};
use carillon_decision::campaign::{
    AbandonmentClock, AbandonmentRule, CampaignConfig, Dial, InboundRule, Screening,
};
use carillon_decision::compliance::{AttemptCaps, ComplianceRules, WeekHours};
use carillon_decision::conversation::{ConversationRules, Destination};
use carillon_decision::engine::EngineConfig;
use carillon_decision::event::Input;
use carillon_decision::id::{AgentId, CallId, CampaignId, DecisionId, TrunkId};
use carillon_decision::lead::RetryRules;
use carillon_decision::ledger::WindowKind;
use carillon_decision::number::E164;
use carillon_decision::routing::{TrunkConfig, TrunkHealth};
use std::collections::BTreeMap;
use std::time::Duration;

/// The one campaign of a simulated day.
pub const CAMPAIGN: CampaignId = CampaignId(1);
const TRUNK: TrunkId = TrunkId(1);

/// The campaign of a scenario, as the engine gets it.
pub fn campaign(scenario: &Scenario) -> CampaignConfig {
    let settings = &scenario.campaign;
    let mut retry = RetryRules::default();
    for rule in retry.rules.values_mut() {
        rule.after = Duration::from_secs_f64(settings.retry_after_s);
        rule.most = 1000;
    }
    retry.attempts_max = 1000;
    CampaignConfig {
        id: CAMPAIGN,
        name: "demo".into(),
        tuning: scenario.tuning(),
        ring_timeout: Duration::from_secs_f64(settings.ring_timeout_s),
        screening: if settings.screen {
            Screening::Fast
        } else {
            Screening::Off
        },
        conversation: conversation(scenario),
        abandonment: AbandonmentRule {
            clock: AbandonmentClock::GreetingEnd,
            within: Duration::from_secs_f64(settings.abandon_within_s),
            window: WindowKind::Day,
        },
        abandon_prompt: "abandon".into(),
        compliance: ComplianceRules {
            hours: Some(WeekHours::daily(&["08:00-21:00"
                .parse()
                .expect("a span of hours")])),
            attempts: AttemptCaps {
                per_day: settings.attempts_per_day,
                per_30_days: 0,
                min_gap: Duration::from_secs_f64(settings.retry_after_s),
            },
            ..ComplianceRules::default()
        },
        retry,
        caller_ids: vec![E164::new(12_125_550_199).expect("an E.164 number")],
        trunk_groups: Vec::new(),
        needs: Vec::new(),
        wrap_up_limit: Some(Duration::from_secs_f64(settings.wrap_up_limit_s)),
        ledger_zone: "UTC".into(),
        dispositions: Vec::new(),
        inbound: InboundRule::Message {
            prompt: "inbound-closed".into(),
        },
    }
}

/// Conversations with the one destination that agents of the scenario use, if they use any.
fn conversation(scenario: &Scenario) -> ConversationRules {
    let destination = || Destination {
        name: DESTINATION.into(),
        number: E164::new(12_125_550_198).expect("an E.164 number"),
    };
    let uses = scenario.habits.outside > 0.0;
    ConversationRules {
        destinations: uses.then(destination).into_iter().collect(),
        ..ConversationRules::default()
    }
}

/// What the engine hears before the first lead: campaign, trunk and agents, all ready.
pub fn opening(scenario: &Scenario) -> Vec<Input> {
    let trunk = TrunkConfig {
        id: TRUNK,
        name: "carrier".into(),
        group: "main".into(),
        channels: scenario.trunk.channels,
        calls_per_second: scenario.trunk.calls_per_second,
        prefixes: Vec::new(),
        tags: Vec::new(),
        priority: 0,
        weight: 1,
    };
    let mut opening = vec![
        Input::Campaign(Box::new(campaign(scenario))),
        Input::Trunk(Box::new(trunk)),
        Input::TrunkHealth {
            trunk: TRUNK,
            health: TrunkHealth::Up,
        },
    ];
    for n in 1..=scenario.agents {
        let id = AgentId(n);
        opening.push(Input::Agent(Box::new(AgentProfile {
            id,
            name: format!("agent{n:02}"),
            skills: BTreeMap::new(),
            campaigns: Vec::new(),
            line: LineKind::NailedUp,
            role: Default::default(),
        })));
        opening.push(Input::AgentLogin { agent: id });
        opening.push(Input::AgentReady { agent: id });
    }
    opening.push(Input::Adjust {
        campaign: CAMPAIGN,
        dial: Dial::Running(true),
    });
    opening
}

pub(crate) fn engine_config(seed: u64) -> EngineConfig {
    EngineConfig {
        seed,
        first_call: CallId(1),
        first_decision: DecisionId(1),
    }
}
