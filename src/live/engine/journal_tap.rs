//! The journal beside the engine: every input and a digest of what it caused, written by a
//! thread of its own. **Nothing ever waits for it**: when its disk cannot follow, journalling
//! stops, loudly, and calls go on.

use crate::BUILD;
use crate::clock::NodeClock;
use crate::error::NodeError;
use carillon_decision::{Command, Engine, EngineConfig, Input, Now, Wall};
use carillon_journal::{CommandDigest, Header, StepDigest, Writer};
use crossbeam_channel::{Receiver, Sender};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Entries that may wait for the disk.
const ENTRIES_MAX: usize = 65_536;
/// Size at which the next file is begun.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// Longest time an entry stays in memory.
const FLUSH_EVERY: Duration = Duration::from_millis(500);
/// How long the end of the node waits for the last entries.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);

enum Entry {
    Input(Now, Box<Input>),
    Digest(StepDigest),
    /// Begin the next file, from this state.
    Rotate(Vec<u8>),
}

/// The engine thread's end. Without a directory it does nothing.
pub(crate) struct Tap {
    queue: Option<Sender<Entry>>,
    thread: Option<std::thread::JoinHandle<()>>,
    shared: Arc<Shared>,
    told: bool,
}

#[derive(Default)]
struct Shared {
    /// An entry was lost: the journal has ended.
    lost: AtomicBool,
    /// The file is full: a snapshot is wanted.
    full: AtomicBool,
}

impl Tap {
    /// Opens the journal's first file in `directory` and starts its thread.
    pub(crate) fn start(
        directory: Option<&Path>,
        engine: EngineConfig,
        clock: &NodeClock,
    ) -> Result<Self, NodeError> {
        let shared = Arc::new(Shared::default());
        let Some(directory) = directory else {
            return Ok(Self {
                queue: None,
                thread: None,
                shared,
                told: false,
            });
        };
        let failed = |e: String| NodeError::Journal(format!("{}: {e}", directory.display()));
        std::fs::create_dir_all(directory).map_err(|e| failed(e.to_string()))?;
        let files = Files {
            directory: directory.to_owned(),
            started: clock.now().wall,
            header: Header::new(BUILD, engine),
        };
        let writer = files.open().map_err(failed)?;
        let (queue, entries) = crossbeam_channel::bounded(ENTRIES_MAX);
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("carillon-journal".to_owned())
            .spawn(move || write_all(files, writer, &entries, &of_thread))
            .map_err(|source| NodeError::Start {
                what: "the journal",
                source,
            })?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            shared,
            told: false,
        })
    }

    /// Notes an input, before the engine hears it.
    pub(crate) fn input(&mut self, now: Now, input: &Input) {
        if self.queue.is_some() {
            self.put(Entry::Input(now, Box::new(input.clone())));
        }
    }

    /// Notes what the input caused, and begins the next file where the present one is full.
    pub(crate) fn commands(&mut self, commands: &[Command], engine: &Engine) {
        if self.queue.is_none() {
            return;
        }
        let mut digest = CommandDigest::new();
        commands.iter().for_each(|c| digest.add(c));
        self.put(Entry::Digest(digest.finish()));
        if self.shared.full.swap(false, Ordering::Relaxed) {
            match engine.snapshot() {
                Ok(snapshot) => self.put(Entry::Rotate(snapshot)),
                Err(error) => tracing::error!(%error, "the journal's file grows on: no snapshot"),
            }
        }
    }

    fn put(&mut self, entry: Entry) {
        let Some(queue) = &self.queue else {
            return;
        };
        let lost = self.shared.lost.load(Ordering::Relaxed);
        if lost || queue.try_send(entry).is_err() {
            // A journal with a hole replays as something that never happened: it ends here.
            tracing::error!("the journal's disk cannot follow: journalling has stopped");
            self.shared.lost.store(true, Ordering::Relaxed);
            self.queue = None;
        }
    }

    /// Whether the journal has ended since the last time this was asked.
    pub(crate) fn newly_lost(&mut self) -> bool {
        let lost = self.shared.lost.load(Ordering::Relaxed);
        lost && !std::mem::replace(&mut self.told, true)
    }

    /// Writes what waits and closes the file, unless the disk hangs.
    pub(crate) fn close(&mut self) {
        self.queue = None;
        let Some(thread) = self.thread.take() else {
            return;
        };
        let (done, ended) = crossbeam_channel::bounded(1);
        std::thread::spawn(move || {
            let _ = done.send(thread.join());
        });
        if ended.recv_timeout(CLOSE_WITHIN).is_err() {
            tracing::error!("the journal's disk hangs: its last entries may be lost");
        }
    }
}

/// The files of one run.
struct Files {
    directory: PathBuf,
    started: Wall,
    header: Header,
}

impl Files {
    fn open(&self) -> Result<Writer<File>, String> {
        let name = format!("{:013}-{:04}.journal", self.started.0, self.header.part);
        let file = File::options()
            .write(true)
            .create_new(true)
            .open(self.directory.join(name));
        let file = file.map_err(|e| e.to_string())?;
        Writer::create(file, &self.header, FILE_BYTES_MAX).map_err(|e| e.to_string())
    }
}

fn write_all(
    mut files: Files,
    mut writer: Writer<File>,
    entries: &Receiver<Entry>,
    shared: &Shared,
) {
    loop {
        let written = match entries.recv_timeout(FLUSH_EVERY) {
            Ok(Entry::Input(now, input)) => writer.input(now, &input).map_err(|e| e.to_string()),
            Ok(Entry::Digest(digest)) => writer.digest(digest).map_err(|e| e.to_string()),
            Ok(Entry::Rotate(snapshot)) => rotate(&mut files, &mut writer, snapshot),
            Err(crossbeam_channel::RecvTimeoutError::Timeout) => {
                writer.flush().map_err(|e| e.to_string())
            }
            Err(crossbeam_channel::RecvTimeoutError::Disconnected) => break,
        };
        if let Err(error) = written {
            tracing::error!(error, "the journal cannot be written");
            shared.lost.store(true, Ordering::Relaxed);
            return;
        }
        if writer.is_full() {
            shared.full.store(true, Ordering::Relaxed);
        }
    }
    if let Err(error) = writer.finish() {
        tracing::error!(%error, "the journal's last entries are lost");
    }
}

fn rotate(files: &mut Files, writer: &mut Writer<File>, snapshot: Vec<u8>) -> Result<(), String> {
    writer.flush().map_err(|e| e.to_string())?;
    files.header = files.header.next_part(snapshot);
    *writer = files.open()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_replays_identically() {
        let directory = tempfile::tempdir().unwrap();
        let clock = NodeClock::start();
        let config = EngineConfig::default();
        let mut tap = Tap::start(Some(directory.path()), config, &clock).unwrap();
        let mut engine = Engine::new(config);
        for second in 0..5 {
            let now = Now {
                mono: carillon_decision::Mono::from_secs(second),
                wall: Wall(0),
            };
            tap.input(
                now,
                &Input::Drain {
                    on: second % 2 == 0,
                },
            );
            engine.handle(
                now,
                Input::Drain {
                    on: second % 2 == 0,
                },
            );
            tap.commands(&[], &engine);
        }
        tap.close();
        assert!(!tap.newly_lost());
        let file = std::fs::read_dir(directory.path())
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        let file = File::open(file.path()).unwrap();
        let reader = carillon_journal::Reader::open(file).unwrap();
        reader.header().check_engine(BUILD).unwrap();
        let report = carillon_journal::replay(reader, |head| Ok(Engine::new(head.config))).unwrap();
        assert_eq!((report.inputs, report.compared), (5, 5));
        assert!(report.is_identical());
    }

    #[test]
    fn a_journal_that_lost_an_entry_ends_and_says_so_once() {
        let (queue, entries) = crossbeam_channel::bounded(1);
        let shared = Arc::new(Shared::default());
        let mut tap = Tap {
            queue: Some(queue),
            thread: None,
            shared,
            told: false,
        };
        let now = Now::default();
        tap.input(now, &Input::Tick);
        assert!(!tap.newly_lost());
        tap.input(now, &Input::Tick);
        assert!(tap.newly_lost() && !tap.newly_lost());
        drop(entries);
        tap.input(now, &Input::Tick);
    }
}
