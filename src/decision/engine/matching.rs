//! People who wait, and the agents who could take them.

use super::Engine;
use crate::agent::{Agent, AgentState};
use crate::call::Call;
use crate::id::{AgentId, CallId, CampaignId};
use crate::routing::{Candidate, Need, best_agent, serves};
use crate::time::Mono;
use std::time::Duration;

impl Engine {
    /// Gives every waiting person the best idle agent, longest waiting first.
    pub(super) fn route_waiting(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        if self.agents.values().any(Agent::is_idle) {
            let queue: Vec<CallId> = self.waiting.iter().map(|(_, id)| *id).collect();
            for id in queue {
                self.route_one(id);
            }
        }
        self.ring_agents_for_waiting();
    }

    /// Gives one waiting person an idle agent, if one serves.
    pub(super) fn route_one(&mut self, id: CallId) -> bool {
        let Some(call) = self.calls.get(&id) else {
            return false;
        };
        let Some(from) = call.queued else {
            return false;
        };
        let needs = self.needs_of(id);
        let waited = self.now.mono.since(from);
        let known = call.lead.as_ref().and_then(|lead| {
            let promised = lead.callback.and_then(|c| c.agent);
            promised.or(lead.owner)
        });
        let passed = call.talk.passed;
        if let Some(alone) = self.alone_for(id) {
            let idle = self.agents.get(&alone).is_some_and(Agent::is_idle);
            if idle {
                self.reserve(id, alone);
            }
            return idle;
        }
        let known = passed.and_then(|p| p.prefer).or(known);
        let campaign = call.queue_campaign();
        // Agents who are dialed for by this campaign first: the others' customers count on theirs.
        let its_own = |a: &Agent| {
            self.campaigns.len() == 1 || known == Some(a.id()) || self.is_its_turn(a, campaign)
        };
        let idle = |own: bool| {
            let able = |a: &&Agent| a.is_idle() && a.works_for(campaign) && (!own || its_own(a));
            let seen = |a: &Agent| (a.id(), a.since);
            let of = self.agents.values().filter(able).map(seen);
            of.collect::<Vec<_>>()
        };
        let best = |idle: Vec<(AgentId, Mono)>| {
            let candidates = idle.iter().filter_map(|(agent, since)| {
                Some(Candidate {
                    agent: *agent,
                    skills: &self.agents.get(agent)?.profile.skills,
                    idle_since: *since,
                })
            });
            best_agent(candidates, &needs, known, waited)
        };
        let Some(agent) = best(idle(true)).or_else(|| best(idle(false))) else {
            return false;
        };
        self.reserve(id, agent);
        true
    }

    /// The one agent a customer was passed on to, while they wait for nobody else. Not skills
    /// but a colleague chose them.
    fn alone_for(&self, id: CallId) -> Option<AgentId> {
        let passed = self.calls.get(&id)?.talk.passed?;
        let alone = passed.alone(self.now.mono)?;
        let agent = self.agents.get(&alone)?;
        agent.on_duty().then_some(alone)
    }

    fn needs_of(&self, id: CallId) -> Vec<Need> {
        let Some(call) = self.calls.get(&id) else {
            return Vec::new();
        };
        let queue = self.campaigns.get(&call.queue_campaign());
        let of_campaign = queue.map(|c| &c.config.needs);
        let of_lead = call.lead.as_ref().map(|l| &l.needs);
        of_campaign
            .into_iter()
            .flatten()
            .chain(of_lead.into_iter().flatten())
            .cloned()
            .collect()
    }

    /// Phones that ring first ring now for people who wait: they called us, or nobody else
    /// is left. One phone per waiting person.
    fn ring_agents_for_waiting(&mut self) {
        if self.waiting.is_empty() || !self.agents.values().any(may_ring) {
            return;
        }
        let ringing = self
            .agents
            .values()
            .filter(|a| a.rings_first() && a.state == AgentState::Connecting && !a.supervises());
        let mut spare = self.waiting.len().saturating_sub(ringing.count());
        let queue: Vec<CallId> = self.waiting.iter().map(|(_, id)| *id).collect();
        for id in queue {
            if spare == 0 {
                return;
            }
            let needs = self.needs_of(id);
            let Some(campaign) = self.calls.get(&id).map(Call::queue_campaign) else {
                continue;
            };
            let agent = match self.alone_for(id) {
                Some(alone) => self
                    .agents
                    .get(&alone)
                    .filter(|a| may_ring(a))
                    .map(Agent::id),
                None => self.ring_first_agent(campaign, &needs),
            };
            if let Some(agent) = agent {
                self.connect(agent);
                spare -= 1;
            }
        }
    }

    /// A ready agent whose phone must ring first and who serves these needs.
    pub(super) fn ring_first_agent(&self, campaign: CampaignId, needs: &[Need]) -> Option<AgentId> {
        self.agents
            .values()
            .filter(|a| may_ring(a) && a.works_for(campaign))
            .filter(|a| serves(&a.profile.skills, needs, Duration::ZERO))
            .min_by_key(|a| (a.since, a.id()))
            .map(Agent::id)
    }
}

/// Whether a ready agent's phone has to ring, and may ring now, before a call.
fn may_ring(agent: &Agent) -> bool {
    agent.rings_first() && !agent.line_up && agent.state == AgentState::Ready && !agent.supervises()
}
