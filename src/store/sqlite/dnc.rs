//! Do-not-call lists.

use super::SqliteStore;
use super::job::{Lane, WriteOp};
use super::rows::{digits, get, number, unsigned};
use crate::dnc::{DncChange, DncImported, DncList, DncMembership};
use crate::error::StoreError;
use crate::port::{DncStore, Fut, NUMBERS_PER_BATCH_MAX};
use carillon_decision::id::SnapshotId;
use carillon_decision::number::E164;
use carillon_decision::time::Wall;
use sqlx::SqliteConnection;

/// State of the lists on this connection.
pub(super) async fn snapshot(conn: &mut SqliteConnection) -> Result<SnapshotId, StoreError> {
    let value: i64 = sqlx::query_scalar("SELECT value FROM counter WHERE name = 'dnc_snapshot'")
        .fetch_one(conn)
        .await?;
    Ok(SnapshotId(value as u64))
}

async fn store_snapshot(conn: &mut SqliteConnection, value: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE counter SET value = $1 WHERE name = 'dnc_snapshot'")
        .bind(value)
        .execute(conn)
        .await?;
    Ok(())
}

/// Adds numbers to a list; each new entry takes the next snapshot id.
async fn add(
    conn: &mut SqliteConnection,
    list: &str,
    numbers: &[E164],
    at: Wall,
) -> Result<DncImported, StoreError> {
    let list_id: i64 = sqlx::query_scalar(
        "INSERT INTO dnc_list (name, updated) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET updated = max(updated, excluded.updated) RETURNING id",
    )
    .bind(list)
    .bind(at.0)
    .fetch_one(&mut *conn)
    .await?;
    let before = snapshot(conn).await?.0 as i64;
    let mut last = before;
    for number in numbers {
        let done = sqlx::query(
            "INSERT INTO dnc_entry (number, list, since, snapshot) VALUES ($1, $2, $3, $4)
             ON CONFLICT (number, list) DO NOTHING",
        )
        .bind(digits(*number))
        .bind(list_id)
        .bind(at.0)
        .bind(last + 1)
        .execute(&mut *conn)
        .await?;
        last += done.rows_affected() as i64;
    }
    let added = last - before;
    if added > 0 {
        sqlx::query("UPDATE dnc_list SET numbers = numbers + $1 WHERE id = $2")
            .bind(added)
            .bind(list_id)
            .execute(&mut *conn)
            .await?;
        store_snapshot(conn, last).await?;
    }
    Ok(DncImported {
        added: added as u64,
        known: numbers.len() as u64 - added as u64,
        snapshot: SnapshotId(last as u64),
    })
}

struct Import {
    list: String,
    numbers: Vec<E164>,
    at: Wall,
}

impl WriteOp for Import {
    type Reply = DncImported;
    const LANE: Lane = Lane::Imports;
    const NAME: &'static str = "dnc_import";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<DncImported, StoreError> {
        add(conn, &self.list, &self.numbers, self.at).await
    }
}

/// A person asked not to be called: must not be lost.
struct Add {
    list: String,
    number: E164,
    at: Wall,
}

impl WriteOp for Add {
    type Reply = SnapshotId;
    const LANE: Lane = Lane::Records;
    const KEEP: bool = true;
    const NAME: &'static str = "dnc_add";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<SnapshotId, StoreError> {
        Ok(add(conn, &self.list, &[self.number], self.at)
            .await?
            .snapshot)
    }
}

struct Remove {
    list: String,
    number: E164,
}

impl WriteOp for Remove {
    type Reply = bool;
    const LANE: Lane = Lane::Records;
    const NAME: &'static str = "dnc_remove";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "DELETE FROM dnc_entry WHERE number = $1
             AND list = (SELECT id FROM dnc_list WHERE name = $2)",
        )
        .bind(digits(self.number))
        .bind(&self.list)
        .execute(&mut *conn)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("UPDATE dnc_list SET numbers = numbers - 1 WHERE name = $1")
            .bind(&self.list)
            .execute(&mut *conn)
            .await?;
        let next = snapshot(conn).await?.0 as i64 + 1;
        store_snapshot(conn, next).await?;
        Ok(true)
    }
}

/// Lists a number stands on, by name.
pub(super) async fn memberships(
    conn: &mut SqliteConnection,
    number: E164,
) -> Result<Vec<DncMembership>, StoreError> {
    let rows = sqlx::query(
        "SELECT l.name, e.since FROM dnc_entry e JOIN dnc_list l ON l.id = e.list
         WHERE e.number = $1 ORDER BY l.name",
    )
    .bind(digits(number))
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(DncMembership {
                list: get(row, "name")?,
                since: Wall(get(row, "since")?),
            })
        })
        .collect()
}

impl DncStore for SqliteStore {
    fn dnc_import(&self, list: &str, numbers: Vec<E164>, at: Wall) -> Fut<'_, DncImported> {
        let list = list.to_owned();
        Box::pin(async move {
            if numbers.len() > NUMBERS_PER_BATCH_MAX {
                let (given, most) = (numbers.len(), NUMBERS_PER_BATCH_MAX);
                return Err(StoreError::TooLarge {
                    what: "do-not-call numbers",
                    given,
                    most,
                });
            }
            self.write(Import { list, numbers, at }).await
        })
    }

    fn dnc_add(&self, list: &str, number: E164, at: Wall) -> Fut<'_, SnapshotId> {
        Box::pin(self.write(Add {
            list: list.to_owned(),
            number,
            at,
        }))
    }

    fn dnc_remove(&self, list: &str, number: E164) -> Fut<'_, bool> {
        Box::pin(self.write(Remove {
            list: list.to_owned(),
            number,
        }))
    }

    fn dnc_check(&self, number: E164) -> Fut<'_, Vec<DncMembership>> {
        Box::pin(async move {
            let mut conn = self.readers.acquire().await?;
            memberships(&mut conn, number).await
        })
    }

    fn dnc_lists(&self) -> Fut<'_, Vec<DncList>> {
        Box::pin(async move {
            let rows = sqlx::query("SELECT name, numbers, updated FROM dnc_list ORDER BY name")
                .fetch_all(&self.readers)
                .await?;
            rows.iter()
                .map(|row| {
                    Ok(DncList {
                        name: get(row, "name")?,
                        numbers: unsigned(row, "numbers")?,
                        updated: Wall(get(row, "updated")?),
                    })
                })
                .collect()
        })
    }

    fn dnc_snapshot(&self) -> Fut<'_, SnapshotId> {
        Box::pin(async move {
            let mut conn = self.readers.acquire().await?;
            snapshot(&mut conn).await
        })
    }

    fn dnc_changes_since(&self, since: SnapshotId, limit: u32) -> Fut<'_, Vec<DncChange>> {
        Box::pin(async move {
            let rows = sqlx::query(
                "SELECT l.name, e.number, e.snapshot FROM dnc_entry e
                 JOIN dnc_list l ON l.id = e.list
                 WHERE e.snapshot > $1 ORDER BY e.snapshot LIMIT $2",
            )
            .bind(since.0 as i64)
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
            rows.iter()
                .map(|row| {
                    Ok(DncChange {
                        list: get(row, "name")?,
                        number: number(get(row, "number")?)?,
                        snapshot: SnapshotId(unsigned(row, "snapshot")?),
                    })
                })
                .collect()
        })
    }
}
