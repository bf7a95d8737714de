//! Settings of a campaign, and the dials a supervisor may turn while it runs.

use crate::compliance::ComplianceRules;
use crate::conversation::ConversationRules;
use crate::id::CampaignId;
use crate::lead::RetryRules;
use crate::ledger::WindowKind;
use crate::number::E164;
use crate::pacing::{Mode, Tuning};
use crate::routing::Need;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Everything the engine must know of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignConfig {
    /// Its id.
    pub id: CampaignId,
    /// Its name, unique.
    pub name: String,
    /// How many lines to dial.
    pub tuning: Tuning,
    /// How long a callee's phone may ring, counted from the first ringing sign; at least 15 s
    /// (16 CFR 310.4(b)(4)(ii)).
    pub ring_timeout: Duration,
    /// How people are told from machines before an agent is bridged.
    pub screening: Screening,
    /// When the abandonment clock starts and how long it runs.
    pub abandonment: AbandonmentRule,
    /// Played to an answered caller nobody can serve; names a prompt of the driver.
    pub abandon_prompt: String,
    /// Rules a lead must pass.
    pub compliance: ComplianceRules,
    /// What follows each outcome.
    pub retry: RetryRules,
    /// Numbers to show, most fitting chosen per callee.
    pub caller_ids: Vec<E164>,
    /// Trunk groups this campaign may use; empty means every one.
    pub trunk_groups: Vec<String>,
    /// Skills every call of the campaign needs.
    pub needs: Vec<Need>,
    /// Longest wrap-up; the agent is ready again after it. `None` waits for the agent.
    pub wrap_up_limit: Option<Duration>,
    /// IANA zone in which the ledger's day begins.
    pub ledger_zone: String,
    /// What agents may say of a call.
    pub dispositions: Vec<Disposition>,
    /// What happens to people who call back.
    pub inbound: InboundRule,
    /// Hold, transfer, recording and what else happens in conversations.
    pub conversation: ConversationRules,
}

/// How people are told from machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Screening {
    /// Not at all: whoever answers gets an agent.
    Off,
    /// While the greeting is spoken: people wait no longer than it lasts.
    #[default]
    Fast,
    /// As long as the law lets a person wait after the greeting: more machines are found.
    Careful,
}

impl Screening {
    /// Whether anybody is listened to.
    pub fn is_on(self) -> bool {
        self != Screening::Off
    }
}

/// When an answered person counts as abandoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbandonmentRule {
    /// When the clock starts. The end of the greeting is the US rule (16 CFR 310.4(b)(1)(iv));
    /// where no greeting is detected it is the answer.
    pub clock: AbandonmentClock,
    /// Longest wait for an agent, 2 s in the US.
    pub within: Duration,
    /// The window in which the cap is held; the others are shown beside it.
    pub window: WindowKind,
}

/// Start of the abandonment clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbandonmentClock {
    /// End of the callee's greeting.
    GreetingEnd,
    /// The answer.
    Answer,
}

/// What an agent may say of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disposition {
    /// Short code, such as `SALE`.
    pub code: String,
    /// In words.
    pub name: String,
    /// The lead is done.
    #[serde(default)]
    pub completed: bool,
    /// The person must not be called again.
    #[serde(default)]
    pub dnc: bool,
    /// A call back was promised.
    #[serde(default)]
    pub callback: bool,
    /// It counts as a sale.
    #[serde(default)]
    pub sale: bool,
}

/// What happens to people who call one of the campaign's caller IDs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboundRule {
    /// Wait for an agent up to this long, then hear the message.
    Queue {
        /// Longest wait.
        longest_wait: Duration,
        /// The driver's prompt for those who waited in vain.
        prompt: String,
    },
    /// Hear the message at once.
    Message {
        /// The driver's prompt.
        prompt: String,
    },
}

/// A dial a supervisor may turn while the campaign runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Dial {
    /// Start or pause.
    Running(bool),
    /// Pacing mode, with its ratio or promise.
    Mode(Mode),
    /// Abandonment cap in (0, 1).
    Cap(f64),
    /// Most lines per logged-in agent.
    MaxLinesPerAgent(f64),
    /// Hang up calls that have rung their legal minimum when overbooked.
    RingCancel(bool),
}
