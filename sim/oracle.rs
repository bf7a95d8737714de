//! Oracles: what no day may show, judged by commands and world truth alone.

use crate::list::LeadList;
use carillon_decision::event::{Alert, Command};
use carillon_decision::id::{AgentId, CallId, LeadId};
use carillon_decision::time::Now;
use std::collections::{BTreeMap, BTreeSet};

/// Watches every command of a day.
#[derive(Debug)]
pub struct Oracle {
    /// Most calls the trunk carries at once.
    channels: usize,
    open: BTreeMap<CallId, LeadId>,
    leads: BTreeSet<LeadId>,
    bridged: BTreeMap<AgentId, CallId>,
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
            bridged: BTreeMap::new(),
            used: BTreeSet::new(),
            breaches: Vec::new(),
        }
    }

    /// Judges one command at the instant it was given.
    pub fn watch(&mut self, command: &Command, list: &LeadList, now: Now) {
        match command {
            Command::Originate(order) => {
                let lead = order.lead;
                if !self.used.insert(order.call) {
                    self.breach(format!("call {} was placed twice", order.call));
                }
                if !self.leads.insert(lead) {
                    self.breach(format!("lead {lead} is in two calls"));
                }
                if !order.permit.is_valid_at(now.wall) || order.permit.lead() != lead {
                    self.breach(format!("call {} has no valid permit", order.call));
                }
                if list.is_listed(lead, order.permit.number()) {
                    self.breach(format!("lead {lead} is on the do-not-call list"));
                }
                self.open.insert(order.call, lead);
                if self.open.len() > self.channels {
                    let (calls, most) = (self.open.len(), self.channels);
                    self.breach(format!("{calls} calls on a trunk of {most} channels"));
                }
            }
            Command::Bridge { call, agent } => {
                if let Some(other) = self.bridged.insert(*agent, *call)
                    && self.open.contains_key(&other)
                    && other != *call
                {
                    self.breach(format!("agent {agent} is in calls {other} and {call}"));
                }
            }
            Command::HangUp { call } => self.bridged.retain(|_, c| c != call),
            Command::Record(record) => {
                match self.open.remove(&record.call) {
                    Some(lead) => {
                        self.leads.remove(&lead);
                    }
                    None => self.breach(format!(
                        "call {} has two records, or none was placed",
                        record.call
                    )),
                }
                self.bridged.retain(|_, c| *c != record.call);
            }
            Command::Alert(Alert::InvariantBroken(what)) => self.breach(what.clone()),
            _ => {}
        }
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
    use carillon_decision::event::Originate;
    use carillon_decision::id::{CampaignId, TrunkId};
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
        for (commands, channels, now, what) in [
            (two(), 2, late, "no valid permit"),
            (two(), 1, NOW, "2 calls on a trunk of 1"),
            (again.into(), 2, NOW, "placed twice"),
            (same_lead.into(), 2, NOW, "in two calls"),
            (vec![order(1, LeadId(4))], 2, NOW, "do-not-call"),
            (same_agent, 2, NOW, "agent 1 is in calls"),
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
