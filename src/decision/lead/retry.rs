//! What follows each outcome: when a lead may be tried again, and how often.

use super::{Lead, LeadStatus};
use crate::call::{Cause, Outcome};
use crate::number::E164;
use crate::time::Wall;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What follows one outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryRule {
    /// Not before this much later.
    pub after: Duration,
    /// Most attempts that may end like this over the lead's known history; the last one
    /// exhausts the lead. 0 means it is never tried again.
    pub most: u32,
}

/// Retry rules by outcome, and the bounds over all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetryRules {
    /// By outcome name ([`Outcome::name`]); an outcome without a rule is final.
    pub rules: BTreeMap<String, RetryRule>,
    /// When another number of the lead has not been tried yet: not before this much later.
    pub next_number_after: Duration,
    /// Most attempts on a lead over its known history.
    pub attempts_max: u32,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

impl Default for RetryRules {
    fn default() -> Self {
        let rule = |outcome: Outcome, seconds: u64, most: u32| {
            let after = Duration::from_secs(seconds);
            (outcome.name().to_owned(), RetryRule { after, most })
        };
        let cause =
            |cause: Cause, seconds: u64, most: u32| rule(Outcome::Unanswered(cause), seconds, most);
        Self {
            rules: BTreeMap::from([
                cause(Cause::Busy, 10 * MINUTE, 6),
                cause(Cause::NoAnswer, 2 * HOUR, 8),
                cause(Cause::Cancelled, 15 * MINUTE, 8),
                cause(Cause::Declined, 24 * HOUR, 2),
                // Once more, to confirm before the number is retired.
                cause(Cause::Disconnected, 24 * HOUR, 2),
                cause(Cause::Refused, 4 * HOUR, 3),
                cause(Cause::Congestion, MINUTE, 1000),
                cause(Cause::TrunkFailure, MINUTE, 1000),
                cause(Cause::TrunkAuth, 5 * MINUTE, 1000),
                cause(Cause::Media, 5 * MINUTE, 3),
                cause(Cause::NotSent, MINUTE, 1000),
                rule(Outcome::Machine, 4 * HOUR, 6),
                rule(Outcome::Silent, 2 * HOUR, 3),
                rule(Outcome::Abandoned, 72 * HOUR, 2),
            ]),
            next_number_after: Duration::from_secs(2 * MINUTE),
            attempts_max: 20,
        }
    }
}

impl RetryRules {
    /// Where a lead stands after `outcome` on `number` at `now`. The lead's history does not
    /// hold this attempt yet.
    pub fn after(
        &self,
        lead: &Lead,
        number: E164,
        outcome: Outcome,
        now: Wall,
    ) -> (LeadStatus, Option<Wall>) {
        if outcome == Outcome::Connected {
            return (LeadStatus::Completed, None);
        }
        let history = &lead.facts.history;
        let attempts = history
            .iter()
            .filter(|past| past.outcome.counts_as_attempt())
            .count() as u32
            + u32::from(outcome.counts_as_attempt());
        if attempts >= self.attempts_max {
            return (LeadStatus::Exhausted, None);
        }
        let untried = lead.numbers.iter().any(|n| {
            n.number != number && !n.retired && !history.iter().any(|past| past.number == n.number)
        });
        if untried && outcome.counts_as_attempt() && outcome != Outcome::Abandoned {
            return (LeadStatus::Due, Some(now + self.next_number_after));
        }
        let Some(rule) = self.rules.get(outcome.name()) else {
            return (LeadStatus::Exhausted, None);
        };
        let alike = history.iter().filter(|p| p.outcome == outcome).count() as u32 + 1;
        if alike >= rule.most {
            return (LeadStatus::Exhausted, None);
        }
        (LeadStatus::Due, Some(now + rule.after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::LeadId;
    use crate::lead::{Facts, LeadNumber, PastAttempt};

    fn number(last: u64) -> E164 {
        E164::new(12_025_550_100 + last).unwrap()
    }

    fn lead(numbers: u64, past: &[(u64, Outcome)]) -> Lead {
        let numbers = (0..numbers).map(|n| LeadNumber {
            number: number(n),
            listed: vec![],
            retired: false,
        });
        let history = past.iter().map(|(n, outcome)| PastAttempt {
            at: Wall(0),
            number: number(*n),
            outcome: *outcome,
        });
        Lead {
            id: LeadId(1),
            priority: 0,
            rank: 0,
            numbers: numbers.collect(),
            zone: None,
            country: None,
            state: None,
            tags: vec![],
            needs: vec![],
            owner: None,
            callback: None,
            answer_chance: None,
            facts: Facts {
                history: history.collect(),
                ..Facts::default()
            },
        }
    }

    const BUSY: Outcome = Outcome::Unanswered(Cause::Busy);
    const NO_ANSWER: Outcome = Outcome::Unanswered(Cause::NoAnswer);
    const CONGESTION: Outcome = Outcome::Unanswered(Cause::Congestion);

    #[test]
    fn each_outcome_has_its_own_delay() {
        let rules = RetryRules::default();
        let due = |outcome| rules.after(&lead(1, &[]), number(0), outcome, Wall(0)).1;
        assert_eq!(due(BUSY), Some(Wall(600_000)));
        assert_eq!(due(NO_ANSWER), Some(Wall(7_200_000)));
        assert_eq!(due(Outcome::Fax), None);
        assert_eq!(due(Outcome::Connected), None);
    }

    #[test]
    fn an_untried_number_comes_next_and_soon() {
        let rules = RetryRules::default();
        let two = lead(2, &[]);
        assert_eq!(
            rules.after(&two, number(0), NO_ANSWER, Wall(0)),
            (LeadStatus::Due, Some(Wall(120_000)))
        );
        let both_tried = lead(2, &[(0, NO_ANSWER)]);
        assert_eq!(
            rules.after(&both_tried, number(1), NO_ANSWER, Wall(0)).1,
            Some(Wall(7_200_000))
        );
    }

    #[test]
    fn retries_run_out_but_trunk_trouble_costs_none() {
        let rules = RetryRules::default();
        let tried = lead(1, &[(0, BUSY); 5]);
        assert_eq!(
            rules.after(&tried, number(0), BUSY, Wall(0)),
            (LeadStatus::Exhausted, None)
        );
        let troubled = lead(1, &[(0, CONGESTION); 30]);
        assert_eq!(
            rules.after(&troubled, number(0), CONGESTION, Wall(0)).0,
            LeadStatus::Due
        );
    }
}
