//! The Poisson-binomial law: how many of several independent, unequal events happen.
//!
//! Exact by convolution for small floors, by three moments (a normal with the first Edgeworth
//! term) where the exact sum costs more than it tells.

use serde::{Deserialize, Serialize};

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

/// Laws of several counts side by side, one in each lane. What matters of a count lies below its
/// `cap`: the cell of the cap holds "so many or more".
#[derive(Clone, Debug)]
pub struct Counts<const LANES: usize, const CELLS: usize> {
    mass: [[f64; LANES]; CELLS],
    /// Highest cell in use.
    top: usize,
    cap: usize,
}

/// Mass below this in every lane is dropped from the top.
const NEGLIGIBLE: f64 = 1e-9;

impl<const LANES: usize, const CELLS: usize> Counts<LANES, CELLS> {
    /// No events yet. A `cap` beyond the cells is lowered to the last one.
    #[must_use]
    pub fn new(cap: usize) -> Self {
        let mut mass = [[0.0; LANES]; CELLS];
        mass[0] = [1.0; LANES];
        Self {
            mass,
            top: 0,
            cap: cap.min(CELLS - 1),
        }
    }

    /// Adds an event with a probability for each lane.
    #[inline]
    pub fn push(&mut self, p: &[f64; LANES]) {
        if self.cap == 0 {
            return;
        }
        let from = if self.top == self.cap {
            let below = self.mass[self.cap - 1];
            for j in 0..LANES {
                self.mass[self.cap][j] += p[j] * below[j];
            }
            self.cap - 1
        } else {
            self.top += 1;
            let below = self.mass[self.top - 1];
            self.mass[self.top] = std::array::from_fn(|j| p[j] * below[j]);
            self.top - 1
        };
        for k in (1..=from).rev() {
            let below = self.mass[k - 1];
            let cell = &mut self.mass[k];
            for j in 0..LANES {
                cell[j] += p[j] * (below[j] - cell[j]);
            }
        }
        for (mass, p) in self.mass[0].iter_mut().zip(p) {
            *mass *= 1.0 - p;
        }
        while self.top > 0 && self.mass[self.top].iter().all(|mass| *mass < NEGLIGIBLE) {
            self.top -= 1;
        }
    }

    /// The law of max(0, X + `shift`), as far as it reaches.
    #[must_use]
    pub fn shifted(&self, shift: i64) -> Self {
        let cell = |k: usize| {
            usize::try_from(k as i64 + shift)
                .unwrap_or(0)
                .min(CELLS - 1)
        };
        let mut moved = Self {
            mass: [[0.0; LANES]; CELLS],
            top: cell(self.top),
            cap: CELLS - 1,
        };
        for k in 0..=self.top {
            for (to, mass) in moved.mass[cell(k)].iter_mut().zip(&self.mass[k]) {
                *to += mass;
            }
        }
        moved
    }

    /// Most events that are not negligible.
    #[must_use]
    pub fn top(&self) -> usize {
        self.top
    }

    /// P(X ≥ L) in each lane, L being a count of its own whose top is within this one's cap.
    #[must_use]
    pub fn reaches(&self, level: &Self) -> [f64; LANES] {
        let mut tail = [0.0; LANES];
        let mut sum = [0.0; LANES];
        for k in (0..=self.top.max(level.top)).rev() {
            for j in 0..LANES {
                if k <= self.top {
                    tail[j] += self.mass[k][j];
                }
                if k <= level.top {
                    sum[j] += level.mass[k][j] * tail[j];
                }
            }
        }
        sum.map(|chance| chance.clamp(0.0, 1.0))
    }
}

/// Mean, variance and third central moment of a sum of independent events, some of which may
/// count negatively.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
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

    /// Takes back what [`Moments::push`] added.
    pub fn pull(&mut self, p: f64, sign: f64) {
        let variance = p * (1.0 - p);
        self.mean -= sign * p;
        self.variance = (self.variance - variance).max(0.0);
        self.third -= sign * variance * (1.0 - 2.0 * p);
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
    fn counts_side_by_side_agree_with_the_whole_law() {
        let ps = [0.1, 0.4, 0.25, 0.7, 0.05, 0.33];
        let whole = pmf(&ps);
        let half = pmf(&ps.map(|p| p / 2.0));
        for cap in 0..=6usize {
            let mut counts = Counts::<2, 8>::new(cap);
            ps.iter().for_each(|p| counts.push(&[*p, p / 2.0]));
            for level in 0..=cap {
                let level_law = Counts::<2, 8>::new(7).shifted(level as i64);
                let chances = counts.reaches(&level_law);
                for (chance, law) in chances.iter().zip([&whole, &half]) {
                    let exact: f64 = law[level..].iter().sum();
                    assert!((chance - exact).abs() < 1e-9, "{cap} {level}");
                }
            }
        }
    }

    #[test]
    fn a_level_that_is_itself_uncertain_is_averaged_over() {
        let (ps, free) = ([0.3, 0.6, 0.2], [0.5, 0.1]);
        let mut answers = Counts::<1, 8>::new(7);
        ps.iter().for_each(|p| answers.push(&[*p]));
        let mut agents = Counts::<1, 8>::new(7);
        free.iter().for_each(|p| agents.push(&[*p]));
        let (demand, supply) = (pmf(&ps), pmf(&free));
        for idle in [-2i64, -1, 0, 1, 2] {
            let exact: f64 = (0..=2i64)
                .map(|k| {
                    let level = usize::try_from(idle + k).unwrap_or(0);
                    supply[k as usize] * demand.iter().skip(level).sum::<f64>()
                })
                .sum();
            let near = answers.reaches(&agents.shifted(idle))[0];
            assert!((near - exact).abs() < 1e-9, "{idle}: {near} {exact}");
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
