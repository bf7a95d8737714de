//! Laws of durations: what a scenario may say, and drawing from it.

use rand::RngExt;
use rand_distr::{Distribution, Gamma, StandardNormal};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

/// A law of durations in seconds. Every one has a finite mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "law", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Law {
    /// Always the same.
    Constant {
        /// The duration, s, ≥ 0.
        mean_s: f64,
    },
    /// Even between two bounds.
    Uniform {
        /// Shortest, s, ≥ 0.
        from_s: f64,
        /// Longest, s.
        to_s: f64,
    },
    /// Exponential.
    Exponential {
        /// Mean, s, > 0.
        mean_s: f64,
    },
    /// Log-normal.
    LogNormal {
        /// Mean, s, > 0.
        mean_s: f64,
        /// Coefficient of variation (standard deviation ÷ mean), > 0.
        cv: f64,
    },
    /// Gamma.
    Gamma {
        /// Mean, s, > 0.
        mean_s: f64,
        /// Coefficient of variation, > 0.
        cv: f64,
    },
    /// Weibull.
    Weibull {
        /// Mean, s, > 0.
        mean_s: f64,
        /// Shape, ≥ 0.2: below 1 the hazard falls, above 1 it rises.
        shape: f64,
    },
    /// Drawn from durations that were measured, each as likely as the others.
    Empirical {
        /// The durations, s, ≥ 0.
        values_s: Vec<f64>,
    },
    /// One of several laws by weight.
    Mixture {
        /// The parts.
        parts: Vec<Part>,
    },
}

/// A part of a [`Law::Mixture`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its weight, > 0; weights need not add up to 1.
    pub weight: f64,
    /// Its law.
    pub of: Law,
}

/// What is wrong with a law: the key within it, its value, what is allowed.
pub type LawFault = (String, String, &'static str);

impl Law {
    /// Checks every parameter.
    ///
    /// # Errors
    /// The first that is out of range.
    pub fn check(&self) -> Result<(), LawFault> {
        let fault =
            |key: &str, value: f64, allowed| Err((key.to_owned(), value.to_string(), allowed));
        let span = |key: &str, s: f64, zero: bool| {
            let fits = s <= SPAN_MAX_S && (s > 0.0 || (zero && s == 0.0));
            match fits {
                true => Ok(()),
                false if zero => fault(key, s, "0 to 604800 seconds"),
                false => fault(key, s, "more than 0, at most 604800 seconds"),
            }
        };
        match self {
            Self::Constant { mean_s } => span("mean_s", *mean_s, true),
            Self::Uniform { from_s, to_s } => {
                span("from_s", *from_s, true)?;
                span("to_s", *to_s, true)?;
                if to_s < from_s {
                    return fault("to_s", *to_s, "at least from_s");
                }
                Ok(())
            }
            Self::Exponential { mean_s } => span("mean_s", *mean_s, false),
            Self::LogNormal { mean_s, cv } | Self::Gamma { mean_s, cv } => {
                span("mean_s", *mean_s, false)?;
                if !(*cv > 0.0 && *cv <= 10.0) {
                    return fault("cv", *cv, "more than 0, at most 10");
                }
                Ok(())
            }
            Self::Weibull { mean_s, shape } => {
                span("mean_s", *mean_s, false)?;
                if !(0.2..=20.0).contains(shape) {
                    return fault(
                        "shape",
                        *shape,
                        "0.2 to 20 (a smaller one has hardly a mean)",
                    );
                }
                Ok(())
            }
            Self::Empirical { values_s } => {
                if values_s.is_empty() {
                    return Err(("values_s".into(), "[]".into(), "at least one duration"));
                }
                values_s.iter().try_for_each(|s| span("values_s", *s, true))
            }
            Self::Mixture { parts } => check_parts(parts),
        }
    }

    /// Mean, s.
    #[must_use]
    pub fn mean_s(&self) -> f64 {
        match self {
            Self::Uniform { from_s, to_s } => 0.5 * (from_s + to_s),
            Self::Constant { mean_s }
            | Self::Exponential { mean_s }
            | Self::LogNormal { mean_s, .. }
            | Self::Gamma { mean_s, .. }
            | Self::Weibull { mean_s, .. } => *mean_s,
            Self::Empirical { values_s } => values_s.iter().sum::<f64>() / values_s.len() as f64,
            Self::Mixture { parts } => {
                let all: f64 = parts.iter().map(|p| p.weight).sum();
                parts.iter().map(|p| p.weight * p.of.mean_s()).sum::<f64>() / all
            }
        }
    }

    /// The law ready for drawing. Call [`Law::check`] first.
    #[must_use]
    pub fn sampler(&self) -> Sampler {
        match self {
            Self::Constant { mean_s } => Sampler::Uniform(*mean_s, 0.0),
            Self::Uniform { from_s, to_s } => Sampler::Uniform(*from_s, to_s - from_s),
            Self::Exponential { mean_s } => Sampler::Weibull(*mean_s, 1.0),
            Self::LogNormal { mean_s, cv } => {
                let variance = libm::log1p(cv * cv);
                Sampler::LogNormal(libm::log(*mean_s) - 0.5 * variance, variance.sqrt())
            }
            Self::Gamma { mean_s, cv } => {
                let shape = 1.0 / (cv * cv);
                match Gamma::new(shape, mean_s / shape) {
                    Ok(gamma) => Sampler::Gamma(gamma),
                    // Checked parameters are never refused; the mean is the nearest to them.
                    Err(_) => Sampler::Uniform(*mean_s, 0.0),
                }
            }
            Self::Weibull { mean_s, shape } => {
                Sampler::Weibull(mean_s / libm::tgamma(1.0 + 1.0 / shape), 1.0 / shape)
            }
            Self::Empirical { values_s } => Sampler::Empirical(values_s.clone()),
            Self::Mixture { parts } => {
                let all: f64 = parts.iter().map(|p| p.weight).sum();
                let mut upto = 0.0;
                let part = |part: &Part| {
                    upto += part.weight / all;
                    (upto, part.of.sampler())
                };
                Sampler::Mixture(parts.iter().map(part).collect())
            }
        }
    }
}

/// Longest duration a scenario may name: a week.
const SPAN_MAX_S: f64 = 604_800.0;

fn check_parts(parts: &[Part]) -> Result<(), LawFault> {
    if parts.is_empty() {
        return Err(("parts".into(), "[]".into(), "at least one part"));
    }
    for (k, part) in parts.iter().enumerate() {
        let within = |(key, value, allowed)| (format!("parts[{k}].of.{key}"), value, allowed);
        if !(part.weight > 0.0 && part.weight.is_finite()) {
            let key = format!("parts[{k}].weight");
            return Err((key, part.weight.to_string(), "more than 0"));
        }
        part.of.check().map_err(within)?;
    }
    Ok(())
}

/// A law ready for drawing.
#[derive(Clone, Debug)]
pub enum Sampler {
    /// From, width.
    Uniform(f64, f64),
    /// Mean and standard deviation of the logarithm.
    LogNormal(f64, f64),
    /// Gamma.
    Gamma(Gamma<f64>),
    /// Scale, 1 ÷ shape.
    Weibull(f64, f64),
    /// One of these.
    Empirical(Vec<f64>),
    /// Share up to and with this part, part.
    Mixture(Vec<(f64, Sampler)>),
}

impl Sampler {
    /// Draws a duration, s.
    pub fn draw(&self, chance: &mut Pcg64Mcg) -> f64 {
        match self {
            Self::Uniform(from, width) if *width == 0.0 => *from,
            Self::Uniform(from, width) => from + width * chance.random::<f64>(),
            Self::LogNormal(mu, sigma) => {
                let z: f64 = StandardNormal.sample(chance);
                libm::exp(mu + sigma * z)
            }
            Self::Gamma(gamma) => gamma.sample(chance),
            Self::Weibull(scale, power) => {
                let e = -libm::log(1.0 - chance.random::<f64>());
                match *power == 1.0 {
                    true => scale * e,
                    false => scale * libm::pow(e, *power),
                }
            }
            Self::Empirical(values) => values[chance.random_range(0..values.len())],
            Self::Mixture(parts) => {
                let u: f64 = chance.random();
                let part = parts.iter().find(|(upto, _)| u < *upto);
                part.or(parts.last())
                    .map_or(0.0, |(_, law)| law.draw(chance))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn laws() -> Vec<Law> {
        let log_normal = Law::LogNormal {
            mean_s: 180.0,
            cv: 1.0,
        };
        vec![
            Law::Constant { mean_s: 4.0 },
            Law::Uniform {
                from_s: 1.0,
                to_s: 3.0,
            },
            Law::Exponential { mean_s: 30.0 },
            log_normal.clone(),
            Law::Gamma {
                mean_s: 60.0,
                cv: 0.5,
            },
            Law::Weibull {
                mean_s: 90.0,
                shape: 0.8,
            },
            Law::Empirical {
                values_s: vec![1.0, 2.0, 9.0],
            },
            Law::Mixture {
                parts: vec![
                    Part {
                        weight: 3.0,
                        of: Law::Exponential { mean_s: 20.0 },
                    },
                    Part {
                        weight: 1.0,
                        of: log_normal,
                    },
                ],
            },
        ]
    }

    #[test]
    fn drawn_durations_have_the_mean_that_was_named() {
        let mut chance = Pcg64Mcg::seed_from_u64(11);
        for law in laws() {
            law.check().unwrap();
            let sampler = law.sampler();
            let n = 200_000;
            let draws: Vec<f64> = (0..n).map(|_| sampler.draw(&mut chance)).collect();
            let mean = draws.iter().sum::<f64>() / f64::from(n);
            let square = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
            let error = (square / f64::from(n)).sqrt() / f64::from(n).sqrt();
            assert!(
                (mean - law.mean_s()).abs() <= 5.0 * error + 1e-9,
                "{law:?}: {mean}"
            );
        }
    }

    #[test]
    fn impossible_parameters_are_named() {
        let cases = [
            (Law::Exponential { mean_s: 0.0 }, "mean_s"),
            (
                Law::LogNormal {
                    mean_s: 10.0,
                    cv: f64::NAN,
                },
                "cv",
            ),
            (
                Law::Weibull {
                    mean_s: 10.0,
                    shape: 0.01,
                },
                "shape",
            ),
            (
                Law::Uniform {
                    from_s: 3.0,
                    to_s: 1.0,
                },
                "to_s",
            ),
            (
                Law::Constant {
                    mean_s: f64::INFINITY,
                },
                "mean_s",
            ),
            (Law::Empirical { values_s: vec![] }, "values_s"),
            (
                Law::Mixture {
                    parts: vec![Part {
                        weight: 1.0,
                        of: Law::Exponential { mean_s: -1.0 },
                    }],
                },
                "parts[0].of.mean_s",
            ),
        ];
        for (law, key) in cases {
            let (named, _, allowed) = law.check().unwrap_err();
            assert_eq!(named, key);
            assert!(!allowed.is_empty());
        }
    }
}
