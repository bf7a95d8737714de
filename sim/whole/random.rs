//! Random small floors: everything a whole floor may have, in odd combinations.

use super::people::ZONES;
use super::scenario::{
    AgentGroup, CalleePlan, Campaign, FloorScenario, InboundPlan, ListPlan, Retry, SkillNeed,
    TrunkPlan,
};
use crate::callee::stream;
use crate::pacing::curve::{Curve, Varied};
use crate::pacing::law::Law;
use crate::pacing::scenario::Shift;
use carillon_decision::campaign::Screening;
use carillon_decision::compliance::{DaySpan, Purpose, WeekHours};
use carillon_decision::ledger::WindowKind;
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use std::collections::BTreeMap;

const STREAM_FLOOR: u64 = 31;
const SKILLS: [&str; 3] = ["loans", "spanish", "service"];

/// Draws.
struct Chance(Pcg64Mcg);

impl Chance {
    fn happens(&mut self, share: f64) -> bool {
        self.0.random::<f64>() < share
    }

    fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.0.random::<f64>()
    }

    fn count(&mut self, from: u32, to: u32) -> u32 {
        self.0.random_range(from..=to)
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.0.random_range(0..of.len())].clone()
    }

    fn law(&mut self, mean_s: f64) -> Law {
        match self.count(0, 4) {
            0 => Law::Constant { mean_s },
            1 => Law::Exponential { mean_s },
            2 => Law::Gamma { mean_s, cv: 0.6 },
            3 => Law::Weibull { mean_s, shape: 1.5 },
            _ => Law::LogNormal { mean_s, cv: 0.8 },
        }
    }
}

/// The random floor of a seed: 20 to 60 minutes of a few agents.
#[must_use]
pub fn floor(seed: u64) -> FloorScenario {
    let mut chance = Chance(stream(seed, STREAM_FLOOR, 0));
    let c = &mut chance;
    // Mostly short, so that many floors fit into a minute.
    let minutes = if c.happens(0.05) {
        c.between(30.0, 60.0)
    } else {
        c.between(20.0, 22.0)
    };
    let hours = minutes / 60.0;
    let trunks: Vec<TrunkPlan> = (0..c.count(1, 3)).map(|k| trunk(c, k, hours)).collect();
    let names: Vec<String> = (0..c.count(1, 3)).map(|k| format!("campaign{k}")).collect();
    let groups: Vec<AgentGroup> = (0..c.count(1, 3))
        .map(|k| group(c, k, hours, &names))
        .collect();
    let skills: Vec<String> = groups
        .iter()
        .flat_map(|g| g.skills.keys().cloned())
        .collect();
    let campaigns = names
        .iter()
        .map(|name| campaign(c, name, hours, &skills, &trunks))
        .collect();
    // Mostly by day in America; calling hours begin and end at full hours.
    let day = c.count(9, 15);
    let hour = if c.happens(0.7) {
        c.count(14, 23)
    } else {
        c.count(0, 23)
    };
    let minute = c.one(&[0, 30, 45, 50]);
    FloorScenario {
        title: format!("random floor {seed}"),
        start: format!("2026-03-{day:02}T{hour:02}:{minute:02}:00Z"),
        hours,
        replications: 1,
        screening: crate::scenario::ScreeningLaw {
            trailing_s: 0.65,
            onset_s: 0.2,
            machine_after_s: c.one(&[1.5, 2.9, 5.0]),
        },
        campaigns,
        groups,
        trunks,
    }
}

fn trunk(c: &mut Chance, k: u32, hours: f64) -> TrunkPlan {
    let outages = match c.happens(0.35) {
        true => vec![(c.between(0.05, hours * 0.8), c.between(0.3, 5.0))],
        false => Vec::new(),
    };
    TrunkPlan {
        name: format!("trunk{k}"),
        group: c.one(&["main", "main", "other"]).to_owned(),
        channels: c.count(2, 25),
        calls_per_second: c.one(&[0.3, 1.0, 2.0, 2.5, 5.0, 20.0]),
        priority: c.count(0, 1) as u8,
        weight: c.count(1, 3),
        post_dial_delay: c.law(0.8),
        congestion: c.one(&[0.0, 0.0, 0.05, 0.3]),
        retry_after_s: c.one(&[0.0, 0.0, 5.0, 30.0]),
        outages,
        noticed_after_s: c.one(&[2.0, 30.0]),
    }
}

fn group(c: &mut Chance, k: u32, hours: f64, campaigns: &[String]) -> AgentGroup {
    let mut skills = BTreeMap::new();
    for skill in SKILLS {
        if c.happens(0.4) {
            skills.insert(skill.to_owned(), c.count(1, 10) as u8);
        }
    }
    let serves = match c.happens(0.5) {
        true => Vec::new(),
        false => vec![c.one(campaigns)],
    };
    let mut shifts = Vec::new();
    if c.happens(0.6) {
        for _ in 0..c.count(1, 2) {
            let from_h = c.between(0.0, 0.3 * hours);
            let to_h = c.between(0.6 * hours, 1.2 * hours);
            let breaks = (0..c.count(0, 2))
                .map(|_| (c.between(from_h + 0.01, 0.59 * hours), c.between(0.5, 4.0)))
                .collect();
            shifts.push(Shift {
                agents: c.count(1, 3),
                from_h,
                to_h,
                breaks,
            });
        }
    }
    let late = c.happens(0.3).then(|| c.law(60.0));
    AgentGroup {
        name: format!("group{k}"),
        count: if shifts.is_empty() { c.count(1, 4) } else { 0 },
        skills,
        campaigns: serves,
        shifts,
        late,
        phone_lost_per_hour: c.one(&[0.0, 0.0, 1.0, 6.0]),
    }
}

fn campaign(
    c: &mut Chance,
    name: &str,
    hours: f64,
    skills: &[String],
    trunks: &[TrunkPlan],
) -> Campaign {
    let mut zones = BTreeMap::new();
    for _ in 0..c.count(1, 4) {
        zones.insert(c.one(&ZONES).zone.to_owned(), c.between(0.5, 2.0));
    }
    let need = match !skills.is_empty() && c.happens(0.4) {
        true => vec![SkillNeed {
            skill: c.one(skills),
            level: c.count(1, 6) as u8,
            drop_after_s: c.happens(0.2).then_some(1.0),
        }],
        false => Vec::new(),
    };
    let modes = [
        "predictive",
        "predictive",
        "predictive",
        "hard",
        "progressive",
        "ratio:1.5",
        "ratio:3",
        "erlang-c",
    ];
    let runs = match c.happens(0.2) {
        true => Some((
            c.between(0.0, 0.2 * hours),
            c.between(0.5 * hours, 0.9 * hours),
        )),
        false => None,
    };
    let calling = c.happens(0.2).then(|| {
        let (from, to) = (c.count(6, 12) as u16 * 60, c.count(13, 23) as u16 * 60 + 30);
        WeekHours::daily(&[DaySpan::new(from, to).unwrap_or(DaySpan::ALL_DAY)])
    });
    let mut retries = BTreeMap::new();
    for outcome in ["busy", "no_answer", "machine", "abandoned"] {
        if c.happens(0.6) {
            let after_s = c.one(&[20.0, 60.0, 300.0]);
            retries.insert(
                outcome.to_owned(),
                Retry {
                    after_s,
                    most: c.count(1, 5),
                },
            );
        }
    }
    let trunk_groups = match c.happens(0.3) {
        true => vec![c.one(trunks).group],
        false => Vec::new(),
    };
    Campaign {
        name: name.to_owned(),
        mode: c.one(&modes).to_owned(),
        cap: c.one(&[0.01, 0.03, 0.1]),
        window: c.one(&[WindowKind::Day, WindowKind::Hours24, WindowKind::Days30]),
        max_lines_per_agent: c.one(&[1.5, 3.0, 8.0]),
        ring_cancel: c.happens(0.7),
        ring_timeout_s: c.one(&[15.0, 20.0, 25.0, 40.0]),
        wrap_up_limit_s: c.one(&[0.0, 10.0, 120.0]),
        abandon_within_s: c.one(&[1.0, 2.0, 2.0, 3.0]),
        screening: c.one(&[Screening::Fast, Screening::Careful, Screening::Off]),
        purpose: c.one(&[Purpose::Sales, Purpose::Service, Purpose::DebtCollection]),
        calling,
        runs,
        attempts_per_day: c.one(&[0, 1, 3, 6]),
        min_gap_s: c.one(&[0.0, 30.0, 120.0]),
        attempts_max: c.count(1, 8),
        retries,
        needs: need,
        trunk_groups,
        list: ListPlan {
            leads: c.count(20, 400),
            listed: c.one(&[0.0, 0.05, 0.4]),
            zones,
            urgent: c.one(&[0.0, 0.2]),
            scores_cv: c.happens(0.3).then_some(0.5),
            scores_known: c.happens(0.5),
        },
        callees: callees(c),
        curves: match c.happens(0.3) {
            true => vec![Curve {
                what: c.one(&[Varied::PHuman, Varied::Talk, Varied::Wrap]),
                steps: vec![(0.0, 1.0), (0.5 * hours, c.between(0.3, 2.0))],
                swing: None,
            }],
            false => Vec::new(),
        },
        inbound: c.happens(0.4).then(|| inbound(c, hours)),
    }
}

fn callees(c: &mut Chance) -> CalleePlan {
    let ring_mean_s = c.between(4.0, 16.0);
    let talk_mean_s = c.one(&[5.0, 30.0, 60.0, 120.0]);
    CalleePlan {
        p_human: c.one(&[0.1, 0.25, 0.5]),
        p_machine: c.one(&[0.0, 0.15, 0.3]),
        p_busy: 0.08,
        p_sit: 0.04,
        p_wrong: 0.04,
        ring: c.law(ring_mean_s),
        greeting: c.law(0.8),
        talk: c.law(talk_mean_s),
        wrap: c.law(10.0),
        patience: c.law(6.0),
        people_as_machines: c.one(&[0.0, 0.05, 0.2]),
        machines_as_people: c.one(&[0.0, 0.1]),
        machine_talk: c.law(6.0),
        opt_out: c.one(&[0.0, 0.5]),
    }
}

fn inbound(c: &mut Chance, hours: f64) -> InboundPlan {
    InboundPlan {
        per_hour: vec![
            (0.0, c.between(5.0, 120.0)),
            (0.6 * hours, c.between(0.0, 60.0)),
        ],
        patience: c.law(60.0),
        talk: c.law(60.0),
        wrap: c.law(10.0),
        longest_wait_s: c.one(&[0.0, 20.0, 120.0]),
        service_within_s: 20.0,
    }
}
