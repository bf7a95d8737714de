//! Pacing modes and the settings a supervisor can change while the campaign runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::manual;
use super::view::FloorCounts;

/// How the number of lines is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Mode {
    /// A fixed number of lines per idle agent.
    ManualRatio {
        /// Lines per idle agent, ≥ 0; 1.0 is progressive.
        ratio: f64,
    },
    /// One line per idle agent: nobody is abandoned while agents stay logged in.
    Progressive,
    /// A steady dial rate from the Erlang-C formula (Poisson answers), never below 1:1.
    ErlangC,
    /// Prediction of answers and freed agents with feedback from measured abandonment.
    Predictive {
        /// What is promised about the cap.
        promise: Promise,
    },
}

impl Mode {
    /// The name used in configuration, reports and metrics, without the ratio.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ManualRatio { .. } => "manual",
            Self::Progressive => "progressive",
            Self::ErlangC => "erlang-c",
            Self::Predictive {
                promise: Promise::Probabilistic,
            } => "predictive",
            Self::Predictive {
                promise: Promise::Hard,
            } => "predictive-hard",
        }
    }

    /// Whether agents' phones may ring before each call. Only where the supervisor has chosen
    /// at most one line per agent by hand: the phone is rung first, then the customer dialed.
    #[must_use]
    pub fn allows_ring_first(&self) -> bool {
        matches!(self, Self::ManualRatio { ratio } if *ratio <= 1.0)
    }

    /// Lines that a mode without predictions wants for these counts; `None` for modes that predict.
    #[must_use]
    pub fn plain_lines(&self, counts: &FloorCounts) -> Option<u32> {
        match self {
            Self::ManualRatio { ratio } => Some(manual::lines(counts, *ratio)),
            Self::Progressive => Some(counts.one_to_one()),
            Self::ErlangC | Self::Predictive { .. } => None,
        }
    }

    /// Whether the mode may have more calls in flight than free agents. Such modes need agents
    /// whose line is already up.
    #[must_use]
    pub fn overdials(&self) -> bool {
        match self {
            Self::ManualRatio { ratio } => *ratio > 1.0,
            Self::Progressive => false,
            Self::ErlangC | Self::Predictive { .. } => true,
        }
    }
}

impl Default for Mode {
    fn default() -> Self {
        Self::Predictive {
            promise: Promise::Probabilistic,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ManualRatio { ratio } => write!(f, "manual:{ratio}"),
            other => f.write_str(other.name()),
        }
    }
}

impl FromStr for Mode {
    type Err = PacingError;

    /// Reads `manual:RATIO` (alias `ratio:RATIO`), `progressive`, `erlang-c` (`erlang_c`),
    /// `predictive` or `predictive-hard` (`predictive_hard`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || PacingError::UnknownMode(text.to_owned());
        let name = text.trim().to_ascii_lowercase().replace('_', "-");
        if let Some((head, ratio)) = name.split_once(':') {
            if head != "manual" && head != "ratio" {
                return Err(unknown());
            }
            let ratio: f64 = ratio.trim().parse().map_err(|_| unknown())?;
            return Tuning::check_ratio(ratio).map(|()| Self::ManualRatio { ratio });
        }
        match name.as_str() {
            "progressive" => Ok(Self::Progressive),
            "erlang-c" => Ok(Self::ErlangC),
            "predictive" => Ok(Self::Predictive {
                promise: Promise::Probabilistic,
            }),
            "predictive-hard" => Ok(Self::Predictive {
                promise: Promise::Hard,
            }),
            _ => Err(unknown()),
        }
    }
}

/// What predictive mode promises about the abandonment cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Promise {
    /// The window's abandonment is steered to just below the cap; single short windows may end
    /// above it.
    #[default]
    Probabilistic,
    /// Overdial only while the cap would hold if every call in flight were answered now. The
    /// window cannot end above the cap while agents stay logged in; it costs occupancy.
    Hard,
}

/// The supervisor's settings for one campaign.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    /// How lines are chosen.
    pub mode: Mode,
    /// Abandonment cap as a share of answers, 0–1 exclusive (US: 0.03).
    pub cap: f64,
    /// Most calls in flight per agent who takes calls, > 0 (Cisco's `maxLinesPerAgent`).
    pub max_lines_per_agent: f64,
    /// Whether calls past the ring minimum are hung up when too many were dialed. An unanswered
    /// call ended after the legal ring time is no abandonment.
    pub ring_cancel: bool,
    /// Share of people, 0–0.5, whom screening is known to take for machines. They count as
    /// abandoned whatever pacing does, so that much of the budget is kept for them.
    #[serde(default)]
    pub people_as_machines: f64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            cap: 0.03,
            max_lines_per_agent: 15.0,
            ring_cancel: true,
            people_as_machines: 0.0,
        }
    }
}

impl Tuning {
    /// Checks every setting's range.
    ///
    /// # Errors
    /// The first setting out of range, with what to do.
    pub fn check(&self) -> Result<(), PacingError> {
        if !(self.cap > 0.0 && self.cap < 1.0) {
            return Err(PacingError::Cap(self.cap));
        }
        if !(self.max_lines_per_agent > 0.0 && self.max_lines_per_agent <= 1000.0) {
            return Err(PacingError::LinesPerAgent(self.max_lines_per_agent));
        }
        if !(0.0..=0.5).contains(&self.people_as_machines) {
            return Err(PacingError::PeopleAsMachines(self.people_as_machines));
        }
        match self.mode {
            Mode::ManualRatio { ratio } => Self::check_ratio(ratio),
            _ => Ok(()),
        }
    }

    fn check_ratio(ratio: f64) -> Result<(), PacingError> {
        if (0.0..=100.0).contains(&ratio) {
            Ok(())
        } else {
            Err(PacingError::Ratio(ratio))
        }
    }
}

/// A pacing setting that cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PacingError {
    /// No mode has this name.
    #[error(
        "PACE-001: unknown pacing mode {0:?}; use manual:RATIO, progressive, erlang-c, predictive or predictive-hard"
    )]
    UnknownMode(String),
    /// The ratio is not between 0 and 100.
    #[error("PACE-002: dial ratio {0} is out of range; give lines per idle agent from 0 to 100")]
    Ratio(f64),
    /// The cap is not between 0 and 1.
    #[error(
        "PACE-003: abandonment cap {0} is out of range; give a share above 0 and below 1, such as 0.03 for 3 %"
    )]
    Cap(f64),
    /// Lines per agent is not in (0, 1000].
    #[error(
        "PACE-004: at most {0} lines per agent is out of range; give a number above 0 and up to 1000"
    )]
    LinesPerAgent(f64),
    /// The share of people taken for machines is not in [0, 0.5].
    #[error(
        "PACE-005: a share of {0} of people taken for machines is out of range; give 0 to 0.5, such as 0.01 for 1 %"
    )]
    PeopleAsMachines(f64),
}

impl PacingError {
    /// The stable code, as in the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownMode(_) => "PACE-001",
            Self::Ratio(_) => "PACE-002",
            Self::Cap(_) => "PACE-003",
            Self::LinesPerAgent(_) => "PACE-004",
            Self::PeopleAsMachines(_) => "PACE-005",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_reads_back_what_it_prints() {
        for mode in [
            Mode::ManualRatio { ratio: 1.8 },
            Mode::Progressive,
            Mode::ErlangC,
            Mode::Predictive {
                promise: Promise::Probabilistic,
            },
            Mode::Predictive {
                promise: Promise::Hard,
            },
        ] {
            assert_eq!(mode.to_string().parse::<Mode>(), Ok(mode));
        }
        assert_eq!("Erlang_C".parse::<Mode>(), Ok(Mode::ErlangC));
    }

    #[test]
    fn bad_modes_and_ratios_are_refused_with_their_code() {
        assert_eq!("adaptive".parse::<Mode>().unwrap_err().code(), "PACE-001");
        assert_eq!(
            "progressive:2".parse::<Mode>().unwrap_err().code(),
            "PACE-001"
        );
        assert_eq!("manual:-1".parse::<Mode>().unwrap_err().code(), "PACE-002");
        assert_eq!("manual:NaN".parse::<Mode>().unwrap_err().code(), "PACE-002");
    }

    #[test]
    fn tuning_out_of_range_is_refused() {
        assert_eq!(Tuning::default().check(), Ok(()));
        let cap = Tuning {
            cap: 3.0,
            ..Tuning::default()
        };
        assert_eq!(cap.check().unwrap_err().code(), "PACE-003");
        let lines = Tuning {
            max_lines_per_agent: f64::NAN,
            ..Tuning::default()
        };
        assert_eq!(lines.check().unwrap_err().code(), "PACE-004");
    }
}
