//! Figures of a whole floor's day: the floor, its campaigns and its trunks.

use super::carrier::Carrier;
use super::fate::Who;
use super::scenario::FloorScenario;
use super::setup::campaign_id;
use crate::list::LeadList;
use crate::oracle::Breach;
use carillon_decision::call::{CallRecord, Direction, Outcome};
use carillon_decision::status::FloorStatus;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use super::world::Times;

/// Whoever is joined within this after they are known to be people has not waited, s.
const AT_ONCE_S: f64 = 0.05;

/// A day of a whole floor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FloorDay {
    /// Seed of the day.
    pub seed: u64,
    /// (talk + wrap-up) ÷ (talk + wrap-up + idle): breaks do not count.
    pub utilisation: f64,
    /// Abandoned ÷ live answers.
    pub abandonment: f64,
    /// People joined with an agent.
    pub connected: u64,
    /// People who answered and were not.
    pub abandoned: u64,
    /// Calls sent.
    pub placed: u64,
    /// Share of people joined who had to wait for an agent.
    pub waited_share: f64,
    /// Agent-hours logged in, breaks included.
    pub agent_hours: f64,
    /// Of these on breaks.
    pub break_hours: f64,
    /// Events of the world.
    pub events: u64,
    /// By campaign.
    pub campaigns: Vec<CampaignDay>,
    /// By trunk.
    pub trunks: Vec<TrunkDay>,
    /// What the oracles saw; nothing on a good day.
    pub breaches: Vec<String>,
}

/// A campaign's day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CampaignDay {
    /// Its name.
    pub name: String,
    /// How it was paced.
    pub policy: String,
    /// Its cap.
    pub cap: f64,
    /// Occupancy of the agents who serve it, whatever they were busy with.
    pub utilisation: f64,
    /// Abandoned ÷ live answers, as the dialer knows it.
    pub abandonment: f64,
    /// The same with the people whom screening took for machines, whom no dialer knows of.
    pub abandonment_true: f64,
    /// Calls sent.
    pub placed: u64,
    /// People joined with an agent.
    pub connected: u64,
    /// People who answered and were not.
    pub abandoned: u64,
    /// Share of people joined who had to wait for an agent.
    pub waited_share: f64,
    /// Of those who waited, the longest, s.
    pub waited_most_s: f64,
    /// People whom screening took for machines.
    pub people_as_machines: u64,
    /// Machines that an agent got.
    pub machines_as_people: u64,
    /// People on the list at dawn.
    pub list: u32,
    /// People who may still be called, now or later.
    pub list_left: u32,
    /// People done with, by status.
    pub list_done: BTreeMap<String, u32>,
    /// Leads not dialed, by refusal.
    pub refused: BTreeMap<String, u64>,
    /// Calls by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Pacing decisions by what bound them.
    pub bound_by: BTreeMap<String, u64>,
    /// People who called in.
    pub inbound: InboundDay,
}

/// People who called in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InboundDay {
    /// All who tried.
    pub offered: u64,
    /// Of these met no free channel.
    pub blocked: u64,
    /// Joined with an agent.
    pub answered: u64,
    /// Of these within the service time.
    pub in_time: u64,
    /// Hung up in the queue.
    pub lost: u64,
    /// Heard the message.
    pub messages: u64,
    /// Mean wait of those who were joined, s.
    pub wait_mean_s: f64,
    /// `in_time` ÷ `offered`.
    pub service_level: f64,
}

/// A trunk's day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrunkDay {
    /// Its name.
    pub name: String,
    /// Calls sent to it.
    pub sent: u64,
    /// Of these refused or never heard of.
    pub failed: u64,
    /// Mean share of its channels in use.
    pub busy: f64,
    /// Most calls at once.
    pub peak: u32,
    /// Its channels.
    pub channels: u32,
}

/// Counts during a day.
pub(super) struct Tally {
    day: FloorDay,
    waited: Vec<(u64, u64)>,
    waits_s: Vec<f64>,
    service_within_s: Vec<f64>,
}

/// What is known at the end of a day.
pub(super) struct Evening<'a> {
    pub scenario: &'a FloorScenario,
    pub status: &'a FloorStatus,
    /// Group and times of every agent.
    pub desks: &'a [(usize, Times)],
    pub lists: &'a [LeadList],
    pub carriers: &'a [Carrier],
    pub breaches: &'a [Breach],
    pub events: u64,
}

impl Tally {
    pub(super) fn new(scenario: &FloorScenario, seed: u64) -> Self {
        let campaign = |c: &super::scenario::Campaign| CampaignDay {
            name: c.name.clone(),
            policy: c.pace().to_string(),
            cap: c.cap,
            list: c.list.leads,
            ..CampaignDay::default()
        };
        let within = |c: &super::scenario::Campaign| {
            c.inbound
                .as_ref()
                .map_or(0.0, |inbound| inbound.service_within_s)
        };
        Self {
            day: FloorDay {
                seed,
                campaigns: scenario.campaigns.iter().map(campaign).collect(),
                ..FloorDay::default()
            },
            waited: vec![(0, 0); scenario.campaigns.len()],
            waits_s: vec![0.0; scenario.campaigns.len()],
            service_within_s: scenario.campaigns.iter().map(within).collect(),
        }
    }

    pub(super) fn sent(&mut self, k: usize, _who: Who) {
        self.day.campaigns[k].placed += 1;
    }

    pub(super) fn offered(&mut self, k: usize, room: bool) {
        let inbound = &mut self.day.campaigns[k].inbound;
        inbound.offered += 1;
        inbound.blocked += u64::from(!room);
    }

    /// Somebody is joined with an agent for the first time, after this wait.
    pub(super) fn joined(&mut self, k: usize, inbound: bool, waited_s: f64, who: Who) {
        let campaign = &mut self.day.campaigns[k];
        if inbound {
            campaign.inbound.answered += 1;
            campaign.inbound.in_time += u64::from(waited_s <= self.service_within_s[k]);
            self.waits_s[k] += waited_s;
            return;
        }
        campaign.machines_as_people += u64::from(matches!(who, Who::Posing | Who::Machine));
        self.waited[k].0 += 1;
        self.waited[k].1 += u64::from(waited_s > AT_ONCE_S);
        campaign.waited_most_s = campaign.waited_most_s.max(waited_s);
    }

    pub(super) fn ended(&mut self, k: usize, record: &CallRecord, who: Who) {
        let campaign = &mut self.day.campaigns[k];
        if record.direction == Direction::Inbound {
            campaign.inbound.lost += u64::from(record.outcome == Outcome::InboundLost);
            campaign.inbound.messages += u64::from(record.outcome == Outcome::InboundMessage);
            return;
        }
        let name = record.outcome.name().to_owned();
        *campaign.outcomes.entry(name).or_default() += 1;
        match record.outcome {
            Outcome::Connected => campaign.connected += 1,
            Outcome::Abandoned => campaign.abandoned += 1,
            Outcome::Machine if who == Who::Mistaken => campaign.people_as_machines += 1,
            _ => {}
        }
    }

    pub(super) fn close(mut self, evening: Evening<'_>) -> FloorDay {
        let (mut joined, mut waited) = (0, 0);
        for (k, campaign) in self.day.campaigns.iter_mut().enumerate() {
            let live = campaign.connected + campaign.abandoned;
            campaign.abandonment = share(campaign.abandoned, live);
            let unknown = campaign.people_as_machines;
            campaign.abandonment_true = share(campaign.abandoned + unknown, live + unknown);
            campaign.waited_share = share(self.waited[k].1, self.waited[k].0);
            joined += self.waited[k].0;
            waited += self.waited[k].1;
            campaign.utilisation = occupancy(evening.desks.iter().filter_map(|(group, times)| {
                let serves = &evening.scenario.groups[*group].campaigns;
                (serves.is_empty() || serves.contains(&campaign.name)).then_some(*times)
            }));
            campaign.list_left = evening.lists[k].left();
            let done = evening.lists[k].closed().iter();
            campaign.list_done = done
                .map(|(status, n)| (status.name().to_owned(), *n))
                .collect();
            let status = evening
                .status
                .campaigns
                .iter()
                .find(|c| c.id == campaign_id(k));
            if let Some(status) = status {
                campaign.refused = status.totals.refused.clone();
                campaign.bound_by = status.totals.bound_by.clone();
            }
            let inbound = &mut campaign.inbound;
            inbound.service_level = share(inbound.in_time, inbound.offered);
            inbound.wait_mean_s = self.waits_s[k] / (inbound.answered.max(1)) as f64;
        }
        let mut day = self.day;
        let sum = |figure: fn(&CampaignDay) -> u64| day.campaigns.iter().map(figure).sum::<u64>();
        (day.connected, day.abandoned) = (sum(|c| c.connected), sum(|c| c.abandoned));
        day.placed = sum(|c| c.placed);
        day.abandonment = share(day.abandoned, day.connected + day.abandoned);
        day.waited_share = share(waited, joined);
        day.utilisation = occupancy(evening.desks.iter().map(|(_, times)| *times));
        for (_, t) in evening.desks {
            day.agent_hours += (t.talk + t.wrap + t.idle + t.pause) / 3600.0;
            day.break_hours += t.pause / 3600.0;
        }
        let trunk = |(plan, c): (&super::scenario::TrunkPlan, &Carrier)| TrunkDay {
            name: plan.name.clone(),
            sent: c.sent,
            failed: c.failed,
            busy: c.busy_s / (f64::from(plan.channels) * evening.scenario.day_s()),
            peak: c.peak,
            channels: plan.channels,
        };
        day.trunks = evening
            .scenario
            .trunks
            .iter()
            .zip(evening.carriers)
            .map(trunk)
            .collect();
        day.breaches = evening.breaches.iter().map(ToString::to_string).collect();
        day.events = evening.events;
        day
    }
}

fn occupancy(times: impl Iterator<Item = Times>) -> f64 {
    let (busy, all) = times.fold((0.0, 0.0), |(busy, all), t| {
        (busy + t.talk + t.wrap, all + t.talk + t.wrap + t.idle)
    });
    if all > 0.0 { busy / all } else { 0.0 }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole > 0 {
        part as f64 / whole as f64
    } else {
        0.0
    }
}
