//! United States, federal.

use super::{
    AbandonClock, AbandonWindow, Abandonment, After, Cap, CoolDown, Purpose, Rule, RuleStatus,
    every_day, h,
};

const FEDERAL: Rule = Rule {
    pack: "us-federal",
    country: Some("US"),
    by_area_code: true,
    status: RuleStatus::Law,
    ..Rule::BASE
};

const THREE_PERCENT: Abandonment = Abandonment {
    permille_max: 30,
    window: AbandonWindow::Days30,
    wait_ms_max: 2000,
    clock: AbandonClock::GreetingEnd,
};

/// Debt collectors may still talk of the same debt: after a conversation, a week's rest.
const WEEK_AFTER_TALK: CoolDown = CoolDown {
    after: After::Connected,
    hours: 7 * 24,
    lifted_by_agent: false,
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "us-tsr",
        week: Some(every_day(&[(h(8), h(21))])),
        ring_at_least_s: Some(15),
        abandonment: Some(THREE_PERCENT),
        citation: "16 CFR 310.4, 310.5",
        note: "Ring at least 15 s or 4 rings. The abandon message names the seller and a \
               telephone number, and the call still counts as abandoned. Call records 5 years; \
               registry copy at most 31 days old.",
        ..FEDERAL
    },
    Rule {
        id: "us-fcc",
        week: Some(every_day(&[(h(8), h(21))])),
        ring_at_least_s: Some(15),
        abandonment: Some(THREE_PERCENT),
        citation: "47 CFR 64.1200",
        note: "Own do-not-call requests within 10 business days, kept 5 years. An artificial \
               voice needs consent. The abandon message of a sales call needs an automated \
               opt-out (from memory: confirm).",
        ..FEDERAL
    },
    Rule {
        id: "us-reg-f",
        purposes: &[Purpose::DebtCollection],
        week: Some(every_day(&[(h(8), h(21))])),
        caps: &[Cap { count: 7, days: 7 }],
        cool_downs: &[WEEK_AFTER_TALK],
        citation: "12 CFR 1006 (Regulation F)",
        status: RuleStatus::Secondary,
        note: "From memory: confirm. The source counts per debt; here per person, which is \
               stricter.",
        ..FEDERAL
    },
];
