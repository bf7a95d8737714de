//! Names and the ids that stand for them.

use super::SqliteStore;
use super::job::{Lane, WriteOp};
use super::rows::{get, id32};
use crate::error::StoreError;
use crate::log::NameKind;
use crate::port::{Fut, NameStore};
use sqlx::SqliteConnection;

struct EnsureNames {
    kind: NameKind,
    names: Vec<String>,
}

impl WriteOp for EnsureNames {
    type Reply = Vec<u32>;
    const LANE: Lane = Lane::Records;
    const NAME: &'static str = "ensure_names";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<Vec<u32>, StoreError> {
        let mut ids = Vec::with_capacity(self.names.len());
        for name in &self.names {
            sqlx::query(
                "INSERT INTO name (kind, id, name)
                 SELECT $1, coalesce(max(id), 0) + 1, $2 FROM name WHERE kind = $1
                 ON CONFLICT (kind, name) DO NOTHING",
            )
            .bind(self.kind.name())
            .bind(name)
            .execute(&mut *conn)
            .await?;
            let id: u32 = sqlx::query_scalar("SELECT id FROM name WHERE kind = $1 AND name = $2")
                .bind(self.kind.name())
                .bind(name)
                .fetch_one(&mut *conn)
                .await?;
            ids.push(id);
        }
        Ok(ids)
    }
}

impl NameStore for SqliteStore {
    fn ensure_names(&self, kind: NameKind, names: Vec<String>) -> Fut<'_, Vec<u32>> {
        Box::pin(self.write(EnsureNames { kind, names }))
    }

    fn names(&self, kind: NameKind) -> Fut<'_, Vec<(u32, String)>> {
        Box::pin(async move {
            let rows = sqlx::query("SELECT id, name FROM name WHERE kind = $1 ORDER BY id")
                .bind(kind.name())
                .fetch_all(&self.readers)
                .await?;
            rows.iter()
                .map(|row| Ok((id32(row, "id")?, get(row, "name")?)))
                .collect()
        })
    }
}
