//! The node's recorder by call: one handle to begin, pause, resume and end recordings, their
//! rows written as they go.

use super::archive::{Archive, content_name, end_of, failed};
use crate::clock::NodeClock;
use crate::config::RecordingConfig;
use carillon_decision::id::{AgentId, CallId, CampaignId, LeadId};
use carillon_decision::time::Wall;
use carillon_media::recording::{
    ConversationListener, Format, Keeper, Recorder, RecorderConfig, RecorderEvent, RecorderThreads,
    RecordingId, RecordingOrder, start_recorder,
};
use carillon_media::tap::{Tap, TapEvent};
use carillon_store::{NewRecording, Store, StoreError};
use crossbeam_channel::Sender;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Batches of audio that may wait for the keeper: some 400 ms of 1,000 calls.
const BATCHES_MAX: usize = 8_192;

/// What a recording is to be.
#[derive(Clone, Debug)]
pub struct BeginRecording {
    /// The call.
    pub call: CallId,
    /// Its campaign, and the campaign's name for the sidecar.
    pub campaign: Option<(CampaignId, String)>,
    /// The agent it begins with, and their name.
    pub agent: Option<(AgentId, String)>,
    /// The lead.
    pub lead: Option<LeadId>,
    /// Retention class.
    pub class: String,
    /// On what ground, in words.
    pub consent: String,
    /// Its millisecond 0, by both clocks.
    pub at: (Instant, Wall),
    /// The tap that is on the customer's leg already; `None`: it gets one of its own.
    pub tap: Option<u64>,
}

enum Entry {
    Begun(Box<NewRecording>),
    Told(RecorderEvent),
    /// Nothing more follows.
    End,
}

/// The node's recorder. Cheap to clone; nothing it does waits.
#[derive(Clone)]
pub struct Recordings(Arc<Shared>);

struct Shared {
    recorder: Recorder,
    taps: Sender<TapEvent>,
    entries: mpsc::UnboundedSender<Entry>,
    next: AtomicU64,
    format: Format,
    sealed: bool,
    keep: BTreeMap<String, Option<Duration>>,
    /// The recording of each call in progress.
    calls: Mutex<HashMap<CallId, RecordingId>>,
}

impl std::fmt::Debug for Recordings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recordings").finish_non_exhaustive()
    }
}

/// The threads and the task behind [`Recordings`]; close them when the node stops.
#[derive(Debug)]
pub struct RecordingEnds {
    keeper: Keeper,
    threads: RecorderThreads,
    entries: mpsc::UnboundedSender<Entry>,
    rows: tokio::task::JoinHandle<()>,
}

impl RecordingEnds {
    /// Ends every recording, writes and finishes what there is, and enters it in the store.
    pub async fn close(self) {
        let (keeper, threads) = (self.keeper, self.threads);
        let finished = tokio::task::spawn_blocking(move || {
            keeper.stop();
            threads.close();
        });
        drop(finished.await);
        let _ = self.entries.send(Entry::End);
        drop(self.rows.await);
    }
}

impl Recordings {
    /// Starts recorder, keeper and the task that enters rows. `listeners` hear the same
    /// conversations, such as whoever measures their quality. `hear` is told whatever the recorder
    /// tells, with words for an alert when the disk does not keep up, fills, or breaks a recording.
    ///
    /// # Errors
    /// No directory or no thread; the store's.
    pub async fn start(
        config: &RecordingConfig,
        archive: &Archive,
        store: Arc<dyn Store>,
        clock: &NodeClock,
        mut listeners: Vec<Box<dyn ConversationListener>>,
        hear: impl Fn(&RecorderEvent, Option<&str>) + Send + Sync + 'static,
    ) -> Result<(Self, RecordingEnds), StartError> {
        let next = store.next_recording_id().await?;
        let (entries, queue) = mpsc::unbounded_channel();
        let to = entries.clone();
        let told = Arc::new(move |event: RecorderEvent| {
            hear(&event, words(&event).as_deref());
            let _ = to.send(Entry::Told(event));
        });
        let mut recorder = RecorderConfig::new(config.root.clone(), told);
        recorder.writers = config.writers;
        recorder.sync_every = config.sync_every;
        recorder.keys = archive.keys().cloned();
        let (recorder, ears, threads) = start_recorder(recorder)?;
        listeners.insert(0, Box::new(ears));
        let (taps, events) = crossbeam_channel::bounded(BATCHES_MAX);
        let time = clock.clone();
        let instants = Arc::new(move || time.instant());
        let keeper = Keeper::start(events, instants, listeners)?;
        let rows = tokio::spawn(enter_rows(store, queue));
        let shared = Shared {
            recorder,
            taps,
            entries: entries.clone(),
            next: AtomicU64::new(next),
            format: config.format,
            sealed: archive.keys().is_some(),
            keep: config.classes.clone(),
            calls: Mutex::default(),
        };
        let ends = RecordingEnds {
            keeper,
            threads,
            entries,
            rows,
        };
        Ok((Self(Arc::new(shared)), ends))
    }

    /// A tap of that number for a customer's leg: the listeners hear it, and recordings may.
    #[must_use]
    pub fn tap(&self, tap: u64) -> Tap {
        Tap {
            tap,
            events: self.0.taps.clone(),
        }
    }

    /// Begins a recording; put the tap on the customer's leg. A call that is recorded already
    /// goes on in the same recording, and `None` is answered.
    pub fn begin(&self, begin: BeginRecording) -> Option<Tap> {
        let shared = &*self.0;
        let id = {
            let mut calls = shared.calls.lock().unwrap_or_else(|e| e.into_inner());
            if calls.contains_key(&begin.call) {
                return None;
            }
            let id = RecordingId(shared.next.fetch_add(1, Ordering::Relaxed));
            calls.insert(begin.call, id);
            id
        };
        let (instant, wall) = begin.at;
        let stem = stem(wall, begin.call, id);
        let content = shared.format.during_call();
        let sealed = if shared.sealed { ".sealed" } else { "" };
        let keep = shared.keep.get(&begin.class).copied().flatten();
        let mut about = BTreeMap::from([
            ("call".to_owned(), begin.call.to_string()),
            ("consent".to_owned(), begin.consent.clone()),
            ("class".to_owned(), begin.class.clone()),
        ]);
        let names = [("campaign", begin.campaign.as_ref().map(|c| &c.1))];
        let names = names
            .into_iter()
            .chain([("agent", begin.agent.as_ref().map(|a| &a.1))]);
        about.extend(names.filter_map(|(key, name)| Some((key.to_owned(), name?.clone()))));
        let row = NewRecording {
            id: id.0,
            call: begin.call,
            campaign: begin.campaign.map(|c| c.0),
            agent: begin.agent.map(|a| a.0),
            lead: begin.lead,
            started: wall,
            format: content_name(content).to_owned(),
            path: format!("{}.{}{sealed}", stem.display(), content.extension()),
            class: begin.class,
            keep_until: keep.map(|keep| wall + keep),
            consent: begin.consent,
        };
        // The row before the file: what a crash leaves is found by its row.
        let _ = shared.entries.send(Entry::Begun(Box::new(row)));
        let tap = begin.tap.unwrap_or(id.0);
        shared.recorder.start(RecordingOrder {
            id,
            tap,
            at: instant,
            started_ms: wall.0,
            stem,
            format: shared.format,
            about,
        });
        Some(self.tap(tap))
    }

    /// Leaves audio out from `at` on.
    pub fn pause(&self, call: CallId, at: Instant, by: &str, reason: &str) {
        self.of(call, |recorder, id| recorder.pause(id, at, by, reason));
    }

    /// Takes audio in again.
    pub fn resume(&self, call: CallId, at: Instant, by: &str) {
        self.of(call, |recorder, id| recorder.resume(id, at, by));
    }

    /// Notes something in the recording's record: a transfer, a hold.
    pub fn note(&self, call: CallId, at: Instant, text: &str) {
        self.of(call, |recorder, id| recorder.note(id, at, text));
    }

    /// Ends a call's recording. It also ends when the tap does; call this all the same, so that
    /// the call is forgotten.
    pub fn end(&self, call: CallId, at: Instant) {
        self.of(call, |recorder, id| recorder.stop(id, at));
        let mut calls = self.0.calls.lock().unwrap_or_else(|e| e.into_inner());
        calls.remove(&call);
    }

    fn of(&self, call: CallId, work: impl FnOnce(&Recorder, RecordingId)) {
        let calls = self.0.calls.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(id) = calls.get(&call) {
            work(&self.0.recorder, *id);
        }
    }
}

/// Why recordings do not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The directory, or a thread.
    #[error("recordings cannot start: {0}; check `[recording] root`")]
    Io(#[from] io::Error),
    /// The store.
    #[error("recordings cannot start: {0}")]
    Store(#[from] StoreError),
}

/// `2026/11/22/CALL-ID`, by UTC.
fn stem(wall: Wall, call: CallId, id: RecordingId) -> PathBuf {
    let day = jiff::Timestamp::from_millisecond(wall.0)
        .map(|at| at.strftime("%Y/%m/%d").to_string())
        .unwrap_or_else(|_| "undated".to_owned());
    PathBuf::from(format!("{day}/{call}-{id}"))
}

/// What an alert says of an event.
fn words(event: &RecorderEvent) -> Option<String> {
    match event {
        RecorderEvent::Losing(true) => Some(
            "the disk of the recordings does not keep up, audio is being left out; calls go on"
                .to_owned(),
        ),
        RecorderEvent::NotOpened { id, error } | RecorderEvent::Broken { id, error } => {
            Some(format!(
                "recording {id} stopped, its call goes on: {error}; {}",
                error.remedy()
            ))
        }
        RecorderEvent::NotConverted { id, error } => {
            Some(format!("recording {id}: {error}; {}", error.remedy()))
        }
        RecorderEvent::Losing(false) | RecorderEvent::Opened { .. } | RecorderEvent::Closed(_) => {
            None
        }
    }
}

/// Enters rows in the order in which things happened.
async fn enter_rows(store: Arc<dyn Store>, mut queue: mpsc::UnboundedReceiver<Entry>) {
    while let Some(entry) = queue.recv().await {
        let entered = match entry {
            Entry::Begun(row) => store.begin_recording(*row).await,
            Entry::Told(RecorderEvent::Closed(summary)) => {
                store.finish_recording(end_of(&summary)).await
            }
            Entry::Told(RecorderEvent::NotOpened { id, error }) => {
                match store.recording(id.0).await {
                    Ok(row) => {
                        store
                            .finish_recording(failed(&row, error.to_string()))
                            .await
                    }
                    Err(error) => Err(error),
                }
            }
            Entry::Told(_) => Ok(()),
            Entry::End => return,
        };
        match entered {
            Ok(()) | Err(StoreError::Kept { .. }) => {}
            Err(error) => tracing::error!(%error, "a recording's row was not entered"),
        }
    }
}
