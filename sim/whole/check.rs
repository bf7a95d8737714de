//! Refusing floors nobody can simulate: key, value, what is allowed.

use super::meaning::read_mode;
use super::people;
use super::scenario::{AgentGroup, Campaign, FloorScenario, InboundPlan, TrunkPlan};
use crate::pacing::law::Law;
use crate::pacing::scenario::PacingScenarioError as ScenarioError;
use carillon_decision::call::Outcome;
use carillon_decision::compliance::{ComplianceRules, Gate};
use std::collections::BTreeSet;

/// What is wrong: key, value, what is allowed.
type Fault = (String, String, String);

/// Most people on a list.
const LEADS_MAX: f64 = 1_000_000.0;

fn fault<T>(
    key: impl Into<String>,
    value: impl ToString,
    allowed: impl Into<String>,
) -> Result<T, Fault> {
    Err((key.into(), value.to_string(), allowed.into()))
}

fn within(key: &str, value: f64, from: f64, to: f64) -> Result<(), Fault> {
    match (from..=to).contains(&value) {
        true => Ok(()),
        false => fault(key, value, format!("{from} to {to}")),
    }
}

fn law(key: &str, law: &Law) -> Result<(), Fault> {
    law.check()
        .map_err(|(inner, value, allowed)| (format!("{key}.{inner}"), value, allowed.into()))
}

/// A table of (hour, value): begins with the day and rises.
fn table(key: &str, steps: &[(f64, f64)], most: f64) -> Result<(), Fault> {
    match steps.first() {
        None => return fault(key, "[]", "a table of [hour, value]"),
        Some((hour, _)) if *hour != 0.0 => {
            let allowed = "the first step at hour 0, so that the table covers the day";
            return fault(key, format!("first at hour {hour}"), allowed);
        }
        Some(_) => {}
    }
    for pair in steps.windows(2) {
        if pair[1].0.partial_cmp(&pair[0].0) != Some(std::cmp::Ordering::Greater) {
            let value = format!("hour {} after {}", pair[1].0, pair[0].0);
            return fault(key, value, "hours that rise from step to step");
        }
    }
    match steps
        .iter()
        .find(|(_, value)| !(0.0..=most).contains(value))
    {
        None => Ok(()),
        Some((hour, value)) => fault(
            key,
            format!("[{hour}, {value}]"),
            format!("values of 0 to {most}"),
        ),
    }
}

fn names<'a>(kind: &str, of: impl Iterator<Item = &'a String>) -> Result<BTreeSet<&'a str>, Fault> {
    let mut seen = BTreeSet::new();
    for (k, name) in of.enumerate() {
        let usable = !name.is_empty() && !name.contains(['.', '=', ',']);
        if !usable || !seen.insert(name.as_str()) {
            let allowed = "a name no other has, without `.`, `,` and `=`";
            return fault(format!("{kind}[{k}].name"), format!("{name:?}"), allowed);
        }
    }
    match seen.is_empty() {
        true => fault(kind, "none", format!("at least one [[{kind}]] section")),
        false => Ok(seen),
    }
}

fn one_of(key: String, name: &str, known: &BTreeSet<&str>) -> Result<(), Fault> {
    if known.contains(name) {
        return Ok(());
    }
    let known: Vec<&str> = known.iter().copied().collect();
    let allowed = match known.is_empty() {
        true => "nothing: no group of agents has skills".to_owned(),
        false => format!("one of {}", known.join(", ")),
    };
    fault(key, format!("{name:?}"), allowed)
}

impl FloorScenario {
    /// Checks every value.
    ///
    /// # Errors
    /// [`ScenarioError::Value`] for the first that nobody can simulate.
    pub fn check(&self, name: &str) -> Result<(), ScenarioError> {
        self.check_floor()
            .map_err(|(key, value, allowed)| ScenarioError::Value {
                name: name.to_owned(),
                key,
                value,
                allowed,
            })
    }

    fn check_floor(&self) -> Result<(), Fault> {
        if self.start.parse::<jiff::Timestamp>().is_err() {
            return fault(
                "start",
                format!("{:?}", self.start),
                "an instant such as 2026-03-10T13:00:00Z",
            );
        }
        within("hours", self.hours, 0.01, 24.0)?;
        within("replications", f64::from(self.replications), 1.0, 1e6)?;
        for (key, value) in [
            ("screening.trailing_s", self.screening.trailing_s),
            ("screening.onset_s", self.screening.onset_s),
            ("screening.machine_after_s", self.screening.machine_after_s),
        ] {
            within(key, value, 0.0, 60.0)?;
        }
        let campaigns = names("campaign", self.campaigns.iter().map(|c| &c.name))?;
        names("agents", self.groups.iter().map(|g| &g.name))?;
        names("trunk", self.trunks.iter().map(|t| &t.name))?;
        let trunk_groups: BTreeSet<&str> = self.trunks.iter().map(|t| t.group.as_str()).collect();
        let skills: BTreeSet<&str> = self
            .groups
            .iter()
            .flat_map(|g| g.skills.keys().map(String::as_str))
            .collect();
        for campaign in &self.campaigns {
            let at = format!("campaign.{}", campaign.name);
            self.check_campaign(&at, campaign)?;
            for need in &campaign.needs {
                one_of(format!("{at}.needs.skill"), &need.skill, &skills)?;
                within(
                    &format!("{at}.needs.level"),
                    f64::from(need.level),
                    1.0,
                    10.0,
                )?;
                if let Some(after) = need.drop_after_s {
                    within(&format!("{at}.needs.drop_after_s"), after, 0.0, 86_400.0)?;
                }
            }
            for group in &campaign.trunk_groups {
                one_of(format!("{at}.trunk_groups"), group, &trunk_groups)?;
            }
        }
        for group in &self.groups {
            self.check_group(group)?;
            for campaign in &group.campaigns {
                one_of(
                    format!("agents.{}.campaigns", group.name),
                    campaign,
                    &campaigns,
                )?;
            }
        }
        self.trunks
            .iter()
            .try_for_each(|trunk| self.check_trunk(trunk))
    }

    fn check_campaign(&self, at: &str, c: &Campaign) -> Result<(), Fault> {
        let key = |name: &str| format!("{at}.{name}");
        if read_mode(&c.mode).is_none() {
            let allowed =
                "predictive, hard, progressive, ratio:R (lines per free agent) or erlang-c";
            return fault(key("mode"), format!("{:?}", c.mode), allowed);
        }
        within(&key("cap"), c.cap, 1e-4, 0.5)?;
        within(
            &key("max_lines_per_agent"),
            c.max_lines_per_agent,
            0.1,
            1000.0,
        )?;
        // A phone rings at least 15 s (16 CFR 310.4(b)(4)(ii)).
        within(&key("ring_timeout_s"), c.ring_timeout_s, 15.0, 600.0)?;
        within(&key("wrap_up_limit_s"), c.wrap_up_limit_s, 0.0, 86_400.0)?;
        within(&key("abandon_within_s"), c.abandon_within_s, 0.0, 60.0)?;
        within(&key("min_gap_s"), c.min_gap_s, 0.0, 2_592_000.0)?;
        within(&key("attempts_max"), f64::from(c.attempts_max), 1.0, 1e6)?;
        if let Some((from, to)) = c.runs
            && !(from >= 0.0 && from < to && to.is_finite())
        {
            return fault(
                key("runs"),
                format!("[{from}, {to}]"),
                "[from, to] in hours of the day, from first",
            );
        }
        for (outcome, retry) in &c.retries {
            if Outcome::from_name(outcome).is_none() {
                let known = Outcome::ALL.map(|o| o.name()).join(", ");
                return fault(key("retries"), outcome, format!("one of {known}"));
            }
            within(
                &key(&format!("retries.{outcome}.after_s")),
                retry.after_s,
                0.0,
                31_536_000.0,
            )?;
        }
        let rules = ComplianceRules {
            hours: c.calling.clone(),
            ..ComplianceRules::default()
        };
        if let Err(error) = Gate::new(&rules) {
            return fault(key("calling"), error.value, error.remedy);
        }
        check_callees(at, c)?;
        for (k, curve) in c.curves.iter().enumerate() {
            curve.check().map_err(|(inner, value, allowed)| {
                (key(&format!("varies[{k}].{inner}")), value, allowed.into())
            })?;
        }
        c.inbound
            .iter()
            .try_for_each(|inbound| check_inbound(at, inbound))
    }

    fn check_group(&self, group: &AgentGroup) -> Result<(), Fault> {
        let key = |name: &str| format!("agents.{}.{name}", group.name);
        if group.count > 0 && !group.shifts.is_empty() {
            return fault(
                key("count"),
                group.count,
                "no count beside [[agents.shift]], which count themselves",
            );
        }
        within(&key("count"), f64::from(group.size()), 1.0, 5000.0)?;
        for (skill, level) in &group.skills {
            within(
                &key(&format!("skills.{skill}")),
                f64::from(*level),
                1.0,
                10.0,
            )?;
        }
        for (k, shift) in group.shifts.iter().enumerate() {
            let key = |name: &str| key(&format!("shift[{k}].{name}"));
            if !(0.0..self.hours).contains(&shift.from_h) {
                return fault(
                    key("from_h"),
                    shift.from_h,
                    format!("an hour of the day, from 0 to {}", self.hours),
                );
            }
            if shift.to_h.partial_cmp(&shift.from_h) != Some(std::cmp::Ordering::Greater) {
                return fault(key("to_h"), shift.to_h, "an hour after from_h");
            }
            for (at, minutes) in &shift.breaks {
                if !(*at > shift.from_h
                    && *at < shift.to_h
                    && *minutes > 0.0
                    && minutes.is_finite())
                {
                    return fault(
                        key("breaks"),
                        format!("[{at}, {minutes}]"),
                        "breaks within the shift, of more than 0 minutes",
                    );
                }
            }
        }
        if let Some(late) = &group.late {
            law(&key("late"), late)?;
        }
        within(
            &key("phone_lost_per_hour"),
            group.phone_lost_per_hour,
            0.0,
            60.0,
        )
    }

    fn check_trunk(&self, trunk: &TrunkPlan) -> Result<(), Fault> {
        let key = |name: &str| format!("trunk.{}.{name}", trunk.name);
        within(&key("channels"), f64::from(trunk.channels), 1.0, 100_000.0)?;
        within(
            &key("calls_per_second"),
            trunk.calls_per_second,
            0.01,
            10_000.0,
        )?;
        within(&key("weight"), f64::from(trunk.weight), 1.0, 1000.0)?;
        law(&key("post_dial_delay"), &trunk.post_dial_delay)?;
        within(&key("congestion"), trunk.congestion, 0.0, 1.0)?;
        within(&key("retry_after_s"), trunk.retry_after_s, 0.0, 3600.0)?;
        within(&key("noticed_after_s"), trunk.noticed_after_s, 0.0, 3600.0)?;
        for (at, minutes) in &trunk.outages {
            if !((0.0..self.hours).contains(at) && *minutes > 0.0 && minutes.is_finite()) {
                let allowed = format!("[hour from 0 to {}, minutes more than 0]", self.hours);
                return fault(key("outages"), format!("[{at}, {minutes}]"), allowed);
            }
        }
        Ok(())
    }
}

fn check_callees(at: &str, campaign: &Campaign) -> Result<(), Fault> {
    let c = &campaign.callees;
    let key = |name: &str| format!("{at}.callees.{name}");
    for (name, share) in [
        ("p_human", c.p_human),
        ("p_machine", c.p_machine),
        ("p_busy", c.p_busy),
        ("p_sit", c.p_sit),
        ("p_wrong", c.p_wrong),
        ("machines_as_people", c.machines_as_people),
        ("opt_out", c.opt_out),
    ] {
        within(&key(name), share, 0.0, 1.0)?;
    }
    within(&key("people_as_machines"), c.people_as_machines, 0.0, 0.5)?;
    let all = c.p_human + c.p_machine + c.p_busy + c.p_sit + c.p_wrong;
    if all > 1.0 + 1e-9 {
        return fault(key("p_*"), all, "shares that add up to at most 1");
    }
    for (name, of) in [
        ("ring", &c.ring),
        ("greeting", &c.greeting),
        ("talk", &c.talk),
        ("wrap", &c.wrap),
        ("patience", &c.patience),
        ("machine_talk", &c.machine_talk),
    ] {
        law(&key(name), of)?;
    }
    let list = &campaign.list;
    let key = |name: &str| format!("{at}.list.{name}");
    within(&key("leads"), f64::from(list.leads), 0.0, LEADS_MAX)?;
    within(&key("listed"), list.listed, 0.0, 1.0)?;
    within(&key("urgent"), list.urgent, 0.0, 1.0)?;
    let known: BTreeSet<&str> = people::ZONES.iter().map(|place| place.zone).collect();
    for (zone, weight) in &list.zones {
        one_of(key("zones"), zone, &known)?;
        within(&key(&format!("zones.{zone:?}")), *weight, 1e-6, 1e6)?;
    }
    if list.zones.is_empty() {
        return fault(key("zones"), "{}", "at least one zone with its weight");
    }
    if let Some(cv) = list.scores_cv {
        let most = (1.0 - c.p_human) / c.p_human;
        if !(cv > 0.0 && cv * cv < most) {
            let allowed = "a spread that probabilities can have: 0 < cv² < (1 − p_human)/p_human";
            return fault(key("scores_cv"), cv, allowed);
        }
    }
    Ok(())
}

fn check_inbound(at: &str, inbound: &InboundPlan) -> Result<(), Fault> {
    let key = |name: &str| format!("{at}.inbound.{name}");
    table(&key("per_hour"), &inbound.per_hour, 100_000.0)?;
    law(&key("patience"), &inbound.patience)?;
    law(&key("talk"), &inbound.talk)?;
    law(&key("wrap"), &inbound.wrap)?;
    within(
        &key("longest_wait_s"),
        inbound.longest_wait_s,
        0.0,
        86_400.0,
    )?;
    within(
        &key("service_within_s"),
        inbound.service_within_s,
        0.0,
        86_400.0,
    )
}
