//! Why a command did not do its work, and the exit code that says so.

use carillon_live::config::ConfigErrors;
use carillon_live::import::ImportError;
use carillon_store::StoreError;

/// A failed command.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// It failed: exit code 1.
    #[error("{0}")]
    Failed(String),
    /// No node answers where the configuration says: exit code 1.
    #[error("{0}")]
    NoNode(String),
    /// It was used wrongly: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The configuration is faulty: exit code 2.
    #[error("{0}")]
    Config(#[from] ConfigErrors),
    /// The store refuses: exit code 1.
    #[error("{0}; {remedy}", remedy = .0.remedy())]
    Store(#[from] StoreError),
    /// An import stopped: exit code 1.
    #[error("{0}")]
    Import(#[from] ImportError),
}

impl CliError {
    /// Exit code: 1 it failed, 2 wrong usage or configuration.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Config(_) => 2,
            Self::Failed(_) | Self::NoNode(_) | Self::Store(_) | Self::Import(_) => 1,
        }
    }

    /// Stable code, for `--json`.
    pub fn code(&self) -> &str {
        match self {
            Self::Failed(_) => "CLI-001",
            Self::Usage(_) => "CLI-002",
            Self::NoNode(_) => "CLI-003",
            Self::Config(_) => ConfigErrors::CODE,
            Self::Store(error) => error.code(),
            Self::Import(error) => error.code(),
        }
    }
}
