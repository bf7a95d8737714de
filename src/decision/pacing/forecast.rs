//! Supply of agents against demand of answered people, at several instants ahead.

use super::poisson_binomial::{CappedCount, Moments, push};
use super::tables::{AtHorizons, HORIZONS};

/// Agents up to which the exact law is used; beyond, three moments.
const EXACT_AGENTS: u32 = 40;
/// Supply mass below this is dropped from the exact law.
const NEGLIGIBLE: f64 = 1e-7;

/// Supply against demand at every horizon.
#[derive(Clone, Debug)]
pub(super) struct Forecast {
    at: [Balance; HORIZONS],
    answers: AtHorizons,
    frees: AtHorizons,
}

#[derive(Clone, Debug)]
enum Balance {
    Exact {
        level: Vec<f64>,
        demand: CappedCount,
    },
    Normal {
        net: Moments,
        level: f64,
    },
}

impl Forecast {
    /// `idle` agents less people waiting, and the probabilities that each of the `serving`
    /// agents who are busy is free at the horizons.
    pub fn new(idle: i64, serving: u32, busy: impl Iterator<Item = AtHorizons>) -> Self {
        if serving <= EXACT_AGENTS {
            Self::exact(idle, busy)
        } else {
            Self::normal(idle, busy)
        }
    }

    fn exact(idle: i64, busy: impl Iterator<Item = AtHorizons>) -> Self {
        let mut mass: [Vec<f64>; HORIZONS] = std::array::from_fn(|_| vec![1.0]);
        let mut frees = [0.0; HORIZONS];
        for free in busy {
            for ((mass, sum), p) in mass.iter_mut().zip(&mut frees).zip(free) {
                if p > 0.0 {
                    *sum += p;
                    push(mass, p);
                    while mass.len() > 1 && mass[mass.len() - 1] < NEGLIGIBLE {
                        mass.pop();
                    }
                }
            }
        }
        let at = mass.map(|mass| {
            let level = levels(mass, idle);
            let demand = CappedCount::new(level.len() - 1);
            Balance::Exact { level, demand }
        });
        Self {
            at,
            answers: [0.0; HORIZONS],
            frees,
        }
    }

    fn normal(idle: i64, busy: impl Iterator<Item = AtHorizons>) -> Self {
        let mut net = [Moments::default(); HORIZONS];
        for free in busy {
            for (net, p) in net.iter_mut().zip(free) {
                net.push(p, -1.0);
            }
        }
        let level = idle as f64;
        Self {
            at: net.map(|net| Balance::Normal { net, level }),
            answers: [0.0; HORIZONS],
            frees: net.map(|net| -net.mean),
        }
    }

    /// Adds a call that is answered within the horizons with these probabilities.
    pub fn push(&mut self, answered: &AtHorizons) {
        for ((balance, sum), p) in self.at.iter_mut().zip(&mut self.answers).zip(answered) {
            *sum += p;
            match balance {
                Balance::Exact { demand, .. } => demand.push(*p),
                Balance::Normal { net, .. } => net.push(*p, 1.0),
            }
        }
    }

    /// Probability that one more answer meets no free agent, over the horizons with these weights.
    pub fn overdial(&self, weights: &AtHorizons) -> f64 {
        let chance = |balance: &Balance| match balance {
            Balance::Exact { level, demand } => demand.reaches(level),
            Balance::Normal { net, level } => net.at_least(*level),
        };
        let chances = self.at.iter().map(chance).zip(weights);
        let sum: f64 = chances.map(|(chance, weight)| weight * chance).sum();
        sum / weights.iter().sum::<f64>()
    }

    /// Answers expected at the median horizon.
    pub fn expected_answers(&self) -> f64 {
        middle(&self.answers)
    }

    /// Agents expected to be freed at the median horizon.
    pub fn expected_frees(&self) -> f64 {
        middle(&self.frees)
    }
}

/// The value at the median horizon, between the two inner quantiles.
fn middle(values: &AtHorizons) -> f64 {
    0.5 * (values[HORIZONS / 2 - 1] + values[HORIZONS / 2])
}

/// Mass of max(0, idle + F), with F the number of agents freed.
fn levels(mass: Vec<f64>, idle: i64) -> Vec<f64> {
    let top = idle + mass.len() as i64 - 1;
    let mut level = vec![0.0; usize::try_from(top.max(0)).unwrap_or(0) + 1];
    for (free, p) in mass.into_iter().enumerate() {
        let cell = usize::try_from((idle + free as i64).max(0)).unwrap_or(0);
        level[cell] += p;
    }
    level
}
