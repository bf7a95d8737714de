//! Errors of the crate: each with a stable code, a cause and what to do about it.

use std::net::SocketAddr;

/// Why a carrier or phones cannot be started or asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CarrierError {
    /// A socket cannot be had.
    #[error(
        "CAR-001: cannot listen on {address} for {what}: {source}; give port 0 for any free port, or an address of this machine"
    )]
    Bind {
        /// What the socket is for.
        what: &'static str,
        /// The address asked for.
        address: SocketAddr,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The system gives no thread, no timer or no entropy.
    #[error(
        "CAR-002: cannot start {step}: {cause}; check limits on threads and files (ulimit -u, -n)"
    )]
    Start {
        /// What failed.
        step: &'static str,
        /// The system's answer.
        cause: String,
    },
    /// A setting means nothing.
    #[error("CAR-003: {setting}: {problem}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What is wrong, and what is allowed.
        problem: String,
    },
    /// The thread has ended.
    #[error("CAR-004: it has stopped; start a new one")]
    Stopped,
}

impl CarrierError {
    /// Stable code for logs and support.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Bind { .. } => "CAR-001",
            Self::Start { .. } => "CAR-002",
            Self::Setting { .. } => "CAR-003",
            Self::Stopped => "CAR-004",
        }
    }
}
