//! After the engine has stopped deciding: conversations go on, nobody new is kept waiting.
//!
//! A person who answers hears the campaign's message, as if no agent were free.

use super::Switch;
use super::dtmf_codes::DeskCode;
use super::lines::Stage;
use carillon_decision::conversation::Party as Member;
use carillon_decision::id::{AgentId, CallId};
use std::time::Instant;

impl Switch {
    /// Ends what the engine can no longer look after. Conversations stay.
    pub(super) fn engine_halted(&mut self, now: Instant) {
        if std::mem::replace(&mut self.halted, true) {
            return;
        }
        tracing::error!(
            calls = self.calls.len(),
            "the engine has stopped: no new calls; conversations go on until they end"
        );
        self.take_back_halted(now);
        let all: Vec<(CallId, Stage)> = self
            .calls
            .iter()
            .map(|(&c, line)| (c, line.stage))
            .collect();
        for (call, stage) in all {
            match stage {
                Stage::Dialing | Stage::Storing => self.hang_up(now, call),
                Stage::Answered => self.message_halted(now, call),
                Stage::Message | Stage::Talking | Stage::Ending => {}
            }
        }
    }

    /// Customers who hear music go back to their agent; nobody else would ever do that.
    fn take_back_halted(&mut self, now: Instant) {
        for (call, agent) in self.talks.held() {
            let consulted = self.calls.iter();
            let consulted: Vec<CallId> = consulted
                .filter(|(_, line)| line.conversation == Some(call))
                .map(|(&id, _)| id)
                .collect();
            for call in consulted {
                self.hang_up(now, call);
            }
            let back = agent.map(|agent| self.try_bridge(call, agent));
            if !matches!(back, Some(Ok(()))) {
                self.message_halted(now, call);
            }
        }
    }

    fn message_halted(&mut self, now: Instant, call: CallId) {
        let campaign = self
            .calls
            .get(&call)
            .and_then(|l| self.campaigns.get(&l.campaign));
        let Some(prompt) = campaign.map(|c| c.abandon_prompt.clone()) else {
            return self.hang_up(now, call);
        };
        self.play_message(call, &prompt);
        if self
            .calls
            .get(&call)
            .is_some_and(|l| l.stage != Stage::Message)
        {
            self.hang_up(now, call);
        }
    }

    /// A call answered with no engine to serve it.
    pub(super) fn after_answer_halted(&mut self, now: Instant, call: CallId) {
        if self.halted {
            self.message_halted(now, call);
        }
    }

    pub(super) fn after_message_halted(&mut self, now: Instant, call: CallId) {
        if self.halted {
            self.hang_up(now, call);
        }
    }

    /// The agent of a conversation is gone.
    pub(super) fn agent_lost_halted(&mut self, now: Instant, call: CallId) {
        if self.halted && self.stopping.is_none() {
            self.message_halted(now, call);
        }
    }

    /// What an agent may still do by phone.
    pub(super) fn code_halted(&mut self, now: Instant, agent: AgentId, code: DeskCode) {
        let bridged = self.talks.of(Member::Agent(agent));
        match (code, bridged) {
            (DeskCode::HangUp, Some(call)) => self.hang_up(now, call),
            (DeskCode::LogOut, None) => self.release_line(now, agent, true),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lines::CallLine;
    use super::super::testing::switch;
    use super::*;
    use carillon_decision::id::{CampaignId, TrunkId};

    #[test]
    fn conversations_stay_and_nothing_new_begins() {
        let (mut switch, inputs) = switch();
        let now = switch.clock.instant();
        for (id, stage) in [
            (1, Stage::Storing),
            (2, Stage::Talking),
            (3, Stage::Answered),
        ] {
            let line = CallLine::new(CampaignId(1), TrunkId(1), stage);
            switch.calls.insert(CallId(id), line);
        }
        switch.engine_halted(now);
        assert!(
            switch.calls[&CallId(1)].hang_up,
            "its INVITE will not leave"
        );
        assert_eq!(switch.calls[&CallId(2)].stage, Stage::Talking);
        // It had no leg to say goodbye on, so it is gone at once.
        assert!(!switch.calls.contains_key(&CallId(3)));
        switch.command(now, carillon_decision::Command::HangUp { call: CallId(2) });
        assert!(
            inputs.try_recv().is_err(),
            "a halted engine is told nothing"
        );
    }
}
