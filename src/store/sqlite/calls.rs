//! Attempts, call records and the ledger.

use super::SqliteStore;
use super::job::{Lane, WriteOp};
use super::record_row::{attempt_of, entries_query, entry_of, insert_attempt, insert_record};
use super::rows::{digits, direction_code, get, unsigned};
use crate::call::{Attempt, CallEntry, CallFilter, OpenAttempt};
use crate::error::StoreError;
use crate::port::{CallStore, Fut, NOTE_CHARS_MAX};
use crate::report::Report;
use carillon_decision::call::{CallRecord, Direction, Outcome};
use carillon_decision::id::{CallId, CampaignId};
use carillon_decision::ledger::{LedgerState, QUARTER_MS};
use carillon_decision::time::Wall;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

/// Ids left out at each start, for calls that had an id and left no row.
pub(super) const ID_GAP: i64 = 10_000;

struct BeginAttempt(Attempt);

impl WriteOp for BeginAttempt {
    type Reply = ();
    const LANE: Lane = Lane::Attempts;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "begin_attempt";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        insert_attempt(conn, &self.0).await
    }
}

struct FinishCall(CallRecord);

impl WriteOp for FinishCall {
    type Reply = ();
    const LANE: Lane = Lane::Records;
    const KEEP: bool = true;
    const NAME: &'static str = "finish_call";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        insert_record(conn, &self.0, false).await?;
        close_attempt(conn, &self.0).await
    }
}

/// Closes the attempt of a record and counts it against the lead.
async fn close_attempt(conn: &mut SqliteConnection, record: &CallRecord) -> Result<(), StoreError> {
    if record.direction == Direction::Inbound {
        return Ok(());
    }
    sqlx::query("UPDATE attempt SET open = 0 WHERE call = $1")
        .bind(record.call.0 as i64)
        .execute(&mut *conn)
        .await?;
    let counts = record.direction == Direction::Outbound && record.outcome.counts_as_attempt();
    let Some(lead) = record.lead.filter(|_| counts) else {
        return Ok(());
    };
    sqlx::query(
        "UPDATE lead SET attempts = attempts + 1, tried = 1, last_attempt = max(last_attempt, $2)
         WHERE id = $1",
    )
    .bind(lead.0 as i64)
    .bind(record.started.0)
    .execute(conn)
    .await?;
    Ok(())
}

struct SetDisposition {
    call: CallId,
    disposition: String,
}

impl WriteOp for SetDisposition {
    type Reply = ();
    const LANE: Lane = Lane::Records;
    const KEEP: bool = true;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "set_disposition";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO disposition (call, code) VALUES ($1, $2)
             ON CONFLICT (call) DO UPDATE SET code = excluded.code",
        )
        .bind(self.call.0 as i64)
        .bind(&self.disposition)
        .execute(conn)
        .await?;
        Ok(())
    }
}

struct SetNote {
    call: CallId,
    note: String,
}

impl WriteOp for SetNote {
    type Reply = ();
    const LANE: Lane = Lane::Records;
    const KEEP: bool = true;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "set_note";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO call_note (call, note) VALUES ($1, $2)
             ON CONFLICT (call) DO UPDATE SET note = excluded.note",
        )
        .bind(self.call.0 as i64)
        .bind(&self.note)
        .execute(conn)
        .await?;
        Ok(())
    }
}

struct SettleAttempt {
    call: CallId,
    outcome: Outcome,
}

impl WriteOp for SettleAttempt {
    type Reply = bool;
    const LANE: Lane = Lane::Records;
    const NAME: &'static str = "settle_attempt";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT * FROM attempt WHERE call = $1")
            .bind(self.call.0 as i64)
            .fetch_optional(&mut *conn)
            .await?
            .ok_or(StoreError::NotFound {
                what: "attempt of call",
                id: self.call.0,
            })?;
        if !get::<bool>(&row, "open")? {
            return Ok(false);
        }
        let record = record_of_attempt(attempt_of(&row)?, self.outcome);
        insert_record(conn, &record, true).await?;
        close_attempt(conn, &record).await?;
        Ok(true)
    }
}

/// What is known of a call of which only the attempt is left.
fn record_of_attempt(attempt: Attempt, outcome: Outcome) -> CallRecord {
    CallRecord {
        call: attempt.call,
        campaign: attempt.campaign,
        lead: attempt.lead,
        direction: match attempt.lead {
            Some(_) => Direction::Outbound,
            None => Direction::Transfer,
        },
        number: Some(attempt.number),
        caller_id: attempt.caller_id,
        trunk: attempt.trunk,
        agent: None,
        started: attempt.placed,
        total_ms: 0,
        pdd_ms: None,
        ring_ms: None,
        answer_ms: None,
        wait_ms: None,
        talk_ms: None,
        hold_ms: 0,
        message_left: false,
        recorded: false,
        events: Vec::new(),
        outcome,
        verdict: None,
        ended_by: None,
        late_answer: false,
        follows: attempt.follows,
        decision: attempt.decision,
        permit: Some(attempt.permit),
    }
}

struct NextCallId;

impl WriteOp for NextCallId {
    type Reply = CallId;
    const LANE: Lane = Lane::Records;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "next_call_id";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<CallId, StoreError> {
        let reserved: i64 = sqlx::query_scalar(
            "UPDATE counter SET value = $1 + max(value,
                 (SELECT coalesce(max(call), 0) FROM attempt),
                 (SELECT coalesce(max(call), 0) FROM call_record))
             WHERE name = 'call' RETURNING value",
        )
        .bind(ID_GAP)
        .fetch_one(conn)
        .await?;
        Ok(CallId((reserved - ID_GAP + 1) as u64))
    }
}

/// The filtered query, newest first.
fn calls_query(filter: &CallFilter, limit: u32) -> QueryBuilder<Sqlite> {
    let mut query = entries_query();
    query.push(" WHERE 1 = 1");
    if let Some(campaign) = filter.campaign {
        query.push(" AND r.campaign = ").push_bind(campaign.0);
    }
    if let Some(lead) = filter.lead {
        query.push(" AND r.lead = ").push_bind(lead.0 as i64);
    }
    if let Some(number) = filter.number {
        query.push(" AND r.number = ").push_bind(digits(number));
    }
    if let Some(agent) = filter.agent {
        query.push(" AND r.agent = ").push_bind(agent.0);
    }
    if let Some(trunk) = filter.trunk {
        query.push(" AND r.trunk = ").push_bind(trunk.0);
    }
    if let Some(outcome) = filter.outcome {
        query.push(" AND r.outcome = ").push_bind(outcome.name());
    }
    if let Some(direction) = filter.direction {
        query
            .push(" AND r.inbound = ")
            .push_bind(direction_code(direction));
    }
    if let Some(from) = filter.from {
        query.push(" AND r.started >= ").push_bind(from.0);
    }
    if let Some(to) = filter.to {
        query.push(" AND r.started < ").push_bind(to.0);
    }
    query
        .push(" ORDER BY r.started DESC, r.call DESC LIMIT ")
        .push_bind(limit);
    query
}

async fn ledger(
    conn: &mut SqliteConnection,
    campaign: CampaignId,
    since: Wall,
) -> Result<LedgerState, StoreError> {
    let first: Option<i64> = sqlx::query_scalar(
        "SELECT min(started) FROM call_record WHERE campaign = $1 AND inbound = 0",
    )
    .bind(campaign.0)
    .fetch_one(&mut *conn)
    .await?;
    // A call answered at `since` may have started as much earlier as a phone may ring.
    const RING_LONGEST_MS: i64 = 600_000;
    let rows = sqlx::query(
        "SELECT (started + coalesce(answer_ms, 0)) / $4 AS quarter,
             count(*) AS answered, sum(outcome = 'abandoned') AS abandoned
         FROM call_record
         WHERE campaign = $1 AND started >= $2 AND inbound = 0
             AND outcome IN ('connected', 'abandoned')
             AND started + coalesce(answer_ms, 0) >= $3
         GROUP BY 1",
    )
    .bind(campaign.0)
    .bind(since.0.saturating_sub(RING_LONGEST_MS))
    .bind(since.0)
    .bind(QUARTER_MS)
    .fetch_all(conn)
    .await?;
    let mut ledger = LedgerState {
        since: first.map_or(since, Wall),
        ..LedgerState::default()
    };
    for row in &rows {
        let tally = ledger.quarters.entry(get(row, "quarter")?).or_default();
        tally.answered = unsigned(row, "answered")?;
        tally.abandoned = unsigned(row, "abandoned")?;
    }
    Ok(ledger)
}

impl CallStore for SqliteStore {
    fn begin_attempt(&self, attempt: Attempt) -> Fut<'_, ()> {
        Box::pin(self.write(BeginAttempt(attempt)))
    }

    fn finish_call(&self, record: CallRecord) -> Fut<'_, ()> {
        Box::pin(self.write(FinishCall(record)))
    }

    fn set_disposition(&self, call: CallId, disposition: &str) -> Fut<'_, ()> {
        Box::pin(self.write(SetDisposition {
            call,
            disposition: disposition.to_owned(),
        }))
    }

    fn set_note(&self, call: CallId, note: &str) -> Fut<'_, ()> {
        let given = note.chars().count();
        if given > NOTE_CHARS_MAX {
            let error = StoreError::TooLarge {
                what: "characters of a note",
                given,
                most: NOTE_CHARS_MAX,
            };
            return Box::pin(std::future::ready(Err(error)));
        }
        Box::pin(self.write(SetNote {
            call,
            note: note.to_owned(),
        }))
    }

    fn unfinished_attempts(&self) -> Fut<'_, Vec<OpenAttempt>> {
        Box::pin(async move {
            let rows = sqlx::query("SELECT * FROM attempt WHERE open = 1 ORDER BY call")
                .fetch_all(&self.readers)
                .await?;
            rows.iter()
                .map(|row| {
                    Ok(OpenAttempt {
                        attempt: attempt_of(row)?,
                    })
                })
                .collect()
        })
    }

    fn settle_attempt(&self, call: CallId, outcome: Outcome) -> Fut<'_, bool> {
        Box::pin(self.write(SettleAttempt { call, outcome }))
    }

    fn next_call_id(&self) -> Fut<'_, CallId> {
        Box::pin(self.write(NextCallId))
    }

    fn call(&self, id: CallId) -> Fut<'_, CallEntry> {
        Box::pin(async move {
            let mut one = entries_query();
            let one = one.push(" WHERE r.call = ").push_bind(id.0 as i64);
            let row =
                one.build()
                    .fetch_optional(&self.readers)
                    .await?
                    .ok_or(StoreError::NotFound {
                        what: "record of call",
                        id: id.0,
                    })?;
            entry_of(&row)
        })
    }

    fn calls(&self, filter: CallFilter, limit: u32) -> Fut<'_, Vec<CallEntry>> {
        Box::pin(async move {
            let rows = calls_query(&filter, limit)
                .build()
                .fetch_all(&self.readers)
                .await?;
            rows.iter().map(entry_of).collect()
        })
    }

    fn ledger(&self, campaign: CampaignId, since: Wall) -> Fut<'_, LedgerState> {
        Box::pin(async move {
            let mut conn = self.readers.acquire().await?;
            ledger(&mut conn, campaign, since).await
        })
    }

    fn report(&self, from: Wall, to: Wall, campaign: Option<CampaignId>) -> Fut<'_, Report> {
        Box::pin(async move {
            let mut conn = self.readers.acquire().await?;
            super::report::report(&mut conn, from, to, campaign).await
        })
    }
}
