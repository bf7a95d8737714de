//! Special functions the pacing formulas need, on `libm` so that every processor agrees.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

/// Standard normal density.
pub(super) fn normal_pdf(x: f64) -> f64 {
    libm::exp(-0.5 * x * x) / TAU.sqrt()
}

/// Standard normal distribution function.
pub(super) fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// Upper tail of the standard normal, accurate far out.
pub(super) fn normal_sf(x: f64) -> f64 {
    0.5 * libm::erfc(x * FRAC_1_SQRT_2)
}

/// Upper tail and density of the standard normal from a table, within 1e-5: where a decision asks
/// for hundreds of them and its inputs are estimates anyway.
pub(super) fn normal_sf_pdf_near(x: f64) -> (f64, f64) {
    const CELLS_PER_UNIT: f64 = 64.0;
    const REACH: f64 = 8.0;
    static TABLE: std::sync::LazyLock<Vec<(f64, f64)>> = std::sync::LazyLock::new(|| {
        let cells = (2.0 * REACH * CELLS_PER_UNIT) as usize;
        let point = |k: usize| k as f64 / CELLS_PER_UNIT - REACH;
        (0..=cells)
            .map(|k| (normal_sf(point(k)), normal_pdf(point(k))))
            .collect()
    });
    if x <= -REACH {
        return (1.0, 0.0);
    }
    if x >= REACH || x.is_nan() {
        return (0.0, 0.0);
    }
    let at = (x + REACH) * CELLS_PER_UNIT;
    let cell = at as usize;
    let (low, high) = (TABLE[cell], TABLE[cell + 1]);
    let part = at - cell as f64;
    (
        low.0 + (high.0 - low.0) * part,
        low.1 + (high.1 - low.1) * part,
    )
}

/// Hazard φ(x)/(1 − Φ(x)) of the standard normal.
pub(super) fn normal_hazard(x: f64) -> f64 {
    if x > 25.0 {
        // Mills' ratio expansion; both parts of the quotient underflow further out.
        let x2 = x * x;
        return x / (1.0 - 1.0 / x2 + 3.0 / (x2 * x2));
    }
    normal_pdf(x) / normal_sf(x)
}

/// Quantile of the standard normal for p in (0, 1): a logistic start and Newton steps on Φ.
pub(super) fn normal_quantile(p: f64) -> f64 {
    let p = p.clamp(1e-12, 1.0 - 1e-12);
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    // Tail approximation of Hastings (Abramowitz and Stegun 26.2.23), |error| < 4.5e-4.
    let t = (-2.0 * libm::log(p)).sqrt();
    let num = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let den = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut x = num / den - t;
    for _ in 0..3 {
        let step = (normal_cdf(x) - p) / normal_pdf(x);
        x -= step / (1.0 + 0.5 * x * step);
    }
    x
}

/// Upper incomplete gamma function Γ(a, x)·eˣ·x^(1−a) for a in [1, 2], x > 0.
pub(super) fn upper_gamma_scaled(a: f64, x: f64) -> f64 {
    if x < 2.0 {
        let lower = {
            let mut term = 1.0 / a;
            let mut sum = term;
            let mut k = 1.0;
            while term > sum * 1e-17 {
                term *= x / (a + k);
                sum += term;
                k += 1.0;
            }
            sum * libm::exp(a * libm::log(x) - x)
        };
        return (libm::tgamma(a) - lower) * libm::exp(x + (1.0 - a) * libm::log(x));
    }
    // Continued fraction (NIST DLMF 8.9.2) by the modified Lentz method.
    let tiny = 1e-300;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / tiny;
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..10_000 {
        let i = f64::from(i);
        let an = -i * (i - a);
        b += 2.0;
        d = an * d + b;
        d = if d.abs() < tiny { 1.0 / tiny } else { 1.0 / d };
        c = b + an / c;
        if c.abs() < tiny {
            c = tiny;
        }
        let delta = d * c;
        h *= delta;
        if (delta - 1.0).abs() < 1e-16 {
            break;
        }
    }
    h * x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_tail_is_near() {
        for k in -1000..=1000 {
            let x = f64::from(k) * 0.0097;
            let (sf, pdf) = normal_sf_pdf_near(x);
            assert!(
                (sf - normal_sf(x)).abs() < 1e-5 && (pdf - normal_pdf(x)).abs() < 2e-5,
                "{x}"
            );
        }
        assert_eq!(normal_sf_pdf_near(f64::INFINITY), (0.0, 0.0));
        assert_eq!(normal_sf_pdf_near(f64::NEG_INFINITY), (1.0, 0.0));
    }

    #[test]
    fn the_quantile_inverts_the_distribution() {
        for p in [1e-9, 1e-4, 0.01, 0.3, 0.5, 0.7, 0.975, 0.9999] {
            let back = normal_cdf(normal_quantile(p));
            assert!((back / p - 1.0).abs() < 1e-9, "{p} came back as {back}");
        }
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-9);
    }

    #[test]
    fn both_branches_of_the_incomplete_gamma_meet() {
        for a in [1.0, 1.3, 1.9] {
            let below = upper_gamma_scaled(a, 2.0 - 1e-12);
            let above = upper_gamma_scaled(a, 2.0);
            assert!((below / above - 1.0).abs() < 1e-10, "{a}: {below} {above}");
        }
        assert!((upper_gamma_scaled(1.0, 7.0) - 1.0).abs() < 1e-13);
    }

    #[test]
    fn the_hazard_joins_its_expansion() {
        let (exact, expanded) = (normal_hazard(25.0), normal_hazard(25.000_001));
        assert!((exact - expanded).abs() < 1e-4);
        assert!((normal_hazard(0.0) - 0.797_884_560_802_865_4).abs() < 1e-15);
    }
}
