//! Leads going out on lease.
//!
//! Each list keeps its ready leads in an index that is sorted the way they are offered, so the
//! cost of a lease depends on how many are asked for, not on how many there are. Leads that
//! wait for an instant are in an index by that instant and move over when it comes.

use super::job::{Lane, WriteOp};
use super::rows::{get, to_json};
use crate::error::StoreError;
use crate::lead::Takeover;
use carillon_decision::id::{AgentId, CampaignId, LeadId};
use carillon_decision::lead::Callback;
use carillon_decision::time::Wall;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

/// Most leads moved from waiting to ready in one lease, so that the first lease of a morning
/// stays short; the next lease moves more.
const PROMOTED_MAX: i64 = 2_000;

/// Refuses a process whose leases were taken over.
pub(super) async fn check_fence(
    conn: &mut SqliteConnection,
    owner: &str,
    token: i64,
) -> Result<(), StoreError> {
    let current: Option<i64> = sqlx::query_scalar("SELECT token FROM lease_owner WHERE name = $1")
        .bind(owner)
        .fetch_optional(conn)
        .await?;
    if current == Some(token) {
        Ok(())
    } else {
        Err(StoreError::Fenced {
            owner: owner.to_owned(),
        })
    }
}

/// Takes over an owner's leases.
pub(super) struct TakeOver {
    pub owner: String,
}

impl WriteOp for TakeOver {
    type Reply = Takeover;
    const LANE: Lane = Lane::Records;
    const NAME: &'static str = "release_leases";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<Takeover, StoreError> {
        let token: i64 = sqlx::query_scalar(
            "UPDATE counter SET value = value + 1 WHERE name = 'lease_token' RETURNING value",
        )
        .fetch_one(&mut *conn)
        .await?;
        let before: Option<i64> =
            sqlx::query_scalar("SELECT token FROM lease_owner WHERE name = $1")
                .bind(&self.owner)
                .fetch_optional(&mut *conn)
                .await?;
        sqlx::query(
            "INSERT INTO lease_owner (name, token) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET token = excluded.token",
        )
        .bind(&self.owner)
        .bind(token)
        .execute(&mut *conn)
        .await?;
        let freed = sqlx::query(
            "UPDATE lead SET queue = 0, lease_token = NULL, lease_until = NULL
             WHERE queue = 2 AND lease_token = $1",
        )
        .bind(before)
        .execute(conn)
        .await?;
        Ok(Takeover {
            released: freed.rows_affected(),
            token: token as u64,
        })
    }
}

/// What a lease took.
pub(super) struct Leased {
    /// Best first.
    pub ids: Vec<i64>,
    pub exhausted: bool,
    pub next_due: Option<Wall>,
}

/// Takes leads.
pub(super) struct TakeLeads {
    pub owner: String,
    pub token: i64,
    pub campaign: CampaignId,
    pub now: Wall,
    pub count: u32,
    pub until: Wall,
}

impl WriteOp for TakeLeads {
    type Reply = Leased;
    const LANE: Lane = Lane::Records;
    const NAME: &'static str = "lease_leads";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<Leased, StoreError> {
        check_fence(conn, &self.owner, self.token).await?;
        sqlx::query(
            "UPDATE lead SET queue = 0, lease_token = NULL, lease_until = NULL
             WHERE queue = 2 AND lease_until <= $1",
        )
        .bind(self.now.0)
        .execute(&mut *conn)
        .await?;
        let lists: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM list WHERE campaign = $1 AND active = 1 ORDER BY id",
        )
        .bind(self.campaign.0)
        .fetch_all(&mut *conn)
        .await?;
        let mut promoted_all = true;
        let mut ready = Vec::new();
        for list in &lists {
            promoted_all &= self.promote(conn, *list).await?;
            ready.extend(self.best_of(conn, *list).await?);
        }
        ready.sort_unstable();
        let wanted = self.count as usize;
        let exhausted = promoted_all && ready.len() <= wanted;
        ready.truncate(wanted);
        let ids: Vec<i64> = ready.into_iter().map(|(_, _, _, _, id)| id).collect();
        self.mark(conn, &ids).await?;
        let next_due = next_due(conn, &lists).await?;
        Ok(Leased {
            ids,
            exhausted,
            next_due,
        })
    }
}

/// Sort key of a ready lead, ascending; the id is last.
type Key = (i64, i64, i64, i64, i64);

impl TakeLeads {
    /// Moves leads whose instant has come to the ready ones; `false` when more are left.
    async fn promote(&self, conn: &mut SqliteConnection, list: i64) -> Result<bool, StoreError> {
        let moved = sqlx::query(
            "UPDATE lead SET queue = 0, turn = CASE status WHEN 'callback' THEN 0 ELSE 1 END
             WHERE id IN (SELECT id FROM lead WHERE list = $1 AND queue = 1 AND next_at <= $2
                          ORDER BY next_at LIMIT $3)",
        )
        .bind(list)
        .bind(self.now.0)
        .bind(PROMOTED_MAX)
        .execute(conn)
        .await?;
        Ok((moved.rows_affected() as i64) < PROMOTED_MAX)
    }

    /// The first leads of a list, one more than wanted so that "no more" can be told.
    async fn best_of(
        &self,
        conn: &mut SqliteConnection,
        list: i64,
    ) -> Result<Vec<Key>, StoreError> {
        let rows = sqlx::query(
            "SELECT turn, -priority, -rank, last_attempt, id FROM lead INDEXED BY lead_ready
             WHERE list = $1 AND queue = 0
             ORDER BY turn, priority DESC, rank DESC, last_attempt, id LIMIT $2",
        )
        .bind(list)
        .bind(i64::from(self.count) + 1)
        .fetch_all(conn)
        .await?;
        rows.iter()
            .map(|row| {
                let column = |i: usize| -> Result<i64, StoreError> {
                    row.try_get(i).map_err(|e| StoreError::Corrupt {
                        what: "lead",
                        why: e.to_string(),
                    })
                };
                Ok((column(0)?, column(1)?, column(2)?, column(3)?, column(4)?))
            })
            .collect()
    }

    async fn mark(&self, conn: &mut SqliteConnection, ids: &[i64]) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE lead SET queue = 2, lease_token = $1, lease_until = $2
             WHERE id IN (SELECT value FROM json_each($3))",
        )
        .bind(self.token)
        .bind(self.until.0)
        .bind(to_json("ids", &ids)?)
        .execute(conn)
        .await?;
        Ok(())
    }
}

async fn next_due(conn: &mut SqliteConnection, lists: &[i64]) -> Result<Option<Wall>, StoreError> {
    let mut soonest = None;
    for list in lists {
        let due: Option<i64> =
            sqlx::query_scalar("SELECT min(next_at) FROM lead WHERE list = $1 AND queue = 1")
                .bind(list)
                .fetch_one(&mut *conn)
                .await?;
        soonest = match (soonest, due.map(Wall)) {
            (Some(a), Some(b)) => Some(std::cmp::min::<Wall>(a, b)),
            (a, b) => a.or(b),
        };
    }
    Ok(soonest)
}

/// Extends leases.
pub(super) struct Renew {
    pub token: i64,
    pub leads: Vec<LeadId>,
    pub until: Wall,
}

impl WriteOp for Renew {
    type Reply = u64;
    const LANE: Lane = Lane::Records;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "renew_leases";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "UPDATE lead SET lease_until = $2 WHERE queue = 2 AND lease_token = $1
             AND id IN (SELECT value FROM json_each($3))",
        )
        .bind(self.token)
        .bind(self.until.0)
        .bind(to_json("ids", &self.leads)?)
        .execute(conn)
        .await?;
        Ok(done.rows_affected())
    }
}

/// The promised callback of a lead row, while the lead waits for it.
pub(super) fn callback_of(row: &SqliteRow) -> Result<Option<Callback>, StoreError> {
    let status: &str = get(row, "status")?;
    let at: Option<i64> = get(row, "callback_at")?;
    let agent: Option<u32> = get(row, "callback_agent")?;
    Ok(at.filter(|_| status == "callback").map(|at| Callback {
        at: Wall(at),
        agent: agent.map(AgentId),
    }))
}

/// Gives leads back that were leased and never handed out.
pub(super) struct GiveBack {
    pub token: i64,
    pub ids: Vec<i64>,
}

impl WriteOp for GiveBack {
    type Reply = ();
    const LANE: Lane = Lane::Records;
    const KEEP: bool = true;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "give_back_leases";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE lead SET queue = 0, lease_token = NULL, lease_until = NULL
             WHERE queue = 2 AND lease_token = $1 AND id IN (SELECT value FROM json_each($2))",
        )
        .bind(self.token)
        .bind(to_json("ids", &self.ids)?)
        .execute(conn)
        .await?;
        Ok(())
    }
}
