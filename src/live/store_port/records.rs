//! Everything the engine wants written down: one queue, one writer, in order.
//!
//! Jobs are handed to the store in batches whose futures are polled in order, so that they
//! share group commits without overtaking each other.

use crate::vitals::VitalCounters;
use carillon_decision::call::CallRecord;
use carillon_decision::compliance::OWN_DNC_LIST;
use carillon_decision::event::LeadUpdate;
use carillon_decision::id::{CallId, CampaignId, LeadId};
use carillon_decision::number::E164;
use carillon_decision::pacing_decision::PacingDecision;
use carillon_decision::time::Wall;
use carillon_store::{AgentChange, AlertEntry, QualityRecord, Store, StoreError};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use tokio::sync::mpsc;

/// Jobs that may wait for the store.
const RECORDS_MAX: usize = 65_536;
/// Jobs in the store's hands at once.
const BATCH: usize = 256;

/// Something to write down.
#[derive(Debug)]
pub(crate) enum RecordJob {
    Call(Box<CallRecord>),
    Lead {
        campaign: CampaignId,
        lead: LeadId,
        update: LeadUpdate,
        at: Wall,
    },
    Retire {
        lead: LeadId,
        number: E164,
    },
    DoNotCall {
        number: E164,
        at: Wall,
    },
    Disposition {
        call: CallId,
        code: String,
    },
    Decision(Box<PacingDecision>),
    Quality(Box<QualityRecord>),
    Agent(AgentChange),
    Alert(AlertEntry),
}

/// The way to the writer.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    queue: mpsc::Sender<RecordJob>,
    vitals: Arc<VitalCounters>,
}

pub(crate) fn records_queue(vitals: Arc<VitalCounters>) -> (Records, mpsc::Receiver<RecordJob>) {
    let (queue, jobs) = mpsc::channel(RECORDS_MAX);
    (Records { queue, vitals }, jobs)
}

impl Records {
    /// Queues a job. Never waits: the engine must not. A full queue loses the job, loudly;
    /// dialing has stopped long before (at half full).
    pub(crate) fn put(&self, job: RecordJob) {
        if let Err(error) = self.queue.try_send(job) {
            self.vitals.records_dropped.add(1);
            tracing::error!(%error, "a record is lost: the store is far behind");
        }
    }

    /// Jobs that wait.
    pub(crate) fn waiting(&self) -> usize {
        RECORDS_MAX - self.queue.capacity()
    }

    /// Whether too many wait: from half full until a tenth full again.
    pub(crate) fn is_behind(&self, was: bool) -> bool {
        self.waiting()
            > if was {
                RECORDS_MAX / 10
            } else {
                RECORDS_MAX / 2
            }
    }
}

/// Writes until every sender is gone and the queue is empty.
pub(crate) async fn run_records(
    store: Arc<dyn Store>,
    mut jobs: mpsc::Receiver<RecordJob>,
    vitals: Arc<VitalCounters>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut batch, BATCH).await > 0 {
        vitals
            .records_waiting
            .store(jobs.len() + batch.len(), Ordering::Relaxed);
        let writes = batch.drain(..).map(|job| write(&*store, job)).collect();
        all_in_order(writes).await;
        vitals.records_waiting.store(jobs.len(), Ordering::Relaxed);
    }
}

async fn write(store: &dyn Store, job: RecordJob) {
    let (what, result) = match job {
        RecordJob::Call(record) => ("call", store.finish_call(*record).await),
        RecordJob::Lead {
            campaign,
            lead,
            update,
            at,
        } => ("lead", store.finish_lead(campaign, lead, update, at).await),
        RecordJob::Retire { lead, number } => ("number", store.retire_number(lead, number).await),
        RecordJob::DoNotCall { number, at } => (
            "do-not-call entry",
            store.dnc_add(OWN_DNC_LIST, number, at).await.map(|_| ()),
        ),
        RecordJob::Disposition { call, code } => {
            ("disposition", store.set_disposition(call, &code).await)
        }
        RecordJob::Decision(decision) => ("decision", store.record_decision(*decision).await),
        RecordJob::Quality(record) => ("quality", store.record_quality(*record).await),
        RecordJob::Agent(change) => ("agent change", store.record_agent_change(change).await),
        RecordJob::Alert(entry) => ("alert", store.record_alert(entry).await),
    };
    match result {
        Ok(()) => {}
        // The store writes it by itself when it can.
        Err(error @ StoreError::Kept { .. }) => tracing::warn!(what, %error, "kept"),
        Err(error) => {
            tracing::error!(what, %error, code = error.code(), remedy = error.remedy(), "not written")
        }
    }
}

type Write<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Drives all at once, first polled in order: what is handed to the store first is written
/// first.
async fn all_in_order<'a>(writes: Vec<impl Future<Output = ()> + Send + 'a>) {
    let mut open: Vec<Write<'a>> = writes
        .into_iter()
        .map(|w| Box::pin(w) as Write<'a>)
        .collect();
    poll_fn(move |cx| {
        open.retain_mut(|write| write.as_mut().poll(cx).is_pending());
        if open.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[tokio::test]
    async fn writes_are_started_in_order_and_all_awaited() {
        let started = Mutex::new(Vec::new());
        let ended = Mutex::new(0);
        let write = |n: u64| {
            let (started, ended) = (&started, &ended);
            async move {
                started.lock().unwrap().push(n);
                if n.is_multiple_of(2) {
                    tokio::task::yield_now().await;
                }
                *ended.lock().unwrap() += 1;
            }
        };
        all_in_order((0..5).map(write).collect()).await;
        assert_eq!(*started.lock().unwrap(), [0, 1, 2, 3, 4]);
        assert_eq!(*ended.lock().unwrap(), 5);
    }

    #[test]
    fn the_store_counts_as_behind_from_half_full_until_nearly_empty() {
        let (records, _jobs) = records_queue(Arc::default());
        for _ in 0..RECORDS_MAX / 2 {
            records.put(RecordJob::DoNotCall {
                number: E164::new(12025550123).unwrap(),
                at: Wall(0),
            });
        }
        assert!(!records.is_behind(false) && records.is_behind(true));
        records.put(RecordJob::DoNotCall {
            number: E164::new(12025550123).unwrap(),
            at: Wall(0),
        });
        assert!(records.is_behind(false));
    }
}
