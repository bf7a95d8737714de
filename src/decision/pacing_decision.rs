//! A pacing decision as recorded: the pace, its inputs and when it was taken.

use crate::id::{CampaignId, DecisionId};
use crate::pacing::Pace;
use crate::time::Wall;
use serde::{Deserialize, Serialize};

/// Why this many lines were, or were not, dialed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PacingDecision {
    /// Each call names the decision it came from.
    pub id: DecisionId,
    /// Whose lines.
    pub campaign: CampaignId,
    /// When.
    pub at: Wall,
    /// Mode in words (`predictive`, `ratio 1.5`).
    pub mode: String,
    /// Lines placed at once because of it; leads may have run out or been refused.
    pub placed: u32,
    /// Lines, binding constraint and every number it rests on.
    pub pace: Pace,
}
