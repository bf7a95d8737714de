//! Hours of the week in somebody's local time.

use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Minutes in a day of 24 hours.
const DAY_MINUTES: u16 = 24 * 60;

/// A stretch of one day, `[from, to)`, in minutes after local midnight. Written
/// `09:00-12:30`; the end may be `24:00`. Never crosses midnight: two days take two spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DaySpan {
    from: u16,
    to: u16,
}

/// A text that is not a [`DaySpan`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a span of a day: write HH:MM-HH:MM with the end after the start, such as 09:00-12:30"
)]
pub struct NotADaySpan(pub String);

impl DaySpan {
    /// The whole day.
    pub const ALL_DAY: DaySpan = DaySpan {
        from: 0,
        to: DAY_MINUTES,
    };

    /// A span in minutes after midnight; `None` unless `from < to <= 1440`.
    pub fn new(from: u16, to: u16) -> Option<Self> {
        (from < to && to <= DAY_MINUTES).then_some(Self { from, to })
    }

    /// First minute that is inside.
    pub fn from_minute(self) -> u16 {
        self.from
    }

    /// First minute that is no longer inside.
    pub fn to_minute(self) -> u16 {
        self.to
    }
}

impl fmt::Display for DaySpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (a, b) = (self.from, self.to);
        write!(f, "{:02}:{:02}-{:02}:{:02}", a / 60, a % 60, b / 60, b % 60)
    }
}

impl FromStr for DaySpan {
    type Err = NotADaySpan;

    fn from_str(text: &str) -> Result<Self, NotADaySpan> {
        let minute = |part: &str| -> Option<u16> {
            let (h, m) = part.trim().split_once(':')?;
            let two = |t: &str| {
                (t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit()))
                    .then(|| t.parse::<u16>().ok())?
            };
            let (h, m) = (two(h)?, two(m)?);
            (m < 60).then_some(h * 60 + m)
        };
        text.split_once('-')
            .and_then(|(from, to)| DaySpan::new(minute(from)?, minute(to)?))
            .ok_or_else(|| NotADaySpan(text.to_owned()))
    }
}

impl TryFrom<String> for DaySpan {
    type Error = NotADaySpan;
    fn try_from(text: String) -> Result<Self, NotADaySpan> {
        text.parse()
    }
}

impl From<DaySpan> for String {
    fn from(span: DaySpan) -> String {
        span.to_string()
    }
}

/// When calls may be placed, by day of the week. A day without spans is closed.
///
/// As configuration, the short forms `daily`, `weekdays` (Monday to Friday) and `weekends`
/// fill several days; a day given by name wins over them, and `[]` closes it:
/// `hours = { weekdays = ["09:00-12:00", "13:00-20:00"], saturday = ["10:00-16:00"] }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WeekText", into = "WeekText")]
pub struct WeekHours {
    /// Monday first. Each day's spans are sorted and do not touch.
    days: [Vec<DaySpan>; 7],
}

/// How [`WeekHours`] is written. Every field is always present in binary forms.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WeekText {
    daily: Option<Vec<DaySpan>>,
    weekdays: Option<Vec<DaySpan>>,
    weekends: Option<Vec<DaySpan>>,
    monday: Option<Vec<DaySpan>>,
    tuesday: Option<Vec<DaySpan>>,
    wednesday: Option<Vec<DaySpan>>,
    thursday: Option<Vec<DaySpan>>,
    friday: Option<Vec<DaySpan>>,
    saturday: Option<Vec<DaySpan>>,
    sunday: Option<Vec<DaySpan>>,
}

impl WeekHours {
    /// Hours from each day's spans, Monday first. Spans that touch or overlap are joined.
    pub fn new(days: [Vec<DaySpan>; 7]) -> Self {
        Self {
            days: days.map(joined),
        }
    }

    /// The same spans every day.
    pub fn daily(spans: &[DaySpan]) -> Self {
        Self::new(std::array::from_fn(|_| spans.to_vec()))
    }

    /// Open around the clock.
    pub fn always() -> Self {
        Self::daily(&[DaySpan::ALL_DAY])
    }

    /// The spans of a day, in order.
    pub fn on(&self, day: Weekday) -> &[DaySpan] {
        &self.days[day.to_monday_zero_offset() as usize]
    }

    /// The spans of the day `monday_zero` (0 = Monday … 6 = Sunday).
    pub(super) fn on_index(&self, monday_zero: usize) -> &[DaySpan] {
        &self.days[monday_zero]
    }

    /// Whether no day has a span.
    pub fn is_never(&self) -> bool {
        self.days.iter().all(Vec::is_empty)
    }
}

fn joined(mut spans: Vec<DaySpan>) -> Vec<DaySpan> {
    spans.sort_unstable();
    let mut out: Vec<DaySpan> = Vec::with_capacity(spans.len());
    for span in spans {
        match out.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => out.push(span),
        }
    }
    out
}

impl From<WeekText> for WeekHours {
    fn from(text: WeekText) -> Self {
        let named = [
            text.monday,
            text.tuesday,
            text.wednesday,
            text.thursday,
            text.friday,
            text.saturday,
            text.sunday,
        ];
        let (weekdays, weekends, daily) = (text.weekdays, text.weekends, text.daily);
        let mut index = 0;
        WeekHours::new(named.map(|day| {
            let group = if index < 5 { &weekdays } else { &weekends };
            index += 1;
            day.or_else(|| group.clone())
                .or_else(|| daily.clone())
                .unwrap_or_default()
        }))
    }
}

impl From<WeekHours> for WeekText {
    fn from(week: WeekHours) -> Self {
        let [
            monday,
            tuesday,
            wednesday,
            thursday,
            friday,
            saturday,
            sunday,
        ] = week.days.map(Some);
        WeekText {
            monday,
            tuesday,
            wednesday,
            thursday,
            friday,
            saturday,
            sunday,
            ..WeekText::default()
        }
    }
}

impl fmt::Display for WeekHours {
    /// Runs of equal days, such as `Mon-Fri 09:00-20:00, Sat 10:00-19:00`; `never` if empty.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let mut first = 0;
        let mut written = false;
        while first < 7 {
            let mut last = first;
            while last < 6 && self.days[last + 1] == self.days[first] {
                last += 1;
            }
            if !self.days[first].is_empty() {
                let comma = if written { ", " } else { "" };
                written = true;
                match first == last {
                    true => write!(f, "{comma}{}", NAMES[first])?,
                    false => write!(f, "{comma}{}-{}", NAMES[first], NAMES[last])?,
                }
                for (n, span) in self.days[first].iter().enumerate() {
                    write!(f, "{}{span}", if n == 0 { " " } else { " and " })?;
                }
            }
            first = last + 1;
        }
        if !written {
            f.write_str("never")?;
        }
        Ok(())
    }
}
