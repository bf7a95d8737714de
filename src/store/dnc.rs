//! Do-not-call lists.

use carillon_decision::id::SnapshotId;
use carillon_decision::number::E164;
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};

/// A list with its size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DncList {
    /// Its name.
    pub name: String,
    /// Numbers on it.
    pub numbers: u64,
    /// When it was last imported or added to.
    pub updated: Wall,
}

/// A number stands on a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DncMembership {
    /// The list.
    pub list: String,
    /// Since when.
    pub since: Wall,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DncImported {
    /// Numbers that are new on the list.
    pub added: u64,
    /// Numbers that stood on it already.
    pub known: u64,
    /// State of the lists afterwards.
    pub snapshot: SnapshotId,
}

/// A number joined a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DncChange {
    /// The list.
    pub list: String,
    /// The number.
    pub number: E164,
    /// State of the lists with it.
    pub snapshot: SnapshotId,
}
