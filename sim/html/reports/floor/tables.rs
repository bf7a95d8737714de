//! Figures of a whole floor that are not of an hour: tables.

use super::super::{share, share_with_error};
use crate::html::scale::number;
use crate::html::{DataTable, Unit};
use crate::pacing::statistics::Mean;
use crate::whole::figures::{CampaignDay, InboundDay, TrunkDay};
use crate::whole::{FloorDay, FloorScenario, FloorStudy};
use std::collections::BTreeMap;

/// The mean of a figure over the days.
pub(super) fn mean(study: &FloorStudy, figure: impl Fn(&FloorDay) -> f64) -> Mean {
    Mean::of(&study.replications.iter().map(figure).collect::<Vec<_>>())
}

/// A mean count a day.
pub(super) fn count(mean: Mean) -> String {
    let digits = usize::from(mean.mean > 0.0 && mean.mean < 10.0);
    number(mean.mean, digits)
}

fn seconds(mean: Mean) -> String {
    Unit::Seconds.value(mean.mean)
}

/// A campaign over the days.
pub(super) struct Own<'a> {
    pub study: &'a FloorStudy,
    pub k: usize,
}

impl Own<'_> {
    fn days(&self) -> impl Iterator<Item = &CampaignDay> {
        let days = self.study.replications.iter();
        days.filter_map(|day| day.campaigns.get(self.k))
    }

    pub(super) fn mean(&self, of: impl Fn(&CampaignDay) -> f64) -> Mean {
        Mean::of(&self.days().map(of).collect::<Vec<_>>())
    }

    pub(super) fn sum(&self, of: impl Fn(&CampaignDay) -> u64) -> f64 {
        self.days().map(of).sum::<u64>() as f64
    }

    fn held(&self) -> usize {
        self.days().filter(|c| c.abandonment <= c.cap).count()
    }

    /// Means a day by name.
    fn named(&self, of: impl Fn(&CampaignDay) -> Vec<(String, f64)>) -> String {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for (name, n) in self.days().flat_map(of) {
            *sums.entry(name.replace('_', " ")).or_default() += n;
        }
        let days = self.study.replications.len().max(1) as f64;
        let each = sums.into_iter().map(|(name, n)| {
            let mean = number(n / days, usize::from(n < 10.0 * days));
            format!("{name}\u{a0}{mean}")
        });
        match each.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "none".to_owned(),
            some => some,
        }
    }
}

pub(super) fn campaigns(study: &FloorStudy) -> Vec<(Own<'_>, &CampaignDay)> {
    let first = study.replications.first().into_iter();
    let each = first.flat_map(|day| day.campaigns.iter().enumerate());
    each.map(|(k, c)| (Own { study, k }, c)).collect()
}

fn held(days: usize, of: usize) -> String {
    let sign = if days < of { " ▲" } else { "" };
    format!("{days} of {of}{sign}")
}

pub(super) fn by_campaign(study: &FloorStudy) -> DataTable {
    let mut table = DataTable::new(&[
        "campaign",
        "policy",
        "occupancy",
        "abandoned",
        "cap",
        "cap held on days",
        "with mistaken",
        "placed",
        "connected",
        "abandoned people",
        "waited",
    ]);
    let days = study.replications.len();
    let of = |figure: fn(&FloorDay) -> f64| mean(study, figure);
    table.rows.push(vec![
        "whole floor".to_owned(),
        "–".to_owned(),
        share_with_error(study.utilisation),
        share(study.abandonment_pooled, 2),
        "–".to_owned(),
        held(study.days_held, days),
        "–".to_owned(),
        count(of(|day| day.placed as f64)),
        count(of(|day| day.connected as f64)),
        count(of(|day| day.abandoned as f64)),
        share(of(|day| day.waited_share).mean, 1),
    ]);
    for (own, c) in campaigns(study) {
        let live = own.sum(|c| c.connected + c.abandoned);
        let lost = own.sum(|c| c.people_as_machines);
        let abandoned = own.sum(|c| c.abandoned);
        let dials = own.sum(|c| c.placed) > 0.0;
        let some = |text: String| if dials { text } else { "–".to_owned() };
        table.rows.push(vec![
            c.name.clone(),
            some(c.policy.clone()),
            share_with_error(own.mean(|c| c.utilisation)),
            some(share(abandoned / live.max(1.0), 2)),
            some(share(c.cap, 1)),
            some(held(own.held(), days)),
            some(share((abandoned + lost) / (live + lost).max(1.0), 2)),
            some(count(own.mean(|c| c.placed as f64))),
            some(count(own.mean(|c| c.connected as f64))),
            some(count(own.mean(|c| c.abandoned as f64))),
            some(share(own.mean(|c| c.waited_share).mean, 1)),
        ]);
    }
    table
}

pub(super) fn inbound(scenario: &FloorScenario, study: &FloorStudy) -> DataTable {
    let mut table = DataTable::new(&[
        "campaign",
        "offered",
        "answered",
        "service level",
        "within",
        "mean wait",
        "hung up",
        "message",
        "no channel",
    ]);
    for (own, c) in campaigns(study) {
        let Some(plan) = &scenario.campaigns[own.k].inbound else {
            continue;
        };
        let of = |figure: fn(&InboundDay) -> u64| count(own.mean(|c| figure(&c.inbound) as f64));
        let in_time = own.sum(|c| c.inbound.in_time) / own.sum(|c| c.inbound.offered).max(1.0);
        table.rows.push(vec![
            c.name.clone(),
            of(|inbound| inbound.offered),
            of(|inbound| inbound.answered),
            share(in_time, 1),
            format!("{} s", plan.service_within_s),
            seconds(own.mean(|c| c.inbound.wait_mean_s)),
            of(|inbound| inbound.lost),
            of(|inbound| inbound.messages),
            of(|inbound| inbound.blocked),
        ]);
    }
    table
}

pub(super) fn lists(study: &FloorStudy) -> DataTable {
    let mut table = DataTable::new(&["campaign", "people", "left", "done", "refusals"]);
    for (own, c) in campaigns(study).into_iter().filter(|(_, c)| c.list > 0) {
        let done = |c: &CampaignDay| {
            let each = c.list_done.iter();
            each.map(|(name, n)| (name.clone(), f64::from(*n)))
                .collect()
        };
        let refused = |c: &CampaignDay| {
            let each = c.refused.iter();
            each.map(|(name, n)| (name.clone(), *n as f64)).collect()
        };
        table.rows.push(vec![
            c.name.clone(),
            number(f64::from(c.list), 0),
            count(own.mean(|c| f64::from(c.list_left))),
            own.named(done),
            own.named(refused),
        ]);
    }
    table
}

pub(super) fn trunks(study: &FloorStudy) -> DataTable {
    let mut table = DataTable::new(&[
        "trunk",
        "calls",
        "failed",
        "busy",
        "most at once",
        "channels",
    ]);
    let first = study.replications.first().into_iter();
    for (k, trunk) in first.flat_map(|day| day.trunks.iter().enumerate()) {
        let of = |figure: fn(&TrunkDay) -> f64| mean(study, |day| figure(&day.trunks[k]));
        let peak = study.replications.iter().map(|day| day.trunks[k].peak);
        table.rows.push(vec![
            trunk.name.clone(),
            count(of(|trunk| trunk.sent as f64)),
            count(of(|trunk| trunk.failed as f64)),
            share(of(|trunk| trunk.busy).mean, 1),
            peak.max().unwrap_or(0).to_string(),
            trunk.channels.to_string(),
        ]);
    }
    table
}

pub(super) fn days(study: &FloorStudy) -> DataTable {
    let mut table = DataTable::new(&[
        "seed",
        "occupancy",
        "abandoned",
        "caps held",
        "placed",
        "connected",
        "abandoned people",
        "waited",
        "agent-hours",
    ]);
    let row = |day: &FloorDay| {
        let kept = day.campaigns.iter().all(|c| c.abandonment <= c.cap);
        vec![
            day.seed.to_string(),
            share(day.utilisation, 2),
            share(day.abandonment, 3),
            if kept { "yes" } else { "no ▲" }.to_owned(),
            day.placed.to_string(),
            day.connected.to_string(),
            day.abandoned.to_string(),
            share(day.waited_share, 1),
            format!("{:.1}", day.agent_hours),
        ]
    };
    table.rows = study.replications.iter().map(row).collect();
    table
}
