//! Why a node does not start or does not obey: each with a stable code, cause and remedy.

use std::net::SocketAddr;
use thiserror::Error;

/// Why a node could not be started, or an order to it not be carried out.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The store cannot be opened or read.
    #[error(
        "{step}: {cause}; check the path, its permissions and the free space (`carillon check`)"
    )]
    Store {
        /// What was being done.
        step: &'static str,
        /// The store's answer.
        cause: String,
    },
    /// A socket cannot be bound.
    #[error("cannot listen on {address} ({what}): {source}; another program may hold the port")]
    Bind {
        /// SIP or web.
        what: &'static str,
        /// The address asked for.
        address: SocketAddr,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A name in the configuration means nothing.
    #[error("{what} `{name}`: {remedy}")]
    Name {
        /// What kind of thing was named.
        what: &'static str,
        /// The name.
        name: String,
        /// What to write instead.
        remedy: String,
    },
    /// Certificates or keys cannot be used.
    #[error("TLS: {0}")]
    Tls(#[from] crate::wire::TlsError),
    /// Audio cannot start.
    #[error("audio: {0}")]
    Media(String),
    /// The journal cannot be written.
    #[error("journal: {0}; check the directory and the free space, or turn the journal off")]
    Journal(String),
    /// A thread or the runtime could not be started.
    #[error("cannot start {what}: {source}; check the limits on threads and files (ulimit -u, -n)")]
    Start {
        /// What was being started.
        what: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The node does not take this order now.
    #[error("the node is busy: {0}; try again in a moment")]
    Busy(&'static str),
    /// The node has stopped.
    #[error("the node has stopped; start it again")]
    Stopped,
}

impl NodeError {
    /// Stable code for logs and support.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store { .. } => "NODE-STORE",
            Self::Bind { .. } => "NODE-BIND",
            Self::Name { .. } => "NODE-NAME",
            Self::Tls(_) => "NODE-TLS",
            Self::Media(_) => "NODE-MEDIA",
            Self::Journal(_) => "NODE-JOURNAL",
            Self::Start { .. } => "NODE-START",
            Self::Busy(_) => "NODE-BUSY",
            Self::Stopped => "NODE-STOPPED",
        }
    }
}
