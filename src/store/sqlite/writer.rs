//! The one task that writes: lanes in order of urgency, group commit, and patience with a
//! store that refuses writes.

use super::SqliteOptions;
use super::job::{Job, Lane};
use super::upkeep::probe;
use crate::error::StoreError;
use crate::log::Health;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Sleep, sleep};

/// Entries that may wait in each lane before callers have to.
const LANE_DEPTH: [usize; 4] = [4_096, 8_192, 8_192, 4];
/// Commits an import may be passed over before it is its turn.
const PASSED_OVER_MAX: u32 = 10;
/// First and longest pause between two tries while the store refuses writes.
const RETRY_PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// How long a retry waits for a lock: short, so that attempts are refused without delay.
const RETRY_BUSY_TIMEOUT: Duration = Duration::from_millis(50);

type Entry = Box<dyn Job>;

/// The sending ends of the lanes.
#[derive(Clone, Debug)]
pub(super) struct Lanes([mpsc::Sender<Entry>; 4]);

impl Lanes {
    pub(super) fn of(&self, lane: Lane) -> &mpsc::Sender<Entry> {
        &self.0[lane as usize]
    }
}

/// The writer's state.
pub(super) struct Writer {
    conn: SqliteConnection,
    options: SqliteOptions,
    lanes: [mpsc::Receiver<Entry>; 4],
    closing: watch::Receiver<bool>,
    /// The lanes take nothing more; what they hold is still served.
    closed: bool,
    health: watch::Sender<Health>,
    passed_over: u32,
    /// Entries answered with `Kept`: records before logs, each in order of arrival.
    kept: [VecDeque<Entry>; 2],
}

/// What to do next.
enum Next {
    Entry(Lane, Entry),
    Closing,
    Ended,
}

impl Writer {
    pub(super) fn new(
        conn: SqliteConnection,
        options: SqliteOptions,
        closing: watch::Receiver<bool>,
    ) -> (Self, Lanes, watch::Receiver<Health>) {
        let (health, seen) = watch::channel(Health {
            writable: true,
            reason: String::new(),
        });
        let [a, b, c, d] = LANE_DEPTH.map(mpsc::channel);
        let lanes = Lanes([a.0, b.0, c.0, d.0]);
        let writer = Self {
            conn,
            options,
            lanes: [a.1, b.1, c.1, d.1],
            closing,
            closed: false,
            health,
            passed_over: 0,
            kept: [VecDeque::new(), VecDeque::new()],
        };
        (writer, lanes, seen)
    }

    /// Serves until every handle is gone or the store is closed; returns how many kept entries
    /// could not be written.
    pub(super) async fn run(mut self) -> usize {
        let pause = sleep(Duration::ZERO);
        tokio::pin!(pause);
        while let Some(mut batch) = self.collect(pause.as_mut()).await {
            match transaction(&mut self.conn, &mut batch).await {
                Ok(()) => batch.iter_mut().for_each(|entry| entry.committed()),
                Err(error) => {
                    self.hold(batch, &error);
                    self.wait_until_writable(error).await;
                }
            }
            pause.set(sleep(self.options.commit_every));
        }
        let unwritten = self.kept_len();
        if unwritten > 0 {
            tracing::error!(
                unwritten,
                "the store closes with entries it could not write"
            );
        }
        if let Err(error) = self.conn.close().await {
            tracing::warn!(%error, "closing the database");
        }
        unwritten
    }

    fn close_lanes(&mut self) {
        self.closed = true;
        self.lanes.iter_mut().for_each(mpsc::Receiver::close);
    }

    /// The next entry, most urgent lane first.
    async fn next(&mut self) -> Next {
        let [attempts, records, logs, imports] = &mut self.lanes;
        tokio::select! {
            biased;
            Some(entry) = attempts.recv() => Next::Entry(Lane::Attempts, entry),
            Some(entry) = records.recv() => Next::Entry(Lane::Records, entry),
            Some(entry) = logs.recv() => Next::Entry(Lane::Logs, entry),
            Some(entry) = imports.recv() => Next::Entry(Lane::Imports, entry),
            Ok(_) = self.closing.wait_for(|closing| *closing), if !self.closed => Next::Closing,
            else => Next::Ended,
        }
    }

    /// Entries for one transaction: everything at hand, and what arrives until `pause` (the
    /// pause since the last commit) ends. An import goes alone, when nothing else waits or
    /// when it has been passed over too often.
    async fn collect(&mut self, mut pause: std::pin::Pin<&mut Sleep>) -> Option<Vec<Entry>> {
        if self.passed_over >= PASSED_OVER_MAX {
            self.passed_over = 0;
            if let Ok(entry) = self.lanes[Lane::Imports as usize].try_recv() {
                return Some(vec![entry]);
            }
        }
        let mut batch = loop {
            match self.next().await {
                Next::Entry(Lane::Imports, entry) => {
                    self.passed_over = 0;
                    return Some(vec![entry]);
                }
                Next::Entry(_, entry) => break vec![entry],
                Next::Closing => self.close_lanes(),
                Next::Ended => return None,
            }
        };
        self.passed_over += 1;
        loop {
            self.drain_into(&mut batch);
            if batch.len() >= self.options.commit_max || pause.is_elapsed() {
                return Some(batch);
            }
            let [attempts, records, logs, _] = &mut self.lanes;
            tokio::select! {
                biased;
                () = pause.as_mut() => return Some(batch),
                Some(entry) = attempts.recv() => batch.push(entry),
                Some(entry) = records.recv() => batch.push(entry),
                Some(entry) = logs.recv() => batch.push(entry),
                else => return Some(batch),
            }
        }
    }

    /// Takes what waits in all lanes but imports, attempts first.
    fn drain_into(&mut self, batch: &mut Vec<Entry>) {
        for lane in &mut self.lanes[..Lane::Imports as usize] {
            while batch.len() < self.options.commit_max {
                match lane.try_recv() {
                    Ok(entry) => batch.push(entry),
                    Err(_) => break,
                }
            }
        }
    }

    /// Answers the entries of a failed transaction, and keeps those that must not be lost.
    fn hold(&mut self, batch: Vec<Entry>, error: &StoreError) {
        let reason = reason_of(error);
        self.health.send_replace(Health {
            writable: false,
            reason: reason.clone(),
        });
        tracing::error!(%reason, "the store refuses writes");
        for entry in batch {
            self.refuse(entry, &reason);
        }
    }

    fn refuse(&mut self, mut entry: Entry, reason: &str) {
        let reason = reason.to_owned();
        if entry.keep() {
            entry.failed(StoreError::Kept { reason });
            let queue = usize::from(entry.lane() >= Lane::Logs);
            self.kept[queue].push_back(entry);
        } else {
            entry.failed(StoreError::Unwritable { reason });
        }
    }

    fn kept_len(&self) -> usize {
        self.kept.iter().map(VecDeque::len).sum()
    }

    /// Tries again and again, with growing pauses, until every kept entry is written. Meanwhile
    /// attempts are refused at once and what must not be lost is kept.
    async fn wait_until_writable(&mut self, first: StoreError) {
        let mut reason = reason_of(&first);
        let mut pause = RETRY_PAUSE.0;
        loop {
            let last_try = self.refuse_for(pause, &reason).await;
            pause = (pause * 2).min(RETRY_PAUSE.1);
            match self.retry().await {
                Ok(()) => break,
                Err(_) if last_try => return,
                Err(error) => {
                    reason = reason_of(&error);
                    self.health.send_if_modified(|health| {
                        let news = health.reason != reason;
                        health.reason.clone_from(&reason);
                        news
                    });
                }
            }
        }
        self.health.send_replace(Health {
            writable: true,
            reason: String::new(),
        });
        tracing::info!("the store takes writes again");
    }

    /// Answers what arrives during `pause`. `true` when the store is being closed.
    async fn refuse_for(&mut self, pause: Duration, reason: &str) -> bool {
        let pause = sleep(pause);
        tokio::pin!(pause);
        loop {
            let full = self.kept_len() >= self.options.kept_max;
            let [attempts, records, logs, imports] = &mut self.lanes;
            let entry = tokio::select! {
                biased;
                () = &mut pause => return self.lanes.iter().all(mpsc::Receiver::is_closed),
                Some(entry) = attempts.recv() => Some(entry),
                Some(entry) = records.recv(), if !full => Some(entry),
                Some(entry) = logs.recv(), if !full => Some(entry),
                Some(entry) = imports.recv() => Some(entry),
                Ok(_) = self.closing.wait_for(|closing| *closing), if !self.closed => None,
            };
            match entry {
                Some(entry) => self.refuse(entry, reason),
                None => self.close_lanes(),
            }
        }
    }

    /// Opens the database anew, tries whether there is room, and writes what was kept.
    async fn retry(&mut self) -> Result<(), StoreError> {
        let short = SqliteOptions {
            busy_timeout: RETRY_BUSY_TIMEOUT,
            ..self.options.clone()
        };
        self.conn = SqliteConnection::connect_with(&short.connect()).await?;
        try_room(&mut self.conn).await?;
        for queue in &mut self.kept {
            while !queue.is_empty() {
                let most = self.options.commit_max.clamp(1, queue.len());
                let chunk = &mut queue.make_contiguous()[..most];
                transaction(&mut self.conn, chunk).await?;
                queue.drain(..most).for_each(|mut entry| entry.committed());
            }
        }
        let millis = self.options.busy_timeout.as_millis();
        sqlx::query(AssertSqlSafe(format!("PRAGMA busy_timeout = {millis}")))
            .execute(&mut self.conn)
            .await?;
        Ok(())
    }
}

fn reason_of(error: &StoreError) -> String {
    match error {
        StoreError::Unwritable { reason } => reason.clone(),
        other => other.to_string(),
    }
}

/// Learns whether there is room to write.
async fn try_room(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *conn).await?;
    let result = match probe(&mut *conn).await {
        Ok(()) => sqlx::query("COMMIT")
            .execute(&mut *conn)
            .await
            .map(drop)
            .map_err(Into::into),
        Err(error) => Err(error),
    };
    if result.is_err() {
        drop(sqlx::query("ROLLBACK").execute(conn).await);
    }
    result
}

/// Runs entries in one transaction. On `Err` nothing of it is stored.
async fn transaction(conn: &mut SqliteConnection, batch: &mut [Entry]) -> Result<(), StoreError> {
    // IMMEDIATE: waits for another process here, where waiting is safe, and never in mid-way.
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *conn).await?;
    let done = async {
        for entry in batch {
            entry.run(conn).await?;
        }
        sqlx::query("COMMIT").execute(&mut *conn).await?;
        Ok(())
    };
    let result = done.await;
    if result.is_err() {
        // SQLite may have rolled back by itself; then there is nothing left to undo.
        drop(sqlx::query("ROLLBACK").execute(conn).await);
    }
    result
}
