//! Who takes part in which conversation.

use super::Oracle;
use carillon_decision::conversation::{AudioPlan, Party};
use carillon_decision::id::CallId;
use std::collections::BTreeSet;

impl Oracle {
    /// A plan names nobody who is not in it, and nobody hears themselves.
    pub(super) fn audio(&mut self, plan: &AudioPlan) {
        let parties: BTreeSet<Party> = plan.parties.iter().map(|p| p.who).collect();
        for party in &plan.parties {
            let who = party.who;
            if party.hears.contains(&who) {
                self.breach(
                    "engine",
                    format!("{who:?} hears themselves in call {}", plan.call),
                );
            }
            if party.hears.iter().any(|heard| !parties.contains(heard)) {
                self.breach(
                    "engine",
                    format!("{who:?} hears a stranger in call {}", plan.call),
                );
            }
        }
        if parties.is_empty() {
            self.talks.remove(&plan.call);
        } else {
            // Who has passed the customer on is in wrap-up of their own.
            if let Some(call) = self.calls.get_mut(&plan.call) {
                call.agent = call.agent.filter(|a| parties.contains(&Party::Agent(*a)));
            }
            self.talk(plan.call, parties);
        }
    }

    /// These take part in the conversation of `call` from now on, and in no other.
    pub(super) fn talk(&mut self, call: CallId, parties: BTreeSet<Party>) {
        let in_two = self
            .talks
            .iter()
            .filter(|(other, _)| **other != call)
            .find_map(|(other, there)| Some((*other, *there.intersection(&parties).next()?)));
        if let Some((other, party)) = in_two {
            let who = match party {
                Party::Agent(agent) => format!("agent {agent}"),
                Party::Call(party) => format!("call {party}"),
            };
            self.breach(
                "agent-twice",
                format!("{who} is in calls {other} and {call}"),
            );
        }
        self.talks.insert(call, parties);
    }
}
