//! Durations learned online: log-normal laws with weak priors and exponential forgetting.
//!
//! Handling times of telephone calls are close to log-normal (Brown et al., *Statistical Analysis
//! of a Telephone Call Center*, JASA 2005). What pacing asks of a law is the chance that a
//! duration which has lasted `elapsed` ends within the next few seconds.

use serde::{Deserialize, Serialize};

use super::special::{normal_quantile, normal_sf};

/// A log-normal distribution of durations in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogNormal {
    /// Mean of the natural logarithm of the duration.
    pub mu: f64,
    /// Standard deviation of that logarithm, > 0.
    pub sigma: f64,
}

impl LogNormal {
    /// The law with this mean (seconds, > 0) and coefficient of variation (> 0).
    #[must_use]
    pub fn from_mean_cv(mean_s: f64, cv: f64) -> Self {
        let variance = libm::log1p(cv * cv);
        Self {
            mu: libm::log(mean_s) - 0.5 * variance,
            sigma: variance.sqrt(),
        }
    }

    /// Mean in seconds.
    #[must_use]
    pub fn mean(&self) -> f64 {
        libm::exp(self.mu + 0.5 * self.sigma * self.sigma)
    }

    /// Probability of lasting longer than `t` seconds.
    #[must_use]
    pub fn survival(&self, t: f64) -> f64 {
        if t <= 0.0 {
            1.0
        } else {
            normal_sf((libm::log(t) - self.mu) / self.sigma)
        }
    }

    /// Probability of ending by `t` seconds.
    #[must_use]
    pub fn cdf(&self, t: f64) -> f64 {
        if t <= 0.0 {
            0.0
        } else {
            normal_sf((self.mu - libm::log(t)) / self.sigma)
        }
    }

    /// The duration not exceeded with probability `p` (0–1 exclusive).
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        libm::exp(self.mu + self.sigma * normal_quantile(p))
    }

    /// What is left of a duration that has lasted `elapsed` seconds.
    #[must_use]
    pub fn remaining(&self, elapsed: f64) -> Remaining {
        Remaining {
            law: *self,
            elapsed,
            survived: self.survival(elapsed),
        }
    }

    /// Probability that a duration which has lasted `elapsed` seconds ends within `x` more.
    #[must_use]
    pub fn ends_within(&self, elapsed: f64, x: f64) -> f64 {
        self.remaining(elapsed).ends_within(x)
    }
}

/// A duration that has lasted some time already.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Remaining {
    law: LogNormal,
    elapsed: f64,
    survived: f64,
}

impl Remaining {
    /// Probability that it ends within `x` seconds from now.
    #[must_use]
    pub fn ends_within(&self, x: f64) -> f64 {
        if x <= 0.0 {
            return 0.0;
        }
        if self.survived < OUTLIER {
            // Nothing was ever seen to last this long: the law has no say any more. Take the
            // chance of a duration without scale, P(T > e + x | T > e) = e/(e + x).
            return x / (self.elapsed + x);
        }
        (1.0 - self.law.survival(self.elapsed + x) / self.survived).clamp(0.0, 1.0)
    }
}

/// Survival below which an elapsed time is taken as outside the law.
pub(super) const OUTLIER: f64 = 1e-9;

/// Learns a [`LogNormal`] from durations: moments of the logarithm, shrunk to a prior and
/// exponentially forgotten.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogNormalEstimator {
    prior: LogNormal,
    prior_weight: f64,
    /// Most observations the evidence may count for.
    memory: f64,
    /// What one observation leaves of the evidence before it.
    keep_one: f64,
    weight: f64,
    mean: f64,
    /// Weighted sum of squared deviations from `mean`.
    scatter: f64,
    /// The law now and its mean: asked for far more often than it changes.
    fitted: LogNormal,
    fitted_mean_s: f64,
}

impl LogNormalEstimator {
    /// A law guessed as `mean_s` seconds with coefficient of variation `cv`; the guess is worth
    /// `weight` observations (> 0), and evidence fades to 1/e over `memory` observations.
    #[must_use]
    pub fn new(mean_s: f64, cv: f64, weight: f64, memory: f64) -> Self {
        let prior = LogNormal::from_mean_cv(mean_s, cv);
        let mut estimator = Self {
            prior,
            prior_weight: weight,
            memory,
            keep_one: libm::exp(-1.0 / memory),
            weight: 0.0,
            mean: 0.0,
            scatter: 0.0,
            fitted: prior,
            fitted_mean_s: mean_s,
        };
        estimator.refit();
        estimator
    }

    /// One duration in seconds, counted `weight` times (0–1 for partly known ones). Values that
    /// are not positive and finite are ignored; extremes are cut to 0.05 s – 24 h.
    pub fn observe(&mut self, seconds: f64, weight: f64) {
        if !(seconds.is_finite() && seconds > 0.0 && weight > 0.0 && weight.is_finite()) {
            return;
        }
        let x = libm::log(seconds.clamp(0.05, 86_400.0));
        let keep = if weight == 1.0 {
            self.keep_one
        } else {
            libm::exp(-weight / self.memory)
        };
        self.weight *= keep;
        self.scatter *= keep;
        let total = self.weight + weight;
        let delta = x - self.mean;
        self.mean += delta * weight / total;
        self.scatter += weight * self.weight / total * delta * delta;
        self.weight = total;
        self.refit();
    }

    /// Observations the evidence counts for, after forgetting.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// The law now: the normal–inverse-gamma mean of the logarithm's moments.
    #[must_use]
    pub fn fit(&self) -> LogNormal {
        self.fitted
    }

    /// Its mean in seconds.
    #[must_use]
    pub fn fit_mean_s(&self) -> f64 {
        self.fitted_mean_s
    }

    fn refit(&mut self) {
        let total = self.prior_weight + self.weight;
        let mu = (self.prior_weight * self.prior.mu + self.weight * self.mean) / total;
        let gap = self.mean - self.prior.mu;
        let between = self.prior_weight * self.weight / total * gap * gap;
        let prior_scatter = self.prior_weight * self.prior.sigma * self.prior.sigma;
        // The disagreement with a mere guess may widen the law, but not swamp the evidence.
        let between = between.min(prior_scatter);
        let variance = (prior_scatter + self.scatter + between) / total;
        self.fitted = LogNormal {
            mu,
            sigma: variance.sqrt().clamp(0.02, 3.0),
        };
        self.fitted_mean_s = self.fitted.mean();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_quantiles_fit_together() {
        let law = LogNormal::from_mean_cv(180.0, 1.0);
        assert!((law.mean() - 180.0).abs() < 1e-9);
        assert!((law.cdf(law.quantile(0.25)) - 0.25).abs() < 1e-9);
        assert!((law.cdf(50.0) + law.survival(50.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_estimator_finds_the_law_it_is_fed() {
        let truth = LogNormal::from_mean_cv(30.0, 1.0);
        let mut estimator = LogNormalEstimator::new(150.0, 1.0, 3.0, 400.0);
        for k in 0..400 {
            // A scrambled walk through the quantiles, so that forgetting sees no trend.
            let p = (f64::from((k * 161) % 400) + 0.5) / 400.0;
            estimator.observe(truth.quantile(p), 1.0);
        }
        let fit = estimator.fit();
        assert!((fit.mean() / 30.0 - 1.0).abs() < 0.05, "{}", fit.mean());
        assert!(
            (fit.sigma / truth.sigma - 1.0).abs() < 0.05,
            "{}",
            fit.sigma
        );
    }

    #[test]
    fn old_evidence_is_forgotten() {
        let mut estimator = LogNormalEstimator::new(60.0, 0.5, 1.0, 50.0);
        (0..500).for_each(|_| estimator.observe(20.0, 1.0));
        (0..300).for_each(|_| estimator.observe(90.0, 1.0));
        assert!((estimator.fit().mean() / 90.0 - 1.0).abs() < 0.05);
    }

    #[test]
    fn a_long_wrap_up_ends_less_and_less_soon() {
        let law = LogNormal::from_mean_cv(20.0, 0.5);
        let fresh = law.ends_within(0.0, 10.0);
        let due = law.ends_within(20.0, 10.0);
        assert!(fresh < 0.2 && due > 0.4, "{fresh} {due}");
        let lost = law.ends_within(5_000.0, 10.0);
        assert!(lost > 0.0 && lost < 0.01, "{lost}");
        assert_eq!(law.ends_within(20.0, 0.0), 0.0);
    }

    #[test]
    fn nonsense_is_ignored() {
        let mut estimator = LogNormalEstimator::new(60.0, 0.5, 1.0, 50.0);
        let before = estimator.clone();
        for bad in [f64::NAN, f64::INFINITY, 0.0, -3.0] {
            estimator.observe(bad, 1.0);
        }
        assert_eq!(estimator, before);
    }
}
