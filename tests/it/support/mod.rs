//! What flow tests share: a far end of our own making, a node on loopback, waiting.

pub mod browser;
pub mod dns;
pub mod node;
pub mod peer;
pub mod raw;
pub mod sipp;

use std::time::Duration;

/// Longest wait for anything in a flow test. Only a failing test ever takes it.
pub const PATIENCE: Duration = Duration::from_secs(30);
