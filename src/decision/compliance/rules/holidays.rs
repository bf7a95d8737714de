//! Public holidays by calculation.

use jiff::civil::{Date, Weekday, date};

/// A set of public holidays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolidayCalendar {
    /// United States, federal (5 U.S.C. 6103): the day itself and the day it is observed.
    UsFederal,
    /// Australia, national, with substitute days.
    AuNational,
    /// France (Code du travail, art. L. 3133-1).
    Fr,
    /// Germany, those of every Land.
    De,
}

/// How a holiday falls.
#[derive(Clone, Copy)]
enum Falls {
    /// On a month and day.
    On(i8, i8),
    /// On a month and day; on a weekend, the weekday it moves to is closed too.
    OnOrMoved(i8, i8, Moves),
    /// Days after Easter Sunday.
    Easter(i64),
    /// On the nth such weekday of a month; -1 is the last.
    Nth(i8, i8, Weekday),
}

#[derive(Clone, Copy)]
enum Moves {
    /// Saturday to Friday, Sunday to Monday.
    Nearest,
    /// To the next Monday.
    Monday,
    /// To the next Monday, or Tuesday when the Monday is taken by a neighbour.
    MondayOrTuesday,
}

use Falls::{Easter, Nth, On, OnOrMoved};

const US_FEDERAL: &[Falls] = &[
    OnOrMoved(1, 1, Moves::Nearest),
    Nth(1, 3, Weekday::Monday),
    Nth(2, 3, Weekday::Monday),
    Nth(5, -1, Weekday::Monday),
    OnOrMoved(6, 19, Moves::Nearest),
    OnOrMoved(7, 4, Moves::Nearest),
    Nth(9, 1, Weekday::Monday),
    Nth(10, 2, Weekday::Monday),
    OnOrMoved(11, 11, Moves::Nearest),
    Nth(11, 4, Weekday::Thursday),
    OnOrMoved(12, 25, Moves::Nearest),
];
const AU_NATIONAL: &[Falls] = &[
    OnOrMoved(1, 1, Moves::Monday),
    OnOrMoved(1, 26, Moves::Monday),
    Easter(-2),
    Easter(1),
    On(4, 25),
    OnOrMoved(12, 25, Moves::MondayOrTuesday),
    OnOrMoved(12, 26, Moves::MondayOrTuesday),
];
const FR: &[Falls] = &[
    On(1, 1),
    Easter(1),
    On(5, 1),
    On(5, 8),
    Easter(39),
    Easter(50),
    On(7, 14),
    On(8, 15),
    On(11, 1),
    On(11, 11),
    On(12, 25),
];
const DE: &[Falls] = &[
    On(1, 1),
    Easter(-2),
    Easter(1),
    On(5, 1),
    Easter(39),
    Easter(50),
    On(10, 3),
    On(12, 25),
    On(12, 26),
];

impl HolidayCalendar {
    /// Whether `day` is a holiday.
    pub fn contains(self, day: Date) -> bool {
        let list = match self {
            HolidayCalendar::UsFederal => US_FEDERAL,
            HolidayCalendar::AuNational => AU_NATIONAL,
            HolidayCalendar::Fr => FR,
            HolidayCalendar::De => DE,
        };
        list.iter().any(|falls| falls.on(day))
    }
}

impl Falls {
    fn on(self, day: Date) -> bool {
        match self {
            On(month, dom) => (day.month(), day.day()) == (month, dom),
            OnOrMoved(month, dom, moves) => On(month, dom).on(day) || moves.onto(day, month, dom),
            Easter(after) => days_between(easter(day.year()), day) == after,
            Nth(month, nth, weekday) => {
                day.month() == month
                    && day
                        .nth_weekday_of_month(nth, weekday)
                        .is_ok_and(|d| d == day)
            }
        }
    }
}

impl Moves {
    /// Whether `day` stands in for the holiday on `month`/`dom`.
    fn onto(self, day: Date, month: i8, dom: i8) -> bool {
        // A holiday of January may be observed in December of the year before.
        [day.year(), day.year().saturating_add(1)]
            .into_iter()
            .any(|year| {
                let Ok(holiday) = Date::new(year, month, dom) else {
                    return false;
                };
                let away = days_between(holiday, day);
                let weekday = holiday.weekday();
                match (self, weekday) {
                    (Moves::Nearest, Weekday::Saturday) => away == -1,
                    (_, Weekday::Sunday) => {
                        away == 1 || (matches!(self, Moves::MondayOrTuesday) && away == 2)
                    }
                    (Moves::Monday | Moves::MondayOrTuesday, Weekday::Saturday) => away == 2,
                    _ => false,
                }
            })
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    epoch_day(to) - epoch_day(from)
}

/// Days since 1970-01-01.
pub(in super::super) fn epoch_day(day: Date) -> i64 {
    date(1970, 1, 1).duration_until(day).as_hours() / 24
}

/// Easter Sunday of the Gregorian calendar (the anonymous algorithm, *Nature* 13, 1876).
fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    let (month, day) = (n / 31, n % 31 + 1);
    // The algorithm yields 22 March to 25 April for every year.
    date(year, month as i8, day as i8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn all(calendar: HolidayCalendar, year: i16) -> Vec<String> {
        let mut day = date(year, 1, 1);
        let mut out = Vec::new();
        while day.year() == year {
            if calendar.contains(day) {
                out.push(day.strftime("%m-%d").to_string());
            }
            day = day.tomorrow().unwrap();
        }
        out
    }

    #[test]
    fn easter_falls_where_tables_say() {
        for (year, month, day) in [(2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2038, 4, 25)] {
            assert_eq!(easter(year), date(year, month, day));
        }
    }

    #[test]
    fn national_calendars_of_2026() {
        assert_eq!(
            all(HolidayCalendar::Fr, 2026),
            [
                "01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01",
                "11-11", "12-25"
            ]
        );
        assert_eq!(
            all(HolidayCalendar::De, 2026),
            [
                "01-01", "04-03", "04-06", "05-01", "05-14", "05-25", "10-03", "12-25", "12-26"
            ]
        );
        // Boxing Day 2026 is a Saturday: Monday the 28th stands in.
        assert_eq!(
            all(HolidayCalendar::AuNational, 2026),
            [
                "01-01", "01-26", "04-03", "04-06", "04-25", "12-25", "12-26", "12-28"
            ]
        );
        // Independence Day 2026 is a Saturday: Friday the 3rd is closed too.
        assert_eq!(
            all(HolidayCalendar::UsFederal, 2026),
            [
                "01-01", "01-19", "02-16", "05-25", "06-19", "07-03", "07-04", "09-07", "10-12",
                "11-11", "11-26", "12-25"
            ]
        );
    }

    #[test]
    fn new_year_on_a_saturday_is_observed_the_year_before() {
        assert!(HolidayCalendar::UsFederal.contains(date(2027, 12, 31)));
        assert!(!HolidayCalendar::UsFederal.contains(date(2026, 12, 31)));
    }

    #[test]
    fn christmas_on_a_sunday_moves_past_boxing_day() {
        // 2022: Sunday 25th, Monday 26th, substitute on Tuesday 27th.
        let days = all(HolidayCalendar::AuNational, 2022);
        assert!(days.ends_with(&["12-25".into(), "12-26".into(), "12-27".into()]));
    }
}
