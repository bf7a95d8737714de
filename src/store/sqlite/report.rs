//! The figures of a report.

use super::leads::HOUR_MS;
use super::rows::{direction, get, outcome, unsigned};
use crate::error::StoreError;
use crate::report::{AgentTime, HourRow, Report, Spread};
use carillon_decision::call::{Cause, Direction, Outcome};
use carillon_decision::id::{AgentId, CampaignId};
use carillon_decision::status::TimeSplit;
use carillon_decision::time::Wall;
use sqlx::{Connection, SqliteConnection};
use std::collections::BTreeMap;

pub(super) async fn report(
    conn: &mut SqliteConnection,
    from: Wall,
    to: Wall,
    campaign: Option<CampaignId>,
) -> Result<Report, StoreError> {
    let mut tx = conn.begin().await?;
    let mut report = Report {
        from,
        to,
        campaign,
        ..Report::default()
    };
    count_calls(&mut tx, &mut report).await?;
    report.talk_ms = spread(&mut tx, &report, "talk_ms").await?;
    report.wait_ms = spread(&mut tx, &report, "wait_ms").await?;
    report.pdd_ms = spread(&mut tx, &report, "pdd_ms").await?;
    report.refusals = refusals(&mut tx, &report).await?;
    report.agents = agents(&mut tx, from, to).await?;
    tx.commit().await?;
    Ok(report)
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// Calls by hour and outcome, folded into totals and hour rows.
async fn count_calls(conn: &mut SqliteConnection, report: &mut Report) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT started / $4 AS hour, inbound, outcome, count(*) AS calls,
             count(answer_ms) AS answered
         FROM call_record
         WHERE started >= $1 AND started < $2 AND ($3 IS NULL OR campaign = $3)
         GROUP BY 1, 2, 3 ORDER BY 1",
    )
    .bind(report.from.0)
    .bind(report.to.0)
    .bind(report.campaign.map(|c| c.0))
    .bind(HOUR_MS)
    .fetch_all(conn)
    .await?;
    let mut hours: BTreeMap<i64, HourRow> = BTreeMap::new();
    for row in &rows {
        let calls = unsigned(row, "calls")?;
        match direction(get(row, "inbound")?)? {
            Direction::Outbound => {}
            Direction::Inbound => {
                report.inbound += calls;
                continue;
            }
            // Destinations of conversations: the customer's own call is counted.
            Direction::Transfer => continue,
        }
        let hour: i64 = get(row, "hour")?;
        let hour = hours.entry(hour).or_insert_with(|| HourRow {
            start: Wall(hour * HOUR_MS),
            ..HourRow::default()
        });
        let outcome = outcome(get(row, "outcome")?)?;
        *report
            .outcomes
            .entry(outcome.name().to_owned())
            .or_default() += calls;
        if outcome == Outcome::Unanswered(Cause::NotSent) {
            continue;
        }
        report.placed += calls;
        hour.placed += calls;
        report.answered += unsigned(row, "answered")?;
        if outcome.human_answered() {
            report.answered_human += calls;
            hour.answered_human += calls;
        }
        match outcome {
            Outcome::Connected => {
                report.connected += calls;
                hour.connected += calls;
            }
            Outcome::Abandoned => {
                report.abandoned += calls;
                hour.abandoned += calls;
            }
            _ => {}
        }
    }
    report.hours = hours.into_values().collect();
    report.abandonment = share(report.abandoned, report.answered_human);
    report.answer_seizure_ratio = share(report.answered, report.placed);
    report.connect_rate = share(report.answered_human, report.placed);
    Ok(())
}

async fn spread(
    conn: &mut SqliteConnection,
    report: &Report,
    measure: &'static str,
) -> Result<Spread, StoreError> {
    let sql = match measure {
        "talk_ms" => {
            "SELECT talk_ms FROM call_record WHERE talk_ms IS NOT NULL
             AND started >= $1 AND started < $2 AND ($3 IS NULL OR campaign = $3)"
        }
        "wait_ms" => {
            "SELECT wait_ms FROM call_record WHERE wait_ms IS NOT NULL AND inbound = 0
             AND started >= $1 AND started < $2 AND ($3 IS NULL OR campaign = $3)"
        }
        _ => {
            "SELECT pdd_ms FROM call_record WHERE pdd_ms IS NOT NULL AND inbound = 0
             AND started >= $1 AND started < $2 AND ($3 IS NULL OR campaign = $3)"
        }
    };
    let values: Vec<i64> = sqlx::query_scalar(sql)
        .bind(report.from.0)
        .bind(report.to.0)
        .bind(report.campaign.map(|c| c.0))
        .fetch_all(conn)
        .await?;
    Ok(Spread::of(
        values.into_iter().map(|v| v.max(0) as u64).collect(),
    ))
}

async fn refusals(
    conn: &mut SqliteConnection,
    report: &Report,
) -> Result<BTreeMap<String, u64>, StoreError> {
    let rows = sqlx::query(
        "SELECT code, sum(count) AS leads FROM refusal_hour
         WHERE hour >= $1 AND hour * $4 < $2 AND ($3 IS NULL OR campaign = $3) GROUP BY code",
    )
    .bind(report.from.0.div_euclid(HOUR_MS))
    .bind(report.to.0)
    .bind(report.campaign.map(|c| c.0))
    .bind(HOUR_MS)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| Ok((get(row, "code")?, unsigned(row, "leads")?)))
        .collect()
}

/// Agents' time by state within `[from, to)`: each change starts a stretch that the agent's next
/// change, or `to`, ends. The state at `from` is that of the last change before it.
async fn agents(
    conn: &mut SqliteConnection,
    from: Wall,
    to: Wall,
) -> Result<Vec<AgentTime>, StoreError> {
    let rows = sqlx::query(
        "SELECT agent, at, to_state FROM agent_change
         WHERE at >= $1 AND at < $2
             OR id IN (SELECT (SELECT c.id FROM agent_change c WHERE c.agent = n.id AND c.at < $1
                               ORDER BY c.at DESC, c.id DESC LIMIT 1)
                       FROM (SELECT DISTINCT agent AS id FROM agent_change) n)
         ORDER BY agent, at, id",
    )
    .bind(from.0)
    .bind(to.0)
    .fetch_all(conn)
    .await?;
    let mut times: BTreeMap<u32, TimeSplit> = BTreeMap::new();
    for (i, row) in rows.iter().enumerate() {
        let agent: u32 = get(row, "agent")?;
        let starts = get::<i64>(row, "at")?.max(from.0);
        let ends = match rows.get(i + 1) {
            Some(next) if get::<u32>(next, "agent")? == agent => get(next, "at")?,
            _ => to.0,
        };
        let seconds = (ends.saturating_sub(starts)).max(0) as f64 / 1_000.0;
        spend(
            times.entry(agent).or_default(),
            get(row, "to_state")?,
            seconds,
        );
    }
    Ok(times
        .into_iter()
        .map(|(agent, times)| AgentTime {
            agent: AgentId(agent),
            times,
            occupancy: occupancy(&times),
        })
        .collect())
}

fn spend(times: &mut TimeSplit, state: &str, seconds: f64) {
    match state {
        "ready" => times.ready_s += seconds,
        "reserved" => times.reserved_s += seconds,
        "talking" => times.talk_s += seconds,
        "wrap_up" => times.wrap_s += seconds,
        "break" | "connecting" => times.break_s += seconds,
        _ => {}
    }
}

fn occupancy(times: &TimeSplit) -> f64 {
    let all = times.ready_s + times.reserved_s + times.talk_s + times.wrap_s + times.break_s;
    if all > 0.0 {
        (times.talk_s + times.wrap_s) / all
    } else {
        0.0
    }
}
