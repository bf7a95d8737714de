//! What supervisors and agents ask for, checked against the board and handed to the engine.

use super::{FloorPort, PATIENCE, asked, node_problem, unavailable};
use crate::config::CampaignSettings;
use crate::switch::{Notice, TestCall, TestReport, TestStep};
use carillon_api::port::{
    Action, ActionError, ActionReply, AgentAction, DispositionEntry, Problem,
};
use carillon_decision::Input;
use carillon_decision::agent::{AgentState, BreakReason};
use carillon_decision::campaign::Dial;
use carillon_decision::id::{AgentId, CallId};
use carillon_decision::lead::Callback;
use carillon_decision::number::E164;
use carillon_store::StoreError;
use std::time::Duration;
use tokio::sync::oneshot;

/// A test call rings for 30 s, is listened to for 3 s, held and resumed within 8 s each, and hung
/// up, for which a silent far end takes 32 s.
const TEST_WITHIN: Duration = Duration::from_secs(100);

impl FloorPort {
    pub(super) async fn acted(&self, action: Action) -> Result<ActionReply, ActionError> {
        match action {
            Action::Campaign { name, dials } => self.turn_dials(&name, dials).await,
            Action::List { id, active } => self.switch_list(&id, active).await,
            Action::Agent {
                name,
                action,
                by_supervisor,
            } => self.agent_does(&name, action, by_supervisor).await,
            Action::Disposition(entry) => self.dispose(entry).await,
            Action::Note(entry) => {
                self.campaign_of_call(entry.agent, entry.call)?;
                self.keep_note(entry.call, &entry.text).await?;
                Ok(ActionReply::done("noted"))
            }
            Action::Conversation { name, order } => self.converse(&name, order).await,
            Action::Supervise(supervision) => self.supervise(supervision).await,
            Action::Record(order) => self.record(order).await,
            Action::Review(entry) => self.reviewed(entry).await,
            Action::TrunkTest { name, number } => self.test_trunk(&name, number).await,
            Action::Drain { on } => {
                self.tell(Input::Drain { on }).await?;
                Ok(ActionReply::done(if on {
                    "draining: no new calls"
                } else {
                    "dialing resumes"
                }))
            }
            Action::Stop { now } => {
                // A handle that is gone is stopping already.
                let _ = self.stop.send(Some(now));
                Ok(ActionReply::done(if now {
                    "stopping at once"
                } else {
                    "draining, then stopping"
                }))
            }
        }
    }

    pub(super) async fn tell(&self, input: Input) -> Result<(), ActionError> {
        self.inputs.send(input).await.map_err(|e| node_problem(&e))
    }

    /// All dials or none: the tuning that results is checked first.
    async fn turn_dials(&self, name: &str, dials: Vec<Dial>) -> Result<ActionReply, ActionError> {
        let campaign = self.campaign(name)?.engine.id;
        let board = self.board();
        let standing = board.floor.campaigns.iter().find(|c| c.id == campaign);
        let mut tuning = standing.map_or(self.campaign(name)?.engine.tuning, |c| c.tuning);
        for dial in &dials {
            match dial {
                Dial::Running(_) => {}
                Dial::Mode(mode) => tuning.mode = *mode,
                Dial::Cap(cap) => tuning.cap = *cap,
                Dial::MaxLinesPerAgent(most) => tuning.max_lines_per_agent = *most,
                Dial::RingCancel(on) => tuning.ring_cancel = *on,
            }
        }
        tuning.check().map_err(|error| {
            ActionError::new(
                Problem::Invalid,
                error.code(),
                error.to_string(),
                "choose a value in the range",
            )
        })?;
        let turned = dials.len();
        for dial in dials {
            self.tell(Input::Adjust { campaign, dial }).await?;
        }
        Ok(ActionReply::done(format!(
            "campaign {name}: {turned} settings changed"
        )))
    }

    async fn switch_list(&self, id: &str, active: bool) -> Result<ActionReply, ActionError> {
        let settled = self.held.settled().await;
        let mut found = false;
        for campaign in &self.config.campaigns {
            found |= asked(self.store.set_list_active(campaign.engine.id, id, active)).await?;
        }
        drop(settled);
        if !found {
            return Err(ActionError::not_found(format!("list {id}")));
        }
        if !active {
            self.withdraw_list(id).await?;
        }
        let state = if active { "on" } else { "off" };
        Ok(ActionReply::done(format!("list {id} is {state}")))
    }

    /// Takes a list's waiting leads out of the hoppers. Those in a call stay; the engine gives
    /// the others back at once, and they are offered again when the list is on.
    async fn withdraw_list(&self, id: &str) -> Result<(), ActionError> {
        let in_calls: Vec<_> = {
            let board = self.status.borrow();
            board.floor.calls.iter().filter_map(|c| c.lead).collect()
        };
        for lead in self.held.list() {
            let details = asked(self.store.lead(lead)).await?;
            if details.list != id {
                continue;
            }
            let campaign = details.campaign;
            self.tell(Input::LeadWithdrawn { campaign, lead }).await?;
            if !in_calls.contains(&lead) {
                self.held.remove(lead);
            }
        }
        Ok(())
    }

    async fn agent_does(
        &self,
        name: &str,
        action: AgentAction,
        by_supervisor: bool,
    ) -> Result<ActionReply, ActionError> {
        let agent = self
            .config
            .agent(name)
            .ok_or_else(|| ActionError::not_found(format!("agent {name}")))?;
        let agent = agent.engine.id;
        let state = self.state_of(agent);
        let input = match action {
            AgentAction::Login => Input::AgentLogin { agent },
            AgentAction::Ready => Input::AgentReady { agent },
            AgentAction::Break => {
                let reason = if by_supervisor {
                    BreakReason::Supervisor
                } else {
                    BreakReason::Requested
                };
                Input::AgentBreak { agent, reason }
            }
            AgentAction::Logout => Input::AgentLogout { agent, now: false },
            AgentAction::Hangup => Input::AgentHangUp { agent },
        };
        let out = state == AgentState::LoggedOut;
        let conflict = match action {
            AgentAction::Login => (!out).then_some("is logged in already"),
            AgentAction::Hangup => {
                (!matches!(state, AgentState::Talking(_))).then_some("is in no conversation")
            }
            _ => out.then_some("is not logged in"),
        };
        if let Some(why) = conflict {
            let message = format!("{name} {why}");
            return Err(ActionError::new(
                Problem::Conflict,
                "LIVE-STATE",
                message,
                "look at the present state first",
            ));
        }
        self.tell(input).await?;
        let does = match action {
            AgentAction::Login => "is being called",
            AgentAction::Ready => "takes calls",
            AgentAction::Break => "goes on a break",
            AgentAction::Logout => "logs out",
            AgentAction::Hangup => "hangs up",
        };
        Ok(ActionReply::done(format!("{name} {does}")))
    }

    pub(super) fn state_of(&self, agent: AgentId) -> AgentState {
        let board = self.board();
        let found = board.floor.agents.iter().find(|a| a.id == agent);
        found.map_or(AgentState::LoggedOut, |a| a.state)
    }

    async fn dispose(&self, entry: DispositionEntry) -> Result<ActionReply, ActionError> {
        let campaign = self.campaign_of_call(entry.agent, entry.call)?;
        let invalid = |message: String, remedy: &str| {
            ActionError::new(Problem::Invalid, "LIVE-DISPOSITION", message, remedy)
        };
        let kind = campaign
            .engine
            .dispositions
            .iter()
            .find(|d| d.code == entry.code);
        let kind = kind.ok_or_else(|| {
            invalid(
                format!("`{}` is no disposition of the campaign", entry.code),
                "choose one of the list",
            )
        })?;
        if kind.callback && entry.callback.is_none() {
            return Err(invalid(
                format!("`{}` needs a time to call back", entry.code),
                "give the promised time",
            ));
        }
        let callback = entry.callback.filter(|_| kind.callback).map(|at| Callback {
            at,
            agent: Some(entry.agent),
        });
        let name = kind.name.clone();
        self.tell(Input::AgentDisposition {
            agent: entry.agent,
            call: entry.call,
            disposition: entry.code.clone(),
            callback,
            ready: entry.ready,
        })
        .await?;
        if let Some(note) = &entry.note {
            self.keep_note(entry.call, note)
                .await
                .map_err(|mut error| {
                    error.message = format!("{name} is entered, but {}", error.message);
                    error
                })?;
        }
        Ok(ActionReply::done(format!("entered: {name}")))
    }

    /// The campaign of the call this agent is in or wraps up.
    fn campaign_of_call(
        &self,
        agent: AgentId,
        call: CallId,
    ) -> Result<&CampaignSettings, ActionError> {
        let board = self.board();
        let agent = board.floor.agents.iter().find(|a| a.id == agent);
        agent
            .filter(|a| a.state.call() == Some(call))
            .and_then(|a| a.campaign)
            .and_then(|id| self.campaign_by_id(id))
            .ok_or_else(|| {
                ActionError::new(
                    Problem::Conflict,
                    "LIVE-CALL",
                    format!("call {call} is not yours, or its wrap-up is over"),
                    "choose a disposition while you talk or wrap up",
                )
            })
    }

    /// Notes go straight to the store: they are about a person, decide nothing, and have no
    /// place in the journal.
    async fn keep_note(&self, call: CallId, note: &str) -> Result<(), ActionError> {
        match tokio::time::timeout(PATIENCE, self.store.set_note(call, note)).await {
            // The store writes it by itself when it can.
            Ok(Ok(()) | Err(StoreError::Kept { .. })) => Ok(()),
            failed => {
                let why = match failed {
                    Ok(Err(error)) => error.to_string(),
                    _ => "the store does not answer".to_owned(),
                };
                Err(ActionError::new(
                    Problem::Unavailable,
                    "LIVE-NOTE",
                    format!("the note is not stored: {why}"),
                    "keep a copy of the note and tell the supervisor",
                ))
            }
        }
    }

    async fn test_trunk(&self, name: &str, number: E164) -> Result<ActionReply, ActionError> {
        let trunk = self
            .config
            .trunk(name)
            .ok_or_else(|| ActionError::not_found(format!("trunk {name}")))?;
        let mut shown = self
            .config
            .campaigns
            .iter()
            .flat_map(|c| c.engine.caller_ids.iter().copied());
        let caller_id = shown.next().ok_or_else(|| {
            ActionError::new(
                Problem::Invalid,
                "LIVE-CALLER-ID",
                "no campaign has a caller ID to show",
                "add one",
            )
        })?;
        let (reply, report) = oneshot::channel();
        let test = TestCall {
            trunk: trunk.engine.id,
            number,
            caller_id,
        };
        let sent = self.notices.send(Notice::Test { test, reply }).await;
        sent.map_err(|_| unavailable("the node is stopping"))?;
        match tokio::time::timeout(TEST_WITHIN, report).await {
            Ok(Ok(report)) => Ok(told(report)),
            _ => Err(unavailable("the test call did not end")),
        }
    }
}

fn told(report: TestReport) -> ActionReply {
    let mut message = report.verdict;
    if !report.remedy.is_empty() {
        message.push_str(": ");
        message.push_str(&report.remedy);
    }
    let steps = report.steps.iter().map(TestStep::text);
    let text = format!(
        "{}\n\n{}",
        steps.collect::<Vec<_>>().join("\n"),
        report.ladder.text()
    );
    ActionReply {
        message,
        ladder: text.trim_start().lines().map(str::to_owned).collect(),
        passed: Some(report.passed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trunk_test_tells_whether_it_passed_and_what_to_do() {
        let report = |passed, remedy: &str| TestReport {
            passed,
            verdict: "`a` answered 404 Not Found".to_owned(),
            remedy: remedy.to_owned(),
            steps: Vec::new(),
            ladder: Default::default(),
        };
        let failed = told(report(false, "check the number"));
        assert_eq!(failed.passed, Some(false));
        assert_eq!(
            failed.message,
            "`a` answered 404 Not Found: check the number"
        );
        assert_eq!(told(report(true, "")).passed, Some(true));
        assert_eq!(ActionReply::done("done").passed, None);
    }
}
