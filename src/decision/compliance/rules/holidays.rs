//! Public holidays by calculation.

/// A set of public holidays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolidayCalendar {
    /// United States, federal (5 U.S.C. 6103): the day itself and the day it is observed.
    UsFederal,
    /// Australia, national.
    AuNational,
    /// France (Code du travail L3133-1).
    Fr,
    /// Germany, those of every Land.
    De,
}
