//! Attempts: durable before their INVITE leaves, many at once, never waited for by the switch.

use crate::clock::NodeClock;
use crate::switch::{Notice, Order};
use carillon_store::{Attempt, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

/// Attempts that may wait for their turn. Permits go stale in seconds, so more is no use.
pub(crate) const ATTEMPTS_MAX: usize = 1_024;
/// Attempts in the store's hands at once; they share its group commits.
const AT_ONCE: usize = 256;
/// The store answers within a commit or is in trouble: an attempt it is still busy with after
/// this long is not placed.
const PATIENCE: Duration = Duration::from_secs(3);

/// An attempt to be stored.
#[derive(Debug)]
pub(crate) struct AttemptJob {
    pub(crate) order: Order,
    /// Call-ID its INVITE will carry.
    pub(crate) sip_call_id: String,
}

/// Stores attempts until the switch is gone.
pub(crate) async fn run_attempts(
    store: Arc<dyn Store>,
    clock: NodeClock,
    mut jobs: mpsc::Receiver<AttemptJob>,
    letters: mpsc::Sender<Notice>,
) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(job) = jobs.recv().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let (store, letters) = (Arc::clone(&store), letters.clone());
        let attempt = attempt_of(&job, &clock);
        tokio::spawn(async move {
            let stored = tokio::time::timeout(PATIENCE, store.begin_attempt(attempt)).await;
            let result = match stored {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(format!("{} ({})", error, error.code())),
                Err(_) => Err("the store did not answer in time".to_owned()),
            };
            // The switch is gone: nothing will be dialed, the attempt stays open and is
            // settled at the next start.
            let _ = letters.send(Notice::Stored { job, result }).await;
            drop(place);
        });
    }
}

fn attempt_of(job: &AttemptJob, clock: &NodeClock) -> Attempt {
    let order = &job.order;
    Attempt {
        call: order.call(),
        campaign: order.campaign(),
        lead: order.lead(),
        number: order.permit().number(),
        trunk: order.trunk(),
        caller_id: order.caller_id(),
        sip_call_id: job.sip_call_id.clone(),
        placed: clock.now().wall,
        permit: order.permit().summary(),
        decision: order.decision(),
        follows: order.follows(),
    }
}
