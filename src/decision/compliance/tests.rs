//! The gate as a whole: each jurisdiction, each kind of refusal, clock changes.

mod config;
mod docs;
mod jurisdictions;
mod oracle;
mod refusals;

use super::*;
use crate::call::Outcome;
use crate::id::{LeadId, SnapshotId};
use crate::lead::{Facts, Lead, LeadNumber, PastAttempt};
use crate::time::Wall;
use std::time::Duration;

pub(super) const RING: Duration = Duration::from_secs(30);

pub(super) fn lead(number: &str) -> Lead {
    Lead {
        id: LeadId(7),
        priority: 0,
        rank: 0,
        numbers: vec![LeadNumber {
            number: number.parse().unwrap(),
            listed: Vec::new(),
            retired: false,
        }],
        zone: None,
        country: None,
        state: None,
        tags: Vec::new(),
        needs: Vec::new(),
        owner: None,
        callback: None,
        answer_chance: None,
        facts: Facts {
            snapshot: SnapshotId(3),
            ..Facts::default()
        },
    }
}

/// `2026-07-01T09:00[America/New_York]` or an instant with an offset.
pub(super) fn at(text: &str) -> Wall {
    let instant = match text.ends_with(']') {
        true => text.parse::<jiff::Zoned>().unwrap().timestamp(),
        false => text.parse::<jiff::Timestamp>().unwrap(),
    };
    Wall(instant.as_millisecond())
}

pub(super) fn gate() -> Gate {
    Gate::new(&ComplianceRules::default()).unwrap()
}

pub(super) fn attempt(at: Wall, number: &str, outcome: Outcome) -> PastAttempt {
    PastAttempt {
        at,
        number: number.parse().unwrap(),
        outcome,
    }
}

#[track_caller]
pub(super) fn refusal(gate: &Gate, lead: &Lead, now: Wall) -> Refusal {
    gate.permit(lead, 0, now, RING).expect_err("a refusal")
}
