//! Pacing in virtual time: the pacer, or a rival's rule, over a world of callees and agents.
//!
//! [`PacingScenario`] says what the world is, [`run_day`] runs one day of it, [`study`] many days
//! under several policies with the same callers.

pub mod calendar;
mod call_log;
pub mod callers;
pub mod conditions;
pub mod curve;
pub mod day;
pub mod figures;
pub mod goals;
pub mod law;
pub mod measured;
pub mod policy;
pub mod rivals;
pub mod roster;
pub mod scenario;
pub mod setting;
pub mod staffing;
pub mod statistics;
pub mod study;
pub mod sweep;
pub mod trace;

pub use day::{run_day, run_day_recorded, run_day_traced, run_day_under};
pub use figures::Day;
pub use policy::{POLICIES, Policy, PolicyName};
pub use scenario::{PacingScenario, PacingScenarioError, SHIPPED};
pub use study::{Comparison, PacingStudy, compare, run_study, run_study_traced};
pub use trace::Trace;

#[cfg(test)]
mod promise_test;
#[cfg(test)]
mod study_test;
