//! The pure decision core: what to dial, when, for whom, and why.
//!
//! Nothing here reads a clock, draws a random number, opens a file or waits: the live world
//! and the simulated one hand in `Now` and [`event::Input`], and obey [`event::Command`].

pub mod agent;
pub mod call;
pub mod campaign;
pub mod compliance;
pub mod conversation;
pub mod engine;
pub mod event;
pub mod id;
pub mod lead;
pub mod ledger;
pub mod number;
pub mod pacing;
pub mod pacing_decision;
pub mod routing;
pub mod sample;
pub mod status;
pub mod time;

pub use engine::{Engine, EngineConfig, Output};
pub use event::{Command, Input, Progress};
pub use time::{Mono, Now, Wall};
