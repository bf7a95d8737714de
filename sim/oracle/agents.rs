//! Who of the agents may be given a call, by what they said themselves.

use super::Oracle;
use carillon_decision::agent::AgentProfile;
use carillon_decision::conversation::Party;
use carillon_decision::event::Input;
use carillon_decision::id::{AgentId, CallId};
use carillon_decision::time::Mono;

/// An agent as the world knows one.
#[derive(Debug)]
pub(super) struct AgentTruth {
    profile: AgentProfile,
    logged_in: bool,
    /// The phone is connected.
    pub(super) line: bool,
    /// Asked for calls, and not for a break since.
    ready: bool,
    /// In wrap-up until then, if the agent does not end it.
    wrap_until: Option<Mono>,
}

impl Oracle {
    pub(super) fn agent_hears(&mut self, input: &Input) {
        if let Input::Agent(profile) = input {
            let fresh = || AgentTruth {
                profile: AgentProfile::clone(profile),
                logged_in: false,
                line: false,
                ready: false,
                wrap_until: None,
            };
            let known = self.agents.entry(profile.id).or_insert_with(fresh);
            known.profile = AgentProfile::clone(profile);
            return;
        }
        let (Input::AgentLogin { agent }
        | Input::AgentLine { agent, .. }
        | Input::AgentReady { agent }
        | Input::AgentBreak { agent, .. }
        | Input::AgentLogout { agent, .. }) = input
        else {
            return;
        };
        let Some(agent) = self.agents.get_mut(agent) else {
            return;
        };
        match input {
            Input::AgentLogin { .. } => agent.logged_in = true,
            Input::AgentLine { up, .. } => {
                // Whose phone was lost says so before the next call.
                agent.ready &= *up || !agent.line;
                agent.line = *up;
            }
            Input::AgentReady { .. } => (agent.ready, agent.wrap_until) = (true, None),
            Input::AgentBreak { .. } => (agent.ready, agent.wrap_until) = (false, None),
            _ => (agent.logged_in, agent.ready, agent.wrap_until) = (false, false, None),
        }
    }

    /// A call is given to an agent.
    pub(super) fn bridged(&mut self, id: CallId, who: AgentId) {
        let now = self.now.mono;
        let away = match self.agents.get(&who) {
            None => Some("is unknown"),
            Some(agent) if !agent.logged_in => Some("is logged out"),
            Some(agent) if !agent.line => Some("has no line"),
            Some(agent) if !agent.ready => Some("is on a break"),
            Some(agent) if agent.wrap_until.is_some_and(|until| now < until) => {
                Some("is in wrap-up")
            }
            Some(_) => None,
        };
        if let Some(why) = away {
            self.breach(
                "agent-away",
                format!("agent {who} {why} and is given call {id}"),
            );
        }
        self.may_serve(id, who);
        let pair = [Party::Call(id), Party::Agent(who)];
        self.talk(id, pair.into_iter().collect());
        self.served(id);
        if let Some(call) = self.calls.get_mut(&id) {
            call.agent = Some(who);
        }
    }

    fn may_serve(&mut self, id: CallId, who: AgentId) {
        let (Some(agent), Some(call)) = (self.agents.get(&who), self.calls.get(&id)) else {
            return;
        };
        let Some((campaign, _)) = self.campaigns.get(&call.campaign) else {
            return;
        };
        let serves =
            agent.profile.campaigns.is_empty() || agent.profile.campaigns.contains(&call.campaign);
        let since = call.told.or(call.answered).unwrap_or(self.now.mono);
        let waited = self.now.mono.since(since);
        let lacking = campaign.needs.iter().find(|need| {
            // A need that falls away with waiting is judged generously: screening is waiting too.
            let stands = need.drop_after.is_none_or(|after| waited < after / 2);
            let level = agent.profile.skills.get(&need.skill).copied().unwrap_or(0);
            stands && level < need.level && need.drop_after.is_none()
        });
        if let Some(need) = lacking {
            let what = format!("agent {who} has no {} for call {id}", need.skill);
            self.breach("skill", what);
        } else if !serves {
            let what = format!(
                "agent {who} does not serve campaign {} of call {id}",
                call.campaign
            );
            self.breach("skill", what);
        }
    }

    /// The conversation of a call that an agent had is over.
    pub(super) fn wraps_up(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        let (Some(agent), true) = (call.agent, call.bridged) else {
            return;
        };
        let limit = self
            .campaigns
            .get(&call.campaign)
            .and_then(|(c, _)| c.wrap_up_limit);
        let until = limit.map_or(Mono(u64::MAX), |limit| self.now.mono + limit);
        if let Some(agent) = self.agents.get_mut(&agent) {
            agent.wrap_until = Some(until);
        }
        if let Some(call) = self.calls.get_mut(&id) {
            call.agent = None;
        }
    }
}
