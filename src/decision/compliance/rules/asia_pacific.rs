//! Asia and the Pacific.

use super::{CLOSED, Cap, HolidayCalendar, Purpose, Rule, RuleStatus, every_day, h, week};

const AU_CITATION: &str =
    "Telecommunications (Telemarketing and Research Calls) Industry Standard 2017";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "au-sales",
        pack: "au",
        country: Some("AU"),
        purposes: &[
            Purpose::Sales,
            Purpose::LifeInsurance,
            Purpose::DebtCollection,
            Purpose::Service,
        ],
        week: Some(week(&[(h(9), h(20))], &[(h(9), h(17))], CLOSED)),
        holidays: Some(HolidayCalendar::AuNational),
        citation: AU_CITATION,
        status: RuleStatus::Law,
        note: "Caller ID on. Written for sales; applied to every purpose but research, which is \
               stricter.",
        ..Rule::BASE
    },
    Rule {
        id: "au-research",
        pack: "au",
        country: Some("AU"),
        purposes: &[Purpose::Research],
        week: Some(week(
            &[(h(9), h(20) + 30)],
            &[(h(9), h(17))],
            &[(h(9), h(17))],
        )),
        holidays: Some(HolidayCalendar::AuNational),
        citation: AU_CITATION,
        status: RuleStatus::Law,
        note: "Caller ID on. Closed on national holidays too, the stricter reading.",
        ..Rule::BASE
    },
    Rule {
        id: "in-tcccpr",
        pack: "in",
        country: Some("IN"),
        week: Some(every_day(&[(h(10), h(21))])),
        citation: "TRAI, TCCCPR 2018: default time bands",
        status: RuleStatus::Law,
        note: "Customers may choose other bands with their operator: such choices come in as \
               do-not-call lists.",
        ..Rule::BASE
    },
    Rule {
        id: "cn-life-insurance",
        pack: "cn",
        country: Some("CN"),
        purposes: &[Purpose::LifeInsurance],
        week: Some(every_day(&[(h(9), h(21))])),
        citation: "Rules on telephone sales of life insurance, as reported by secondary sources",
        status: RuleStatus::Secondary,
        note: "None from 21 to 9. A refusal blocks for at least 6 months: the disposition puts \
               the person on the do-not-call list.",
        ..Rule::BASE
    },
    Rule {
        id: "cn-collections",
        pack: "cn",
        country: Some("CN"),
        purposes: &[Purpose::DebtCollection],
        week: Some(every_day(&[(h(8), h(22))])),
        caps: &[Cap { count: 3, days: 1 }],
        citation: "Rules on debt collection, as reported by secondary sources",
        status: RuleStatus::Secondary,
        note: "None from 22 to 8. At most 3 effective calls a day; here every attempt counts, \
               which is stricter.",
        ..Rule::BASE
    },
];
