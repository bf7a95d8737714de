//! Configuration and health: campaigns, dials, trunks, agents' profiles, the store.

use super::campaign_state::Campaign;
use super::{Engine, PACE_EVERY, Timer};
use crate::agent::{Agent, AgentProfile};
use crate::campaign::{CampaignConfig, Dial};
use crate::event::Alert;
use crate::id::{CampaignId, TrunkId};
use crate::routing::TrunkHealth;
use crate::time::Mono;

impl Engine {
    pub(super) fn set_campaign(&mut self, config: CampaignConfig) {
        match self.campaigns.get_mut(&config.id) {
            Some(campaign) => {
                campaign.config = config;
                campaign.compile();
            }
            None => {
                let campaign = Campaign::new(config, self.now);
                self.campaigns.insert(campaign.config.id, campaign);
            }
        }
        self.learn_campaigns();
    }

    /// Works out anew which campaigns every agent can serve.
    pub(super) fn learn_campaigns(&mut self) {
        for agent in self.agents.values_mut() {
            let campaigns = self.campaigns.iter();
            agent.learn_campaigns(campaigns.map(|(id, c)| (*id, c.config.needs.as_slice())));
        }
    }

    pub(super) fn adjust(&mut self, id: CampaignId, dial: Dial) {
        let now = self.now;
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        let mut tuning = campaign.config.tuning;
        match dial {
            Dial::Running(on) => return self.run(id, on),
            Dial::Mode(mode) => tuning.mode = mode,
            Dial::Cap(cap) => tuning.cap = cap,
            Dial::MaxLinesPerAgent(most) => tuning.max_lines_per_agent = most,
            Dial::RingCancel(on) => tuning.ring_cancel = on,
        }
        if tuning.check().is_ok() {
            campaign.config.tuning = tuning;
            campaign.recorded = None;
            campaign.compile();
            campaign.tick_due = true;
            campaign.ask_after = campaign.ask_after.min(now.mono);
        }
    }

    fn run(&mut self, id: CampaignId, on: bool) {
        let now = self.now;
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return;
        };
        if on == campaign.running {
            return;
        }
        campaign.running = on;
        campaign.recorded = None;
        campaign.tick_due = true;
        if on {
            campaign.started.get_or_insert(now);
            campaign.exhausted = false;
            campaign.ask_after = Mono(0);
            self.arm_tick(id);
        } else {
            self.release_hopper(id);
        }
    }

    pub(super) fn arm_tick(&mut self, id: CampaignId) {
        let at = self.now.mono + PACE_EVERY;
        if let Some(campaign) = self.campaigns.get_mut(&id) {
            campaign.tick_at = Some(at);
            self.timers.insert((at, Timer::Campaign(id)));
        }
    }

    /// Wakes a campaign while it has calls, running or not: needs fall away with waiting.
    pub(super) fn keep_ticking(&mut self, id: CampaignId) {
        if self.campaigns.get(&id).is_some_and(|c| c.tick_at.is_none()) {
            self.arm_tick(id);
        }
    }

    /// A campaign's half-second is over; answers whether it meant anything.
    pub(super) fn campaign_tick(&mut self, id: CampaignId, at: Mono) -> bool {
        let Some(campaign) = self.campaigns.get_mut(&id) else {
            return false;
        };
        if campaign.tick_at != Some(at) {
            return false;
        }
        campaign.tick_at = None;
        if campaign.running || self.calls.values().any(|c| c.campaign == id) {
            campaign.tick_due = true;
            self.arm_tick(id);
        }
        true
    }

    pub(super) fn trunk_health(&mut self, id: TrunkId, health: TrunkHealth) {
        let down = match &health {
            TrunkHealth::Up => None,
            TrunkHealth::Down(reason) => Some(reason.clone()),
        };
        if self.trunks.set_health(id, health) {
            self.alert(match down {
                None => Alert::TrunkUp(id),
                Some(reason) => Alert::TrunkDown { trunk: id, reason },
            });
        }
    }

    pub(super) fn set_agent(&mut self, profile: AgentProfile) {
        let id = profile.id;
        match self.agents.get_mut(&id) {
            Some(agent) => {
                agent.profile = profile;
                self.role_set(id);
            }
            None => {
                self.agents.insert(profile.id, Agent::new(profile));
            }
        }
        if let Some(agent) = self.agents.get_mut(&id) {
            let campaigns = self.campaigns.iter();
            agent.learn_campaigns(campaigns.map(|(id, c)| (*id, c.config.needs.as_slice())));
        }
    }

    pub(super) fn store_health(&mut self, writable: bool, reason: String) {
        match (writable, self.store_trouble.is_some()) {
            (true, true) => {
                self.store_trouble = None;
                self.alert(Alert::StoreBack);
            }
            (false, false) => {
                self.store_trouble = Some(reason.clone());
                self.alert(Alert::Store(reason));
            }
            _ => {}
        }
    }
}
