//! What the carrier saw: the dialer's work from the other side.

use std::collections::BTreeMap;

/// Figures since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CarrierStats {
    /// INVITEs taken.
    pub placed: u64,
    /// INVITEs refused because every channel was in use, or without a codec of ours.
    pub refused: u64,
    /// Calls answered, by people and machines.
    pub answered: u64,
    /// Of these by people.
    pub answered_human: u64,
    /// People who heard an agent.
    pub connected: u64,
    /// People who heard the message and no agent.
    pub heard_message: u64,
    /// People who answered and never heard an agent, of the calls that have ended: abandoned
    /// as callees see it.
    pub abandoned: u64,
    /// Of these hung up by themselves, tired of silence.
    pub lost_patience: u64,
    /// Calls cancelled before an answer.
    pub cancelled: u64,
    /// Calls ended by the dialer after the answer.
    pub ended_by_dialer: u64,
    /// Calls ended by the callee after the answer.
    pub ended_by_callee: u64,
    /// Answers the dialer never acknowledged.
    pub unacknowledged: u64,
    /// Calls that are up now, in any state. After the dialer has stopped: ghosts.
    pub up: u64,
    /// Most calls at once.
    pub up_most: u64,
    /// Calls by what their callees were to do: `human`, `machine`, `busy`, `not_in_service`,
    /// `wrong_number`, `no_answer`.
    pub fates: BTreeMap<&'static str, u64>,
}
