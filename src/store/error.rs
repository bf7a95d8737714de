//! What can go wrong with the store, and what to do about it.

use std::path::PathBuf;

/// An error of the store. [`StoreError::code`] is stable; [`StoreError::remedy`] says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store refuses writes now (disk full, locked). Nothing was stored.
    #[error("the store refuses writes: {reason}")]
    Unwritable {
        /// The database's own words.
        reason: String,
    },
    /// The store refuses writes now; this write is kept in memory and done, in order, as soon
    /// as it takes writes again. Do not send it a second time.
    #[error("the store refuses writes, the entry is kept until it takes them again: {reason}")]
    Kept {
        /// The database's own words.
        reason: String,
    },
    /// The store was closed.
    #[error("the store is closed; {unwritten} kept entries were never written")]
    Closed {
        /// Entries that were kept and could not be written.
        unwritten: usize,
    },
    /// There is no such row.
    #[error("there is no {what} {id}")]
    NotFound {
        /// Kind of row.
        what: &'static str,
        /// Its id.
        id: u64,
    },
    /// A row that may be written once was written before.
    #[error("{what} {id} is already stored")]
    Duplicate {
        /// Kind of row.
        what: &'static str,
        /// Its id.
        id: u64,
    },
    /// Another process took over this process's leases: it must stop dialing.
    #[error("the leases of `{owner}` were taken over by another process")]
    Fenced {
        /// Name of the owner.
        owner: String,
    },
    /// Leases were asked for before [`crate::LeadStore::release_leases`].
    #[error("leases need an owner: call `release_leases` first")]
    NoOwner,
    /// A batch is larger than one transaction should be.
    #[error("{what}: {given} rows in one batch, at most {most}")]
    TooLarge {
        /// What was sent.
        what: &'static str,
        /// Rows given.
        given: usize,
        /// Rows allowed.
        most: usize,
    },
    /// A stored value cannot be read.
    #[error("stored {what} cannot be read: {why}")]
    Corrupt {
        /// What was read.
        what: &'static str,
        /// Why it failed.
        why: String,
    },
    /// The database cannot be opened or brought to this version.
    #[error("cannot open {}: {why}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The target of a backup exists.
    #[error("{} exists already", .0.display())]
    TargetExists(PathBuf),
    /// Any other failure of the database.
    #[error("database: {0}")]
    Database(String),
}

impl StoreError {
    /// Stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::Unwritable { .. } => "store_unwritable",
            StoreError::Kept { .. } => "store_kept",
            StoreError::Closed { .. } => "store_closed",
            StoreError::NotFound { .. } => "store_not_found",
            StoreError::Duplicate { .. } => "store_duplicate",
            StoreError::Fenced { .. } => "store_fenced",
            StoreError::NoOwner => "store_no_owner",
            StoreError::TooLarge { .. } => "store_too_large",
            StoreError::Corrupt { .. } => "store_corrupt",
            StoreError::Open { .. } => "store_open",
            StoreError::TargetExists(_) => "store_target_exists",
            StoreError::Database(_) => "store_database",
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            StoreError::Unwritable { .. } | StoreError::Kept { .. } => {
                "free disk space, or end the program that holds the database locked; dialing resumes by itself"
            }
            StoreError::Closed { .. } => "start again",
            StoreError::NotFound { .. } => "check the id",
            StoreError::Duplicate { .. } => "write it once only",
            StoreError::Fenced { .. } => {
                "two processes run under the same name: stop one, or give each its own"
            }
            StoreError::NoOwner => "take over the leases at start-up",
            StoreError::TooLarge { .. } => "send less at once",
            StoreError::Corrupt { .. } => {
                "run `carillon check`; restore the last backup if it finds damage"
            }
            StoreError::Open { .. } => {
                "check path and permissions; a database of a newer version needs the newer program"
            }
            StoreError::TargetExists(_) => "name a file that does not exist yet",
            StoreError::Database(_) => "run `carillon check`",
        }
    }
}
