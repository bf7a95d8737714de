//! What a campaign says of its conversations.

use crate::number::E164;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Settings of a campaign's conversations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConversationRules {
    /// The driver's prompt for customers on hold. Default `hold-music`.
    pub hold_music: String,
    /// Outside numbers customers may be passed on to. Agents can reach no others.
    pub destinations: Vec<Destination>,
    /// What becomes of answering machines.
    pub machine: MachineRule,
    /// Key that asks, during the abandon message, not to be called again
    /// (47 CFR 64.1200(a)(7)(i)(B)). Default `1`.
    pub opt_out_key: char,
    /// Said to the customer as soon as an agent is on the line, if anything.
    pub announcement: Option<Announcement>,
    /// The agent must speak within this time of the bridge; later is noted as a problem of the
    /// call. `None`: not checked.
    pub name_within: Option<Duration>,
    /// Which conversations are recorded.
    pub recording: RecordingRule,
    /// Share of conversations drawn for review, 0 to 1.
    pub review_share: f64,
}

impl Default for ConversationRules {
    fn default() -> Self {
        Self {
            hold_music: "hold-music".to_owned(),
            destinations: Vec::new(),
            machine: MachineRule::HangUp,
            opt_out_key: '1',
            announcement: None,
            name_within: None,
            recording: RecordingRule::default(),
            review_share: 0.0,
        }
    }
}

/// An outside number a customer may be passed on to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// What agents call it, unique in the campaign.
    pub name: String,
    /// Its number.
    pub number: E164,
}

/// What becomes of an answering machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineRule {
    /// Hung up at once.
    #[default]
    HangUp,
    /// A message is left after its beep.
    LeaveMessage {
        /// The driver's prompt.
        prompt: String,
    },
}

/// Said to the customer at the bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The driver's prompt.
    pub prompt: String,
}

/// Which conversations are recorded, and on what ground.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordingRule {
    /// Share of conversations recorded, 0 (none) to 1 (all); drawn reproducibly by call.
    pub share: f64,
    /// How the customer's consent is had.
    pub consent: Consent,
    /// Retention class.
    pub class: String,
    /// Agents may pause it (card data).
    pub agents_pause: bool,
}

impl Default for RecordingRule {
    fn default() -> Self {
        Self {
            share: 0.0,
            consent: Consent::AllParties { prompt: None },
            class: "standard".to_owned(),
            agents_pause: true,
        }
    }
}

/// How the customer's consent to a recording is had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// It was given before, by contract or opt-in: recorded from the bridge on.
    Given,
    /// Always announced; recorded once the announcement has ended.
    Announce {
        /// The driver's prompt.
        prompt: String,
    },
    /// Recorded at once where the law asks one party's consent only; elsewhere announced first,
    /// and not recorded without a prompt to announce it.
    AllParties {
        /// The driver's prompt.
        prompt: Option<String>,
    },
}
