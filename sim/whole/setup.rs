//! A whole floor as the engine gets it.

use super::roster::Worker;
use super::scenario::{Campaign, FloorScenario, TrunkPlan};
use carillon_decision::agent::{AgentProfile, LineKind};
use carillon_decision::campaign::{AbandonmentClock, AbandonmentRule, CampaignConfig, InboundRule};
use carillon_decision::compliance::{AttemptCaps, ComplianceRules};
use carillon_decision::conversation::ConversationRules;
use carillon_decision::event::Input;
use carillon_decision::id::{AgentId, CampaignId, TrunkId};
use carillon_decision::number::E164;
use carillon_decision::routing::{Need, TrunkConfig, TrunkHealth};
use std::time::Duration;

/// Seconds as a span; the scenario has been checked.
#[must_use]
pub fn span(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// Id of the campaign with this index.
#[must_use]
pub fn campaign_id(index: usize) -> CampaignId {
    CampaignId(index as u32 + 1)
}

/// Id of the trunk with this index.
#[must_use]
pub fn trunk_id(index: usize) -> TrunkId {
    TrunkId(index as u32 + 1)
}

/// Id of the agent with this index.
#[must_use]
pub fn agent_id(index: usize) -> AgentId {
    AgentId(index as u32 + 1)
}

/// The number a campaign shows, and is called on.
#[must_use]
pub fn caller_id(index: usize) -> E164 {
    E164::new(16_465_550_100 + index as u64).expect("an E.164 number")
}

/// A campaign.
#[must_use]
pub fn campaign(index: usize, plan: &Campaign) -> CampaignConfig {
    let need = |need: &super::scenario::SkillNeed| Need {
        skill: need.skill.clone(),
        level: need.level,
        drop_after: need.drop_after_s.map(span),
    };
    CampaignConfig {
        id: campaign_id(index),
        name: plan.name.clone(),
        tuning: plan.tuning(),
        ring_timeout: span(plan.ring_timeout_s),
        screening: plan.screening,
        conversation: ConversationRules::default(),
        abandonment: AbandonmentRule {
            clock: AbandonmentClock::GreetingEnd,
            within: span(plan.abandon_within_s),
            window: plan.window,
        },
        abandon_prompt: "abandon".into(),
        compliance: ComplianceRules {
            hours: plan.calling.clone(),
            purpose: plan.purpose,
            attempts: AttemptCaps {
                per_day: plan.attempts_per_day,
                per_30_days: 0,
                min_gap: span(plan.min_gap_s),
            },
            ..ComplianceRules::default()
        },
        retry: plan.retry_rules(),
        caller_ids: vec![caller_id(index)],
        trunk_groups: plan.trunk_groups.clone(),
        needs: plan.needs.iter().map(need).collect(),
        wrap_up_limit: Some(span(plan.wrap_up_limit_s)),
        ledger_zone: "UTC".into(),
        dispositions: Vec::new(),
        inbound: match &plan.inbound {
            Some(inbound) => InboundRule::Queue {
                longest_wait: span(inbound.longest_wait_s),
                prompt: "inbound-later".into(),
            },
            None => InboundRule::Message {
                prompt: "inbound-closed".into(),
            },
        },
    }
}

fn trunk(index: usize, plan: &TrunkPlan) -> TrunkConfig {
    TrunkConfig {
        id: trunk_id(index),
        name: plan.name.clone(),
        group: plan.group.clone(),
        channels: plan.channels,
        calls_per_second: plan.calls_per_second,
        prefixes: Vec::new(),
        tags: Vec::new(),
        priority: plan.priority,
        weight: plan.weight,
    }
}

/// An agent.
#[must_use]
pub fn agent(scenario: &FloorScenario, index: usize, worker: &Worker) -> AgentProfile {
    let group = &scenario.groups[worker.group];
    let known = |name: &String| scenario.campaigns.iter().position(|c| c.name == *name);
    AgentProfile {
        id: agent_id(index),
        name: format!("{}{:03}", group.name, index + 1),
        skills: group.skills.clone(),
        campaigns: group
            .campaigns
            .iter()
            .filter_map(known)
            .map(campaign_id)
            .collect(),
        line: LineKind::NailedUp,
        role: Default::default(),
    }
}

/// What the engine hears before the day begins: campaigns, trunks that are up, agents at home.
#[must_use]
pub fn opening(scenario: &FloorScenario, workers: &[Worker]) -> Vec<Input> {
    let mut opening = Vec::new();
    for (k, plan) in scenario.trunks.iter().enumerate() {
        opening.push(Input::Trunk(Box::new(trunk(k, plan))));
        opening.push(Input::TrunkHealth {
            trunk: trunk_id(k),
            health: TrunkHealth::Up,
        });
    }
    for (k, worker) in workers.iter().enumerate() {
        opening.push(Input::Agent(Box::new(agent(scenario, k, worker))));
    }
    for (k, plan) in scenario.campaigns.iter().enumerate() {
        opening.push(Input::Campaign(Box::new(campaign(k, plan))));
    }
    opening
}
