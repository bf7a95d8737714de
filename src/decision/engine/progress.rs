//! News of calls: from the first ringing sign to the conversation.

use super::Engine;
use crate::agent::{AgentState, BreakReason};
use crate::call::{AmdVerdict, Cause, Direction, EndedBy, Outcome, Phase};
use crate::campaign::AbandonmentClock;
use crate::event::{Command, Progress};
use crate::id::CallId;
use crate::pacing;
use crate::time::Mono;
use std::time::Duration;

/// Nobody may be kept undecided longer than this once they speak.
const SCREEN_SPEECH_LIMIT: Duration = Duration::from_secs(3);
/// A person whom nobody told apart in time is a person: decided this long before the legal
/// deadline that runs from the answer.
const SCREEN_MARGIN: Duration = Duration::from_millis(300);
/// Longest wait for the driver to join two legs.
const BRIDGE_LIMIT: Duration = Duration::from_secs(5);
/// Longest message.
const MESSAGE_LIMIT: Duration = Duration::from_secs(60);
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
            Progress::Ringing | Progress::EarlyMedia => self.ringing(id),
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
            Progress::MessageEnded => {
                if self.calls[&id].phase == Phase::Message {
                    self.hang_up(id, None, EndedBy::System);
                }
            }
            Progress::OptOut => self.opt_out(id),
            _ => {}
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

    fn answered(&mut self, id: CallId) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.answered.is_some() {
            return;
        }
        call.answered = Some(now);
        let late = call.phase == Phase::Ending;
        let (trunk, campaign) = (call.trunk, call.campaign);
        self.trunks.learn(trunk, false, false, None, now.mono);
        if late {
            // The answer crossed our CANCEL: a person is on the line.
            let call = self.calls.get_mut(&id).expect("looked up above");
            call.late_answer = true;
            call.outcome = None;
            call.ended_by = None;
            return self.person_waits(id, now.mono);
        }
        let Some(config) = self.campaigns.get(&campaign).map(|c| &c.config) else {
            return;
        };
        if config.screening.is_on() {
            let undecided = config.abandonment.within.saturating_sub(SCREEN_MARGIN);
            let call = self.calls.get_mut(&id).expect("looked up above");
            call.enter(Phase::Screening, now.mono);
            self.arm_call(id, now.mono + undecided);
        } else {
            self.person_waits(id, now.mono);
        }
    }

    fn speech_started(&mut self, id: CallId) {
        if self.calls[&id].phase == Phase::Screening {
            self.arm_call(id, self.now.mono + SCREEN_SPEECH_LIMIT);
        }
    }

    fn verdict(&mut self, id: CallId, who: AmdVerdict, greeting_ended: Duration) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.phase != Phase::Screening {
            if call.unanswered() && who == AmdVerdict::NotInService {
                call.verdict = Some(who);
                let gone = Outcome::Unanswered(Cause::Disconnected);
                self.hang_up(id, Some(gone), EndedBy::System);
            }
            return;
        }
        call.verdict = Some(who);
        let outcome = match who {
            AmdVerdict::Person => {
                let answered = call.answered.map_or(now, |a| a.mono);
                let from = (now - greeting_ended).max(answered);
                return self.person_waits(id, from);
            }
            AmdVerdict::Machine => Outcome::Machine,
            AmdVerdict::Fax => Outcome::Fax,
            AmdVerdict::NotInService => Outcome::Unanswered(Cause::Disconnected),
        };
        self.hang_up(id, Some(outcome), EndedBy::System);
    }

    /// A person is on the line this instant, greeting or not.
    pub(super) fn person_waits_now(&mut self, id: CallId) {
        self.person_waits(id, self.now.mono);
    }

    /// A person is on the line and the abandonment clock runs.
    fn person_waits(&mut self, id: CallId, greeting_end: Mono) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(campaign) = self.campaigns.get_mut(&call.campaign) else {
            return;
        };
        let answered = call.answered.map_or(now, |a| a.mono);
        let rule = campaign.config.abandonment;
        let from = match rule.clock {
            AbandonmentClock::GreetingEnd => greeting_end,
            AbandonmentClock::Answer => answered,
        };
        call.clock_from = Some(from);
        call.enter(Phase::Waiting, now);
        if !call.late_answer {
            campaign.pacer.observe_resolution(&pacing::Resolution {
                outcome: pacing::Outcome::Human,
                elapsed_s: answered.since(call.started.mono).as_secs_f64(),
                rang: call.rang.is_some(),
                p_human: call.lead.as_ref().and_then(|l| l.answer_chance),
            });
        }
        self.waiting.insert((from, id));
        self.arm_call(id, (from + rule.within).max(now));
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
        call.bridged = Some(now.mono);
        if call.direction == Direction::Outbound && !call.in_ledger {
            call.in_ledger = true;
            let answered_at = call.answered_wall().unwrap_or(now.wall);
            if let Some(campaign) = self.campaigns.get_mut(&call.campaign) {
                campaign.enter_ledger(answered_at, false);
            }
        }
        self.enter_agent(agent, AgentState::Talking(id));
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
        let from = call.clock_from.unwrap_or(now);
        let until = from + self.longest_wait(id);
        self.waiting.insert((from, id));
        self.arm_call(id, until.max(now));
    }

    /// Joins a waiting person with an idle agent.
    pub(super) fn reserve(&mut self, id: CallId, agent: crate::id::AgentId) {
        let now = self.now.mono;
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
        let now = self.now.mono;
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
            Phase::Screening => self.person_waits(id, now),
            Phase::Waiting => self.give_up(id),
            Phase::Bridging => self.bridge_failed(id),
            Phase::Talking => {}
            Phase::Message => self.hang_up(id, None, EndedBy::System),
            Phase::Ending => {
                let outcome = call.outcome_at_end(None);
                self.end_call(id, outcome);
            }
        }
    }

    /// No agent in time: the message, and the ledger.
    fn give_up(&mut self, id: CallId) {
        let now = self.now;
        // An agent may have become idle in this very instant.
        if self.route_one(id) {
            return;
        }
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
        self.play_message(id);
    }

    /// Plays the message that fits; its end is hung up.
    pub(super) fn play_message(&mut self, id: CallId) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if let Some(from) = call.clock_from {
            self.waiting.remove(&(from, id));
        }
        call.enter(Phase::Message, now);
        let prompt = self.prompt_for(id);
        self.order(Command::PlayMessage { call: id, prompt });
        self.arm_call(id, now + MESSAGE_LIMIT);
    }
}
