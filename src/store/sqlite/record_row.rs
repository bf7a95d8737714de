//! Call records and attempts as rows.

use super::rows::{
    digits, direction, direction_code, duplicate, ended_by, ended_by_name, from_json, get,
    maybe_unsigned, number, outcome, to_json, unsigned, verdict, verdict_name,
};
use crate::call::{Attempt, CallEntry};
use crate::error::StoreError;
use carillon_decision::call::CallRecord;
use carillon_decision::id::{AgentId, CallId, CampaignId, DecisionId, LeadId, TrunkId};
use carillon_decision::time::Wall;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

/// Lead of an attempt that is nobody's: a destination of a conversation. Leads count from 1.
const NO_LEAD: i64 = 0;

/// A span or id as stored. Ids count up from 1 and spans are milliseconds: both stay far below
/// 2^63.
fn signed(value: Option<u64>) -> Option<i64> {
    value.map(|v| v as i64)
}

/// Writes a record.
pub(super) async fn insert_record(
    conn: &mut SqliteConnection,
    record: &CallRecord,
    settled: bool,
) -> Result<(), StoreError> {
    let permit = record
        .permit
        .as_ref()
        .map(|p| to_json("permit", p))
        .transpose()?;
    let events = Some(&record.events)
        .filter(|events| !events.is_empty())
        .map(|events| to_json("events", events))
        .transpose()?;
    sqlx::query(
        "INSERT INTO call_record (call, campaign, lead, inbound, number, caller_id, trunk, agent,
             started, total_ms, pdd_ms, ring_ms, answer_ms, wait_ms, talk_ms, outcome, verdict,
             ended_by, late_answer, follows, decision, permit, settled, hold_ms, message_left,
             recorded, events)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
             $19, $20, $21,
             CASE WHEN EXISTS (SELECT 1 FROM attempt WHERE call = $1) THEN NULL ELSE $22 END, $23,
             $24, $25, $26, $27)",
    )
    .bind(record.call.0 as i64)
    .bind(record.campaign.0)
    .bind(signed(record.lead.map(|l| l.0)))
    .bind(direction_code(record.direction))
    .bind(record.number.map(digits))
    .bind(digits(record.caller_id))
    .bind(record.trunk.0)
    .bind(record.agent.map(|a| a.0))
    .bind(record.started.0)
    .bind(record.total_ms as i64)
    .bind(signed(record.pdd_ms))
    .bind(signed(record.ring_ms))
    .bind(signed(record.answer_ms))
    .bind(signed(record.wait_ms))
    .bind(signed(record.talk_ms))
    .bind(record.outcome.name())
    .bind(record.verdict.map(verdict_name))
    .bind(record.ended_by.map(ended_by_name))
    .bind(record.late_answer)
    .bind(signed(record.follows.map(|c| c.0)))
    .bind(signed(record.decision.map(|d| d.0)))
    .bind(permit)
    .bind(settled)
    .bind(record.hold_ms as i64)
    .bind(record.message_left)
    .bind(record.recorded)
    .bind(events)
    .execute(conn)
    .await
    .map_err(duplicate("record of call", record.call.0))?;
    Ok(())
}

/// A record from a row of `call_record`, with the permit's text as `permit_text`.
pub(super) fn record_of(row: &SqliteRow) -> Result<CallRecord, StoreError> {
    let permit: Option<&str> = get(row, "permit_text")?;
    let events: Option<&str> = get(row, "events")?;
    Ok(CallRecord {
        call: CallId(unsigned(row, "call")?),
        campaign: CampaignId(get(row, "campaign")?),
        lead: maybe_unsigned(row, "lead")?.map(LeadId),
        direction: direction(get(row, "inbound")?)?,
        number: get::<Option<i64>>(row, "number")?.map(number).transpose()?,
        caller_id: number(get(row, "caller_id")?)?,
        trunk: TrunkId(get(row, "trunk")?),
        agent: get::<Option<u32>>(row, "agent")?.map(AgentId),
        started: Wall(get(row, "started")?),
        total_ms: unsigned(row, "total_ms")?,
        pdd_ms: maybe_unsigned(row, "pdd_ms")?,
        ring_ms: maybe_unsigned(row, "ring_ms")?,
        answer_ms: maybe_unsigned(row, "answer_ms")?,
        wait_ms: maybe_unsigned(row, "wait_ms")?,
        talk_ms: maybe_unsigned(row, "talk_ms")?,
        hold_ms: unsigned(row, "hold_ms")?,
        message_left: get(row, "message_left")?,
        recorded: get(row, "recorded")?,
        events: events
            .map(|text| from_json("events", text))
            .transpose()?
            .unwrap_or_default(),
        outcome: outcome(get(row, "outcome")?)?,
        verdict: get::<Option<&str>>(row, "verdict")?
            .map(verdict)
            .transpose()?,
        ended_by: get::<Option<&str>>(row, "ended_by")?
            .map(ended_by)
            .transpose()?,
        late_answer: get(row, "late_answer")?,
        follows: maybe_unsigned(row, "follows")?.map(CallId),
        decision: maybe_unsigned(row, "decision")?.map(DecisionId),
        permit: permit.map(|text| from_json("permit", text)).transpose()?,
    })
}

/// Asks for calls with what was entered of them later, for [`entry_of`]. A `WHERE` on `r` may
/// follow.
pub(super) fn entries_query() -> QueryBuilder<Sqlite> {
    QueryBuilder::new(
        "SELECT r.*, coalesce(r.permit, a.permit) AS permit_text, a.sip_call_id,
             d.code AS disposition, nullif(n.note, '') AS note
         FROM call_record r LEFT JOIN attempt a ON a.call = r.call
         LEFT JOIN disposition d ON d.call = r.call LEFT JOIN call_note n ON n.call = r.call",
    )
}

/// A call from a row of [`entries_query`].
pub(super) fn entry_of(row: &SqliteRow) -> Result<CallEntry, StoreError> {
    Ok(CallEntry {
        record: record_of(row)?,
        disposition: get(row, "disposition")?,
        note: get(row, "note")?,
        sip_call_id: get(row, "sip_call_id")?,
        settled: get(row, "settled")?,
    })
}

/// Writes an attempt.
pub(super) async fn insert_attempt(
    conn: &mut SqliteConnection,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO attempt (call, campaign, lead, number, trunk, caller_id, sip_call_id, placed,
             permit, decision, follows)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(attempt.call.0 as i64)
    .bind(attempt.campaign.0)
    .bind(attempt.lead.map_or(NO_LEAD, |l| l.0 as i64))
    .bind(digits(attempt.number))
    .bind(attempt.trunk.0)
    .bind(digits(attempt.caller_id))
    .bind(&attempt.sip_call_id)
    .bind(attempt.placed.0)
    .bind(to_json("permit", &attempt.permit)?)
    .bind(signed(attempt.decision.map(|d| d.0)))
    .bind(signed(attempt.follows.map(|c| c.0)))
    .execute(conn)
    .await
    .map_err(duplicate("attempt of call", attempt.call.0))?;
    Ok(())
}

/// An attempt from its row.
pub(super) fn attempt_of(row: &SqliteRow) -> Result<Attempt, StoreError> {
    Ok(Attempt {
        call: CallId(unsigned(row, "call")?),
        campaign: CampaignId(get(row, "campaign")?),
        lead: Some(LeadId(unsigned(row, "lead")?)).filter(|l| l.0 as i64 != NO_LEAD),
        number: number(get(row, "number")?)?,
        trunk: TrunkId(get(row, "trunk")?),
        caller_id: number(get(row, "caller_id")?)?,
        sip_call_id: get(row, "sip_call_id")?,
        placed: Wall(get(row, "placed")?),
        permit: from_json("permit", get(row, "permit")?)?,
        decision: maybe_unsigned(row, "decision")?.map(DecisionId),
        follows: maybe_unsigned(row, "follows")?.map(CallId),
    })
}
