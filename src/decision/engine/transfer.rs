//! Customers passed on to other agents and queues, and colleagues who are consulted first.

use super::Engine;
use super::talk::{OUTSIDE_LIMIT, Unobeyed, no};
use crate::agent::{AgentState, Role};
use crate::call::{Cause, EndedBy, Outcome, Phase};
use crate::campaign::InboundRule;
use crate::conversation::{
    ConsultStep, OrderRefusal, Party, Passed, Stage, TalkStep, Third, TransferKind, TransferTo,
};
use crate::id::{AgentId, CallId, CampaignId};
use std::time::Duration;

/// How long a customer waits for the one agent they were passed on to.
const PREFER: Duration = Duration::from_secs(30);
/// Longest wait after a transfer where the campaign keeps no queue for callers.
const WAIT: Duration = Duration::from_secs(120);

impl Engine {
    pub(super) fn agent_transfer(&mut self, agent: AgentId, to: TransferTo, kind: TransferKind) {
        let done = self.try_transfer(agent, to, kind);
        self.answer_order(agent, done);
    }

    fn try_transfer(
        &mut self,
        agent: AgentId,
        to: TransferTo,
        kind: TransferKind,
    ) -> Result<(), Unobeyed> {
        let id = self.talking_call(agent)?;
        if self.calls[&id].talk.third.is_some() {
            return no(
                OrderRefusal::WrongMoment,
                "somebody is called in already: complete, join or cancel first",
            );
        }
        match (&to, kind) {
            (TransferTo::Agent(target), _) => self.check_target(agent, *target, kind)?,
            (TransferTo::Campaign(_), TransferKind::Attended) => {
                return no(OrderRefusal::NotAllowed, "a queue cannot be consulted");
            }
            (TransferTo::Campaign(queue), _) if !self.campaigns.contains_key(queue) => {
                return no(OrderRefusal::UnknownTarget, "there is no such campaign");
            }
            (TransferTo::Campaign(_), _) => {}
            (TransferTo::Destination(name), _) => {
                let out = self.call_out(id, name, &[])?;
                self.set_third(id, Party::Call(out), Stage::Called);
            }
        }
        self.note_order(id, agent, &to, kind);
        match (to, kind) {
            (TransferTo::Agent(target), TransferKind::Attended) => self.consult(id, target),
            (TransferTo::Agent(target), TransferKind::Blind) => {
                let campaign = self.calls[&id].campaign;
                self.agent_off(id);
                self.pass_on(id, campaign, Some(target));
                if self.agents.get(&target).is_some_and(|a| a.is_idle()) {
                    self.reserve(id, target);
                }
            }
            (TransferTo::Campaign(queue), _) => {
                self.agent_off(id);
                self.pass_on(id, queue, None);
            }
            (TransferTo::Destination(_), TransferKind::Attended) => self.refresh(id),
            (TransferTo::Destination(_), TransferKind::Blind) => self.leave_to_outside(id),
        }
        Ok(())
    }

    fn check_target(
        &self,
        agent: AgentId,
        target: AgentId,
        kind: TransferKind,
    ) -> Result<(), Unobeyed> {
        let Some(other) = self.agents.get(&target).filter(|_| target != agent) else {
            return no(OrderRefusal::UnknownTarget, "there is no such colleague");
        };
        if other.profile.role != Role::Agent {
            return no(OrderRefusal::NotAllowed, "supervisors take no calls");
        }
        let name = &other.profile.name;
        match kind {
            TransferKind::Attended if !other.is_idle() => Err((
                OrderRefusal::TargetUnavailable,
                format!("{name} cannot talk now ({})", other.state.name()),
            )),
            TransferKind::Blind if !other.on_duty() => Err((
                OrderRefusal::TargetUnavailable,
                format!("{name} is not on duty ({})", other.state.name()),
            )),
            _ => Ok(()),
        }
    }

    fn note_order(&mut self, id: CallId, by: AgentId, to: &TransferTo, kind: TransferKind) {
        let now = self.now.mono;
        if let Some(call) = self.calls.get_mut(&id) {
            let to = to.clone();
            call.note(now, TalkStep::Transfer { by, to, kind });
        }
    }

    fn set_third(&mut self, id: CallId, party: Party, stage: Stage) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.talk.held = false;
            call.talk.third = Some(Third { party, stage });
        }
    }

    /// The customer hears music in the queue of `campaign`; `prefer` alone may take them at
    /// first.
    pub(super) fn pass_on(&mut self, id: CallId, campaign: CampaignId, prefer: Option<AgentId>) {
        let now = self.now.mono;
        let rule = self.campaigns.get(&campaign).map(|c| &c.config.inbound);
        let longest = match rule {
            Some(InboundRule::Queue { longest_wait, .. }) => *longest_wait,
            Some(InboundRule::Message { .. }) | None => WAIT,
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let passed = Passed {
            campaign,
            prefer,
            alone_until: now + PREFER,
            since: now,
            until: now + longest,
        };
        call.talk.passed = Some(passed);
        call.talk.said.clear();
        call.enter(Phase::Waiting, now);
        self.enqueue(id, now);
        self.arm_call(id, passed.next_due(now));
        self.keep_ticking(campaign);
        self.refresh(id);
    }

    /// The preferred agent's time is over: from now on anybody who serves. Answers whether it
    /// was that, and not the end of all waiting.
    pub(super) fn passed_on_alone_no_more(&mut self, id: CallId) -> bool {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return false;
        };
        let Some(passed) = &mut call.talk.passed else {
            return false;
        };
        let until = passed.until;
        if passed.prefer.is_none() || now >= until {
            return false;
        }
        passed.prefer = None;
        self.arm_call(id, until);
        self.route_one(id);
        true
    }

    /// Calls in a colleague whose line is up; the customer hears music.
    fn consult(&mut self, id: CallId, target: AgentId) {
        let call = &self.calls[&id];
        let (campaign, lead) = (call.campaign, call.lead.as_ref().map(|l| l.id));
        if let Some(agent) = self.agents.get_mut(&target) {
            agent.campaign = Some(campaign);
            agent.lead = lead;
        }
        self.enter_agent(target, AgentState::Talking(id));
        self.set_third(id, Party::Agent(target), Stage::Apart);
        self.note_watches(id, target);
        self.refresh(id);
    }

    pub(super) fn agent_consult(&mut self, agent: AgentId, step: ConsultStep) {
        let done = self.try_consult(agent, step);
        self.answer_order(agent, done);
    }

    fn try_consult(&mut self, agent: AgentId, step: ConsultStep) -> Result<(), Unobeyed> {
        let id = self.talking_call(agent)?;
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return Ok(());
        };
        let Some(third) = call.talk.third else {
            return no(OrderRefusal::WrongMoment, "nobody is called in");
        };
        let answered = matches!(third.stage, Stage::Apart | Stage::Joined);
        if step == ConsultStep::Join && !answered {
            return no(OrderRefusal::WrongMoment, "they have not answered yet");
        }
        call.note(now, TalkStep::Consult { by: agent, step });
        match step {
            ConsultStep::Complete => self.hand_over(id, third),
            ConsultStep::Join => {
                self.set_third(id, third.party, Stage::Joined);
                self.refresh(id);
            }
            ConsultStep::Cancel => {
                call.talk.third = None;
                call.talk.held = false;
                self.release_third(id, third);
                self.refresh(id);
            }
        }
        Ok(())
    }

    /// The agent leaves the customer to whoever was called in.
    pub(super) fn hand_over(&mut self, id: CallId, third: Third) {
        let now = self.now.mono;
        let Party::Agent(target) = third.party else {
            return self.leave_to_outside(id);
        };
        self.agent_off(id);
        if let Some(call) = self.calls.get_mut(&id) {
            call.talk.third = None;
            call.agent = Some(target);
            call.talk.since = Some(now);
            call.talk.last_agent = Some(target);
            call.note(now, TalkStep::Agent { agent: target });
        }
        self.refresh(id);
    }

    /// The agent leaves the customer to an outside destination, answered or not.
    fn leave_to_outside(&mut self, id: CallId) {
        let now = self.now.mono;
        self.agent_off(id);
        if let Some(call) = self.calls.get_mut(&id) {
            call.talk.said.clear();
            if let Some(third) = &mut call.talk.third
                && third.stage == Stage::Apart
            {
                third.stage = Stage::Joined;
            }
            self.arm_call(id, now + OUTSIDE_LIMIT);
        }
        self.refresh(id);
    }

    /// Lets go of whoever was called in. A colleague who talked with the customer wraps up; one
    /// who was only asked goes back to what they wanted to do.
    pub(super) fn release_third(&mut self, id: CallId, third: Third) {
        match third.party {
            Party::Agent(target) if third.stage == Stage::Joined => {
                self.agent_call_over(target, id);
            }
            Party::Agent(target) => {
                let state = self.agents.get(&target).map(|a| a.state);
                if state == Some(AgentState::Talking(id)) {
                    self.settle(target);
                }
            }
            Party::Call(out) => {
                let unanswered = self.calls.get(&out).is_some_and(|c| c.answered.is_none());
                let given_up = Outcome::Unanswered(Cause::Cancelled);
                self.hang_up(out, unanswered.then_some(given_up), EndedBy::System);
            }
        }
    }

    /// A colleague who was called in leaves by themselves, or their line is lost.
    pub(super) fn third_leaves(&mut self, id: CallId, why: &str) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if let Some(third) = call.talk.third.take() {
            let why = why.to_owned();
            call.note(now, TalkStep::ThirdGone { why });
            self.release_third(id, third);
            self.refresh(id);
        }
    }
}
