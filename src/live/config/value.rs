//! Values as people write them: spans of time, numbers with bounds, hours of the day.

use std::ops::RangeInclusive;
use std::time::Duration;
use toml::de::DeValue;

/// Why a value was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// What is wrong, where "found …" does not say it.
    pub(crate) problem: Option<String>,
    /// What may stand there.
    pub(crate) allowed: String,
}

/// A value in words: what it is and how it is written.
pub(crate) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.chars().count() > 60 => {
            let head: String = text.chars().take(57).collect();
            format!("\"{head}...\"")
        }
        DeValue::String(text) => format!("\"{text}\""),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(date) => format!("the date {date} without quotes"),
        DeValue::Array(list) => format!("a list of {}", list.len()),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// "did you mean …" where a name is close, then all of them.
pub(crate) fn suggestion(word: &str, names: &[&str], label: &str) -> String {
    let word = word.to_ascii_lowercase();
    let near = names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&word, name), *name))
        .min()
        .filter(|(distance, name)| {
            *distance
                <= if name.len() < 4 {
                    1
                } else {
                    (name.len() / 3).max(2)
                }
        })
        .map(|(_, name)| format!("did you mean `{name}`? "))
        .unwrap_or_default();
    let mut all: Vec<&str> = names.to_vec();
    all.sort_unstable();
    all.dedup();
    format!("{near}{label}: {}", all.join(", "))
}

/// Seconds in each unit of a span of time.
const UNITS: [(&str, f64); 6] = [
    ("ms", 0.001),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
    ("w", 604_800.0),
];

/// `90s`, `15m`, `1h30m`, `1h 30m`, `250ms`, `7d`, `2w`; `0` needs a unit as well.
pub(crate) fn span(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let amount: f64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == &rest[..letters])?;
        seconds += amount * unit;
        rest = rest[letters..].trim_start();
    }
    Duration::try_from_secs_f64(seconds).ok()
}

/// Units of sizes, each with its power of two.
const SIZES: [(&str, u32); 3] = [("KB", 10), ("MB", 20), ("GB", 30)];

/// `512KB`, `64MB`, `2 GB`: octets, in units of 1024.
pub(crate) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let letters = text.find(|c: char| !c.is_ascii_digit())?;
    let (amount, unit) = text.split_at(letters);
    let unit = unit.trim().to_ascii_uppercase();
    let (_, power) = SIZES.iter().find(|(name, _)| *name == unit)?;
    amount.parse::<u64>().ok()?.checked_mul(1 << power)
}

/// A span as it is best written.
pub(crate) fn write_span(span: Duration) -> String {
    if span.subsec_millis() != 0 || span.is_zero() {
        return match span.is_zero() {
            true => "0s".to_owned(),
            false => format!("{}ms", span.as_millis()),
        };
    }
    let mut left = span.as_secs();
    let mut out = String::new();
    for (name, seconds) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] {
        if left >= seconds {
            out.push_str(&format!("{}{name}", left / seconds));
            left %= seconds;
        }
    }
    out
}

pub(crate) fn duration(
    value: &DeValue<'_>,
    range: &RangeInclusive<Duration>,
) -> Result<Duration, Expected> {
    let (least, most) = (write_span(*range.start()), write_span(*range.end()));
    let allowed = format!(
        "a span of time from {least} to {most}, written with its units in quotes: \"1h30m5s\""
    );
    let bad = |problem| Expected { problem, allowed };
    match value {
        DeValue::String(text) => match span(text) {
            Some(span) if range.contains(&span) => Ok(span),
            Some(span) => {
                let word = if span < *range.start() {
                    "too short"
                } else {
                    "too long"
                };
                Err(bad(Some(format!("\"{text}\" is {word}"))))
            }
            None => Err(bad(Some(format!("\"{text}\" is not a span of time")))),
        },
        DeValue::Integer(number) => {
            let problem = format!("the number {number} has no unit (did you mean \"{number}s\"?)");
            Err(bad(Some(problem)))
        }
        _ => Err(bad(None)),
    }
}

pub(crate) fn integer(value: &DeValue<'_>, range: &RangeInclusive<u64>) -> Result<u64, Expected> {
    let (least, most) = (range.start(), range.end());
    let allowed = match *most {
        u64::MAX => format!("a whole number from {least} on, without quotes"),
        most => format!("a whole number from {least} to {most}, without quotes"),
    };
    let read = match value {
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            u64::from_str_radix(digits.trim_start_matches('+'), number.radix()).ok()
        }
        _ => None,
    };
    read.filter(|n| range.contains(n)).ok_or(Expected {
        problem: None,
        allowed,
    })
}

pub(crate) fn number(
    value: &DeValue<'_>,
    range: &RangeInclusive<f64>,
    example: &str,
) -> Result<f64, Expected> {
    let read: Option<f64> = match value {
        DeValue::Integer(number) => number.to_string().parse().ok(),
        DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
        _ => None,
    };
    let (least, most) = (range.start(), range.end());
    read.filter(|n| range.contains(n)).ok_or_else(|| Expected {
        problem: None,
        allowed: format!("a number from {least} to {most}, without quotes, such as {example}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_read_and_write() {
        for (text, seconds) in [
            ("15s", 15.0),
            ("2m", 120.0),
            ("1h30m", 5400.0),
            ("1h 30m", 5400.0),
            ("250ms", 0.25),
            ("7d", 604_800.0),
            ("1.5h", 5400.0),
            ("0s", 0.0),
        ] {
            assert_eq!(span(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
        for bad in [
            "",
            "15",
            "s",
            "15x",
            "1h30",
            "-5s",
            "1e9s",
            "5 minutes",
            "1..5s",
        ] {
            assert_eq!(span(bad), None, "{bad}");
        }
        for text in ["15s", "1h30m", "1d", "250ms", "0s", "2m"] {
            assert_eq!(write_span(span(text).unwrap()), text);
        }
    }

    #[test]
    fn sizes_need_their_unit() {
        for (text, octets) in [("64MB", 64 << 20), ("1 kb", 1024), ("2GB", 2 << 30)] {
            assert_eq!(size(text), Some(octets), "{text}");
        }
        for bad in [
            "",
            "64",
            "MB",
            "64M",
            "-1MB",
            "1.5GB",
            "99999999999999999GB",
        ] {
            assert_eq!(size(bad), None, "{bad}");
        }
    }

    #[test]
    fn near_names_are_suggested_far_ones_are_not() {
        let names = ["ring_timeout", "retry", "mode"];
        assert!(suggestion("ring_timout", &names, "x").contains("did you mean `ring_timeout`"));
        assert!(suggestion("Mdoe", &names, "x").contains("did you mean `mode`"));
        assert!(!suggestion("colour", &names, "x").contains("did you mean"));
    }
}
