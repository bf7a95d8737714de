use super::*;
use crate::calibrate::read::{Format, read};
use crate::calls::write_rows;
use carillon_decision::time::Wall;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A day of calls, 9 to 17 h, with people twice as likely from 13 h on.
fn day(calls: usize) -> Vec<CallRow> {
    let mut chance = Pcg64Mcg::seed_from_u64(21);
    let law = |law: Law| law.sampler();
    let ring = law(Law::LogNormal {
        mean_s: 12.0,
        cv: 0.4,
    });
    let talk = law(Law::Gamma {
        mean_s: 90.0,
        cv: 0.8,
    });
    let wrap = law(Law::Exponential { mean_s: 15.0 });
    let nine = 1_773_133_200_000_i64;
    let mut rows = Vec::new();
    for k in 0..calls {
        let at_ms = (8 * 3_600_000 * k / calls) as i64;
        let p = if at_ms < 4 * 3_600_000 { 0.15 } else { 0.30 };
        let u: f64 = chance.random();
        let ring_s = ring.draw(&mut chance);
        let mut row = CallRow {
            call: k.to_string(),
            placed: Wall(nine + at_ms),
            end_after_s: Some(25.0),
            outcome: "no_answer".into(),
            ..CallRow::default()
        };
        if u < p + 0.3 && ring_s < 25.0 {
            row.answer_after_s = Some(ring_s);
            if u < p {
                let talk_s = talk.draw(&mut chance);
                row.who = Some(Who::Person);
                row.outcome = "connected".into();
                row.agent = format!("a{}", k % 7);
                row.talk_s = Some(talk_s);
                row.wrap_s = Some(wrap.draw(&mut chance));
                row.end_after_s = Some(ring_s + talk_s + 0.7);
            } else {
                row.who = Some(Who::Machine);
                row.outcome = "machine".into();
                row.end_after_s = Some(ring_s + 3.0);
            }
        } else if u > 0.9 {
            row.outcome = "busy".into();
            row.end_after_s = Some(1.0 + chance.random::<f64>());
        }
        rows.push(row);
    }
    rows
}

fn calibrated(rows: Vec<CallRow>) -> Calibration {
    let mut file = Vec::new();
    write_rows(&mut file, "t", rows).unwrap();
    let reading = read(&file[..], "day.csv", None, &TimeZone::UTC).unwrap();
    assert_eq!(reading.format, Format::Carillon);
    Calibration::of("day.csv", reading, &TimeZone::UTC, 1)
}

/// The calibration of such a day.
pub(in crate::calibrate) fn calibrated_day(calls: usize) -> Calibration {
    calibrated(day(calls))
}

/// From a known world to its records to a scenario of the same world, which can be read back.
#[test]
fn a_known_day_comes_back_as_a_scenario() {
    let found = calibrated(day(12_000));
    let scenario = found.scenario();
    assert_eq!(
        (scenario.agents, scenario.hours, scenario.ring_timeout_s),
        (7, 8.0, 25.0)
    );
    assert!(
        (scenario.p_human - 0.225).abs() < 0.02,
        "{}",
        scenario.p_human
    );
    assert!((scenario.others.machine - 0.3).abs() < 0.02);
    assert!((scenario.others.busy - 0.1).abs() < 0.01);
    assert!(
        (scenario.ring.mean_s() - 12.0).abs() < 0.4,
        "{:?}",
        scenario.ring
    );
    assert!(
        matches!(scenario.talk, Law::Gamma { .. }),
        "{:?}",
        scenario.talk
    );
    assert!((scenario.talk.mean_s() - 90.0).abs() < 6.0);
    assert!(
        (scenario.wrap.mean_s() - 15.0).abs() < 1.5,
        "{:?}",
        scenario.wrap
    );
    assert_eq!(found.hours.len(), 8);
    assert!(found.hours_alike < 1e-6);
    let curve = &scenario.curves[0];
    assert!((curve.at(3600.0) - 0.667).abs() < 0.1 && (curve.at(6.0 * 3600.0) - 1.333).abs() < 0.1);
    let hour = &found.hours[0];
    assert!(
        hour.answered.low < 0.15 && 0.15 < hour.answered.high,
        "{hour:?}"
    );
    let text = found.scenario_text();
    assert!(text.starts_with("# Calibrated by carillon"));
    assert_eq!(
        PacingScenario::read("t.toml", &text, &[]).unwrap(),
        scenario
    );
}

#[test]
fn what_the_records_do_not_tell_is_said() {
    let mut rows = day(400);
    for row in &mut rows {
        row.wrap_s = None;
        row.agent.clear();
    }
    rows[0].outcome = "congestion".into();
    let found = calibrated(rows);
    assert!(found.law("wrap").is_none() && found.law("talk").is_some());
    let notes = found.notes.join("\n");
    assert!(
        notes.contains("wrap: fewer than 20") && notes.contains("no agents are named"),
        "{notes}"
    );
    assert!(notes.contains("1 calls failed by trouble"), "{notes}");
    assert_eq!(found.counts.trunk, 1);
    found.scenario().check("t").unwrap();
}

#[test]
fn no_calls_make_a_scenario_too() {
    let found = calibrated(Vec::new());
    found.scenario().check("t").unwrap();
    assert_eq!(found.counts.placed, 0);
}
