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
//! alone, and I a slow integral of q′ − 1{abandoned} that carries over from window to window.

use serde::{Deserialize, Serialize};

use super::view::WindowView;

/// θ₀ as a multiple of the cap.
const THETA_START: f64 = 0.6;
/// Share aimed at, as a multiple of the cap (q′/q), in a window with answers without end.
const AIM: f64 = 0.93;
/// Gain of the window's error.
const GAIN: f64 = 2.0;
/// Step of the integral per abandon.
const STEP: f64 = 0.06;
/// The integral's bounds.
const INTEGRAL_MAX: f64 = 2.0;
/// Bounds of θ as multiples of the cap.
const THETA_RANGE: (f64, f64) = (0.02, 12.0);
/// Fewest answers a window is taken to have.
const WINDOW_MIN: f64 = 40.0;

/// State of the abandonment control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    integral: f64,
    cap: f64,
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
            cap: 0.03,
        }
    }

    /// Takes the cap now in force; out of range it is taken as the nearest sensible one.
    pub fn set_cap(&mut self, cap: f64) {
        self.cap = sensible(cap);
    }

    /// One more answer, abandoned or not.
    pub fn observe(&mut self, abandoned: bool) {
        let aim = AIM * self.cap;
        let error = if abandoned { aim - 1.0 } else { aim };
        self.integral = (self.integral + STEP * error).clamp(-INTEGRAL_MAX, INTEGRAL_MAX);
    }

    /// What is accepted now.
    #[must_use]
    pub fn threshold(&self, window: &WindowView, cap: f64) -> Threshold {
        let cap = sensible(cap);
        let (low, high) = THETA_RANGE;
        let relative = libm::exp(GAIN * error(window, cap) + self.integral);
        let value = (THETA_START * cap * relative).clamp(low * cap, (high * cap).min(0.5));
        Threshold {
            value,
            relative,
            tightened: relative < 1.0,
        }
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

/// e: how far abandonment is below (+) or above (−) plan, in units of the window's own chance.
fn error(window: &WindowView, cap: f64) -> f64 {
    let answered = window.answered as f64;
    let projected = window.projected.max(answered).max(WINDOW_MIN);
    (AIM * cap * answered - window.abandoned as f64) / (cap * projected).sqrt()
}

fn sensible(cap: f64) -> f64 {
    if cap.is_finite() {
        cap.clamp(1e-4, 0.5)
    } else {
        1e-4
    }
}
