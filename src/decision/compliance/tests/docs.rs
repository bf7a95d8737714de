//! `docs/COMPLIANCE.md` lists the rules that are built in, and no others.

use super::*;

const DOC: &str = include_str!("../../../../docs/COMPLIANCE.md");

fn row(rule: &Rule) -> String {
    let place = match (rule.country, rule.state) {
        (Some(country), Some(state)) => format!("{country}-{state}"),
        (Some(country), None) => country.to_owned(),
        (None, _) => "any".to_owned(),
    };
    let hours = rule.week.map(|week| {
        let hours = WeekHours::new(week.map(|spans| {
            spans
                .iter()
                .map(|(from, to)| DaySpan::new(*from, *to).unwrap())
                .collect()
        }));
        let holidays = if rule.holidays.is_some() {
            ", no holidays"
        } else {
            ""
        };
        format!("{hours}{holidays}")
    });
    let mut more: Vec<String> = rule
        .caps
        .iter()
        .map(|cap| {
            format!(
                "{} in {}",
                cap.count,
                if cap.days == 1 {
                    "24 h".into()
                } else {
                    format!("{} days", cap.days)
                }
            )
        })
        .collect();
    for wait in rule.cool_downs {
        let what = match wait.after {
            After::Machine => "a machine",
            After::Abandoned => "an abandoned call",
            After::Connected => "a conversation",
        };
        more.push(format!("{} h after {what}", wait.hours));
    }
    if let Some((year, month, day)) = rule.consent_from {
        more.push(format!("consent from {year}-{month:02}-{day:02}"));
    }
    match (rule.ring_at_least_s, rule.ring_at_most_s) {
        (Some(least), Some(most)) => more.push(format!("ring {least}-{most} s")),
        (Some(least), None) => more.push(format!("ring {least} s or more")),
        _ => {}
    }
    if let Some(limit) = rule.abandonment {
        more.push(format!(
            "abandoned at most {} %",
            f64::from(limit.permille_max) / 10.0
        ));
    }
    let (hours, more) = (hours.unwrap_or_default(), more.join("; "));
    let columns = [
        rule.id,
        rule.pack,
        &place,
        &hours,
        &more,
        rule.status.name(),
        rule.checked,
        rule.citation,
    ];
    format!("| {} |", columns.join(" | "))
}

#[test]
fn the_table_of_rules_is_the_one_built_in() {
    let rows: Vec<String> = built_in().map(row).collect();
    let listed: Vec<&str> = DOC
        .lines()
        .skip_while(|line| !line.starts_with("| Rule | Pack |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert_eq!(listed, rows, "the table should read:\n{}", rows.join("\n"));
}

#[test]
fn refusal_codes_are_all_listed() {
    for code in RefusalCode::ALL {
        assert!(DOC.contains(&format!("`{}`", code.name())), "{code}");
    }
}

#[test]
fn rules_are_whole() {
    let mut ids = Vec::new();
    for rule in built_in() {
        assert!(!ids.contains(&rule.id), "{} twice", rule.id);
        ids.push(rule.id);
        assert!(
            !rule.pack.is_empty() && !rule.citation.is_empty(),
            "{}",
            rule.id
        );
        assert!(
            rule.checked.parse::<jiff::civil::Date>().is_ok(),
            "{}",
            rule.id
        );
        assert!(
            rule.state.is_none() || rule.country.is_some(),
            "{}",
            rule.id
        );
        let asks = rule.week.is_some() || !rule.caps.is_empty() || rule.consent_from.is_some();
        assert!(asks, "{} asks nothing", rule.id);
    }
}
