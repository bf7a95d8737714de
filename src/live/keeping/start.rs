//! Starts the threads behind [`Keeping`], and ends them in order.

use super::desk::Desk;
use super::{Keeping, Report};
use crate::clock::NodeClock;
use crate::engine::Inputs;
use crate::error::NodeError;
use carillon_media::quality::desk::listener;
use carillon_media::recording::{
    Format, Keeper, KeyRing, RecorderConfig, RecorderEvent, RecorderThreads, start_recorder,
};
use carillon_media::{Clock, Relay};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

/// Audio on its way to the keeper, in batches of a tenth of a second and way: 8 s of 1,000 calls.
const BATCHES_MAX: usize = 160_000;
/// Jobs that may wait for the desk.
const JOBS_MAX: usize = 16_384;

/// Where and how recordings are kept.
#[derive(Clone, Debug)]
pub(crate) struct KeepSettings {
    /// Directory of all recordings.
    pub(crate) root: PathBuf,
    /// What a recording becomes.
    pub(crate) format: Format,
    /// With keys, recordings are sealed.
    pub(crate) keys: Option<Arc<KeyRing>>,
}

/// The threads. Ended by [`KeepingThreads::close`], after the switch.
#[derive(Debug)]
pub(crate) struct KeepingThreads {
    desk: JoinHandle<()>,
    keeper: Keeper,
    recorder: RecorderThreads,
}

impl KeepingThreads {
    /// Waits until the last reports are told and every recording is finished.
    pub(crate) fn close(self) {
        if self.desk.join().is_err() {
            tracing::error!("the quality desk ended in a panic");
        }
        self.keeper.stop();
        self.recorder.close();
    }
}

/// Starts everything.
pub(crate) fn start(
    settings: KeepSettings,
    clock: &NodeClock,
    instants: Clock,
    relay: Relay,
    inputs: Inputs,
    reports: Box<dyn Fn(Report) + Send>,
    told: Arc<dyn Fn(RecorderEvent) + Send + Sync>,
) -> Result<(Keeping, KeepingThreads), NodeError> {
    let failed = |what| move |source| NodeError::Start { what, source };
    let format = settings.format;
    let config = RecorderConfig {
        keys: settings.keys,
        ..RecorderConfig::new(settings.root, told)
    };
    let (recorder, ears, threads) = start_recorder(config).map_err(failed("the recorder"))?;
    let (quality, desk) = listener();
    let (taps, events) = crossbeam_channel::bounded(BATCHES_MAX);
    let listeners: Vec<Box<dyn carillon_media::recording::ConversationListener>> =
        vec![Box::new(ears), Box::new(quality)];
    let keeper = Keeper::start(events, Arc::clone(&instants), listeners);
    let keeper = keeper.map_err(failed("the keeper of conversations"))?;
    let (jobs, work) = crossbeam_channel::bounded(JOBS_MAX);
    let desk = Desk {
        relay,
        clock: instants,
        desk,
        inputs,
        reports,
    };
    let desk = std::thread::Builder::new()
        .name("carillon-quality".to_owned())
        .spawn(move || desk.run(&work))
        .map_err(failed("the quality desk"))?;
    let keeping = Keeping {
        clock: clock.clone(),
        taps,
        jobs,
        recorder,
        format,
    };
    let threads = KeepingThreads {
        desk,
        keeper,
        recorder: threads,
    };
    Ok((keeping, threads))
}
