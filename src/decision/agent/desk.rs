//! One agent's running state: what they do, since when, and where their time went.

use super::{AgentProfile, AgentState, BreakReason, LineKind, Role};
use crate::id::{AgentId, CallId, CampaignId, LeadId};
use crate::number::E164;
use crate::routing::{Need, serves};
use crate::status::{AgentStatus, TimeSplit};
use crate::time::Mono;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Time since login by what it was spent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentTimes {
    ready: Duration,
    reserved: Duration,
    talk: Duration,
    wrap: Duration,
    pause: Duration,
}

impl AgentTimes {
    fn add(&mut self, state: AgentState, span: Duration) {
        match state {
            AgentState::LoggedOut => {}
            AgentState::Ready => self.ready += span,
            AgentState::Reserved(_) => self.reserved += span,
            AgentState::Talking(_) => self.talk += span,
            AgentState::WrapUp(_) => self.wrap += span,
            AgentState::Break(_) | AgentState::Connecting => self.pause += span,
        }
    }

    fn split(&self) -> TimeSplit {
        TimeSplit {
            ready_s: self.ready.as_secs_f64(),
            reserved_s: self.reserved.as_secs_f64(),
            talk_s: self.talk.as_secs_f64(),
            wrap_s: self.wrap.as_secs_f64(),
            break_s: self.pause.as_secs_f64(),
        }
    }
}

/// What an agent does after the call in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AfterCall {
    /// Takes the next one.
    Ready,
    /// Goes on a break.
    Break(BreakReason),
    /// Leaves.
    Logout,
}

/// The conversation a disposition is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastCall {
    /// The call.
    pub call: CallId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// The lead, if it had one.
    pub lead: Option<LeadId>,
    /// The customer's number, if known.
    pub number: Option<E164>,
}

/// An agent at work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Who.
    pub profile: AgentProfile,
    /// What they do.
    pub state: AgentState,
    /// Since when.
    pub since: Mono,
    /// The phone is connected.
    pub line_up: bool,
    /// What follows the call in progress, or connecting.
    pub after_call: AfterCall,
    /// Campaign of the call, or of the last one.
    pub campaign: Option<CampaignId>,
    /// Lead of the call, or of the last one.
    pub lead: Option<LeadId>,
    /// The last conversation, for the disposition.
    pub last: Option<LastCall>,
    /// When wrap-up or connecting is ended for the agent.
    pub deadline: Option<Mono>,
    /// Conversations since login.
    pub calls: u32,
    times: AgentTimes,
    /// Campaigns the agent serves and has the skills for, in order of id; derived from the
    /// profile and the campaigns' needs.
    #[serde(skip)]
    able: Vec<CampaignId>,
}

impl Agent {
    /// An agent who is not logged in.
    pub fn new(profile: AgentProfile) -> Self {
        Self {
            profile,
            state: AgentState::LoggedOut,
            since: Mono(0),
            line_up: false,
            after_call: AfterCall::Ready,
            campaign: None,
            lead: None,
            last: None,
            deadline: None,
            calls: 0,
            times: AgentTimes::default(),
            able: Vec::new(),
        }
    }

    /// Moves to a state; answers the one left.
    pub fn enter(&mut self, state: AgentState, now: Mono) -> AgentState {
        self.times.add(self.state, now.since(self.since));
        if self.state == AgentState::LoggedOut {
            self.times = AgentTimes::default();
            self.calls = 0;
        }
        if matches!(state, AgentState::Talking(_)) {
            self.calls += 1;
        }
        self.since = now;
        self.deadline = None;
        std::mem::replace(&mut self.state, state)
    }

    /// Whether a call may be given to the agent this instant.
    pub fn is_idle(&self) -> bool {
        self.state == AgentState::Ready && self.line_up && !self.supervises()
    }

    /// Whether the agent works for a campaign.
    pub fn works_for(&self, campaign: CampaignId) -> bool {
        self.profile.campaigns.is_empty() || self.profile.campaigns.contains(&campaign)
    }

    /// Whether a campaign's calls may be given to the agent at once, by campaign and skills.
    pub fn can_serve(&self, campaign: CampaignId) -> bool {
        self.able.contains(&campaign)
    }

    /// The campaigns of [`Agent::can_serve`].
    pub fn able(&self) -> &[CampaignId] {
        &self.able
    }

    /// Works out [`Agent::able`] anew: to be called when the profile or a campaign's needs change.
    pub fn learn_campaigns<'a>(
        &mut self,
        campaigns: impl Iterator<Item = (CampaignId, &'a [Need])>,
    ) {
        let profile = &self.profile;
        let works =
            |id: &CampaignId| profile.campaigns.is_empty() || profile.campaigns.contains(id);
        self.able = campaigns
            .filter(|(id, needs)| works(id) && serves(&profile.skills, needs, Duration::ZERO))
            .map(|(id, _)| id)
            .collect();
    }

    /// Whether the agent takes, or will take, calls: not out, not on a break.
    pub fn on_duty(&self) -> bool {
        !matches!(self.state, AgentState::LoggedOut | AgentState::Break(_)) && !self.supervises()
    }

    /// Whether they listen to others' calls instead of taking their own.
    pub fn supervises(&self) -> bool {
        self.profile.role == Role::Supervisor
    }

    /// Whether this agent's phone has to ring before a call.
    pub fn rings_first(&self) -> bool {
        self.profile.line == LineKind::RingFirst
    }

    /// The agent at one instant, for pages.
    pub fn status(&self, now: Mono) -> AgentStatus {
        let mut times = self.times;
        times.add(self.state, now.since(self.since));
        let busy = self.state.call().is_some();
        AgentStatus {
            id: self.profile.id,
            name: self.profile.name.clone(),
            state: self.state,
            state_name: self.state.name().to_owned(),
            for_s: now.since(self.since).as_secs_f64(),
            line_up: self.line_up,
            line: self.profile.line,
            role: self.profile.role,
            skills: self.profile.skills.clone(),
            campaign: self.campaign.filter(|_| busy),
            lead: self.lead.filter(|_| busy),
            calls: self.calls,
            times: times.split(),
        }
    }

    /// Id.
    pub fn id(&self) -> AgentId {
        self.profile.id
    }

    /// The call the agent is in or wraps up.
    pub fn call(&self) -> Option<CallId> {
        self.state.call()
    }
}
