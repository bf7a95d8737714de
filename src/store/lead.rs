//! Leads as they come in, as they are leased, and as they are shown.

use carillon_decision::compliance::Refusal;
use carillon_decision::id::{AgentId, CampaignId, LeadId};
use carillon_decision::lead::{Callback, Consent, Lead, LeadStatus};
use carillon_decision::number::E164;
use carillon_decision::routing::Need;
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::call::CallEntry;
use crate::dnc::DncMembership;

/// Most leads in one import batch: one transaction, short enough that attempts do not wait.
pub const LEADS_PER_BATCH_MAX: usize = 500;

/// Who the lead is, for the agent's card. Columns as VICIdial names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeadCard {
    /// The customer's key in the list owner's system.
    pub vendor_lead_code: Option<String>,
    /// Where the lead came from.
    pub source_id: Option<String>,
    /// Mr, Dr …
    pub title: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Street address, all lines.
    pub address: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Free text.
    pub comments: Option<String>,
}

/// A lead to be imported.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewLead {
    /// Who it is. `vendor_lead_code`, where given, is the lead's key within the campaign;
    /// else the first number is.
    pub card: LeadCard,
    /// The list it belongs to; the import's list when absent.
    pub list_id: Option<String>,
    /// Numbers in order of preference, at least one.
    pub numbers: Vec<E164>,
    /// Larger goes first.
    pub priority: i32,
    /// Within a priority, larger goes first.
    pub rank: i32,
    /// The agent this person knows.
    pub owner: Option<AgentId>,
    /// IANA zone of the person.
    pub time_zone: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// ISO 3166-2 without the country.
    pub state: Option<String>,
    /// Free columns.
    pub tags: BTreeMap<String, String>,
    /// Skills an agent must bring.
    pub needs: Vec<Need>,
    /// Consent on file.
    pub consent: Consent,
    /// A promised time to call.
    pub callback: Option<Callback>,
    /// Chance in [0, 1] that a person answers.
    pub answer_chance: Option<f64>,
}

/// How to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportOptions {
    /// The campaign.
    pub campaign: CampaignId,
    /// List for leads that name none. Lists are made, switched on, when first named.
    pub list: String,
    /// Whether a lead that is stored already takes over changed columns and numbers. Its
    /// status and history always stay.
    pub update: bool,
}

/// What became of one row of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportRow {
    /// Stored.
    Imported(LeadId),
    /// Stored before and taken over with changes.
    Updated(LeadId),
    /// Stored before: nothing to do.
    Duplicate(LeadId),
    /// Not stored; the reason is for people.
    Rejected(String),
}

/// What taking over the leases of an owner did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takeover {
    /// Leads that were leased to an earlier process of that name and are free again.
    pub released: u64,
    /// Fencing token of this process: larger than every earlier one.
    pub token: u64,
}

/// Leads handed out for dialing.
#[derive(Clone, Debug, PartialEq)]
pub struct LeasedLeads {
    /// Best first: callbacks that are due, then priority, rank, longest not attempted, id.
    pub leads: Vec<Lead>,
    /// The campaign has no more leads that are due now.
    pub exhausted: bool,
    /// When the next one comes due, if any waits.
    pub next_due: Option<Wall>,
    /// Fencing token the leases carry.
    pub token: u64,
}

/// A refusal and when it was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredRefusal {
    /// The refusal.
    pub refusal: Refusal,
    /// When.
    pub at: Wall,
}

/// A number of a lead, with the lists it stands on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberDetails {
    /// The number.
    pub number: E164,
    /// Known not to be in service.
    pub retired: bool,
    /// Do-not-call lists it stands on.
    pub listed: Vec<DncMembership>,
}

/// Everything stored of a lead: for the agent's card and for `explain lead`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeadDetails {
    /// Its key.
    pub id: LeadId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Its list.
    pub list: String,
    /// Whether that list is switched on.
    pub list_active: bool,
    /// Who it is.
    pub card: LeadCard,
    /// Where it stands.
    pub status: LeadStatus,
    /// When it may be offered again.
    pub next_at: Option<Wall>,
    /// A promised time to call.
    pub callback: Option<Callback>,
    /// Leased for dialing until then.
    pub leased_until: Option<Wall>,
    /// Larger goes first.
    pub priority: i32,
    /// Larger goes first.
    pub rank: i32,
    /// Numbers in order of preference.
    pub numbers: Vec<NumberDetails>,
    /// IANA zone.
    pub zone: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// ISO 3166-2 without the country.
    pub state: Option<String>,
    /// Free columns.
    pub tags: BTreeMap<String, String>,
    /// Skills an agent must bring.
    pub needs: Vec<Need>,
    /// The agent this person knows.
    pub owner: Option<AgentId>,
    /// Consent on file.
    pub consent: Consent,
    /// Chance that a person answers.
    pub answer_chance: Option<f64>,
    /// Attempts that count against the person.
    pub attempts: u32,
    /// The last one.
    pub last_attempt: Option<Wall>,
    /// Outcome or disposition that led to the status.
    pub why: String,
    /// The last refusal, unless a call was placed since.
    pub refusal: Option<StoredRefusal>,
    /// Calls that have ended, newest first, at most 100.
    pub history: Vec<CallEntry>,
}

/// A list of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSummary {
    /// Its name (VICIdial's `list_id`).
    pub name: String,
    /// Whether its leads are offered.
    pub active: bool,
    /// Leads.
    pub leads: u64,
    /// Leads by status; `new` are those that are due and were never attempted.
    pub by_status: BTreeMap<String, u64>,
}
