//! How good calls were, and what reviewers say of them.

use carillon_decision::id::{AgentId, CallId, CampaignId};
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};

/// Highest score of a review; 0 is the lowest.
pub const REVIEW_SCORE_MAX: u8 = 100;

/// Most characters of a reviewer's name.
pub const REVIEWER_CHARS_MAX: usize = 100;

/// A call's quality, with what calls are chosen by beside the whole report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityRecord {
    /// The call.
    pub call: CallId,
    /// When the conversation began.
    pub at: Wall,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Who talked, the first one after a transfer.
    pub agent: Option<AgentId>,
    /// Worst interval's score of what the customer heard, 1 to 4.5; none if it was not measured.
    pub mos_customer: Option<f64>,
    /// Worst interval's score of what the agent heard.
    pub mos_agent: Option<f64>,
    /// Stable names of its problems, without spaces; empty for none.
    pub problems: Vec<String>,
    /// Drawn for review.
    pub drawn: bool,
    /// The report as JSON; the store gives it no meaning.
    pub report: String,
}

/// What a reviewer says of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallReview {
    /// Who listened.
    pub reviewer: String,
    /// When.
    pub at: Wall,
    /// 0 to [`REVIEW_SCORE_MAX`].
    pub score: u8,
    /// In words; may be empty. About people: shown to those who may read calls, never logged.
    pub note: String,
}

/// A stored call's quality.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityEntry {
    /// As measured.
    pub record: QualityRecord,
    /// The review, once there is one.
    pub review: Option<CallReview>,
}

/// Where a drawn call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// Drawn, and not reviewed yet: oldest first.
    Waiting,
    /// Reviewed, drawn or not.
    Done,
}

/// Which calls. An absent field does not narrow the choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QualityFilter {
    /// Of this campaign.
    pub campaign: Option<CampaignId>,
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// Begun at or after.
    pub from: Option<Wall>,
    /// Begun before.
    pub to: Option<Wall>,
    /// With a problem.
    pub with_problems: bool,
    /// With this problem.
    pub problem: Option<String>,
    /// Waiting for review, or reviewed.
    pub review: Option<ReviewState>,
    /// Only calls with a smaller id: the last id of a page fetches the next one.
    pub before: Option<CallId>,
}

/// How far the reviews of one agent's calls are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReviewTally {
    /// The agent; none for calls without one.
    pub agent: Option<AgentId>,
    /// Conversations measured.
    pub calls: u64,
    /// With a problem.
    pub with_problems: u64,
    /// Drawn for review.
    pub drawn: u64,
    /// Reviewed, drawn or not.
    pub reviewed: u64,
    /// Drawn and still waiting.
    pub waiting: u64,
    /// Mean score of the reviews; none without one.
    pub score_mean: Option<f64>,
}
