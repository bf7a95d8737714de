//! Oracles: what no day may show, judged by commands and world truth alone.

use crate::list::LeadList;
use carillon_decision::event::{Alert, Command};
use carillon_decision::id::{AgentId, CallId, LeadId};
use carillon_decision::time::Now;
use std::collections::{BTreeMap, BTreeSet};

/// Watches every command of a day.
#[derive(Debug, Default)]
pub struct Oracle {
    open: BTreeMap<CallId, Option<LeadId>>,
    leads: BTreeSet<LeadId>,
    bridged: BTreeMap<AgentId, CallId>,
    used: BTreeSet<CallId>,
    breaches: Vec<String>,
}

impl Oracle {
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
                self.open.insert(order.call, Some(lead));
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
                    Some(Some(lead)) => {
                        self.leads.remove(&lead);
                    }
                    Some(None) => {}
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
