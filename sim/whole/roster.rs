//! Who works when on a whole floor.

use super::fate::exponential;
use super::scenario::FloorScenario;
use crate::callee::stream;

const STREAM_LATE: u64 = 26;
const STREAM_PHONE: u64 = 27;
/// A lost phone is back after this long, s.
pub const PHONE_BACK_S: f64 = 60.0;

/// What an agent does by the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Turn {
    /// Logs in.
    LogsIn,
    /// Goes on a break of so many seconds, once the call in progress is over.
    Breaks(f64),
    /// Logs out, once the call in progress is over.
    LogsOut,
    /// The phone is lost.
    PhoneLost,
    /// It is back.
    PhoneBack,
}

/// From, to, and breaks with their minutes: hours of the day.
type Hours = (f64, f64, Vec<(f64, f64)>);

/// One agent of a floor.
#[derive(Clone, Debug, PartialEq)]
pub struct Worker {
    /// Index of the group.
    pub group: usize,
    /// What happens to them, seconds from the start of the day.
    pub turns: Vec<(f64, Turn)>,
}

/// Every agent, in the order of groups and shifts.
#[must_use]
pub fn workers(scenario: &FloorScenario, seed: u64) -> Vec<Worker> {
    let mut workers: Vec<Worker> = Vec::new();
    for (g, group) in scenario.groups.iter().enumerate() {
        let late = group.late.as_ref().map(|law| law.sampler());
        let mut plans: Vec<Hours> = Vec::new();
        for shift in &group.shifts {
            let plan = (shift.from_h, shift.to_h, shift.breaks.clone());
            plans.extend((0..shift.agents).map(|_| plan.clone()));
        }
        if group.shifts.is_empty() {
            let all_day = (0.0, f64::INFINITY, Vec::new());
            plans.extend((0..group.count).map(|_| all_day.clone()));
        }
        for (from_h, to_h, breaks) in plans {
            let key = workers.len() as u64;
            let late_s = late
                .as_ref()
                .map_or(0.0, |l| l.draw(&mut stream(seed, STREAM_LATE, key)));
            let (from_s, to_s) = (from_h * 3600.0 + late_s, to_h * 3600.0);
            let mut turns = vec![(from_s, Turn::LogsIn)];
            for (at_h, minutes) in breaks {
                turns.push((at_h * 3600.0, Turn::Breaks(minutes * 60.0)));
            }
            let until = to_s.min(scenario.day_s());
            phone(
                &mut turns,
                group.phone_lost_per_hour,
                (from_s, until),
                (seed, key),
            );
            if to_s.is_finite() {
                turns.push((to_s, Turn::LogsOut));
            }
            // Who comes later than their shift ends does not come.
            turns.retain(|(at, _)| *at >= from_s && from_s < to_s);
            turns.sort_by(|a, b| a.0.total_cmp(&b.0));
            workers.push(Worker { group: g, turns });
        }
    }
    workers
}

fn phone(turns: &mut Vec<(f64, Turn)>, per_hour: f64, span: (f64, f64), key: (u64, u64)) {
    if per_hour <= 0.0 {
        return;
    }
    let mut chance = stream(key.0, STREAM_PHONE, key.1);
    let mut at = span.0;
    loop {
        at += 3600.0 / per_hour * exponential(&mut chance);
        if at + PHONE_BACK_S >= span.1 {
            return;
        }
        turns.push((at, Turn::PhoneLost));
        at += PHONE_BACK_S;
        turns.push((at, Turn::PhoneBack));
    }
}
