//! Europe.

use super::{
    AbandonClock, AbandonWindow, Abandonment, After, CLOSED, Cap, CoolDown, HolidayCalendar,
    Purpose, Rule, RuleStatus, every_day, h, week,
};

const SELLING: &[Purpose] = &[Purpose::Sales, Purpose::LifeInsurance];

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "uk-code",
        pack: "uk",
        country: Some("GB"),
        week: Some(every_day(&[(h(8), h(21))])),
        cool_downs: &[
            CoolDown {
                after: After::Machine,
                hours: 24,
                lifted_by_agent: true,
            },
            CoolDown {
                after: After::Abandoned,
                hours: 72,
                lifted_by_agent: true,
            },
        ],
        ring_at_least_s: Some(15),
        abandonment: Some(Abandonment {
            permille_max: 30,
            window: AbandonWindow::Hours24,
            wait_ms_max: 2000,
            clock: AbandonClock::GreetingEnd,
        }),
        citation: "Ofcom, policy on persistent misuse, before and since 1 March 2017",
        status: RuleStatus::Code,
        note: "No hours by statute: 8 to 21 is common code (from memory: confirm). Since \
               1 March 2017 no abandonment rate is a safe harbour; the old figures are shipped \
               as a policy. Information message, valid caller ID, TPS copy at most 28 days old.",
        ..Rule::BASE
    },
    Rule {
        id: "fr-d223-9",
        pack: "fr",
        country: Some("FR"),
        week: Some(week(&[(h(10), h(13)), (h(14), h(20))], CLOSED, CLOSED)),
        holidays: Some(HolidayCalendar::Fr),
        caps: &[Cap { count: 4, days: 30 }],
        citation: "Code de la consommation, art. D. 223-9",
        status: RuleStatus::Law,
        note: "60 days off after a refusal: the disposition puts the person on the \
               do-not-call list. Holidays of Alsace-Moselle belong in the campaign's `holidays`.",
        ..Rule::BASE
    },
    Rule {
        id: "fr-opt-in",
        pack: "fr",
        country: Some("FR"),
        purposes: SELLING,
        consent_from: Some((2026, 8, 11)),
        citation: "Code de la consommation, art. L. 223-1, in force from 11 August 2026 (article to be \
                   confirmed)",
        status: RuleStatus::Law,
        note: "From that day a sales call needs prior consent.",
        ..Rule::BASE
    },
    Rule {
        id: "de-code",
        pack: "de",
        country: Some("DE"),
        week: Some(week(&[(h(8), h(20))], &[(h(9), h(18))], CLOSED)),
        holidays: Some(HolidayCalendar::De),
        caps: &[
            Cap { count: 3, days: 1 },
            Cap { count: 15, days: 7 },
            Cap {
                count: 30,
                days: 30,
            },
        ],
        ring_at_least_s: Some(15),
        ring_at_most_s: Some(40),
        citation: "Industry code of the German call-centre and direct-marketing associations",
        status: RuleStatus::Code,
        note: "The code's 30 attempts per campaign are applied per 30 days. Holidays of single \
               Laender belong in the campaign's `holidays`.",
        ..Rule::BASE
    },
    Rule {
        id: "it-code",
        pack: "it",
        country: Some("IT"),
        week: Some(week(&[(h(9), h(20))], &[(h(10), h(19))], CLOSED)),
        citation: "Telemarketing hours, as reported by secondary sources",
        status: RuleStatus::Secondary,
        note: "National holidays belong in the campaign's `holidays`.",
        ..Rule::BASE
    },
    Rule {
        id: "es-hours",
        pack: "es",
        country: Some("ES"),
        week: Some(week(&[(h(9), h(21))], CLOSED, CLOSED)),
        citation: "Telemarketing hours, as reported by secondary sources",
        status: RuleStatus::Secondary,
        note: "Holidays belong in the campaign's `holidays`. A mobile counts in the mainland's zone \
               and in the Canaries'.",
        ..Rule::BASE
    },
];
