//! What agents and supervisors ask for within conversations, by name, checked against the board.

use super::FloorPort;
use carillon_api::port::{
    ActionError, ActionReply, ConversationOrder, Problem, RecordCall, Supervision, TransferName,
};
use carillon_decision::Input;
use carillon_decision::agent::{AgentState, Role};
use carillon_decision::conversation::{
    ConsultStep, MachineRule, SuperviseMode, TransferKind, TransferTo,
};
use carillon_decision::id::AgentId;

fn conflict(code: &'static str, message: String, remedy: &str) -> ActionError {
    ActionError::new(Problem::Conflict, code, message, remedy)
}

impl FloorPort {
    pub(super) async fn converse(
        &self,
        name: &str,
        order: ConversationOrder,
    ) -> Result<ActionReply, ActionError> {
        let agent = self.agent_named(name)?;
        if !matches!(self.state_of(agent), AgentState::Talking(_)) {
            let message = format!("{name} is in no conversation");
            let remedy = "this is for the conversation you are in";
            return Err(conflict("LIVE-STATE", message, remedy));
        }
        let (input, done) = match order {
            ConversationOrder::Hold { on } => (
                Input::AgentHold { agent, on },
                if on {
                    "the customer hears music"
                } else {
                    "back with the customer"
                },
            ),
            ConversationOrder::Transfer { to, attended } => {
                let to = self.transfer_to(agent, to)?;
                let (kind, done) = if attended {
                    (TransferKind::Attended, "calling; the customer hears music")
                } else {
                    (TransferKind::Blind, "the customer is passed on")
                };
                (Input::AgentTransfer { agent, to, kind }, done)
            }
            ConversationOrder::Consult(step) => (
                Input::AgentConsult { agent, step },
                match step {
                    ConsultStep::Complete => "the customer is passed on",
                    ConsultStep::Join => "all three hear each other",
                    ConsultStep::Cancel => "back with the customer",
                },
            ),
            ConversationOrder::DropMessage => {
                self.may_leave_message(agent)?;
                let done = "the message is left; you are free";
                (Input::AgentDropMessage { agent }, done)
            }
            ConversationOrder::Recording { pause } => (
                Input::AgentRecording { agent, pause },
                if pause {
                    "recording is paused"
                } else {
                    "recording goes on"
                },
            ),
        };
        self.tell(input).await?;
        Ok(ActionReply::done(done))
    }

    pub(super) async fn supervise(&self, asked: Supervision) -> Result<ActionReply, ActionError> {
        let Supervision {
            supervisor: by,
            agent: of,
            mode,
        } = asked;
        let supervisor = self.agent_named(&by)?;
        let known = self.config.agent(&by);
        if known.is_some_and(|a| a.engine.role != Role::Supervisor) {
            let message = format!("{by} is an agent and cannot listen to others");
            let remedy = "name somebody whose [[agent]] entry says role = \"supervisor\"";
            return Err(conflict("LIVE-ROLE", message, remedy));
        }
        let agent = self.agent_named(&of)?;
        if mode.is_some() && self.state_of(agent) == AgentState::LoggedOut {
            let message = format!("{of} is not logged in");
            return Err(conflict("LIVE-STATE", message, "choose somebody at work"));
        }
        self.tell(Input::Supervise {
            supervisor,
            agent,
            mode,
        })
        .await?;
        Ok(ActionReply::done(match mode {
            Some(SuperviseMode::Listen) => format!("{by} listens to {of}"),
            Some(SuperviseMode::Whisper) => format!("{by} whispers to {of}"),
            Some(SuperviseMode::Barge) => format!("{by} joins {of}"),
            None => format!("{by} no longer listens to {of}"),
        }))
    }

    pub(super) async fn record(&self, order: RecordCall) -> Result<ActionReply, ActionError> {
        let RecordCall { call, on } = order;
        let board = self.board();
        if !board.floor.calls.iter().any(|c| c.id == call) {
            return Err(ActionError::not_found(format!("call {call} in progress")));
        }
        self.tell(Input::Recording { call, on }).await?;
        let does = if on {
            "is recorded"
        } else {
            "is no longer recorded"
        };
        Ok(ActionReply::done(format!("call {call} {does}")))
    }

    fn agent_named(&self, name: &str) -> Result<AgentId, ActionError> {
        let known = self.config.agent(name).map(|a| a.engine.id);
        known.ok_or_else(|| ActionError::not_found(format!("agent {name}")))
    }

    fn transfer_to(&self, agent: AgentId, to: TransferName) -> Result<TransferTo, ActionError> {
        match to {
            TransferName::Agent(name) => {
                let target = self.agent_named(&name)?;
                if target == agent {
                    let message = "that is you".to_owned();
                    return Err(conflict("LIVE-TRANSFER", message, "choose somebody else"));
                }
                Ok(TransferTo::Agent(target))
            }
            TransferName::Campaign(name) => {
                let campaign = self.campaign(&name)?.engine.id;
                Ok(TransferTo::Campaign(campaign))
            }
            TransferName::Destination(name) => {
                let board = self.board();
                let desk = board.floor.agents.iter().find(|a| a.id == agent);
                let campaign = desk
                    .and_then(|a| a.campaign)
                    .and_then(|id| self.campaign_by_id(id));
                let known = campaign
                    .map(|c| &c.engine.conversation.destinations[..])
                    .unwrap_or_default();
                if !known.iter().any(|d| d.name == name) {
                    let names: Vec<&str> = known.iter().map(|d| d.name.as_str()).collect();
                    let remedy = match names.is_empty() {
                        true => "add [[campaign.destination]] to the configuration".to_owned(),
                        false => format!("choose one of: {}", names.join(", ")),
                    };
                    let message = format!("the campaign has no destination `{name}`");
                    let problem = Problem::NotFound;
                    return Err(ActionError::new(problem, "LIVE-TRANSFER", message, remedy));
                }
                Ok(TransferTo::Destination(name))
            }
        }
    }

    fn may_leave_message(&self, agent: AgentId) -> Result<(), ActionError> {
        let board = self.board();
        let desk = board.floor.agents.iter().find(|a| a.id == agent);
        let campaign = desk
            .and_then(|a| a.campaign)
            .and_then(|id| self.campaign_by_id(id));
        let leaves = campaign.is_some_and(|c| c.engine.conversation.machine != MachineRule::HangUp);
        leaves.then_some(()).ok_or_else(|| {
            conflict(
                "LIVE-MESSAGE",
                "the campaign has no message for machines".to_owned(),
                "write machine = \"leave_message\" in the campaign",
            )
        })
    }
}
