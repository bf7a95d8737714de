//! What can go wrong with a recording, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// An error of a recording. [`code`](Self::code) is stable; [`remedy`](Self::remedy) says what
/// to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// The file system refuses.
    #[error("cannot {what} {}: {why}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// The system's words.
        why: String,
        /// There is no room left on the disk.
        full: bool,
    },
    /// A key file cannot be used. Its content is never told.
    #[error("the recording key in {} cannot be used: {why}", path.display())]
    BadKey {
        /// The key file.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// A sealed recording whose key is not at hand.
    #[error("{} is sealed with the key {key}, which is not at hand", path.display())]
    NoKey {
        /// The recording.
        path: PathBuf,
        /// Id of the key it wants.
        key: String,
    },
    /// The file is not what was written.
    #[error("{} is damaged at {at_ms} ms: {why}", path.display())]
    Damaged {
        /// The recording.
        path: PathBuf,
        /// Where in it; 0 for its header.
        at_ms: u64,
        /// What is wrong.
        why: String,
    },
    /// A path that would lead out of the recordings' directory.
    #[error("`{}` is not a path inside the recordings' directory", .0.display())]
    BadPath(PathBuf),
    /// Conversion gave something else than what went in; the original is kept.
    #[error("{} could not be converted, the original is kept: {why}", path.display())]
    Conversion {
        /// The original.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl RecordingError {
    /// From the system's error.
    pub(super) fn io(what: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::Io {
            what,
            path: path.to_owned(),
            why: error.to_string(),
            full: matches!(
                error.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ),
        }
    }

    /// Stable code of this kind of error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { full: true, .. } => "recording_disk_full",
            Self::Io { .. } => "recording_io",
            Self::BadKey { .. } => "recording_bad_key",
            Self::NoKey { .. } => "recording_no_key",
            Self::Damaged { .. } => "recording_damaged",
            Self::BadPath(_) => "recording_bad_path",
            Self::Conversion { .. } => "recording_conversion",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Io { full: true, .. } => {
                "free disk space; calls go on, the next recording is tried anew"
            }
            Self::Io { .. } => "check that the path exists and the user may write there",
            Self::BadKey { .. } => {
                "put 32 octets, 64 hexadecimal digits, or a passphrase of at least 20 characters there, readable by this user alone"
            }
            Self::NoKey { .. } => {
                "name the key file it was sealed with, as [recording] key_file or in old_key_files"
            }
            Self::Damaged { .. } => "restore it from a backup; the rest of it can still be read",
            Self::BadPath(_) => "use a relative path without `..`",
            Self::Conversion { .. } => {
                "nothing is lost; report it with the format that was asked for"
            }
        }
    }
}
