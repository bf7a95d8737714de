//! News of calls: from the first ringing sign to the conversation.

use super::Engine;
use crate::agent::{AgentState, BreakReason};
use crate::call::{Cause, Direction, EndedBy, Outcome, Phase};
use crate::campaign::InboundRule;
use crate::event::{Command, Progress};
use crate::id::CallId;
use crate::time::Mono;
use std::time::Duration;

/// Longest wait for the driver to join two legs.
const BRIDGE_LIMIT: Duration = Duration::from_secs(5);
/// Longest message.
pub(super) const MESSAGE_LIMIT: Duration = Duration::from_secs(60);
/// Longest wait for the end of a call that we hang up: twice the life of a SIP transaction
/// (64·T1 = 32 s, RFC 3261 §17), since a CANCEL and its INVITE may follow each other.
pub(super) const ENDING_LIMIT: Duration = Duration::from_secs(70);

impl Engine {
    pub(super) fn progress(&mut self, id: CallId, progress: Progress) {
        if !self.calls.contains_key(&id) {
            return;
        }
        match progress {
            Progress::Sent => self.sent(id),
            Progress::Ringing => self.ringing(id),
            Progress::EarlyMedia => self.early_media(id),
            Progress::Answered => self.answered(id),
            Progress::SpeechStarted => self.speech_started(id),
            Progress::Verdict {
                who,
                greeting_ended,
            } => self.verdict(id, who, greeting_ended),
            Progress::Failed { cause, retry_after } => self.failed(id, cause, retry_after),
            Progress::HungUp => self.hung_up(id),
            Progress::Bridged => self.bridged(id),
            Progress::BridgeFailed => self.bridge_failed(id),
            Progress::MessageEnded => self.message_ended(id),
            Progress::OptOut => self.opt_out(id),
            Progress::GreetingEnded { ago } => self.greeting_ended(id, ago),
            Progress::MachineListens => self.machine_listens(id),
            Progress::AnnouncementEnded => self.announcement_ended(id),
        }
    }

    fn sent(&mut self, id: CallId) {
        let call = &self.calls[&id];
        if call.direction == Direction::Outbound
            && let Some(campaign) = self.campaigns.get_mut(&call.campaign)
        {
            campaign.counts.placed += 1;
        }
    }

    /// Early media counts as ringing: a phone may be ringing behind it, and no other trunk
    /// may ring it a second time.
    fn ringing(&mut self, id: CallId) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.rang.get_or_insert(now);
        if call.phase == Phase::Dialing {
            call.enter(Phase::Ringing, now);
            let timeout = call.ring_timeout;
            self.arm_call(id, now + timeout);
        }
    }

    /// A phone may be ringing behind early media: it counts as ringing. The agent of a
    /// consultation hears it.
    fn early_media(&mut self, id: CallId) {
        self.ringing(id);
        if self.calls[&id].direction == Direction::Transfer {
            self.outside_heard(id);
        }
    }

    fn message_ended(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id)
            && call.phase == Phase::Message
        {
            call.talk.message_left |= call.talk.leaving;
            self.hang_up(id, None, EndedBy::System);
        }
    }

    fn bridged(&mut self, id: CallId) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let (Phase::Bridging, Some(agent)) = (call.phase, call.agent) else {
            return;
        };
        call.enter(Phase::Talking, now.mono);
        call.bridged.get_or_insert(now.mono);
        if call.direction == Direction::Outbound && !call.in_ledger {
            call.in_ledger = true;
            let answered_at = call.answered_wall().unwrap_or(now.wall);
            if let Some(campaign) = self.campaigns.get_mut(&call.campaign) {
                campaign.enter_ledger(answered_at, false);
            }
        }
        self.enter_agent(agent, AgentState::Talking(id));
        self.agent_joined(id, agent);
    }

    fn bridge_failed(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        if let (Phase::Bridging, Some(agent)) = (call.phase, call.agent) {
            if let Some(a) = self.agents.get_mut(&agent) {
                a.line_up = false;
            }
            self.wait_again(id);
            self.alert(crate::event::Alert::AgentLineLost(agent));
            self.enter_agent(agent, AgentState::Break(BreakReason::LineLost));
        }
    }

    /// The reserved agent fell away: back to the queue, the clock running on.
    pub(super) fn wait_again(&mut self, id: CallId) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.agent = None;
        call.enter(Phase::Waiting, now);
        let passed = call.talk.passed;
        let from = passed.map_or(call.clock_from.unwrap_or(now), |p| p.since);
        let until = match passed {
            Some(passed) => passed.next_due(now),
            None => from + self.longest_wait(id),
        };
        self.enqueue(id, from);
        self.arm_call(id, until.max(now));
    }

    /// Puts a call in the queue, as waiting since `from`.
    pub(super) fn enqueue(&mut self, id: CallId, from: Mono) {
        self.unqueue(id);
        if let Some(call) = self.calls.get_mut(&id) {
            call.queued = Some(from);
            self.waiting.insert((from, id));
        }
    }

    /// Takes a call out of the queue, if it is there.
    pub(super) fn unqueue(&mut self, id: CallId) {
        if let Some(from) = self.calls.get_mut(&id).and_then(|c| c.queued.take()) {
            self.waiting.remove(&(from, id));
        }
    }

    /// Joins a waiting person with an idle agent.
    pub(super) fn reserve(&mut self, id: CallId, agent: crate::id::AgentId) {
        let now = self.now.mono;
        self.unqueue(id);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.enter(Phase::Bridging, now);
        call.agent = Some(agent);
        let (campaign, lead) = (call.campaign, call.lead.as_ref().map(|l| l.id));
        if let Some(a) = self.agents.get_mut(&agent) {
            a.campaign = Some(campaign);
            a.lead = lead;
        }
        self.enter_agent(agent, AgentState::Reserved(id));
        self.order(Command::Bridge { call: id, agent });
        self.arm_call(id, now + BRIDGE_LIMIT);
    }

    fn opt_out(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.opted_out = true;
        let (campaign, number) = (call.campaign, call.number);
        if let (Some(lead), Some(number)) = (call.lead.as_ref().map(|l| l.id), number) {
            self.order(Command::EnterDoNotCall {
                lead,
                number,
                campaign,
            });
        }
    }

    /// Something of a call is due.
    pub(super) fn call_deadline(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        match call.phase {
            Phase::Dialing => {
                let nothing = Outcome::Unanswered(Cause::TrunkFailure);
                self.hang_up(id, Some(nothing), EndedBy::System);
            }
            Phase::Ringing => {
                let rung_out = Outcome::Unanswered(Cause::NoAnswer);
                self.hang_up(id, Some(rung_out), EndedBy::System);
            }
            Phase::Screening => self.undecided(id),
            // No beep, no message.
            Phase::Machine => self.hang_up(id, None, EndedBy::System),
            Phase::Waiting => self.give_up(id),
            Phase::Bridging => self.bridge_failed(id),
            Phase::Talking => self.talk_deadline(id),
            Phase::Message => self.hang_up(id, None, EndedBy::System),
            Phase::Ending => {
                let outcome = call.outcome_at_end(None);
                self.end_call(id, outcome);
            }
        }
    }

    /// No agent in time: the message, and the ledger.
    fn give_up(&mut self, id: CallId) {
        // An agent may have become idle in this very instant.
        if self.passed_on_alone_no_more(id) || self.route_one(id) {
            return;
        }
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        // Whoever has talked to an agent already was not abandoned.
        if call.bridged.is_none() {
            self.enter_abandoned(id);
        }
        self.play_message(id);
    }

    /// Enters in record and ledger that nobody could serve this person.
    pub(super) fn enter_abandoned(&mut self, id: CallId) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.gave_up = Some(now.mono);
        call.outcome = Some(match call.direction {
            Direction::Outbound | Direction::Transfer => Outcome::Abandoned,
            Direction::Inbound => Outcome::InboundMessage,
        });
        if call.direction == Direction::Outbound && !call.in_ledger {
            call.in_ledger = true;
            let answered_at = call.answered_wall().unwrap_or(now.wall);
            if let Some(campaign) = self.campaigns.get_mut(&call.campaign) {
                campaign.enter_ledger(answered_at, true);
            }
        }
    }

    /// Plays the message that fits; its end is hung up.
    pub(super) fn play_message(&mut self, id: CallId) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.enter(Phase::Message, now);
        self.unqueue(id);
        let prompt = self.prompt_for(id);
        self.dissolve(id);
        self.order(Command::PlayMessage { call: id, prompt });
        self.arm_call(id, now + MESSAGE_LIMIT);
    }

    /// How long a call may wait for an agent.
    pub(super) fn longest_wait(&self, id: CallId) -> Duration {
        let Some(call) = self.calls.get(&id) else {
            return Duration::ZERO;
        };
        let Some(campaign) = self.campaigns.get(&call.campaign) else {
            return Duration::ZERO;
        };
        match (call.direction, &campaign.config.inbound) {
            (Direction::Outbound, _) => campaign.config.abandonment.within,
            (_, InboundRule::Queue { longest_wait, .. }) => *longest_wait,
            (_, InboundRule::Message { .. }) => Duration::ZERO,
        }
    }

    /// The message a call would hear.
    pub(super) fn prompt_for(&self, id: CallId) -> String {
        let Some(call) = self.calls.get(&id) else {
            return String::new();
        };
        debug_assert_eq!(call.phase, Phase::Message);
        let Some(campaign) = self.campaigns.get(&call.queue_campaign()) else {
            return String::new();
        };
        let passed = call.talk.passed.is_some();
        match (call.direction, &campaign.config.inbound) {
            (Direction::Outbound, _) if !passed => campaign.config.abandon_prompt.clone(),
            (_, InboundRule::Queue { prompt, .. } | InboundRule::Message { prompt }) => {
                prompt.clone()
            }
        }
    }
}
