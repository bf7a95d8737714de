//! Each kind of refusal, and what lifts it.

use super::*;
use crate::call::Cause;
use crate::lead::Consent;
use std::collections::BTreeSet;

const NOON: &str = "2026-07-01T12:00:00[America/New_York]";
const NEW_YORK: &str = "+12125550123";

fn with(rules: ComplianceRules) -> Gate {
    Gate::new(&rules).unwrap()
}

#[test]
fn a_permit_says_what_it_was_granted_on_and_goes_stale() {
    let now = at(NOON);
    let permit = gate().permit(&lead(NEW_YORK), 0, now, RING).unwrap();
    assert!(permit.is_valid_at(now) && permit.is_valid_at(Wall(now.0 + 9_999)));
    assert!(!permit.is_valid_at(Wall(now.0 + 10_000)) && !permit.is_valid_at(Wall(now.0 - 1)));
    let summary = permit.summary();
    assert_eq!((summary.lead, summary.snapshot), (LeadId(7), SnapshotId(3)));
    assert_eq!(
        (summary.zones, summary.places),
        (vec!["America/New_York".into()], vec!["US-NY".into()])
    );
    assert_eq!(permit.ring_limits().at_least, Some(Duration::from_secs(15)));
}

#[test]
fn a_permit_ends_with_the_calling_hours() {
    let now = at("2026-07-01T20:59:25[America/New_York]");
    let permit = gate().permit(&lead(NEW_YORK), 0, now, RING).unwrap();
    // 30 s of ringing must end before 21:00:00.
    assert_eq!(
        permit.expires(),
        at("2026-07-01T20:59:30[America/New_York]")
    );
}

#[test]
fn facts_refuse_for_good() {
    let now = at(NOON);
    let refused = |change: &dyn Fn(&mut Lead)| {
        let mut lead = lead(NEW_YORK);
        change(&mut lead);
        let refused = refusal(&gate(), &lead, now);
        assert_eq!(refused.not_before, None, "{refused}");
        assert!(!refused.code.passes_with_time());
        refused.code
    };
    assert_eq!(
        refused(&|l| l.numbers[0].retired = true),
        RefusalCode::RetiredNumber
    );
    assert_eq!(
        refused(&|l| l.numbers[0].listed = vec!["national".into()]),
        RefusalCode::DoNotCall
    );
    assert_eq!(
        refused(&|l| l.numbers[0].listed = vec!["reassigned".into()]),
        RefusalCode::Reassigned
    );
    assert_eq!(
        refused(&|l| l.facts.consent = Consent::Withdrawn),
        RefusalCode::NoConsent
    );
    assert_eq!(
        refused(&|l| l.zone = Some("Mars/Olympus".into())),
        RefusalCode::UnknownZone
    );
    assert_eq!(refused(&|l| l.numbers.clear()), RefusalCode::NoNumber);
    let number =
        |n: &'static str| refused(&move |l: &mut Lead| l.numbers[0].number = n.parse().unwrap());
    assert_eq!(number("+12129115550"), RefusalCode::EmergencyNumber);
    assert_eq!(number("+19005550123"), RefusalCode::PremiumNumber);
    assert_eq!(number("+33301234"), RefusalCode::ShortNumber);
    assert_eq!(number("+12125550"), RefusalCode::InvalidNumber);
    assert_eq!(number("+18005550123"), RefusalCode::UnknownZone);
}

#[test]
fn only_lists_that_apply_refuse_but_the_house_list_always_does() {
    let gate = with(ComplianceRules {
        dnc_lists: Some(vec!["national".into()]),
        ..ComplianceRules::default()
    });
    let mut listed = lead(NEW_YORK);
    listed.numbers[0].listed = vec!["state".into()];
    assert!(gate.permit(&listed, 0, at(NOON), RING).is_ok());
    listed.numbers[0].listed.push(OWN_DNC_LIST.into());
    assert_eq!(
        refusal(&gate, &listed, at(NOON)).code,
        RefusalCode::DoNotCall
    );
}

#[test]
fn a_default_zone_is_used_only_where_nothing_better_is_known() {
    let gate = with(ComplianceRules {
        unknown_zone: UnknownZone::Use("America/Denver".into()),
        ..ComplianceRules::default()
    });
    let toll_free = gate
        .permit(&lead("+18005550123"), 0, at(NOON), RING)
        .unwrap();
    assert_eq!(toll_free.zone_source(), ZoneSource::CampaignDefault);
    let known = gate.permit(&lead(NEW_YORK), 0, at(NOON), RING).unwrap();
    assert_eq!(known.zone_source(), ZoneSource::NumberPrefix);
}

#[test]
fn france_asks_for_consent_from_the_day_the_law_does() {
    let french = lead("+33142685300");
    assert!(
        gate()
            .permit(&french, 0, at("2026-08-10T11:00[Europe/Paris]"), RING)
            .is_ok()
    );
    let after = at("2026-08-11T11:00[Europe/Paris]");
    let refused = refusal(&gate(), &french, after);
    assert_eq!(
        (refused.code, refused.not_before),
        (RefusalCode::NoConsent, None)
    );
    let mut agreed = french;
    agreed.facts.consent = Consent::Given;
    assert!(gate().permit(&agreed, 0, after, RING).is_ok());
}

/// History at each of `at`, all unanswered.
fn tried(times: &[&str]) -> Lead {
    let mut lead = lead(NEW_YORK);
    let no_answer = Outcome::Unanswered(Cause::NoAnswer);
    lead.facts.history = times
        .iter()
        .map(|t| attempt(at(t), NEW_YORK, no_answer))
        .collect();
    lead
}

#[test]
fn attempts_a_day_are_counted_over_24_hours_and_the_calendar_day() {
    let evening = "2026-06-30T20:00[America/New_York]";
    let lead = tried(&[
        evening,
        "2026-06-30T20:20[America/New_York]",
        "2026-06-30T20:40[America/New_York]",
    ]);
    // The calendar day is a new one, but 24 hours are not over.
    let refused = refusal(&gate(), &lead, at(NOON));
    assert_eq!(refused.code, RefusalCode::AttemptsDay);
    assert_eq!(
        refused.not_before,
        Some(at("2026-07-01T20:00[America/New_York]"))
    );

    // 24 hours and the calendar day differ on the day the clock is set back: 25 hours.
    let lead = tried(&[
        "2026-11-01T00:10[America/New_York]",
        "2026-11-01T00:30[America/New_York]",
        "2026-11-01T00:50[America/New_York]",
    ]);
    let late = at("2026-11-01T23:30[America/New_York]");
    let open = with(ComplianceRules {
        packs: vec![],
        ..ComplianceRules::default()
    });
    assert!(late.millis_since(at("2026-11-01T00:10[America/New_York]")) > Wall::DAY_MS);
    let refused = refusal(&open, &lead, late);
    assert_eq!(refused.code, RefusalCode::AttemptsDay);
    assert_eq!(refused.zone.as_deref(), Some("America/New_York"));
    assert_eq!(
        refused.not_before,
        Some(at("2026-11-02T00:00[America/New_York]"))
    );
}

#[test]
fn trunk_trouble_is_no_attempt() {
    let mut lead = tried(&["2026-07-01T11:59[America/New_York]"]);
    assert_eq!(refusal(&gate(), &lead, at(NOON)).code, RefusalCode::MinGap);
    lead.facts.history[0].outcome = Outcome::Unanswered(Cause::Congestion);
    assert!(gate().permit(&lead, 0, at(NOON), RING).is_ok());
}

#[test]
fn the_gap_and_the_month_are_kept() {
    let lead = tried(&["2026-07-01T11:55[America/New_York]"]);
    let refused = refusal(&gate(), &lead, at(NOON));
    assert_eq!(
        refused.not_before,
        Some(at("2026-07-01T12:05[America/New_York]"))
    );

    let mut month = tried(&[]);
    let no_answer = Outcome::Unanswered(Cause::NoAnswer);
    for day in 0..15 {
        let then = Wall(at(NOON).0 - (28 - day) * Wall::DAY_MS);
        month.facts.history.push(attempt(then, NEW_YORK, no_answer));
    }
    let refused = refusal(&gate(), &month, at(NOON));
    assert_eq!(refused.code, RefusalCode::Attempts30Days);
    assert_eq!(
        refused.not_before,
        Some(Wall(at(NOON).0 + 2 * Wall::DAY_MS))
    );
}

#[test]
fn law_caps_attempts_below_the_campaign() {
    let many = with(ComplianceRules {
        attempts: AttemptCaps {
            per_day: 0,
            per_30_days: 0,
            min_gap: Duration::ZERO,
        },
        ..ComplianceRules::default()
    });
    let now = at("2026-07-01T11:00[Europe/Paris]");
    let mut french = lead("+33142685300");
    for week in 1..=4 {
        let then = Wall(now.0 - week * 7 * Wall::DAY_MS);
        french
            .facts
            .history
            .push(attempt(then, "+33142685300", Outcome::Machine));
    }
    let refused = refusal(&many, &french, now);
    assert_eq!(
        (refused.code, refused.rule.as_str()),
        (RefusalCode::Attempts30Days, "fr-d223-9")
    );
}

#[test]
fn britain_waits_after_machines_and_abandoned_calls_unless_an_agent_is_sure() {
    let number = "+442079460123";
    let now = at("2026-07-01T12:00[Europe/London]");
    for (outcome, hours) in [(Outcome::Machine, 24), (Outcome::Abandoned, 72)] {
        let mut british = lead(number);
        let then = Wall(now.0 - 3 * 3_600_000);
        british.facts.history = vec![attempt(then, number, outcome)];
        let refused = refusal(&gate(), &british, now);
        assert_eq!(refused.code, RefusalCode::CoolDown);
        assert_eq!(refused.not_before, Some(Wall(then.0 + hours * 3_600_000)));
        let sure = with(ComplianceRules {
            agent_guaranteed: true,
            ..ComplianceRules::default()
        });
        assert!(sure.permit(&british, 0, now, RING).is_ok());
    }
}

#[test]
fn blackouts_and_holidays_of_the_campaign() {
    let rules = ComplianceRules {
        blackouts: vec![Blackout {
            from: "2026-07-01T10:00".parse().unwrap(),
            to: "2026-07-02T10:00".parse().unwrap(),
            zone: None,
            why: "maintenance".into(),
        }],
        holidays: vec![Holiday {
            date: "2026-07-02".parse().unwrap(),
            country: Some("US".into()),
            state: None,
            why: "company day".into(),
        }],
        ..ComplianceRules::default()
    };
    let gate = with(rules);
    let refused = refusal(&gate, &lead(NEW_YORK), at(NOON));
    assert_eq!(refused.code, RefusalCode::Blackout);
    assert_eq!(
        refused.not_before,
        Some(at("2026-07-03T08:00[America/New_York]"))
    );
    let holiday = at("2026-07-02T11:00[America/New_York]");
    assert_eq!(
        refusal(&gate, &lead(NEW_YORK), holiday).code,
        RefusalCode::Holiday
    );
    assert!(
        gate.permit(
            &lead("+442079460123"),
            0,
            at("2026-07-02T11:00[Europe/London]"),
            RING
        )
        .is_ok()
    );
}

#[test]
fn explain_shows_every_rule_and_agrees_with_permit() {
    let mut lead = lead("+18505550123");
    let night = at("2026-07-01T23:00[America/New_York]");
    let checks = gate().explain(&lead, 0, night, RING);
    let failed: BTreeSet<&str> = checks
        .iter()
        .filter(|c| !c.passed)
        .map(|c| c.rule.as_str())
        .collect();
    assert_eq!(failed, BTreeSet::from(["us-fcc", "us-fl", "us-tsr"]));
    assert!(
        checks
            .iter()
            .filter(|c| !c.passed)
            .all(|c| c.not_before.is_some() && c.zone.is_some())
    );
    for rule in [
        "in-service",
        "number-plan",
        "do-not-call",
        "consent",
        "zone",
        "campaign-attempts",
    ] {
        assert!(checks.iter().any(|c| c.rule == rule && c.passed), "{rule}");
    }
    lead.numbers[0].retired = true;
    assert!(
        gate()
            .explain(&lead, 0, night, RING)
            .iter()
            .any(|c| c.code == Some(RefusalCode::RetiredNumber))
    );
}

#[test]
fn settings_that_cannot_be_applied_are_named() {
    let field = |rules: ComplianceRules| Gate::new(&rules).unwrap_err().field;
    let base = ComplianceRules::default;
    assert_eq!(
        field(ComplianceRules {
            packs: vec!["mars".into()],
            ..base()
        }),
        "packs"
    );
    assert_eq!(
        field(ComplianceRules {
            unknown_zone: UnknownZone::Use("Nowhere".into()),
            ..base()
        }),
        "unknown_zone"
    );
    let never = WeekHours::new(Default::default());
    assert_eq!(
        field(ComplianceRules {
            hours: Some(never.clone()),
            ..base()
        }),
        "hours"
    );
    let extra = |country: Option<&str>, state: Option<&str>, hours: WeekHours| ComplianceRules {
        extra_rules: vec![ExtraRule {
            id: "mine".into(),
            country: country.map(Into::into),
            state: state.map(Into::into),
            hours,
            citation: String::new(),
        }],
        ..base()
    };
    assert_eq!(field(extra(None, None, never)), "extra_rules[0].hours");
    assert_eq!(
        field(extra(Some("XX"), None, WeekHours::always())),
        "extra_rules[0].country"
    );
    assert_eq!(
        field(extra(Some("DE"), Some("BY"), WeekHours::always())),
        "extra_rules[0].state"
    );
    assert_eq!(
        field(extra(None, Some("FL"), WeekHours::always())),
        "extra_rules[0].state"
    );
}

#[test]
fn refusal_codes_are_unique_and_read_back() {
    for code in RefusalCode::ALL {
        assert_eq!(RefusalCode::from_name(code.name()), Some(*code));
    }
}
