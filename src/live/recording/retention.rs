//! Deleting what has expired: the row first, then the file, so that a crash between the two is
//! seen and the file still goes.

use super::archive::Archive;
use crate::clock::NodeClock;
use carillon_decision::time::Wall;
use carillon_store::{RecordingState, Store, StoreError};
use std::collections::BTreeSet;
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
    sweep_by(archive, store, now, BATCH).await
}

async fn sweep_by(
    archive: &Archive,
    store: &dyn Store,
    now: Wall,
    batch: u32,
) -> Result<Swept, StoreError> {
    let mut swept = Swept::default();
    // What is stuck comes first again each time: it must not stand before what can go.
    let mut stuck = BTreeSet::new();
    loop {
        let wanted = batch.saturating_add(stuck.len() as u32);
        let expired = store.expired_recordings(now, wanted).await?;
        let full = expired.len() == wanted as usize;
        for entry in expired {
            let id = entry.begun.id;
            if stuck.contains(&id) {
                continue;
            }
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
                    stuck.insert(id);
                }
            }
        }
        if !full {
            swept.stuck = stuck.len() as u64;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use carillon_decision::id::CallId;
    use carillon_store::{
        NewRecording, RecordingEnd, RecordingEntry, RecordingStore, SqliteOptions, SqliteStore,
    };
    use std::path::{Path, PathBuf};

    const DAY_MS: i64 = 86_400_000;
    const START: Wall = Wall(1_772_560_800_000);

    fn day(n: i64) -> Wall {
        Wall(START.0 + n * DAY_MS)
    }

    /// Recordings of a node that keeps `short` ones for ten days, and `court` for ever.
    struct Kept {
        directory: tempfile::TempDir,
        config: crate::config::RecordingConfig,
        archive: Archive,
        store: SqliteStore,
    }

    impl Kept {
        async fn new() -> Self {
            let directory = tempfile::tempdir().expect("a directory");
            let text = "[recording.class.short]\nkeep = \"10d\"\n\
                [recording.class.court]\nkeep = \"forever\"\n";
            let file = directory.path().join("carillon.toml");
            let config = Config::parse(&file, text).expect("it is right").recording;
            let archive = Archive::open(&config).expect("without keys");
            let options = SqliteOptions::new(directory.path().join("kept.db"));
            let store = SqliteStore::open(options).await.expect("it opens");
            Self {
                directory,
                config,
                archive,
                store,
            }
        }

        /// A finished recording of the first day.
        async fn add(&self, id: u64, class: &str) -> PathBuf {
            let path = format!("2026/03/03/{id}-{id}.wav");
            let keep = self.config.keep(class);
            let row = NewRecording {
                id,
                call: CallId(id),
                campaign: None,
                agent: None,
                lead: None,
                started: START,
                format: "pcm16".to_owned(),
                path: path.clone(),
                class: class.to_owned(),
                keep_until: keep.map(|keep| START + keep),
                consent: "given".to_owned(),
            };
            let end = RecordingEnd {
                id,
                state: RecordingState::Finished,
                format: row.format.clone(),
                path,
                length_ms: 1_000,
                octets: 32_044,
                sha256: "ab".repeat(32),
                chain: "cd".repeat(32),
                key_id: None,
                lost_ms: 0,
                paused: Vec::new(),
                why: String::new(),
            };
            let file = self.archive.root().join(&row.path);
            self.store.begin_recording(row).await.expect("entered");
            self.store.finish_recording(end).await.expect("entered");
            std::fs::create_dir_all(file.parent().expect("a day")).expect("made");
            std::fs::write(&file, b"RIFF").expect("writable");
            std::fs::write(file.with_extension("log"), b"{}").expect("writable");
            file
        }

        async fn sweep(&self, now: Wall) -> (u64, u64) {
            let swept = sweep_by(&self.archive, &self.store, now, 3).await;
            let Swept { deleted, stuck } = swept.expect("the store answers");
            (deleted, stuck)
        }

        async fn row(&self, id: u64) -> RecordingEntry {
            self.store.recording(id).await.expect("the row stays")
        }
    }

    fn is_there(file: &Path) -> (bool, bool) {
        (file.exists(), file.with_extension("log").exists())
    }

    #[tokio::test]
    async fn each_class_goes_in_its_time_and_its_row_stays() {
        let kept = Kept::new().await;
        let short = kept.add(1, "short").await;
        let standard = kept.add(2, "standard").await;
        let court = kept.add(3, "court").await;
        assert_eq!(kept.sweep(Wall(day(10).0 - 1)).await, (0, 0));
        assert_eq!(kept.sweep(day(10)).await, (1, 0));
        assert_eq!(is_there(&short), (false, false));
        assert_eq!(is_there(&standard), (true, true));
        let row = kept.row(1).await;
        assert_eq!(row.state, RecordingState::Deleted);
        assert_eq!(row.deleted, Some(day(10)));
        assert_eq!(
            (row.why.as_str(), row.begun.consent.as_str()),
            ("expired", "given")
        );
        assert_eq!(
            row.sha256,
            "ab".repeat(32),
            "what it was can still be proved"
        );
        assert_eq!(kept.sweep(day(11)).await, (0, 0), "once");
        assert_eq!(kept.sweep(day(91)).await, (1, 0));
        assert_eq!(is_there(&standard), (false, false));
        assert_eq!(kept.sweep(day(40_000)).await, (0, 0));
        assert_eq!(is_there(&court), (true, true), "for ever");
    }

    #[tokio::test]
    async fn a_held_recording_stays_until_it_is_released() {
        let kept = Kept::new().await;
        let file = kept.add(1, "short").await;
        let held = kept.store.hold_recording(1, Some("case 7")).await;
        assert!(held.expect("the store answers"));
        assert_eq!(kept.sweep(day(400)).await, (0, 0));
        assert_eq!(is_there(&file), (true, true));
        kept.store.hold_recording(1, None).await.expect("released");
        assert_eq!(kept.sweep(day(400)).await, (1, 0));
        assert_eq!(is_there(&file), (false, false));
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_deleted_is_tried_again_and_stops_no_other() {
        let kept = Kept::new().await;
        // More than are asked for at once, and older than those that can go.
        let count = 5;
        let mut stuck = Vec::new();
        for id in 1..=count {
            let file = kept.add(id, "short").await;
            // A directory of that name is no file to remove, for root neither.
            std::fs::remove_file(&file).expect("there");
            std::fs::create_dir(&file).expect("made");
            stuck.push(file);
        }
        let free = kept.add(count + 1, "short").await;
        assert_eq!(kept.sweep(day(11)).await, (1, count));
        assert_eq!(is_there(&free), (false, false));
        assert_eq!(
            kept.row(1).await.state,
            RecordingState::Deleted,
            "nobody gets it any more"
        );
        assert_eq!(kept.sweep(day(12)).await, (0, count));
        stuck
            .iter()
            .for_each(|d| std::fs::remove_dir(d).expect("empty"));
        assert_eq!(kept.sweep(day(13)).await, (count, 0));
        assert_eq!(is_there(&stuck[0]), (false, false), "its sidecar went too");
        assert_eq!(kept.sweep(day(14)).await, (0, 0));
        drop(kept.directory);
    }

    #[tokio::test]
    async fn a_file_that_is_gone_already_is_no_trouble() {
        let kept = Kept::new().await;
        let file = kept.add(1, "short").await;
        std::fs::remove_file(&file).expect("there");
        assert_eq!(kept.sweep(day(11)).await, (1, 0));
        assert_eq!(is_there(&file), (false, false));
    }
}
