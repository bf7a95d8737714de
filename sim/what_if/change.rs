//! Settings of a campaign that a what-if may change.

use carillon_decision::campaign::Dial;
use carillon_decision::pacing::{Mode, Tuning};
use std::fmt;
use std::str::FromStr;

/// One changed setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Pacing mode.
    Mode(Mode),
    /// Abandonment cap, 0 to 1 exclusive.
    Cap(f64),
    /// Most lines per agent, above 0, at most 1000.
    MaxLinesPerAgent(f64),
    /// Whether over-dialed calls are hung up once they have rung their minimum.
    RingCancel(bool),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WhatIfError {
    /// A setting that cannot be.
    #[error(
        "--set {given}: {why}; allowed are mode=progressive|manual:RATIO|erlang-c|predictive|predictive-hard, cap=SHARE, max_lines_per_agent=N, ring_cancel=true|false"
    )]
    Setting {
        /// As it was given.
        given: String,
        /// What is wrong.
        why: String,
    },
    /// The settings of which campaign?
    #[error("the journal has {} campaigns: name one of them with --campaign: {}", .0.len(), .0.join(", "))]
    SeveralCampaigns(Vec<String>),
    /// There is none of that name.
    #[error("the journal has no campaign {name:?}: it has {}", .known.join(", "))]
    UnknownCampaign {
        /// As it was given.
        name: String,
        /// Names in the journal.
        known: Vec<String>,
    },
    /// There is nobody to learn from.
    #[error(
        "the journal has {calls} calls and {talks} whole conversations: a what-if needs at least one conversation"
    )]
    TooLittle {
        /// Calls placed.
        calls: usize,
        /// Conversations.
        talks: usize,
    },
    /// Calls in that took agents' time.
    #[error(
        "agents of this journal talked to {0} people who called in; a what-if knows dialed calls only"
    )]
    Inbound(usize),
}

impl FromStr for Change {
    type Err = WhatIfError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |why: String| WhatIfError::Setting {
            given: text.to_owned(),
            why,
        };
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| refuse("not KEY=VALUE".to_owned()))?;
        let number = || {
            value
                .parse::<f64>()
                .map_err(|_| refuse(format!("{value:?} is no number")))
        };
        let change = match key {
            "mode" => Change::Mode(value.parse().map_err(|e| refuse(format!("{e}")))?),
            "cap" => Change::Cap(number()?),
            "max_lines_per_agent" => Change::MaxLinesPerAgent(number()?),
            "ring_cancel" => Change::RingCancel(
                value
                    .parse()
                    .map_err(|_| refuse(format!("{value:?} is neither true nor false")))?,
            ),
            _ => return Err(refuse(format!("unknown setting {key:?}"))),
        };
        let mut tuning = Tuning::default();
        change.apply(&mut tuning);
        tuning.check().map_err(|e| refuse(e.to_string()))?;
        Ok(change)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Mode(mode) => write!(f, "mode={mode}"),
            Change::Cap(cap) => write!(f, "cap={cap}"),
            Change::MaxLinesPerAgent(most) => write!(f, "max_lines_per_agent={most}"),
            Change::RingCancel(on) => write!(f, "ring_cancel={on}"),
        }
    }
}

impl Change {
    /// Changes a campaign's tuning.
    pub fn apply(self, tuning: &mut Tuning) {
        match self {
            Change::Mode(mode) => tuning.mode = mode,
            Change::Cap(cap) => tuning.cap = cap,
            Change::MaxLinesPerAgent(most) => tuning.max_lines_per_agent = most,
            Change::RingCancel(on) => tuning.ring_cancel = on,
        }
    }

    /// Whether a turn of this dial on the recorded day is void now.
    pub(super) fn overrules(self, dial: &Dial) -> bool {
        matches!(
            (self, dial),
            (Change::Mode(_), Dial::Mode(_))
                | (Change::Cap(_), Dial::Cap(_))
                | (Change::MaxLinesPerAgent(_), Dial::MaxLinesPerAgent(_))
                | (Change::RingCancel(_), Dial::RingCancel(_))
        )
    }
}
