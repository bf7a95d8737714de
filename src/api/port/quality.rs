//! How good calls were, and what reviewers say of them.

use carillon_decision::id::CallId;
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which calls. Unset fields do not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QualityAsk {
    /// Of that campaign (name).
    pub campaign: Option<String>,
    /// Of that agent (login name).
    pub agent: Option<String>,
    /// Begun at or after.
    pub from: Option<Wall>,
    /// With a problem.
    pub problems: bool,
    /// Drawn for review and not reviewed yet, oldest first.
    pub waiting: bool,
    /// Only calls with a smaller id.
    pub before: Option<CallId>,
    /// At most so many, 1 to 1,000.
    pub limit: u32,
}

/// A call's quality.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QualityView {
    /// The call.
    pub call: u64,
    /// When the conversation began.
    pub at_ms: i64,
    /// Campaign name.
    pub campaign: String,
    /// Who talked.
    pub agent: Option<String>,
    /// Score of the worst ten seconds of what the customer heard, MOS-CQE 1 to 4.5 (ITU-T G.107).
    pub mos_customer: Option<f64>,
    /// The same of what the agent heard.
    pub mos_agent: Option<f64>,
    /// What was wrong; empty for nothing.
    pub problems: Vec<QualityProblem>,
    /// Drawn for review.
    pub drawn: bool,
    /// The review, once there is one.
    pub review: Option<ReviewView>,
    /// Who spoke when, as lines of text. Of a single call only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub picture: Vec<String>,
    /// Everything measured: levels in dBov, spans in ms, shares from 0 to 1. Of a single call only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub figures: Option<serde_json::Value>,
}

/// One thing that was wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QualityProblem {
    /// Stable name, such as `dead_air`.
    pub kind: String,
    /// What was found, with its figure.
    pub found: String,
    /// What to do about it.
    pub remedy: String,
}

/// A review.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReviewView {
    /// Who listened.
    pub reviewer: String,
    /// When.
    pub at_ms: i64,
    /// 0 to 100.
    pub score: u8,
    /// In words; for holders of the token only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A review to enter; it replaces an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewEntry {
    /// Of which call.
    pub call: CallId,
    /// Who listened.
    pub reviewer: String,
    /// 0 to 100.
    pub score: u8,
    /// In words, at most 2,000 characters; may be empty.
    pub note: String,
}
