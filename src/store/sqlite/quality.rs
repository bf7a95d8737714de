//! Quality of calls, and reviews.

use super::SqliteStore;
use super::job::{Lane, WriteOp};
use super::rows::{duplicate, get, unsigned};
use crate::error::StoreError;
use crate::port::{Fut, NOTE_CHARS_MAX, QualityStore};
use crate::quality::{
    CallReview, QualityEntry, QualityFilter, QualityRecord, REVIEW_SCORE_MAX, REVIEWER_CHARS_MAX,
    ReviewState, ReviewTally,
};
use carillon_decision::id::{AgentId, CallId, CampaignId};
use carillon_decision::time::Wall;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

struct RecordQuality(QualityRecord);

impl WriteOp for RecordQuality {
    type Reply = ();
    const LANE: Lane = Lane::Logs;
    const KEEP: bool = true;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "record_quality";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let record = &self.0;
        sqlx::query(
            "INSERT INTO call_quality (call, at, campaign, agent, mos_customer, mos_agent,
                 problems, drawn, report)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(record.call.0 as i64)
        .bind(record.at.0)
        .bind(record.campaign.0)
        .bind(record.agent.map(|a| a.0))
        .bind(record.mos_customer)
        .bind(record.mos_agent)
        .bind(spaced(&record.problems))
        .bind(record.drawn)
        .bind(&record.report)
        .execute(conn)
        .await
        .map_err(duplicate("quality of call", record.call.0))?;
        Ok(())
    }
}

/// Names with a space around each, so that one is found whole.
fn spaced(names: &[String]) -> String {
    match names.is_empty() {
        true => String::new(),
        false => format!(" {} ", names.join(" ")),
    }
}

struct ReviewCall {
    call: CallId,
    review: CallReview,
}

impl WriteOp for ReviewCall {
    type Reply = ();
    const LANE: Lane = Lane::Records;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "review_call";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let done = sqlx::query(
            "INSERT INTO call_review (call, reviewer, at, score, note)
             SELECT call, $2, $3, $4, $5 FROM call_quality WHERE call = $1
             ON CONFLICT (call) DO UPDATE SET reviewer = excluded.reviewer, at = excluded.at,
                 score = excluded.score, note = excluded.note",
        )
        .bind(self.call.0 as i64)
        .bind(&self.review.reviewer)
        .bind(self.review.at.0)
        .bind(self.review.score)
        .bind(&self.review.note)
        .execute(conn)
        .await?;
        match done.rows_affected() {
            0 => Err(unmeasured(self.call)),
            _ => Ok(()),
        }
    }
}

fn unmeasured(call: CallId) -> StoreError {
    StoreError::NotFound {
        what: "measured conversation in call",
        id: call.0,
    }
}

/// What is too long to be stored.
fn too_long(review: &CallReview) -> Option<StoreError> {
    let limits = [
        (
            "characters of a review's note",
            &review.note,
            NOTE_CHARS_MAX,
        ),
        (
            "characters of a reviewer's name",
            &review.reviewer,
            REVIEWER_CHARS_MAX,
        ),
    ];
    let too_large = limits.into_iter().find_map(|(what, text, most)| {
        let given = text.chars().count();
        (given > most).then_some(StoreError::TooLarge { what, given, most })
    });
    let score = (review.score > REVIEW_SCORE_MAX).then(|| StoreError::TooLarge {
        what: "points of a review's score",
        given: usize::from(review.score),
        most: usize::from(REVIEW_SCORE_MAX),
    });
    too_large.or(score)
}

const ENTRY: &str = "SELECT q.*, v.reviewer, v.at AS reviewed_at, v.score, v.note
     FROM call_quality q LEFT JOIN call_review v ON v.call = q.call WHERE 1 = 1";

fn entry_of(row: &SqliteRow) -> Result<QualityEntry, StoreError> {
    let problems: &str = get(row, "problems")?;
    let reviewer: Option<String> = get(row, "reviewer")?;
    let review = match reviewer {
        Some(reviewer) => Some(CallReview {
            reviewer,
            at: Wall(get(row, "reviewed_at")?),
            score: get(row, "score")?,
            note: get(row, "note")?,
        }),
        None => None,
    };
    Ok(QualityEntry {
        record: QualityRecord {
            call: CallId(unsigned(row, "call")?),
            at: Wall(get(row, "at")?),
            campaign: CampaignId(get(row, "campaign")?),
            agent: get::<Option<u32>>(row, "agent")?.map(AgentId),
            mos_customer: get(row, "mos_customer")?,
            mos_agent: get(row, "mos_agent")?,
            problems: problems.split_whitespace().map(str::to_owned).collect(),
            drawn: get(row, "drawn")?,
            report: get(row, "report")?,
        },
        review,
    })
}

/// The filtered query: newest first, what waits for review oldest first.
fn list_query(filter: &QualityFilter, limit: u32) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(ENTRY);
    if let Some(campaign) = filter.campaign {
        query.push(" AND q.campaign = ").push_bind(campaign.0);
    }
    if let Some(agent) = filter.agent {
        query.push(" AND q.agent = ").push_bind(agent.0);
    }
    if let Some(from) = filter.from {
        query.push(" AND q.at >= ").push_bind(from.0);
    }
    if let Some(to) = filter.to {
        query.push(" AND q.at < ").push_bind(to.0);
    }
    if filter.with_problems || filter.problem.is_some() {
        query.push(" AND q.problems <> ''");
    }
    if let Some(problem) = &filter.problem {
        query
            .push(" AND instr(q.problems, ")
            .push_bind(format!(" {problem} "))
            .push(") > 0");
    }
    if let Some(before) = filter.before {
        query.push(" AND q.call < ").push_bind(before.0 as i64);
    }
    query.push(match filter.review {
        None => " ORDER BY q.at DESC, q.call DESC LIMIT ",
        Some(ReviewState::Done) => " AND v.call IS NOT NULL ORDER BY q.at DESC, q.call DESC LIMIT ",
        Some(ReviewState::Waiting) => {
            " AND q.drawn = 1 AND v.call IS NULL ORDER BY q.at, q.call LIMIT "
        }
    });
    query.push_bind(limit);
    query
}

impl QualityStore for SqliteStore {
    fn record_quality(&self, record: QualityRecord) -> Fut<'_, ()> {
        Box::pin(self.write(RecordQuality(record)))
    }

    fn review_call(&self, call: CallId, review: CallReview) -> Fut<'_, ()> {
        match too_long(&review) {
            Some(error) => Box::pin(std::future::ready(Err(error))),
            None => Box::pin(self.write(ReviewCall { call, review })),
        }
    }

    fn quality(&self, call: CallId) -> Fut<'_, QualityEntry> {
        Box::pin(async move {
            let mut query = QueryBuilder::new(ENTRY);
            query.push(" AND q.call = ").push_bind(call.0 as i64);
            let row = query.build().fetch_optional(&self.readers).await?;
            entry_of(&row.ok_or_else(|| unmeasured(call))?)
        })
    }

    fn quality_calls(&self, filter: QualityFilter, limit: u32) -> Fut<'_, Vec<QualityEntry>> {
        Box::pin(async move {
            let rows = list_query(&filter, limit)
                .build()
                .fetch_all(&self.readers)
                .await?;
            rows.iter().map(entry_of).collect()
        })
    }

    fn review_tally(
        &self,
        from: Wall,
        to: Wall,
        campaign: Option<CampaignId>,
    ) -> Fut<'_, Vec<ReviewTally>> {
        Box::pin(async move {
            let rows = sqlx::query(
                "SELECT q.agent, count(*) AS calls, sum(q.problems <> '') AS with_problems,
                     sum(q.drawn) AS drawn, count(v.call) AS reviewed,
                     sum(q.drawn AND v.call IS NULL) AS waiting, avg(v.score) AS score_mean
                 FROM call_quality q LEFT JOIN call_review v ON v.call = q.call
                 WHERE q.at >= $1 AND q.at < $2 AND ($3 IS NULL OR q.campaign = $3)
                 GROUP BY q.agent ORDER BY q.agent",
            )
            .bind(from.0)
            .bind(to.0)
            .bind(campaign.map(|c| c.0))
            .fetch_all(&self.readers)
            .await?;
            rows.iter()
                .map(|row| {
                    Ok(ReviewTally {
                        agent: get::<Option<u32>>(row, "agent")?.map(AgentId),
                        calls: unsigned(row, "calls")?,
                        with_problems: unsigned(row, "with_problems")?,
                        drawn: unsigned(row, "drawn")?,
                        reviewed: unsigned(row, "reviewed")?,
                        waiting: unsigned(row, "waiting")?,
                        score_mean: get(row, "score_mean")?,
                    })
                })
                .collect()
        })
    }
}
