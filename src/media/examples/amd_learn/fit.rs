//! Logistic regression over piecewise-linear curves, by gradient descent.

use carillon_media::Features;
use carillon_media::greeting::Curve;

/// A curve to learn: the more there was, the more speaks for a machine.
pub struct Term {
    pub feature: &'static str,
    pub knots: &'static [f32],
}

/// One moment of one clip.
pub struct Row {
    pub features: Features,
    pub machine: bool,
    pub weight: f32,
}

/// A fitted score.
#[derive(Clone, Debug)]
pub struct Fit {
    pub bias: f32,
    pub curves: Vec<Curve>,
}

/// Position of a value between knots: what each segment has of its rise.
fn basis(terms: &[Term], features: &Features, out: &mut Vec<f32>) {
    for term in terms {
        let x = features.get(term.feature).unwrap_or_default();
        for pair in term.knots.windows(2) {
            out.push(((x - pair[0]) / (pair[1] - pair[0])).clamp(0.0, 1.0));
        }
    }
}

/// Fits the weights of all segments (Adam, 800 steps over all rows, ridge of 1e-5).
pub fn fit(terms: &[Term], rows: &[&Row]) -> Fit {
    let width: usize = terms.iter().map(|t| t.knots.len() - 1).sum::<usize>() + 1;
    let mut matrix = Vec::with_capacity(rows.len() * width);
    for row in rows {
        matrix.push(1.0);
        basis(terms, &row.features, &mut matrix);
    }
    let total: f32 = rows.iter().map(|r| r.weight).sum();
    let (mut w, mut m, mut v) = (
        vec![0.0f32; width],
        vec![0.0f32; width],
        vec![0.0f32; width],
    );
    for step in 1..=800 {
        let mut gradient = vec![0.0f32; width];
        for (row, x) in rows.iter().zip(matrix.chunks_exact(width)) {
            let z: f32 = x.iter().zip(&w).map(|(x, w)| x * w).sum();
            let error = 1.0 / (1.0 + (-z).exp()) - f32::from(u8::from(row.machine));
            let scale = error * row.weight / total;
            gradient
                .iter_mut()
                .zip(x)
                .for_each(|(g, x)| *g += scale * x);
        }
        let correct = |b: f32| 1.0 - b.powi(step);
        for i in 0..width {
            let g = gradient[i] + if i > 0 { 1e-5 * w[i] } else { 0.0 };
            m[i] = 0.9 * m[i] + 0.1 * g;
            v[i] = 0.999 * v[i] + 0.001 * g * g;
            w[i] -= 0.05 * (m[i] / correct(0.9)) / ((v[i] / correct(0.999)).sqrt() + 1e-8);
        }
        constrain(terms, &mut w);
    }
    Fit {
        bias: w[0],
        curves: curves(terms, &w[1..]),
    }
}

fn constrain(terms: &[Term], w: &mut [f32]) {
    let mut at = 1;
    for term in terms {
        for _ in 1..term.knots.len() {
            w[at] = w[at].max(0.0);
            at += 1;
        }
    }
}

fn curves(terms: &[Term], mut w: &[f32]) -> Vec<Curve> {
    let mut curves = Vec::new();
    for term in terms {
        let (own, rest) = w.split_at(term.knots.len() - 1);
        w = rest;
        let mut height = 0.0;
        let mut points = vec![(term.knots[0], 0.0)];
        for (knot, rise) in term.knots[1..].iter().zip(own) {
            height += rise;
            points.push((*knot, height));
        }
        curves.push(Curve {
            feature: term.feature.to_owned(),
            points,
        });
    }
    curves
}

impl Fit {
    pub fn score(&self, features: &Features) -> f32 {
        let part = |c: &Curve| c.at(features.get(&c.feature).unwrap_or_default());
        self.bias + self.curves.iter().map(part).sum::<f32>()
    }
}
