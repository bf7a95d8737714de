//! The writer threads: the only ones that wait for the disk while calls last.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender};

use super::finish::FinishJob;
use super::keys::KeyRing;
use super::open_file::OpenFile;
use super::order::{Ending, Format, Mark, RecorderEvent, RecordingId, RecordingOrder};
use super::storage::Storage;

/// How the recorder and its writers tell what happens.
pub type Told = Arc<dyn Fn(RecorderEvent) + Send + Sync>;

/// What recorder and writer share about one recording.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// Octets on the way to the writer.
    pub(super) queued: AtomicUsize,
    /// The writer gave it up.
    pub(super) dead: AtomicBool,
}

/// Something to write.
pub(super) enum Job {
    Open(Box<RecordingOrder>, Arc<Share>),
    Audio {
        id: RecordingId,
        at: u64,
        octets: Vec<u8>,
    },
    Silence {
        id: RecordingId,
        until: u64,
    },
    Mark {
        id: RecordingId,
        mark: Mark,
    },
    Close {
        id: RecordingId,
    },
}

/// A recording in a writer's hands.
pub(super) struct Active {
    share: Arc<Share>,
    format: Format,
    /// `None` once it was given up.
    file: Option<OpenFile>,
}

/// One writer thread's state.
pub(super) struct Writer {
    pub(super) root: PathBuf,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) keys: Option<Arc<KeyRing>>,
    pub(super) total_queued: Arc<AtomicUsize>,
    pub(super) told: Told,
    pub(super) finish: Sender<FinishJob>,
    pub(super) open: HashMap<RecordingId, Active>,
}

impl Writer {
    /// Serves until every sender is gone, then closes what is open.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        for job in jobs {
            self.serve(job);
        }
        let left: Vec<RecordingId> = self.open.keys().copied().collect();
        left.into_iter().for_each(|id| self.close(id));
    }

    fn serve(&mut self, job: Job) {
        match job {
            Job::Open(order, share) => self.create(&order, share),
            Job::Audio { id, at, octets } => {
                self.write(id, |file| file.audio(at, &octets));
                self.total_queued.fetch_sub(octets.len(), Ordering::Relaxed);
                if let Some(active) = self.open.get(&id) {
                    active
                        .share
                        .queued
                        .fetch_sub(octets.len(), Ordering::Relaxed);
                }
            }
            Job::Silence { id, until } => self.write(id, |file| file.silence(until)),
            Job::Mark { id, mark } => self.write(id, |file| file.mark(mark)),
            Job::Close { id } => self.close(id),
        }
    }

    fn create(&mut self, order: &RecordingOrder, share: Arc<Share>) {
        let created = OpenFile::create(&*self.storage, &self.root, self.keys.as_ref(), order);
        let file = match created {
            Ok(file) => {
                (self.told)(RecorderEvent::Opened {
                    id: order.id,
                    path: file.path.clone(),
                    key: file.head.key.clone(),
                });
                Some(file)
            }
            Err(error) => {
                share.dead.store(true, Ordering::Relaxed);
                (self.told)(RecorderEvent::NotOpened {
                    id: order.id,
                    error,
                });
                None
            }
        };
        let format = order.format;
        let active = Active {
            share,
            format,
            file,
        };
        self.open.insert(order.id, active);
    }

    /// Does something with a file; when the disk refuses, the recording ends there.
    fn write(
        &mut self,
        id: RecordingId,
        work: impl FnOnce(&mut OpenFile) -> Result<(), super::error::RecordingError>,
    ) {
        let Some(active) = self.open.get_mut(&id) else {
            return;
        };
        let Some(file) = &mut active.file else {
            return;
        };
        if let Err(error) = work(file) {
            active.share.dead.store(true, Ordering::Relaxed);
            let why = error.to_string();
            (self.told)(RecorderEvent::Broken { id, error });
            let (file, format) = (active.file.take(), active.format);
            self.hand_over(file, format, Ending::Failed, why);
        }
    }

    fn close(&mut self, id: RecordingId) {
        if let Some(active) = self.open.remove(&id) {
            self.hand_over(active.file, active.format, Ending::Finished, String::new());
        }
    }

    fn hand_over(&self, file: Option<OpenFile>, format: Format, ending: Ending, why: String) {
        let Some(mut file) = file else {
            return;
        };
        let (mut ending, mut why) = (ending, why);
        if let (Err(error), Ending::Finished) = (file.close(), ending) {
            (ending, why) = (Ending::Failed, error.to_string());
            (self.told)(RecorderEvent::Broken { id: file.id, error });
        }
        let job = FinishJob {
            id: file.id,
            path: file.path.clone(),
            length_ms: file.length_ms(),
            format,
            marks: std::mem::take(&mut file.marks),
            head: file.head.clone(),
            ending,
            why,
        };
        // The finisher outlives the writers; were it gone, the repair at the next start does
        // its work.
        drop(self.finish.send(job));
    }
}
