//! The gate: turns a lead into a [`DialPermit`] or a [`Refusal`].
//!
//! Every rule of every place the callee may be in must allow the call, both at the instant
//! of dialing and at the end of the longest ring. Rules are dated data (`rules/`), the
//! numbers' places a generated table (`data/`), lists and history facts of the lead: the
//! same lead at the same instant is always judged alike.

mod callee;
mod compiled;
mod config;
mod constraint;
mod destination;
mod fixed;
mod gate;
mod hours;
mod number_kind;
mod permit;
mod places;
mod refusal;
mod rules;
mod serde_text;
mod timetable;
mod zones;

pub use config::{
    AUTO_PACK, AttemptCaps, Blackout, ComplianceRules, ExtraRule, Holiday, OWN_DNC_LIST,
    REASSIGNED_LIST, RulesError, UnknownZone,
};
pub use destination::places_of_number;
pub use gate::{Gate, RuleCheck};
pub use hours::{DaySpan, NotADaySpan, WeekHours};
pub use permit::{DialPermit, PermitSummary, RingLimits, RulePass, ZoneSource};
pub use refusal::{Refusal, RefusalCode};
pub use rules::{
    ALL_PARTY_STATES, AbandonClock, AbandonWindow, Abandonment, After, AllPartyState, Cap,
    CoolDown, HolidayCalendar, Purpose, RecordingLaw, Rule, RuleStatus, Week, built_in, packs,
    recording_law,
};

#[cfg(test)]
mod tests;
