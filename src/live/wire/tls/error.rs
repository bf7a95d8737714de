//! Why certificates or keys cannot be used.

use std::path::PathBuf;
use thiserror::Error;

/// Why certificates or keys cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read, or does not hold what it should.
    #[error("{what} {}: {problem}; {remedy}", file.display())]
    File {
        /// What the file is for.
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// What is wrong.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The parts do not fit together.
    #[error("{what}: {problem}")]
    Unusable {
        /// What was being built.
        what: &'static str,
        /// What is wrong, with what to do.
        problem: String,
    },
    /// The system's store of CAs is empty or cannot be read.
    #[error(
        "the system has no CA certificates ({0}); install them (Debian: ca-certificates), or set \
         `ca` in [trunk.tls] to a file"
    )]
    NoSystemRoots(String),
}
