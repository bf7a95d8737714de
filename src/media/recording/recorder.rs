//! The recorder: a handle to start, pause and stop recordings, the listener that feeds them,
//! and the threads that write and finish them.
//!
//! The listener never waits. Audio on its way to the disk is counted, per recording and in all;
//! beyond the bounds it is lost, marked in the recording and told. A recording whose disk
//! refuses ends; its call goes on.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded, unbounded};

use super::ears::{Command, RecorderEars};
use super::finish::Finisher;
use super::keys::KeyRing;
use super::order::{RecordingId, RecordingOrder};
use super::storage::Storage;
use super::writer::{Told, Writer};

/// How a recorder runs.
#[derive(Clone)]
pub struct RecorderConfig {
    /// Directory of all recordings. Made when it does not exist.
    pub root: PathBuf,
    /// Writer threads, 1 to 16. Default 2: one slow file holds up half the others at most.
    pub writers: usize,
    /// Most octets of one recording on the way to the disk. Default 320,000: 10 s.
    pub queued_max: usize,
    /// Most octets of all recordings together. Default 64 MiB.
    pub queued_total_max: usize,
    /// What was written is brought to the disk this often: what a loss of power may cost.
    /// Default 5 s.
    pub sync_every: Duration,
    /// With keys, recordings are sealed.
    pub keys: Option<Arc<KeyRing>>,
    /// The disk.
    pub storage: Arc<dyn Storage>,
    /// Where events go.
    pub told: Told,
}

impl std::fmt::Debug for RecorderConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecorderConfig")
            .field("root", &self.root)
            .field("writers", &self.writers)
            .field("sealed", &self.keys.is_some())
            .finish_non_exhaustive()
    }
}

impl RecorderConfig {
    /// Defaults, unsealed, on the file system.
    #[must_use]
    pub fn new(root: PathBuf, told: Told) -> Self {
        Self {
            root,
            writers: 2,
            queued_max: 320_000,
            queued_total_max: 64 << 20,
            sync_every: Duration::from_secs(5),
            keys: None,
            storage: Arc::new(super::storage::FileStorage),
            told,
        }
    }
}

/// A handle to the recorder, cheap to clone. Nothing it does waits. Instants are those at which
/// something happened: audio is cut there, to the millisecond, although it is written later.
#[derive(Clone, Debug)]
pub struct Recorder {
    commands: Sender<Command>,
}

impl Recorder {
    /// Begins a recording. Two recordings may listen to one tap.
    pub fn start(&self, order: RecordingOrder) {
        self.send(Command::Start(Box::new(order)));
    }

    /// From `at` on there is silence in the recording; its time goes on.
    pub fn pause(&self, id: RecordingId, at: Instant, by: &str, reason: &str) {
        self.send(Command::Pause {
            id,
            at,
            by: by.to_owned(),
            reason: reason.to_owned(),
        });
    }

    /// From `at` on audio is recorded again.
    pub fn resume(&self, id: RecordingId, at: Instant, by: &str) {
        let by = by.to_owned();
        self.send(Command::Resume { id, at, by });
    }

    /// Notes something: a transfer, a hold.
    pub fn note(&self, id: RecordingId, at: Instant, text: &str) {
        let text = text.to_owned();
        self.send(Command::Note { id, at, text });
    }

    /// Ends a recording. It also ends by itself when its tap does.
    pub fn stop(&self, id: RecordingId, at: Instant) {
        self.send(Command::Stop { id, at });
    }

    fn send(&self, command: Command) {
        // The listener is gone only when the keeper has ended, and every recording with it.
        drop(self.commands.send(command));
    }
}

/// The recorder's own threads. Dropped, they finish what is written and end; drop the listener
/// (stop the keeper) first.
#[derive(Debug)]
pub struct RecorderThreads {
    writers: Vec<JoinHandle<()>>,
    finisher: Option<JoinHandle<()>>,
    syncer: Option<(Sender<()>, JoinHandle<()>)>,
}

impl RecorderThreads {
    /// Waits until everything is written, finished and told.
    pub fn close(mut self) {
        self.join();
    }

    fn join(&mut self) {
        for thread in self.writers.drain(..).chain(self.finisher.take()) {
            drop(thread.join());
        }
        if let Some((stop, thread)) = self.syncer.take() {
            drop(stop);
            drop(thread.join());
        }
    }
}

impl Drop for RecorderThreads {
    fn drop(&mut self) {
        self.join();
    }
}

/// Starts a recorder: its handle, the listener for the keeper, and its threads.
///
/// # Errors
/// The system gives no thread, or `root` cannot be made.
pub fn start_recorder(
    config: RecorderConfig,
) -> io::Result<(Recorder, RecorderEars, RecorderThreads)> {
    std::fs::create_dir_all(&config.root)?;
    let thread = |name: String| std::thread::Builder::new().name(name);
    let (finish, finish_jobs) = unbounded();
    let finisher = Finisher {
        root: config.root.clone(),
        keys: config.keys.clone(),
        told: config.told.clone(),
    };
    let finisher = thread("rec-finish".to_owned()).spawn(move || finisher.run(&finish_jobs))?;
    let total = Arc::new(AtomicUsize::new(0));
    let (mut writers, mut lanes) = (Vec::new(), Vec::new());
    for number in 0..config.writers.clamp(1, 16) {
        // Bounded by the octets the listener counts, not by entries.
        let (jobs, work) = unbounded();
        let writer = Writer {
            root: config.root.clone(),
            storage: config.storage.clone(),
            keys: config.keys.clone(),
            total_queued: total.clone(),
            told: config.told.clone(),
            finish: finish.clone(),
            open: HashMap::new(),
        };
        writers.push(thread(format!("rec-write-{number}")).spawn(move || writer.run(&work))?);
        lanes.push(jobs);
    }
    let syncer = start_syncer(&config)?;
    let (commands, orders) = unbounded();
    let ears = RecorderEars::new(&config, orders, lanes, total);
    let threads = RecorderThreads {
        writers,
        finisher: Some(finisher),
        syncer: Some(syncer),
    };
    Ok((Recorder { commands }, ears, threads))
}

fn start_syncer(config: &RecorderConfig) -> io::Result<(Sender<()>, JoinHandle<()>)> {
    let (stop, stopped) = bounded::<()>(0);
    let (storage, root, every) = (
        config.storage.clone(),
        config.root.clone(),
        config.sync_every,
    );
    let thread = std::thread::Builder::new()
        .name("rec-sync".to_owned())
        .spawn(move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = storage.sync_all(&root) {
                    tracing::warn!(%error, "recordings could not be brought to the disk");
                }
            }
        })?;
    Ok((stop, thread))
}
