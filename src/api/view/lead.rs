//! Leads.

use crate::port::LeadView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A lead with masked numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LeadBoard {
    /// Id.
    pub id: u64,
    /// Campaign name.
    pub campaign: String,
    /// List id.
    pub list: String,
    /// The source system's own key.
    pub vendor_code: Option<String>,
    /// Stable status name.
    pub status: String,
    /// When it may be offered again.
    pub next_at_ms: Option<i64>,
    /// Last reason it was not dialed.
    pub refusal: Option<String>,
    /// Its numbers, in order.
    pub numbers: Vec<LeadNumberBoard>,
    /// IANA zone given with it.
    pub zone: Option<String>,
    /// Larger goes first.
    pub priority: i32,
    /// Within a priority, larger goes first.
    pub rank: i32,
    /// Names of its free columns; their values are the agent's alone.
    pub tags: Vec<String>,
    /// Attempts, newest first.
    pub attempts: Vec<LeadAttemptBoard>,
}

/// A number of a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeadNumberBoard {
    /// With its middle hidden.
    pub number: String,
    /// Known not to be in service.
    pub retired: bool,
    /// Do-not-call lists it stands on.
    pub listed: Vec<String>,
}

/// An attempt on a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeadAttemptBoard {
    /// Call id.
    pub call: u64,
    /// When.
    pub at_ms: i64,
    /// Stable outcome name; none while it runs.
    pub outcome: Option<String>,
    /// The agent's disposition.
    pub disposition: Option<String>,
}

impl From<LeadView> for LeadBoard {
    fn from(lead: LeadView) -> Self {
        let numbers = lead.numbers.into_iter().map(|n| LeadNumberBoard {
            number: n.number.masked(),
            retired: n.retired,
            listed: n.listed,
        });
        let attempts = lead.attempts.into_iter().map(|a| LeadAttemptBoard {
            call: a.call.0,
            at_ms: a.at.0,
            outcome: a.outcome.map(|o| o.name().to_owned()),
            disposition: a.disposition,
        });
        Self {
            id: lead.id.0,
            campaign: lead.campaign,
            list: lead.list,
            vendor_code: lead.vendor_code,
            status: lead.status,
            next_at_ms: lead.next_at.map(|w| w.0),
            refusal: lead.refusal,
            numbers: numbers.collect(),
            zone: lead.zone,
            priority: lead.priority,
            rank: lead.rank,
            tags: lead.tags.into_iter().map(|(key, _)| key).collect(),
            attempts: attempts.collect(),
        }
    }
}
