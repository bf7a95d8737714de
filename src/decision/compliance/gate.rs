//! Judging a lead.

use super::callee::{Callee, NoZone};
use super::compiled::{Compiled, compile};
use super::config::{ComplianceRules, RulesError};
use super::constraint::{Constraint, Past, add, next_pass};
use super::fixed::{fixed_checks, fixed_refusal};
use super::permit::{DialPermit, RingLimits, ZoneSource};
use super::places;
use super::refusal::{Refusal, RefusalCode};
use super::rules::RuleStatus;
use super::timetable::Timetable;
use crate::lead::{Consent, Lead, LeadNumber};
use crate::time::Wall;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// One campaign's rules, ready to judge leads. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate {
    rules: Arc<ComplianceRules>,
    compiled: Arc<[Compiled]>,
}

/// What one rule says of a lead, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCheck {
    /// The rule's id.
    pub rule: String,
    /// Where it is written.
    pub citation: String,
    /// How much it binds.
    pub status: RuleStatus,
    /// Whether it allows the call now.
    pub passed: bool,
    /// The kind of refusal, when it does not.
    pub code: Option<RefusalCode>,
    /// The zone it was judged in, where one matters.
    pub zone: Option<String>,
    /// Where that zone came from.
    pub source: Option<ZoneSource>,
    /// One sentence for people.
    pub detail: String,
    /// When this rule alone would next pass; `None` when it passes, or never by itself.
    pub not_before: Option<Wall>,
}

impl Gate {
    /// A gate for these rules.
    ///
    /// # Errors
    /// [`RulesError`] names the setting that cannot be applied: an unknown pack, zone,
    /// country or state, hours that are never open, a blackout that ends before it starts.
    pub fn new(rules: &ComplianceRules) -> Result<Self, RulesError> {
        Ok(Self {
            compiled: compile(rules)?.into(),
            rules: Arc::new(rules.clone()),
        })
    }

    /// The rules it was made from.
    pub fn rules(&self) -> &ComplianceRules {
        &self.rules
    }

    /// The right to call number `number_index` of `lead` at `now`, ringing no longer than
    /// `longest_ring`.
    ///
    /// # Errors
    /// The first rule that refuses, with the instant from which all would pass.
    pub fn permit(
        &self,
        lead: &Lead,
        number_index: usize,
        now: Wall,
        longest_ring: Duration,
    ) -> Result<DialPermit, Refusal> {
        let Some(number) = lead.numbers.get(number_index) else {
            return Err(no_number(lead, number_index));
        };
        let row = places::of_number(number.number);
        for check in fixed_checks(&self.rules, lead, number, row) {
            check.into_refusal()?;
        }
        let callee = Callee::resolve(lead, number.number, row, &self.rules.unknown_zone)
            .map_err(unknown_zone)?;
        let matched = self.matched(&callee);
        let constraints = constraints(&matched, &callee, lead, number);
        let failed = constraints
            .iter()
            .filter(|c| !c.passes(now, longest_ring))
            .min_by_key(|c| c.code_at(now, longest_ring));
        if let Some(failed) = failed {
            return Err(Refusal {
                code: failed.code_at(now, longest_ring),
                rule: failed.rule.id.to_string(),
                zone: failed.zone.map(|z| z.name.clone()),
                source: failed.source(&callee),
                not_before: next_pass(constraints.iter(), now, longest_ring),
                detail: failed.detail(now, longest_ring),
            });
        }
        Ok(DialPermit {
            lead: lead.id,
            number: number.number,
            number_index,
            issued: now,
            expires: expiry(&constraints, now, longest_ring),
            ring: ring_limits(&matched),
            source: callee.source,
            zones: callee.zones.iter().map(|z| z.name.as_str()).collect(),
            places: callee.all_places(),
            rules: matched.iter().map(|r| (r.id.clone(), r.status)).collect(),
            snapshot: lead.facts.snapshot,
        })
    }

    /// What every rule says, passed or not, each in every zone it is judged in.
    pub fn explain(
        &self,
        lead: &Lead,
        number_index: usize,
        now: Wall,
        longest_ring: Duration,
    ) -> Vec<RuleCheck> {
        let Some(number) = lead.numbers.get(number_index) else {
            return vec![RuleCheck::refused(no_number(lead, number_index))];
        };
        let row = places::of_number(number.number);
        let mut out: Vec<RuleCheck> = fixed_checks(&self.rules, lead, number, row)
            .map(RuleCheck::from)
            .collect();
        let callee = match Callee::resolve(lead, number.number, row, &self.rules.unknown_zone) {
            Ok(callee) => callee,
            Err(none) => {
                out.push(RuleCheck::refused(unknown_zone(none)));
                return out;
            }
        };
        out.push(zone_check(&callee));
        let matched = self.matched(&callee);
        for constraint in constraints(&matched, &callee, lead, number) {
            let passed = constraint.passes(now, longest_ring);
            out.push(RuleCheck {
                rule: constraint.rule.id.to_string(),
                citation: constraint.rule.citation.to_string(),
                status: constraint.rule.status,
                passed,
                code: (!passed).then(|| constraint.code_at(now, longest_ring)),
                zone: constraint.zone.map(|z| z.name.clone()),
                source: constraint.source(&callee),
                detail: constraint.detail(now, longest_ring),
                not_before: (!passed)
                    .then(|| next_pass(std::iter::once(&constraint), now, longest_ring))
                    .flatten(),
            });
        }
        out
    }

    /// The earliest instant from `now` on at which [`Gate::permit`] would grant the call if
    /// nothing but time changes; `None` when there is none within 400 days.
    pub fn next_allowed(
        &self,
        lead: &Lead,
        number_index: usize,
        now: Wall,
        longest_ring: Duration,
    ) -> Option<Wall> {
        match self.permit(lead, number_index, now, longest_ring) {
            Ok(_) => Some(now),
            Err(refusal) => refusal.not_before,
        }
    }

    /// The rules that bind at the callee's places.
    fn matched(&self, callee: &Callee) -> Vec<&Compiled> {
        let binds = |rule: &Compiled| {
            rule.scope.is_everywhere()
                || callee.places.iter().any(|p| rule.scope.covers(p))
                || (rule.by_area_code && callee.number_places.iter().any(|p| rule.scope.covers(p)))
        };
        let mut matched: Vec<&Compiled> = self.compiled.iter().filter(|r| binds(r)).collect();
        let local_hours = |rule: &&Compiled| {
            !rule.scope.is_everywhere() && matches!(rule.table, Some((Timetable::Week { .. }, _)))
        };
        if matched.iter().any(local_hours) {
            matched.retain(|rule| !rule.fallback);
        }
        matched
    }
}

fn no_number(lead: &Lead, number_index: usize) -> Refusal {
    fixed_refusal(
        "number",
        RefusalCode::NoNumber,
        format!("lead {} has no number {}", lead.id, number_index + 1),
    )
}

fn unknown_zone(none: NoZone) -> Refusal {
    fixed_refusal("zone", RefusalCode::UnknownZone, none.0)
}

impl RuleCheck {
    fn refused(refusal: Refusal) -> Self {
        Self {
            rule: refusal.rule,
            citation: "campaign settings".to_owned(),
            status: RuleStatus::House,
            passed: false,
            code: Some(refusal.code),
            zone: None,
            source: None,
            detail: refusal.detail,
            not_before: None,
        }
    }
}

impl Constraint<'_> {
    /// Where the zone it is judged in came from; `None` for a rule with a clock of its own.
    fn source(&self, callee: &Callee) -> Option<ZoneSource> {
        (self.zone.is_some() && self.rule.own_zone.is_none()).then_some(callee.source)
    }
}

fn zone_check(callee: &Callee) -> RuleCheck {
    let zones: Vec<&str> = callee.zones.iter().map(|z| z.name.as_str()).collect();
    RuleCheck {
        rule: "zone".to_owned(),
        citation: "campaign settings".to_owned(),
        status: RuleStatus::House,
        passed: true,
        code: None,
        zone: None,
        source: Some(callee.source),
        detail: format!(
            "judged in {} ({}), by the rules of {}",
            zones.join(", "),
            callee.source.name(),
            match callee.all_places().as_slice() {
                [] => "no known place".to_owned(),
                places => places.join(", "),
            }
        ),
        not_before: None,
    }
}

fn constraints<'a>(
    matched: &[&'a Compiled],
    callee: &Callee,
    lead: &Lead,
    number: &LeadNumber,
) -> Vec<Constraint<'a>> {
    let past = Past::new(&lead.facts.history, number.number);
    let consented = lead.facts.consent == Consent::Given;
    let mut out = Vec::with_capacity(2 * matched.len());
    for rule in matched {
        add(&mut out, rule, &callee.zones, &past, consented);
    }
    out
}

fn ring_limits(matched: &[&Compiled]) -> RingLimits {
    RingLimits {
        at_least: matched.iter().filter_map(|r| r.ring.at_least).max(),
        at_most: matched.iter().filter_map(|r| r.ring.at_most).min(),
    }
}

/// The end of a permit's life: ten seconds, or earlier where a rule stops passing.
fn expiry(constraints: &[Constraint<'_>], now: Wall, ring: Duration) -> Wall {
    let full = now + DialPermit::LIFETIME;
    constraints
        .iter()
        // Hours change at whole minutes and so do clocks: what passes at both ends of ten
        // seconds passes throughout.
        .filter(|c| !c.passes(full, ring))
        .filter_map(|c| c.stops_passing(now, ring, full))
        .fold(full, Wall::min)
}
