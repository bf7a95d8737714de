//! The simulated world: callees, agents and carriers in virtual time around the decision core.
//!
//! The same [`carillon_decision::Engine`] that runs a live floor is driven here by a heap of
//! events. A callee's fate is drawn from its own random stream, keyed by seed and call number,
//! so that two policies meet the same callers.

pub mod agent;
pub mod agree;
pub mod calibrate;
pub mod callee;
pub mod calls;
pub mod floor;
pub mod habits;
pub mod html;
pub mod list;
pub mod oracle;
pub mod pacing;
pub mod proof;
pub mod report;
pub mod run;
pub mod scenario;
pub mod what_if;
pub mod whole;
pub mod world;

pub use callee::{CalleeLaw, Fate};
pub use habits::Habits;
pub use proof::{DemoProof, LiveDay};
pub use report::{Band, DayFigures, Study};
pub use run::{run_day, run_study};
pub use scenario::Scenario;
