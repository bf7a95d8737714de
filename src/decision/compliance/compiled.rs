//! A campaign's rules, checked and ready to apply.

use super::config::{AUTO_PACK, Blackout, ComplianceRules, ExtraRule, RulesError, UnknownZone};
use super::hours::{DaySpan, WeekHours};
use super::permit::RingLimits;
use super::places::{self, Place, US_TERRITORIES};
use super::refusal::RefusalCode;
use super::rules::{Cap, CoolDown, Rule, RuleStatus, built_in, epoch_day, packs};
use super::timetable::{Timetable, civil_ms};
use super::zones::{Zone, zone};
use crate::time::Wall;
use jiff::civil::Date;
use std::sync::Arc;
use std::time::Duration;

/// Where a rule binds.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    country: Option<String>,
    state: Option<String>,
}

impl Scope {
    fn new(country: Option<&str>, state: Option<&str>) -> Self {
        let upper = |t: &str| t.trim().to_ascii_uppercase();
        Self {
            country: country.map(upper),
            state: state.map(upper),
        }
    }

    /// Whether it binds at `place`.
    pub(super) fn covers(&self, place: Place) -> bool {
        let Some(country) = &self.country else {
            return true;
        };
        let there = places::country(place);
        match &self.state {
            Some(state) => there == country && places::state(place) == Some(state),
            None => there == country || (country == "US" && US_TERRITORIES.contains(&there)),
        }
    }

    /// Whether it binds everywhere, also at places nobody knows.
    pub(super) fn is_everywhere(&self) -> bool {
        self.country.is_none()
    }
}

/// A rule, ready to apply.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub(super) id: Arc<str>,
    pub(super) citation: Arc<str>,
    pub(super) status: RuleStatus,
    pub(super) scope: Scope,
    pub(super) by_area_code: bool,
    pub(super) fallback: bool,
    /// When it allows calls, and the refusal when it does not.
    pub(super) table: Option<(Timetable, RefusalCode)>,
    /// The clock the timetable goes by, where it is not the callee's.
    pub(super) own_zone: Option<&'static Zone>,
    pub(super) caps: Vec<Cap>,
    pub(super) cool_downs: Vec<CoolDown>,
    pub(super) min_gap: Duration,
    pub(super) consent_from: Option<Date>,
    pub(super) ring: RingLimits,
}

impl Compiled {
    fn new(id: impl Into<Arc<str>>, citation: &str, status: RuleStatus) -> Self {
        Self {
            id: id.into(),
            citation: citation.into(),
            status,
            scope: Scope::default(),
            by_area_code: false,
            fallback: false,
            table: None,
            own_zone: None,
            caps: Vec::new(),
            cool_downs: Vec::new(),
            min_gap: Duration::ZERO,
            consent_from: None,
            ring: RingLimits::default(),
        }
    }

    fn hours(mut self, hours: WeekHours) -> Self {
        let table = Timetable::Week {
            hours,
            calendar: None,
        };
        self.table = Some((table, RefusalCode::OutsideHours));
        self
    }

    fn built_in(rule: &Rule, agent_guaranteed: bool) -> Self {
        let seconds = |s: Option<u16>| s.map(|s| Duration::from_secs(s.into()));
        let hours = |week: super::rules::Week| {
            WeekHours::new(week.map(|spans| {
                let span = |(from, to): &(u16, u16)| DaySpan::new(*from, *to);
                spans.iter().filter_map(span).collect()
            }))
        };
        let waits = |c: &&CoolDown| !(agent_guaranteed && c.lifted_by_agent);
        Self {
            scope: Scope::new(rule.country, rule.state),
            by_area_code: rule.by_area_code,
            fallback: rule.fallback,
            table: rule.week.map(|week| {
                let table = Timetable::Week {
                    hours: hours(week),
                    calendar: rule.holidays,
                };
                (table, RefusalCode::OutsideHours)
            }),
            caps: rule.caps.to_vec(),
            cool_downs: rule.cool_downs.iter().filter(waits).copied().collect(),
            consent_from: rule
                .consent_from
                .and_then(|(y, m, d)| Date::new(y, m, d).ok()),
            ring: RingLimits {
                at_least: seconds(rule.ring_at_least_s),
                at_most: seconds(rule.ring_at_most_s),
            },
            ..Self::new(rule.id, rule.citation, rule.status)
        }
    }

    fn user(id: impl Into<Arc<str>>) -> Self {
        Self::new(id, "campaign settings", RuleStatus::House)
    }
}

/// Every rule of a campaign, in the order they are checked.
///
/// # Errors
/// The first setting that cannot be applied.
pub(super) fn compile(rules: &ComplianceRules) -> Result<Vec<Compiled>, RulesError> {
    check_packs(&rules.packs)?;
    if let UnknownZone::Use(name) = &rules.unknown_zone {
        known_zone("unknown_zone", name)?;
    }
    let mut out = Vec::new();
    for (n, blackout) in rules.blackouts.iter().enumerate() {
        out.push(compile_blackout(n, blackout)?);
    }
    for (n, holiday) in rules.holidays.iter().enumerate() {
        let field = format!("holidays[{n}]");
        let scope = known_scope(&field, holiday.country.as_deref(), holiday.state.as_deref())?;
        let from = epoch_day(holiday.date) * Wall::DAY_MS;
        let table = Timetable::Closed {
            from,
            to: from + Wall::DAY_MS,
        };
        out.push(Compiled {
            scope,
            table: Some((table, RefusalCode::Holiday)),
            ..Compiled::user(named(&field, &holiday.why))
        });
    }
    for rule in built_in() {
        let named = rules.packs.iter().any(|p| p == rule.pack);
        let auto = !rule.opt_in && rules.packs.iter().any(|p| p == AUTO_PACK);
        let bound = rule.purposes.is_empty() || rule.purposes.contains(&rules.purpose);
        if bound && (named || auto) {
            out.push(Compiled::built_in(rule, rules.agent_guaranteed));
        }
    }
    if let Some(hours) = &rules.hours {
        out.push(Compiled::user("campaign-hours").hours(open_hours("hours", hours)?));
    }
    for (n, rule) in rules.extra_rules.iter().enumerate() {
        out.push(compile_extra(n, rule)?);
    }
    out.push(compile_attempts(rules));
    Ok(out)
}

fn compile_attempts(rules: &ComplianceRules) -> Compiled {
    let caps = [
        (rules.attempts.per_day, 1),
        (rules.attempts.per_30_days, 30),
    ];
    Compiled {
        caps: caps
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, days)| Cap { count, days })
            .collect(),
        min_gap: rules.attempts.min_gap,
        ..Compiled::user("campaign-attempts")
    }
}

fn compile_blackout(n: usize, blackout: &Blackout) -> Result<Compiled, RulesError> {
    let field = format!("blackouts[{n}]");
    if blackout.from >= blackout.to {
        return Err(RulesError::new(
            format!("{field}.to"),
            blackout.to.to_string(),
            "write a time after `from`",
        ));
    }
    let own_zone = match &blackout.zone {
        Some(name) => Some(known_zone(&format!("{field}.zone"), name)?),
        None => None,
    };
    let table = Timetable::Closed {
        from: civil_ms(blackout.from),
        to: civil_ms(blackout.to),
    };
    Ok(Compiled {
        table: Some((table, RefusalCode::Blackout)),
        own_zone,
        ..Compiled::user(named(&field, &blackout.why))
    })
}

fn compile_extra(n: usize, rule: &ExtraRule) -> Result<Compiled, RulesError> {
    let field = format!("extra_rules[{n}]");
    let scope = known_scope(&field, rule.country.as_deref(), rule.state.as_deref())?;
    let hours = open_hours(&format!("{field}.hours"), &rule.hours)?;
    let id = if rule.id.is_empty() { &field } else { &rule.id };
    let citation = match rule.citation.as_str() {
        "" => "campaign settings",
        citation => citation,
    };
    Ok(Compiled {
        scope,
        ..Compiled::new(id.as_str(), citation, RuleStatus::House).hours(hours)
    })
}

fn named(field: &str, why: &str) -> String {
    match why {
        "" => field.to_owned(),
        why => format!("{field}: {why}"),
    }
}

fn check_packs(wanted: &[String]) -> Result<(), RulesError> {
    let known = packs();
    let bad = |p: &&String| *p != AUTO_PACK && !known.contains(&p.as_str());
    match wanted.iter().find(bad) {
        None => Ok(()),
        Some(bad) => Err(RulesError::new(
            "packs",
            bad,
            format!("write `{AUTO_PACK}` or one of {}", known.join(", ")),
        )),
    }
}

fn known_zone(field: &str, name: &str) -> Result<&'static Zone, RulesError> {
    zone(name)
        .ok_or_else(|| RulesError::new(field, name, "write an IANA zone such as America/New_York"))
}

fn known_scope(
    field: &str,
    country: Option<&str>,
    state: Option<&str>,
) -> Result<Scope, RulesError> {
    match (country, state) {
        (None, Some(state)) => Err(RulesError::new(
            format!("{field}.state"),
            state,
            "name the `country` as well",
        )),
        (Some(country), _) if places::of_address(country, None).is_none() => Err(RulesError::new(
            format!("{field}.country"),
            country,
            "write an ISO 3166-1 alpha-2 code such as US",
        )),
        (Some(country), Some(state))
            if places::of_address(country, Some(state))
                .is_none_or(|p| places::state(p).is_none()) =>
        {
            // A rule that could never match would be a rule silently lost.
            Err(RulesError::new(
                format!("{field}.state"),
                state,
                "states are told apart in US and CA only: leave it out elsewhere",
            ))
        }
        _ => Ok(Scope::new(country, state)),
    }
}

fn open_hours(field: &str, hours: &WeekHours) -> Result<WeekHours, RulesError> {
    if hours.is_never() {
        return Err(RulesError::new(
            field,
            hours.to_string(),
            "open at least one day, such as daily = [\"09:00-20:00\"]",
        ));
    }
    Ok(hours.clone())
}
