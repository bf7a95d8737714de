//! Settings under the names other dialers give them. Each is read, converted and noted, so that
//! a migrated file works and tells what to write instead.

use super::campaign_read::CLOCKS;
use super::section::{Item, Section};
use carillon_decision::campaign::{AbandonmentClock, CampaignConfig};
use carillon_decision::compliance::{DaySpan, WeekHours};
use carillon_decision::pacing::Mode;
use std::time::Duration;

/// What a foreign name becomes.
struct Alias {
    /// The other dialer's name.
    name: &'static str,
    /// Ours, which must not stand beside it.
    own: &'static str,
    /// Whose name it is.
    from: &'static str,
    /// Reads and converts; says what it became, `None` after recording a fault.
    apply: fn(&Item<'_>, &mut CampaignConfig) -> Option<String>,
}

/// VICIdial, Amazon Connect and Cisco names with a counterpart.
const ALIASES: [Alias; 11] = [
    Alias {
        name: "auto_dial_level",
        own: "ratio",
        from: "VICIdial",
        apply: ratio,
    },
    Alias {
        name: "adaptive_maximum_level",
        own: "max_lines_per_agent",
        from: "VICIdial",
        apply: lines,
    },
    Alias {
        name: "maxLinesPerAgent",
        own: "max_lines_per_agent",
        from: "Cisco",
        apply: lines,
    },
    Alias {
        name: "adaptive_dropped_percentage",
        own: "cap",
        from: "VICIdial",
        apply: cap_percent,
    },
    Alias {
        name: "callAbandonLimit",
        own: "cap",
        from: "Cisco",
        apply: cap_percent,
    },
    Alias {
        name: "targetRate",
        own: "cap",
        from: "Amazon Connect",
        apply: cap_percent,
    },
    Alias {
        name: "dial_timeout",
        own: "ring_timeout",
        from: "VICIdial",
        apply: ring_timeout,
    },
    Alias {
        name: "drop_call_seconds",
        own: "abandonment",
        from: "VICIdial",
        apply: within,
    },
    Alias {
        name: "connectionThresholdSeconds",
        own: "abandonment",
        from: "Amazon Connect",
        apply: within,
    },
    Alias {
        name: "connectionStartPoint",
        own: "abandonment",
        from: "Amazon Connect",
        apply: clock,
    },
    Alias {
        name: "local_call_time",
        own: "hours",
        from: "VICIdial",
        apply: hours,
    },
];

/// Names without a counterpart, and why.
const RETIRED: [(&str, &str); 5] = [
    (
        "adaptive_intensity",
        "predictive mode finds its own pace; remove it",
    ),
    (
        "adaptive_dl_diff_target",
        "predictive mode finds its own pace; remove it",
    ),
    (
        "adaptive_latest_server_time",
        "the cap is held all day; remove it",
    ),
    (
        "available_only_ratio_tally",
        "lines are counted against the agents who become free; remove it",
    ),
    (
        "evaluationWindow",
        "write cap_window = \"day\", \"24h\" or \"30d\"",
    ),
];

/// Every foreign name that [`campaign`] handles.
pub(super) fn names() -> Vec<&'static str> {
    let aliases = ALIASES.iter().map(|alias| alias.name);
    aliases
        .chain(RETIRED.iter().map(|(name, _)| *name))
        .collect()
}

/// Applies the foreign names of a campaign.
pub(super) fn campaign(table: &Section<'_>, config: &mut CampaignConfig) {
    for (name, remedy) in RETIRED {
        if let Some(item) = table.raw(name) {
            item.fault(format!("`{name}` has no counterpart here"), remedy);
        }
    }
    for alias in &ALIASES {
        let Some(item) = table.raw(alias.name) else {
            continue;
        };
        if table.raw(alias.own).is_some() {
            item.fault(
                format!("`{}` and `{}` set the same thing", alias.name, alias.own),
                format!("keep `{}`, remove `{}`", alias.own, alias.name),
            );
        } else if let Some(became) = (alias.apply)(&item, config) {
            let text = format!("{}'s name: read as {became}", alias.from);
            item.doc.note(item.span.clone(), &item.path, text);
        }
    }
    // A dial level means something in a mode that dials by ratio only.
    if let (Some(item), Some(mode)) = (table.raw("auto_dial_level"), table.raw("mode"))
        && !mode.text().is_some_and(|mode| mode.starts_with("manual"))
    {
        item.fault(
            "`auto_dial_level` is a fixed ratio, and `mode` asks for another pacing",
            "remove `auto_dial_level` and let the mode find its pace, or write mode = \"manual\" \
             and ratio = …",
        );
    }
}

fn ratio(item: &Item<'_>, config: &mut CampaignConfig) -> Option<String> {
    let ratio = plain(item, 0.0..=100.0)?;
    config.tuning.mode = Mode::ManualRatio { ratio };
    Some(format!("mode = \"manual\", ratio = {ratio}"))
}

fn lines(item: &Item<'_>, config: &mut CampaignConfig) -> Option<String> {
    let lines = plain(item, 0.1..=1000.0)?;
    config.tuning.max_lines_per_agent = lines;
    Some(format!("max_lines_per_agent = {lines}"))
}

fn cap_percent(item: &Item<'_>, config: &mut CampaignConfig) -> Option<String> {
    // A share mistaken for percent would all but stop the floor: 0.03 % for 3 %.
    let cap = plain(item, 0.1..=99.0)? / 100.0;
    config.tuning.cap = cap;
    Some(format!("cap = {cap} (percent turned into a share)"))
}

fn ring_timeout(item: &Item<'_>, config: &mut CampaignConfig) -> Option<String> {
    config.ring_timeout = Duration::from_secs(item.integer(super::campaign_read::RING_TIMEOUT_S)?);
    Some(format!(
        "ring_timeout = \"{}s\"",
        config.ring_timeout.as_secs()
    ))
}

fn within(item: &Item<'_>, config: &mut CampaignConfig) -> Option<String> {
    config.abandonment.within = Duration::from_secs(item.integer(0..=60)?);
    Some(format!(
        "abandonment.within = \"{}s\"",
        config.abandonment.within.as_secs()
    ))
}

fn clock(item: &Item<'_>, config: &mut CampaignConfig) -> Option<String> {
    config.abandonment.clock = item.choice(&[
        ("connected_to_system", AbandonmentClock::Answer),
        // The greeting begins right after the answer: the stricter of our two clocks.
        ("greeting_start", AbandonmentClock::Answer),
        ("greeting_end", AbandonmentClock::GreetingEnd),
    ])?;
    let (name, _) = CLOCKS
        .iter()
        .find(|(_, clock)| *clock == config.abandonment.clock)?;
    Some(format!("abandonment.clock = \"{name}\""))
}

/// `24hours`, `9am-9pm`, `12pm-5pm`.
fn hours(item: &Item<'_>, config: &mut CampaignConfig) -> Option<String> {
    let span = item.text().and_then(|text| match text {
        "24hours" => Some(DaySpan::ALL_DAY),
        text => {
            let (from, to) = text.split_once('-')?;
            DaySpan::new(half_day(from)?, half_day(to)?)
        }
    });
    let Some(span) = span else {
        item.expected(
            "\"24hours\" or a span such as \"9am-9pm\"; better write hours = \"09:00-21:00\"",
        );
        return None;
    };
    config.compliance.hours = Some(WeekHours::daily(&[span]));
    Some(format!("hours = \"{span}\""))
}

/// Minutes after midnight of `9am`, `12pm`.
fn half_day(text: &str) -> Option<u16> {
    let (digits, noon) = match text.strip_suffix("am") {
        Some(digits) => (digits, 0),
        None => (text.strip_suffix("pm")?, 12),
    };
    let hour = digits
        .parse::<u16>()
        .ok()
        .filter(|hour| (1..=12).contains(hour))?;
    Some((hour % 12 + noon) * 60)
}

/// A number, with or without quotes: exports of other dialers quote everything.
fn plain(item: &Item<'_>, range: std::ops::RangeInclusive<f64>) -> Option<f64> {
    match item.text().and_then(|text| text.trim().parse::<f64>().ok()) {
        Some(number) if range.contains(&number) => Some(number),
        _ => item.number(range, "3"),
    }
}
