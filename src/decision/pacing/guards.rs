//! Guards: caps on new lines. A guard can lower what a mode wants, never raise it.

use serde::{Deserialize, Serialize};

use super::mode::Tuning;
use super::view::{FloorCounts, FloorView};

/// What held the number of new lines where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Constraint {
    /// The free and soon-free agents: one more line would find nobody for its person.
    Agents,
    /// The abandonment budget of the window is tight, so fewer lines than agents alone allow.
    AbandonmentBudget,
    /// The hard guarantee: the cap might be broken if every call in flight were answered now.
    HardLedger,
    /// The fixed ratio of manual mode.
    Ratio,
    /// The steady rate of Erlang-C mode.
    ErlangRate,
    /// Lines per agent.
    LinesPerAgent,
    /// No lead may be dialed now.
    ListEmpty,
    /// No trunk channel is free.
    TrunkChannels,
    /// No trunk answers, or every one rests after trouble.
    TrunksDown,
    /// The trunks' calls-per-second budget is used up for the moment.
    CallsPerSecond,
    /// Outside calling hours.
    Hours,
    /// Paused or draining.
    Paused,
    /// No agent will take a call.
    NoAgents,
    /// Attempts cannot be stored.
    Store,
}

impl Constraint {
    /// Every constraint, in the order of declaration.
    pub const ALL: [Self; 14] = [
        Self::Agents,
        Self::AbandonmentBudget,
        Self::HardLedger,
        Self::Ratio,
        Self::ErlangRate,
        Self::LinesPerAgent,
        Self::ListEmpty,
        Self::TrunkChannels,
        Self::TrunksDown,
        Self::CallsPerSecond,
        Self::Hours,
        Self::Paused,
        Self::NoAgents,
        Self::Store,
    ];

    /// Stable code, as in metrics (`pacing_limited_total{reason}`).
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::AbandonmentBudget => "abandonment_budget",
            Self::HardLedger => "hard_ledger",
            Self::Ratio => "ratio",
            Self::ErlangRate => "erlang_rate",
            Self::LinesPerAgent => "lines_per_agent",
            Self::ListEmpty => "list_empty",
            Self::TrunkChannels => "trunk_channels",
            Self::TrunksDown => "trunks_down",
            Self::CallsPerSecond => "calls_per_second",
            Self::Hours => "hours",
            Self::Paused => "paused",
            Self::NoAgents => "no_agents",
            Self::Store => "store",
        }
    }

    /// The constraint in words for a supervisor, without the decision's numbers
    /// ([`Pace::describe`](super::Pace::describe) adds those).
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Agents => "one more line would risk an answer with no agent free",
            Self::AbandonmentBudget => "abandonment is ahead of plan, so fewer lines are risked",
            Self::HardLedger => "the cap must hold even if every call in flight is answered now",
            Self::Ratio => "the fixed dial ratio is reached",
            Self::ErlangRate => "the steady Erlang-C dial rate is reached",
            Self::LinesPerAgent => "the limit of lines per agent is reached",
            Self::ListEmpty => "no lead may be dialed now",
            Self::TrunkChannels => "no more trunk channels are free",
            Self::TrunksDown => "no trunk can be used: see the trunks' alerts",
            Self::CallsPerSecond => "the trunks' calls-per-second budget is used up for now",
            Self::Hours => "outside calling hours",
            Self::Paused => "the campaign is paused",
            Self::NoAgents => "no agent is logged in for calls",
            Self::Store => "attempts cannot be stored, so nothing is dialed",
        }
    }
}

/// The reason not to dial at all, if there is one, whatever the mode.
#[must_use]
pub fn full_stop(view: &FloorView<'_>, counts: &FloorCounts) -> Option<Constraint> {
    let limits = &view.limits;
    if limits.paused {
        Some(Constraint::Paused)
    } else if !limits.store_ok {
        Some(Constraint::Store)
    } else if !limits.in_hours {
        Some(Constraint::Hours)
    } else if counts.serving() == 0 {
        Some(Constraint::NoAgents)
    } else {
        None
    }
}

/// The most new lines the caps allow, and the tightest cap.
#[must_use]
pub fn ceiling(view: &FloorView<'_>, tuning: &Tuning, counts: &FloorCounts) -> (u32, Constraint) {
    // Float to integer casts saturate; a nonsense setting therefore caps at 0, never wraps.
    let lines_max = (tuning.max_lines_per_agent * f64::from(counts.serving())).floor() as u32;
    let limits = &view.limits;
    [
        (
            lines_max.saturating_sub(counts.in_flight),
            Constraint::LinesPerAgent,
        ),
        (limits.leads_dialable, Constraint::ListEmpty),
        (limits.trunk_channels_free, Constraint::TrunkChannels),
        (limits.cps_tokens, Constraint::CallsPerSecond),
    ]
    .into_iter()
    .min_by_key(|(most, _)| *most)
    .unwrap_or((0, Constraint::Paused))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pacing::view::{AgentView, Limits, WindowView};

    fn floor(agents: &[AgentView], limits: Limits) -> FloorView<'_> {
        FloorView {
            agents,
            calls: &[],
            waiting: 0,
            window: WindowView::default(),
            limits,
            ring_minimum_s: 15.0,
            ring_timeout_s: 25.0,
            hold_s: 2.0,
        }
    }

    #[test]
    fn the_tightest_cap_is_named() {
        let agents = [AgentView::Idle { idle_s: 1.0 }; 2];
        let tuning = Tuning {
            max_lines_per_agent: 3.0,
            ..Tuning::default()
        };
        let cases = [
            (Limits::default(), 6, Constraint::LinesPerAgent),
            (
                Limits {
                    leads_dialable: 2,
                    ..Limits::default()
                },
                2,
                Constraint::ListEmpty,
            ),
            (
                Limits {
                    trunk_channels_free: 1,
                    ..Limits::default()
                },
                1,
                Constraint::TrunkChannels,
            ),
            (
                Limits {
                    cps_tokens: 0,
                    ..Limits::default()
                },
                0,
                Constraint::CallsPerSecond,
            ),
        ];
        for (limits, most, by) in cases {
            let view = floor(&agents, limits);
            assert_eq!(ceiling(&view, &tuning, &FloorCounts::of(&view)), (most, by));
        }
    }

    #[test]
    fn full_stops_are_named() {
        let agents = [AgentView::Leaving];
        let cases = [
            (
                Limits {
                    paused: true,
                    ..Limits::default()
                },
                Constraint::Paused,
            ),
            (
                Limits {
                    store_ok: false,
                    ..Limits::default()
                },
                Constraint::Store,
            ),
            (
                Limits {
                    in_hours: false,
                    ..Limits::default()
                },
                Constraint::Hours,
            ),
            (Limits::default(), Constraint::NoAgents),
        ];
        for (limits, why) in cases {
            let view = floor(&agents, limits);
            assert_eq!(full_stop(&view, &FloorCounts::of(&view)), Some(why));
        }
        let serving = [AgentView::Reserved];
        let view = floor(&serving, Limits::default());
        assert_eq!(full_stop(&view, &FloorCounts::of(&view)), None);
    }
}
