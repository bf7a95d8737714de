//! Supervisors who listen to agents, whisper to them and join their calls.

use super::Engine;
use super::talk::{Unobeyed, no};
use crate::agent::{AfterCall, AgentState, BreakReason, Role};
use crate::conversation::{OrderRefusal, SuperviseMode, TalkStep};
use crate::event::Command;
use crate::id::{AgentId, CallId};
use serde::{Deserialize, Serialize};

/// Whom a supervisor follows from call to call, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Supervision {
    pub agent: AgentId,
    pub mode: SuperviseMode,
}

impl Engine {
    pub(super) fn supervise(
        &mut self,
        supervisor: AgentId,
        agent: AgentId,
        mode: Option<SuperviseMode>,
    ) {
        let done = match mode {
            Some(mode) => self.begin_supervision(supervisor, agent, mode),
            None => {
                self.end_supervision(supervisor);
                Ok(())
            }
        };
        self.answer_order(supervisor, done);
    }

    fn begin_supervision(
        &mut self,
        supervisor: AgentId,
        agent: AgentId,
        mode: SuperviseMode,
    ) -> Result<(), Unobeyed> {
        let role = |id| self.agents.get(&id).map(|a| a.profile.role);
        if role(supervisor) != Some(Role::Supervisor) {
            return no(OrderRefusal::NotAllowed, "only supervisors may listen");
        }
        if role(agent) != Some(Role::Agent) {
            return no(OrderRefusal::UnknownTarget, "there is no such agent");
        }
        let watch = Supervision { agent, mode };
        let before = self.supervision.insert(supervisor, watch);
        if let Some(before) = before.filter(|b| b.agent != agent) {
            self.supervision_changed(supervisor, before.agent, None);
        }
        let Some(a) = self.agents.get_mut(&supervisor) else {
            return Ok(());
        };
        match (a.line_up, a.state) {
            (true, _) if before != Some(watch) => {
                self.supervision_changed(supervisor, agent, Some(mode));
            }
            (true, _) | (false, AgentState::Connecting) => {}
            (false, _) => {
                a.after_call = AfterCall::Break(BreakReason::NotReady);
                self.connect(supervisor);
            }
        }
        Ok(())
    }

    /// A supervisor's line has come up: what they asked for begins.
    pub(super) fn supervisor_connected(&mut self, supervisor: AgentId) {
        if let Some(watch) = self.supervision.get(&supervisor).copied() {
            self.supervision_changed(supervisor, watch.agent, Some(watch.mode));
        }
    }

    /// The supervisor follows nobody any more; a phone that was rung for it is hung up.
    pub(super) fn end_supervision(&mut self, supervisor: AgentId) {
        let Some(watch) = self.supervision.remove(&supervisor) else {
            return;
        };
        self.supervision_changed(supervisor, watch.agent, None);
        if let Some(a) = self.agents.get_mut(&supervisor)
            && a.rings_first()
            && a.line_up
        {
            a.line_up = false;
            self.order(Command::DropAgentLine { agent: supervisor });
        }
    }

    /// A profile was replaced: whoever became a supervisor takes no calls from now on, whoever
    /// no longer is one stops listening.
    pub(super) fn role_set(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get(&id) else {
            return;
        };
        let supervises = agent.profile.role == Role::Supervisor;
        if !supervises {
            self.end_supervision(id);
        } else if agent.state == AgentState::Ready {
            self.enter_agent(id, AgentState::Break(BreakReason::NotReady));
        }
    }

    /// Notes the change in the conversation the agent is in, and lets it be heard.
    fn supervision_changed(&mut self, by: AgentId, agent: AgentId, mode: Option<SuperviseMode>) {
        let now = self.now.mono;
        let Some(id) = self.conversation_with(agent) else {
            return;
        };
        if let Some(call) = self.calls.get_mut(&id) {
            call.note(now, TalkStep::Supervised { by, agent, mode });
        }
        self.refresh(id);
    }

    /// The customer's call an agent talks in, as its agent or consulted.
    fn conversation_with(&self, agent: AgentId) -> Option<CallId> {
        match self.agents.get(&agent)?.state {
            AgentState::Talking(id) => Some(id),
            _ => None,
        }
    }
}
