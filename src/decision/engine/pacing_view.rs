//! What pacing sees of the floor: agents, calls, people waiting, ledger and limits.

use super::Engine;
use super::dialing::RING_MINIMUM;
use crate::agent::{AfterCall, Agent, AgentState};
use crate::call::Phase;
use crate::id::{CallId, CampaignId};
use crate::pacing::{AgentView, CallView, FloorView, Limits, Pace, Screening, WindowView};
use crate::routing::serves;
use std::time::Duration;

impl Engine {
    /// Asks the campaign's pacer; answers its pace and the calls its indices mean.
    pub(super) fn decide(&mut self, id: CampaignId) -> Option<(Pace, Vec<CallId>)> {
        let now = self.now;
        let groups = self.campaigns.get(&id)?.config.trunk_groups.clone();
        let trunks = self.trunks.capacity(&groups, now.mono);
        let (calls, views) = self.call_views(id);
        let agents = self.agent_views(id);
        let sharing = self.sharing(id);
        let waiting = self
            .waiting
            .iter()
            .filter_map(|(_, call)| self.calls.get(call))
            .filter(|call| sharing.contains(&call.queue_campaign()))
            .count() as u32;
        let stop = self.draining || self.halted.is_some();
        let store_ok = self.store_trouble.is_none();
        let campaign = self.campaigns.get_mut(&id)?;
        campaign.tick_due = false;
        let tally = campaign.tally(campaign.config.abandonment.window, now.wall);
        let dry = campaign.hopper.is_empty() && campaign.exhausted;
        let closed = dry && campaign.hours_refused > 0;
        let view = FloorView {
            agents: &agents,
            calls: &views,
            waiting,
            window: WindowView {
                answered: tally.answered,
                abandoned: tally.abandoned,
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

    /// Campaigns whose calls may be taken by an agent of this one, itself included.
    fn sharing(&self, id: CampaignId) -> Vec<CampaignId> {
        self.campaigns
            .keys()
            .copied()
            .filter(|other| {
                *other == id
                    || self
                        .agents
                        .values()
                        .any(|a| a.on_duty() && a.works_for(id) && a.works_for(*other))
            })
            .collect()
    }

    /// Calls that may need one of the campaign's agents: its own, and those of campaigns that
    /// share agents with it, which it must not hang up.
    fn call_views(&self, id: CampaignId) -> (Vec<CallId>, Vec<CallView>) {
        let now = self.now.mono;
        let sharing = self.sharing(id);
        let in_flight = self
            .calls
            .values()
            .filter(|c| c.in_flight() && sharing.contains(&c.campaign));
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
        let needs = &campaign.config.needs;
        let now = self.now.mono;
        let serving = |a: &&Agent| {
            a.works_for(id)
                && a.line_up
                && !a.supervises()
                && (!a.rings_first() || campaign.config.tuning.mode.allows_ring_first())
                && serves(&a.profile.skills, needs, Duration::ZERO)
        };
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
            .filter_map(view)
            .collect()
    }
}
