//! Joining callers and agents, parting them, and messages to callers nobody can serve.

use super::Switch;
use super::lines::Stage;
use carillon_decision::Progress;
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

    fn try_bridge(&mut self, call: CallId, agent: AgentId) -> Result<(), String> {
        let line = self.calls.get_mut(&call).ok_or("the call is gone")?;
        let desk = self.agents.get_mut(&agent).ok_or("the agent is unknown")?;
        let phone = desk
            .media
            .filter(|_| desk.up)
            .ok_or("the agent's line is down")?;
        let leg = line.audio().ok_or("the call has no audio")?;
        if line.stage == Stage::Ending || line.leg.is_none() {
            return Err("the call is ending".to_owned());
        }
        if let Some(other) = desk.bridged.filter(|&other| other != call) {
            return Err(format!("the agent's line still carries call {other}"));
        }
        self.media.stop_watch(leg);
        self.media.zip(phone.leg);
        self.media
            .bridge(leg, phone.leg)
            .map_err(|e| e.to_string())?;
        line.stage = Stage::Talking;
        line.judged = true;
        line.agent = Some(agent);
        desk.bridged = Some(call);
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
        Ok(())
    }

    /// Ends the bridge a call is in; the agent's line goes back to silence.
    pub(super) fn part(&mut self, call: CallId) {
        let Some(line) = self.calls.get_mut(&call) else {
            return;
        };
        if let (Some(leg), Stage::Talking | Stage::Ending) = (line.audio(), line.stage) {
            self.media.unbridge(leg);
        }
        if let Some(desk) = line.agent.and_then(|a| self.agents.get_mut(&a)) {
            desk.bridged = desk.bridged.filter(|&c| c != call);
        }
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
