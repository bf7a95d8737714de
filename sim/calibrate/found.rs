//! The calibration of a set of call records, and the scenario that comes of it.

use super::fit::{Durations, LawFit, fit, fit_ring};
use super::read::Reading;
use super::shares::{Counts, Hour, Kind, differ, hours, hours_alike, kind};
use crate::calls::{CallRow, EndedBy, Who};
use crate::pacing::PacingScenario;
use crate::pacing::curve::{Curve, Varied};
use crate::pacing::law::Law;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeSet;

/// Ringing within so much of the longest was given up by the time-out.
const TIMEOUT_SLACK_S: f64 = 1.0;

/// What call records tell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// The file.
    pub source: String,
    /// What was read and what was left out.
    pub reading: Reading,
    /// First call placed, RFC 3339.
    pub from: String,
    /// Last call placed.
    pub to: String,
    /// From the first call to the last, h.
    pub hours_spanned: f64,
    /// Agents who talked.
    pub agents: usize,
    /// Calls by what became of them.
    pub counts: Counts,
    /// Share of calls that people would answer, however long they rang.
    pub p_human: f64,
    /// Share of calls that machines would answer.
    pub p_machine: f64,
    /// Share of calls that are busy, or not in service.
    pub p_failed: f64,
    /// Seconds after which ringing was given up.
    pub ring_timeout_s: f64,
    /// The answer share hour by hour.
    pub hours: Vec<Hour>,
    /// How likely hours would differ so much by chance.
    pub hours_alike: f64,
    /// Laws: ring, talk, wrap, machine, busy, as far as there are durations enough.
    pub laws: Vec<LawFit>,
    /// What the records do not tell, and what was taken instead.
    pub notes: Vec<String>,
}

/// Durations of each kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Measured {
    pub ring: Durations,
    pub talk: Durations,
    pub wrap: Durations,
    pub machine: Durations,
    pub busy: Durations,
}

impl Measured {
    pub fn of<'a>(calls: impl IntoIterator<Item = &'a CallRow>) -> Self {
        let mut found = Self::default();
        for call in calls {
            let kind = kind(call);
            match (kind, call.answer_after_s, call.end_after_s) {
                (Kind::Person | Kind::Machine, Some(ring), _) => found.ring.whole.push(ring),
                (Kind::Silent | Kind::Cancelled, None, Some(end)) => found.ring.cut.push(end),
                (Kind::Busy | Kind::Wrong, None, Some(end)) => found.busy.whole.push(end),
                _ => {}
            }
            if let (Kind::Machine, Some(Who::Machine), Some(ring), Some(end)) =
                (kind, call.who, call.answer_after_s, call.end_after_s)
            {
                found.machine.whole.push((end - ring).max(0.0));
            }
            if let Some(talk) = call.talk_s.filter(|_| call.outcome == "connected") {
                let cut = call.ended_by == Some(EndedBy::System);
                let of = &mut found.talk;
                if cut { &mut of.cut } else { &mut of.whole }.push(talk);
            }
            if let Some(wrap) = call.wrap_s {
                let of = &mut found.wrap;
                if call.wrap_cut {
                    &mut of.cut
                } else {
                    &mut of.whole
                }
                .push(wrap);
            }
        }
        found
    }

    /// When ringing was given up.
    fn ring_timeout_s(&self) -> Option<f64> {
        let longest = self.ring.cut.iter().copied().fold(0.0, f64::max);
        let mut last: Vec<f64> = self
            .ring
            .cut
            .iter()
            .copied()
            .filter(|s| *s > longest - TIMEOUT_SLACK_S)
            .collect();
        last.sort_by(f64::total_cmp);
        last.get(last.len() / 2).copied()
    }
}

impl Calibration {
    /// Calibrates from what was read. `zone`: whose hours. `seed`: of the chance behind p-values.
    #[must_use]
    pub fn of(source: &str, reading: Reading, zone: &TimeZone, seed: u64) -> Self {
        let calls = &reading.calls;
        let counts = Counts::of(calls);
        let measured = Measured::of(calls);
        let timeout = measured.ring_timeout_s();
        let (busy, machine) = (measured.busy.clone(), measured.machine.clone());
        let ring = fit_ring(measured.ring, counts.failed(), seed);
        let answers = (counts.people + counts.machines) as f64;
        let seen = answers / (counts.placed as f64).max(1.0);
        let answered = ring.as_ref().and_then(|ring| ring.answered).unwrap_or(seen);
        let of_people = counts.people as f64 / answers.max(1.0);
        let come = |after_s: f64| match (&ring, timeout) {
            (Some(ring), Some(limit)) => {
                let law = &ring.tried[0].fitted;
                (law.share_below(after_s) / law.share_below(limit).max(1e-9)).min(1.0)
            }
            _ => 1.0,
        };
        let hours = hours(calls, zone, come);
        let agents: BTreeSet<&str> = calls
            .iter()
            .map(|call| call.agent.as_str())
            .filter(|name| !name.is_empty())
            .collect();
        let placed = || calls.iter().map(|call| call.placed);
        let (from, to) = (
            placed().min().unwrap_or_default(),
            placed().max().unwrap_or_default(),
        );
        let laws = [
            ring,
            fit("talk", measured.talk, seed),
            fit("wrap", measured.wrap, seed),
            fit("machine", machine, seed),
            fit("busy", busy, seed),
        ];
        let mut found = Self {
            source: source.to_owned(),
            from: from.to_string(),
            to: to.to_string(),
            hours_spanned: (to.0 - from.0) as f64 / 3_600_000.0,
            agents: agents.len(),
            p_human: answered * of_people,
            p_machine: answered * (1.0 - of_people),
            p_failed: counts.failed(),
            ring_timeout_s: timeout.unwrap_or(0.0),
            hours_alike: hours_alike(&hours),
            hours,
            counts,
            laws: laws.into_iter().flatten().collect(),
            notes: Vec::new(),
            reading,
        };
        found.note();
        found
    }

    /// A law by what it is of.
    #[must_use]
    pub fn law(&self, what: &str) -> Option<&LawFit> {
        self.laws.iter().find(|fit| fit.what == what)
    }

    /// Says what is missing.
    fn note(&mut self) {
        let mut notes = Vec::new();
        for what in ["ring", "talk", "wrap", "machine", "busy"] {
            match self.law(what) {
                None => notes.push(format!(
                    "{what}: fewer than {} durations; the reference scenario's law is taken",
                    super::DURATIONS_MIN
                )),
                Some(fit) if !fit.is_law() => notes.push(format!(
                    "{what}: no law fits (distance {:.3}, p {:.2}); measured values are taken",
                    fit.distance, fit.p_value
                )),
                Some(_) => {}
            }
        }
        if self.counts.unknown > 0 {
            notes.push(format!(
                "{} answers do not tell people from machines; they count as people",
                self.counts.unknown
            ));
        }
        if self.agents == 0 {
            notes.push("no agents are named; the reference scenario's number is taken".to_owned());
        }
        if self.counts.trunk > 0 {
            notes.push(format!(
                "{} calls failed by trouble of the trunk and are in no share",
                self.counts.trunk
            ));
        }
        self.notes = notes;
    }

    /// The floor of the records as a scenario for `carillon sim run`: shares, laws, hours, agents
    /// and time-out as measured; the rest is the reference scenario's.
    #[must_use]
    pub fn scenario(&self) -> PacingScenario {
        let mut scenario = PacingScenario::shipped("reference").expect("it is shipped");
        let taken = |what: &str, law: &mut Law| {
            if let Some(fit) = self.law(what) {
                *law = fit.law.clone();
            }
        };
        taken("ring", &mut scenario.ring);
        taken("talk", &mut scenario.talk);
        taken("wrap", &mut scenario.wrap);
        taken("machine", &mut scenario.others.machine_known);
        taken("busy", &mut scenario.others.busy_after);
        let three = |x: f64| (x * 1e5).round() / 1e5;
        scenario.title = format!("calibrated from {}", self.source);
        scenario.p_human = three(self.p_human).clamp(1e-4, 1.0);
        let rest = 1.0 - scenario.p_human;
        scenario.others.machine = three(self.p_machine).clamp(0.0, rest);
        scenario.others.busy = three(self.p_failed).clamp(0.0, rest - scenario.others.machine);
        if self.agents > 0 {
            scenario.agents = (self.agents as u32).min(5000);
        }
        if self.ring_timeout_s >= 1.0 {
            scenario.ring_timeout_s = (self.ring_timeout_s * 10.0).round() / 10.0;
            scenario.ring_minimum_s = scenario.ring_minimum_s.min(scenario.ring_timeout_s);
        }
        let first = self.hours.first().map_or(0, |hour| hour.hour);
        let last = self.hours.last().map_or(0, |hour| hour.hour);
        scenario.hours = match last > first && self.hours_spanned > 1.0 {
            true => f64::from(last - first + 1),
            false => ((self.hours_spanned * 100.0).round() / 100.0).max(0.05),
        };
        if differ(&self.hours) && self.hours_spanned > 1.0 {
            scenario.curves = vec![self.curve(first)];
        }
        scenario
    }

    /// The answer share by hour as factors on `p_human`.
    fn curve(&self, first: u8) -> Curve {
        let (people, placed) = self.hours.iter().fold((0.0, 0.0), |(x, n), hour| {
            (
                x + hour.answered.share * hour.placed as f64,
                n + hour.placed as f64,
            )
        });
        let mean: f64 = people / f64::max(placed, 1.0);
        let step = |hour: &Hour| {
            let factor = hour.answered.share / mean.max(1e-9);
            (f64::from(hour.hour - first), (factor * 1e3).round() / 1e3)
        };
        Curve {
            what: Varied::PHuman,
            steps: self.hours.iter().map(step).collect(),
            swing: None,
        }
    }

    /// The scenario as a file, with where it comes from above it.
    #[must_use]
    pub fn scenario_text(&self) -> String {
        let mut text = format!(
            "# Calibrated by carillon {} from {}: {} calls from {} to {}.\n",
            env!("CARGO_PKG_VERSION"),
            self.source,
            self.counts.placed,
            self.from,
            self.to
        );
        for note in &self.notes {
            text.push_str(&format!("# {note}.\n"));
        }
        // Every value of a scenario can be written as TOML.
        text.push_str(&toml::to_string(&self.scenario()).unwrap_or_default());
        text
    }
}

#[cfg(test)]
#[path = "found_test.rs"]
pub(super) mod tests;
