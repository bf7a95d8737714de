//! What may be written after `carillon sim prove`.

use clap::Args;

/// Random floors under the oracles.
#[derive(Debug, Args)]
pub struct SimProveArgs {
    /// How many random floors, each with its own seed.
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub seeds: u32,
    /// First seed.
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub first: u64,
    /// Replay the floor of this one seed and print what led to the first breach.
    #[arg(long, value_name = "S", conflicts_with_all = ["seeds", "first"])]
    pub seed: Option<u64>,
    /// List the oracles and what each holds against a day.
    #[arg(long, conflicts_with_all = ["seeds", "first", "seed"])]
    pub list: bool,
}
