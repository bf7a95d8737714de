//! Deleting what has expired: the row first, then the file, so that a crash between the two is
//! seen and the file still goes.

use super::archive::Archive;
use crate::clock::NodeClock;
use carillon_decision::time::Wall;
use carillon_store::{RecordingState, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// Between two sweeps.
const EVERY: Duration = Duration::from_secs(600);
/// Recordings asked for at once.
const BATCH: u32 = 200;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files that are gone.
    pub deleted: u64,
    /// Files that could not be removed; they are tried again at the next sweep.
    pub stuck: u64,
}

/// Deletes every recording that has expired at `now` and is not held.
///
/// # Errors
/// The store's.
pub async fn sweep(archive: &Archive, store: &dyn Store, now: Wall) -> Result<Swept, StoreError> {
    let mut swept = Swept::default();
    loop {
        let expired = store.expired_recordings(now, BATCH).await?;
        let (full, before) = (expired.len() == BATCH as usize, swept.deleted);
        swept.stuck = 0;
        for entry in expired {
            let id = entry.begun.id;
            let claimed = entry.state == RecordingState::Deleted
                || store.delete_recording(id, now, "expired").await?;
            // A hold was placed in between.
            if !claimed {
                continue;
            }
            let place = archive.clone();
            let removed = tokio::task::spawn_blocking(move || place.remove(&entry)).await;
            match removed {
                Ok(Ok(())) => {
                    store.recording_file_gone(id).await?;
                    swept.deleted += 1;
                }
                other => {
                    tracing::warn!(
                        recording = id,
                        ?other,
                        "an expired recording stays on the disk"
                    );
                    swept.stuck += 1;
                }
            }
        }
        if !full || swept.deleted == before {
            return Ok(swept);
        }
    }
}

/// Sweeps every ten minutes, for ever.
pub async fn run_retention(archive: Archive, store: Arc<dyn Store>, clock: NodeClock) {
    loop {
        match sweep(&archive, &*store, clock.now().wall).await {
            Ok(swept) if swept != Swept::default() => {
                tracing::info!(
                    swept.deleted,
                    swept.stuck,
                    "expired recordings were deleted"
                );
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "expired recordings wait for the store"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
