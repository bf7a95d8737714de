//! Agents: logging in and out, breaks, wrap-up, lost lines.

use super::Engine;
use crate::agent::{AGENT_RING_LIMIT, AfterCall, AgentState, BreakReason, LastCall};
use crate::call::EndedBy;
use crate::conversation::OrderRefusal;
use crate::event::{Alert, Command};
use crate::id::{AgentId, CallId};

impl Engine {
    /// Moves an agent to a state and tells the world.
    pub(super) fn enter_agent(&mut self, id: AgentId, to: AgentState) {
        let now = self.now.mono;
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        let from = agent.enter(to, now);
        if from != to {
            self.order(Command::AgentChanged {
                agent: id,
                from,
                to,
            });
        }
    }

    pub(super) fn agent_login(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        if agent.state != AgentState::LoggedOut {
            return;
        }
        agent.after_call = AfterCall::Break(BreakReason::NotReady);
        if agent.line_up || agent.rings_first() {
            self.settle(id);
        } else {
            self.connect(id);
        }
    }

    /// Calls the agent's phone.
    pub(super) fn connect(&mut self, id: AgentId) {
        self.enter_agent(id, AgentState::Connecting);
        self.order(Command::RingAgent { agent: id });
        self.arm_agent(id, self.now.mono + AGENT_RING_LIMIT);
    }

    /// Does what the agent wanted to do next.
    pub(super) fn settle(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        let next = std::mem::replace(&mut agent.after_call, AfterCall::Ready);
        let needs_line = !agent.line_up && !agent.rings_first();
        match next {
            AfterCall::Ready if agent.supervises() => {
                self.enter_agent(id, AgentState::Break(BreakReason::NotReady));
            }
            AfterCall::Ready if needs_line => self.connect(id),
            AfterCall::Ready => self.enter_agent(id, AgentState::Ready),
            AfterCall::Break(reason) => self.enter_agent(id, AgentState::Break(reason)),
            AfterCall::Logout => self.log_out_now(id),
        }
    }

    fn log_out_now(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        let up = std::mem::replace(&mut agent.line_up, false);
        self.end_supervision(id);
        self.enter_agent(id, AgentState::LoggedOut);
        if up {
            self.order(Command::DropAgentLine { agent: id });
        }
    }

    pub(super) fn agent_line(&mut self, id: AgentId, up: bool) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        let was_up = std::mem::replace(&mut agent.line_up, up);
        let state = agent.state;
        self.agent_line_changed(id, up, was_up, state);
        if !up {
            self.end_supervision(id);
        } else if !was_up {
            self.supervisor_connected(id);
        }
    }

    fn agent_line_changed(&mut self, id: AgentId, up: bool, was_up: bool, state: AgentState) {
        match (up, state) {
            (true, AgentState::Connecting) => self.settle(id),
            (true, AgentState::Break(BreakReason::LineLost)) => {
                self.enter_agent(id, AgentState::Break(BreakReason::NotReady));
            }
            (true, _) => {}
            (false, AgentState::Connecting) => self.phone_not_answered(id),
            (false, _) if was_up => self.line_lost(id),
            (false, _) => {}
        }
    }

    /// The agent's phone did not take our call.
    fn phone_not_answered(&mut self, id: AgentId) {
        self.alert(Alert::AgentMissedCall(id));
        let first = self.agents.get(&id).is_some_and(|a| a.rings_first());
        let state = if first {
            AgentState::Break(BreakReason::MissedCall)
        } else {
            AgentState::LoggedOut
        };
        self.enter_agent(id, state);
        self.end_supervision(id);
    }

    fn line_lost(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        let lost = match agent.after_call {
            AfterCall::Logout => AgentState::LoggedOut,
            _ => AgentState::Break(BreakReason::LineLost),
        };
        match agent.state {
            AgentState::LoggedOut | AgentState::Connecting | AgentState::Break(_) => return,
            AgentState::Ready if agent.rings_first() => return,
            AgentState::Ready => self.enter_agent(id, lost),
            AgentState::WrapUp(_) => {
                if !agent.rings_first() && agent.after_call != AfterCall::Logout {
                    agent.after_call = AfterCall::Break(BreakReason::LineLost);
                }
                return;
            }
            AgentState::Reserved(call) => {
                self.enter_agent(id, lost);
                self.wait_again(call);
            }
            AgentState::Talking(call) => {
                self.enter_agent(id, lost);
                self.leave_conversation(id, call, "their line was lost");
            }
        }
        self.alert(Alert::AgentLineLost(id));
    }

    /// Somebody of the house is gone in mid-conversation.
    fn leave_conversation(&mut self, id: AgentId, call: CallId, why: &str) {
        if self.calls.get(&call).is_some_and(|c| c.agent == Some(id)) {
            self.customer_alone(call);
        } else {
            self.third_leaves(call, why);
        }
    }

    pub(super) fn agent_ready(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        if agent.supervises() {
            let why = "supervisors take no calls".to_owned();
            return self.answer_order(id, Err((OrderRefusal::NotAllowed, why)));
        }
        agent.after_call = AfterCall::Ready;
        match agent.state {
            AgentState::Break(_) => self.settle(id),
            AgentState::WrapUp(_) => self.wrap_over(id),
            _ => {}
        }
    }

    pub(super) fn agent_break(&mut self, id: AgentId, reason: BreakReason) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        agent.after_call = AfterCall::Break(reason);
        match agent.state {
            AgentState::Ready | AgentState::Break(_) => self.settle(id),
            AgentState::WrapUp(_) => self.wrap_over(id),
            _ => {}
        }
    }

    pub(super) fn agent_logout(&mut self, id: AgentId, now: bool) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        agent.after_call = AfterCall::Logout;
        match agent.state {
            AgentState::Talking(call) if now => {
                self.log_out_now(id);
                self.leave_conversation(id, call, "they logged out");
            }
            AgentState::Reserved(call) if now => {
                self.log_out_now(id);
                self.wait_again(call);
            }
            AgentState::Reserved(_) | AgentState::Talking(_) => {}
            AgentState::WrapUp(_) => self.wrap_over(id),
            AgentState::Connecting => {
                self.order(Command::DropAgentLine { agent: id });
                self.log_out_now(id);
            }
            AgentState::LoggedOut | AgentState::Ready | AgentState::Break(_) => {
                self.log_out_now(id)
            }
        }
    }

    pub(super) fn agent_hang_up(&mut self, id: AgentId) {
        if let Some(AgentState::Talking(call)) = self.agents.get(&id).map(|a| a.state) {
            if self.calls.get(&call).is_some_and(|c| c.agent != Some(id)) {
                return self.third_leaves(call, "they hung up");
            }
            self.hang_up(call, None, EndedBy::Agent);
            self.agent_call_over(id, call);
        }
    }

    /// The agent's call is over: wrap-up.
    pub(super) fn agent_call_over(&mut self, id: AgentId, call: CallId) {
        let Some(agent) = self.agents.get_mut(&id) else {
            return;
        };
        match agent.state {
            AgentState::Talking(current) if current == call => {}
            AgentState::Reserved(current) if current == call => {
                // The person hung up before the legs were joined.
                return self.settle(id);
            }
            _ => return,
        }
        let campaign = agent.campaign.and_then(|c| self.campaigns.get(&c));
        let limit = campaign.and_then(|c| c.config.wrap_up_limit);
        let leaves_now = agent.after_call == AfterCall::Logout && limit.is_none();
        self.remember_for_disposition(id, call);
        self.drop_line_rung_for_one_call(id);
        if leaves_now {
            return self.settle(id);
        }
        self.enter_agent(id, AgentState::WrapUp(call));
        if let Some(limit) = limit {
            self.arm_agent(id, self.now.mono + limit);
        }
    }

    pub(super) fn remember_for_disposition(&mut self, id: AgentId, call: CallId) {
        let number = self.calls.get(&call).and_then(|c| c.number);
        if let Some(agent) = self.agents.get_mut(&id)
            && let Some(campaign) = agent.campaign
        {
            let lead = agent.lead;
            agent.last = Some(LastCall {
                call,
                campaign,
                lead,
                number,
            });
        }
    }

    /// A phone that rings before each call is hung up after it.
    fn drop_line_rung_for_one_call(&mut self, id: AgentId) {
        if let Some(agent) = self.agents.get_mut(&id)
            && agent.rings_first()
            && agent.line_up
        {
            agent.line_up = false;
            self.order(Command::DropAgentLine { agent: id });
        }
    }

    /// Wrap-up is over, by the agent or by its limit.
    fn wrap_over(&mut self, id: AgentId) {
        let now = self.now.mono;
        if let Some(agent) = self.agents.get(&id)
            && let AgentState::WrapUp(_) = agent.state
        {
            let spent = now.since(agent.since).as_secs_f64();
            let campaign = agent.campaign;
            if let Some(c) = campaign.and_then(|c| self.campaigns.get_mut(&c)) {
                c.pacer.observe_wrap(spent);
            }
            self.settle(id);
        }
    }

    /// Wrap-up's limit is reached, or the phone has rung long enough.
    pub(super) fn agent_deadline(&mut self, id: AgentId) {
        match self.agents.get(&id).map(|a| a.state) {
            Some(AgentState::WrapUp(_)) => self.wrap_over(id),
            Some(AgentState::Connecting) => {
                self.order(Command::DropAgentLine { agent: id });
                self.phone_not_answered(id);
            }
            _ => {}
        }
    }
}
