//! Recordings.

use super::SqliteStore;
use super::job::{Lane, WriteOp};
use super::rows::{digits, duplicate, from_json, get, maybe_unsigned, to_json, unsigned};
use crate::error::StoreError;
use crate::port::Fut;
use crate::recording::{
    NewRecording, RecordingEnd, RecordingEntry, RecordingFilter, RecordingState, RecordingStore,
};
use carillon_decision::id::{AgentId, CallId, CampaignId, LeadId};
use carillon_decision::time::Wall;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

/// Numbers left free after a restart for recordings that were never stored.
const ID_GAP: i64 = 10_000;

struct NextId;

impl WriteOp for NextId {
    type Reply = u64;
    const LANE: Lane = Lane::Records;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "next_recording_id";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<u64, StoreError> {
        let reserved: i64 = sqlx::query_scalar(
            "UPDATE counter SET value = $1
                 + max(value, (SELECT coalesce(max(id), 0) FROM recording))
             WHERE name = 'recording' RETURNING value",
        )
        .bind(ID_GAP)
        .fetch_one(conn)
        .await?;
        Ok((reserved - ID_GAP + 1) as u64)
    }
}

struct Begin(NewRecording);

impl WriteOp for Begin {
    type Reply = ();
    const LANE: Lane = Lane::Records;
    const KEEP: bool = true;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "begin_recording";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let new = &self.0;
        sqlx::query(
            "INSERT INTO recording (id, call, campaign, agent, lead, started, format, path,
                 class, keep_until, consent)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(new.id as i64)
        .bind(new.call.0 as i64)
        .bind(new.campaign.map(|id| id.0))
        .bind(new.agent.map(|id| id.0))
        .bind(new.lead.map(|id| id.0 as i64))
        .bind(new.started.0)
        .bind(&new.format)
        .bind(&new.path)
        .bind(&new.class)
        .bind(new.keep_until.map(|at| at.0))
        .bind(&new.consent)
        .execute(conn)
        .await
        .map_err(duplicate("recording", new.id))?;
        Ok(())
    }
}

struct Finish(RecordingEnd);

impl WriteOp for Finish {
    type Reply = ();
    const LANE: Lane = Lane::Records;
    const KEEP: bool = true;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "finish_recording";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let end = &self.0;
        let done = sqlx::query(
            "UPDATE recording SET
                 state = CASE state WHEN 'deleted' THEN state ELSE $2 END,
                 format = $3, path = $4, length_ms = $5, octets = $6, sha256 = $7, chain = $8,
                 key_id = $9, lost_ms = $10, paused = $11,
                 why = CASE state WHEN 'deleted' THEN why ELSE $12 END
             WHERE id = $1",
        )
        .bind(end.id as i64)
        .bind(end.state.name())
        .bind(&end.format)
        .bind(&end.path)
        .bind(end.length_ms as i64)
        .bind(end.octets as i64)
        .bind(&end.sha256)
        .bind(&end.chain)
        .bind(&end.key_id)
        .bind(end.lost_ms as i64)
        .bind(to_json("paused", &end.paused)?)
        .bind(&end.why)
        .execute(conn)
        .await?;
        found(done.rows_affected(), end.id)
    }
}

fn found(rows: u64, id: u64) -> Result<(), StoreError> {
    match rows {
        0 => Err(missing(id)),
        _ => Ok(()),
    }
}

fn missing(id: u64) -> StoreError {
    StoreError::NotFound {
        what: "recording",
        id,
    }
}

struct Delete {
    id: u64,
    at: Wall,
    why: String,
}

impl WriteOp for Delete {
    type Reply = bool;
    const LANE: Lane = Lane::Records;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "delete_recording";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE recording SET state = 'deleted', deleted_at = $2, why = $3
             WHERE id = $1 AND hold IS NULL AND state NOT IN ('open', 'deleted')",
        )
        .bind(self.id as i64)
        .bind(self.at.0)
        .bind(&self.why)
        .execute(conn)
        .await?;
        Ok(done.rows_affected() > 0)
    }
}

struct FileGone(u64);

impl WriteOp for FileGone {
    type Reply = ();
    const LANE: Lane = Lane::Records;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "recording_file_gone";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let done =
            sqlx::query("UPDATE recording SET file_gone = 1 WHERE id = $1 AND state = 'deleted'")
                .bind(self.0 as i64)
                .execute(conn)
                .await?;
        found(done.rows_affected(), self.0)
    }
}

struct Hold {
    id: u64,
    hold: Option<String>,
}

impl WriteOp for Hold {
    type Reply = bool;
    const LANE: Lane = Lane::Records;
    const NAME: &'static str = "hold_recording";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<bool, StoreError> {
        let before: Option<(Option<String>,)> =
            sqlx::query_as("SELECT hold FROM recording WHERE id = $1 AND state <> 'deleted'")
                .bind(self.id as i64)
                .fetch_optional(&mut *conn)
                .await?;
        let (before,) = before.ok_or_else(|| missing(self.id))?;
        sqlx::query("UPDATE recording SET hold = $2 WHERE id = $1")
            .bind(self.id as i64)
            .bind(&self.hold)
            .execute(conn)
            .await?;
        Ok(before != self.hold)
    }
}

fn state(name: &str) -> Result<RecordingState, StoreError> {
    RecordingState::from_name(name).ok_or_else(|| StoreError::Corrupt {
        what: "state of a recording",
        why: format!("unknown name `{name}`"),
    })
}

fn entry(row: &SqliteRow) -> Result<RecordingEntry, StoreError> {
    let wall = |column| get::<Option<i64>>(row, column).map(|at| at.map(Wall));
    Ok(RecordingEntry {
        begun: NewRecording {
            id: unsigned(row, "id")?,
            call: CallId(unsigned(row, "call")?),
            campaign: get::<Option<u32>>(row, "campaign")?.map(CampaignId),
            agent: get::<Option<u32>>(row, "agent")?.map(AgentId),
            lead: maybe_unsigned(row, "lead")?.map(LeadId),
            started: Wall(get(row, "started")?),
            format: get(row, "format")?,
            path: get(row, "path")?,
            class: get(row, "class")?,
            keep_until: wall("keep_until")?,
            consent: get(row, "consent")?,
        },
        state: state(get(row, "state")?)?,
        length_ms: unsigned(row, "length_ms")?,
        octets: unsigned(row, "octets")?,
        sha256: get(row, "sha256")?,
        chain: get(row, "chain")?,
        key_id: get(row, "key_id")?,
        lost_ms: unsigned(row, "lost_ms")?,
        paused: from_json("paused", get(row, "paused")?)?,
        why: get(row, "why")?,
        hold: get(row, "hold")?,
        deleted: wall("deleted_at")?,
    })
}

fn query(filter: &RecordingFilter, limit: u32) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT * FROM recording WHERE 1 = 1");
    if let Some(call) = filter.call {
        query.push(" AND call = ").push_bind(call.0 as i64);
    }
    if let Some(campaign) = filter.campaign {
        query.push(" AND campaign = ").push_bind(campaign.0);
    }
    if let Some(agent) = filter.agent {
        query.push(" AND agent = ").push_bind(agent.0);
    }
    if let Some(lead) = filter.lead {
        query.push(" AND lead = ").push_bind(lead.0 as i64);
    }
    if let Some(number) = filter.number {
        query
            .push(" AND call IN (SELECT call FROM call_record WHERE number = ")
            .push_bind(digits(number))
            .push(")");
    }
    if let Some(state) = filter.state {
        query.push(" AND state = ").push_bind(state.name());
    }
    if let Some(from) = filter.from {
        query.push(" AND started >= ").push_bind(from.0);
    }
    if let Some(to) = filter.to {
        query.push(" AND started < ").push_bind(to.0);
    }
    if let Some(before) = filter.before {
        query.push(" AND id < ").push_bind(before as i64);
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
    query
}

impl RecordingStore for SqliteStore {
    fn next_recording_id(&self) -> Fut<'_, u64> {
        Box::pin(self.write(NextId))
    }

    fn begin_recording(&self, recording: NewRecording) -> Fut<'_, ()> {
        Box::pin(self.write(Begin(recording)))
    }

    fn finish_recording(&self, end: RecordingEnd) -> Fut<'_, ()> {
        Box::pin(self.write(Finish(end)))
    }

    fn recording(&self, id: u64) -> Fut<'_, RecordingEntry> {
        Box::pin(async move {
            let row = sqlx::query("SELECT * FROM recording WHERE id = $1")
                .bind(id as i64)
                .fetch_optional(&self.readers)
                .await?
                .ok_or_else(|| missing(id))?;
            entry(&row)
        })
    }

    fn recordings(&self, filter: RecordingFilter, limit: u32) -> Fut<'_, Vec<RecordingEntry>> {
        Box::pin(async move {
            let rows = query(&filter, limit)
                .build()
                .fetch_all(&self.readers)
                .await?;
            rows.iter().map(entry).collect()
        })
    }

    fn expired_recordings(&self, now: Wall, limit: u32) -> Fut<'_, Vec<RecordingEntry>> {
        Box::pin(async move {
            let rows = sqlx::query(
                "SELECT * FROM recording WHERE file_gone = 0 AND (state = 'deleted' OR
                     (keep_until <= $1 AND hold IS NULL AND state <> 'open'))
                 ORDER BY id LIMIT $2",
            )
            .bind(now.0)
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
            rows.iter().map(entry).collect()
        })
    }

    fn delete_recording(&self, id: u64, at: Wall, why: &str) -> Fut<'_, bool> {
        let why = why.to_owned();
        Box::pin(self.write(Delete { id, at, why }))
    }

    fn recording_file_gone(&self, id: u64) -> Fut<'_, ()> {
        Box::pin(self.write(FileGone(id)))
    }

    fn hold_recording(&self, id: u64, hold: Option<&str>) -> Fut<'_, bool> {
        let hold = hold.map(str::to_owned);
        Box::pin(self.write(Hold { id, hold }))
    }
}
