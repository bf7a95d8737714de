//! Starts the threads behind [`Keeping`], and ends them in order.

use super::desk::Desk;
use super::{Gauges, Keeping, Report};
use crate::clock::NodeClock;
use crate::config::RecordingConfig;
use crate::engine::Inputs;
use crate::error::NodeError;
use crate::recording::{Archive, RecordingEnds, Recordings};
use carillon_media::quality::desk::listener;
use carillon_media::recording::RecorderEvent;
use carillon_media::{Clock, Relay};
use carillon_store::Store;
use std::sync::Arc;
use std::thread::JoinHandle;

/// Jobs that may wait for the desk.
const JOBS_MAX: usize = 16_384;

/// What the keeping works with.
pub(crate) struct KeepParts<'a> {
    pub(crate) config: &'a RecordingConfig,
    pub(crate) archive: &'a Archive,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: &'a NodeClock,
    pub(crate) instants: Clock,
    pub(crate) relay: Relay,
    pub(crate) inputs: Inputs,
    pub(crate) gauges: Arc<Gauges>,
    /// Where reports of calls go.
    pub(crate) reports: Box<dyn Fn(Report) + Send>,
}

/// The threads. Ended by [`KeepingThreads::close`], after the switch.
#[derive(Debug)]
pub(crate) struct KeepingThreads {
    desk: JoinHandle<()>,
    recordings: RecordingEnds,
}

impl KeepingThreads {
    /// Waits until the last reports are told and every recording is finished.
    pub(crate) async fn close(self) {
        let desk = tokio::task::spawn_blocking(move || self.desk.join()).await;
        if !matches!(desk, Ok(Ok(()))) {
            tracing::error!("the quality desk ended in a panic");
        }
        self.recordings.close().await;
    }
}

/// Starts everything.
pub(crate) async fn start(parts: KeepParts<'_>) -> Result<(Keeping, KeepingThreads), NodeError> {
    let (quality, desk) = listener();
    let (gauges, clock) = (Arc::clone(&parts.gauges), parts.clock.clone());
    let told = move |event: &RecorderEvent, words: Option<&str>| {
        if let Some(words) = words {
            tracing::error!("{words}");
        }
        gauges.recorder(clock.now().wall, event, words);
    };
    let (recordings, ends) = Recordings::start(
        parts.config,
        parts.archive,
        parts.store,
        parts.clock,
        vec![Box::new(quality)],
        told,
    )
    .await
    .map_err(|e| NodeError::Media(e.to_string()))?;
    let (jobs, work) = crossbeam_channel::bounded(JOBS_MAX);
    let desk = Desk {
        relay: parts.relay,
        clock: parts.instants,
        desk,
        inputs: parts.inputs,
        gauges: parts.gauges,
        reports: parts.reports,
    };
    let desk = std::thread::Builder::new()
        .name("carillon-quality".to_owned())
        .spawn(move || desk.run(&work))
        .map_err(|source| NodeError::Start {
            what: "the quality desk",
            source,
        })?;
    let keeping = Keeping {
        clock: parts.clock.clone(),
        jobs,
        recordings,
    };
    let threads = KeepingThreads {
        desk,
        recordings: ends,
    };
    Ok((keeping, threads))
}
