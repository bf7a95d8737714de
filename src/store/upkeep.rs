//! Findings about the database itself.

use serde::{Deserialize, Serialize};

/// One finding of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckItem {
    /// What was checked: `integrity`, `foreign_keys`, `migrations`, `durability`, `disk`, `write`.
    pub name: String,
    /// It is as it should be.
    pub ok: bool,
    /// What was found, in words.
    pub found: String,
    /// What to do about it; empty when nothing needs doing.
    pub remedy: String,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Findings, most basic first.
    pub items: Vec<CheckItem>,
    /// Size of the database with its log, bytes.
    pub size_bytes: u64,
    /// Free space where it lies, bytes.
    pub free_bytes: u64,
}

impl CheckReport {
    /// Whether every finding is good.
    pub fn ok(&self) -> bool {
        self.items.iter().all(|item| item.ok)
    }
}
