//! A running node, from outside.

use super::{Addresses, Recovered, StopReport, Vitals};
use crate::engine::Inputs;
use crate::error::NodeError;
use crate::floor_port::FloorPort;
use crate::keeping::KeepingThreads;
use crate::switch::Notice;
use crate::vitals::VitalCounters;
use carillon_api::port::{BoardStatus, Floor};
use carillon_decision::Input;
use carillon_store::Store;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// How long a stop waits for the far ends to confirm.
const HANG_UP_WITHIN: Duration = Duration::from_secs(5);
/// How long a stop waits for the store to take the last records.
const RECORDS_WITHIN: Duration = Duration::from_secs(10);

/// Threads and tasks to be ended, in order.
pub(super) struct Ends {
    pub(super) switch: std::thread::JoinHandle<()>,
    pub(super) engine: std::thread::JoinHandle<()>,
    pub(super) kept: KeepingThreads,
    pub(super) feeds: Vec<JoinHandle<()>>,
    pub(super) writer: JoinHandle<()>,
    pub(super) pages: Option<JoinHandle<()>>,
    pub(super) close_pages: watch::Sender<bool>,
}

/// A running node. Stop it with [`NodeHandle::stop`]; dropping it leaves calls without a
/// goodbye.
pub struct NodeHandle {
    addresses: Addresses,
    inputs: Inputs,
    store: Arc<dyn Store>,
    notices: mpsc::Sender<Notice>,
    floor: Arc<FloorPort>,
    vitals: Arc<VitalCounters>,
    stop_asked: watch::Receiver<Option<bool>>,
    ends: Ends,
    pub(super) recovered: Recovered,
}

impl std::fmt::Debug for NodeHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeHandle")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

impl NodeHandle {
    #[allow(clippy::too_many_arguments, reason = "one call, in start")]
    pub(super) fn new(
        addresses: Addresses,
        inputs: Inputs,
        store: Arc<dyn Store>,
        notices: mpsc::Sender<Notice>,
        floor: Arc<FloorPort>,
        vitals: Arc<VitalCounters>,
        stop_asked: watch::Receiver<Option<bool>>,
        ends: Ends,
    ) -> Self {
        let recovered = Recovered::default();
        Self {
            addresses,
            inputs,
            store,
            notices,
            floor,
            vitals,
            stop_asked,
            ends,
            recovered,
        }
    }

    /// Where it listens.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// What an earlier run had left behind.
    pub fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// The way into the engine, for what has no other: simulated agents, tests.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The floor, replaced at most four times a second and at least once.
    pub fn status(&self) -> watch::Receiver<Arc<BoardStatus>> {
        self.floor.status()
    }

    /// The floor as pages and CLI ask it.
    pub fn floor(&self) -> Arc<dyn Floor> {
        Arc::clone(&self.floor) as Arc<dyn Floor>
    }

    /// The store it works on.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// The configuration it runs on, with the ids of the store.
    pub fn config(&self) -> &crate::config::Config {
        self.floor.config()
    }

    /// Figures of the node itself.
    pub fn vitals(&self) -> Vitals {
        self.vitals.show(self.inputs.waiting())
    }

    /// Waits until a supervisor asks for a stop; `true` when it shall be at once.
    pub async fn stop_asked(&self) -> bool {
        let mut asked = self.stop_asked.clone();
        let answer = asked.wait_for(Option::is_some).await;
        answer.ok().and_then(|a| *a).unwrap_or(false)
    }

    /// Stops dialing everywhere and waits for conversations to end, at most `limit`. Answers
    /// the calls that are still up.
    ///
    /// # Errors
    /// [`NodeError::Busy`] or [`NodeError::Stopped`] when the engine cannot be told.
    pub async fn drain(&self, limit: Duration) -> Result<usize, NodeError> {
        self.inputs.send(Input::Drain { on: true }).await?;
        let mut status = self.status();
        let quiet = status.wait_for(|s| s.floor.draining && s.floor.calls.is_empty());
        // Past the limit, or with the engine gone, the board says what is left.
        let _ = tokio::time::timeout(limit, quiet).await;
        Ok(self.status().borrow().floor.calls.len())
    }

    /// Ends the node: hangs up whatever is still up (BYE, CANCEL) and waits up to 5 s for the
    /// far ends, writes the last records, closes the store. Drain first for a gentle stop.
    pub async fn stop(self) -> StopReport {
        // A full or dead engine does not keep the calls from being hung up.
        let _ = self.inputs.send(Input::Drain { on: true }).await;
        let (reply, hung_up) = oneshot::channel();
        let order = Notice::StopNow {
            limit: HANG_UP_WITHIN,
            reply,
        };
        let report = match self.notices.send(order).await {
            Ok(()) => hung_up.await.unwrap_or_default(),
            Err(_) => StopReport::default(),
        };
        // Its last news precede the engine's end in the queue.
        join(self.ends.switch).await;
        let inputs = self.inputs.clone();
        let _ = tokio::task::spawn_blocking(move || inputs.stop()).await;
        join(self.ends.engine).await;
        self.ends.kept.close().await;
        for feed in &self.ends.feeds {
            feed.abort();
        }
        for feed in self.ends.feeds {
            // Aborted, as wished.
            let _ = feed.await;
        }
        if tokio::time::timeout(RECORDS_WITHIN, self.ends.writer)
            .await
            .is_err()
        {
            tracing::error!("the store did not take the last records in time");
        }
        // Nobody listens any more if the pages have ended by themselves.
        let _ = self.ends.close_pages.send(true);
        if let Some(pages) = self.ends.pages {
            let _ = tokio::time::timeout(HANG_UP_WITHIN, pages).await;
        }
        if let Err(error) = self.store.close().await {
            tracing::error!(%error, code = error.code(), "the store did not close cleanly");
        }
        tracing::info!(
            ended = report.calls_ended,
            unconfirmed = report.unconfirmed,
            "node stopped"
        );
        report
    }
}

async fn join(thread: std::thread::JoinHandle<()>) {
    let joined = tokio::task::spawn_blocking(move || thread.join()).await;
    if !matches!(joined, Ok(Ok(()))) {
        tracing::error!("a thread ended in a panic");
    }
}
