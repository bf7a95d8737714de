//! Open and closed stretches of time on a zone's local clock.

use super::hours::WeekHours;
use super::rules::HolidayCalendar;
use super::zones::Zone;
use crate::time::Wall;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, date};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = Wall::DAY_MS;

/// When a local clock may be rung, by that clock.
#[derive(Clone, Debug)]
pub(super) enum Timetable {
    /// Hours of the week, closed on public holidays.
    Week {
        hours: WeekHours,
        calendar: Option<HolidayCalendar>,
    },
    /// Open but for `[from, to)`, in local milliseconds.
    Closed { from: i64, to: i64 },
}

/// Local milliseconds of a civil time.
pub(super) fn civil_ms(at: DateTime) -> i64 {
    date(1970, 1, 1)
        .at(0, 0, 0, 0)
        .duration_until(at)
        .as_millis()
        .try_into()
        .unwrap_or(i64::MAX)
}

/// The civil date of a day counted from 1970-01-01.
pub(super) fn date_of(day: i64) -> Date {
    date(1970, 1, 1).saturating_add(day.clamp(-4_000_000, 2_900_000).days())
}

/// The day of local milliseconds.
pub(super) fn day_of(local: i64) -> i64 {
    local.div_euclid(DAY_MS)
}

impl Timetable {
    /// Whether the local time is open.
    pub(super) fn is_open_local(&self, local: i64) -> bool {
        match self {
            Timetable::Closed { from, to } => !(*from..*to).contains(&local),
            Timetable::Week { .. } => {
                let day = day_of(local);
                self.spans(day)
                    .any(|(from, to)| (from..to).contains(&(local - day * DAY_MS)))
            }
        }
    }

    /// Whether `day` is a public holiday that closes otherwise open hours.
    pub(super) fn holiday_on(&self, day: i64) -> bool {
        match self {
            Timetable::Week { hours, calendar } => {
                !hours.on_index(weekday(day)).is_empty()
                    && calendar.is_some_and(|c| c.contains(date_of(day)))
            }
            Timetable::Closed { .. } => false,
        }
    }

    /// The day's open spans in milliseconds after its midnight.
    fn spans(&self, day: i64) -> impl Iterator<Item = (i64, i64)> {
        let spans = match self {
            Timetable::Week { hours, .. } if !self.holiday_on(day) => hours.on_index(weekday(day)),
            _ => &[],
        };
        spans.iter().map(|span| {
            let ms = |minute: u16| i64::from(minute) * MINUTE_MS;
            (ms(span.from_minute()), ms(span.to_minute()))
        })
    }

    /// The first local time in `[start, end)` that is open, or closed, as wanted.
    fn next_local(&self, start: i64, end: i64, open: bool) -> Option<i64> {
        let found = match self {
            Timetable::Closed { from, to } => match ((*from..*to).contains(&start), open) {
                (false, true) | (true, false) => Some(start),
                (true, true) => Some(*to),
                (false, false) => (start < *from).then_some(*from),
            },
            Timetable::Week { hours, .. } if open && hours.is_never() => None,
            Timetable::Week { .. } if open => self.next_open_in_week(start, end),
            Timetable::Week { .. } => self.next_closed_in_week(start, end),
        };
        found.filter(|local| *local < end)
    }

    fn next_open_in_week(&self, start: i64, end: i64) -> Option<i64> {
        let mut day = day_of(start);
        while day * DAY_MS < end {
            let midnight = day * DAY_MS;
            let found = self
                .spans(day)
                .find(|(_, to)| start < midnight + to)
                .map(|(from, _)| start.max(midnight + from));
            if found.is_some() {
                return found;
            }
            day += 1;
        }
        None
    }

    fn next_closed_in_week(&self, start: i64, end: i64) -> Option<i64> {
        let mut at = start;
        while at < end {
            let midnight = day_of(at) * DAY_MS;
            let inside = |(from, to): &(i64, i64)| (*from..*to).contains(&(at - midnight));
            match self.spans(day_of(at)).find(inside) {
                None => return Some(at),
                Some((_, to)) => at = midnight + to,
            }
        }
        None
    }

    /// The first instant in `[from, limit]` whose local time is open, or closed, as wanted.
    pub(super) fn next(&self, zone: &Zone, from: Wall, limit: Wall, open: bool) -> Option<Wall> {
        zone.first_local(from, limit, |start, end| self.next_local(start, end, open))
    }
}

/// Monday is 0; 1970-01-01 was a Thursday.
fn weekday(day: i64) -> usize {
    (day + 3).rem_euclid(7) as usize
}
