//! Leads coming in.

use super::job::{Lane, WriteOp};
use super::rows::{consent_code, digits, get, to_json};
use crate::error::StoreError;
use crate::lead::{ImportOptions, ImportRow, NewLead};
use carillon_decision::id::LeadId;
use sqlx::SqliteConnection;
use std::collections::BTreeMap;

/// One batch, one transaction.
pub(super) struct ImportLeads {
    pub options: ImportOptions,
    pub leads: Vec<NewLead>,
}

/// A lead as stored under the same key.
struct Known {
    id: i64,
    content: i64,
}

impl WriteOp for ImportLeads {
    type Reply = Vec<ImportRow>;
    const LANE: Lane = Lane::Imports;
    const NAME: &'static str = "import_leads";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<Vec<ImportRow>, StoreError> {
        let mut lists = BTreeMap::new();
        let mut rows = Vec::with_capacity(self.leads.len());
        for lead in &self.leads {
            rows.push(self.import(conn, &mut lists, lead).await?);
        }
        Ok(rows)
    }
}

impl ImportLeads {
    async fn import<'a>(
        &'a self,
        conn: &mut SqliteConnection,
        lists: &mut BTreeMap<&'a str, i64>,
        lead: &'a NewLead,
    ) -> Result<ImportRow, StoreError> {
        let Some(first) = lead.numbers.first() else {
            return Ok(ImportRow::Rejected("the lead has no number".to_owned()));
        };
        let name = lead.list_id.as_deref().unwrap_or(&self.options.list);
        let list = match lists.get(name) {
            Some(list) => *list,
            None => {
                let id = self.ensure_list(conn, name).await?;
                lists.insert(name, id);
                id
            }
        };
        let key = match lead
            .card
            .vendor_lead_code
            .as_deref()
            .filter(|code| !code.is_empty())
        {
            Some(code) => format!("v:{code}"),
            None => format!("n:{}", first.digits()),
        };
        let content = content_hash(lead)?;
        let Some(known) = self.find(conn, &key).await? else {
            let id = self.insert(conn, list, &key, content, lead).await?;
            write_card(conn, id, lead).await?;
            write_numbers(conn, id, lead).await?;
            return Ok(ImportRow::Imported(LeadId(id as u64)));
        };
        let id = LeadId(known.id as u64);
        if !self.options.update || known.content == content {
            return Ok(ImportRow::Duplicate(id));
        }
        self.update(conn, list, known.id, content, lead).await?;
        write_card(conn, known.id, lead).await?;
        write_numbers(conn, known.id, lead).await?;
        Ok(ImportRow::Updated(id))
    }

    async fn ensure_list(
        &self,
        conn: &mut SqliteConnection,
        name: &str,
    ) -> Result<i64, StoreError> {
        sqlx::query("INSERT INTO list (campaign, name) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(self.options.campaign.0)
            .bind(name)
            .execute(&mut *conn)
            .await?;
        let id = sqlx::query_scalar("SELECT id FROM list WHERE campaign = $1 AND name = $2")
            .bind(self.options.campaign.0)
            .bind(name)
            .fetch_one(conn)
            .await?;
        Ok(id)
    }

    async fn find(
        &self,
        conn: &mut SqliteConnection,
        key: &str,
    ) -> Result<Option<Known>, StoreError> {
        let row =
            sqlx::query("SELECT id, content FROM lead WHERE campaign = $1 AND import_key = $2")
                .bind(self.options.campaign.0)
                .bind(key)
                .fetch_optional(conn)
                .await?;
        row.map(|row| {
            Ok(Known {
                id: get(&row, "id")?,
                content: get(&row, "content")?,
            })
        })
        .transpose()
    }

    async fn insert(
        &self,
        conn: &mut SqliteConnection,
        list: i64,
        key: &str,
        content: i64,
        lead: &NewLead,
    ) -> Result<i64, StoreError> {
        // A promised time waits in the queue until it comes, however soon that is.
        let callback = lead.callback;
        let id = sqlx::query_scalar(
            "INSERT INTO lead (campaign, list, import_key, content, queue, status, next_at,
                 callback_at, callback_agent, priority, rank, owner, consent, answer_chance,
                 zone, country, state, tags, needs)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                 $17, $18)
             RETURNING id",
        )
        .bind(self.options.campaign.0)
        .bind(list)
        .bind(key)
        .bind(content)
        .bind(i64::from(callback.is_some()))
        .bind(if callback.is_some() {
            "callback"
        } else {
            "due"
        })
        .bind(callback.map(|c| c.at.0))
        .bind(callback.and_then(|c| c.agent).map(|a| a.0))
        .bind(lead.priority)
        .bind(lead.rank)
        .bind(lead.owner.map(|a| a.0))
        .bind(consent_code(lead.consent))
        .bind(lead.answer_chance)
        .bind(lead.time_zone.as_deref())
        .bind(lead.country.as_deref())
        .bind(lead.state.as_deref())
        .bind(to_json("tags", &lead.tags)?)
        .bind(to_json("needs", &lead.needs)?)
        .fetch_one(conn)
        .await?;
        Ok(id)
    }

    /// Takes over changed columns. Where the lead stands stays, but a new promise to call is
    /// entered unless the lead is being called or is done. Withdrawn consent is never undone
    /// by an import.
    async fn update(
        &self,
        conn: &mut SqliteConnection,
        list: i64,
        id: i64,
        content: i64,
        lead: &NewLead,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE lead SET list = $2, content = $3, priority = $4, rank = $5, owner = $6,
                 consent = CASE WHEN consent = 2 OR $7 = 0 THEN consent ELSE $7 END,
                 answer_chance = $8, zone = $9, country = $10, state = $11, tags = $12, needs = $13
             WHERE id = $1",
        )
        .bind(id)
        .bind(list)
        .bind(content)
        .bind(lead.priority)
        .bind(lead.rank)
        .bind(lead.owner.map(|a| a.0))
        .bind(consent_code(lead.consent))
        .bind(lead.answer_chance)
        .bind(lead.time_zone.as_deref())
        .bind(lead.country.as_deref())
        .bind(lead.state.as_deref())
        .bind(to_json("tags", &lead.tags)?)
        .bind(to_json("needs", &lead.needs)?)
        .execute(&mut *conn)
        .await?;
        if let Some(callback) = lead.callback {
            sqlx::query(
                "UPDATE lead SET queue = 1, turn = 0, status = 'callback', next_at = $2,
                     callback_at = $2, callback_agent = $3
                 WHERE id = $1 AND queue IN (0, 1)",
            )
            .bind(id)
            .bind(callback.at.0)
            .bind(callback.agent.map(|a| a.0))
            .execute(conn)
            .await?;
        }
        Ok(())
    }
}

async fn write_card(
    conn: &mut SqliteConnection,
    id: i64,
    lead: &NewLead,
) -> Result<(), StoreError> {
    let card = &lead.card;
    sqlx::query(
        "INSERT INTO lead_card (lead, vendor_lead_code, source_id, title, first_name, last_name,
             address, city, postal_code, email, comments)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (lead) DO UPDATE SET vendor_lead_code = $2, source_id = $3, title = $4,
             first_name = $5, last_name = $6, address = $7, city = $8, postal_code = $9,
             email = $10, comments = $11",
    )
    .bind(id)
    .bind(
        card.vendor_lead_code
            .as_deref()
            .filter(|code| !code.is_empty()),
    )
    .bind(card.source_id.as_deref())
    .bind(card.title.as_deref())
    .bind(card.first_name.as_deref())
    .bind(card.last_name.as_deref())
    .bind(card.address.as_deref())
    .bind(card.city.as_deref())
    .bind(card.postal_code.as_deref())
    .bind(card.email.as_deref())
    .bind(card.comments.as_deref())
    .execute(conn)
    .await?;
    Ok(())
}

/// Replaces the numbers of a lead; a number that stays keeps its retirement.
async fn write_numbers(
    conn: &mut SqliteConnection,
    id: i64,
    lead: &NewLead,
) -> Result<(), StoreError> {
    let retired: Vec<i64> = sqlx::query_scalar(
        "DELETE FROM lead_number WHERE lead = $1 RETURNING CASE WHEN retired THEN number ELSE 0 END",
    )
    .bind(id)
    .fetch_all(&mut *conn)
    .await?;
    let mut seen = Vec::with_capacity(lead.numbers.len());
    for number in &lead.numbers {
        let number = digits(*number);
        if seen.contains(&number) {
            continue;
        }
        sqlx::query(
            "INSERT INTO lead_number (lead, position, number, retired) VALUES ($1, $2, $3, $4)",
        )
        .bind(id)
        .bind(seen.len() as i64)
        .bind(number)
        .bind(retired.contains(&number))
        .execute(&mut *conn)
        .await?;
        seen.push(number);
    }
    Ok(())
}

/// FNV-1a over the row, to tell a changed row from a repeated one.
fn content_hash(lead: &NewLead) -> Result<i64, StoreError> {
    let text = to_json("lead", lead)?;
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Ok(hash as i64)
}
