//! Questions about the past, and their answers.

use carillon_decision::call::Outcome;
use carillon_decision::id::{CallId, CampaignId, DecisionId, LeadId};
use carillon_decision::number::E164;
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Which ended calls. Unset fields do not filter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFilter {
    /// Of that campaign (name).
    pub campaign: Option<String>,
    /// To that lead.
    pub lead: Option<LeadId>,
    /// With that agent (login name).
    pub agent: Option<String>,
    /// With that outcome.
    pub outcome: Option<Outcome>,
    /// Only calls with a smaller id: the last id of a page fetches the next one.
    pub before: Option<CallId>,
    /// At most so many, 1 to 1,000.
    pub limit: u32,
}

/// Which pacing decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Of that campaign (name).
    pub campaign: Option<String>,
    /// At most so many, 1 to 1,000.
    pub limit: u32,
}

/// What to explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Why this lead is, or is not, dialed now.
    Lead(LeadId),
    /// What happened to this call.
    Call(CallId),
    /// Why so many lines were dialed.
    Decision(DecisionId),
}

/// Topic of an explanation's steps that are SIP messages, written `TIME PEER: MESSAGE`.
pub const SIP_TOPIC: &str = "SIP";

/// An explanation, for people and programs alike. Numbers in its texts must be masked, but for
/// those in SIP messages ([`SIP_TOPIC`]): readers without the token get them masked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// What is explained, such as `lead 17`.
    pub subject: String,
    /// The answer in one sentence.
    pub summary: String,
    /// Each rule, number or event the answer rests on, in order.
    pub steps: Vec<ExplainStep>,
    /// Next instant at which the answer may change by time alone, RFC 3339 UTC.
    pub next_at: Option<String>,
}

/// One step of an explanation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ExplainStep {
    /// Rule, input or event.
    pub topic: String,
    /// How it came out.
    pub verdict: Verdict,
    /// Why, with zone, source and values where there are any.
    pub detail: String,
}

/// How a step came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It allows.
    Pass,
    /// It forbids, or bound the decision.
    Stop,
    /// A fact, neither for nor against.
    Fact,
}

/// A lead as stored. Its numbers are masked before they leave.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadView {
    /// Id.
    pub id: LeadId,
    /// Campaign name.
    pub campaign: String,
    /// List id.
    pub list: String,
    /// The source system's own key.
    pub vendor_code: Option<String>,
    /// Stable name of its status.
    pub status: String,
    /// When it may be offered again.
    pub next_at: Option<Wall>,
    /// Last reason it was not dialed, in words.
    pub refusal: Option<String>,
    /// Its numbers, in order.
    pub numbers: Vec<LeadViewNumber>,
    /// IANA zone given with it.
    pub zone: Option<String>,
    /// Larger goes first.
    pub priority: i32,
    /// Within a priority, larger goes first.
    pub rank: i32,
    /// Free columns.
    pub tags: Vec<(String, String)>,
    /// Attempts, newest first.
    pub attempts: Vec<LeadAttempt>,
}

/// A number of a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadViewNumber {
    /// The number.
    pub number: E164,
    /// Known not to be in service.
    pub retired: bool,
    /// Do-not-call lists it stands on.
    pub listed: Vec<String>,
}

/// An attempt on a lead.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadAttempt {
    /// The call.
    pub call: CallId,
    /// When it was placed.
    pub at: Wall,
    /// Outcome; none while it runs or when it was never learnt.
    pub outcome: Option<Outcome>,
    /// The agent's disposition.
    pub disposition: Option<String>,
}

/// Which stretch of time, and whose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportRange {
    /// First instant; none means the start of the ledger's day.
    pub from: Option<Wall>,
    /// First instant no longer counted; none means now.
    pub to: Option<Wall>,
    /// Campaign name; none means every one.
    pub campaign: Option<String>,
}

/// Figures of a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// First instant counted, RFC 3339 UTC.
    pub from: String,
    /// First instant no longer counted, RFC 3339 UTC.
    pub to: String,
    /// By campaign name.
    pub campaigns: Vec<CampaignReport>,
}

/// Figures of a campaign in a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CampaignReport {
    /// Its id.
    #[schema(value_type = u32)]
    pub id: CampaignId,
    /// Its name.
    pub campaign: String,
    /// Pacing mode at the end.
    pub mode: String,
    /// INVITEs sent.
    pub placed: u64,
    /// People who answered: connected + abandoned.
    pub answered_human: u64,
    /// People who talked to an agent.
    pub connected: u64,
    /// People nobody took in time.
    pub abandoned: u64,
    /// Abandoned ÷ answered_human, 0–1.
    pub abandonment: f64,
    /// People who answered ÷ placed, 0–1.
    pub answer_rate: f64,
    /// (Talk + wrap-up) ÷ time on duty, 0–1.
    pub utilisation: f64,
    /// Mean idle time of an agent before a call, s.
    pub idle_seconds_per_call: f64,
    /// Mean conversation, s.
    pub talk_seconds_mean: f64,
    /// 99th percentile of the time to join a person and an agent, ms.
    pub bridge_ms_p99: f64,
    /// Ended calls by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Leads not dialed by reason.
    pub refused: BTreeMap<String, u64>,
    /// Agents' words by code.
    pub dispositions: BTreeMap<String, u64>,
}

/// A list of leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListView {
    /// Id, as in the CSV's `list_id`.
    pub id: String,
    /// Campaign name.
    pub campaign: String,
    /// Leads are taken from it.
    pub active: bool,
    /// Leads in it.
    pub leads: u64,
    /// May be dialed now or later.
    pub open: u64,
    /// Done, unreachable or not to be called.
    pub closed: u64,
}
