//! Leads and do-not-call lists from files.
//!
//! A file is read row by row, whatever its size; good rows go to the store in batches of one
//! transaction each, bad rows to `FILE.rejects.csv` with line, reason and the row as it was.
//! Reading the same file again changes nothing.

mod columns;
mod dnc;
mod leads;
mod numbers;
mod places;
mod rejects;
mod rows;
mod values;

#[cfg(test)]
mod tests;

pub use dnc::{DncOptions, DncSummary, import_numbers};
pub use leads::{LeadOptions, LeadSummary, import_leads};
pub use numbers::parse_number;
pub(crate) use places::calling_code;

use carillon_store::StoreError;
use std::path::PathBuf;

/// Why an import stopped. What was stored before stays; reading the file again goes on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("IMP-001: cannot read {}: {source}; check the path and its permissions", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The first line is no header with a phone column.
    #[error("IMP-002: {}, line {line}: {problem}", file.display())]
    Header {
        /// The file.
        file: PathBuf,
        /// Line of the header, from 1.
        line: u64,
        /// What is wrong, and what to write.
        problem: String,
    },
    /// The rejects file cannot be written.
    #[error("IMP-003: cannot write {}: {source}; make its directory writable", file.display())]
    Rejects {
        /// The file.
        file: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The store does not take the rows.
    #[error("IMP-004: {0}; {remedy}. Rows stored so far stay: import the file again to go on", remedy = .0.remedy())]
    Store(StoreError),
    /// A setting of the import means nothing.
    #[error("IMP-005: {0}")]
    Setting(String),
}

impl ImportError {
    /// Stable code, as in the message.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "IMP-001",
            Self::Header { .. } => "IMP-002",
            Self::Rejects { .. } => "IMP-003",
            Self::Store(_) => "IMP-004",
            Self::Setting(_) => "IMP-005",
        }
    }
}
