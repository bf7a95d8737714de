//! Supply of agents against demand of answered people, at several instants ahead.

use serde::{Deserialize, Serialize};

use super::poisson_binomial::{Counts, Moments};
use super::tables::{AtHorizons, HORIZONS};

/// Agents up to which the exact law is used; beyond, three moments.
pub(super) const EXACT_AGENTS: u32 = 40;
/// Counts from 0 to all agents.
type Law = Counts<HORIZONS, { EXACT_AGENTS as usize + 1 }>;

/// Supply against demand at every horizon.
#[derive(Clone, Debug)]
pub(super) struct Forecast {
    balance: Balance,
    answers: AtHorizons,
    frees: AtHorizons,
}

#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "lives on the stack for one decision"
)]
enum Balance {
    Exact {
        level: Law,
        demand: Law,
    },
    Normal {
        net: [Moments; HORIZONS],
        level: f64,
    },
}

/// A forecast by moments that is kept between decisions and told of what changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Standing {
    net: [Moments; HORIZONS],
    answers: AtHorizons,
    frees: AtHorizons,
}

impl Standing {
    /// An agent is free within the horizons with these probabilities, or (`gone`) no longer so.
    pub fn agent(&mut self, free: &AtHorizons, gone: bool) {
        for ((net, sum), p) in self.net.iter_mut().zip(&mut self.frees).zip(free) {
            if gone {
                net.pull(*p, -1.0);
                *sum -= p;
            } else {
                net.push(*p, -1.0);
                *sum += p;
            }
        }
    }

    /// The same of a call that is answered with these probabilities.
    pub fn call(&mut self, answered: &AtHorizons, gone: bool) {
        for ((net, sum), p) in self.net.iter_mut().zip(&mut self.answers).zip(answered) {
            if gone {
                net.pull(*p, 1.0);
                *sum -= p;
            } else {
                net.push(*p, 1.0);
                *sum += p;
            }
        }
    }

    /// The forecast with `idle` agents less people waiting.
    pub fn with_idle(&self, idle: i64) -> Forecast {
        Forecast {
            balance: Balance::Normal {
                net: self.net,
                level: idle as f64,
            },
            answers: self.answers,
            frees: self.frees,
        }
    }
}

impl Forecast {
    /// `idle` agents less people waiting, and the probabilities that each of the `serving`
    /// agents who are busy is free at the horizons.
    pub fn new(idle: i64, serving: u32, busy: impl Iterator<Item = AtHorizons>) -> Self {
        if serving <= EXACT_AGENTS {
            Self::exact(idle, busy)
        } else {
            let mut standing = Standing::default();
            busy.for_each(|free| standing.agent(&free, false));
            standing.with_idle(idle)
        }
    }

    fn exact(idle: i64, busy: impl Iterator<Item = AtHorizons>) -> Self {
        let mut supply = Law::new(EXACT_AGENTS as usize);
        let mut frees = [0.0; HORIZONS];
        for free in busy {
            supply.push(&free);
            for (sum, p) in frees.iter_mut().zip(free) {
                *sum += p;
            }
        }
        let level = supply.shifted(idle);
        let demand = Law::new(level.top());
        Self {
            balance: Balance::Exact { level, demand },
            answers: [0.0; HORIZONS],
            frees,
        }
    }

    /// What is kept of it between decisions, if it is by moments.
    pub fn standing(&self) -> Option<Standing> {
        match &self.balance {
            Balance::Exact { .. } => None,
            Balance::Normal { net, .. } => Some(Standing {
                net: *net,
                answers: self.answers,
                frees: self.frees,
            }),
        }
    }

    /// Adds a call that is answered within the horizons with these probabilities.
    pub fn push(&mut self, answered: &AtHorizons) {
        for (sum, p) in self.answers.iter_mut().zip(answered) {
            *sum += p;
        }
        match &mut self.balance {
            Balance::Exact { demand, .. } => demand.push(answered),
            Balance::Normal { net, .. } => {
                for (net, p) in net.iter_mut().zip(answered) {
                    net.push(*p, 1.0);
                }
            }
        }
    }

    /// Probability that one more answer meets no free agent, over the horizons with these weights.
    pub fn overdial(&self, weights: &AtHorizons) -> f64 {
        let mut chances = [0.0; HORIZONS];
        match &self.balance {
            Balance::Exact { level, demand } => chances = demand.reaches(level),
            Balance::Normal { net, level } => {
                for (chance, net) in chances.iter_mut().zip(net) {
                    *chance = net.at_least(*level);
                }
            }
        }
        let sum: f64 = chances.iter().zip(weights).map(|(c, w)| c * w).sum();
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
