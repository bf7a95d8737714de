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
//! lines are one for each free agent until answers have earned new budget; so the cap holds at
//! the window's end. There is no cliff before: a gate that falls back to 1:1 whenever the cap is
//! touched oscillates and wastes the day. κ makes up for a model that is wrong on this floor, and
//! is carried over from window to window.

use serde::{Deserialize, Serialize};

use super::mode::Tuning;
use super::view::WindowView;

/// κ before anything is measured, and how many abandons that guess is worth.
const RESPONSE_PRIOR: (f64, f64) = (1.25, 10.0);
/// Answers after which the evidence on κ has faded to 1/e.
const RESPONSE_MEMORY: f64 = 1500.0;
/// Abandons kept back from being spent.
const RESERVE: f64 = 0.5;
/// Most that r may be, as a multiple of the cap: a budget left over late is not squandered.
const AIM_MOST: f64 = 2.0;
/// Most that θ may be, as a multiple of the cap.
const THETA_MOST: f64 = 4.0;
/// Accepted probability that the people now coming overdraw what is left of the budget.
const OVERDRAW: f64 = 2e-5;
/// Abandons come in bunches, the larger the more people are coming at once: this many times the
/// expected number are reckoned with, per person coming.
const BUNCHING: f64 = 2.5;
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

    /// What is accepted now, with the ledger as it stands and `coming` people expected from the
    /// calls in flight.
    pub fn threshold(&mut self, window: &WindowView, tuning: &Tuning, coming: f64) -> Threshold {
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
        // How many answers are still to come is known within a standard deviation or so.
        let sure = budget - cap * ahead.sqrt() - 2.0 * (lost * ahead).sqrt();
        let coming = coming.max(COMING_LEAST);
        let at_once = most_at_once(sure, coming);
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

/// θ at which more than `budget` of the people now `coming` are abandoned with probability
/// [`OVERDRAW`]: from the Poisson tail, P(X > b) ≤ mᵏ/k! with k = ⌊b⌋ + 1. The nearer the end of
/// the budget, the more it counts that abandons come in bunches.
fn most_at_once(budget: f64, coming: f64) -> f64 {
    /// Budgets from here on are never drawn at once.
    const AMPLE: f64 = 12.0;
    if budget < 0.0 {
        return 0.0;
    }
    if budget >= AMPLE {
        return f64::INFINITY;
    }
    let whole = budget.floor() as u32 + 1;
    let (factorial, k) = (
        (1..=whole).map(f64::from).product::<f64>(),
        f64::from(whole),
    );
    let expected = libm::pow(OVERDRAW * factorial, 1.0 / k);
    expected * k / (BUNCHING * coming * coming)
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
                    .threshold(&window(500, ab), &capped(0.03), 1.0)
                    .value
            })
            .collect();
        for pair in theta.windows(2) {
            assert!(
                pair[1] <= pair[0] && pair[0] - pair[1] < 0.1 * theta[0],
                "{pair:?}"
            );
        }
        assert!(theta[39] <= 0.0 && theta[14] > 0.5 * theta[0]);
    }

    #[test]
    fn a_model_that_is_wrong_is_made_up_for_and_the_lesson_kept() {
        let mut feedback = Feedback::new();
        let fresh = feedback.threshold(&window(0, 0), &capped(0.03), 1.0).value;
        for k in 0..500u64 {
            feedback.threshold(&window(k, k * 3 / 100), &capped(0.03), 1.0);
            feedback.observe(k % 20 == 0, 0.0);
        }
        let next_window = feedback.threshold(&window(0, 0), &capped(0.03), 1.0).value;
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
                .threshold(&late, &capped(0.03), coming)
                .value
        };
        assert!(at(15, 3.0) > 0.02);
        assert!(at(27, 3.0) < at(25, 3.0) && at(27, 3.0) > 0.0);
        assert!(at(28, 3.0) < at(28, 0.5));
        assert!(at(29, 3.0) < 1e-5);
        assert_eq!(at(31, 3.0), 0.0);
        // √(2·2e-5)·2/2.5 with one person coming.
        assert!((most_at_once(1.5, 1.0) / 0.005_06 - 1.0).abs() < 0.01);
        assert!((most_at_once(1.5, 2.0) / 0.001_265 - 1.0).abs() < 0.01);
    }

    #[test]
    fn nonsense_caps_stay_safe() {
        let mut feedback = Feedback::new();
        for cap in [f64::NAN, -1.0, 0.0] {
            assert!(feedback.threshold(&window(10, 0), &capped(cap), 1.0).value < 1e-3);
        }
        assert!(feedback.threshold(&window(10, 0), &capped(7.0), 1.0).value <= 0.5);
    }
}
