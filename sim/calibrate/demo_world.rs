//! The demo's world with laws calibrated from a run's own records.

use super::fit::{log_normal, log_normal_ring};
use super::found::Measured;
use super::shares::Counts;
use crate::callee::Span;
use crate::calls::{CallRow, EndedBy, Who};
use crate::scenario::Scenario;

/// One signalling round trip on loopback, which the end of a machine's call takes, s.
const ROUND_TRIP_S: f64 = 0.02;

/// `base` with shares, ringing, talk, wrap-up and screening as these calls tell; what they are too
/// few for stays as it is. Its laws are log-normal, as the demo's world has them.
#[must_use]
pub fn demo_world(base: &Scenario, calls: &[&CallRow]) -> Scenario {
    let mut world = base.clone();
    let each = || calls.iter().copied();
    let counts = Counts::of(each());
    let measured = Measured::of(each());
    let placed = (counts.placed as f64).max(1.0);
    let answers = (counts.people + counts.machines) as f64;
    let span = |(mean_s, cv): (f64, f64)| Span {
        mean_s,
        sd_s: mean_s * cv,
    };
    let callees = &mut world.callees;
    let mut answered = answers / placed;
    if let Some((mean, cv, share)) = log_normal_ring(measured.ring, counts.failed()) {
        callees.ring = span((mean, cv));
        answered = share;
    }
    callees.p_human = answered * counts.people as f64 / answers.max(1.0);
    callees.p_machine = answered * counts.machines as f64 / answers.max(1.0);
    callees.p_busy = counts.busy as f64 / placed;
    callees.p_sit = counts.tones as f64 / placed;
    callees.p_wrong = counts.wrong as f64 / placed;
    if let Some(talk) = log_normal(measured.talk) {
        callees.talk = span(talk);
    }
    if let Some(wrap) = log_normal(measured.wrap) {
        world.agents_law.wrap = span(wrap);
    }
    screening(&mut world, calls);
    world
}

/// How long it takes to tell people from machines.
fn screening(world: &mut Scenario, calls: &[&CallRow]) {
    let mut waits: Vec<f64> = calls
        .iter()
        .filter(|call| call.outcome == "connected")
        .filter_map(|call| call.wait_s)
        .collect();
    waits.sort_by(f64::total_cmp);
    // Most people find an agent free: the lower quartile has not waited for one.
    if let Some(wait) = waits.get(waits.len() / 4) {
        world.screening.trailing_s = *wait;
    }
    let greetings: Vec<f64> = calls.iter().filter_map(|call| greeting(call)).collect();
    if let Some((mean, sd)) = mean_and_sd(&greetings) {
        let half = sd * 3.0_f64.sqrt();
        world.screening.onset_s = 0.0;
        world.callees.greeting_s = ((mean - half).max(0.0), mean + half);
    }
    let machines: Vec<f64> = calls
        .iter()
        .filter(|call| call.who == Some(Who::Machine))
        .filter_map(|call| Some(call.end_after_s? - call.answer_after_s?))
        .collect();
    if let Some((mean, _)) = mean_and_sd(&machines) {
        world.screening.machine_after_s = (mean - ROUND_TRIP_S - world.screening.onset_s).max(0.0);
    }
}

/// Answer to the end of the greeting, s; of conversations that ended with the call.
fn greeting(call: &CallRow) -> Option<f64> {
    let whole = call.outcome == "connected" && call.ended_by == Some(EndedBy::Customer);
    let spent = call.end_after_s? - call.answer_after_s? - call.talk_s? - call.wait_s?;
    (whole && (0.0..30.0).contains(&spent)).then_some(spent)
}

fn mean_and_sd(values: &[f64]) -> Option<(f64, f64)> {
    if values.len() < 5 {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    Some((mean, (square / (n - 1.0)).sqrt()))
}
