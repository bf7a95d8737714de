//! What must always hold. A breach stops dialing, keeps the calls that are up, and says so.

use super::Engine;
use crate::agent::AgentState;
use crate::call::{Call, Direction, Phase};
use crate::conversation::Party;
use crate::event::Alert;
use crate::id::{AgentId, CallId, LeadId, TrunkId};
use crate::time::Mono;
use std::collections::{BTreeMap, BTreeSet};

/// Floors of so many calls and agents are checked after every input.
const CHECKED_ALWAYS: usize = 200;
/// Calls and agents looked at for each input, on average, on larger ones.
const CHECKED_PER_INPUT: usize = 10;

impl Engine {
    pub(super) fn check_invariants(&mut self) {
        if self.halted.is_some() || !self.check_is_due() {
            return;
        }
        self.unchecked = 0;
        if let Some(broken) = self.broken_invariant() {
            debug_assert!(false, "{broken}");
            self.halted = Some(broken.clone());
            self.draining = true;
            self.alert(Alert::InvariantBroken(broken));
        }
    }

    /// A check looks at everybody: on a large floor it follows every so many inputs, so that
    /// one input costs the same on floors of all sizes.
    fn check_is_due(&mut self) -> bool {
        self.unchecked += 1;
        let crowd = self.calls.len() + self.agents.len();
        crowd <= CHECKED_ALWAYS
            || self.unchecked as usize * CHECKED_PER_INPUT >= crowd
            || cfg!(debug_assertions)
    }

    fn broken_invariant(&self) -> Option<String> {
        self.double_booked()
            .or_else(|| self.lead_twice())
            .or_else(|| self.channels_wrong())
            .or_else(|| self.queue_wrong())
            .or_else(|| self.third_wrong())
            .or_else(|| self.heard_twice())
    }

    /// No agent is in two calls, as their agent or consulted, call and agent agree, and no
    /// supervisor is given one.
    fn double_booked(&self) -> Option<String> {
        let mut held: BTreeMap<AgentId, CallId> = BTreeMap::new();
        let in_calls = self
            .calls
            .values()
            .flat_map(|call| agents_in(call).map(move |agent| (agent, call)));
        for (agent, call) in in_calls {
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
            if agent.supervises() && matches!(agent.state, AgentState::Reserved(_)) {
                return Some(format!("supervisor {} is given a call", agent.id()));
            }
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

    /// The queue holds exactly the calls that wait, each once.
    fn queue_wrong(&self) -> Option<String> {
        let waiting = self.calls.values().filter(|c| c.phase == Phase::Waiting);
        let calls = waiting.filter_map(|c| Some((c.queued?, c.id)));
        let queue: BTreeSet<(Mono, CallId)> = calls.collect();
        let stray = self
            .calls
            .values()
            .find(|c| (c.phase == Phase::Waiting) != c.queued.is_some());
        match stray {
            Some(call) => Some(format!("call {} is {:?} and queued", call.id, call.phase)),
            None => (queue != self.waiting).then(|| "the queue is not who waits".to_owned()),
        }
    }

    /// Outside calls and conversations name each other; without an agent somebody is called in.
    fn third_wrong(&self) -> Option<String> {
        for call in self.calls.values() {
            let third = call.talk.third.map(|t| t.party);
            let alone = call.phase == Phase::Talking
                && call.direction != Direction::Transfer
                && call.agent.is_none();
            if third.is_some() && call.phase != Phase::Talking || alone && third.is_none() {
                return Some(format!(
                    "call {} is {:?} with {third:?}",
                    call.id, call.phase
                ));
            }
            if let Some(Party::Call(out)) = third
                && self.calls.get(&out).and_then(|c| c.follows) != Some(call.id)
            {
                return Some(format!("call {} has lost its outside call {out}", call.id));
            }
            if call.direction == Direction::Transfer && call.phase != Phase::Ending {
                let conversation = call.follows.and_then(|id| self.calls.get(&id));
                let named = conversation.and_then(|c| c.talk.third).map(|t| t.party);
                if named != Some(Party::Call(call.id)) {
                    return Some(format!("outside call {} belongs to nobody", call.id));
                }
            }
        }
        None
    }

    /// Nobody is in two conversations' audio.
    fn heard_twice(&self) -> Option<String> {
        let mut seen: BTreeMap<Party, CallId> = BTreeMap::new();
        let plans = self.calls.values().filter_map(|c| c.talk.plan.as_ref());
        for plan in plans {
            for party in &plan.parties {
                if let Some(other) = seen.insert(party.who, plan.call) {
                    let call = plan.call;
                    return Some(format!("{:?} is heard in {other} and {call}", party.who));
                }
            }
        }
        None
    }
}

/// Agents who are in a call: its own, reserved or talking, and one who is called in.
fn agents_in(call: &Call) -> impl Iterator<Item = AgentId> {
    let own = call
        .agent
        .filter(|_| matches!(call.phase, Phase::Bridging | Phase::Talking));
    let third = call.talk.third.and_then(|t| match t.party {
        Party::Agent(agent) => Some(agent),
        Party::Call(_) => None,
    });
    own.into_iter().chain(third)
}
