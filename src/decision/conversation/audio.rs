//! Who hears whom, computed from where a conversation stands and from nothing else.

use super::{AudioPlan, Hears, Party, SuperviseMode};
use crate::id::{AgentId, CallId};
use serde::{Deserialize, Serialize};

/// How far the third party of a conversation is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Being called; nothing is heard of them yet.
    Called,
    /// Being called; the agent hears their early media (ringback, announcements).
    Early,
    /// Talks with the agent while the customer hears music.
    Apart,
    /// Talks with the customer, and with the agent where there still is one.
    Joined,
}

/// A supervisor who takes part in an agent's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The supervisor.
    pub supervisor: AgentId,
    /// The agent.
    pub agent: AgentId,
    /// How.
    pub mode: SuperviseMode,
}

/// Where a conversation stands, as far as hearing goes.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The customer.
    pub customer: CallId,
    /// The agent, where one is on the line.
    pub agent: Option<AgentId>,
    /// The customer hears music, and nobody hears the customer.
    pub parked: bool,
    /// Third party.
    pub third: Option<(Party, Stage)>,
    /// Supervisors with a connected line, of any agent.
    pub watches: &'a [Watch],
    /// Prompt of the music.
    pub music: &'a str,
}

/// What [`crate::Command::Bridge`] puts in force: customer and agent, nobody else.
pub fn pair(customer: CallId, agent: AgentId) -> AudioPlan {
    plan(&Scene {
        customer,
        agent: Some(agent),
        parked: false,
        third: None,
        watches: &[],
        music: "",
    })
}

/// The plan of a scene. Those who talk with each other form one circle; a parked customer stands
/// outside it. A supervisor hears the watched agent and whatever that agent hears; is heard by
/// nobody (listen), by that agent (whisper), or by the whole circle (barge).
pub fn plan(scene: &Scene<'_>) -> AudioPlan {
    let customer = Party::Call(scene.customer);
    let circle = circle(scene);
    let mut parties = vec![Hears {
        who: customer,
        hears: others(&circle, customer),
        music: scene.parked.then(|| scene.music.to_owned()),
    }];
    for who in circle.iter().copied().filter(|who| *who != customer) {
        parties.push(Hears {
            who,
            hears: others(&circle, who),
            music: None,
        });
    }
    if let (Some((third, Stage::Early)), Some(agent)) = (scene.third, scene.agent) {
        add(&mut parties, Party::Agent(agent), third);
        parties.push(Hears {
            who: third,
            hears: Vec::new(),
            music: None,
        });
    }
    add_supervisors(scene, &circle, &mut parties);
    for party in &mut parties {
        party.hears.sort_unstable();
    }
    AudioPlan {
        call: scene.customer,
        parties,
    }
}

/// Everybody who talks with everybody else among them.
fn circle(scene: &Scene<'_>) -> Vec<Party> {
    let mut circle = Vec::with_capacity(3);
    if !scene.parked {
        circle.push(Party::Call(scene.customer));
    }
    circle.extend(scene.agent.map(Party::Agent));
    if let Some((third, Stage::Apart | Stage::Joined)) = scene.third {
        circle.push(third);
    }
    circle
}

fn others(circle: &[Party], who: Party) -> Vec<Party> {
    if !circle.contains(&who) {
        return Vec::new();
    }
    circle.iter().copied().filter(|p| *p != who).collect()
}

fn add(parties: &mut [Hears], who: Party, heard: Party) {
    if let Some(party) = parties.iter_mut().find(|p| p.who == who)
        && who != heard
        && !party.hears.contains(&heard)
    {
        party.hears.push(heard);
    }
}

fn add_supervisors(scene: &Scene<'_>, circle: &[Party], parties: &mut Vec<Hears>) {
    let here: Vec<Watch> = scene
        .watches
        .iter()
        .copied()
        .filter(|w| circle.contains(&Party::Agent(w.agent)))
        .collect();
    // First who is heard, then who hears: a listener hears what the agent hears, a whisper too.
    for watch in &here {
        let supervisor = Party::Agent(watch.supervisor);
        match watch.mode {
            SuperviseMode::Listen => {}
            SuperviseMode::Whisper => add(parties, Party::Agent(watch.agent), supervisor),
            SuperviseMode::Barge => {
                for who in circle {
                    add(parties, *who, supervisor);
                }
            }
        }
    }
    for watch in &here {
        let supervisor = Party::Agent(watch.supervisor);
        let agent = Party::Agent(watch.agent);
        let mut hears = vec![agent];
        let heard = parties.iter().find(|p| p.who == agent).map(|p| &p.hears);
        hears.extend(heard.into_iter().flatten().filter(|p| **p != supervisor));
        parties.push(Hears {
            who: supervisor,
            hears,
            music: None,
        });
    }
}

#[cfg(test)]
#[path = "audio_test.rs"]
mod tests;
