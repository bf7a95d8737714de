//! Why a lead may not be called now.

use super::permit::ZoneSource;
use crate::time::Wall;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A lead may not be called on that number now. A value, not an error: refusals are
/// counted, shown and recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The kind of reason.
    pub code: RefusalCode,
    /// The rule that refused (an id of the rule packs, of the user, or of this module).
    pub rule: String,
    /// The zone it was judged in, where one was.
    pub zone: Option<String>,
    /// Where that zone came from.
    pub source: Option<ZoneSource>,
    /// The earliest instant at which every rule would pass if nothing else changes;
    /// `None` when time alone never lifts the refusal.
    pub not_before: Option<Wall>,
    /// One sentence for people.
    pub detail: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Kinds of refusal. The names are stable: they are stored, counted and exported.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum RefusalCode { $($(#[$doc])* $variant,)* }

        impl RefusalCode {
            /// Every code, in the order the rules are checked.
            pub const ALL: &'static [RefusalCode] = &[$(RefusalCode::$variant),*];

            /// Stable name.
            pub fn name(self) -> &'static str {
                match self { $(RefusalCode::$variant => $name),* }
            }
        }
    };
}

codes! {
    /// The lead has no number at that index.
    NoNumber = "no_number",
    /// The number is known not to be in service.
    RetiredNumber = "retired_number",
    /// The number reaches an emergency service.
    EmergencyNumber = "emergency_number",
    /// A short code, not a subscriber's number.
    ShortNumber = "short_number",
    /// The number costs its caller more than a call (premium rate, shared cost).
    PremiumNumber = "premium_number",
    /// A pager, a voicemail access number and the like.
    SpecialNumber = "special_number",
    /// No such number in its country's numbering plan.
    InvalidNumber = "invalid_number",
    /// On a do-not-call list that applies.
    DoNotCall = "do_not_call",
    /// The number belongs to somebody else by now.
    Reassigned = "reassigned",
    /// Consent is missing or withdrawn.
    NoConsent = "no_consent",
    /// Nobody knows the callee's time zone.
    UnknownZone = "unknown_zone",
    /// A public holiday at the callee's place.
    Holiday = "holiday",
    /// A stretch the campaign keeps free of calls.
    Blackout = "blackout",
    /// Outside the calling hours of at least one plausible place.
    OutsideHours = "outside_hours",
    /// Too soon after the last attempt.
    MinGap = "min_gap",
    /// Too soon after an abandoned call, a machine or a conversation.
    CoolDown = "cool_down",
    /// As many attempts today, or in 24 hours, as the rules allow.
    AttemptsDay = "attempts_day",
    /// As many attempts in 7 days as a rule allows.
    AttemptsWeek = "attempts_week",
    /// As many attempts in 30 days as the rules allow.
    Attempts30Days = "attempts_30_days",
}

impl RefusalCode {
    /// The code of that stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// Whether the same number may pass later with no change but time. When it may not,
    /// the lead should leave the queue on that number.
    pub fn passes_with_time(self) -> bool {
        matches!(
            self,
            RefusalCode::Holiday
                | RefusalCode::Blackout
                | RefusalCode::OutsideHours
                | RefusalCode::MinGap
                | RefusalCode::CoolDown
                | RefusalCode::AttemptsDay
                | RefusalCode::AttemptsWeek
                | RefusalCode::Attempts30Days
        )
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
