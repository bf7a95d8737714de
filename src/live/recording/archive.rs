//! Recordings on the disk, as rows of the store describe them.

use crate::config::RecordingConfig;
use carillon_media::recording::{
    Content, Ending, Expected, KeyRing, PlainView, RecordingError, RecordingId, RecordingSummary,
    Verified, recover, verify,
};
use carillon_store::{
    RecordingEnd, RecordingEntry, RecordingFilter, RecordingState, Store, StoreError,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The recordings' directory and the keys it wants.
#[derive(Clone, Debug)]
pub struct Archive {
    root: PathBuf,
    keys: Option<Arc<KeyRing>>,
}

/// Names of contents, as rows have them.
const CONTENTS: [(&str, Content); 5] = [
    ("pcm16", Content::Pcm16),
    ("mulaw", Content::Mulaw),
    ("alaw", Content::Alaw),
    ("flac", Content::Flac),
    ("opus", Content::Opus),
];

/// Stable name of what a file holds.
pub(super) fn content_name(content: Content) -> &'static str {
    CONTENTS
        .iter()
        .find(|(_, known)| *known == content)
        .map_or("pcm16", |(name, _)| name)
}

impl Archive {
    /// Reads the keys.
    ///
    /// # Errors
    /// A key file that cannot be used.
    pub fn open(config: &RecordingConfig) -> Result<Self, RecordingError> {
        let older: Vec<&Path> = config.old_key_files.iter().map(PathBuf::as_path).collect();
        let keys = config
            .key_file
            .as_deref()
            .map(|file| KeyRing::read(file, &older).map(Arc::new))
            .transpose()?;
        Ok(Self {
            root: config.root.clone(),
            keys,
        })
    }

    /// The recordings' directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The keys; absent where recordings are not sealed.
    pub fn keys(&self) -> Option<&Arc<KeyRing>> {
        self.keys.as_ref()
    }

    /// Where a recording's file is.
    pub fn path(&self, entry: &RecordingEntry) -> PathBuf {
        self.root.join(&entry.begun.path)
    }

    /// Opens a recording for reading.
    ///
    /// # Errors
    /// The file system's, or a key that is not at hand.
    pub fn view(&self, entry: &RecordingEntry) -> Result<PlainView, RecordingError> {
        PlainView::open(&self.path(entry), self.keys.as_deref())
    }

    /// Verifies a closed recording. `told` hears of octets read.
    ///
    /// # Errors
    /// The file cannot be read at all.
    pub fn verify(
        &self,
        entry: &RecordingEntry,
        told: impl FnMut(u64),
    ) -> Result<Verified, RecordingError> {
        let expected = expected_of(entry);
        verify(&self.path(entry), &expected, self.keys.as_deref(), told)
    }

    /// Removes a recording's file and its sidecar. What is gone already is no fault.
    ///
    /// # Errors
    /// The file system's words.
    pub fn remove(&self, entry: &RecordingEntry) -> Result<(), std::io::Error> {
        let file = self.path(entry);
        let sidecar = carillon_media::recording::sidecar::sidecar_path(&file);
        for path in [file, sidecar] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What a row says a file must be.
pub fn expected_of(entry: &RecordingEntry) -> Expected {
    let format = entry.begun.format.as_str();
    let content = CONTENTS.iter().find(|(name, _)| *name == format);
    Expected {
        content: content.map_or(Content::Pcm16, |(_, content)| *content),
        sha256: entry.sha256.clone(),
        chain: entry.chain.clone(),
        octets: entry.octets,
        length_ms: entry.length_ms,
        sealed: entry.key_id.is_some(),
    }
}

/// A closed recording as its row tells it.
pub fn end_of(summary: &RecordingSummary) -> RecordingEnd {
    RecordingEnd {
        id: summary.id.0,
        state: match summary.ending {
            Ending::Finished => RecordingState::Finished,
            Ending::Recovered => RecordingState::Recovered,
            Ending::Failed => RecordingState::Failed,
        },
        format: content_name(summary.content).to_owned(),
        path: summary.path.to_string_lossy().into_owned(),
        length_ms: summary.length_ms,
        octets: summary.octets,
        sha256: summary.sha256.clone(),
        chain: summary.chain.clone(),
        key_id: summary.key.clone(),
        lost_ms: summary.lost_ms,
        paused: summary
            .paused
            .iter()
            .map(|span| (span.from_ms, span.to_ms))
            .collect(),
        why: summary.why.clone(),
    }
}

/// Repairs every recording a crash left open, and enters what became of it; answers how many.
/// One without a file is entered as failed. Call before the first recording begins.
///
/// # Errors
/// The store's.
pub async fn recover_open(archive: &Archive, store: &dyn Store) -> Result<usize, StoreError> {
    let filter = RecordingFilter {
        state: Some(RecordingState::Open),
        ..RecordingFilter::default()
    };
    let open = store.recordings(filter, u32::MAX).await?;
    let count = open.len();
    for entry in open {
        let (archive, begun) = (archive.clone(), entry.begun.clone());
        let work = move || {
            let path = Path::new(&begun.path);
            recover(
                &archive.root,
                path,
                RecordingId(begun.id),
                archive.keys.as_deref(),
            )
        };
        let repaired = tokio::task::spawn_blocking(work).await;
        let end = match repaired {
            Ok(Ok(summary)) => end_of(&summary),
            // A key that is missing today may be there tomorrow: it stays open.
            Ok(Err(error @ RecordingError::NoKey { .. })) => {
                tracing::error!(recording = entry.begun.id, %error, "a recording cannot be repaired");
                continue;
            }
            other => {
                let why = match other {
                    Ok(Err(error)) => error.to_string(),
                    _ => "the repair ended in a panic".to_owned(),
                };
                tracing::error!(
                    recording = entry.begun.id,
                    why,
                    "a recording was not repaired"
                );
                failed(&entry, why)
            }
        };
        store.finish_recording(end).await?;
    }
    Ok(count)
}

pub(super) fn failed(entry: &RecordingEntry, why: String) -> RecordingEnd {
    RecordingEnd {
        id: entry.begun.id,
        state: RecordingState::Failed,
        format: entry.begun.format.clone(),
        path: entry.begun.path.clone(),
        length_ms: 0,
        octets: 0,
        sha256: String::new(),
        chain: String::new(),
        key_id: None,
        lost_ms: 0,
        paused: Vec::new(),
        why,
    }
}
