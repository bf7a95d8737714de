//! Means over days and how sure they are.

use serde::{Deserialize, Serialize};

/// A mean with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// The mean.
    pub mean: f64,
    /// Half width of the interval; 0 of a single value, which tells nothing of it.
    pub half_width: f64,
    /// Values.
    pub n: usize,
}

impl Mean {
    /// The mean of independent values, with Student's interval.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n.max(1) as f64;
        if n < 2 {
            return Self {
                mean,
                half_width: 0.0,
                n,
            };
        }
        let square: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
        let error = (square / (n - 1) as f64 / n as f64).sqrt();
        Self {
            mean,
            half_width: student_975(n - 1) * error,
            n,
        }
    }

    /// The mean of the differences `a − b` of paired values: with the same callers on both sides
    /// its interval is far narrower than either mean's.
    #[must_use]
    pub fn paired(a: &[f64], b: &[f64]) -> Self {
        let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        Self::of(&differences)
    }
}

/// 97.5 % quantile of Student's t: exact for 1 and 2 degrees of freedom, from 3 on by the
/// expansion in 1/ν (Abramowitz and Stegun 26.7.5), within 0.5 %.
#[must_use]
pub fn student_975(degrees: usize) -> f64 {
    match degrees {
        0 => f64::INFINITY,
        1 => 12.706_204_736,
        2 => 4.302_652_730,
        _ => {
            let (z, v) = (1.959_963_984_540_054_f64, degrees as f64);
            let (z3, z5, z7) = (z.powi(3), z.powi(5), z.powi(7));
            let z9 = z.powi(9);
            z + (z3 + z) / (4.0 * v)
                + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * v * v)
                + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / (384.0 * v.powi(3))
                + (79.0 * z9 + 776.0 * z7 + 1482.0 * z5 - 1920.0 * z3 - 945.0 * z)
                    / (92_160.0 * v.powi(4))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_quantile_agrees_with_the_tables() {
        for (degrees, table) in [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (5, 2.571),
            (19, 2.093),
            (199, 1.972),
        ] {
            let t = student_975(degrees);
            assert!((t / table - 1.0).abs() < 0.005, "{degrees}: {t}");
        }
    }

    #[test]
    fn pairing_takes_out_what_both_share() {
        let b: Vec<f64> = (0..20).map(|k| f64::from(k * k % 17)).collect();
        let a: Vec<f64> = b.iter().map(|x| x + 1.0).collect();
        let gain = Mean::paired(&a, &b);
        assert!((gain.mean - 1.0).abs() < 1e-12 && gain.half_width < 1e-9);
        assert!(Mean::of(&a).half_width > 1.0);
    }
}
