//! What may be written after `carillon sim replay`.

use super::args::ReplayArgs;
use clap::Args;

/// A recorded day, as it was or with other settings.
#[derive(Debug, Args)]
pub struct SimReplayArgs {
    /// Which journal.
    #[command(flatten)]
    pub replay: ReplayArgs,
    /// What if: live the day again with another setting. `mode=progressive`, `mode=manual:2`,
    /// `cap=0.01`, `max_lines_per_agent=4`, `ring_cancel=false`. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
    /// The campaign whose settings change, where the journal has several.
    #[arg(long, value_name = "NAME", requires = "settings")]
    pub campaign: Option<String>,
    /// Futures to draw what the recorded day does not tell.
    #[arg(long, value_name = "N", default_value_t = 20, requires = "settings", value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub futures: u32,
}
