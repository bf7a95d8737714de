//! Feedback from measured abandonment to the overdial probability that is accepted (θ).
//!
//! The window has a budget of abandons, `q·K`: the cap times the answers it will have. What is
//! left of it, less a small reserve, is spread evenly over the answers to come:
//!
//! ```text
//! r = (q·K − A − reserve) / (K − answered)        abandonment aimed at from now on
//! θ = r / κ                                       κ: abandonment measured per unit of θ
//! ```
//!
//! Nothing is lost by an abandon early in the window, and none is left over at its end: `r` comes
//! back to plan by itself, the sooner the nearer the end is. With the budget spent `r` is 0 and
//! lines are one for each free agent until answers have earned new budget. There is no cliff
//! before: a gate that falls back to 1:1 whenever the cap is touched oscillates and wastes the day.
//! κ makes up for a model that is wrong on this floor, and is carried over from window to window.
//!
//! What is sure of the budget is less: from now on answers may come no faster than one line for
//! each free agent brings them, and that earns less. Abandons come in bunches, since who meets no
//! agent is soon followed by others who meet none either. So the chance that one more answer
//! brings the bunch that overdraws what is sure is held to a share of δ for each answer to come.

use serde::{Deserialize, Serialize};

use super::mode::Tuning;
use super::view::WindowView;

/// κ before anything is measured, and how many abandons that guess is worth.
const RESPONSE_PRIOR: (f64, f64) = (1.25, 10.0);
/// Answers after which the evidence on κ has faded to 1/e.
const RESPONSE_MEMORY: f64 = 1500.0;
/// Abandons kept back from being spent.
const RESERVE: f64 = 0.2;
/// Most that r may be, as a multiple of the cap: a budget left over late is not squandered.
const AIM_MOST: f64 = 2.0;
/// Most that θ may be, as a multiple of the cap.
const THETA_MOST: f64 = 4.0;
/// Accepted probability that a window ends overdrawn, by this reckoning.
const OVERDRAW: f64 = 0.012;
/// People abandoned after the first of a bunch, per person now coming.
const BUNCHING: f64 = 0.3;
/// Answers beyond those to come among which that probability is shared out.
const SHARED_LEAST: f64 = 2.0;
/// Fewest answers a window of unknown length is taken to have before it.
const AHEAD_LEAST: f64 = 300.0;
/// Fewest answers the budget is spread over.
const SPREAD_LEAST: f64 = 10.0;
/// Fewest people taken to be coming.
const COMING_LEAST: f64 = 0.3;

/// State of the abandonment control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// θ in force at each answer, summed and slowly forgotten.
    accepted: f64,
    /// Abandons among these answers.
    abandoned: f64,
    /// θ as of the last decision.
    in_force: f64,
}

impl Default for Feedback {
    fn default() -> Self {
        Self::new()
    }
}

impl Feedback {
    /// A control without history.
    #[must_use]
    pub fn new() -> Self {
        Self {
            accepted: 0.0,
            abandoned: 0.0,
            in_force: 0.0,
        }
    }

    /// One more answer, abandoned or not; the share `lost` of answers is abandoned whatever pacing
    /// does, and says nothing of θ.
    pub fn observe(&mut self, abandoned: bool, lost: f64) {
        let keep = 1.0 - 1.0 / RESPONSE_MEMORY;
        self.accepted = self.accepted * keep + self.in_force;
        self.abandoned = self.abandoned * keep + f64::from(u8::from(abandoned)) - lost;
    }

    /// κ: abandonment measured per unit of θ, shrunk to its guess.
    fn response(&self) -> f64 {
        let (guess, weight) = RESPONSE_PRIOR;
        (self.abandoned.max(0.0) + weight) / (self.accepted + weight / guess)
    }

    /// What is accepted now, with the ledger as it stands, `coming` people expected from the calls
    /// in flight, and the share of the projected answers that come even at 1:1.
    pub fn threshold(
        &mut self,
        window: &WindowView,
        tuning: &Tuning,
        coming: f64,
        assured: f64,
    ) -> Threshold {
        let (cap, lost) = (sensible(tuning.cap), tuning.people_as_machines);
        let answered = window.answered as f64;
        // A window of unknown length is taken as half over.
        let ahead = if window.projected > 0.0 {
            (window.projected - answered).max(0.0)
        } else {
            answered.max(AHEAD_LEAST)
        };
        let budget = cap * (answered + ahead) - lost * ahead - window.abandoned as f64;
        let aim = (budget - RESERVE) / ahead.max(SPREAD_LEAST);
        let relative = (aim / cap).clamp(0.0, AIM_MOST);
        // How many are to come, and how many of them are lost, is known within a deviation or two.
        let earned = (cap - lost).max(0.0) * (1.0 - assured) * ahead;
        let unsure = earned + cap * ahead.sqrt() + 2.0 * (lost * assured * ahead).sqrt();
        let at_once = most_at_once(budget - unsure, coming.max(COMING_LEAST), ahead);
        let value = (relative * cap / self.response())
            .min(at_once)
            .min((THETA_MOST * cap).min(0.5));
        self.in_force = value;
        Threshold {
            value,
            relative,
            tightened: relative < TIGHT,
        }
    }
}

/// Share of the cap below which the aim is felt as tight.
const TIGHT: f64 = 0.9;

/// θ at which one more answer brings a bunch of more than `sure` abandons with no more than its
/// share of [`OVERDRAW`]: the first is abandoned with θ, how many follow is Poisson.
fn most_at_once(sure: f64, coming: f64, ahead: f64) -> f64 {
    /// Budgets from here on are never drawn at once.
    const AMPLE: f64 = 12.0;
    if sure < 0.0 {
        return 0.0;
    }
    if sure >= AMPLE {
        return f64::INFINITY;
    }
    let follow = BUNCHING * coming;
    let (mut mass, mut more) = (libm::exp(-follow), 1.0);
    for k in 1..=sure.floor() as u32 {
        more -= mass;
        mass *= follow / f64::from(k);
    }
    OVERDRAW / (ahead + SHARED_LEAST) / more.max(1e-12)
}

/// The overdial probability accepted now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// θ, 0–1: accepted probability that one more answer meets no free agent.
    pub value: f64,
    /// Abandonment aimed at from now on as a multiple of the cap.
    pub relative: f64,
    /// Abandonment so far makes θ smaller than it would be without feedback.
    pub tightened: bool,
}

fn sensible(cap: f64) -> f64 {
    if cap.is_finite() {
        cap.clamp(1e-4, 0.5)
    } else {
        1e-4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(answered: u64, abandoned: u64) -> WindowView {
        WindowView {
            answered,
            abandoned,
            projected: 1_000.0,
        }
    }

    fn capped(cap: f64) -> Tuning {
        Tuning {
            cap,
            ..Tuning::default()
        }
    }

    #[test]
    fn more_abandons_accept_less_without_a_cliff() {
        let mut feedback = Feedback::new();
        let theta: Vec<f64> = (0..40)
            .map(|ab| {
                feedback
                    .threshold(&window(500, ab), &capped(0.03), 1.0, 0.7)
                    .value
            })
            .collect();
        assert!(theta.windows(2).all(|pair| pair[1] <= pair[0]));
        // The last few, which are not sure, are another matter.
        for pair in theta[..20].windows(2) {
            assert!(pair[0] - pair[1] < 0.1 * theta[0], "{pair:?}");
        }
        assert!(theta[39] <= 0.0 && theta[14] > 0.5 * theta[0]);
    }

    #[test]
    fn a_model_that_is_wrong_is_made_up_for_and_the_lesson_kept() {
        let mut feedback = Feedback::new();
        let fresh = feedback
            .threshold(&window(0, 0), &capped(0.03), 1.0, 0.7)
            .value;
        for k in 0..500u64 {
            feedback.threshold(&window(k, k * 3 / 100), &capped(0.03), 1.0, 0.7);
            feedback.observe(k % 20 == 0, 0.0);
        }
        let next_window = feedback
            .threshold(&window(0, 0), &capped(0.03), 1.0, 0.7)
            .value;
        assert!(next_window < 0.8 * fresh, "{next_window} {fresh}");
    }

    /// The fewer abandons are left, the less may be at stake at once; the last is not risked.
    #[test]
    fn the_last_of_the_budget_is_not_overdrawn() {
        let at = |abandoned, coming| {
            let late = WindowView {
                answered: 980,
                abandoned,
                projected: 1_000.0,
            };
            Feedback::new()
                .threshold(&late, &capped(0.03), coming, 0.7)
                .value
        };
        assert!(at(15, 3.0) > 0.02);
        assert!(at(27, 3.0) < at(25, 3.0) && at(27, 3.0) > 0.0);
        assert!(at(28, 3.0) < at(28, 0.5));
        assert!(at(29, 3.0) < 1e-3);
        assert_eq!(at(31, 3.0), 0.0);
    }

    #[test]
    fn the_share_of_the_risk_follows_the_bunch_that_would_overdraw() {
        let share = OVERDRAW / 102.0;
        // Less than one is left: the first abandon overdraws.
        assert!((most_at_once(0.5, 1.0, 100.0) / share - 1.0).abs() < 1e-12);
        // One is left: a second one must follow.
        let second = 1.0 - libm::exp(-BUNCHING);
        assert!((most_at_once(1.5, 1.0, 100.0) * second / share - 1.0).abs() < 1e-12);
        assert_eq!(most_at_once(-0.1, 1.0, 100.0), 0.0);
        assert!(most_at_once(20.0, 1.0, 100.0).is_infinite());
    }

    /// Where 1:1 brings few of the answers that are projected, few of them are counted on.
    #[test]
    fn budget_that_only_risk_would_earn_is_not_sure() {
        let at = |assured| {
            let late = WindowView {
                answered: 880,
                abandoned: 26,
                projected: 1_000.0,
            };
            Feedback::new()
                .threshold(&late, &capped(0.03), 3.0, assured)
                .value
        };
        assert!(at(0.3) < 0.5 * at(0.9), "{} {}", at(0.3), at(0.9));
    }

    #[test]
    fn nonsense_caps_stay_safe() {
        let mut feedback = Feedback::new();
        for cap in [f64::NAN, -1.0, 0.0] {
            assert!(
                feedback
                    .threshold(&window(10, 0), &capped(cap), 1.0, 0.7)
                    .value
                    < 1e-3
            );
        }
        assert!(
            feedback
                .threshold(&window(10, 0), &capped(7.0), 1.0, 0.7)
                .value
                <= 0.5
        );
    }
}
