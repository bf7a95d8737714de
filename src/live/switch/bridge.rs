//! Joining callers and agents, parting them, and messages to callers nobody can serve.

use super::Switch;
use super::lines::Stage;
use carillon_decision::Progress;
use carillon_decision::conversation::Party as Member;
use carillon_decision::id::{AgentId, CallId};
use std::time::Instant;

impl Switch {
    /// Joins a caller and an agent, with the tone that tells the agent.
    pub(super) fn bridge(&mut self, _now: Instant, call: CallId, agent: AgentId) {
        if !self.calls.contains_key(&call) {
            // It has just ended, and the engine will hear of it; the order is void.
            return;
        }
        match self.try_bridge(call, agent) {
            Ok(()) => self.progress(call, Progress::Bridged),
            Err(reason) => {
                tracing::warn!(%call, %agent, reason, "not bridged");
                self.progress(call, Progress::BridgeFailed);
            }
        }
    }

    pub(super) fn try_bridge(&mut self, call: CallId, agent: AgentId) -> Result<(), String> {
        let line = self.calls.get_mut(&call).ok_or("the call is gone")?;
        let desk = self.agents.get_mut(&agent).ok_or("the agent is unknown")?;
        let phone = desk
            .media
            .filter(|_| desk.up)
            .ok_or("the agent's line is down")?;
        if desk.holds {
            return Err("the agent's phone has its line on hold".to_owned());
        }
        let leg = line.audio().ok_or("the call has no audio")?;
        if line.stage == Stage::Ending || line.leg.is_none() {
            return Err("the call is ending".to_owned());
        }
        let elsewhere = self.talks.of(Member::Agent(agent));
        if let Some(other) = elsewhere.filter(|&other| other != call) {
            return Err(format!("the agent's line still carries call {other}"));
        }
        self.media.stop_watch(leg);
        self.media
            .bridge(leg, phone.leg)
            .map_err(|e| e.to_string())?;
        line.stage = Stage::Talking;
        line.judged = true;
        desk.last = Some((call, line.campaign));
        // Both sides must be there before anything can be late.
        if let Some(person) = line
            .person
            .map(|at| desk.ready.map_or(at, |ready| at.max(ready)))
        {
            let took = self.clock.instant().saturating_duration_since(person);
            self.vitals.bridge_took(took);
        }
        tracing::info!(%call, %agent, lead = line.lead.map(|l| l.0), "bridged");
        self.joined(call, agent);
        self.media.zip(phone.leg);
        Ok(())
    }

    /// Takes a call out of its conversation; the agent's line goes back to silence.
    pub(super) fn part(&mut self, call: CallId) {
        self.leave_talk(Member::Call(call));
    }

    /// Plays a prompt to a customer in conversation; agents hear it too, so that they know when
    /// to speak. One that cannot be played has ended.
    pub(super) fn announce(&mut self, call: CallId, prompt: &str) {
        let Some(line) = self.calls.get(&call) else {
            return;
        };
        let Some(leg) = line.audio().filter(|_| line.stage == Stage::Talking) else {
            return self.progress(call, Progress::AnnouncementEnded);
        };
        let Some(tag) = self.media.announce(leg, prompt) else {
            return self.progress(call, Progress::AnnouncementEnded);
        };
        self.filler_gone(leg);
        if let Some(line) = self.calls.get_mut(&call) {
            line.announcing = Some(tag);
        }
        for agent in self.talks.listeners(call, Member::Call(call)) {
            let desk = self.agents.get(&agent).filter(|desk| desk.up);
            if let Some(port) = desk.and_then(|d| d.media) {
                self.media.announce_under(port.leg, prompt);
            }
        }
        self.note_prompt(call, true);
    }

    /// Whether a prompt that ended on a call was its announcement.
    pub(super) fn announcement_ended(&mut self, call: CallId, tag: u64) -> bool {
        let line = self.calls.get_mut(&call);
        let Some(line) = line.filter(|l| l.announcing == Some(tag)) else {
            return false;
        };
        line.announcing = None;
        self.note_prompt(call, false);
        self.progress(call, Progress::AnnouncementEnded);
        // Music goes on after it.
        self.heard_again(Member::Call(call));
        true
    }

    /// Plays the message to an answered caller. A message that cannot be played has ended.
    pub(super) fn play_message(&mut self, call: CallId, prompt: &str) {
        let Some(line) = self.calls.get(&call) else {
            return;
        };
        if line.stage == Stage::Ending || line.leg.is_none() {
            return;
        }
        // The agent may have been lost mid-call: the caller alone hears the message.
        self.part(call);
        let Some(line) = self.calls.get_mut(&call) else {
            return;
        };
        line.stage = Stage::Message;
        line.judged = true;
        let played = line.audio().is_some_and(|leg| {
            self.media.stop_watch(leg);
            self.media.play(leg, prompt)
        });
        if !played {
            line.stage = Stage::Answered;
            self.progress(call, Progress::MessageEnded);
        }
    }
}
