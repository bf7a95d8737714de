//! Fates as a journal tells them, the law behind what it does not tell, and days lived again.

use super::law::{Law, Seen};
use super::recording::Recording;
use super::{Change, WhatIfError, what_if};
use crate::scenario::Scenario;
use crate::world::World;
use carillon_decision::call::{AmdVerdict, CallRecord, Outcome};
use carillon_decision::event::{Input, Progress};
use carillon_decision::pacing::Mode;
use carillon_decision::time::Now;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use std::collections::BTreeMap;

/// A day of the demo's world with this mode, as a journal would hold it.
fn day(mode: Mode, minutes: f64) -> (Recording, Vec<CallRecord>) {
    let mut scenario = Scenario::demo().with_mode(mode);
    scenario.minutes = minutes;
    scenario.leads = 20_000;
    let (_, config, tape) = World::new(&scenario, 7, true).run_taped();
    let (_, records) = World::new(&scenario, 7, false).run_recorded();
    (Recording::take(config, tape).unwrap(), records)
}

fn ratio(ratio: f64) -> Mode {
    Mode::ManualRatio { ratio }
}

fn seen(seconds: u64, whole: bool) -> Seen {
    let ns = seconds * 1_000_000_000;
    Seen { ns, whole }
}

#[test]
fn every_attempt_has_the_fate_that_its_record_tells() {
    let (recording, records) = day(ratio(6.0), 20.0);
    let mut by_lead: BTreeMap<_, Vec<&CallRecord>> = BTreeMap::new();
    for record in &records {
        by_lead
            .entry(record.lead.unwrap())
            .or_default()
            .push(record);
    }
    let mut outcomes: BTreeMap<&str, u32> = BTreeMap::new();
    for (lead, mut calls) in by_lead {
        calls.sort_by_key(|record| record.call);
        for (n, record) in calls.into_iter().enumerate() {
            let fate = recording.fates.of_attempt((lead, n as u32)).unwrap();
            let has = |what: fn(&Progress) -> bool| fate.news.iter().any(|(_, p)| what(p));
            let answered = has(|p| *p == Progress::Answered);
            *outcomes.entry(record.outcome.name()).or_default() += 1;
            match record.outcome {
                Outcome::Connected => {
                    let talk = fate.talk.unwrap();
                    assert!(talk.whole && answered);
                    assert!((talk.ns / 1_000_000).abs_diff(record.talk_ms.unwrap()) <= 5);
                }
                Outcome::Abandoned => assert!(fate.talk.is_none() && answered && fate.rang.whole),
                Outcome::Machine => assert!(has(|p| matches!(
                    p,
                    Progress::Verdict {
                        who: AmdVerdict::Machine,
                        ..
                    }
                ))),
                Outcome::Unanswered(_) => assert!(!answered),
                _ => {}
            }
            if let Some(ms) = record.answer_ms.filter(|_| fate.rang.whole) {
                assert!((fate.rang.ns / 1_000_000).abs_diff(ms) <= 5);
            }
        }
    }
    for name in ["connected", "abandoned", "machine", "busy", "no_answer"] {
        assert!(outcomes.get(name).is_some_and(|n| *n > 3), "{outcomes:?}");
    }
    // Rung out or given up: how long it would have rung is not known.
    let cut = recording.fates.all().iter().filter(|f| !f.rang.whole);
    assert!(cut.count() > 20);
}

#[test]
fn what_was_cut_is_drawn_from_what_lasted_longer() {
    let law = Law::of([
        (seen(1, true), 0),
        (seen(2, false), 1),
        (seen(3, true), 2),
        (seen(5, true), 3),
    ]);
    let mut rng = Pcg64Mcg::seed_from_u64(1);
    let mut counts: BTreeMap<u64, u32> = BTreeMap::new();
    for _ in 0..8000 {
        *counts
            .entry(law.draw(None, &mut rng) / 1_000_000_000)
            .or_default() += 1;
    }
    // Kaplan–Meier: 1/4, then the cut one's quarter in halves to those after it.
    for (seconds, share) in [(1, 0.25), (3, 0.375), (5, 0.375)] {
        let found = f64::from(counts[&seconds]) / 8000.0;
        assert!((found - share).abs() < 0.02, "{counts:?}");
    }
    let beyond = Some(seen(3, true).ns);
    assert_eq!(law.draw(beyond, &mut rng), seen(5, true).ns);
    // Nothing lasted longer: it ends where it was cut.
    assert_eq!(law.draw(Some(seen(9, true).ns), &mut rng), seen(9, true).ns);
}

#[test]
fn the_same_settings_live_the_same_day_again() {
    for mode in [ratio(1.0), ratio(3.0), Mode::default()] {
        let (recording, _) = day(mode, 30.0);
        let found = what_if(&recording, &[], None, 4, |_, _| {}).unwrap();
        assert_eq!(found.same, found.what_if);
        let (recorded, same) = (found.recorded, &found.same);
        let near =
            |a: f64, b: f64, far: f64| assert!((a - b).abs() <= far, "{mode} {a} {b} {found:?}");
        let placed = recorded.placed as f64;
        near(same.placed.mean, placed, 0.05 * placed);
        near(
            same.connected.mean,
            recorded.connected as f64,
            0.05 * recorded.connected as f64,
        );
        near(same.occupancy.mean, recorded.occupancy, 0.03);
        near(same.abandonment.mean, recorded.abandonment, 0.02);
    }
}

#[test]
fn another_ratio_meets_the_same_callers_and_the_days_repeat() {
    let (recording, _) = day(ratio(2.0), 30.0);
    let more = [Change::Mode(ratio(6.0))];
    let ask = || what_if(&recording, &more, Some("demo"), 6, |_, _| {}).unwrap();
    let found = ask();
    assert_eq!(found, ask());
    assert_eq!(found.changed, ["mode=manual:6"]);
    assert!(
        found.what_if.placed.low > 1.3 * found.recorded.placed as f64,
        "{found:?}"
    );
    assert!(found.what_if.occupancy.low > found.same.occupancy.high);
    assert!(found.what_if.abandonment.mean > found.same.abandonment.mean);
    // The world itself with that ratio: the same people, but other calls of theirs.
    let (truth, _) = day(ratio(6.0), 30.0);
    let off = found.what_if.occupancy.mean - truth.totals.occupancy;
    assert!(off.abs() < 0.05, "{:?} {found:?}", truth.totals);
    // Some of the calls were never placed on the recorded day.
    assert!(
        (0.3..0.95).contains(&found.what_if.drawn_share.mean),
        "{found:?}"
    );
}

#[test]
fn a_dial_turned_on_the_recorded_day_is_void_where_it_is_held_now() {
    let mut scenario = Scenario::demo().with_mode(ratio(1.0));
    scenario.minutes = 30.0;
    let (_, config, mut tape) = World::new(&scenario, 3, true).run_taped();
    let at: Now = tape[tape.len() / 2].0;
    let campaign = crate::floor::CAMPAIGN;
    let dial = carillon_decision::campaign::Dial::Mode(ratio(8.0));
    let turn = (at, Input::Adjust { campaign, dial });
    tape.insert(tape.len() / 2, turn);
    let recording = Recording::take(config, tape).unwrap();
    let held = [Change::Mode(Mode::Progressive)];
    let found = what_if(&recording, &held, None, 4, |_, _| {}).unwrap();
    assert!(found.same.abandonment.mean > 0.0, "{found:?}");
    assert_eq!(found.what_if.abandonment.high, 0.0, "{found:?}");
}

#[test]
fn settings_and_campaigns_nobody_knows_are_named() {
    for (given, why) in [
        ("cap", "not KEY=VALUE"),
        ("cap=much", "\"much\" is no number"),
        ("cap=3", "cap"),
        ("mode=fast", "fast"),
        ("ring_cancel=1", "neither true nor false"),
        ("speed=2", "unknown setting \"speed\""),
    ] {
        let error = given.parse::<Change>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("--set {given}: ")), "{error}");
        assert!(
            error.contains(why) && error.contains("max_lines_per_agent=N"),
            "{error}"
        );
    }
    let (recording, _) = day(ratio(1.0), 10.0);
    let error = what_if(&recording, &[], Some("other"), 2, |_, _| {}).unwrap_err();
    assert!(error.to_string().contains("it has demo"), "{error}");
    let nothing = Recording::take(recording.config, []).unwrap_err();
    assert_eq!(nothing, WhatIfError::TooLittle { calls: 0, talks: 0 });
}
