//! Numbers nobody dials, whoever asks: the engine's gate judges those of leads by itself, and
//! calls placed for a person at the controls are held to the same plan.

use carillon_decision::compliance::{ComplianceRules, Gate};
use carillon_decision::id::LeadId;
use carillon_decision::lead::{Facts, Lead, LeadNumber};
use carillon_decision::number::E164;
use carillon_decision::time::Wall;
use std::time::Duration;

/// The gate's rule that knows numbering plans.
const RULE: &str = "number-plan";

/// Why this number is never dialed: an emergency, premium, short or invalid one.
pub fn never_dialed(number: E164) -> Option<String> {
    let gate = Gate::new(&ComplianceRules::default()).ok()?;
    let lead = Lead {
        id: LeadId::default(),
        priority: 0,
        rank: 0,
        numbers: vec![LeadNumber {
            number,
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
        facts: Facts::default(),
    };
    // The plan is the same at every hour.
    let checks = gate.explain(&lead, 0, Wall(0), Duration::ZERO);
    let broken =
        |check: &&carillon_decision::compliance::RuleCheck| check.rule == RULE && !check.passed;
    checks.iter().find(broken).map(|check| check.detail.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_numbers_are_told_from_telephones() {
        for number in [
            "+19005550123",
            "+19115550123",
            "+442071838750",
            "+12125550123",
        ] {
            let refused = never_dialed(number.parse().unwrap()).is_some();
            assert_eq!(refused, number.starts_with("+19"), "{number}");
        }
    }
}
