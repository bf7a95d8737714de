//! Erlang-C mode: the steady dial rate at which Poisson answers would wait too long for an agent
//! no more often than the cap allows.
//!
//! The formula knows neither who is idle now nor how long agents have talked, so on small floors
//! it dials less than one line per free agent would; that 1:1 floor, which risks nobody, is kept.

use super::controller::{Laws, Wish};
use super::erlang;
use super::feedback::Threshold;
use super::guards::Constraint;
use super::mode::Tuning;
use super::view::{FloorCounts, FloorView};

pub(super) fn wish(
    view: &FloorView<'_>,
    tuning: &Tuning,
    counts: &FloorCounts,
    laws: &Laws<'_>,
    theta: &Threshold,
) -> Wish {
    let handling_s = laws.talk.mean() + laws.wrap.mean();
    // The wait probability is the cap, lowered when measured abandonment is ahead of plan.
    let accepted = (tuning.cap * theta.relative.min(1.0)).clamp(1e-6, 0.5);
    let agents = counts.serving();
    let offered = erlang::load_for_wait(agents, accepted, view.hold_s / handling_s);
    let answers_per_s = offered / handling_s;
    let p_human = laws.answering.p_human().max(1e-3);
    let in_flight = answers_per_s / p_human * laws.answering.flight_mean_s();
    let steady = (in_flight.floor() as u32).saturating_sub(counts.in_flight);
    let steady = if counts.waiting > 0 { 0 } else { steady };
    Wish {
        lines: steady.max(counts.one_to_one()),
        binding: Some(Constraint::ErlangRate),
        threshold: accepted,
        ..Wish::default()
    }
}
