//! Hours by jurisdiction: the first and the last instant of each window.

use super::*;

/// A jurisdiction's number, and local times at which a call is allowed and refused.
struct Case {
    rule: &'static str,
    number: &'static str,
    state: Option<&'static str>,
    zone: &'static str,
    open: &'static [&'static str],
    closed: &'static [&'static str],
}

// 2026-07-01 is a Wednesday, -04 a Saturday, -05 a Sunday. A call rings 30 s, so that the
// last minute of a window is closed from its half on: 23:59:31 style edges are below.
const CASES: &[Case] = &[
    Case {
        rule: "us-tsr",
        number: "+12125550123",
        state: None,
        zone: "America/New_York",
        open: &["07-01T08:00", "07-01T20:59:29", "07-05T08:00"],
        closed: &["07-01T07:59:59", "07-01T20:59:30", "07-01T21:00"],
    },
    Case {
        rule: "us-fl",
        number: "+13055550123",
        state: None,
        zone: "America/New_York",
        open: &["07-01T08:00", "07-01T19:59:29"],
        closed: &["07-01T07:59:59", "07-01T19:59:30"],
    },
    Case {
        rule: "us-tx",
        number: "+12145550123",
        state: None,
        zone: "America/Chicago",
        open: &["07-01T09:00", "07-04T20:59", "07-05T12:00"],
        closed: &["07-01T08:59", "07-05T11:59", "07-05T21:00"],
    },
    Case {
        rule: "us-wa",
        number: "+12065550123",
        state: None,
        zone: "America/Los_Angeles",
        open: &["07-05T08:00", "07-01T19:59"],
        closed: &["07-01T20:00"],
    },
    Case {
        rule: "us-pa",
        number: "+12155550123",
        state: None,
        zone: "America/New_York",
        open: &["07-01T09:00", "07-01T18:59", "07-11T09:00"],
        closed: &[
            "07-01T08:59",
            "07-01T19:00",
            "07-05T12:00",
            "07-03T12:00",
            "07-04T12:00",
        ],
    },
    Case {
        rule: "us-al",
        number: "+12055550123",
        state: None,
        zone: "America/Chicago",
        open: &["07-01T08:00", "07-01T19:59"],
        closed: &["07-05T12:00", "07-04T12:00", "07-01T20:00"],
    },
    Case {
        rule: "us-la",
        number: "+15045550123",
        state: None,
        zone: "America/Chicago",
        open: &["07-01T08:00"],
        closed: &["07-05T12:00", "07-03T12:00"],
    },
    Case {
        rule: "us-ms",
        number: "+16015550123",
        state: None,
        zone: "America/Chicago",
        open: &["07-01T08:00", "07-04T12:00"],
        closed: &["07-05T12:00", "07-01T20:00"],
    },
    Case {
        rule: "us-ky",
        number: "+15025550123",
        state: None,
        zone: "America/New_York",
        open: &["07-01T10:00", "07-01T20:59"],
        closed: &["07-01T09:59"],
    },
    Case {
        rule: "us-ct",
        number: "+12035550123",
        state: None,
        zone: "America/New_York",
        open: &["07-01T09:00"],
        closed: &["07-01T08:59", "07-01T20:00"],
    },
    Case {
        rule: "us-ri",
        number: "+14015550123",
        state: None,
        zone: "America/New_York",
        open: &["07-01T09:00", "07-01T17:59"],
        closed: &["07-01T18:00", "07-04T12:00", "07-05T12:00"],
    },
    Case {
        rule: "us-ut",
        number: "+18015550123",
        state: None,
        zone: "America/Denver",
        open: &["07-01T08:00", "07-01T20:59"],
        closed: &["07-05T12:00", "07-03T12:00"],
    },
    Case {
        rule: "us-nv",
        number: "+17025550123",
        state: None,
        zone: "America/Los_Angeles",
        open: &["07-01T09:00"],
        closed: &["07-01T08:59", "07-01T20:00"],
    },
    Case {
        rule: "us-ma",
        number: "+12125550123",
        state: Some("MA"),
        zone: "America/New_York",
        open: &["07-01T08:00"],
        closed: &["07-01T20:00"],
    },
    Case {
        rule: "uk-code",
        number: "+442079460123",
        state: None,
        zone: "Europe/London",
        open: &["07-01T08:00", "07-05T20:59"],
        closed: &["07-01T07:59", "07-01T21:00"],
    },
    Case {
        rule: "ca-utr",
        number: "+14165550123",
        state: None,
        zone: "America/Toronto",
        open: &["07-01T09:00", "07-01T21:29", "07-04T10:00", "07-05T17:59"],
        closed: &["07-01T08:59", "07-01T21:30", "07-04T09:59", "07-05T18:00"],
    },
    Case {
        rule: "au-sales",
        number: "+61731234567",
        state: None,
        zone: "Australia/Brisbane",
        open: &["07-01T09:00", "07-01T19:59", "07-04T16:59"],
        closed: &[
            "07-01T08:59",
            "07-01T20:00",
            "07-04T17:00",
            "07-05T12:00",
            "12-25T12:00",
        ],
    },
    Case {
        rule: "fr-d223-9",
        number: "+33142685300",
        state: None,
        zone: "Europe/Paris",
        open: &["07-01T10:00", "07-01T12:59", "07-01T14:00", "07-01T19:59"],
        closed: &[
            "07-01T09:59",
            "07-01T13:00",
            "07-01T13:59",
            "07-04T11:00",
            "07-14T11:00",
        ],
    },
    Case {
        rule: "de-code",
        number: "+4930123456",
        state: None,
        zone: "Europe/Berlin",
        open: &["07-01T08:00", "07-01T19:59", "07-04T17:59"],
        closed: &[
            "07-01T20:00",
            "07-04T08:59",
            "07-05T12:00",
            "10-03T12:00",
            "05-14T12:00",
        ],
    },
    Case {
        rule: "it-code",
        number: "+390612345678",
        state: None,
        zone: "Europe/Rome",
        open: &["07-01T09:00", "07-04T10:00", "07-04T18:59"],
        closed: &["07-01T20:00", "07-04T09:59", "07-05T12:00"],
    },
    Case {
        rule: "es-hours",
        number: "+34912345678",
        state: None,
        zone: "Europe/Madrid",
        open: &["07-01T10:00", "07-01T20:59"],
        closed: &["07-01T08:59", "07-04T12:00", "07-05T12:00"],
    },
    Case {
        rule: "in-tcccpr",
        number: "+919876543210",
        state: None,
        zone: "Asia/Kolkata",
        open: &["07-01T10:00", "07-05T20:59"],
        closed: &["07-01T09:59", "07-01T21:00"],
    },
    Case {
        // No rule with hours is known: courtesy hours.
        rule: "courtesy",
        number: "+81312345678",
        state: None,
        zone: "Asia/Tokyo",
        open: &["07-01T08:00", "07-05T20:59"],
        closed: &["07-01T07:59", "07-01T21:00"],
    },
];

#[test]
fn each_jurisdiction_opens_and_closes_on_time() {
    for case in CASES {
        let mut lead = lead(case.number);
        lead.facts.consent = crate::lead::Consent::Given;
        lead.state = case.state.map(str::to_owned);
        let when = |local: &str| {
            let seconds = if local.len() == 11 { ":00" } else { "" };
            at(&format!("2026-{local}{seconds}[{}]", case.zone))
        };
        for open in case.open {
            let permit = gate().permit(&lead, 0, when(open), RING);
            let permit = permit.unwrap_or_else(|r| panic!("{} {open}: {r}", case.rule));
            let rules = permit.summary().rules;
            assert!(
                rules.iter().any(|r| r.rule == case.rule),
                "{}: {rules:?}",
                case.rule
            );
        }
        for closed in case.closed {
            let refused = gate().permit(&lead, 0, when(closed), RING);
            let refused = refused
                .err()
                .unwrap_or_else(|| panic!("{} {closed}", case.rule));
            assert!(
                matches!(
                    refused.code,
                    RefusalCode::OutsideHours | RefusalCode::Holiday
                ),
                "{} {closed}: {refused}",
                case.rule
            );
            assert!(refused.not_before.is_some(), "{} {closed}", case.rule);
        }
    }
}

#[test]
fn every_rule_with_hours_that_sales_meet_has_a_case_or_shares_one() {
    // States whose hours equal a tested state's shape, and opt-in or other-purpose rules.
    let alike = [
        "us-fcc", "us-ok", "us-md", "us-mi", "us-mn", "us-nm", "us-wy", "bank-cn",
    ];
    for rule in built_in().filter(|r| r.week.is_some()) {
        let sales = rule.purposes.is_empty() || rule.purposes.contains(&Purpose::Sales);
        let tested = CASES.iter().any(|case| case.rule == rule.id) || alike.contains(&rule.id);
        assert!(tested || !sales, "{}", rule.id);
    }
}

#[test]
fn purposes_and_named_packs_choose_rules() {
    let research = ComplianceRules {
        purpose: Purpose::Research,
        ..ComplianceRules::default()
    };
    let sunday = at("2026-07-05T12:00[Australia/Brisbane]");
    let australian = lead("+61731234567");
    assert!(
        Gate::new(&research)
            .unwrap()
            .permit(&australian, 0, sunday, RING)
            .is_ok()
    );
    assert_eq!(refusal(&gate(), &australian, sunday).rule, "au-sales");

    let chinese = lead("+8613800138000");
    let early = at("2026-07-05T08:30[Asia/Shanghai]");
    assert!(gate().permit(&chinese, 0, early, RING).is_ok());
    for (rules, rule) in [
        (
            ComplianceRules {
                packs: vec!["auto".into(), "bank-cn".into()],
                ..ComplianceRules::default()
            },
            "bank-cn",
        ),
        (
            ComplianceRules {
                purpose: Purpose::LifeInsurance,
                ..ComplianceRules::default()
            },
            "cn-life-insurance",
        ),
    ] {
        assert_eq!(
            refusal(&Gate::new(&rules).unwrap(), &chinese, early).rule,
            rule
        );
    }
}

#[test]
fn both_zones_of_a_split_area_code_must_be_open() {
    // Area code 850: Tallahassee keeps Eastern time, Pensacola Central. Florida: 8 to 20.
    let split = lead("+18505550123");
    let eastern_only = at("2026-07-01T08:30[America/New_York]");
    let refused = refusal(&gate(), &split, eastern_only);
    assert_eq!(refused.zone.as_deref(), Some("America/Chicago"));
    assert_eq!(refused.source, Some(ZoneSource::NumberPrefix));
    assert_eq!(
        refused.not_before,
        Some(at("2026-07-01T08:00[America/Chicago]"))
    );
    // The lead's own zone settles it.
    let mut known = split;
    known.zone = Some("America/New_York".into());
    let permit = gate().permit(&known, 0, eastern_only, RING).unwrap();
    assert_eq!(permit.zone_source(), ZoneSource::LeadZone);
    assert_eq!(permit.zones(), ["America/New_York"]);
}

#[test]
fn an_address_wins_over_the_number_but_florida_keeps_its_area_codes() {
    // A Florida mobile that lives in California.
    let mut moved = lead("+13055550123");
    moved.country = Some("US".into());
    moved.state = Some("CA".into());
    let early = at("2026-07-01T08:30[America/New_York]");
    let refused = refusal(&gate(), &moved, early);
    assert_eq!(refused.zone.as_deref(), Some("America/Los_Angeles"));
    assert_eq!(refused.source, Some(ZoneSource::Address));
    let evening = at("2026-07-01T20:30[America/Los_Angeles]");
    assert_eq!(refusal(&gate(), &moved, evening).rule, "us-fl");
    // A Texan who moved away is no longer bound by Texas.
    let mut texan = lead("+12145550123");
    texan.state = Some("CA".into());
    let permit = gate().permit(&texan, 0, at("2026-07-01T08:30[America/Los_Angeles]"), RING);
    let rules = permit.unwrap().summary().rules;
    assert!(!rules.iter().any(|r| r.rule == "us-tx"), "{rules:?}");
}
