//! Predictive mode: dial while one more answer is likely enough to meet a free agent.
//!
//! A new call answered after a delay τ finds `idle − waiting + F(τ + hold)` agents, F those who
//! become free meanwhile, wanted by D(τ) people from the calls already in flight. Its person is
//! abandoned with probability P(D ≥ idle − waiting + F); averaged over the quantiles of τ this is
//! the overdial probability, which is also the marginal abandonment of that line. Lines are added
//! while it stays within θ (see [`super::feedback`]). Calls past the ring minimum are hung up
//! when their own answer has become too likely to meet nobody.

use super::answer_law::AnswerLaw;
use super::controller::{Laws, Wish, cancelable};
use super::feedback::Threshold;
use super::guards::Constraint;
use super::mode::Tuning;
use super::poisson_binomial::{CappedCount, Moments, push};
use super::survival::Remaining;
use super::view::{AgentView, FloorCounts, FloorView};

/// Quantiles of the answer delay that a new line is judged at.
const HORIZONS: usize = 4;
/// Quantiles of the wrap-up that follows a conversation.
const WRAP_POINTS: usize = 4;
/// Busy agents + calls beyond which three moments replace the exact law.
const EXACT_MAX: usize = 240;
/// θ multiple beyond which a call in flight is hung up rather than kept. At 1 utilisation is the
/// same, but twice as many calls are hung up for it.
const CANCEL_AT: f64 = 3.0;
/// Agents beyond which ring-cancel is not used: it misfires on very large floors.
const CANCEL_AGENTS_MAX: u32 = 500;
/// Supply mass below this is dropped from the exact law.
const NEGLIGIBLE: f64 = 1e-9;

pub(super) fn wish(
    view: &FloorView<'_>,
    tuning: &Tuning,
    counts: &FloorCounts,
    laws: &Laws<'_>,
    theta: &Threshold,
    hard: bool,
) -> Wish {
    let law = laws.answering.fit();
    let supply = &Supply::new(view, laws);
    let ripe = if tuning.ring_cancel && counts.serving() <= CANCEL_AGENTS_MAX {
        cancelable(view)
    } else {
        Vec::new()
    };
    let cancel = overbooked(view, counts, supply, &law, ripe, CANCEL_AT * theta.value);
    let place = horizon_place(theta.relative);
    let horizons: [f64; HORIZONS] =
        std::array::from_fn(|j| law.delay_quantile((j as f64 + place) / HORIZONS as f64));
    let mut floor = Forecast::new(view, counts, supply, &horizons);
    let mut answers = Vec::with_capacity(HORIZONS);
    for (index, call) in view.calls.iter().enumerate() {
        if !cancel.contains(&index) {
            law.answers_within(call, &horizons, &mut answers);
            floor.push(&answers);
        }
    }
    let mut wish = Wish {
        horizon_s: law.delay_quantile(0.5) + view.hold_s,
        expected_answers: floor.expected_answers(),
        expected_frees: floor.expected_frees(),
        threshold: theta.value,
        cancel,
        ..Wish::default()
    };
    // One line more than the caps allow is enough to know that they bind.
    let lines_max = (tuning.max_lines_per_agent * f64::from(counts.serving())).min(1e5) as u32;
    let in_flight = counts.in_flight - u32::try_from(wish.cancel.len()).unwrap_or(0);
    let share: [f64; HORIZONS] =
        std::array::from_fn(|j| law.lead(None) * (j as f64 + 0.5) / HORIZONS as f64);
    let mut binding = if theta.tightened {
        Constraint::AbandonmentBudget
    } else {
        Constraint::Agents
    };
    wish.overdial_next = floor.overdial();
    wish.overdial = wish.overdial_next;
    while wish.overdial_next <= theta.value && in_flight + wish.lines <= lines_max {
        if hard && !ledger_holds(view, tuning, counts, in_flight + wish.lines) {
            binding = Constraint::HardLedger;
            break;
        }
        floor.push(&share);
        wish.lines += 1;
        wish.overdial = wish.overdial_next;
        wish.overdial_next = floor.overdial();
    }
    wish.binding = Some(binding);
    wish
}

/// Where in its share of the answer delays a horizon stands: in the middle, and the nearer to
/// its early end the more abandonment is over plan. Answers that come before their horizon are
/// abandoned unseen where agents free up at a known instant (a wrap-up limit).
fn horizon_place(relative: f64) -> f64 {
    0.5 * relative.clamp(0.0, 1.0)
}

/// Whether one more line than `in_flight` keeps the cap even if every call is answered now: with
/// m people more than agents now idle, (abandoned + m) / (answered + m) ≤ cap.
fn ledger_holds(
    view: &FloorView<'_>,
    tuning: &Tuning,
    counts: &FloorCounts,
    in_flight: u32,
) -> bool {
    let worst = i64::from(in_flight) + 1 - counts.uncommitted();
    if worst <= 0 {
        return true;
    }
    let worst = worst as f64;
    let window = &view.window;
    (window.abandoned as f64 + worst) <= tuning.cap * (window.answered as f64 + worst)
}

/// Calls past the ring minimum to hang up: those whose own answer, if it came in the time they
/// have left, would meet no free agent with more than the accepted probability.
fn overbooked(
    view: &FloorView<'_>,
    counts: &FloorCounts,
    supply: &Supply,
    law: &AnswerLaw,
    mut ripe: Vec<usize>,
    accepted: f64,
) -> Vec<usize> {
    if ripe.is_empty() {
        return ripe;
    }
    let left_s = (view.ring_timeout_s - view.ring_minimum_s).max(1.0);
    let horizons = [0.1 * left_s, 0.3 * left_s, 0.6 * left_s];
    let mut floor = Forecast::new(view, counts, supply, &horizons);
    let mut answers = Vec::with_capacity(horizons.len());
    for (index, call) in view.calls.iter().enumerate() {
        if !ripe.contains(&index) {
            law.answers_within(call, &horizons, &mut answers);
            floor.push(&answers);
        }
    }
    // Keep the youngest first; what does not fit is hung up, the longest ringing among it.
    while let Some(index) = ripe.last() {
        if floor.overdial() > accepted {
            break;
        }
        law.answers_within(&view.calls[*index], &horizons, &mut answers);
        floor.push(&answers);
        ripe.pop();
    }
    ripe
}

/// Supply against demand at several horizons.
struct Forecast {
    at: Vec<Balance>,
    answers: Vec<f64>,
    frees: Vec<f64>,
}

enum Balance {
    /// Exact: mass of the level that demand must reach for an answer to meet nobody.
    Exact {
        level: Vec<f64>,
        demand: CappedCount,
    },
    /// Demand − supply by its moments, against idle agents.
    Normal { net: Moments, level: f64 },
}

impl Forecast {
    fn new(view: &FloorView<'_>, counts: &FloorCounts, supply: &Supply, horizons: &[f64]) -> Self {
        let idle = counts.uncommitted();
        let exact = supply.duties.len() + view.calls.len() <= EXACT_MAX;
        let mut at = Vec::with_capacity(horizons.len());
        let mut frees = Vec::with_capacity(horizons.len());
        for horizon_s in horizons {
            let chances = supply.free_within(*horizon_s);
            if exact {
                let (level, expected) = levels(chances, idle);
                let demand = CappedCount::new(level.len() - 1);
                at.push(Balance::Exact { level, demand });
                frees.push(expected);
            } else {
                let mut net = Moments::default();
                chances.for_each(|p| net.push(p, -1.0));
                frees.push(-net.mean);
                at.push(Balance::Normal {
                    net,
                    level: idle as f64,
                });
            }
        }
        Self {
            at,
            answers: vec![0.0; horizons.len()],
            frees,
        }
    }

    /// Adds a call that is answered within the horizons with these probabilities.
    fn push(&mut self, answered: &[f64]) {
        for ((balance, sum), p) in self.at.iter_mut().zip(&mut self.answers).zip(answered) {
            *sum += p;
            match balance {
                Balance::Exact { demand, .. } => demand.push(*p),
                Balance::Normal { net, .. } => net.push(*p, 1.0),
            }
        }
    }

    /// Probability that one more answer meets no free agent, averaged over the horizons.
    fn overdial(&self) -> f64 {
        let sum: f64 = self
            .at
            .iter()
            .map(|balance| match balance {
                Balance::Exact { level, demand } => demand.reaches(level),
                Balance::Normal { net, level } => net.at_least(*level),
            })
            .sum();
        sum / self.at.len() as f64
    }

    fn expected_answers(&self) -> f64 {
        middle(&self.answers)
    }

    fn expected_frees(&self) -> f64 {
        middle(&self.frees)
    }
}

/// The value at the median horizon, between the two inner quantiles.
fn middle(values: &[f64]) -> f64 {
    let upper = values.len() / 2;
    let lower = (values.len() - 1) / 2;
    0.5 * (values[lower] + values[upper])
}

/// Mass of max(0, idle + F), with F the number of agents freed, and E[F].
fn levels(chances: impl Iterator<Item = f64>, idle: i64) -> (Vec<f64>, f64) {
    let mut mass = vec![1.0];
    let mut expected = 0.0;
    for p in chances.filter(|p| *p > 0.0) {
        expected += p;
        push(&mut mass, p);
        while mass.len() > 1 && mass[mass.len() - 1] < NEGLIGIBLE {
            mass.pop();
        }
    }
    let top = idle + mass.len() as i64 - 1;
    let mut level = vec![0.0; usize::try_from(top.max(0)).unwrap_or(0) + 1];
    for (free, p) in mass.into_iter().enumerate() {
        let cell = usize::try_from((idle + free as i64).max(0)).unwrap_or(0);
        level[cell] += p;
    }
    (level, expected)
}

/// When busy agents become free.
struct Supply {
    duties: Vec<Duty>,
    wrap_points: [f64; WRAP_POINTS],
    hold_s: f64,
}

/// What is left of a busy agent's duty.
enum Duty {
    Talk(Remaining),
    Wrap { rest: Remaining, limit_in_s: f64 },
}

impl Supply {
    fn new(view: &FloorView<'_>, laws: &Laws<'_>) -> Self {
        let duties = view.agents.iter().filter_map(|agent| match *agent {
            // An idle agent is counted elsewhere and is no gain.
            AgentView::Idle { .. } | AgentView::Leaving => None,
            AgentView::Reserved => Some(Duty::Talk(laws.talk.remaining(0.0))),
            AgentView::Talking { elapsed_s } => Some(Duty::Talk(laws.talk.remaining(elapsed_s))),
            AgentView::WrapUp { elapsed_s, limit_s } => Some(Duty::Wrap {
                rest: laws.wrap.remaining(elapsed_s),
                limit_in_s: limit_s.map_or(f64::INFINITY, |limit| limit - elapsed_s),
            }),
        });
        Self {
            duties: duties.collect(),
            wrap_points: std::array::from_fn(|k| {
                laws.wrap.quantile((k as f64 + 0.5) / WRAP_POINTS as f64)
            }),
            hold_s: view.hold_s,
        }
    }

    /// Probabilities that each busy agent becomes free within the horizon or the hold after it.
    fn free_within(&self, horizon_s: f64) -> impl Iterator<Item = f64> {
        let x = horizon_s + self.hold_s;
        self.duties.iter().map(move |duty| match duty {
            Duty::Talk(rest) => {
                let ends = self
                    .wrap_points
                    .iter()
                    .map(|wrap| rest.ends_within(x - wrap));
                ends.sum::<f64>() / WRAP_POINTS as f64
            }
            Duty::Wrap { limit_in_s, .. } if x >= *limit_in_s => 1.0,
            Duty::Wrap { rest, .. } => rest.ends_within(x),
        })
    }
}
