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

struct WriteProbe;

impl WriteOp for WriteProbe {
    type Reply = ();
    const LANE: Lane = Lane::Logs;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "probe";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        probe(conn).await
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

async fn durability(conn: &mut SqliteConnection) -> Result<CheckItem, StoreError> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut *conn)
        .await?;
    let sync: i64 = sqlx::query_scalar("PRAGMA synchronous")
        .fetch_one(conn)
        .await?;
    // 2 is FULL, 3 is EXTRA (<https://sqlite.org/pragma.html#pragma_synchronous>).
    let ok = mode == "wal" && sync >= 2;
    let found = format!("journal mode {mode}, synchronous {sync}");
    Ok(item(
        "durability",
        ok,
        found,
        "put the database on a local disk: WAL needs shared memory",
    ))
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

async fn check(store: &SqliteStore) -> Result<CheckReport, StoreError> {
    let mut conn = store.readers.acquire().await?;
    let mut items = vec![
        integrity(&mut conn).await?,
        foreign_keys(&mut conn).await?,
        migrations(&mut conn).await?,
        durability(&mut conn).await?,
    ];
    let (size_bytes, free_bytes) = space(store.path())?;
    let found = format!("{} MiB free", free_bytes >> 20);
    items.push(item(
        "disk",
        free_bytes >= FREE_BYTES_MIN,
        found,
        "free some space: 1 GiB at least",
    ));
    let written = store.write(WriteProbe).await;
    let (ok, found) = match &written {
        Ok(()) => (true, "a write succeeded".to_owned()),
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
            conn.close().await?;
            copied?;
            // VACUUM INTO does not sync its output (<https://sqlite.org/lang_vacuum.html>).
            tokio::task::spawn_blocking(move || {
                let file = std::fs::File::open(&target)?;
                file.sync_all()
            })
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
