//! Why the relay refused.

use super::types::LegId;

/// Why the relay refused. Each has a stable [`code`](RelayError::code), a cause and a remedy.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The settings can not work.
    #[error("relay setting `{setting}`: {cause}; {remedy}")]
    Config {
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        cause: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The system refused something at start.
    #[error(
        "the relay can not start: {step} failed: {source}; check limits on files and threads (ulimit -n, -u)"
    )]
    Start {
        /// What failed.
        step: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
    /// No port could be bound.
    #[error(
        "no free RTP port in {first}-{last}: {in_use} in use by calls, {refused} refused by the \
         system (last: {last_refusal}); widen the RTP port range or place fewer calls"
    )]
    PortsExhausted {
        /// First port of the range.
        first: u16,
        /// Last port of the range.
        last: u16,
        /// Ports held by legs.
        in_use: usize,
        /// Ports tried now and refused.
        refused: usize,
        /// The system's last answer, or `none`.
        last_refusal: String,
    },
    /// The leg does not exist (any more).
    #[error("leg {0} is not open; it was closed or never existed")]
    UnknownLeg(LegId),
    /// A leg can not be bridged to itself.
    #[error("leg {0} can not be bridged to itself; give two legs")]
    SelfBridge(LegId),
    /// A digit that no telephone has.
    #[error("`{0}` is no DTMF digit; allowed are 0-9, *, #, A-D")]
    BadDigit(char),
    /// The relay was stopped, or a thread of it died.
    #[error("the relay is stopped; start a new one")]
    Stopped,
    /// A relay thread did not answer within a second.
    #[error(
        "the relay did not answer in time; the machine is overloaded: lower the number of calls"
    )]
    NoAnswer,
}

impl RelayError {
    /// Stable code for logs, pages and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config { .. } => "media.relay_config",
            Self::Start { .. } => "media.relay_start",
            Self::PortsExhausted { .. } => "media.ports_exhausted",
            Self::UnknownLeg(_) => "media.unknown_leg",
            Self::SelfBridge(_) => "media.self_bridge",
            Self::BadDigit(_) => "media.bad_digit",
            Self::Stopped => "media.relay_stopped",
            Self::NoAnswer => "media.relay_no_answer",
        }
    }
}
