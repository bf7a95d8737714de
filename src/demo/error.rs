//! Why a demo does not start.

use carillon_carrier::CarrierError;
use carillon_live::NodeError;
use carillon_live::config::ConfigErrors;
use carillon_store::StoreError;

/// Why a demo does not start: the part that failed says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No directory for database and journal.
    #[error(
        "DEMO-001: no directory for the demo's database: {0}; set TMPDIR to a writable directory"
    )]
    Directory(std::io::Error),
    /// Carrier or phones.
    #[error("{0}")]
    Carrier(#[from] CarrierError),
    /// The node.
    #[error("{code}: {0}", code = .0.code())]
    Node(#[from] NodeError),
    /// The store.
    #[error("{code}: {0}; {remedy}", code = .0.code(), remedy = .0.remedy())]
    Store(#[from] StoreError),
    /// A setting the configuration does not take.
    #[error("{0}")]
    Config(#[from] ConfigErrors),
    /// A setting the demo does not take.
    #[error("DEMO-002: {0}")]
    Setting(String),
    /// Agents or trunk do not get ready.
    #[error(
        "DEMO-003: after {seconds} s {what}; is this machine starved, or UDP on 127.0.0.1 blocked?"
    )]
    NotReady {
        /// How long was waited.
        seconds: u64,
        /// What is missing.
        what: String,
    },
}

impl DemoError {
    /// Stable code for logs and support.
    pub fn code(&self) -> &str {
        match self {
            Self::Directory(_) => "DEMO-001",
            Self::Carrier(error) => error.code(),
            Self::Node(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Config(_) => ConfigErrors::CODE,
            Self::Setting(_) => "DEMO-002",
            Self::NotReady { .. } => "DEMO-003",
        }
    }
}
