//! Entries of the write queue: typed towards the caller, uniform towards the writer.

use crate::error::StoreError;
use sqlx::SqliteConnection;
use std::future::Future;
use std::pin::Pin;
use tokio::sync::oneshot;

/// Lanes of the write queue, served in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    /// A call waits for it.
    Attempts,
    /// What must be right after a crash: records, leads, lists.
    Records,
    /// Logs.
    Logs,
    /// Bulk loads.
    Imports,
}

/// Something to write. Run again after a failed transaction, so it must not consume itself.
pub(super) trait WriteOp: Send + Sync + 'static {
    /// What the caller gets.
    type Reply: Send + Sync + 'static;
    /// Where it queues.
    const LANE: Lane;
    /// Kept in memory and retried while the store refuses writes.
    const KEEP: bool = false;
    /// Several statements that must not be torn when one of them fails.
    const SAVEPOINT: bool = true;
    /// For logs.
    const NAME: &'static str;

    /// Does it, inside the writer's transaction. [`StoreError::Unwritable`] fails the whole
    /// transaction, any other error this entry alone.
    fn run(
        &self,
        conn: &mut SqliteConnection,
    ) -> impl Future<Output = Result<Self::Reply, StoreError>> + Send;
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

/// An entry as the writer sees it.
pub(super) trait Job: Send + Sync {
    /// Where it queued.
    fn lane(&self) -> Lane;
    /// Kept while the store refuses writes.
    fn keep(&self) -> bool;
    /// Runs it and holds the result until the commit. `Err` only when the store is in trouble.
    fn run<'a>(&'a mut self, conn: &'a mut SqliteConnection) -> Running<'a>;
    /// The transaction is durable: answers with the result.
    fn committed(&mut self);
    /// The transaction failed: answers with the error. The entry may be run again.
    fn failed(&mut self, error: StoreError);
}

/// A [`WriteOp`] with whoever waits for it.
pub(super) struct Queued<O: WriteOp> {
    op: O,
    result: Option<Result<O::Reply, StoreError>>,
    answer: Option<oneshot::Sender<Result<O::Reply, StoreError>>>,
}

impl<O: WriteOp> Queued<O> {
    pub(super) fn new(op: O, answer: oneshot::Sender<Result<O::Reply, StoreError>>) -> Self {
        Self {
            op,
            result: None,
            answer: Some(answer),
        }
    }
}

impl<O: WriteOp> Job for Queued<O> {
    fn lane(&self) -> Lane {
        O::LANE
    }

    fn keep(&self) -> bool {
        O::KEEP
    }

    fn run<'a>(&'a mut self, conn: &'a mut SqliteConnection) -> Running<'a> {
        Box::pin(async move {
            if O::SAVEPOINT {
                sqlx::query("SAVEPOINT entry").execute(&mut *conn).await?;
            }
            let result = self.op.run(conn).await;
            if let Err(trouble @ StoreError::Unwritable { .. }) = result {
                return Err(trouble);
            }
            if O::SAVEPOINT {
                if result.is_err() {
                    sqlx::query("ROLLBACK TO entry").execute(&mut *conn).await?;
                }
                sqlx::query("RELEASE entry").execute(&mut *conn).await?;
            }
            self.result = Some(result);
            Ok(())
        })
    }

    fn committed(&mut self) {
        let result = self
            .result
            .take()
            .unwrap_or(Err(StoreError::Closed { unwritten: 1 }));
        match self.answer.take() {
            // Nobody waiting is no fault: the caller may have gone.
            Some(answer) => drop(answer.send(result)),
            // It was answered with `Kept`; a refusal now would go unseen.
            None => {
                if let Err(error) = result {
                    tracing::error!(entry = O::NAME, %error, "a kept entry could not be stored");
                }
            }
        }
    }

    fn failed(&mut self, error: StoreError) {
        self.result = None;
        if let Some(answer) = self.answer.take() {
            drop(answer.send(Err(error)));
        }
    }
}
