//! One rule applied to one callee in one zone: does it pass, and when would it next?

use super::compiled::Compiled;
use super::refusal::RefusalCode;
use super::rules::{After, Cap, CoolDown};
use super::timetable::{Timetable, date_of, day_of};
use super::zones::Zone;
use crate::call::Outcome;
use crate::lead::PastAttempt;
use crate::number::E164;
use crate::time::Wall;
use std::time::Duration;

/// How far ahead the next allowed time is looked for.
const HORIZON_MS: i64 = 400 * Wall::DAY_MS;
/// More steps than any satisfiable set of rules needs within the horizon.
const STEPS_MAX: usize = 5_000;

/// A rule, the zone it is judged in, and what it asks.
#[derive(Debug)]
pub(super) struct Constraint<'a> {
    pub(super) rule: &'a Compiled,
    /// `None` for what goes by elapsed time.
    pub(super) zone: Option<&'static Zone>,
    pub(super) code: RefusalCode,
    ask: Ask<'a>,
}

#[derive(Debug)]
enum Ask<'a> {
    /// Open at dialing and at the end of the longest ring.
    Open(&'static Zone, &'a Timetable),
    /// Fewer than `count` attempts in any stretch of this length: passes from `free_at` on.
    Rolling { cap: Cap, free_at: Wall },
    /// Fewer than `count` attempts on the local day: passes from local time `free_at` on.
    Calendar {
        zone: &'static Zone,
        cap: Cap,
        free_at: i64,
    },
    /// Passes from `until` on.
    Wait {
        until: Wall,
        why: &'static str,
        span: Duration,
    },
    /// Passes before this local time.
    Before { zone: &'static Zone, end: i64 },
}

/// What attempts a constraint is judged on.
pub(super) struct Past<'a> {
    /// Attempts that count, latest first.
    counted: Vec<Wall>,
    history: &'a [PastAttempt],
    number: E164,
}

impl<'a> Past<'a> {
    pub(super) fn new(history: &'a [PastAttempt], number: E164) -> Self {
        let counts = |past: &&PastAttempt| past.outcome.counts_as_attempt();
        let mut counted: Vec<Wall> = history.iter().filter(counts).map(|p| p.at).collect();
        counted.sort_unstable_by(|a, b| b.cmp(a));
        Self {
            counted,
            history,
            number,
        }
    }

    fn last(&self, after: After) -> Option<Wall> {
        let happened = |past: &&PastAttempt| match after {
            After::Machine => past.outcome == Outcome::Machine && past.number == self.number,
            After::Abandoned => past.outcome == Outcome::Abandoned,
            After::Connected => past.outcome == Outcome::Connected,
        };
        self.history.iter().filter(happened).map(|p| p.at).max()
    }
}

/// Adds what `rule` asks of a callee in `zones`. Consent is asked only of those without.
pub(super) fn add<'a>(
    out: &mut Vec<Constraint<'a>>,
    rule: &'a Compiled,
    zones: &[&'static Zone],
    past: &Past<'_>,
    consented: bool,
) {
    let mut push = |zone, code, ask| {
        out.push(Constraint {
            rule,
            zone,
            code,
            ask,
        });
    };
    if let Some((table, code)) = &rule.table {
        let own = rule.own_zone.as_slice();
        for zone in if own.is_empty() { zones } else { own } {
            push(Some(*zone), *code, Ask::Open(zone, table));
        }
    }
    if let (Some(from), false) = (rule.consent_from, consented) {
        let end = super::rules::epoch_day(from) * Wall::DAY_MS;
        for zone in zones {
            push(
                Some(*zone),
                RefusalCode::NoConsent,
                Ask::Before { zone, end },
            );
        }
    }
    if !rule.min_gap.is_zero() {
        let until = past
            .counted
            .first()
            .map_or(Wall(i64::MIN), |last| *last + rule.min_gap);
        let (why, span) = ("the last attempt", rule.min_gap);
        push(None, RefusalCode::MinGap, Ask::Wait { until, why, span });
    }
    for cool_down in &rule.cool_downs {
        let (why, span) = (after_text(cool_down.after), span_of(cool_down));
        let until = past
            .last(cool_down.after)
            .map_or(Wall(i64::MIN), |at| at + span);
        push(None, RefusalCode::CoolDown, Ask::Wait { until, why, span });
    }
    for cap in &rule.caps {
        add_cap(&mut push, *cap, zones, past);
    }
}

fn add_cap<'a>(
    push: &mut impl FnMut(Option<&'static Zone>, RefusalCode, Ask<'a>),
    cap: Cap,
    zones: &[&'static Zone],
    past: &Past<'_>,
) {
    let code = match cap.days {
        1 => RefusalCode::AttemptsDay,
        2..=7 => RefusalCode::AttemptsWeek,
        _ => RefusalCode::Attempts30Days,
    };
    // The attempt that must leave the window before another may be made.
    let oldest = (cap.count as usize)
        .checked_sub(1)
        .and_then(|n| past.counted.get(n));
    let window = Duration::from_secs(u64::from(cap.days) * 86_400);
    let free_at = oldest.map_or(Wall(i64::MIN), |at| *at + window);
    push(None, code, Ask::Rolling { cap, free_at });
    if cap.days == 1 {
        for zone in zones {
            let free_at = oldest.map_or(i64::MIN, |at| {
                (day_of(zone.local_ms(*at)) + 1) * Wall::DAY_MS
            });
            push(Some(*zone), code, Ask::Calendar { zone, cap, free_at });
        }
    }
}

fn span_of(cool_down: &CoolDown) -> Duration {
    Duration::from_secs(u64::from(cool_down.hours) * 3600)
}

fn after_text(after: After) -> &'static str {
    match after {
        After::Machine => "an answering machine on this number",
        After::Abandoned => "an abandoned call",
        After::Connected => "a conversation",
    }
}

impl Constraint<'_> {
    /// Whether a call placed at `at` and ringing for `ring` passes.
    pub(super) fn passes(&self, at: Wall, ring: Duration) -> bool {
        match &self.ask {
            Ask::Open(zone, table) => {
                table.is_open_local(zone.local_ms(at))
                    && table.is_open_local(zone.local_ms(at + ring))
            }
            Ask::Rolling { free_at, .. } => at >= *free_at,
            Ask::Calendar { zone, free_at, .. } => zone.local_ms(at) >= *free_at,
            Ask::Wait { until, .. } => at >= *until,
            Ask::Before { zone, end } => zone.local_ms(at) < *end,
        }
    }

    /// The kind of refusal when it does not pass at `at`.
    pub(super) fn code_at(&self, at: Wall, ring: Duration) -> RefusalCode {
        match &self.ask {
            Ask::Open(zone, table) => {
                let holiday = |at| table.holiday_on(day_of(zone.local_ms(at)));
                let now_open = table.is_open_local(zone.local_ms(at));
                if holiday(at) || (now_open && holiday(at + ring)) {
                    RefusalCode::Holiday
                } else {
                    self.code
                }
            }
            _ => self.code,
        }
    }

    /// A bound no earlier than `from` below which the constraint never passes: the true
    /// next pass when applied again and again. `None` past `limit`, or never.
    fn bound(&self, from: Wall, ring: Duration, limit: Wall) -> Option<Wall> {
        match &self.ask {
            Ask::Open(zone, table) => {
                let start = table.next(zone, from, limit, true)?;
                let end = table.next(zone, start + ring, limit + ring, true)?;
                Some(start.max(end - ring))
            }
            Ask::Rolling { free_at, .. } => Some(from.max(*free_at)),
            Ask::Wait { until, .. } => Some(from.max(*until)),
            Ask::Calendar { zone, free_at, .. } => zone.first_local(from, limit, |start, end| {
                let local = start.max(*free_at);
                (local < end).then_some(local)
            }),
            Ask::Before { .. } => self.passes(from, ring).then_some(from),
        }
    }

    /// The first instant after `at` at which it stops passing, if before `limit`.
    pub(super) fn stops_passing(&self, at: Wall, ring: Duration, limit: Wall) -> Option<Wall> {
        match &self.ask {
            Ask::Open(zone, table) => {
                let start = table.next(zone, at, limit, false);
                let end = table.next(zone, at + ring, limit + ring, false);
                [start, end.map(|end| end - ring)]
                    .into_iter()
                    .flatten()
                    .min()
            }
            Ask::Before { zone, end } => zone.first_local(at, limit, |from, to| {
                let local = from.max(*end);
                (local < to).then_some(local)
            }),
            _ => None,
        }
    }

    /// One sentence for people on what it says at `at`.
    pub(super) fn detail(&self, at: Wall, ring: Duration) -> String {
        match &self.ask {
            Ask::Open(zone, table) => open_detail(zone, table, at, ring),
            Ask::Rolling { cap, free_at } => {
                let verb = if at >= *free_at { "below" } else { "at" };
                let days = if cap.days == 1 {
                    "24 hours".into()
                } else {
                    format!("{} days", cap.days)
                };
                format!("{verb} the cap of {} attempts in {days}", cap.count)
            }
            Ask::Calendar { zone, cap, free_at } => {
                let verb = if zone.local_ms(at) >= *free_at {
                    "below"
                } else {
                    "at"
                };
                format!(
                    "{verb} the cap of {} attempts on one day in {}",
                    cap.count, zone.name
                )
            }
            Ask::Wait { until, why, span } => {
                let asks = format!("{} after {why}", in_words(*span));
                match at >= *until {
                    true => format!("{asks} have passed"),
                    false => format!("{asks} end at {until}"),
                }
            }
            Ask::Before { zone, end } => {
                let day = date_of(day_of(*end));
                format!("calls need consent from {day} on ({})", zone.name)
            }
        }
    }
}

fn open_detail(zone: &Zone, table: &Timetable, at: Wall, ring: Duration) -> String {
    let clock = |at| {
        let local = zone.local_ms(at);
        let day = date_of(day_of(local));
        let minute = local.rem_euclid(Wall::DAY_MS) / 60_000;
        format!(
            "{} {day} {:02}:{:02}",
            day.strftime("%a"),
            minute / 60,
            minute % 60
        )
    };
    let open = |at| table.is_open_local(zone.local_ms(at));
    let hours = match table {
        Timetable::Week { hours, .. } => format!("hours {hours}"),
        Timetable::Closed { from, to } => {
            format!("no calls from {} to {}", civil(*from), civil(*to))
        }
    };
    let there = format!("{} in {}", clock(at), zone.name);
    let holiday = |at| table.holiday_on(day_of(zone.local_ms(at)));
    match (open(at), open(at + ring)) {
        (true, true) => format!("{hours}; it is {there}"),
        (true, false) => format!(
            "{hours}; it is {there} and could ring until {}",
            clock(at + ring)
        ),
        (false, _) if holiday(at) => format!("{hours}, not on public holidays; it is {there}"),
        (false, _) => format!("{hours}; it is {there}"),
    }
}

fn civil(local: i64) -> String {
    let minute = local.rem_euclid(Wall::DAY_MS) / 60_000;
    format!(
        "{} {:02}:{:02}",
        date_of(day_of(local)),
        minute / 60,
        minute % 60
    )
}

fn in_words(span: Duration) -> String {
    match span.as_secs() {
        s if s >= 86_400 && s % 86_400 == 0 => format!("{} days", s / 86_400),
        s if s >= 3600 && s % 3600 == 0 => format!("{} hours", s / 3600),
        s if s >= 60 && s % 60 == 0 => format!("{} minutes", s / 60),
        s => format!("{s} seconds"),
    }
}

/// The earliest instant from `from` on at which all of `constraints` pass; `None` when
/// there is none within 400 days. Steps from edge to edge, never by the clock.
pub(super) fn next_pass<'a, 'b: 'a>(
    constraints: impl Iterator<Item = &'a Constraint<'b>> + Clone,
    from: Wall,
    ring: Duration,
) -> Option<Wall> {
    let limit = Wall(from.0.saturating_add(HORIZON_MS));
    let mut at = from;
    for _ in 0..STEPS_MAX {
        let before = at;
        for constraint in constraints.clone() {
            at = at.max(constraint.bound(at, ring, limit)?);
        }
        if at == before {
            return Some(at);
        }
        if at > limit {
            return None;
        }
    }
    None
}
