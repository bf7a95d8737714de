//! Policies of the house, not of any law.

use super::{Rule, RuleStatus, every_day, h, week};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "courtesy",
        pack: "courtesy",
        week: Some(every_day(&[(h(8), h(21))])),
        fallback: true,
        citation: "House policy",
        status: RuleStatus::House,
        note: "Hours for places of which no rule with hours is known.",
        ..Rule::BASE
    },
    Rule {
        id: "bank-cn",
        pack: "bank-cn",
        week: Some(week(&[(h(8), h(20))], &[(h(9), h(18))], &[(h(9), h(18))])),
        opt_in: true,
        citation: "Operating plan of a Chinese bank's telephone sales",
        status: RuleStatus::House,
        note: "The institution's name within 3 s of connecting; recordings kept at least 3 \
               years; a 30 % random quality sample; complaints answered within 15 minutes.",
        ..Rule::BASE
    },
];
