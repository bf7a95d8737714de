//! Policies: who decides how many lines to dial in a simulated day.

use super::rivals::{RivalSettings, Rivals};
use carillon_decision::pacing::{
    Change, FloorCounts, FloorView, Mode, Pace, Pacer, PacingError, Promise, Resolution, Tuning,
    WindowView,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a policy sees of the floor.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// Seconds from the start of the day.
    pub now_s: f64,
    /// Length of the day, h.
    pub hours: f64,
    /// Agents, calls and people waiting.
    pub counts: FloorCounts,
    /// Everything. Its agents and calls are empty for policies that do not
    /// [look](Policy::looks_closely).
    pub view: FloorView<'a>,
}

/// What a policy wants done.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    /// New lines to dial.
    pub lines: u32,
    /// Calls to hang up, as indices into the view's calls.
    pub cancel: Vec<usize>,
    /// Code of what held the number of lines, for policies that know.
    pub binding: Option<carillon_decision::pacing::Constraint>,
}

/// Decides how many lines to dial.
pub trait Policy: Send {
    /// Whether the policy wants to see every agent and call, or counts only.
    fn looks_closely(&self) -> bool {
        false
    }
    /// A call came to its end or was answered.
    fn call_resolved(&mut self, _resolution: &Resolution) {}
    /// A conversation ended after this long.
    fn talked(&mut self, _seconds: f64) {}
    /// A wrap-up ended after this long.
    fn wrapped_up(&mut self, _seconds: f64) {}
    /// A person was connected, or abandoned.
    fn person_met(&mut self, _abandoned: bool) {}
    /// Decides from counts and what changed since the decision before, without agents and calls;
    /// false when it must look at them.
    fn glance(&mut self, _sight: &Sight<'_>, _changed: &[Change], _orders: &mut Orders) -> bool {
        false
    }
    /// Decides. `orders` comes in as it was left the time before.
    fn decide(&mut self, sight: &Sight<'_>, orders: &mut Orders);
}

/// A policy by name, as scenarios and `--policies` have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PolicyName {
    /// A mode of the product's own pacer.
    Own(Mode),
    /// A rule of another dialer, or a plain one.
    Rival(Rivals),
}

impl PolicyName {
    /// Ready to begin a day, knowing nothing.
    #[must_use]
    pub fn begin(self, tuning: &Tuning, rivals: &RivalSettings) -> Box<dyn Policy> {
        match self {
            Self::Own(mode @ (Mode::Progressive | Mode::ManualRatio { .. })) => Box::new(Plain {
                mode,
                lines_max: tuning.max_lines_per_agent,
            }),
            Self::Own(mode) => Box::new(Own::new(mode, tuning, true)),
            Self::Rival(rival) => rival.begin(tuning, rivals),
        }
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(Mode::Predictive {
                promise: Promise::Hard,
            }) => f.write_str("hard"),
            Self::Own(Mode::ManualRatio { ratio }) => write!(f, "ratio:{ratio}"),
            Self::Own(mode) => write!(f, "{mode}"),
            Self::Rival(rival) => write!(f, "{rival}"),
        }
    }
}

impl FromStr for PolicyName {
    type Err = PacingError;

    fn from_str(text: &str) -> Result<Self, PacingError> {
        let name = text.trim().to_ascii_lowercase().replace('_', "-");
        match name.as_str() {
            "probabilistic" => Ok(Self::Own(Mode::Predictive {
                promise: Promise::Probabilistic,
            })),
            "hard" => Ok(Self::Own(Mode::Predictive {
                promise: Promise::Hard,
            })),
            other => match other.parse::<Rivals>() {
                Ok(rival) => Ok(Self::Rival(rival)),
                Err(()) => text.parse::<Mode>().map(Self::Own),
            },
        }
    }
}

impl Serialize for PolicyName {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PolicyName {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|_| {
            serde::de::Error::custom(format!("no policy {text:?}: write one of {POLICIES}"))
        })
    }
}

/// Every policy's name, for messages.
pub const POLICIES: &str = "predictive, hard, progressive, ratio:R, erlang-c, erlang-c-open, \
     vicidial-hard-limit, vicidial-average, vicidial-tapered, lines:N";

/// The product's own pacer.
pub(super) struct Own {
    pacer: Pacer,
    tuning: Tuning,
    /// Whether it is told of abandonment: without, its control is an open loop.
    minds_abandonment: bool,
}

impl Own {
    pub(super) fn new(mode: Mode, tuning: &Tuning, minds_abandonment: bool) -> Self {
        Self {
            pacer: Pacer::new(),
            tuning: Tuning { mode, ..*tuning },
            minds_abandonment,
        }
    }
}

impl Own {
    fn seen<'a>(&self, sight: &Sight<'a>) -> FloorView<'a> {
        let mut view = sight.view;
        if !self.minds_abandonment {
            view.window = WindowView::default();
        }
        view
    }
}

fn give(pace: Pace, orders: &mut Orders) {
    orders.lines = pace.lines;
    orders.cancel = pace.cancel;
    orders.binding = Some(pace.binding);
}

impl Policy for Own {
    fn looks_closely(&self) -> bool {
        true
    }
    fn call_resolved(&mut self, resolution: &Resolution) {
        self.pacer.observe_resolution(resolution);
    }
    fn talked(&mut self, seconds: f64) {
        self.pacer.observe_talk(seconds);
    }
    fn wrapped_up(&mut self, seconds: f64) {
        self.pacer.observe_wrap(seconds);
    }
    fn person_met(&mut self, abandoned: bool) {
        if self.minds_abandonment {
            self.pacer.observe_person(abandoned);
        }
    }
    fn glance(&mut self, sight: &Sight<'_>, changed: &[Change], orders: &mut Orders) -> bool {
        let view = self.seen(sight);
        let pace = self
            .pacer
            .glance(sight.now_s, &view, sight.counts, changed, &self.tuning);
        pace.is_some_and(|pace| {
            give(pace, orders);
            true
        })
    }
    fn decide(&mut self, sight: &Sight<'_>, orders: &mut Orders) {
        let view = self.seen(sight);
        give(self.pacer.decide(sight.now_s, &view, &self.tuning), orders);
    }
}

/// The pacer's modes that learn nothing and look at counts alone.
struct Plain {
    mode: Mode,
    lines_max: f64,
}

impl Policy for Plain {
    fn decide(&mut self, sight: &Sight<'_>, orders: &mut Orders) {
        let counts = &sight.counts;
        let wanted = self.mode.plain_lines(counts).unwrap_or(0);
        let most = (self.lines_max * f64::from(counts.serving())) as u32;
        orders.lines = wanted.min(most.saturating_sub(counts.in_flight));
    }
}
