//! The abandonment ledger: live answers and abandons of a campaign, in quarter-hour tallies,
//! and the windows the law looks through.

mod window;

pub use window::{Tally, WindowKind};

use crate::time::Wall;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Length of a tally, ms.
pub const QUARTER_MS: i64 = 900_000;

/// What a campaign's windows are computed from. The store rebuilds it from call records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerState {
    /// Start of the campaign: successive 30-day windows are counted from here.
    pub since: Wall,
    /// Quarter hour since the epoch (`wall / QUARTER_MS`) → tally of calls answered in it.
    pub quarters: BTreeMap<i64, Tally>,
}
