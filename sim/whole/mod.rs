//! Whole floors in virtual time: the engine that `serve` runs, between simulated callees, agents
//! and carriers, with several campaigns, lists, calling hours, skills and inbound callers.
//!
//! [`FloorScenario`] says what the floor is, [`run_study`] runs its days, [`prove`] draws random
//! floors and has every command of them judged by [`crate::oracle`].

pub mod carrier;
pub mod fate;
pub mod figures;
pub mod people;
pub mod prove;
pub mod random;
pub mod roster;
pub mod scenario;
pub mod setting;
pub mod setup;
pub mod study;
pub mod trace;
pub mod world;

mod check;
mod defaults;
mod meaning;

pub use figures::FloorDay;
pub use scenario::{FloorScenario, SHIPPED, is_whole_floor};
pub use study::{FloorStudy, run_study, run_study_traced};
pub use trace::FloorTrace;
pub use world::World;

#[cfg(test)]
mod scenario_test;
#[cfg(test)]
mod study_test;
