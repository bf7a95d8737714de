//! Backup, check, close.

use super::job::{Lane, WriteOp};
use super::{MIGRATOR, SqliteStore};
use crate::error::StoreError;
use crate::log::Health;
use crate::port::{Fut, UpkeepStore};
use crate::upkeep::{CheckItem, CheckReport};
use sqlx::{Connection, SqliteConnection};
use std::path::{Path, PathBuf};
use tokio::sync::watch;

/// Free space below which the check warns: a day of calls and its log fit well into it.
const FREE_BYTES_MIN: u64 = 1 << 30;

/// Writes something that needs room, and takes it out again.
pub(super) async fn probe(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO probe (body) VALUES (zeroblob(65536))")
        .execute(&mut *conn)
        .await?;
    sqlx::query("DELETE FROM probe").execute(conn).await?;
    Ok(())
}

/// How safe a connection's commits are.
struct Durability {
    journal_mode: String,
    /// 2 is FULL, 3 is EXTRA (<https://sqlite.org/pragma.html#pragma_synchronous>).
    synchronous: i64,
}

struct WriteProbe;

impl WriteOp for WriteProbe {
    /// Of the connection that writes.
    type Reply = Durability;
    const LANE: Lane = Lane::Logs;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "probe";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<Durability, StoreError> {
        probe(&mut *conn).await?;
        durability(conn).await
    }
}

fn item(name: &str, ok: bool, found: impl Into<String>, remedy: &str) -> CheckItem {
    let remedy = if ok { String::new() } else { remedy.to_owned() };
    CheckItem {
        name: name.to_owned(),
        ok,
        found: found.into(),
        remedy,
    }
}

async fn integrity(conn: &mut SqliteConnection) -> Result<CheckItem, StoreError> {
    let found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(10)")
        .fetch_all(conn)
        .await?;
    let ok = found == ["ok"];
    Ok(item(
        "integrity",
        ok,
        found.join("; "),
        "stop Carillon and restore the last backup",
    ))
}

async fn foreign_keys(conn: &mut SqliteConnection) -> Result<CheckItem, StoreError> {
    let broken = sqlx::query("PRAGMA foreign_key_check")
        .fetch_all(conn)
        .await?
        .len();
    let found = format!("{broken} rows point nowhere");
    Ok(item(
        "foreign_keys",
        broken == 0,
        found,
        "restore the last backup",
    ))
}

async fn migrations(conn: &mut SqliteConnection) -> Result<CheckItem, StoreError> {
    let applied: Vec<i64> =
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version")
            .fetch_all(conn)
            .await?;
    let known: Vec<i64> = MIGRATOR.iter().map(|m| m.version).collect();
    let found = format!("{} of {} applied", applied.len(), known.len());
    Ok(item(
        "migrations",
        applied == known,
        found,
        "start this version once to bring it up to date",
    ))
}

async fn durability(conn: &mut SqliteConnection) -> Result<Durability, StoreError> {
    let journal_mode = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut *conn)
        .await?;
    let synchronous = sqlx::query_scalar("PRAGMA synchronous")
        .fetch_one(conn)
        .await?;
    Ok(Durability {
        journal_mode,
        synchronous,
    })
}

impl Durability {
    fn item(&self) -> CheckItem {
        let ok = self.journal_mode == "wal" && self.synchronous >= 2;
        let found = format!(
            "journal mode {}, synchronous {}",
            self.journal_mode, self.synchronous
        );
        item(
            "durability",
            ok,
            found,
            "put the database on a local disk: WAL needs shared memory",
        )
    }
}

/// Bytes of the database with its log, and free bytes where it lies.
fn space(path: &Path) -> Result<(u64, u64), StoreError> {
    let size = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        std::fs::metadata(PathBuf::from(name)).map_or(0, |meta| meta.len())
    };
    let stat = rustix::fs::statvfs(path).map_err(|e| StoreError::Open {
        path: path.to_owned(),
        why: e.to_string(),
    })?;
    Ok((
        size("") + size("-wal"),
        stat.f_bavail.saturating_mul(stat.f_frsize),
    ))
}

/// Makes a new file durable, its name included. VACUUM INTO syncs neither
/// (<https://sqlite.org/lang_vacuum.html>).
fn sync_file(path: &Path) -> std::io::Result<()> {
    std::fs::File::open(path)?.sync_all()?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::File::open(directory)?.sync_all()
}

async fn check(store: &SqliteStore) -> Result<CheckReport, StoreError> {
    let mut conn = store.readers.acquire().await?;
    let mut items = vec![
        integrity(&mut conn).await?,
        foreign_keys(&mut conn).await?,
        migrations(&mut conn).await?,
    ];
    let written = store.write(WriteProbe).await;
    // Where nothing can be written, a reader's settings say the same: both are opened alike.
    items.push(match &written {
        Ok(of_writer) => of_writer.item(),
        Err(_) => durability(&mut conn).await?.item(),
    });
    let (size_bytes, free_bytes) = space(store.path())?;
    let found = format!("{} MiB free", free_bytes >> 20);
    items.push(item(
        "disk",
        free_bytes >= FREE_BYTES_MIN,
        found,
        "free some space: 1 GiB at least",
    ));
    let (ok, found) = match &written {
        Ok(_) => (true, "a write succeeded".to_owned()),
        Err(error) => (false, error.to_string()),
    };
    let remedy = "free disk space, or end the program that holds the database locked";
    items.push(item("write", ok, found, remedy));
    Ok(CheckReport {
        items,
        size_bytes,
        free_bytes,
    })
}

impl UpkeepStore for SqliteStore {
    fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    fn backup(&self, path: &Path) -> Fut<'_, ()> {
        let target = path.to_owned();
        Box::pin(async move {
            if target.exists() {
                return Err(StoreError::TargetExists(target));
            }
            let name = target.to_str().ok_or_else(|| StoreError::Open {
                path: target.clone(),
                why: "the file name is not UTF-8".to_owned(),
            })?;
            // A connection of its own: the copy may take minutes, and readers are few.
            let mut conn = SqliteConnection::connect_with(&self.options.connect()).await?;
            let copied = sqlx::query("VACUUM INTO $1")
                .bind(name)
                .execute(&mut conn)
                .await;
            let closed = conn.close().await;
            if let Err(error) = copied {
                // Half a backup must not pass for one, nor be in the way of the next.
                drop(tokio::task::spawn_blocking(move || std::fs::remove_file(target)).await);
                return Err(error.into());
            }
            closed?;
            tokio::task::spawn_blocking(move || sync_file(&target))
                .await
                .map_err(|e| StoreError::Database(e.to_string()))?
                .map_err(|e| StoreError::Database(e.to_string()))
        })
    }

    fn check(&self) -> Fut<'_, CheckReport> {
        Box::pin(check(self))
    }

    fn close(&self) -> Fut<'_, ()> {
        Box::pin(async move {
            self.closing.send_replace(true);
            let writer = self.writer.lock().unwrap_or_else(|e| e.into_inner()).take();
            let unwritten = match writer {
                Some(writer) => writer
                    .await
                    .map_err(|e| StoreError::Database(e.to_string()))?,
                None => 0,
            };
            self.readers.close().await;
            if unwritten == 0 {
                Ok(())
            } else {
                Err(StoreError::Closed { unwritten })
            }
        })
    }
}
