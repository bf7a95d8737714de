//! Reads a campaign's calling rules and retry rules.

use super::section::{Item, Section};
use super::settings::DncList;
use super::value;
use carillon_decision::call::Outcome;
use carillon_decision::compliance::{
    AUTO_PACK, AttemptCaps, Blackout, ComplianceRules, DaySpan, ExtraRule, Holiday, OWN_DNC_LIST,
    Purpose, REASSIGNED_LIST, UnknownZone, WeekHours, packs,
};
use carillon_decision::lead::{RetryRule, RetryRules};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::time::Duration;
use toml::de::DeValue;

const PURPOSES: [(&str, Purpose); 5] = [
    ("sales", Purpose::Sales),
    ("life_insurance", Purpose::LifeInsurance),
    ("debt_collection", Purpose::DebtCollection),
    ("research", Purpose::Research),
    ("service", Purpose::Service),
];

pub(super) fn rules(table: &Section<'_>, dnc: &[DncList], overdials: bool) -> ComplianceRules {
    let default = ComplianceRules::default();
    let mut known_packs = packs();
    known_packs.push(AUTO_PACK);
    let mut lists: Vec<String> = dnc.iter().map(|list| list.name.clone()).collect();
    lists.extend([OWN_DNC_LIST.to_owned(), REASSIGNED_LIST.to_owned()]);
    let packs: Vec<String> = known_packs.into_iter().map(str::to_owned).collect();
    let agent_guaranteed = table.boolean("agent_guaranteed").unwrap_or(false);
    if let (true, true, Some(item)) = (agent_guaranteed, overdials, table.raw("agent_guaranteed")) {
        item.fault(
            "this campaign's mode dials ahead, so no agent is guaranteed",
            "remove `agent_guaranteed`, or use mode progressive, or manual with a ratio up to 1",
        );
    }
    ComplianceRules {
        packs: known_names(table, "packs", &packs, "rule pack").unwrap_or(default.packs),
        purpose: table.choice("purpose", &PURPOSES).unwrap_or_default(),
        hours: table.get("hours").and_then(|item| hours(&item)),
        extra_rules: table
            .sections("extra_rules")
            .into_iter()
            .filter_map(extra_rule)
            .collect(),
        unknown_zone: table
            .get("unknown_zone")
            .and_then(|item| unknown_zone(&item))
            .unwrap_or_default(),
        attempts: table.section("attempts").map(attempts).unwrap_or_default(),
        blackouts: table
            .sections("blackouts")
            .into_iter()
            .filter_map(blackout)
            .collect(),
        holidays: table
            .sections("holidays")
            .into_iter()
            .filter_map(holiday)
            .collect(),
        dnc_lists: known_names(table, "dnc_lists", &lists, "do-not-call list"),
        require_consent: table.boolean("require_consent").unwrap_or(false),
        agent_guaranteed,
    }
}

/// A list of names that must exist.
pub(super) fn known_names(
    table: &Section<'_>,
    key: &'static str,
    known: &[String],
    what: &str,
) -> Option<Vec<String>> {
    let item = table.get(key)?;
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let read = |each: &Item<'_>| {
        let name = each.string()?;
        if !known.contains(&name.as_str()) {
            let remedy = value::suggestion(&name, &known, "allowed");
            each.fault(format!("no {what} is named \"{name}\""), remedy);
        }
        Some(name)
    };
    Some(
        item.list(&format!("a list of {what} names"))
            .iter()
            .filter_map(read)
            .collect(),
    )
}

/// An IANA zone the bundled database knows.
pub(super) fn zone(item: &Item<'_>) -> Option<String> {
    let found = item.text().unwrap_or("").trim();
    if !found.is_empty() && TimeZone::get(found).is_ok() {
        return Some(found.to_owned());
    }
    let all: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .collect();
    let near = all
        .iter()
        .map(|name| (strsim::damerau_levenshtein(found, name), name))
        .min()
        .filter(|(distance, _)| *distance <= 3 && !found.is_empty())
        .map(|(_, name)| format!("did you mean \"{name}\"? "))
        .unwrap_or_default();
    item.fault(
        format!(
            "found {}, which is no time zone",
            value::describe(item.value)
        ),
        format!(
            "{near}allowed: an IANA zone name, such as \"America/New_York\" or \"Europe/London\""
        ),
    );
    None
}

fn unknown_zone(item: &Item<'_>) -> Option<UnknownZone> {
    match item.text() {
        Some("refuse") => Some(UnknownZone::Refuse),
        _ => match item.value {
            DeValue::String(text) if text.contains('/') || text == "UTC" => {
                zone(item).map(UnknownZone::Use)
            }
            _ => {
                item.expected(
                    "\"refuse\" (numbers without a known zone are not called), or the IANA zone \
                     to take for them, such as \"America/Chicago\"",
                );
                None
            }
        },
    }
}

const HOURS: &str = "\"08:00-21:00\" for every day, a list of such spans, \"always\", or a table such \
                     as { weekdays = \"09:00-20:00\", saturday = [\"10:00-12:00\", \"13:00-16:00\"] }";

/// Hours of the week. A text or a list holds for every day.
pub(super) fn hours(item: &Item<'_>) -> Option<WeekHours> {
    match item.value {
        DeValue::String(text) if text == "always" => Some(WeekHours::always()),
        DeValue::String(_) | DeValue::Array(_) => spans(item).map(|spans| WeekHours::daily(&spans)),
        DeValue::Table(_) => week(item.section()?),
        _ => {
            item.expected(HOURS);
            None
        }
    }
}

fn week(table: Section<'_>) -> Option<WeekHours> {
    let day = |key| table.get(key).and_then(|item| spans(&item));
    let (daily, weekdays, weekends) = (day("daily"), day("weekdays"), day("weekends"));
    let named = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ]
    .map(day);
    let mut index = 0;
    let week = WeekHours::new(named.map(|own| {
        let group = if index < 5 { &weekdays } else { &weekends };
        index += 1;
        own.or_else(|| group.clone())
            .or_else(|| daily.clone())
            .unwrap_or_default()
    }));
    if week.is_never() {
        table.fault("these hours never open", format!("allowed: {HOURS}"));
    }
    table.finish(&[]);
    Some(week)
}

fn spans(item: &Item<'_>) -> Option<Vec<DaySpan>> {
    let each = "a span of the day with the end after the start, such as \"09:00-12:30\" (the end \
                may be 24:00; over midnight takes two spans)";
    match item.value {
        DeValue::Array(_) => {
            let spans: Vec<_> = item
                .list(HOURS)
                .iter()
                .map(|item| item.parsed(each))
                .collect();
            spans.into_iter().collect()
        }
        DeValue::String(_) => item.parsed(each).map(|span| vec![span]),
        _ => {
            item.expected(HOURS);
            None
        }
    }
}

fn attempts(table: Section<'_>) -> AttemptCaps {
    let mut caps = AttemptCaps::default();
    caps.per_day = table.u32("per_day", 0..=1000).unwrap_or(caps.per_day);
    caps.per_30_days = table
        .u32("per_30_days", 0..=1000)
        .unwrap_or(caps.per_30_days);
    caps.min_gap = table
        .duration("min_gap", 0..=30 * 86_400)
        .unwrap_or(caps.min_gap);
    table.finish(&[]);
    caps
}

fn place(table: &Section<'_>) -> (Option<String>, Option<String>) {
    let country = table
        .get("country")
        .and_then(|item| super::node_read::country(&item));
    let state = table
        .string("state")
        .map(|state| state.to_ascii_uppercase());
    if let (Some(_), None) = (&state, table.raw("country")) {
        table.fault("a state without its country", "add country = \"US\", say");
    }
    (country, state)
}

fn extra_rule(table: Section<'_>) -> Option<ExtraRule> {
    let id = table
        .required("id", "\"our-evening-rule\"")
        .and_then(|item| item.string());
    let hours = table
        .required("hours", "\"09:00-18:00\"")
        .and_then(|item| hours(&item));
    let (country, state) = place(&table);
    let citation = table.string("citation").unwrap_or_default();
    table.finish(&[]);
    Some(ExtraRule {
        id: id?,
        country,
        state,
        hours: hours?,
        citation,
    })
}

fn blackout(table: Section<'_>) -> Option<Blackout> {
    let instant = |key| {
        table
            .required(key, "\"2026-12-24T18:00\"")
            .and_then(|item| {
                item.parsed::<DateTime>(
                    "a local date and time in quotes, such as \"2026-12-24T18:00\"",
                )
            })
    };
    let (from, to) = (instant("from"), instant("to"));
    let zone = table.get("zone").and_then(|item| zone(&item));
    let why = table.string("why").unwrap_or_default();
    if let (Some(from), Some(to), Some(item)) = (from, to, table.raw("to"))
        && to <= from
    {
        item.fault(
            format!("the blackout ends at {to}, before it begins"),
            "allowed: a time after `from`",
        );
    }
    table.finish(&[]);
    Some(Blackout {
        from: from?,
        to: to?,
        zone,
        why,
    })
}

fn holiday(table: Section<'_>) -> Option<Holiday> {
    let date = table
        .required("date", "\"2026-12-25\"")
        .and_then(|item| item.parsed::<Date>("a date in quotes, such as \"2026-12-25\""));
    let (country, state) = place(&table);
    let why = table.string("why").unwrap_or_default();
    table.finish(&[]);
    Some(Holiday {
        date: date?,
        country,
        state,
        why,
    })
}

/// `[campaign.retry]`: bounds, and a table `{ after, most }` per outcome. `"never"` makes an
/// outcome final.
pub(super) fn retry(table: &Section<'_>, rules: &mut RetryRules) {
    let Some(table) = table.section("retry") else {
        return;
    };
    let next = table.duration("next_number_after", 0..=30 * 86_400);
    rules.next_number_after = next.unwrap_or(rules.next_number_after);
    rules.attempts_max = table
        .u32("attempts_max", 1..=1000)
        .unwrap_or(rules.attempts_max);
    for outcome in Outcome::ALL {
        let final_anyway = matches!(
            outcome,
            Outcome::Connected | Outcome::InboundMessage | Outcome::InboundLost
        );
        if final_anyway {
            continue;
        }
        let name = outcome.name();
        let Some(item) = table.get(name) else {
            continue;
        };
        if item.text() == Some("never") {
            rules.rules.remove(name);
        } else if let DeValue::Table(_) = item.value {
            let default = rules.rules.get(name).copied();
            rules
                .rules
                .extend(retry_rule(&item, default).map(|rule| (name.to_owned(), rule)));
        } else {
            item.expected("a table such as { after = \"10m\", most = 6 }, or \"never\"");
        }
    }
    table.finish(&[]);
}

fn retry_rule(item: &Item<'_>, default: Option<RetryRule>) -> Option<RetryRule> {
    let table = item.section()?;
    let after = table
        .duration("after", 1..=365 * 86_400)
        .or(default.map(|d| d.after));
    let most = table.u32("most", 0..=1000).or(default.map(|d| d.most));
    table.finish(&[]);
    Some(RetryRule {
        after: after.unwrap_or(Duration::from_secs(3600)),
        most: most.unwrap_or(1),
    })
}
