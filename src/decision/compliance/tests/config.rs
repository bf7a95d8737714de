//! The rules as users write them.

use super::*;

fn read(text: &str) -> Result<ComplianceRules, String> {
    toml::from_str(text).map_err(|e| e.message().to_owned())
}

#[test]
fn nothing_written_means_the_defaults() {
    let rules = read("").unwrap();
    assert_eq!(rules, ComplianceRules::default());
    assert_eq!(rules.packs, [AUTO_PACK]);
    assert_eq!(rules.attempts.min_gap, Duration::from_secs(600));
}

#[test]
fn everything_can_be_written() {
    let rules = read(
        r#"
        packs = ["us-federal", "us-states"]
        purpose = "debt_collection"
        hours = { weekdays = ["09:00-12:00", "13:00-20:00"], saturday = ["10:00-16:00"] }
        unknown_zone = { use = "America/New_York" }
        attempts = { per_day = 2, min_gap = "1h 30m" }
        dnc_lists = ["national"]
        require_consent = true

        [[extra_rules]]
        id = "mine"
        country = "US"
        state = "NY"
        hours = { daily = ["10:00-18:00"], sunday = [] }

        [[blackouts]]
        from = "2026-12-24T18:00"
        to = "2026-12-27T08:00"
        why = "year's end"

        [[holidays]]
        date = "2026-12-31"
        "#,
    )
    .unwrap();
    let hours = rules.hours.as_ref().unwrap();
    assert_eq!(
        hours.to_string(),
        "Mon-Fri 09:00-12:00 and 13:00-20:00, Sat 10:00-16:00"
    );
    assert_eq!(
        rules.extra_rules[0].hours.to_string(),
        "Mon-Sat 10:00-18:00"
    );
    assert_eq!(rules.attempts.min_gap, Duration::from_secs(5400));
    assert_eq!(rules.attempts.per_30_days, 15);
    assert!(Gate::new(&rules).is_ok());
    let text = toml::to_string(&rules).unwrap();
    assert_eq!(read(&text).unwrap(), rules);
}

#[test]
fn what_is_wrong_is_said() {
    for (text, says) in [
        ("pack = []", "unknown field `pack`"),
        ("hours = { mondays = [] }", "unknown field `mondays`"),
        (
            "hours = { daily = [\"9-17\"] }",
            "`9-17` is not a span of a day",
        ),
        (
            "hours = { daily = [\"17:00-09:00\"] }",
            "`17:00-09:00` is not a span of a day",
        ),
        (
            "hours = { daily = [\"00:00-24:01\"] }",
            "`00:00-24:01` is not a span of a day",
        ),
        ("unknown_zone = \"guess\"", "unknown variant `guess`"),
        (
            "attempts = { min_gap = \"soon\" }",
            "`soon` is not a span of time",
        ),
        ("[[holidays]]\ndate = \"2026-02-30\"", "not valid"),
    ] {
        let said = read(text).unwrap_err();
        assert!(said.contains(says), "{text}: {said}");
    }
}
