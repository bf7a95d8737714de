//! United States, states that are stricter than the federation.

use super::{CLOSED, Cap, HolidayCalendar, Rule, RuleStatus, Week, every_day, h, week};

const STATE: Rule = Rule {
    pack: "us-states",
    country: Some("US"),
    status: RuleStatus::Secondary,
    citation: "State telemarketing statute, as reported by secondary sources",
    ..Rule::BASE
};

/// Three calls in 24 hours on the same subject. Counted per person, which is stricter.
const THREE_A_DAY: &[Cap] = &[Cap { count: 3, days: 1 }];

const EIGHT_TO_TWENTY: Week = every_day(&[(h(8), h(20))]);
const NINE_TO_TWENTY: Week = every_day(&[(h(9), h(20))]);
const NINE_TO_TWENTY_ONE: Week = every_day(&[(h(9), h(21))]);
const EIGHT_TO_TWENTY_NO_SUNDAY: Week = week(&[(h(8), h(20))], &[(h(8), h(20))], CLOSED);

/// A state known from secondary sources, by its hours alone.
const fn hours_of(id: &'static str, state: &'static str, hours: Week) -> Rule {
    Rule {
        id,
        state: Some(state),
        week: Some(hours),
        ..STATE
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "us-fl",
        state: Some("FL"),
        week: Some(EIGHT_TO_TWENTY),
        caps: THREE_A_DAY,
        by_area_code: true,
        citation: "Fla. Stat. 501.059, 501.616 (sections to be confirmed)",
        status: RuleStatus::Law,
        note: "A Florida area code is presumed to be in Florida, whatever the address says.",
        ..STATE
    },
    Rule {
        id: "us-ok",
        state: Some("OK"),
        week: Some(EIGHT_TO_TWENTY),
        caps: THREE_A_DAY,
        citation: "15 Okla. Stat. 775C, Telephone Solicitation Act of 2022 (section to be confirmed)",
        status: RuleStatus::Law,
        ..STATE
    },
    Rule {
        id: "us-md",
        state: Some("MD"),
        week: Some(EIGHT_TO_TWENTY),
        caps: THREE_A_DAY,
        citation: "Md. Code, Com. Law 14-45, Stop the Spam Calls Act of 2023 (section to be confirmed)",
        status: RuleStatus::Law,
        ..STATE
    },
    Rule {
        id: "us-tx",
        state: Some("TX"),
        week: Some(week(&[(h(9), h(21))], &[(h(9), h(21))], &[(h(12), h(21))])),
        citation: "Tex. Bus. & Com. Code 301.051 (section to be confirmed)",
        status: RuleStatus::Law,
        ..STATE
    },
    Rule {
        id: "us-wa",
        state: Some("WA"),
        week: Some(EIGHT_TO_TWENTY),
        citation: "RCW 80.36.390 (section to be confirmed)",
        status: RuleStatus::Law,
        note: "End the call within 10 s of a refusal, and none for 12 months after: the \
               disposition puts the person on the do-not-call list.",
        ..STATE
    },
    Rule {
        id: "us-pa",
        state: Some("PA"),
        week: Some(week(&[(h(9), h(19))], &[(h(9), h(19))], CLOSED)),
        holidays: Some(HolidayCalendar::UsFederal),
        citation: "Telemarketer Registration Act, 73 P.S. 2241 ff. (section to be confirmed)",
        note: "Sources disagree; the strictest reading is shipped. Legal holidays are taken to \
               be the federal ones.",
        ..STATE
    },
    Rule {
        holidays: Some(HolidayCalendar::UsFederal),
        note: "State holidays beyond the federal ones belong in the campaign's `holidays`.",
        ..hours_of("us-al", "AL", EIGHT_TO_TWENTY_NO_SUNDAY)
    },
    Rule {
        holidays: Some(HolidayCalendar::UsFederal),
        note: "State holidays beyond the federal ones belong in the campaign's `holidays`.",
        ..hours_of("us-la", "LA", EIGHT_TO_TWENTY_NO_SUNDAY)
    },
    hours_of("us-ms", "MS", EIGHT_TO_TWENTY_NO_SUNDAY),
    hours_of("us-ky", "KY", every_day(&[(h(10), h(21))])),
    hours_of("us-ct", "CT", NINE_TO_TWENTY),
    hours_of("us-ma", "MA", EIGHT_TO_TWENTY),
    hours_of("us-mi", "MI", NINE_TO_TWENTY_ONE),
    hours_of("us-mn", "MN", NINE_TO_TWENTY_ONE),
    hours_of("us-nm", "NM", NINE_TO_TWENTY_ONE),
    hours_of("us-nv", "NV", NINE_TO_TWENTY),
    hours_of("us-ri", "RI", week(&[(h(9), h(18))], CLOSED, CLOSED)),
    hours_of("us-wy", "WY", EIGHT_TO_TWENTY),
    Rule {
        holidays: Some(HolidayCalendar::UsFederal),
        note: "State holidays beyond the federal ones belong in the campaign's `holidays`.",
        ..hours_of(
            "us-ut",
            "UT",
            week(&[(h(8), h(21))], &[(h(8), h(21))], CLOSED),
        )
    },
];
