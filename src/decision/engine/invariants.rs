//! What must always hold. A breach stops dialing, keeps the calls that are up, and says so.

use super::Engine;
use crate::agent::AgentState;
use crate::call::Phase;
use crate::event::Alert;
use crate::id::{AgentId, CallId, LeadId, TrunkId};
use std::collections::BTreeMap;

impl Engine {
    pub(super) fn check_invariants(&mut self) {
        if self.halted.is_some() {
            return;
        }
        if let Some(broken) = self.broken_invariant() {
            debug_assert!(false, "{broken}");
            self.halted = Some(broken.clone());
            self.draining = true;
            self.alert(Alert::InvariantBroken(broken));
        }
    }

    fn broken_invariant(&self) -> Option<String> {
        self.double_booked()
            .or_else(|| self.lead_twice())
            .or_else(|| self.channels_wrong())
    }

    /// No agent is in two calls, and call and agent agree.
    fn double_booked(&self) -> Option<String> {
        let mut held: BTreeMap<AgentId, CallId> = BTreeMap::new();
        for call in self.calls.values() {
            let Some(agent) = call
                .agent
                .filter(|_| matches!(call.phase, Phase::Bridging | Phase::Talking))
            else {
                continue;
            };
            if let Some(other) = held.insert(agent, call.id) {
                return Some(format!(
                    "agent {agent} is in call {other} and in call {}",
                    call.id
                ));
            }
        }
        for agent in self.agents.values() {
            let claims = match agent.state {
                AgentState::Reserved(call) | AgentState::Talking(call) => Some(call),
                _ => None,
            };
            if claims != held.get(&agent.id()).copied() {
                let id = agent.id();
                return Some(format!(
                    "agent {id} claims call {claims:?}, calls say {:?}",
                    held.get(&id)
                ));
            }
        }
        None
    }

    /// No lead is dialed twice at once; further answers of one call are the exception.
    fn lead_twice(&self) -> Option<String> {
        let mut held: BTreeMap<LeadId, CallId> = BTreeMap::new();
        for call in self.calls.values() {
            let Some(lead) = call.lead.as_ref().filter(|_| call.unanswered()) else {
                continue;
            };
            if let Some(other) = held.insert(lead.id, call.id) {
                return Some(format!(
                    "lead {} is in call {other} and in call {}",
                    lead.id, call.id
                ));
            }
        }
        None
    }

    /// Channels in use are exactly the calls that hold one.
    fn channels_wrong(&self) -> Option<String> {
        let mut held: BTreeMap<TrunkId, u32> = BTreeMap::new();
        for call in self.calls.values() {
            *held.entry(call.trunk).or_default() += 1;
        }
        self.trunks.iter().find_map(|trunk| {
            let id = trunk.config.id;
            let calls = held.get(&id).copied().unwrap_or(0);
            (calls != trunk.in_use).then(|| {
                format!(
                    "trunk {id} counts {} channels for {calls} calls",
                    trunk.in_use
                )
            })
        })
    }
}
