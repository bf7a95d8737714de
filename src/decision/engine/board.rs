//! The floor at one instant, for pages and metrics.

use super::Engine;
use super::campaign_state::Campaign;
use crate::call::{Direction, Phase};
use crate::ledger::WindowKind;
use crate::routing::Trunk;
use crate::status::{
    CallStatus, CampaignStatus, FloorStatus, LineCounts, TrunkStatus, WindowStatus,
};
use crate::time::{Mono, Now};

impl Engine {
    /// Everything a wallboard shows.
    pub fn status(&self, now: Now) -> FloorStatus {
        FloorStatus {
            at: now.wall,
            draining: self.draining,
            store_trouble: self.store_trouble.clone(),
            halted: self.halted.clone(),
            campaigns: self
                .campaigns
                .values()
                .map(|c| self.campaign_status(c, now))
                .collect(),
            agents: self.agents.values().map(|a| a.status(now.mono)).collect(),
            trunks: self
                .trunks
                .iter()
                .map(|t| trunk_status(t, now.mono))
                .collect(),
            calls: self
                .calls
                .values()
                .map(|call| CallStatus {
                    id: call.id,
                    campaign: call.campaign,
                    lead: call.lead.as_ref().map(|l| l.id),
                    direction: call.direction,
                    number: call.number.map(|n| n.masked()).unwrap_or_default(),
                    trunk: call.trunk,
                    phase: call.phase.name().to_owned(),
                    for_s: now.mono.since(call.since).as_secs_f64(),
                    agent: call.agent,
                    talk: call.talk_status(),
                })
                .collect(),
        }
    }

    fn campaign_status(&self, campaign: &Campaign, now: Now) -> CampaignStatus {
        let config = &campaign.config;
        let lines = self.line_counts(campaign);
        let on_duty = self
            .agents
            .values()
            .filter(|a| a.on_duty() && a.works_for(config.id))
            .count();
        let in_flight = lines.dialing + lines.ringing + lines.screening;
        let windows = WindowKind::ALL.map(|kind| {
            let tally = campaign.tally(kind, now.wall);
            WindowStatus {
                window: kind.name().to_owned(),
                answered: tally.answered,
                abandoned: tally.abandoned,
                share: tally.share(),
                cap: config.tuning.cap,
            }
        });
        CampaignStatus {
            id: config.id,
            name: config.name.clone(),
            running: campaign.running,
            tuning: config.tuning,
            mode: config.tuning.mode.to_string(),
            lines_per_agent: f64::from(in_flight) / on_duty.max(1) as f64,
            decision: campaign.last_decision,
            binding: campaign
                .last_pace
                .as_ref()
                .map_or("paused", |p| p.binding.code())
                .to_owned(),
            reason: campaign
                .last_pace
                .as_ref()
                .map_or_else(|| "not started".to_owned(), |p| p.describe()),
            lines,
            windows: windows.to_vec(),
            totals: campaign.counts.totals(),
            hopper: campaign.hopper.len() as u32,
            list_empty: campaign.exhausted && campaign.hopper.is_empty(),
        }
    }

    fn line_counts(&self, campaign: &Campaign) -> LineCounts {
        let mut lines = LineCounts::default();
        for call in self
            .calls
            .values()
            .filter(|c| c.campaign == campaign.config.id && c.direction != Direction::Transfer)
        {
            match call.phase {
                Phase::Dialing => lines.dialing += 1,
                Phase::Ringing => lines.ringing += 1,
                Phase::Screening => lines.screening += 1,
                Phase::Waiting => lines.waiting += 1,
                Phase::Bridging | Phase::Talking => lines.talking += 1,
                Phase::Machine | Phase::Message => lines.message += 1,
                Phase::Ending => lines.ending += 1,
            }
        }
        lines
    }
}

fn trunk_status(trunk: &Trunk, now: Mono) -> TrunkStatus {
    let barred = trunk.barred(now);
    TrunkStatus {
        id: trunk.config.id,
        name: trunk.config.name.clone(),
        group: trunk.config.group.clone(),
        up: barred.is_none(),
        reason: barred.unwrap_or_default().to_owned(),
        in_use: trunk.in_use,
        channels: trunk.config.channels,
        disconnected_share: trunk.disconnected_share(),
    }
}
