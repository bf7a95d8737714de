//! Predictive mode: dial while one more answer is likely enough to meet a free agent.
//!
//! A new call answered after a delay τ finds `idle − waiting + F(τ + hold)` agents, F those who
//! become free meanwhile, wanted by D(τ) people from the calls already in flight. Its person is
//! abandoned with probability P(D ≥ idle − waiting + F); averaged over the quantiles of τ this is
//! the overdial probability, which is also the marginal abandonment of that line. Lines are added
//! while it stays within θ (see [`super::feedback`]). Calls past the ring minimum are hung up
//! when their own answer has become too likely to meet nobody.

use super::answer_law::AnswerLaw;
use super::controller::{Wish, cancelable};
use super::feedback::Threshold;
use super::forecast::{Forecast, Standing};
use super::guards::Constraint;
use super::mode::Tuning;
use super::tables::{AtHorizons, HORIZONS, HorizonTables, Tables};
use super::view::{FloorCounts, FloorView};

/// θ multiple beyond which a call in flight is hung up rather than kept. At 1 utilisation is the
/// same, but twice as many calls are hung up for it.
const CANCEL_AT: f64 = 3.0;
/// Every part of the answer delay counts alike.
const EVEN: AtHorizons = [1.0; HORIZONS];
/// The last answers come past the ring minimum, when an overbooked line can still be hung up:
/// they weigh less in what a new line risks.
const EARLY: AtHorizons = [1.0, 1.0, 1.0, 0.4];
/// Agents beyond which ring-cancel is not used: it misfires on very large floors.
const CANCEL_AGENTS_MAX: u32 = 500;

/// What a decision looks at.
#[derive(Clone, Copy)]
pub(super) struct Situation<'a> {
    pub view: &'a FloorView<'a>,
    pub tuning: &'a Tuning,
    pub counts: &'a FloorCounts,
    pub law: &'a AnswerLaw,
    pub tables: &'a Tables,
    pub theta: &'a Threshold,
}

impl Situation<'_> {
    fn forecast(&self, tables: &HorizonTables) -> Forecast {
        let busy = self
            .view
            .agents
            .iter()
            .filter_map(|agent| tables.free_within(agent));
        Forecast::new(self.counts.uncommitted(), self.counts.serving(), busy)
    }
}

/// Looks at every agent and call: what to hang up, what to dial, and the forecast to go on from
/// until the next look.
pub(super) fn look(at: &Situation<'_>, hard: bool, may_cancel: bool) -> (Wish, Option<Standing>) {
    let Situation {
        view, law, tables, ..
    } = *at;
    let ripe = if may_cancel && cancels(at) {
        cancelable(view)
    } else {
        Vec::new()
    };
    let cancel = overbooked(at, ripe, CANCEL_AT * at.theta.value);
    let mut floor = at.forecast(&tables.dial);
    for (index, call) in view.calls.iter().enumerate() {
        if !cancel.contains(&index) {
            floor.push(&tables.dial.answers_within(call, law));
        }
    }
    let mut standing = floor.standing();
    if let Some(standing) = &mut standing {
        // They are still there, until their end is told as that of every other call.
        for index in &cancel {
            standing.call(&tables.dial.answers_within(&view.calls[*index], law), false);
        }
    }
    (wish(at, floor, cancel, hard), standing)
}

/// Whether calls may be hung up while they ring.
fn cancels(at: &Situation<'_>) -> bool {
    at.tuning.ring_cancel && at.counts.serving() <= CANCEL_AGENTS_MAX
}

/// How many lines to dial with this forecast of the calls that stay.
pub(super) fn wish(
    at: &Situation<'_>,
    mut floor: Forecast,
    cancel: Vec<usize>,
    hard: bool,
) -> Wish {
    let Situation {
        view,
        tuning,
        counts,
        law,
        tables,
        theta,
    } = *at;
    let mut wish = Wish {
        horizon_s: tables.dial.middle_s() + view.hold_s,
        expected_answers: floor.expected_answers(),
        expected_frees: floor.expected_frees(),
        threshold: theta.value,
        cancel,
        ..Wish::default()
    };
    // One line more than the caps allow is enough to know that they bind.
    let lines_max = (tuning.max_lines_per_agent * f64::from(counts.serving())).min(1e5) as u32;
    let in_flight = counts.in_flight - u32::try_from(wish.cancel.len()).unwrap_or(0);
    let share: AtHorizons =
        std::array::from_fn(|j| law.lead(None) * (j as f64 + 0.5) / HORIZONS as f64);
    let mut binding = if theta.tightened {
        Constraint::AbandonmentBudget
    } else {
        Constraint::Agents
    };
    let weights = if tuning.ring_cancel { &EARLY } else { &EVEN };
    wish.overdial_next = floor.overdial(weights);
    wish.overdial = wish.overdial_next;
    while wish.overdial_next <= theta.value && in_flight + wish.lines <= lines_max {
        if hard && !ledger_holds(view, tuning, counts, in_flight + wish.lines) {
            binding = Constraint::HardLedger;
            break;
        }
        floor.push(&share);
        wish.lines += 1;
        wish.overdial = wish.overdial_next;
        wish.overdial_next = floor.overdial(weights);
    }
    wish.binding = Some(binding);
    wish
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
fn overbooked(at: &Situation<'_>, mut ripe: Vec<usize>, accepted: f64) -> Vec<usize> {
    if ripe.is_empty() {
        return ripe;
    }
    let tables = &at.tables.keep;
    let mut floor = at.forecast(tables);
    let mut is_ripe = vec![false; at.view.calls.len()];
    ripe.iter().for_each(|index| is_ripe[*index] = true);
    for (call, ripe) in at.view.calls.iter().zip(is_ripe) {
        if !ripe {
            floor.push(&tables.answers_within(call, at.law));
        }
    }
    // Keep the youngest first; what does not fit is hung up, the longest ringing among it.
    while let Some(index) = ripe.last() {
        if floor.overdial(&EVEN) > accepted {
            break;
        }
        floor.push(&tables.answers_within(&at.view.calls[*index], at.law));
        ripe.pop();
    }
    ripe
}
