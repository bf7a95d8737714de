//! Conversations: who hears whom, hold, prompts said in them, and their end.

use super::Engine;
use crate::agent::AgentState;
use crate::call::{AmdVerdict, Direction, EndedBy, Phase};
use crate::conversation::{
    AudioPlan, OrderRefusal, Said, Scene, Stage, TalkStep, Watch, pair, plan,
};
use crate::event::{Alert, Command};
use crate::id::{AgentId, CallId};
use std::time::Duration;

/// Longest prompt in a conversation; without a word of its end by then it counts as not said.
const SAYING_LIMIT: Duration = Duration::from_secs(60);
/// Longest conversation with an outside destination after the agent has left it: nobody of the
/// house is there to end one that was forgotten.
pub(super) const OUTSIDE_LIMIT: Duration = Duration::from_secs(4 * 3600);

/// An order that is not obeyed: the kind of reason, and the reason in words.
pub(super) type Unobeyed = (OrderRefusal, String);

/// Shorthand for [`Unobeyed`].
pub(super) fn no<T>(code: OrderRefusal, why: &str) -> Result<T, Unobeyed> {
    Err((code, why.to_owned()))
}

impl Engine {
    /// Tells an agent or supervisor when an order was not obeyed.
    pub(super) fn answer_order(&mut self, agent: AgentId, done: Result<(), Unobeyed>) {
        if let Err((code, why)) = done {
            self.order(Command::Refused { agent, code, why });
        }
    }

    /// The customer's call an agent talks in as its agent, not as one who is consulted.
    pub(super) fn talking_call(&self, agent: AgentId) -> Result<CallId, Unobeyed> {
        let Some(AgentState::Talking(id)) = self.agents.get(&agent).map(|a| a.state) else {
            return no(OrderRefusal::NotTalking, "you are in no conversation");
        };
        match self.calls.get(&id) {
            Some(call) if call.agent == Some(agent) && call.phase == Phase::Talking => Ok(id),
            _ => no(
                OrderRefusal::WrongMoment,
                "you are only consulted in this conversation: it is your colleague's",
            ),
        }
    }

    /// The bridge with an agent is done.
    pub(super) fn agent_joined(&mut self, id: CallId, agent: AgentId) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let first = call.talk.last_agent.is_none();
        call.talk.since = Some(now);
        call.talk.last_agent = Some(agent);
        call.talk.passed = None;
        call.talk.held = false;
        call.talk.plan = Some(pair(id, agent));
        if !first {
            call.note(now, TalkStep::Agent { agent });
        }
        self.note_watches(id, agent);
        if first {
            self.say_and_record(id);
        }
        self.refresh(id);
        self.say_next(id);
    }

    /// Brings audio, parking time and recording in line with where the conversation stands.
    pub(super) fn refresh(&mut self, id: CallId) {
        let now = self.now.mono;
        let wanted = self.plan_of(id);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let served = call.phase == Phase::Talking && call.agent.is_some();
        let parked = served && call.talk.is_parked();
        call.talk.book_parking(parked, now);
        if call.talk.plan != wanted {
            call.talk.plan.clone_from(&wanted);
            self.order(Command::Audio(wanted.unwrap_or(silence(id))));
        }
        self.refresh_tape(id);
    }

    /// Who hears whom in a conversation; nothing where there is none.
    fn plan_of(&self, id: CallId) -> Option<AudioPlan> {
        let call = self.calls.get(&id)?;
        let waits = call.talk.passed.is_some();
        let (agent, parked, third) = match call.phase {
            Phase::Talking if call.direction != Direction::Transfer => {
                let third = call.talk.third.map(|t| (t.party, t.stage));
                (call.agent, call.talk.is_parked(), third)
            }
            Phase::Waiting | Phase::Bridging if waits => (None, true, None),
            _ => return None,
        };
        let watches = self.watches();
        let rules = &self.campaigns.get(&call.campaign)?.config.conversation;
        Some(plan(&Scene {
            customer: id,
            agent,
            parked,
            third,
            watches: &watches,
            music: &rules.hold_music,
        }))
    }

    pub(super) fn agent_hold(&mut self, agent: AgentId, on: bool) {
        let done = self.try_hold(agent, on);
        self.answer_order(agent, done);
    }

    fn try_hold(&mut self, agent: AgentId, on: bool) -> Result<(), Unobeyed> {
        let id = self.talking_call(agent)?;
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return Ok(());
        };
        if call.talk.third.is_some_and(|t| t.stage != Stage::Joined) {
            return no(
                OrderRefusal::WrongMoment,
                "the customer hears music while you consult: join, complete or cancel",
            );
        }
        if call.talk.held != on {
            call.talk.held = on;
            call.note(now, TalkStep::Hold { by: agent, on });
            self.refresh(id);
        }
        Ok(())
    }

    /// The agent of a conversation leaves it; the customer stays.
    pub(super) fn agent_off(&mut self, id: CallId) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.talk.held = false;
        call.talk.book_parking(false, now);
        let (campaign, span) = (call.campaign, call.talk.agent_leaves(now));
        let agent = call.agent.take();
        if let (Some(span), Some(campaign)) = (span, self.campaigns.get_mut(&campaign)) {
            campaign.pacer.observe_talk(span.as_secs_f64());
        }
        if let Some(agent) = agent {
            self.agent_call_over(agent, id);
        }
    }

    pub(super) fn agent_drop_message(&mut self, agent: AgentId) {
        let done = self.try_drop_message(agent);
        self.answer_order(agent, done);
    }

    /// The agent found a machine: it gets the campaign's message, the agent is free at once. In
    /// the ledger it stays an answer that met an agent.
    fn try_drop_message(&mut self, agent: AgentId) -> Result<(), Unobeyed> {
        let id = self.talking_call(agent)?;
        let now = self.now.mono;
        let Some(prompt) = self.machine_prompt(id) else {
            return no(
                OrderRefusal::NotAllowed,
                "the campaign leaves no messages on machines",
            );
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return Ok(());
        };
        if call.talk.third.is_some() {
            return no(
                OrderRefusal::WrongMoment,
                "somebody else is on the line: cancel the consultation first",
            );
        }
        call.verdict = Some(AmdVerdict::Machine);
        call.note(now, TalkStep::MessageDropped { by: agent });
        self.agent_off(id);
        self.dissolve(id);
        self.leave_message(id, prompt);
        Ok(())
    }

    /// The agent is gone in mid-conversation: whoever was called in goes on with the customer,
    /// else the customer hears the message.
    pub(super) fn customer_alone(&mut self, id: CallId) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if let Some(third) = call.talk.third {
            return self.hand_over(id, third);
        }
        call.talk_ended.get_or_insert(now);
        self.play_message(id);
    }

    /// Ends what there is beside the customer's own line: the third party is let go, recording
    /// stops, audio is undone. Done again it does nothing.
    pub(super) fn dissolve(&mut self, id: CallId) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.direction == Direction::Transfer {
            return self.outside_over(id);
        }
        call.talk.held = false;
        call.talk.book_parking(false, now);
        call.talk.passed = None;
        call.talk.said.clear();
        let third = call.talk.third.take();
        let last = call.talk.plan.take();
        let of_bridge = call.agent.map(|agent| pair(id, agent));
        // Hanging up undoes a bridge; any other plan is undone by name.
        if last.is_some() && last != of_bridge {
            self.order(Command::Audio(silence(id)));
        }
        self.stop_tape(id);
        if let Some(third) = third {
            self.release_third(id, third);
        }
    }

    /// Something of a conversation is due: a prompt whose end was never told, or the end of one
    /// without anybody of the house.
    pub(super) fn talk_deadline(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.agent.is_none() {
            return self.hang_up(id, None, EndedBy::System);
        }
        if call.talk.said.pop_front().is_some() {
            self.say_next(id);
        }
    }

    /// Adds a prompt to what the customer will hear.
    pub(super) fn say(&mut self, id: CallId, prompt: String, consent: Option<String>) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.talk.said.push_back(Said { prompt, consent });
        }
    }

    /// Says the first of the waiting prompts.
    pub(super) fn say_next(&mut self, id: CallId) {
        let now = self.now.mono;
        let front = self.calls.get(&id).and_then(|c| c.talk.said.front());
        if let Some(prompt) = front.map(|said| said.prompt.clone()) {
            self.order(Command::Announce { call: id, prompt });
            self.arm_call(id, now + SAYING_LIMIT);
        }
    }

    pub(super) fn announcement_ended(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(said) = call.talk.said.pop_front() else {
            return;
        };
        if call.talk.said.is_empty() && call.phase == Phase::Talking && call.agent.is_some() {
            call.deadline = None;
        }
        if said.consent.is_some() {
            call.talk.tape.consent = said.consent;
            self.refresh_tape(id);
        }
        self.say_next(id);
    }

    pub(super) fn heard(&mut self, call: CallId, problem: String) {
        let agent = self.calls.get(&call).and_then(|c| c.talk.last_agent);
        self.alert(Alert::Conversation {
            call,
            agent,
            problem,
        });
    }

    /// Supervisors whose line is connected, and whom they watch.
    fn watches(&self) -> Vec<Watch> {
        let up = |id: &AgentId| self.agents.get(id).is_some_and(|a| a.line_up);
        self.supervision
            .iter()
            .filter(|(supervisor, _)| up(supervisor))
            .map(|(supervisor, watch)| Watch {
                supervisor: *supervisor,
                agent: watch.agent,
                mode: watch.mode,
            })
            .collect()
    }

    /// Notes in the record who supervises an agent who has just come on the line.
    pub(super) fn note_watches(&mut self, id: CallId, agent: AgentId) {
        let now = self.now.mono;
        let watches = self.watches();
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        for watch in watches.into_iter().filter(|w| w.agent == agent) {
            let step = TalkStep::Supervised {
                by: watch.supervisor,
                agent,
                mode: Some(watch.mode),
            };
            call.note(now, step);
        }
    }
}

/// The plan that undoes a conversation's audio.
fn silence(call: CallId) -> AudioPlan {
    AudioPlan {
        call,
        parties: Vec::new(),
    }
}
