//! The Poisson-binomial law: how many of several independent, unequal events happen.
//!
//! Exact by convolution for small floors, by three moments (a normal with the first Edgeworth
//! term) where the exact sum costs more than it tells.

use super::special::normal_sf_pdf_near;

/// Probability mass of 0..=n events with these probabilities.
#[must_use]
pub fn pmf(probabilities: &[f64]) -> Vec<f64> {
    let mut mass = vec![1.0];
    for p in probabilities {
        push(&mut mass, *p);
    }
    mass
}

/// Adds one event of probability `p` to a mass function in place.
pub fn push(mass: &mut Vec<f64>, p: f64) {
    let p = p.clamp(0.0, 1.0);
    mass.push(0.0);
    for k in (1..mass.len()).rev() {
        mass[k] = mass[k] * (1.0 - p) + mass[k - 1] * p;
    }
    mass[0] *= 1.0 - p;
}

/// Expected number of events beyond `capacity`, E[(X − capacity)⁺].
#[must_use]
pub fn expected_overflow(mass: &[f64], capacity: usize) -> f64 {
    mass.iter()
        .enumerate()
        .skip(capacity + 1)
        .map(|(k, p)| (k - capacity) as f64 * p)
        .sum()
}

/// Share of people met by no agent when `lines` calls, answered with probability `p_answer`, are
/// dialed at once for `agents` free agents: E((X − agents)⁺) / E(X).
#[must_use]
pub fn oneshot_overflow_ratio(agents: usize, lines: usize, p_answer: f64) -> f64 {
    let mass = pmf(&vec![p_answer; lines]);
    expected_overflow(&mass, agents) / (lines as f64 * p_answer)
}

/// A count of events whose exact law matters only below `cap`: the last cell holds "cap or more".
#[derive(Clone, Debug)]
pub struct CappedCount {
    mass: Vec<f64>,
}

impl CappedCount {
    /// No events yet.
    #[must_use]
    pub fn new(cap: usize) -> Self {
        let mut mass = vec![0.0; cap + 1];
        mass[0] = 1.0;
        Self { mass }
    }

    /// Adds an event of probability `p`.
    pub fn push(&mut self, p: f64) {
        let last = self.mass.len() - 1;
        if last == 0 || p <= 0.0 {
            return;
        }
        let q = 1.0 - p;
        self.mass[last] += p * self.mass[last - 1];
        for k in (1..last).rev() {
            self.mass[k] = self.mass[k] * q + self.mass[k - 1] * p;
        }
        self.mass[0] *= q;
    }

    /// Σ weight(k)·P(X ≥ k): the chance of reaching a random level with that mass. Levels beyond
    /// the cap are not to be asked for.
    #[must_use]
    pub fn reaches(&self, weight: &[f64]) -> f64 {
        let mut tail = 0.0;
        let mut sum = 0.0;
        for k in (0..self.mass.len()).rev() {
            tail += self.mass[k];
            sum += weight.get(k).copied().unwrap_or(0.0) * tail;
        }
        sum.clamp(0.0, 1.0)
    }
}

/// Mean, variance and third central moment of a sum of independent events, some of which may
/// count negatively.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// Mean.
    pub mean: f64,
    /// Variance.
    pub variance: f64,
    /// Third central moment.
    pub third: f64,
}

impl Moments {
    /// Adds an event of probability `p` that counts `sign` (+1 or −1).
    pub fn push(&mut self, p: f64, sign: f64) {
        let variance = p * (1.0 - p);
        self.mean += sign * p;
        self.variance += variance;
        self.third += sign * variance * (1.0 - 2.0 * p);
    }

    /// P(X ≥ level) by the refined normal approximation with continuity correction (Volkova
    /// 1996); its error falls as 1/variance.
    #[must_use]
    pub fn at_least(&self, level: f64) -> f64 {
        let gap = level - 0.5 - self.mean;
        if self.variance < 1e-9 {
            return if gap <= 0.0 { 1.0 } else { 0.0 };
        }
        let sigma = self.variance.sqrt();
        let x = gap / sigma;
        let skew = self.third / (self.variance * sigma);
        let (tail, density) = normal_sf_pdf_near(x);
        let correction = skew * (x * x - 1.0) * density / 6.0;
        (tail + correction).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capped_count_agrees_with_the_whole_law() {
        let ps = [0.1, 0.4, 0.25, 0.7, 0.05, 0.33];
        let whole = pmf(&ps);
        for cap in 0..=6usize {
            let mut capped = CappedCount::new(cap);
            ps.iter().for_each(|p| capped.push(*p));
            for level in 0..=cap {
                let mut weight = vec![0.0; cap + 1];
                weight[level] = 1.0;
                let exact: f64 = whole[level..].iter().sum();
                assert!(
                    (capped.reaches(&weight) - exact).abs() < 1e-14,
                    "{cap} {level}"
                );
            }
        }
    }

    #[test]
    fn moments_come_close_to_the_exact_law_at_size() {
        let demand: Vec<f64> = (0..250)
            .map(|k| 0.02 + 0.2 * f64::from(k % 7) / 7.0)
            .collect();
        let supply: Vec<f64> = (0..190)
            .map(|k| 0.05 + 0.2 * f64::from(k % 5) / 5.0)
            .collect();
        let mut both = Moments::default();
        demand.iter().for_each(|p| both.push(*p, 1.0));
        supply.iter().for_each(|p| both.push(*p, -1.0));
        let (d, s) = (pmf(&demand), pmf(&supply));
        for idle in [5usize, 15, 20, 25] {
            let exact: f64 = s
                .iter()
                .enumerate()
                .map(|(free, p)| p * d.iter().skip(idle + free).sum::<f64>())
                .sum();
            let near = both.at_least(idle as f64);
            assert!((near - exact).abs() < 0.002, "{idle}: {near} {exact}");
        }
    }
}
