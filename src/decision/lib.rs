//! The pure decision core: what to dial, when, for whom, and why.

pub mod agent;
pub mod call;
pub mod compliance;
pub mod engine;
pub mod event;
pub mod id;
pub mod lead;
pub mod ledger;
pub mod number;
pub mod pacing;
pub mod routing;
pub mod time;
