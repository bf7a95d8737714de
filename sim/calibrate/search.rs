//! Finding the largest value of a smooth function of a few parameters (Nelder and Mead, 1965).

/// Steps after which the search ends, wherever it is.
const STEPS_MAX: usize = 600;
/// Values this close, relative to their size, are the same.
const CLOSE: f64 = 1e-10;

/// The point with the largest `value` found from `start` on, and that value. Points where `value`
/// is no number are never chosen.
pub(super) fn highest(start: &[f64], value: impl Fn(&[f64]) -> f64) -> (Vec<f64>, f64) {
    let cost = |point: &[f64]| {
        let found = -value(point);
        if found.is_nan() { f64::INFINITY } else { found }
    };
    let n = start.len();
    let mut corners: Vec<(f64, Vec<f64>)> = vec![(cost(start), start.to_vec())];
    for k in 0..n {
        let mut corner = start.to_vec();
        corner[k] += 0.25;
        corners.push((cost(&corner), corner));
    }
    for _ in 0..STEPS_MAX {
        corners.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (best, worst) = (corners[0].0, corners[n].0);
        if (worst - best).abs() <= CLOSE * (best.abs() + 1.0) {
            break;
        }
        let middle: Vec<f64> = (0..n)
            .map(|k| corners[..n].iter().map(|c| c.1[k]).sum::<f64>() / n as f64)
            .collect();
        let along = |by: f64| {
            let point: Vec<f64> = middle
                .iter()
                .zip(&corners[n].1)
                .map(|(m, w)| m + by * (m - w))
                .collect();
            (cost(&point), point)
        };
        let reflected = along(1.0);
        let next = if reflected.0 < best {
            let further = along(2.0);
            if further.0 < reflected.0 {
                further
            } else {
                reflected
            }
        } else if reflected.0 < corners[n - 1].0 {
            reflected
        } else {
            let half = along(if reflected.0 < worst { 0.5 } else { -0.5 });
            if half.0 >= worst.min(reflected.0) {
                shrink(&mut corners, &cost);
                continue;
            }
            half
        };
        corners[n] = next;
    }
    corners.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (found, point) = corners.swap_remove(0);
    (point, -found)
}

fn shrink(corners: &mut [(f64, Vec<f64>)], cost: &impl Fn(&[f64]) -> f64) {
    let best = corners[0].1.clone();
    for corner in &mut corners[1..] {
        for (x, b) in corner.1.iter_mut().zip(&best) {
            *x = b + 0.5 * (*x - b);
        }
        corner.0 = cost(&corner.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bent_valley_is_followed_to_its_end() {
        // Rosenbrock's function, with its only extreme at (1, 1).
        let value = |p: &[f64]| -(100.0 * (p[1] - p[0] * p[0]).powi(2) + (1.0 - p[0]).powi(2));
        let (point, found) = highest(&[-1.2, 1.0], value);
        assert!(
            (point[0] - 1.0).abs() < 1e-3 && (point[1] - 1.0).abs() < 1e-3,
            "{point:?}"
        );
        assert!(found.abs() < 1e-6);
    }

    #[test]
    fn places_without_a_value_are_avoided() {
        let (point, _) = highest(&[2.0], |p| p[0].sqrt().ln() - p[0]);
        assert!((point[0] - 0.5).abs() < 1e-3, "{point:?}");
    }
}
