//! Calling rules as dated data, a file per group. `docs/COMPLIANCE.md` lists them all.
//!
//! An engineering summary, not legal advice. Where sources conflict the stricter is shipped
//! and the note says so.

mod americas;
mod asia_pacific;
mod europe;
mod holidays;
mod house;
mod recording;
mod us;
mod us_states;

pub use holidays::HolidayCalendar;
pub(super) use holidays::epoch_day;
pub use recording::{ALL_PARTY_STATES, AllPartyState, RecordingLaw, recording_law};

use serde::{Deserialize, Serialize};

/// What a campaign's calls are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Selling or canvassing: bound by the strictest general rules, hence the default.
    #[default]
    Sales,
    /// Selling life insurance.
    LifeInsurance,
    /// Collecting debts.
    DebtCollection,
    /// Opinion polls and research.
    Research,
    /// Calls about a contract the person has (appointments, deliveries, complaints).
    Service,
}

/// How much a rule binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleStatus {
    /// Statute or regulation, read in a source.
    Law,
    /// An industry's code of practice.
    Code,
    /// The house's own policy, or the user's configuration.
    House,
    /// Believed to be law, known from secondary sources only.
    Secondary,
}

impl RuleStatus {
    /// Stable name, as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            RuleStatus::Law => "law",
            RuleStatus::Code => "code",
            RuleStatus::House => "house",
            RuleStatus::Secondary => "secondary",
        }
    }
}

/// A built-in rule: what one source says for one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Stable id, shown in refusals and records.
    pub id: &'static str,
    /// The pack it belongs to.
    pub pack: &'static str,
    /// ISO 3166-1 alpha-2 country; `None` means every place.
    pub country: Option<&'static str>,
    /// State as ISO 3166-2 without the country; `None` means the whole country.
    pub state: Option<&'static str>,
    /// Purposes it binds; empty means all.
    pub purposes: &'static [Purpose],
    /// Hours by weekday, Monday first, each span in minutes after local midnight.
    pub week: Option<Week>,
    /// Days on which no call is allowed.
    pub holidays: Option<HolidayCalendar>,
    /// Most attempts per stretch of days.
    pub caps: &'static [Cap],
    /// Waiting times after what happened on an earlier call.
    pub cool_downs: &'static [CoolDown],
    /// Local date (year, month, day) from which calls need consent.
    pub consent_from: Option<(i16, i8, i8)>,
    /// Shortest ring before giving up, in seconds.
    pub ring_at_least_s: Option<u16>,
    /// Longest ring, in seconds.
    pub ring_at_most_s: Option<u16>,
    /// Limit on abandoned calls; the ledger applies it.
    pub abandonment: Option<Abandonment>,
    /// Also binds where only the number's area code, not the address, is in the place.
    pub by_area_code: bool,
    /// Hours that apply only where no other rule gives hours.
    pub fallback: bool,
    /// Not part of `auto`: applies only where its pack is named.
    pub opt_in: bool,
    /// Where it is written.
    pub citation: &'static str,
    /// How much it binds.
    pub status: RuleStatus,
    /// The day the rule was last compared with its source's summary, `YYYY-MM-DD`.
    pub checked: &'static str,
    /// What else it asks for, doubts, and what is not enforced here.
    pub note: &'static str,
}

/// Spans by weekday, Monday first.
pub type Week = [&'static [(u16, u16)]; 7];

/// Most attempts in any `days` times 24 hours; one day also counts by the callee's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Attempts allowed.
    pub count: u32,
    /// Length of the window: 1, 7 or 30.
    pub days: u16,
}

/// A waiting time after something that happened on an earlier call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoolDown {
    /// What happened.
    pub after: After,
    /// Hours to wait.
    pub hours: u32,
    /// A call with an agent reserved beforehand need not wait.
    pub lifted_by_agent: bool,
}

/// What starts a [`CoolDown`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// An answering machine, the same number only.
    Machine,
    /// An abandoned call.
    Abandoned,
    /// A conversation.
    Connected,
}

/// Limit on abandoned calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abandonment {
    /// Largest share of live answers, in thousandths.
    pub permille_max: u16,
    /// The window it is taken over.
    pub window: AbandonWindow,
    /// Longest wait of an answered person before the call counts as abandoned, in ms.
    pub wait_ms_max: u16,
    /// When that wait starts.
    pub clock: AbandonClock,
}

/// The window an abandonment share is taken over, per campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbandonWindow {
    /// Any 24 hours.
    Hours24,
    /// 30 days, one after the other.
    Days30,
    /// A calendar month.
    CalendarMonth,
}

/// When the wait of an answered person starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbandonClock {
    /// At the answer.
    Answer,
    /// At the end of the person's greeting; at the answer when there is none.
    GreetingEnd,
}

impl Rule {
    /// What a rule is before its source says otherwise.
    const BASE: Rule = Rule {
        id: "",
        pack: "",
        country: None,
        state: None,
        purposes: &[],
        week: None,
        holidays: None,
        caps: &[],
        cool_downs: &[],
        consent_from: None,
        ring_at_least_s: None,
        ring_at_most_s: None,
        abandonment: None,
        by_area_code: false,
        fallback: false,
        opt_in: false,
        citation: "",
        status: RuleStatus::Secondary,
        checked: "2026-11-21",
        note: "",
    };
}

/// Minutes after midnight of a whole hour.
const fn h(hour: u16) -> u16 {
    hour * 60
}

/// The same span every day.
const fn every_day(span: &'static [(u16, u16)]) -> Week {
    [span; 7]
}

/// Monday to Friday, Saturday, Sunday.
const fn week(
    weekdays: &'static [(u16, u16)],
    saturday: &'static [(u16, u16)],
    sunday: &'static [(u16, u16)],
) -> Week {
    let w = weekdays;
    [w, w, w, w, w, saturday, sunday]
}

/// No hours at all.
const CLOSED: &[(u16, u16)] = &[];

/// Every built-in rule, in a fixed order.
pub fn built_in() -> impl Iterator<Item = &'static Rule> {
    [
        us::RULES,
        us_states::RULES,
        americas::RULES,
        europe::RULES,
        asia_pacific::RULES,
        house::RULES,
    ]
    .into_iter()
    .flatten()
}

/// Names of the built-in packs, in order, each once.
pub fn packs() -> Vec<&'static str> {
    let mut names = Vec::new();
    for rule in built_in() {
        if !names.contains(&rule.pack) {
            names.push(rule.pack);
        }
    }
    names
}
