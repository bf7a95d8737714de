//! What the engine must know of leads it gets: numbers with their lists, and earlier attempts.

use super::dnc::snapshot;
use super::lease::callback_of;
use super::rows::{consent, from_json, get, number, outcome, to_json, unsigned};
use crate::error::StoreError;
use carillon_decision::id::{AgentId, CampaignId, LeadId};
use carillon_decision::lead::{Facts, Lead, LeadNumber, PastAttempt};
use carillon_decision::time::Wall;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, SqliteConnection};
use std::collections::BTreeMap;

/// How far back the history of a person goes: the longest window of the calling rules.
const HISTORY_MS: i64 = 30 * Wall::DAY_MS;

/// Everything the engine must know of these leads, in their order, read in one snapshot of
/// the database, so that lists and snapshot id belong together.
pub(super) async fn read_leads(
    conn: &mut SqliteConnection,
    campaign: CampaignId,
    ids: &[i64],
    now: Wall,
) -> Result<Vec<Lead>, StoreError> {
    let ids_json = to_json("ids", &ids)?;
    let mut tx = conn.begin().await?;
    let snapshot = snapshot(&mut tx).await?;
    let mut numbers = read_numbers(&mut tx, &ids_json).await?;
    let mut history = read_history(&mut tx, campaign, &ids_json, now).await?;
    let rows = sqlx::query(
        "SELECT id, status, next_at, callback_at, callback_agent, priority, rank, owner, consent,
             answer_chance, zone, country, state, tags, needs
         FROM lead WHERE id IN (SELECT value FROM json_each($1))",
    )
    .bind(&ids_json)
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    let mut leads = BTreeMap::new();
    for row in &rows {
        let id: i64 = get(row, "id")?;
        let facts = Facts {
            snapshot,
            consent: consent(get(row, "consent")?)?,
            history: history.remove(&id).unwrap_or_default(),
        };
        leads.insert(
            id,
            lead_of(row, numbers.remove(&id).unwrap_or_default(), facts)?,
        );
    }
    Ok(ids.iter().filter_map(|id| leads.remove(id)).collect())
}

fn lead_of(row: &SqliteRow, numbers: Vec<LeadNumber>, facts: Facts) -> Result<Lead, StoreError> {
    let tags: BTreeMap<String, String> = from_json("tags", get(row, "tags")?)?;
    Ok(Lead {
        id: LeadId(unsigned(row, "id")?),
        priority: get(row, "priority")?,
        rank: get(row, "rank")?,
        numbers,
        zone: get(row, "zone")?,
        country: get(row, "country")?,
        state: get(row, "state")?,
        tags: tags.into_iter().collect(),
        needs: from_json("needs", get(row, "needs")?)?,
        owner: get::<Option<u32>>(row, "owner")?.map(AgentId),
        callback: callback_of(row)?,
        answer_chance: get(row, "answer_chance")?,
        facts,
    })
}

async fn read_numbers(
    conn: &mut SqliteConnection,
    ids: &str,
) -> Result<BTreeMap<i64, Vec<LeadNumber>>, StoreError> {
    let rows = sqlx::query(
        "SELECT n.lead, n.number, n.retired, l.name FROM lead_number n
         LEFT JOIN dnc_entry e ON e.number = n.number LEFT JOIN dnc_list l ON l.id = e.list
         WHERE n.lead IN (SELECT value FROM json_each($1))
         ORDER BY n.lead, n.position, l.name",
    )
    .bind(ids)
    .fetch_all(conn)
    .await?;
    let mut all: BTreeMap<i64, Vec<LeadNumber>> = BTreeMap::new();
    for row in &rows {
        let numbers = all.entry(get(row, "lead")?).or_default();
        let this = number(get(row, "number")?)?;
        let listed: Option<String> = get(row, "name")?;
        match numbers.last_mut().filter(|last| last.number == this) {
            Some(last) => last.listed.extend(listed),
            None => numbers.push(LeadNumber {
                number: this,
                listed: listed.into_iter().collect(),
                retired: get(row, "retired")?,
            }),
        }
    }
    Ok(all)
}

/// Earlier attempts on any number of the person in this campaign, whichever lead they were for:
/// a person who is on the list twice is one person. Attempts in progress have no record yet and
/// count as unanswered: the person's phone rang, for all we know.
async fn read_history(
    conn: &mut SqliteConnection,
    campaign: CampaignId,
    ids: &str,
    now: Wall,
) -> Result<BTreeMap<i64, Vec<PastAttempt>>, StoreError> {
    let rows = sqlx::query(
        "SELECT n.lead, c.started, c.number, c.outcome FROM lead_number n
         CROSS JOIN call_record c INDEXED BY call_record_number
             ON c.number = n.number AND c.started >= $3
         WHERE n.lead IN (SELECT value FROM json_each($1)) AND c.campaign = $2 AND c.inbound = 0
         UNION ALL
         SELECT n.lead, a.placed, a.number, 'no_answer' FROM attempt a INDEXED BY attempt_open
         CROSS JOIN lead_number n ON n.number = a.number
         WHERE a.open = 1 AND a.lead <> 0 AND a.campaign = $2
             AND n.lead IN (SELECT value FROM json_each($1))
         ORDER BY 1, 2",
    )
    .bind(ids)
    .bind(campaign.0)
    .bind(now.0.saturating_sub(HISTORY_MS))
    .fetch_all(conn)
    .await?;
    let mut all: BTreeMap<i64, Vec<PastAttempt>> = BTreeMap::new();
    for row in &rows {
        all.entry(get(row, "lead")?).or_default().push(PastAttempt {
            at: Wall(get(row, "started")?),
            number: number(get(row, "number")?)?,
            outcome: outcome(get(row, "outcome")?)?,
        });
    }
    Ok(all)
}
