//! Everything stored of one lead.

use super::dnc::memberships;
use super::lease::callback_of;
use super::record_row::{entries_query, entry_of};
use super::rows::{consent, from_json, get, number, status};
use crate::error::StoreError;
use crate::lead::{LeadCard, LeadDetails, NumberDetails, StoredRefusal};
use carillon_decision::id::{AgentId, CampaignId, LeadId};
use carillon_decision::time::Wall;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, SqliteConnection};

/// Calls shown with a lead.
const HISTORY_MAX: i64 = 100;

/// Reads a lead in one snapshot of the database.
pub(super) async fn lead_details(
    conn: &mut SqliteConnection,
    id: LeadId,
) -> Result<LeadDetails, StoreError> {
    let mut tx = conn.begin().await?;
    let row = sqlx::query(
        "SELECT d.*, c.*, l.name AS list_name, l.active AS list_active FROM lead d
         JOIN list l ON l.id = d.list JOIN lead_card c ON c.lead = d.id WHERE d.id = $1",
    )
    .bind(id.0 as i64)
    .fetch_optional(&mut *tx)
    .await?
    .ok_or(StoreError::NotFound {
        what: "lead",
        id: id.0,
    })?;
    let numbers = details_of_numbers(&mut tx, id).await?;
    let mut entries = entries_query();
    entries.push(" WHERE r.lead = ").push_bind(id.0 as i64);
    entries.push(" ORDER BY r.started DESC, r.call DESC LIMIT ");
    let entries = entries.push_bind(HISTORY_MAX).build();
    let entries = entries.fetch_all(&mut *tx).await?;
    tx.commit().await?;
    let last_attempt: i64 = get(&row, "last_attempt")?;
    Ok(LeadDetails {
        id,
        campaign: CampaignId(get(&row, "campaign")?),
        list: get(&row, "list_name")?,
        list_active: get(&row, "list_active")?,
        card: card_of(&row)?,
        status: status(get(&row, "status")?)?,
        next_at: get::<Option<i64>>(&row, "next_at")?.map(Wall),
        callback: callback_of(&row)?,
        leased_until: get::<Option<i64>>(&row, "lease_until")?.map(Wall),
        priority: get(&row, "priority")?,
        rank: get(&row, "rank")?,
        numbers,
        zone: get(&row, "zone")?,
        country: get(&row, "country")?,
        state: get(&row, "state")?,
        tags: from_json("tags", get(&row, "tags")?)?,
        needs: from_json("needs", get(&row, "needs")?)?,
        owner: get::<Option<u32>>(&row, "owner")?.map(AgentId),
        consent: consent(get(&row, "consent")?)?,
        answer_chance: get(&row, "answer_chance")?,
        attempts: get(&row, "attempts")?,
        last_attempt: (last_attempt != 0).then_some(Wall(last_attempt)),
        why: get(&row, "why")?,
        refusal: refusal_of(&row)?,
        history: entries.iter().map(entry_of).collect::<Result<_, _>>()?,
    })
}

fn card_of(row: &SqliteRow) -> Result<LeadCard, StoreError> {
    Ok(LeadCard {
        vendor_lead_code: get(row, "vendor_lead_code")?,
        source_id: get(row, "source_id")?,
        title: get(row, "title")?,
        first_name: get(row, "first_name")?,
        last_name: get(row, "last_name")?,
        address: get(row, "address")?,
        city: get(row, "city")?,
        postal_code: get(row, "postal_code")?,
        email: get(row, "email")?,
        comments: get(row, "comments")?,
    })
}

fn refusal_of(row: &SqliteRow) -> Result<Option<StoredRefusal>, StoreError> {
    let text: Option<&str> = get(row, "refusal")?;
    let at: Option<i64> = get(row, "refusal_at")?;
    match (text, at) {
        (Some(text), Some(at)) => Ok(Some(StoredRefusal {
            refusal: from_json("refusal", text)?,
            at: Wall(at),
        })),
        _ => Ok(None),
    }
}

async fn details_of_numbers(
    conn: &mut SqliteConnection,
    id: LeadId,
) -> Result<Vec<NumberDetails>, StoreError> {
    let rows =
        sqlx::query("SELECT number, retired FROM lead_number WHERE lead = $1 ORDER BY position")
            .bind(id.0 as i64)
            .fetch_all(&mut *conn)
            .await?;
    let mut numbers = Vec::with_capacity(rows.len());
    for row in &rows {
        let number = number(get(row, "number")?)?;
        let listed = memberships(conn, number).await?;
        numbers.push(NumberDetails {
            number,
            retired: get(row, "retired")?,
            listed,
        });
    }
    Ok(numbers)
}
