//! Leads: lists, where each stands, and what is shown of it.

use super::SqliteStore;
use super::import::ImportLeads;
use super::job::{Lane, WriteOp};
use super::lead_details::lead_details;
use super::lead_facts::read_leads;
use super::lease::{GiveBack, Renew, TakeLeads, TakeOver};
use super::rows::{consent_code, digits, get, to_json, unsigned};
use crate::error::StoreError;
use crate::lead::{
    ImportOptions, ImportRow, LEADS_PER_BATCH_MAX, LeadDetails, LeasedLeads, ListSummary, NewLead,
    Takeover,
};
use crate::port::{Fut, LeadStore};
use carillon_decision::event::LeadUpdate;
use carillon_decision::id::{CampaignId, LeadId};
use carillon_decision::lead::{Consent, LeadStatus};
use carillon_decision::number::E164;
use carillon_decision::time::Wall;
use sqlx::SqliteConnection;
use std::time::Duration;

/// Length of a refusal tally, ms.
pub(super) const HOUR_MS: i64 = 3_600_000;
/// Most leads a search finds.
const FOUND_MAX: i64 = 100;

struct SetListActive {
    campaign: CampaignId,
    list: String,
    active: bool,
}

impl WriteOp for SetListActive {
    type Reply = bool;
    const LANE: Lane = Lane::Records;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "set_list_active";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE list SET active = $3 WHERE campaign = $1 AND name = $2")
            .bind(self.campaign.0)
            .bind(&self.list)
            .bind(self.active)
            .execute(conn)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}

struct FinishLead {
    /// Fencing token; 0 where this handle holds no leases.
    token: i64,
    owner: String,
    campaign: CampaignId,
    lead: LeadId,
    update: LeadUpdate,
    at: Wall,
}

impl WriteOp for FinishLead {
    type Reply = ();
    const LANE: Lane = Lane::Records;
    const KEEP: bool = true;
    const NAME: &'static str = "finish_lead";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let update = &self.update;
        let waits = update.next_at.is_some_and(|next| next > self.at);
        let (queue, turn) = match update.status {
            LeadStatus::Due => (i64::from(waits), 1),
            LeadStatus::Callback => (i64::from(waits), 0),
            LeadStatus::Completed
            | LeadStatus::Exhausted
            | LeadStatus::DoNotCall
            | LeadStatus::Unreachable => (3, 1),
        };
        let done = sqlx::query(
            "UPDATE lead SET queue = $4, turn = $5, status = $6, next_at = $7, callback_at = $8,
                 callback_agent = $9, lease_token = NULL, lease_until = NULL
             WHERE id = $1 AND campaign = $2 AND (lease_token IS NULL OR lease_token = $3)",
        )
        .bind(self.lead.0 as i64)
        .bind(self.campaign.0)
        .bind(self.token)
        .bind(queue)
        .bind(turn)
        .bind(update.status.name())
        .bind(update.next_at.map(|w| w.0))
        .bind(update.callback.map(|c| c.at.0))
        .bind(update.callback.and_then(|c| c.agent).map(|a| a.0))
        .execute(&mut *conn)
        .await?;
        if done.rows_affected() == 0 {
            return Err(self.why_not(conn).await?);
        }
        self.note(conn).await
    }
}

impl FinishLead {
    /// Why no lead was updated.
    async fn why_not(&self, conn: &mut SqliteConnection) -> Result<StoreError, StoreError> {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT id FROM lead WHERE id = $1 AND campaign = $2")
                .bind(self.lead.0 as i64)
                .bind(self.campaign.0)
                .fetch_optional(conn)
                .await?;
        Ok(match found {
            Some(_) => StoreError::Fenced {
                owner: self.owner.clone(),
            },
            None => StoreError::NotFound {
                what: "lead",
                id: self.lead.0,
            },
        })
    }

    /// Stores the reason, and counts a refusal.
    async fn note(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let refusal = &self.update.refusal;
        sqlx::query("UPDATE lead_card SET why = $2, refusal = $3, refusal_at = $4 WHERE lead = $1")
            .bind(self.lead.0 as i64)
            .bind(&self.update.why)
            .bind(
                refusal
                    .as_ref()
                    .map(|r| to_json("refusal", r))
                    .transpose()?,
            )
            .bind(refusal.as_ref().map(|_| self.at.0))
            .execute(&mut *conn)
            .await?;
        if let Some(refusal) = refusal {
            sqlx::query(
                "INSERT INTO refusal_hour (campaign, hour, code, count) VALUES ($1, $2, $3, 1)
                 ON CONFLICT (hour, campaign, code) DO UPDATE SET count = count + 1",
            )
            .bind(self.campaign.0)
            .bind(self.at.0.div_euclid(HOUR_MS))
            .bind(refusal.code.name())
            .execute(conn)
            .await?;
        }
        Ok(())
    }
}

struct RetireNumber {
    lead: LeadId,
    number: E164,
}

impl WriteOp for RetireNumber {
    type Reply = ();
    const LANE: Lane = Lane::Records;
    const KEEP: bool = true;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "retire_number";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let done =
            sqlx::query("UPDATE lead_number SET retired = 1 WHERE lead = $1 AND number = $2")
                .bind(self.lead.0 as i64)
                .bind(digits(self.number))
                .execute(conn)
                .await?;
        match done.rows_affected() {
            0 => Err(StoreError::NotFound {
                what: "number of lead",
                id: self.lead.0,
            }),
            _ => Ok(()),
        }
    }
}

struct SetConsent {
    lead: LeadId,
    consent: Consent,
}

impl WriteOp for SetConsent {
    type Reply = ();
    const LANE: Lane = Lane::Records;
    const KEEP: bool = true;
    const SAVEPOINT: bool = false;
    const NAME: &'static str = "set_consent";

    async fn run(&self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let done = sqlx::query("UPDATE lead SET consent = $2 WHERE id = $1")
            .bind(self.lead.0 as i64)
            .bind(consent_code(self.consent))
            .execute(conn)
            .await?;
        match done.rows_affected() {
            0 => Err(StoreError::NotFound {
                what: "lead",
                id: self.lead.0,
            }),
            _ => Ok(()),
        }
    }
}

async fn list_summaries(
    conn: &mut SqliteConnection,
    campaign: CampaignId,
) -> Result<Vec<ListSummary>, StoreError> {
    let rows = sqlx::query(
        "SELECT l.name, l.active, d.status, d.tried, count(d.list) AS leads
         FROM list l LEFT JOIN lead d INDEXED BY lead_status ON d.list = l.id
         WHERE l.campaign = $1 GROUP BY l.id, d.status, d.tried ORDER BY l.name",
    )
    .bind(campaign.0)
    .fetch_all(conn)
    .await?;
    let mut lists: Vec<ListSummary> = Vec::new();
    for row in &rows {
        let name: String = get(row, "name")?;
        if lists.last().is_none_or(|last| last.name != name) {
            lists.push(ListSummary {
                name,
                active: get(row, "active")?,
                leads: 0,
                by_status: Default::default(),
            });
        }
        let (Some(list), Some(status)) = (lists.last_mut(), get::<Option<&str>>(row, "status")?)
        else {
            continue;
        };
        let leads = unsigned(row, "leads")?;
        let tried: bool = get(row, "tried")?;
        let shown = if status == "due" && !tried {
            "new"
        } else {
            status
        };
        list.leads += leads;
        *list.by_status.entry(shown.to_owned()).or_default() += leads;
    }
    Ok(lists)
}

impl LeadStore for SqliteStore {
    fn import_leads(&self, options: ImportOptions, leads: Vec<NewLead>) -> Fut<'_, Vec<ImportRow>> {
        Box::pin(async move {
            if leads.len() > LEADS_PER_BATCH_MAX {
                let (given, most) = (leads.len(), LEADS_PER_BATCH_MAX);
                return Err(StoreError::TooLarge {
                    what: "leads",
                    given,
                    most,
                });
            }
            self.write(ImportLeads { options, leads }).await
        })
    }

    fn lists(&self, campaign: CampaignId) -> Fut<'_, Vec<ListSummary>> {
        Box::pin(async move {
            let mut conn = self.readers.acquire().await?;
            list_summaries(&mut conn, campaign).await
        })
    }

    fn set_list_active(&self, campaign: CampaignId, list: &str, active: bool) -> Fut<'_, bool> {
        Box::pin(self.write(SetListActive {
            campaign,
            list: list.to_owned(),
            active,
        }))
    }

    fn release_leases(&self, owner: &str) -> Fut<'_, Takeover> {
        let owner = owner.to_owned();
        Box::pin(async move {
            let takeover = self
                .write(TakeOver {
                    owner: owner.clone(),
                })
                .await?;
            self.set_lease_owner(&owner, takeover.token);
            Ok(takeover)
        })
    }

    fn lease_leads(
        &self,
        campaign: CampaignId,
        now: Wall,
        count: u32,
        lease_for: Duration,
    ) -> Fut<'_, LeasedLeads> {
        Box::pin(async move {
            let (owner, token) = self.lease_owner()?;
            let until = now + lease_for;
            let leased = self
                .write(TakeLeads {
                    owner,
                    token,
                    campaign,
                    now,
                    count,
                    until,
                })
                .await?;
            let leads = async {
                let mut conn = self.readers.acquire().await?;
                read_leads(&mut conn, campaign, &leased.ids, now).await
            };
            let leads = match leads.await {
                Ok(leads) => leads,
                Err(error) => {
                    // Nobody will call them: they must not wait for the lease to run out.
                    drop(
                        self.write(GiveBack {
                            token,
                            ids: leased.ids,
                        })
                        .await,
                    );
                    return Err(error);
                }
            };
            let (exhausted, next_due) = (leased.exhausted, leased.next_due);
            Ok(LeasedLeads {
                leads,
                exhausted,
                next_due,
                token: token as u64,
            })
        })
    }

    fn renew_leases(&self, leads: Vec<LeadId>, until: Wall) -> Fut<'_, u64> {
        Box::pin(async move {
            let (_, token) = self.lease_owner()?;
            self.write(Renew {
                token,
                leads,
                until,
            })
            .await
        })
    }

    fn finish_lead(
        &self,
        campaign: CampaignId,
        lead: LeadId,
        update: LeadUpdate,
        at: Wall,
    ) -> Fut<'_, ()> {
        let (owner, token) = self.lease_owner().unwrap_or_default();
        Box::pin(self.write(FinishLead {
            token,
            owner,
            campaign,
            lead,
            update,
            at,
        }))
    }

    fn retire_number(&self, lead: LeadId, number: E164) -> Fut<'_, ()> {
        Box::pin(self.write(RetireNumber { lead, number }))
    }

    fn set_consent(&self, lead: LeadId, consent: Consent) -> Fut<'_, ()> {
        Box::pin(self.write(SetConsent { lead, consent }))
    }

    fn lead(&self, id: LeadId) -> Fut<'_, LeadDetails> {
        Box::pin(async move {
            let mut conn = self.readers.acquire().await?;
            lead_details(&mut conn, id).await
        })
    }

    fn find_leads(&self, number_or_code: &str) -> Fut<'_, Vec<LeadId>> {
        let text = number_or_code.to_owned();
        Box::pin(async move {
            let ids: Vec<i64> = sqlx::query_scalar(
                "SELECT lead FROM lead_number WHERE number = $1
                 UNION SELECT lead FROM lead_card WHERE vendor_lead_code = $2
                 ORDER BY 1 LIMIT $3",
            )
            .bind(text.parse().ok().map(digits))
            .bind(&text)
            .bind(FOUND_MAX)
            .fetch_all(&self.readers)
            .await?;
            Ok(ids.into_iter().map(|id| LeadId(id as u64)).collect())
        })
    }
}
