//! What can go wrong with a journal, where, and what to do about it.

use std::io;

/// An error of reading or writing a journal. Offsets are bytes from the start of the file.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be read or written.
    #[error("journal at byte {offset}: {source}")]
    Io {
        /// Where.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// The file is something else.
    #[error("not a Carillon journal: the first bytes are not its mark")]
    NotAJournal,
    /// The file ends before its header does.
    #[error("the journal ends at byte {offset}, inside its header")]
    NoHeader {
        /// Where.
        offset: u64,
    },
    /// A format this program does not know.
    #[error("journal format {found}, this program reads {known}")]
    Format {
        /// In the file.
        found: u16,
        /// Known here.
        known: u16,
    },
    /// The bytes are not what was written.
    #[error("journal damaged at byte {offset}: {what}")]
    Corrupt {
        /// Start of the damaged frame.
        offset: u64,
        /// What is wrong with it.
        what: String,
    },
    /// An input cannot be encoded.
    #[error("input cannot be written: {0}")]
    Encode(String),
    /// Recorded by another engine: equal inputs need not give equal commands.
    #[error("recorded by engine {recorded}, this is {running}")]
    OtherEngine {
        /// Version and build in the file.
        recorded: String,
        /// Version and build of this program.
        running: String,
    },
    /// The engine to replay into cannot be made.
    #[error("no engine to replay into: {0}")]
    Engine(String),
}

impl JournalError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            JournalError::Io { .. } => "journal_io",
            JournalError::NotAJournal => "journal_not_a_journal",
            JournalError::NoHeader { .. } => "journal_no_header",
            JournalError::Format { .. } => "journal_format",
            JournalError::Corrupt { .. } => "journal_corrupt",
            JournalError::Encode(_) => "journal_encode",
            JournalError::OtherEngine { .. } => "journal_other_engine",
            JournalError::Engine(_) => "journal_engine",
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            JournalError::Io { .. } => "check the path, its permissions and the free space",
            JournalError::NotAJournal => "name a journal file",
            JournalError::NoHeader { .. } => {
                "the process ended at once after starting: nothing was recorded"
            }
            JournalError::Format { .. } => "read it with the version that wrote it",
            JournalError::Corrupt { .. } => {
                "everything before that byte is sound; take the rest from a copy, if there is one"
            }
            JournalError::Encode(_) => "report this: every input should be writable",
            JournalError::OtherEngine { .. } => "replay with the program that recorded it",
            JournalError::Engine(_) => "see the cause",
        }
    }
}
