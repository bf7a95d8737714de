//! The laws that are tried on measured durations.

use crate::pacing::law::Law;
use rand::RngExt;
use rand_pcg::Pcg64Mcg;
use serde::Serialize;
use statrs::function::erf::erfc;
use statrs::function::gamma::{gamma, gamma_lr, gamma_ur, ln_gamma};
use std::f64::consts::{FRAC_1_SQRT_2, TAU};

/// Durations that are all the same have a law this narrow, relative to them, and no narrower.
const NARROWEST: f64 = 0.005;

/// A family of laws with one or two parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Exponential.
    Exponential,
    /// Log-normal.
    LogNormal,
    /// Gamma.
    Gamma,
    /// Weibull.
    Weibull,
}

impl Family {
    /// All that are tried.
    pub const ALL: [Self; 4] = [
        Self::Exponential,
        Self::LogNormal,
        Self::Gamma,
        Self::Weibull,
    ];

    /// Free parameters.
    #[must_use]
    pub fn parameters(self) -> usize {
        match self {
            Self::Exponential => 1,
            _ => 2,
        }
    }

    /// As a scenario names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Exponential => "exponential",
            Self::LogNormal => "log-normal",
            Self::Gamma => "gamma",
            Self::Weibull => "weibull",
        }
    }

    /// Where the search begins, for durations with this mean and this mean and variance of the
    /// logarithm.
    pub(super) fn start(self, mean: f64, mean_ln: f64, variance_ln: f64) -> Vec<f64> {
        let spread = variance_ln.clamp(0.01, 9.0);
        match self {
            Self::Exponential => vec![mean.ln()],
            Self::LogNormal => vec![mean_ln, 0.5 * spread.ln()],
            // The logarithm of a gamma or Weibull variable varies by about 1/shape or 1.6/shape².
            Self::Gamma => vec![mean.ln(), -spread.ln()],
            Self::Weibull => vec![mean.ln(), 0.5 * (1.645 / spread).ln()],
        }
    }

    /// The law at a point of the search.
    pub(super) fn at(self, point: &[f64]) -> Fitted {
        let (a, b) = (point[0], point.get(1).copied().unwrap_or(0.0));
        let (first, second) = match self {
            Self::Exponential => (a.exp(), 1.0),
            Self::LogNormal => (a, b.exp().max(NARROWEST)),
            Self::Gamma => (a.exp(), b.exp().min(1.0 / (NARROWEST * NARROWEST))),
            Self::Weibull => (a.exp(), b.exp().min(1.0 / NARROWEST)),
        };
        Fitted {
            family: self,
            first,
            second,
        }
    }
}

/// A law of a family with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Fitted {
    /// The family.
    pub family: Family,
    /// Mean (exponential, gamma), mean of the logarithm (log-normal), scale (Weibull).
    pub first: f64,
    /// Shape (gamma, Weibull), standard deviation of the logarithm (log-normal), 1 (exponential).
    pub second: f64,
}

/// Sums that most likelihoods need of the durations.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub n: f64,
    pub x: f64,
    pub ln: f64,
    pub ln2: f64,
}

impl Sums {
    pub fn of(values: &[f64]) -> Self {
        values.iter().fold(Self::default(), |sums, x| {
            let ln = x.ln();
            Self {
                n: sums.n + 1.0,
                x: sums.x + x,
                ln: sums.ln + ln,
                ln2: sums.ln2 + ln * ln,
            }
        })
    }
}

impl Fitted {
    /// Logarithm of the joint density of durations.
    pub(super) fn ln_density_of(&self, values: &[f64], sums: &Sums) -> f64 {
        let (a, b) = (self.first, self.second);
        match self.family {
            Family::Exponential => -sums.n * a.ln() - sums.x / a,
            Family::LogNormal => {
                let square = sums.ln2 - 2.0 * a * sums.ln + sums.n * a * a;
                -sums.ln - sums.n * (b * TAU.sqrt()).ln() - square / (2.0 * b * b)
            }
            Family::Gamma => {
                let rate = b / a;
                sums.n * (b * rate.ln() - ln_gamma(b)) + (b - 1.0) * sums.ln - rate * sums.x
            }
            Family::Weibull => {
                let powers: f64 = values.iter().map(|x| (x / a).powf(b)).sum();
                sums.n * (b.ln() - b * a.ln()) + (b - 1.0) * sums.ln - powers
            }
        }
    }

    /// Density at `x` > 0.
    #[must_use]
    pub fn density(&self, x: f64) -> f64 {
        let one = [x];
        self.ln_density_of(&one, &Sums::of(&one)).exp()
    }

    /// Share of durations up to `x`.
    #[must_use]
    pub fn share_below(&self, x: f64) -> f64 {
        if x <= 0.0 {
            return 0.0;
        }
        let (a, b) = (self.first, self.second);
        match self.family {
            Family::Exponential => -(-x / a).exp_m1(),
            Family::LogNormal => 0.5 * erfc(-(x.ln() - a) / b * FRAC_1_SQRT_2),
            Family::Gamma => gamma_lr(b, x * b / a),
            Family::Weibull => -(-(x / a).powf(b)).exp_m1(),
        }
    }

    /// Share of durations beyond `x`, accurate far out.
    #[must_use]
    pub fn share_beyond(&self, x: f64) -> f64 {
        if x <= 0.0 {
            return 1.0;
        }
        let (a, b) = (self.first, self.second);
        match self.family {
            Family::Exponential => (-x / a).exp(),
            Family::LogNormal => 0.5 * erfc((x.ln() - a) / b * FRAC_1_SQRT_2),
            Family::Gamma => gamma_ur(b, x * b / a),
            Family::Weibull => (-(x / a).powf(b)).exp(),
        }
    }

    /// Mean, s.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let (a, b) = (self.first, self.second);
        match self.family {
            Family::Exponential | Family::Gamma => a,
            Family::LogNormal => (a + 0.5 * b * b).exp(),
            Family::Weibull => a * gamma(1.0 + 1.0 / b),
        }
    }

    /// Standard deviation ÷ mean.
    #[must_use]
    pub fn cv(&self) -> f64 {
        let b = self.second;
        match self.family {
            Family::Exponential => 1.0,
            Family::Gamma => 1.0 / b.sqrt(),
            Family::LogNormal => (b * b).exp_m1().sqrt(),
            Family::Weibull => {
                let mean = gamma(1.0 + 1.0 / b);
                (gamma(1.0 + 2.0 / b) / (mean * mean) - 1.0).max(0.0).sqrt()
            }
        }
    }

    /// As a scenario has it.
    #[must_use]
    pub fn law(&self) -> Law {
        let (mean_s, cv) = (rounded(self.mean()), rounded(self.cv()));
        match self.family {
            Family::Exponential => Law::Exponential { mean_s },
            Family::LogNormal => Law::LogNormal { mean_s, cv },
            Family::Gamma => Law::Gamma { mean_s, cv },
            Family::Weibull => Law::Weibull {
                mean_s,
                shape: rounded(self.second),
            },
        }
    }

    /// The duration below which a share `p` of (0, 1) lies.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        // Bisection on the logarithm: robust for every family, and only plots ask for it.
        let (mut low, mut high) = (-14.0_f64, 18.0_f64);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            match self.share_below(middle.exp()) < p {
                true => low = middle,
                false => high = middle,
            }
        }
        (0.5 * (low + high)).exp()
    }

    /// Draws durations below `most`.
    pub(super) fn draw(&self, n: usize, most: f64, chance: &mut Pcg64Mcg) -> Vec<f64> {
        let sampler = self.law_exact().sampler();
        let one = |chance: &mut Pcg64Mcg| {
            // A law nearly all of which lies beyond must not keep us for ever.
            for _ in 0..1000 {
                let x = sampler.draw(chance);
                if x < most {
                    return x.max(SHORTEST_S);
                }
            }
            most * chance.random::<f64>()
        };
        (0..n).map(|_| one(chance)).collect()
    }

    fn law_exact(&self) -> Law {
        let (mean_s, cv) = (self.mean(), self.cv());
        match self.family {
            Family::Exponential => Law::Exponential { mean_s },
            Family::LogNormal => Law::LogNormal { mean_s, cv },
            Family::Gamma => Law::Gamma { mean_s, cv },
            Family::Weibull => Law::Weibull {
                mean_s,
                shape: self.second,
            },
        }
    }
}

/// Durations below are taken for it: a logarithm of nothing is no number.
pub(super) const SHORTEST_S: f64 = 0.001;

/// To five digits: more would feign what no fit knows.
pub(super) fn rounded(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let unit = 10_f64.powi(4 - x.abs().log10().floor() as i32);
    (x * unit).round() / unit
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of other programs' tables: exponential and Weibull by hand, the gamma law with
    /// shape 2 from its closed form, the normal law from Abramowitz and Stegun 26.1.
    #[test]
    fn shares_agree_with_known_values() {
        let law = |family, first, second| Fitted {
            family,
            first,
            second,
        };
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        let gamma = law(Family::Gamma, 4.0, 2.0);
        near(gamma.share_below(3.0), 1.0 - 2.5 * (-1.5_f64).exp());
        near(gamma.cv(), 0.5_f64.sqrt());
        let normal = law(Family::LogNormal, 1.0, 0.5);
        near(
            normal.share_below((1.0_f64 + 0.5).exp()),
            0.841_344_746_068_543,
        );
        near(normal.mean(), 1.125_f64.exp());
        let weibull = law(Family::Weibull, 10.0, 2.0);
        near(weibull.share_beyond(10.0), (-1.0_f64).exp());
        near(weibull.mean(), 5.0 * std::f64::consts::PI.sqrt());
        for law in [gamma, normal, weibull, law(Family::Exponential, 7.0, 1.0)] {
            near(law.share_below(law.quantile(0.3)), 0.3);
            near(law.share_below(5.0) + law.share_beyond(5.0), 1.0);
            let slope = (law.share_below(5.001) - law.share_below(4.999)) / 0.002;
            assert!((law.density(5.0) - slope).abs() < 1e-6, "{law:?}");
        }
    }

    #[test]
    fn five_digits_are_kept() {
        assert_eq!(rounded(123.456_789), 123.46);
        assert_eq!(rounded(0.000_123_456_78), 0.000_123_46);
        assert_eq!(rounded(0.0), 0.0);
    }
}
