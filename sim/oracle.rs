//! Oracles: what no day may show, judged by commands and world truth alone.

use crate::list::LeadList;
use carillon_decision::conversation::{AudioPlan, Party};
use carillon_decision::event::{Alert, Command};
use carillon_decision::id::{CallId, LeadId};
use carillon_decision::time::Now;
use std::collections::{BTreeMap, BTreeSet};

/// Watches every command of a day.
#[derive(Debug)]
pub struct Oracle {
    /// Most calls the trunk carries at once.
    channels: usize,
    /// Calls under way, with the lead of those to one.
    open: BTreeMap<CallId, Option<LeadId>>,
    leads: BTreeSet<LeadId>,
    /// Who takes part in each conversation's audio.
    talks: BTreeMap<CallId, BTreeSet<Party>>,
    used: BTreeSet<CallId>,
    breaches: Vec<String>,
}

impl Oracle {
    /// For a world whose one trunk carries `channels` calls at once.
    pub fn new(channels: u32) -> Self {
        Self {
            channels: channels as usize,
            open: BTreeMap::new(),
            leads: BTreeSet::new(),
            talks: BTreeMap::new(),
            used: BTreeSet::new(),
            breaches: Vec::new(),
        }
    }

    /// Judges one command at the instant it was given.
    pub fn watch(&mut self, command: &Command, list: &LeadList, now: Now) {
        match command {
            Command::Originate(order) => {
                let lead = order.lead;
                if !self.leads.insert(lead) {
                    self.breach(format!("lead {lead} is in two calls"));
                }
                if !order.permit.is_valid_at(now.wall) || order.permit.lead() != lead {
                    self.breach(format!("call {} has no valid permit", order.call));
                }
                if list.is_listed(lead, order.permit.number()) {
                    self.breach(format!("lead {lead} is on the do-not-call list"));
                }
                self.placed(order.call, Some(lead));
            }
            Command::CallOut(order) => {
                if !order.permit.is_valid_at(now.wall) {
                    self.breach(format!("call {} has no valid permit", order.call));
                }
                if !self.open.contains_key(&order.conversation) {
                    let (call, of) = (order.call, order.conversation);
                    self.breach(format!("call {call} is for call {of}, which is over"));
                }
                self.placed(order.call, None);
            }
            Command::Bridge { call, agent } => {
                let pair = [Party::Call(*call), Party::Agent(*agent)];
                self.talk(*call, pair.into_iter().collect());
            }
            Command::Audio(plan) => self.audio(plan),
            Command::HangUp { call } | Command::PlayMessage { call, .. } => {
                self.talks.remove(call);
            }
            Command::Record(record) => {
                match self.open.remove(&record.call) {
                    Some(Some(lead)) => {
                        self.leads.remove(&lead);
                    }
                    Some(None) => {}
                    None => self.breach(format!(
                        "call {} has two records, or none was placed",
                        record.call
                    )),
                }
                self.talks.remove(&record.call);
            }
            Command::Alert(Alert::InvariantBroken(what)) => self.breach(what.clone()),
            _ => {}
        }
    }

    fn placed(&mut self, call: CallId, lead: Option<LeadId>) {
        if !self.used.insert(call) {
            self.breach(format!("call {call} was placed twice"));
        }
        self.open.insert(call, lead);
        if self.open.len() > self.channels {
            let (calls, most) = (self.open.len(), self.channels);
            self.breach(format!("{calls} calls on a trunk of {most} channels"));
        }
    }

    /// A plan names nobody who is not in it, and nobody hears themselves.
    fn audio(&mut self, plan: &AudioPlan) {
        let parties: BTreeSet<Party> = plan.parties.iter().map(|p| p.who).collect();
        for party in &plan.parties {
            let who = party.who;
            if party.hears.contains(&who) {
                self.breach(format!("{who:?} hears themselves in call {}", plan.call));
            }
            if party.hears.iter().any(|heard| !parties.contains(heard)) {
                self.breach(format!("{who:?} hears a stranger in call {}", plan.call));
            }
        }
        if parties.is_empty() {
            self.talks.remove(&plan.call);
        } else {
            self.talk(plan.call, parties);
        }
    }

    /// These take part in the conversation of `call` from now on, and in no other.
    fn talk(&mut self, call: CallId, parties: BTreeSet<Party>) {
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
            self.breach(format!("{who} is in calls {other} and {call}"));
        }
        self.talks.insert(call, parties);
    }

    fn breach(&mut self, what: String) {
        self.breaches.push(what);
    }

    /// What went wrong, in order.
    pub fn breaches(&self) -> &[String] {
        &self.breaches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::people;
    use carillon_decision::compliance::{ComplianceRules, Gate};
    use carillon_decision::conversation::{Hears, pair};
    use carillon_decision::event::Originate;
    use carillon_decision::id::{AgentId, CampaignId, TrunkId};
    use carillon_decision::number::E164;
    use carillon_decision::time::{Mono, Wall};
    use std::time::Duration;

    const NOW: Now = Now {
        mono: Mono(0),
        // 20:00 UTC: waking hours from Honolulu to São Paulo.
        wall: Wall(1_773_172_800_000),
    };

    /// An order for a lead, with a permit from a gate that has never heard of any list.
    fn order(call: u64, lead: LeadId) -> Command {
        let mut list = LeadList::new(&people(4, 0.0, 1));
        let (leads, _) = list.lease(NOW.wall, 4);
        let found = leads.iter().find(|l| l.id == lead).unwrap();
        let rules = ComplianceRules {
            hours: None,
            ..ComplianceRules::default()
        };
        let gate = Gate::new(&rules).unwrap();
        let ring = Duration::from_secs(25);
        Command::Originate(Box::new(Originate {
            call: CallId(call),
            campaign: CampaignId(1),
            lead,
            permit: gate.permit(found, 0, NOW.wall, ring).unwrap(),
            trunk: TrunkId(1),
            caller_id: E164::new(12_125_550_199).unwrap(),
            screening: carillon_decision::campaign::Screening::Fast,
            follows: None,
            decision: None,
        }))
    }

    /// What the oracle says to these commands at `now`.
    fn breaches(channels: u32, commands: &[Command], now: Now) -> Vec<String> {
        let mut world = people(4, 0.0, 1);
        world[3].listed = true;
        let list = LeadList::new(&world);
        let mut oracle = Oracle::new(channels);
        commands.iter().for_each(|c| oracle.watch(c, &list, now));
        oracle.breaches().to_vec()
    }

    #[test]
    fn every_kind_of_breach_is_seen() {
        let bridge = |call| Command::Bridge {
            call: CallId(call),
            agent: AgentId(1),
        };
        let two = || vec![order(1, LeadId(1)), order(2, LeadId(2))];
        assert_eq!(breaches(2, &two(), NOW), Vec::<String>::new());
        let mut late = NOW;
        late.wall = late.wall + Duration::from_secs(86_400);
        let again = [order(1, LeadId(1)), order(1, LeadId(2))];
        let same_lead = [order(1, LeadId(1)), order(2, LeadId(1))];
        let mut same_agent = two();
        same_agent.extend([bridge(1), bridge(2)]);
        // Agent 1 hears both customers, by plans this time.
        let mut both_customers = two();
        both_customers.extend([1, 2].map(|c| Command::Audio(pair(CallId(c), AgentId(1)))));
        let echo = Party::Agent(AgentId(1));
        let hearing = |heard| {
            let mut commands = two();
            commands.push(Command::Audio(AudioPlan {
                call: CallId(1),
                parties: vec![Hears {
                    who: echo,
                    hears: vec![heard],
                    music: None,
                }],
            }));
            commands
        };
        for (commands, channels, now, what) in [
            (two(), 2, late, "no valid permit"),
            (two(), 1, NOW, "2 calls on a trunk of 1"),
            (again.into(), 2, NOW, "placed twice"),
            (same_lead.into(), 2, NOW, "in two calls"),
            (vec![order(1, LeadId(4))], 2, NOW, "do-not-call"),
            (same_agent, 2, NOW, "agent 1 is in calls"),
            (both_customers, 2, NOW, "agent 1 is in calls"),
            (hearing(echo), 2, NOW, "hears themselves"),
            (
                hearing(Party::Agent(AgentId(2))),
                2,
                NOW,
                "hears a stranger",
            ),
        ] {
            let found = breaches(channels, &commands, now);
            assert!(found.iter().any(|b| b.contains(what)), "{what}: {found:?}");
        }
        // Hung up in between, the agent is free again.
        let mut in_turn = two();
        in_turn.extend([bridge(1), Command::HangUp { call: CallId(1) }, bridge(2)]);
        assert_eq!(breaches(2, &in_turn, NOW), Vec::<String>::new());
    }
}
