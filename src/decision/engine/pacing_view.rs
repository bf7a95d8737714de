//! What pacing sees of the floor: agents, calls, people waiting, ledger and limits.

use super::Engine;
use super::dialing::RING_MINIMUM;
use crate::agent::{AfterCall, Agent, AgentState};
use crate::call::Phase;
use crate::id::{CallId, CampaignId};
use crate::pacing::{
    AgentView, CallView, FloorView, Limits, Mode, Pace, Promise, Screening, WindowView,
};
use std::collections::BTreeMap;

impl Engine {
    /// Asks the campaign's pacer; answers its pace and the calls its indices mean.
    pub(super) fn decide(&mut self, id: CampaignId) -> Option<(Pace, Vec<CallId>)> {
        let now = self.now;
        let groups = self.campaigns.get(&id)?.config.trunk_groups.clone();
        let trunks = self.trunks.capacity(&groups, now.mono);
        let sharing = self.sharing(id);
        let (calls, views) = self.call_views(id, &sharing);
        let agents = self.agent_views(id);
        let waiting = self.waiting_for(&sharing);
        let stop = self.draining || self.halted.is_some();
        let store_ok = self.store_trouble.is_none();
        let campaign = self.campaigns.get_mut(&id)?;
        campaign.tick_due = false;
        campaign.looked = now.mono;
        let tally = campaign.tally(campaign.config.abandonment.window, now.wall);
        let unseen = campaign.unseen_people(tally.answered);
        let dry = campaign.hopper.is_empty() && campaign.exhausted;
        let closed = dry && campaign.hours_refused > 0;
        let view = FloorView {
            agents: &agents,
            calls: &views,
            waiting,
            window: WindowView {
                answered: tally.answered + unseen,
                abandoned: tally.abandoned + unseen,
                projected: 0.0,
            },
            limits: Limits {
                trunk_channels_free: if trunks.up { trunks.channels_free } else { 0 },
                cps_tokens: trunks.calls_now,
                leads_dialable: campaign.hopper.len() as u32,
                in_hours: !closed,
                paused: !campaign.running || stop || campaign.gate.is_none(),
                store_ok,
            },
            ring_minimum_s: RING_MINIMUM.as_secs_f64(),
            ring_timeout_s: campaign.config.ring_timeout.as_secs_f64(),
            hold_s: campaign.config.abandonment.within.as_secs_f64(),
        };
        let tuning = campaign.config.tuning;
        Some((
            campaign
                .pacer
                .decide(now.mono.as_secs_f64(), &view, &tuning),
            calls,
        ))
    }

    /// Campaigns whose calls to reckon with, and the share of their calls: all of its own, and of
    /// others in the share of their agents who are this one's now.
    fn sharing(&self, id: CampaignId) -> Vec<(CampaignId, f64)> {
        if self.campaigns.len() == 1 {
            return vec![(id, 1.0)];
        }
        let every_call = self.reckons_with_all(id);
        let share = |other: CampaignId| {
            // Who dials has agents of its own; callers who wait take anybody's.
            if !every_call && self.dials(other) {
                return 0.0;
            }
            let (mut all, mut both) = (0_u32, 0_u32);
            for agent in self.agents.values().filter(|a| a.on_duty()) {
                if agent.can_serve(other) {
                    all += 1;
                    both += u32::from(agent.can_serve(id));
                }
            }
            match (both, every_call) {
                (0, _) => 0.0,
                (_, true) => 1.0,
                _ => f64::from(both) / f64::from(all),
            }
        };
        let others = self.campaigns.keys().map(|other| {
            let share = if *other == id { 1.0 } else { share(*other) };
            (*other, share)
        });
        others.filter(|(_, share)| *share > 0.0).collect()
    }

    /// Who promises that nobody is left waiting reckons with every call that its agents may get.
    pub(super) fn reckons_with_all(&self, id: CampaignId) -> bool {
        let hard = Mode::Predictive {
            promise: Promise::Hard,
        };
        let mode = self.campaigns.get(&id).map(|c| c.config.tuning.mode);
        mode.is_none_or(|mode| !mode.overdials() || mode == hard)
    }

    /// Whether a campaign has people to call now.
    fn dials(&self, id: CampaignId) -> bool {
        self.campaigns
            .get(&id)
            .is_some_and(|c| c.running && !c.hopper.is_empty())
    }

    /// Whether an agent of several campaigns is dialed for by this one now: the first of those
    /// the agent prefers that has people to call; without preferences they take turns agent by
    /// agent. Whoever overdials for agents that others dial for too would leave them none.
    pub(super) fn is_its_turn(&self, agent: &Agent, id: CampaignId) -> bool {
        let mut preferred = agent.profile.campaigns.iter();
        if !agent.profile.campaigns.is_empty() {
            let first = preferred.find(|other| agent.can_serve(**other) && self.dials(**other));
            return first.is_none_or(|first| *first == id);
        }
        let able = || agent.able().iter().filter(|other| self.dials(**other));
        match able().count() {
            0 => true,
            n => able().nth(agent.id().0 as usize % n) == Some(&id),
        }
    }

    /// People who wait for one of the campaign's agents.
    fn waiting_for(&self, sharing: &[(CampaignId, f64)]) -> u32 {
        let wait = self
            .waiting
            .iter()
            .filter_map(|(_, call)| self.calls.get(call));
        let sum: f64 = wait
            .map(|call| share_of(sharing, call.queue_campaign()))
            .sum();
        sum.round() as u32
    }

    /// Calls that may need one of the campaign's agents: its own, and its share of those of
    /// campaigns that share agents with it, which it must not hang up.
    fn call_views(
        &self,
        id: CampaignId,
        sharing: &[(CampaignId, f64)],
    ) -> (Vec<CallId>, Vec<CallView>) {
        let now = self.now.mono;
        let mut seen: BTreeMap<CampaignId, f64> = BTreeMap::new();
        // Every n-th of another campaign's calls stands for n of them.
        let mut counts = |campaign: CampaignId| {
            let share = share_of(sharing, campaign);
            let sum = seen.entry(campaign).or_insert(0.5);
            let before = sum.floor();
            *sum += share;
            sum.floor() > before
        };
        let in_flight = self
            .calls
            .values()
            .filter(|c| c.in_flight() && counts(c.campaign));
        in_flight
            .map(|call| {
                let rung = call.rang.map(|at| now.since(at));
                let at_least = call.ring_minimum.max(RING_MINIMUM);
                let promised = call.lead.as_ref().is_some_and(|l| l.callback.is_some());
                let screening = (call.phase == Phase::Screening).then(|| Screening {
                    elapsed_s: now.since(call.since).as_secs_f64(),
                    p_human: None,
                });
                let view = CallView {
                    elapsed_s: now.since(call.started.mono).as_secs_f64(),
                    ringing_s: rung.map(|r| r.as_secs_f64()),
                    p_human: call.lead.as_ref().and_then(|l| l.answer_chance),
                    screening,
                    cancelable: call.campaign == id
                        && !promised
                        && rung.is_some_and(|r| r >= at_least),
                };
                (call.id, view)
            })
            .unzip()
    }

    /// Agents who take, or will take, calls of this campaign.
    fn agent_views(&self, id: CampaignId) -> Vec<AgentView> {
        let Some(campaign) = self.campaigns.get(&id) else {
            return Vec::new();
        };
        let now = self.now.mono;
        let serving = |a: &&Agent| {
            a.can_serve(id)
                && a.line_up
                && !a.supervises()
                && (!a.rings_first() || campaign.config.tuning.mode.allows_ring_first())
        };
        let alone = self.campaigns.len() == 1 || self.reckons_with_all(id);
        let view = |a: &Agent| {
            let elapsed_s = now.since(a.since).as_secs_f64();
            let stays = a.after_call == AfterCall::Ready;
            match a.state {
                AgentState::Ready => Some(AgentView::Idle { idle_s: elapsed_s }),
                AgentState::Reserved(_) if stays => Some(AgentView::Reserved),
                AgentState::Talking(_) if stays => Some(AgentView::Talking { elapsed_s }),
                AgentState::WrapUp(_) if stays => {
                    let call = a.campaign.and_then(|c| self.campaigns.get(&c));
                    let limit = call.and_then(|c| c.config.wrap_up_limit);
                    let limit_s = limit.map(|l| l.as_secs_f64());
                    Some(AgentView::WrapUp { elapsed_s, limit_s })
                }
                AgentState::Reserved(_) | AgentState::Talking(_) | AgentState::WrapUp(_) => {
                    Some(AgentView::Leaving)
                }
                AgentState::LoggedOut | AgentState::Connecting | AgentState::Break(_) => None,
            }
        };
        self.agents
            .values()
            .filter(serving)
            .filter(|agent| alone || self.is_its_turn(agent, id))
            .filter_map(view)
            .collect()
    }
}

/// The share of a campaign's calls to reckon with; none of those that share no agents.
fn share_of(sharing: &[(CampaignId, f64)], campaign: CampaignId) -> f64 {
    let found = sharing.iter().find(|(id, _)| *id == campaign);
    found.map_or(0.0, |(_, share)| *share)
}
