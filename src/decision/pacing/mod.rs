//! Pacing: how many lines to dial now, which to hang up, and why.
//!
//! The engine describes the floor in plain values ([`FloorView`]), says what the campaign wants
//! ([`Tuning`]) and asks a [`Pacer`] for a [`Pace`]: the number of new lines, the calls to end
//! because too many were dialed, the constraint that bound and every number the decision rests on.
//! The pacer learns from what the engine tells it with the `observe_*` methods; it reads no clock
//! and draws no random numbers, so equal observations give equal decisions.
//!
//! * Modes: one line per free agent ([`Mode::Progressive`]), a fixed ratio
//!   ([`Mode::ManualRatio`]), the Erlang-C rate ([`Mode::ErlangC`]) and the default, a prediction
//!   of answers and of freed agents with feedback from measured abandonment
//!   ([`Mode::Predictive`]).
//! * [`erlang`] holds the queueing formulas, [`poisson_binomial`] the overdial probabilities,
//!   [`survival`] and [`answering`] what is learned, [`feedback`] the abandonment control and
//!   [`guards`] the caps, which only lower.

pub mod answer_law;
pub mod answering;
pub mod controller;
pub mod erlang;
mod erlang_pacing;
mod explain;
pub mod feedback;
mod forecast;
pub mod guards;
mod log_grid;
mod manual;
pub mod mode;
mod outlook;
pub mod poisson_binomial;
mod predictive;
mod progressive;
mod special;
pub mod survival;
mod tables;
pub mod view;

#[cfg(test)]
mod controller_test;

pub use answering::{Outcome, Resolution};
pub use controller::{Pace, PaceInputs, Pacer};
pub use guards::Constraint;
pub use mode::{Mode, PacingError, Promise, Tuning};
pub use view::{
    AgentView, CallView, Change, FloorCounts, FloorView, Limits, Screening, WindowView,
};
