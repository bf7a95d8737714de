//! Learning from calls, call by call.

use super::*;
use crate::pacing::view::CallView;

fn resolved(outcome: Outcome, elapsed_s: f64) -> Resolution {
    Resolution {
        outcome,
        elapsed_s,
        rang: true,
        p_human: None,
    }
}

/// Feeds `n` calls, every `one_in`-th answered by a person.
fn feed(model: &mut AnswerModel, n: u32, one_in: u32) {
    for k in 0..n {
        let (outcome, elapsed_s) = if k % one_in == 0 {
            (Outcome::Human, 8.0 + f64::from(k % 9))
        } else {
            (Outcome::NoAnswer, 25.0)
        };
        model.observe(&resolved(outcome, elapsed_s));
    }
}

#[test]
fn the_answer_share_is_learned_and_follows_a_shock() {
    let mut model = AnswerModel::new();
    feed(&mut model, 1500, 10);
    assert!((model.p_human() - 0.10).abs() < 0.02, "{}", model.p_human());
    feed(&mut model, 120, 2);
    assert!(model.p_human() > 0.38, "{}", model.p_human());
}

#[test]
fn a_call_that_rings_long_is_less_likely_to_be_answered() {
    let mut model = AnswerModel::new();
    feed(&mut model, 600, 5);
    let law = model.fit();
    let mut out = Vec::new();
    let mut eventually = |elapsed_s: f64| {
        law.answers_within(
            &CallView::ringing(elapsed_s, Some(elapsed_s)),
            &[60.0],
            &mut out,
        );
        out[0]
    };
    let (fresh, middle, late) = (eventually(1.0), eventually(12.0), eventually(20.0));
    assert!((fresh - 0.2).abs() < 0.03, "{fresh}");
    assert!(
        fresh > middle && middle > late && late > 0.0,
        "{middle} {late}"
    );
    assert_eq!(eventually(26.0), 0.0);
}

#[test]
fn hanging_up_early_does_not_bias_the_answer_share() {
    // People answer after 6 s or after 20 s; every call still ringing at 15 s is cut off.
    let mut cut = AnswerModel::new();
    let mut whole = AnswerModel::new();
    for k in 0..2000u32 {
        let (outcome, at) = match k % 10 {
            0 => (Outcome::Human, 6.0 + f64::from(k % 7)),
            1 => (Outcome::Human, 15.5 + f64::from(k % 4)),
            _ => (Outcome::NoAnswer, 25.0),
        };
        whole.observe(&resolved(outcome, at));
        let late = at > 15.0 && k % 3 == 0;
        cut.observe(&if late {
            resolved(Outcome::Cancelled, 15.0)
        } else {
            resolved(outcome, at)
        });
    }
    assert!((cut.p_human() / whole.p_human() - 1.0).abs() < 0.1);
    assert!((cut.ring_mean_s() / whole.ring_mean_s() - 1.0).abs() < 0.1);
}

#[test]
fn scores_are_calibrated_against_outcomes() {
    let mut model = AnswerModel::new();
    for k in 0..2000u32 {
        let outcome = if k % 10 == 0 {
            Outcome::Human
        } else {
            Outcome::NoAnswer
        };
        let score = Resolution {
            p_human: Some(0.2),
            ..resolved(outcome, 12.0)
        };
        model.observe(&score);
    }
    let p = model.fit().lead(Some(0.2));
    assert!((p - 0.1).abs() < 0.02, "{p}");
}

#[test]
fn evidence_ages_but_never_by_a_clock_that_goes_back() {
    let mut model = AnswerModel::new();
    feed(&mut model, 500, 10);
    model.pass_time(1e6);
    let before = model.weight();
    model.pass_time(10.0);
    assert_eq!(model.weight(), before);
    model.pass_time(10.0 + AGE_MEMORY_S);
    assert!((model.weight() / before - libm::exp(-1.0)).abs() < 1e-9);
}
