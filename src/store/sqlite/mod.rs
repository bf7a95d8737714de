//! The store in one SQLite file: WAL, synchronous=FULL, one writer task, a pool of readers.

mod calls;
mod dnc;
mod import;
mod job;
mod lead_details;
mod lead_facts;
mod leads;
mod lease;
mod logs;
mod names;
mod quality;
mod record_row;
mod recordings;
mod report;
mod rows;
mod upkeep;
mod writer;

use crate::error::StoreError;
use crate::log::Health;
use job::{Queued, WriteOp};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use writer::{Lanes, Writer};

/// Migrations, embedded in the program.
static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations/sqlite");

/// How to open a SQLite store.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The database file; made when absent. Its directory must exist.
    pub path: PathBuf,
    /// How long a write waits for another process that holds the database locked before the
    /// store counts as unwritable. Default 5 s.
    pub busy_timeout: Duration,
    /// Least time between two commits of a busy store: what arrives meanwhile is committed
    /// together. A store at rest commits at once. Default 10 ms.
    pub commit_every: Duration,
    /// Most entries in one transaction. Default 1,000.
    pub commit_max: usize,
    /// Most entries kept in memory while the store refuses writes; past it, callers wait.
    /// Default 100,000.
    pub kept_max: usize,
    /// Reading connections. Default 4.
    pub readers: u32,
    /// Largest size of the database in pages of 4 KiB; absent means none but the disk's.
    pub pages_max: Option<u32>,
}

impl SqliteOptions {
    /// Defaults for a database at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            busy_timeout: Duration::from_secs(5),
            commit_every: Duration::from_millis(10),
            commit_max: 1_000,
            kept_max: 100_000,
            readers: 4,
            pages_max: None,
        }
    }

    /// Connection options shared by writer and readers.
    fn connect(&self) -> SqliteConnectOptions {
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(self.busy_timeout)
            .statement_cache_capacity(256)
            // 64 MiB, so that the hot indexes of a million leads stay in memory.
            .pragma("cache_size", "-65536")
            .disable_statement_logging();
        match self.pages_max {
            Some(pages) => options.pragma("max_page_count", pages.to_string()),
            None => options,
        }
    }
}

/// The store in one SQLite file.
///
/// Dropping it writes what waits and closes in the background; [`crate::UpkeepStore::close`]
/// waits for that.
#[derive(Debug)]
pub struct SqliteStore {
    options: SqliteOptions,
    lanes: Lanes,
    readers: SqlitePool,
    health: watch::Receiver<Health>,
    closing: watch::Sender<bool>,
    writer: Mutex<Option<JoinHandle<usize>>>,
    /// Lease owner and fencing token of this handle; token 0 means none.
    owner: Mutex<String>,
    token: AtomicU64,
}

impl SqliteStore {
    /// Opens the database, brings it to this version, and starts its writer. Must be called
    /// inside a tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Open`] when the file cannot be opened, is locked for longer than the busy
    /// timeout, or belongs to a newer version.
    pub async fn open(options: SqliteOptions) -> Result<Self, StoreError> {
        let failed = |why: String| StoreError::Open {
            path: options.path.clone(),
            why,
        };
        let mut conn = SqliteConnection::connect_with(&options.connect())
            .await
            .map_err(|e| failed(e.to_string()))?;
        MIGRATOR
            .run_direct(None, &mut conn, false)
            .await
            .map_err(|e| failed(e.to_string()))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.readers.max(1))
            .connect_with(options.connect().pragma("query_only", "ON"))
            .await
            .map_err(|e| failed(e.to_string()))?;
        let (closing, closing_seen) = watch::channel(false);
        let (writer, lanes, health) = Writer::new(conn, options.clone(), closing_seen);
        Ok(Self {
            options,
            lanes,
            readers,
            health,
            closing,
            writer: Mutex::new(Some(tokio::spawn(writer.run()))),
            owner: Mutex::new(String::new()),
            token: AtomicU64::new(0),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.options.path
    }

    /// Hands an entry to the writer and waits until it is durable.
    async fn write<O: WriteOp>(&self, op: O) -> Result<O::Reply, StoreError> {
        if !O::KEEP {
            let health = self.health.borrow();
            if !health.writable {
                return Err(StoreError::Unwritable {
                    reason: health.reason.clone(),
                });
            }
        }
        let (answer, answered) = oneshot::channel();
        let closed = StoreError::Closed { unwritten: 0 };
        let job = Box::new(Queued::new(op, answer));
        if self.lanes.of(O::LANE).send(job).await.is_err() {
            return Err(closed);
        }
        answered.await.unwrap_or(Err(closed))
    }

    /// This handle's lease owner and token.
    fn lease_owner(&self) -> Result<(String, i64), StoreError> {
        let token = self.token.load(Ordering::Acquire);
        if token == 0 {
            return Err(StoreError::NoOwner);
        }
        let owner = self.owner.lock().unwrap_or_else(|e| e.into_inner()).clone();
        Ok((owner, token as i64))
    }

    fn set_lease_owner(&self, owner: &str, token: u64) {
        owner.clone_into(&mut self.owner.lock().unwrap_or_else(|e| e.into_inner()));
        self.token.store(token, Ordering::Release);
    }
}
