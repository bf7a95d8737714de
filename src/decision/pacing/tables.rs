//! Tables of the learned laws: a decision asks for hundreds of probabilities, and the laws change
//! far more slowly than decisions are made.
//!
//! A table is a pure function of its [`Basis`], and the basis is part of the pacer's state: a
//! pacer restored from a snapshot rebuilds the same tables and decides the same.

use serde::{Deserialize, Serialize};

use super::answer_law::{AnswerLaw, Odds};
use super::log_grid::{Blend, LogGrid};
use super::survival::{LogNormal, OUTLIER};
use super::view::{AgentView, CallView};

/// Instants at which supply and demand are laid against each other.
pub(super) const HORIZONS: usize = 4;
/// A value at every horizon.
pub(super) type AtHorizons = [f64; HORIZONS];

/// Quantiles of the wrap-up that follows a conversation.
const WRAP_POINTS: usize = 4;
/// Change of a law's logarithmic mean, or share of change of its spread, that is worth new tables.
/// The laws themselves are known within 3 %: half the variance of their memory.
const TOLERANCE: f64 = 0.025;

/// What the tables were made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Basis {
    pub talk: LogNormal,
    pub wrap: LogNormal,
    pub human: LogNormal,
    pub machine: LogNormal,
    pub failed: LogNormal,
    pub ring_timeout_s: f64,
    pub ring_minimum_s: f64,
    pub hold_s: f64,
}

impl Basis {
    /// Whether tables of `self` serve for `other` too.
    pub fn serves(&self, other: &Self) -> bool {
        let near = |a: &LogNormal, b: &LogNormal| {
            (a.mu - b.mu).abs() <= TOLERANCE && (a.sigma / b.sigma - 1.0).abs() <= TOLERANCE
        };
        self.ring_timeout_s == other.ring_timeout_s
            && self.ring_minimum_s == other.ring_minimum_s
            && self.hold_s == other.hold_s
            && near(&self.talk, &other.talk)
            && near(&self.wrap, &other.wrap)
            && near(&self.human, &other.human)
            && near(&self.machine, &other.machine)
            && near(&self.failed, &other.failed)
    }
}

/// Tables for both questions pacing asks.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    /// For a new line: horizons at the quantiles of its answer delay.
    pub dial: HorizonTables,
    /// For a call past the ring minimum: at the quantiles of what is left until its answer.
    pub keep: HorizonTables,
}

impl Tables {
    pub fn new(basis: &Basis) -> Self {
        let delays = Delays::of(basis);
        let dial = std::array::from_fn(|j| delays.quantile((j as f64 + 0.5) / HORIZONS as f64));
        let rung = delays.cdf(basis.ring_minimum_s);
        let keep = std::array::from_fn(|j| {
            let p = rung + (1.0 - rung) * (j as f64 + 0.5) / HORIZONS as f64;
            (delays.quantile(p) - basis.ring_minimum_s).max(0.05)
        });
        let laws = Survivals {
            talk: LogGrid::new(|t| basis.talk.survival(t)),
            wrap: LogGrid::new(|t| basis.wrap.survival(t)),
            human: LogGrid::new(|t| 1.0 - delays.cdf(t)),
            machine: LogGrid::new(|t| basis.machine.survival(t)),
            failed: LogGrid::new(|t| basis.failed.survival(t)),
        };
        Self {
            dial: HorizonTables::new(basis, &laws, dial),
            keep: HorizonTables::new(basis, &laws, keep),
        }
    }
}

/// People's answer delays as far as they answer in time.
struct Delays {
    human: LogNormal,
    in_time: f64,
    timeout_s: f64,
}

impl Delays {
    fn of(basis: &Basis) -> Self {
        let in_time = basis.human.cdf(basis.ring_timeout_s).max(1e-6);
        Self {
            human: basis.human,
            in_time,
            timeout_s: basis.ring_timeout_s,
        }
    }

    fn cdf(&self, t: f64) -> f64 {
        if t >= self.timeout_s {
            1.0
        } else {
            (self.human.cdf(t) / self.in_time).min(1.0)
        }
    }

    fn quantile(&self, p: f64) -> f64 {
        self.human.quantile(p * self.in_time).min(self.timeout_s)
    }
}

/// Every law's survival on the grid: the tables ask for thousands of values between its points.
struct Survivals {
    talk: LogGrid<f64>,
    wrap: LogGrid<f64>,
    human: LogGrid<f64>,
    machine: LogGrid<f64>,
    failed: LogGrid<f64>,
}

/// Probabilities at a set of horizons, by how long a state has lasted.
#[derive(Clone, Debug)]
pub(super) struct HorizonTables {
    /// Seconds from now.
    pub horizons: AtHorizons,
    hold_s: f64,
    talk: LogGrid<AtHorizons>,
    wrap: LogGrid<AtHorizons>,
    answers: LogGrid<AnswerRow>,
    ring_timeout_s: f64,
}

/// What is known of a call this long after its INVITE.
#[derive(Clone, Copy, Debug, Default)]
struct AnswerRow {
    /// Share of people's answers that come within the horizons.
    within: AtHorizons,
    /// Share of people's answers still to come.
    left: f64,
    /// Machines' answers and failures still to come.
    machine: f64,
    failed: f64,
}

impl AnswerRow {
    fn odds(&self) -> Odds {
        Odds {
            human: self.left,
            machine: self.machine,
            failed: self.failed,
        }
    }
}

impl Blend for AtHorizons {
    #[inline]
    fn blend(low: &Self, high: &Self, part: f64) -> Self {
        let mut between = *low;
        for (value, high) in between.iter_mut().zip(high) {
            *value += (high - *value) * part;
        }
        between
    }
}

impl Blend for AnswerRow {
    #[inline]
    fn blend(low: &Self, high: &Self, part: f64) -> Self {
        Self {
            within: AtHorizons::blend(&low.within, &high.within, part),
            left: f64::blend(&low.left, &high.left, part),
            machine: f64::blend(&low.machine, &high.machine, part),
            failed: f64::blend(&low.failed, &high.failed, part),
        }
    }
}

impl HorizonTables {
    fn new(basis: &Basis, laws: &Survivals, horizons: AtHorizons) -> Self {
        let wraps: [f64; WRAP_POINTS] =
            std::array::from_fn(|k| basis.wrap.quantile((k as f64 + 0.5) / WRAP_POINTS as f64));
        let after_talk = |elapsed_s: f64| {
            let survived = laws.talk.at(elapsed_s);
            horizons.map(|horizon_s| {
                let ends = wraps.iter().map(|wrap_s| {
                    let left_s = horizon_s + basis.hold_s - wrap_s;
                    ended(&laws.talk, elapsed_s, left_s, survived)
                });
                ends.sum::<f64>() / WRAP_POINTS as f64
            })
        };
        let after_wrap = |elapsed_s: f64| {
            let survived = laws.wrap.at(elapsed_s);
            horizons
                .map(|horizon_s| ended(&laws.wrap, elapsed_s, horizon_s + basis.hold_s, survived))
        };
        let row = |t: f64| {
            let left = laws.human.at(t);
            let by = |horizon_s: f64| match t + horizon_s >= basis.ring_timeout_s {
                true => 0.0,
                false => laws.human.at(t + horizon_s),
            };
            AnswerRow {
                within: horizons.map(|horizon_s| left - by(horizon_s)),
                left,
                machine: laws.machine.at(t),
                failed: laws.failed.at(t),
            }
        };
        Self {
            horizons,
            hold_s: basis.hold_s,
            talk: LogGrid::new(after_talk),
            wrap: LogGrid::new(after_wrap),
            answers: LogGrid::new(row),
            ring_timeout_s: basis.ring_timeout_s,
        }
    }

    /// The median horizon.
    pub fn middle_s(&self) -> f64 {
        0.5 * (self.horizons[HORIZONS / 2 - 1] + self.horizons[HORIZONS / 2])
    }

    /// Probabilities that a busy agent is free at the horizons, the hold included; `None` for an
    /// agent who is idle, or will not be back.
    pub fn free_within(&self, agent: &AgentView) -> Option<AtHorizons> {
        match *agent {
            // An idle agent is counted elsewhere and is no gain.
            AgentView::Idle { .. } | AgentView::Leaving => None,
            AgentView::Reserved => Some(self.talk.at(0.0)),
            AgentView::Talking { elapsed_s } => Some(self.talk.at(elapsed_s)),
            AgentView::WrapUp { elapsed_s, limit_s } => {
                let mut free = self.wrap.at(elapsed_s);
                if let Some(limit_s) = limit_s {
                    for (free, horizon_s) in free.iter_mut().zip(&self.horizons) {
                        if horizon_s + self.hold_s >= limit_s - elapsed_s {
                            *free = 1.0;
                        }
                    }
                }
                Some(free)
            }
        }
    }

    /// Probabilities that a person answers this call, or proves to be a person, within the
    /// horizons.
    pub fn answers_within(&self, call: &CallView, law: &AnswerLaw) -> AtHorizons {
        if let Some(screening) = call.screening {
            return [law.person_on_line(&screening); HORIZONS];
        }
        if call.elapsed_s >= self.ring_timeout_s {
            return [0.0; HORIZONS];
        }
        let row = self.answers.at(call.elapsed_s);
        let p = law.lead(call.p_human);
        let open = law.still_open(p, call.ringing_s.is_some(), &row.odds());
        if open <= 1e-12 {
            return [0.0; HORIZONS];
        }
        let scale = p / open;
        let mut within = row.within;
        for share in &mut within {
            *share = (*share * scale).clamp(0.0, 1.0);
        }
        within
    }
}

/// Probability that what has lasted `elapsed` ends within `x`.
fn ended(survival: &LogGrid<f64>, elapsed: f64, x: f64, survived: f64) -> f64 {
    if x <= 0.0 {
        0.0
    } else if survived < OUTLIER {
        // Nothing was ever seen to last this long: the chance of a duration without scale.
        x / (elapsed + x)
    } else {
        (1.0 - survival.at(elapsed + x) / survived).clamp(0.0, 1.0)
    }
}

/// Something derived from the state beside it: no part of it when states are compared.
#[derive(Clone, Debug)]
pub(super) struct Derived<T>(pub Option<T>);

impl<T> Default for Derived<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> PartialEq for Derived<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basis() -> Basis {
        Basis {
            talk: LogNormal::from_mean_cv(180.0, 1.0),
            wrap: LogNormal::from_mean_cv(20.0, 0.5),
            human: LogNormal::from_mean_cv(12.0, 5.0 / 12.0),
            machine: LogNormal::from_mean_cv(12.0, 5.0 / 12.0),
            failed: LogNormal::from_mean_cv(2.0, 0.3),
            ring_timeout_s: 25.0,
            ring_minimum_s: 15.0,
            hold_s: 2.0,
        }
    }

    #[test]
    fn tables_agree_with_the_laws() {
        let basis = basis();
        let tables = Tables::new(&basis);
        for elapsed_s in [0.5, 3.0, 17.0, 42.0, 110.0] {
            let talking = tables
                .dial
                .free_within(&AgentView::Talking { elapsed_s })
                .unwrap();
            let wrapping = AgentView::WrapUp {
                elapsed_s,
                limit_s: None,
            };
            let wrapping = tables.dial.free_within(&wrapping).unwrap();
            for (j, horizon_s) in tables.dial.horizons.iter().enumerate() {
                let x = horizon_s + 2.0;
                let wraps = (0..WRAP_POINTS).map(|k| {
                    let wrap_s = basis.wrap.quantile((k as f64 + 0.5) / WRAP_POINTS as f64);
                    basis.talk.ends_within(elapsed_s, x - wrap_s)
                });
                let exact = wraps.sum::<f64>() / WRAP_POINTS as f64;
                assert!(
                    (talking[j] - exact).abs() < 0.002,
                    "{elapsed_s} {}: {exact}",
                    talking[j]
                );
                let exact = basis.wrap.ends_within(elapsed_s, x);
                assert!(
                    (wrapping[j] - exact).abs() < 0.02,
                    "{elapsed_s} {}: {exact}",
                    wrapping[j]
                );
            }
        }
    }

    #[test]
    fn a_wrap_up_limit_frees_the_agent() {
        let tables = Tables::new(&basis());
        let view = AgentView::WrapUp {
            elapsed_s: 100.0,
            limit_s: Some(101.0),
        };
        assert_eq!(tables.dial.free_within(&view), Some([1.0; HORIZONS]));
        assert_eq!(tables.dial.free_within(&AgentView::Leaving), None);
    }
}
