//! Oracles: what no day may show, judged by commands and world truth alone.
//!
//! An oracle hears what the world tells the engine ([`Oracle::hear`]) and what the engine orders
//! ([`Oracle::watch`]). It computes everything itself: calling hours from the person's own zone,
//! attempts from what happened, channels and call rates from the calls it saw.

mod agents;
mod calls;
mod leads;
mod parties;
mod trunks;
mod waiting;

#[cfg(test)]
mod tests;

use agents::AgentTruth;
use calls::Watched;
use carillon_decision::campaign::CampaignConfig;
use carillon_decision::conversation::Party;
use carillon_decision::event::{Alert, Command, Input};
use carillon_decision::id::{AgentId, CallId, CampaignId, LeadId, TrunkId};
use carillon_decision::lead::Lead;
use carillon_decision::number::E164;
use carillon_decision::routing::TrunkHealth;
use carillon_decision::time::{Mono, Now};
use leads::PersonTruth;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use trunks::TrunkTruth;

/// Something no day may show.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// The oracle that saw it.
    pub oracle: &'static str,
    /// When, in virtual time.
    pub at: Mono,
    /// What it was.
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.3} s: {}: {}",
            self.at.as_secs_f64(),
            self.oracle,
            self.what
        )
    }
}

/// Every oracle by name, and what it holds against a day.
pub const ORACLES: [(&str, &str); 20] = [
    (
        "permit",
        "a call without a permit that is valid now, for this lead and number",
    ),
    (
        "hours",
        "a call outside the campaign's or the law's hours in the person's own zone",
    ),
    (
        "do-not-call",
        "a call to a number that is listed, or whose owner has opted out",
    ),
    (
        "lease",
        "a call to a lead that was not handed out, or one given back twice",
    ),
    ("lead-twice", "a lead in two calls"),
    (
        "reached",
        "a call to somebody who was talked to, is retired, or whose retries are used up",
    ),
    (
        "attempts",
        "more attempts on a person in a day than the cap",
    ),
    (
        "gap",
        "an attempt sooner than the least gap, or the outcome's own delay, allows",
    ),
    ("channels", "more calls on a trunk than it has channels"),
    ("call-rate", "more new calls in a second than a trunk takes"),
    (
        "trunk",
        "a call on a trunk that is unknown, known to be down, or not the campaign's",
    ),
    ("paused", "a call of a campaign that does not run"),
    (
        "caller-id",
        "a call that shows a number the campaign does not own",
    ),
    ("agent-twice", "an agent in two conversations"),
    (
        "agent-away",
        "a call given to an agent who is away, on a break or in wrap-up",
    ),
    (
        "skill",
        "a call given to an agent who lacks its skills or does not serve its campaign",
    ),
    (
        "ringing",
        "a call hung up before it has rung its legal minimum",
    ),
    (
        "waiting",
        "a person who waits longer than allowed and hears neither an agent nor the message",
    ),
    (
        "record",
        "a call without exactly one record that says what happened",
    ),
    (
        "engine",
        "the engine's own invariants, call ids used twice, audio without sense",
    ),
];

/// Watches a day.
#[derive(Debug, Default)]
pub struct Oracle {
    now: Now,
    campaigns: BTreeMap<CampaignId, (CampaignConfig, bool)>,
    trunks: BTreeMap<TrunkId, TrunkTruth>,
    agents: BTreeMap<AgentId, AgentTruth>,
    people: BTreeMap<LeadId, PersonTruth>,
    zones: BTreeMap<String, jiff::tz::TimeZone>,
    listed: BTreeSet<E164>,
    leased: BTreeSet<LeadId>,
    draining: bool,
    calls: BTreeMap<CallId, Watched>,
    /// Instants by which a person must have been served.
    due: BTreeSet<(Mono, CallId)>,
    /// Inbound calls nobody has answered or refused yet: leg, number called, trunk.
    ringing: BTreeMap<u64, (E164, TrunkId)>,
    /// Who takes part in each conversation's audio.
    talks: BTreeMap<CallId, BTreeSet<Party>>,
    used: BTreeSet<CallId>,
    breaches: Vec<Breach>,
}

impl Oracle {
    /// For a world with these people on its lists.
    pub fn new<'a>(people: impl Iterator<Item = &'a Lead>) -> Self {
        let mut oracle = Self::default();
        for lead in people {
            oracle.enlist(lead);
        }
        oracle
    }

    /// The world tells the engine this. Call it before the engine hears it.
    pub fn hear(&mut self, input: &Input, now: Now) {
        self.now = now;
        self.overdue();
        self.unheard();
        match input {
            Input::Campaign(config) => {
                let running = self.campaigns.get(&config.id).is_some_and(|(_, on)| *on);
                let config = CampaignConfig::clone(config);
                self.campaigns.insert(config.id, (config, running));
            }
            Input::Adjust {
                campaign,
                dial: carillon_decision::campaign::Dial::Running(on),
            } => {
                if let Some((_, running)) = self.campaigns.get_mut(campaign) {
                    *running = *on;
                }
            }
            Input::Trunk(config) => self.trunk_known(config),
            Input::TrunkHealth { trunk, health } => {
                if let Some(trunk) = self.trunks.get_mut(trunk) {
                    trunk.up = *health == TrunkHealth::Up;
                }
            }
            Input::LeadsOffered { leads, .. } => self.leased.extend(leads.iter().map(|l| l.id)),
            Input::Listed { numbers, .. } => self.listed.extend(numbers.iter().copied()),
            Input::Drain { on } => self.draining = *on,
            Input::Progress { call, progress } => self.news(*call, progress),
            Input::Inbound { leg, to, trunk, .. } => {
                self.ringing.insert(*leg, (*to, *trunk));
            }
            other => self.agent_hears(other),
        }
    }

    /// Judges one command at the instant it was given.
    pub fn watch(&mut self, command: &Command, now: Now) {
        self.now = now;
        self.overdue();
        match command {
            Command::Originate(order) => self.originated(order),
            Command::CallOut(order) => self.called_out(order),
            Command::LeadDone { lead, .. } => self.given_back(*lead),
            Command::Bridge { call, agent } => self.bridged(*call, *agent),
            Command::Audio(plan) => self.audio(plan),
            Command::HangUp { call } => self.hung_up_by_us(*call),
            Command::PlayMessage { call, .. } => {
                self.talks.remove(call);
                self.served(*call);
            }
            Command::AnswerInbound {
                call,
                leg,
                campaign,
            } => {
                self.answered_inbound(*call, *leg, *campaign);
            }
            Command::RejectInbound { leg } => self.refused_inbound(*leg),
            Command::DropAgentLine { agent } => {
                if let Some(agent) = self.agents.get_mut(agent) {
                    agent.line = false;
                }
            }
            Command::EnterDoNotCall { number, .. } => {
                self.listed.insert(*number);
            }
            Command::RetireNumber { lead, .. } => {
                if let Some(person) = self.people.get_mut(lead) {
                    person.closed = Some("their number is retired".into());
                }
            }
            Command::Adopt {
                call,
                original,
                campaign,
                ..
            } => {
                self.adopted(*call, *original, *campaign);
            }
            Command::Record(record) => self.recorded(record),
            Command::Alert(Alert::InvariantBroken(what)) => self.breach("engine", what.clone()),
            _ => {}
        }
    }

    fn given_back(&mut self, lead: LeadId) {
        if !self.leased.remove(&lead) {
            let what = format!("lead {lead} is given back without a lease");
            self.breach("lease", what);
        }
    }

    fn refused_inbound(&mut self, leg: u64) {
        if self.ringing.remove(&leg).is_none() {
            let what = format!("inbound leg {leg} is refused, but rings not");
            self.breach("engine", what);
        }
    }

    /// The day is over: calls that ended must have left their records.
    pub fn close(&mut self, now: Now) {
        self.now = now;
        self.overdue();
        self.unheard();
        let lost: Vec<CallId> = self
            .calls
            .iter()
            .filter(|(_, call)| call.over)
            .map(|(id, _)| *id)
            .collect();
        for id in lost {
            self.breach("record", format!("call {id} ended without a record"));
        }
    }

    fn breach(&mut self, oracle: &'static str, what: impl Into<String>) {
        debug_assert!(ORACLES.iter().any(|(name, _)| *name == oracle), "{oracle}");
        self.breaches.push(Breach {
            oracle,
            at: self.now.mono,
            what: what.into(),
        });
    }

    /// What went wrong, in order.
    pub fn breaches(&self) -> &[Breach] {
        &self.breaches
    }
}
