//! Decisions, agents' states, alerts.

use super::SqliteStore;
use super::calls::ID_GAP;
use super::job::{Lane, WriteOp};
use super::rows::{duplicate, from_json, get, to_json};
use crate::error::StoreError;
use crate::log::{AgentChange, AlertEntry, WrapUp};
use crate::port::{Fut, LogStore};
use carillon_decision::agent::AgentState;
use carillon_decision::id::{CampaignId, DecisionId};
use carillon_decision::pacing_decision::PacingDecision;
use carillon_decision::time::Wall;
use sqlx::SqliteConnection;

/// A wrap-up begun before the end of a stretch is looked for this much longer.
const WRAP_LONGEST_MS: i64 = Wall::DAY_MS;

/// Rows deleted in one transaction.
const PRUNED_MAX: i64 = 2_000;

struct RecordDecision(PacingDecision);

impl WriteOp for RecordDecision {
    type Reply = ();
    const LANE: Lane = Lane::Logs;
    const KEEP: bool = true;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "record_decision";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO decision (id, campaign, at, body) VALUES ($1, $2, $3, $4)")
            .bind(self.0.id.0 as i64)
            .bind(self.0.campaign.0)
            .bind(self.0.at.0)
            .bind(to_json("decision", &self.0)?)
            .execute(conn)
            .await
            .map_err(duplicate("decision", self.0.id.0))?;
        Ok(())
    }
}

struct NextDecisionId;

impl WriteOp for NextDecisionId {
    type Reply = DecisionId;
    const LANE: Lane = Lane::Records;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "next_decision_id";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<DecisionId, StoreError> {
        let reserved: i64 = sqlx::query_scalar(
            "UPDATE counter SET value = $1 + max(value, (SELECT coalesce(max(id), 0) FROM decision))
             WHERE name = 'decision' RETURNING value",
        )
        .bind(ID_GAP)
        .fetch_one(conn)
        .await?;
        Ok(DecisionId((reserved - ID_GAP + 1) as u64))
    }
}

struct RecordAgentChange(AgentChange);

impl WriteOp for RecordAgentChange {
    type Reply = ();
    const LANE: Lane = Lane::Logs;
    const KEEP: bool = true;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "record_agent_change";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO agent_change (agent, at, from_state, to_state, body)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(self.0.agent.0)
        .bind(self.0.at.0)
        .bind(self.0.from.name())
        .bind(self.0.to.name())
        .bind(to_json("agent change", &self.0)?)
        .execute(conn)
        .await?;
        Ok(())
    }
}

struct RecordAlert(AlertEntry);

impl WriteOp for RecordAlert {
    type Reply = ();
    const LANE: Lane = Lane::Logs;
    const KEEP: bool = true;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "record_alert";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO alert (at, body) VALUES ($1, $2)")
            .bind(self.0.at.0)
            .bind(to_json("alert", &self.0)?)
            .execute(conn)
            .await?;
        Ok(())
    }
}

struct Prune {
    before: Wall,
}

impl WriteOp for Prune {
    type Reply = u64;
    const LANE: Lane = Lane::Imports;
    const NAME: &'static str = "prune";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<u64, StoreError> {
        let mut deleted = 0;
        for sql in [
            "DELETE FROM decision WHERE id IN (SELECT id FROM decision WHERE at < $1 LIMIT $2)",
            "DELETE FROM alert WHERE id IN (SELECT id FROM alert WHERE at < $1 LIMIT $2)",
        ] {
            let done = sqlx::query(sql)
                .bind(self.before.0)
                .bind(PRUNED_MAX)
                .execute(&mut *conn)
                .await?;
            deleted += done.rows_affected();
        }
        Ok(deleted)
    }
}

/// Beginnings before `to` with their ends; changes are by agent and time.
fn paired(changes: &[AgentChange], to: Wall) -> Vec<WrapUp> {
    let began = |(place, change): (usize, &AgentChange)| {
        let AgentState::WrapUp(call) = change.to else {
            return None;
        };
        let next = changes.get(place + 1);
        let ends = |next: &&AgentChange| {
            next.agent == change.agent && next.from == AgentState::WrapUp(call)
        };
        (change.at < to).then(|| WrapUp {
            call,
            agent: change.agent,
            began: change.at,
            ended: next.filter(ends).map(|next| next.at),
        })
    };
    changes.iter().enumerate().filter_map(began).collect()
}

impl LogStore for SqliteStore {
    fn record_decision(&self, decision: PacingDecision) -> Fut<'_, ()> {
        Box::pin(self.write(RecordDecision(decision)))
    }

    fn next_decision_id(&self) -> Fut<'_, DecisionId> {
        Box::pin(self.write(NextDecisionId))
    }

    fn decision(&self, id: DecisionId) -> Fut<'_, PacingDecision> {
        Box::pin(async move {
            let row = sqlx::query("SELECT body FROM decision WHERE id = $1")
                .bind(id.0 as i64)
                .fetch_optional(&self.readers)
                .await?
                .ok_or(StoreError::NotFound {
                    what: "decision",
                    id: id.0,
                })?;
            from_json("decision", get(&row, "body")?)
        })
    }

    fn decisions(&self, campaign: CampaignId, last: u32) -> Fut<'_, Vec<PacingDecision>> {
        Box::pin(async move {
            let rows = sqlx::query(
                "SELECT body FROM decision WHERE campaign = $1 ORDER BY id DESC LIMIT $2",
            )
            .bind(campaign.0)
            .bind(last)
            .fetch_all(&self.readers)
            .await?;
            rows.iter()
                .map(|row| from_json("decision", get(row, "body")?))
                .collect()
        })
    }

    fn record_agent_change(&self, change: AgentChange) -> Fut<'_, ()> {
        Box::pin(self.write(RecordAgentChange(change)))
    }

    fn wrap_ups(&self, from: Wall, to: Wall) -> Fut<'_, Vec<WrapUp>> {
        Box::pin(async move {
            let rows = sqlx::query(
                "SELECT body FROM agent_change
                 WHERE at >= $1 AND at < $2 AND (to_state = 'wrap_up' OR from_state = 'wrap_up')
                 ORDER BY agent, at, id",
            )
            .bind(from.0)
            .bind(to.0.saturating_add(WRAP_LONGEST_MS))
            .fetch_all(&self.readers)
            .await?;
            let changes = rows
                .iter()
                .map(|row| from_json("agent change", get(row, "body")?))
                .collect::<Result<Vec<AgentChange>, _>>()?;
            Ok(paired(&changes, to))
        })
    }

    fn record_alert(&self, entry: AlertEntry) -> Fut<'_, ()> {
        Box::pin(self.write(RecordAlert(entry)))
    }

    fn alerts(&self, last: u32) -> Fut<'_, Vec<AlertEntry>> {
        Box::pin(async move {
            let rows = sqlx::query("SELECT body FROM alert ORDER BY id DESC LIMIT $1")
                .bind(last)
                .fetch_all(&self.readers)
                .await?;
            rows.iter()
                .map(|row| from_json("alert", get(row, "body")?))
                .collect()
        })
    }

    fn prune(&self, before: Wall) -> Fut<'_, u64> {
        Box::pin(async move {
            let mut deleted = 0;
            loop {
                let now = self.write(Prune { before }).await?;
                deleted += now;
                if now == 0 {
                    return Ok(deleted);
                }
            }
        })
    }
}
