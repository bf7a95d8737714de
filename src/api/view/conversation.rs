//! The conversation an agent is in, and what they may do with it.

use super::call::Names;
use crate::port::{BoardStatus, LeadCard};
use carillon_decision::agent::{AgentState, Role};
use carillon_decision::conversation::{Party, Stage};
use carillon_decision::id::AgentId;
use carillon_decision::status::ThirdStatus;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The conversation an agent is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConversationBoard {
    /// The customer is parked and hears music.
    pub held: bool,
    /// Whoever is called in.
    pub third: Option<ThirdBoard>,
    /// `off`, `announced`, `on` or `paused`.
    pub recording: String,
    /// Agents who are free now: names a customer may be passed on to.
    pub agents: Vec<String>,
    /// Campaigns whose queues a customer may be passed on to.
    pub queues: Vec<String>,
}

/// The third party of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ThirdBoard {
    /// An agent's name, or a destination's.
    pub who: String,
    /// It is outside: customers can be passed on before it answers.
    pub outside: bool,
    /// `calling`, `talking` (the customer hears music) or `joined`.
    pub stage: String,
}

/// What the campaign lets agents do with its conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MayBoard {
    /// Outside numbers a customer may be passed on to, by name.
    pub destinations: Vec<String>,
    /// A message can be left on a machine.
    pub leaves_message: bool,
    /// Agents may pause the recording.
    pub may_pause: bool,
}

impl ConversationBoard {
    /// That of an agent, while one talks.
    pub(crate) fn of(agent: AgentId, board: &BoardStatus, names: &Names) -> Option<Self> {
        let floor = &board.floor;
        let talk = floor
            .calls
            .iter()
            .filter(|call| call.agent == Some(agent))
            .find_map(|call| call.talk.as_ref())?;
        let free = |a: &&carillon_decision::status::AgentStatus| {
            a.id != agent && a.role == Role::Agent && a.state == AgentState::Ready && a.line_up
        };
        Some(Self {
            held: talk.held,
            third: talk.third.as_ref().map(|third| third_of(third, names)),
            recording: talk.recording.name().to_owned(),
            agents: floor
                .agents
                .iter()
                .filter(free)
                .map(|a| a.name.clone())
                .collect(),
            queues: floor.campaigns.iter().map(|c| c.name.clone()).collect(),
        })
    }
}

fn third_of(third: &ThirdStatus, names: &Names) -> ThirdBoard {
    let outside = matches!(third.party, Party::Call(_));
    let who = match third.party {
        Party::Agent(id) => names.agent(id),
        Party::Call(_) => third
            .destination
            .clone()
            .unwrap_or_else(|| "outside".to_owned()),
    };
    let stage = match third.stage {
        Stage::Called | Stage::Early => "calling",
        Stage::Apart => "talking",
        Stage::Joined => "joined",
    };
    ThirdBoard {
        who,
        outside,
        stage: stage.to_owned(),
    }
}

impl MayBoard {
    pub(super) fn of(card: &LeadCard) -> Self {
        Self {
            destinations: card.destinations.clone(),
            leaves_message: card.leaves_message,
            may_pause: card.may_pause,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use carillon_decision::id::CallId;

    #[test]
    fn a_third_party_is_told_by_name_and_how_far_it_is() {
        let names = Names::of(&Default::default());
        let third = |party, stage| ThirdStatus {
            party,
            stage,
            destination: Some("billing".to_owned()),
        };
        let outside = third_of(&third(Party::Call(CallId(3)), Stage::Early), &names);
        assert_eq!(
            (
                outside.who.as_str(),
                outside.stage.as_str(),
                outside.outside
            ),
            ("billing", "calling", true)
        );
        let colleague = third_of(&third(Party::Agent(AgentId(2)), Stage::Joined), &names);
        assert_eq!(
            (colleague.stage.as_str(), colleague.outside),
            ("joined", false)
        );
    }
}
