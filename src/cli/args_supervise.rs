//! Arguments of `carillon supervise`.

use clap::{Args, ValueEnum};

/// Whose calls, how, and on whose phone.
#[derive(Debug, Args)]
pub struct SuperviseArgs {
    /// The agent.
    pub agent: String,
    /// How.
    #[arg(value_enum)]
    pub how: SuperviseVerb,
    /// The supervisor whose phone takes part; may be left out where there is only one.
    #[arg(long = "as", value_name = "SUPERVISOR")]
    pub supervisor: Option<String>,
}

/// How a supervisor takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SuperviseVerb {
    /// Hear both, heard by nobody.
    Listen,
    /// Hear both, heard by the agent alone.
    Whisper,
    /// All three hear each other.
    Barge,
    /// Leave.
    Stop,
}
