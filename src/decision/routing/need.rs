//! What a call asks of an agent, and how the ask relaxes while the caller waits.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A skill an agent must have, with the least level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Skill name, such as `spanish` or `loans`.
    pub skill: String,
    /// Least level, 1 (learner) to 10 (expert).
    pub level: u8,
    /// After this much waiting the need falls away; `None` keeps it for ever.
    pub drop_after: Option<Duration>,
}
