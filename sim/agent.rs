//! Agents of the simulated floor: how long they wrap up.

use crate::callee::{STREAM_AGENT, Span, stream};
use serde::{Deserialize, Serialize};

/// How agents work.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentLaw {
    /// Wrap-up after each conversation.
    pub wrap: Span,
}

impl AgentLaw {
    /// Wrap-up after conversation number `call` in the world of `seed`, s.
    pub fn wrap_s(&self, seed: u64, call: u64) -> f64 {
        self.wrap.draw(&mut stream(seed, STREAM_AGENT, call))
    }
}
