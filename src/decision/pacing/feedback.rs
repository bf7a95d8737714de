//! Feedback from measured abandonment to the overdial probability that is accepted (θ).
//!
//! The control works on ln θ and has no cliff: it never falls back to 1:1 because a cap is
//! touched, which would oscillate and waste the day. With K answers and A abandons so far in the
//! window, q the cap and q′ the share aimed at, a little below it:
//!
//! ```text
//! ln θ = ln θ₀ + G·e + I,   e = (q′K − A) / √(q·K_window)
//! ```
//!
//! where √(q·K_window) is the spread that abandons counted over the whole window have by chance
//! alone, and I a slow integral of e over answers, which makes up for a model that
//! is wrong on this floor and carries over from window to window.

use serde::{Deserialize, Serialize};

use super::view::WindowView;

/// θ₀ as a multiple of the cap.
const THETA_START: f64 = 0.7;
/// Share aimed at as a multiple of the cap: q′/q = 1 − margin/√(q·K_window), within bounds. A
/// short window cannot be steered as close to its cap as a long one.
const AIM_MARGIN: f64 = 0.4;
const AIM_RANGE: (f64, f64) = (0.7, 0.98);
/// Gain G of the window's error. More of it swings θ about and wastes answers.
const GAIN: f64 = 1.0;
/// Gain of the integral over one whole window.
const INTEGRAL_GAIN: f64 = 4.0;
/// The integral's bounds. Upwards it earns little: a budget not spent is no proof of safety.
const INTEGRAL_RANGE: (f64, f64) = (-2.0, 0.3);
/// Bounds of θ as multiples of the cap.
const THETA_RANGE: (f64, f64) = (0.02, 12.0);
/// Fewest answers a window is taken to have.
const WINDOW_MIN: f64 = 40.0;

/// State of the abandonment control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    integral: f64,
    error: f64,
    spread: f64,
    projected: f64,
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
            integral: 0.0,
            error: 0.0,
            spread: 1.0,
            projected: WINDOW_MIN,
        }
    }

    /// One more answer, abandoned or not: the integral takes a step with the error as of the last
    /// decision and this answer.
    pub fn observe(&mut self, abandoned: bool) {
        if abandoned {
            self.error -= 1.0 / self.spread;
        }
        let step = INTEGRAL_GAIN * self.error / self.projected;
        let (low, high) = INTEGRAL_RANGE;
        self.integral = (self.integral + step).clamp(low, high);
    }

    /// What is accepted now, with the ledger as it stands.
    pub fn threshold(&mut self, window: &WindowView, cap: f64) -> Threshold {
        let cap = sensible(cap);
        self.measure(window, cap);
        let (low, high) = THETA_RANGE;
        let relative = libm::exp(GAIN * self.error + self.integral);
        let value = (THETA_START * cap * relative).clamp(low * cap, (high * cap).min(0.5));
        Threshold {
            value,
            relative,
            tightened: relative < 1.0,
        }
    }

    /// e: how far abandonment is below (+) or above (−) plan, in units of the window's own chance.
    fn measure(&mut self, window: &WindowView, cap: f64) {
        let answered = window.answered as f64;
        // A window of unknown length is taken as half over.
        let known = window.projected > 0.0;
        let projected = if known {
            window.projected
        } else {
            2.0 * answered + 100.0
        };
        self.projected = projected.max(answered).max(WINDOW_MIN);
        self.spread = (cap * self.projected).sqrt();
        let (low, high) = AIM_RANGE;
        let aim = (1.0 - AIM_MARGIN / self.spread).clamp(low, high);
        self.error = (aim * cap * answered - window.abandoned as f64) / self.spread;
    }
}

/// The overdial probability accepted now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// θ, 0–1: accepted probability that one more answer meets no free agent.
    pub value: f64,
    /// θ as a multiple of what it would be without feedback, before its bounds.
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

    #[test]
    fn more_abandons_accept_less_without_a_cliff() {
        let mut feedback = Feedback::new();
        let theta: Vec<f64> = (0..40)
            .map(|ab| feedback.threshold(&window(500, ab), 0.03).value)
            .collect();
        for pair in theta.windows(2) {
            assert!(pair[1] <= pair[0] && pair[1] > 0.6 * pair[0], "{pair:?}");
        }
        assert!(theta[39] > 0.0);
        assert!(theta[0] > 0.7 * 0.03 && theta[39] < 0.1 * 0.03, "{theta:?}");
    }

    #[test]
    fn a_lasting_excess_is_integrated_away_and_carried_over() {
        let mut feedback = Feedback::new();
        let fresh = feedback.threshold(&window(0, 0), 0.03).value;
        for k in 0..500u64 {
            feedback.threshold(&window(k, k / 20), 0.03);
            feedback.observe(k % 20 == 0);
        }
        let next_window = feedback.threshold(&window(0, 0), 0.03);
        assert!(
            next_window.value < 0.7 * fresh && next_window.tightened,
            "{next_window:?}"
        );
    }

    #[test]
    fn nonsense_caps_stay_safe() {
        let mut feedback = Feedback::new();
        for cap in [f64::NAN, -1.0, 0.0] {
            assert!(feedback.threshold(&window(10, 0), cap).value < 1e-3);
        }
        assert!(feedback.threshold(&window(10, 0), 7.0).value <= 0.5);
    }
}
