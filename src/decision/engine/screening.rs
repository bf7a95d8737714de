//! Who answered: from the answer to a person who waits for an agent, or a machine that is hung
//! up or gets a message.

use super::Engine;
use crate::call::{AmdVerdict, Call, Cause, Direction, EndedBy, Outcome, Phase};
use crate::campaign::{AbandonmentClock, Screening};
use crate::conversation::MachineRule;
use crate::event::Command;
use crate::id::CallId;
use crate::pacing;
use crate::time::Mono;
use std::time::Duration;

/// Whoever speaks longer without an end of the greeting is a person: nobody may be kept
/// undecided longer than this once they speak.
const SPEECH_LIMIT: Duration = Duration::from_secs(4);
/// The same where machines are looked for with more patience: announcements of six seconds
/// without a pause are told by their length and their tones, people do not speak so.
const SPEECH_LIMIT_CAREFUL: Duration = Duration::from_secs(6);
/// Whom nobody told apart in time is a person: decided this long before the legal deadline, so
/// that an agent can still be joined.
const MARGIN: Duration = Duration::from_millis(300);
/// Longest wait for the beep of a machine.
const BEEP_LIMIT: Duration = Duration::from_secs(40);

impl Engine {
    pub(super) fn answered(&mut self, id: CallId) {
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
        let outside = call.direction == Direction::Transfer;
        self.trunks.learn(trunk, false, false, None, now.mono);
        if outside {
            return self.outside_answered(id);
        }
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
            let call = self.calls.get_mut(&id).expect("looked up above");
            call.enter(Phase::Screening, now.mono);
            self.arm_screening(id);
        } else {
            self.person_waits(id, now.mono);
        }
    }

    /// Arms the instant at which an undecided callee is taken for a person: before the legal
    /// deadline, whose clock starts at the end of the greeting (16 CFR 310.4(b)(4)(iii)) or at
    /// the answer.
    fn arm_screening(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        let Some(config) = self.campaigns.get(&call.campaign).map(|c| &c.config) else {
            return;
        };
        let rule = config.abandonment;
        let patience = rule.within.saturating_sub(MARGIN);
        let answered = call.answered.map_or(call.since, |a| a.mono);
        let longest = match config.screening {
            Screening::Careful => SPEECH_LIMIT_CAREFUL,
            Screening::Fast | Screening::Off => SPEECH_LIMIT,
        };
        let at = match (rule.clock, call.greeting_end, call.speech_from) {
            (AbandonmentClock::Answer, _, _) => answered + patience,
            (AbandonmentClock::GreetingEnd, Some(end), _) => end + patience,
            (AbandonmentClock::GreetingEnd, None, Some(from)) => from + longest,
            (AbandonmentClock::GreetingEnd, None, None) => answered + patience,
        };
        self.arm_call(id, at.max(self.now.mono));
    }

    pub(super) fn speech_started(&mut self, id: CallId) {
        let now = self.now.mono;
        if let Some(call) = self.calls.get_mut(&id)
            && call.phase == Phase::Screening
        {
            call.speech_from.get_or_insert(now);
            self.arm_screening(id);
        }
    }

    /// The first greeting's end counts: a person who says "hello" again has been waiting since.
    pub(super) fn greeting_ended(&mut self, id: CallId, ago: Duration) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let answered = call.answered.map_or(now, |a| a.mono);
        let end = (now - ago).max(answered);
        match call.phase {
            Phase::Screening => {
                call.speech_from.get_or_insert(end);
                call.greeting_end.get_or_insert(end);
                self.arm_screening(id);
            }
            Phase::Waiting => self.waits_since(id, end),
            _ => {}
        }
    }

    /// Nobody told in time: a person.
    pub(super) fn undecided(&mut self, id: CallId) {
        let now = self.now.mono;
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        let answered = call.answered.map_or(now, |a| a.mono);
        let from = match (call.greeting_end, call.speech_from) {
            (Some(end), _) => end,
            // Still speaking: their greeting ends no earlier than now.
            (None, Some(_)) => now,
            (None, None) => answered,
        };
        self.person_waits(id, from);
    }

    pub(super) fn verdict(&mut self, id: CallId, who: AmdVerdict, greeting_ended: Duration) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.phase != Phase::Screening {
            return self.late_verdict(id, who, greeting_ended);
        }
        call.verdict = Some(who);
        let outcome = match who {
            AmdVerdict::Person => {
                let from = greeting_end_of(call, now, greeting_ended);
                return self.person_waits(id, from);
            }
            AmdVerdict::Machine => return self.machine_found(id),
            AmdVerdict::Fax => Outcome::Fax,
            AmdVerdict::NotInService => Outcome::Unanswered(Cause::Disconnected),
        };
        self.hang_up(id, Some(outcome), EndedBy::System);
    }

    /// What is heard before the answer, or after a verdict.
    fn late_verdict(&mut self, id: CallId, who: AmdVerdict, greeting_ended: Duration) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.unanswered() && who == AmdVerdict::NotInService {
            call.verdict = Some(who);
            let gone = Outcome::Unanswered(Cause::Disconnected);
            return self.hang_up(id, Some(gone), EndedBy::System);
        }
        let taken_for_machine =
            call.verdict == Some(AmdVerdict::Machine) && call.outcome == Some(Outcome::Machine);
        if taken_for_machine && who == AmdVerdict::Person {
            self.was_a_person(id, greeting_ended);
        } else if call.phase == Phase::Waiting && who == AmdVerdict::Person {
            call.verdict.get_or_insert(who);
            let end = greeting_end_of(call, self.now.mono, greeting_ended);
            self.waits_since(id, end);
        }
    }

    /// Somebody taken for a person while they still spoke had ended their greeting before: the
    /// clock runs since then.
    fn waits_since(&mut self, id: CallId, end: Mono) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(campaign) = self.campaigns.get(&call.campaign) else {
            return;
        };
        let rule = campaign.config.abandonment;
        let first_wait = call.bridged.is_none() && call.talk.passed.is_none();
        let sooner = call.clock_from.is_some_and(|from| end < from);
        if rule.clock == AbandonmentClock::GreetingEnd && first_wait && sooner {
            call.clock_from = Some(end);
            self.enqueue(id, end);
            self.arm_call(id, (end + rule.within).max(now));
        }
    }

    /// A machine: hung up, or kept until it takes the campaign's message.
    fn machine_found(&mut self, id: CallId) {
        let now = self.now.mono;
        if self.machine_prompt(id).is_none() {
            return self.hang_up(id, Some(Outcome::Machine), EndedBy::System);
        }
        if let Some(call) = self.calls.get_mut(&id) {
            call.outcome = Some(Outcome::Machine);
            call.enter(Phase::Machine, now);
            self.arm_call(id, now + BEEP_LIMIT);
        }
    }

    /// The message the campaign leaves on machines.
    pub(super) fn machine_prompt(&self, id: CallId) -> Option<String> {
        let campaign = self.campaigns.get(&self.calls.get(&id)?.campaign)?;
        match &campaign.config.conversation.machine {
            MachineRule::HangUp => None,
            MachineRule::LeaveMessage { prompt } => Some(prompt.clone()),
        }
    }

    /// A beep, or a machine that fell silent. A beep alone is proof enough of a machine.
    pub(super) fn machine_listens(&mut self, id: CallId) {
        if self.calls[&id].phase == Phase::Screening {
            self.verdict(id, AmdVerdict::Machine, Duration::ZERO);
        }
        if self.calls[&id].phase == Phase::Machine
            && let Some(prompt) = self.machine_prompt(id)
        {
            self.leave_message(id, prompt);
        }
    }

    /// Plays the campaign's message to a machine.
    pub(super) fn leave_message(&mut self, id: CallId, prompt: String) {
        let now = self.now.mono;
        if let Some(call) = self.calls.get_mut(&id) {
            call.talk.leaving = true;
            call.enter(Phase::Message, now);
            self.order(Command::PlayMessage { call: id, prompt });
            self.arm_call(id, now + super::progress::MESSAGE_LIMIT);
        }
    }

    /// Whoever was taken for a machine was a person: an agent while the law's clock still runs,
    /// else an abandoned call.
    fn was_a_person(&mut self, id: CallId, greeting_ended: Duration) {
        let now = self.now.mono;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(campaign) = self.campaigns.get(&call.campaign) else {
            return;
        };
        let rule = campaign.config.abandonment;
        call.verdict = Some(AmdVerdict::Person);
        call.outcome = None;
        call.talk.leaving = false;
        let greeting_end = greeting_end_of(call, now, greeting_ended);
        let from = match rule.clock {
            AbandonmentClock::GreetingEnd => greeting_end,
            AbandonmentClock::Answer => call.answered.map_or(now, |a| a.mono),
        };
        let phase = call.phase;
        if phase == Phase::Machine && now < from + rule.within {
            return self.person_waits(id, greeting_end);
        }
        call.clock_from = Some(from);
        self.learn_person(id);
        self.enter_abandoned(id);
        if phase == Phase::Machine {
            self.play_message(id);
        }
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
        let Some(campaign) = self.campaigns.get(&call.campaign) else {
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
        self.learn_person(id);
        self.enqueue(id, from);
        self.arm_call(id, (from + rule.within).max(now));
    }

    /// Pacing learns that a person answered, once a call.
    fn learn_person(&mut self, id: CallId) {
        let now = self.now.mono;
        if let Some(call) = self.calls.get(&id)
            && !call.late_answer
            && let Some(campaign) = self.campaigns.get_mut(&call.campaign)
        {
            let answered = call.answered.map_or(now, |a| a.mono);
            campaign.pacer.observe_resolution(&pacing::Resolution {
                outcome: pacing::Outcome::Human,
                elapsed_s: answered.since(call.started.mono).as_secs_f64(),
                rang: call.rang.is_some(),
                p_human: call.lead.as_ref().and_then(|l| l.answer_chance),
            });
        }
    }
}

/// When the greeting ended: as told by its own event, else by the verdict; never before the
/// answer.
fn greeting_end_of(call: &Call, now: Mono, ago: Duration) -> Mono {
    let answered = call.answered.map_or(now, |a| a.mono);
    let told = (now - ago).max(answered);
    call.greeting_end.map_or(told, |end| end.min(told))
}
