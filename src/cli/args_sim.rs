//! What may be written after `carillon sim` and `carillon erlang`.

use super::html_report::HtmlArgs;
use carillon_sim::pacing::sweep::Axis;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The simulator.
#[derive(Debug, Subcommand)]
pub enum SimCommand {
    /// The demo's world, many runs in virtual time.
    Demo(SimDemoArgs),
    /// Run a scenario: a pacing scenario under one policy, or a whole floor with the engine.
    Run(SimRunArgs),
    /// Run random small floors and have every command judged by the oracles.
    Prove(super::args_floor::SimProveArgs),
    /// Lay several policies side by side, with the same callers.
    Compare(SimCompareArgs),
    /// Run a scenario under every combination of settings.
    Sweep(SimSweepArgs),
    /// The fewest agents that reach a goal.
    Staff(SimStaffArgs),
    /// The table of pacing goals: every case, its occupancy, and the days on which the cap held.
    Goals(SimGoalsArgs),
    /// Fit a scenario to call records: ours, VICIdial's, Asterisk's.
    Calibrate(super::args_calibrate::SimCalibrateArgs),
    /// Lay a live demo beside what the simulator foretells from an earlier one's calls.
    Agree(super::args_calibrate::SimAgreeArgs),
    /// Replay a journal, as `carillon replay` does; with `--set`, live its day again with other
    /// settings.
    Replay(super::args_replay::SimReplayArgs),
    /// List the scenarios that come with the program, or print one to start from.
    Scenarios {
        /// Print this one.
        name: Option<String>,
    },
}

/// The demo's world.
#[derive(Debug, Args)]
pub struct SimDemoArgs {
    /// Runs, each with its own seed.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub runs: u32,
    /// Length of a run.
    #[arg(long = "for", default_value = "15m", value_name = "SPAN", value_parser = super::args::span)]
    pub run_for: std::time::Duration,
    /// Agents.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub agents: u32,
    /// First seed.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Lay the report of a live demo (`demo --json`) beside the runs; its agents and length
    /// are taken over.
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
}

/// Which world.
#[derive(Debug, Args)]
pub struct WorldArgs {
    /// A scenario file, or the name of a scenario that comes with the program
    /// (`carillon sim scenarios`).
    pub scenario: String,
    /// Change a setting: `agents=20`, `talk_mean_s=45`, `policy=hard`, `talk.cv=0.8`. May be
    /// repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
    /// First seed: day k has this seed plus k. The same seed gives the same figures.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// One policy.
#[derive(Debug, Args)]
pub struct SimRunArgs {
    /// Which world.
    #[command(flatten)]
    pub world: WorldArgs,
    /// Show every day; with a number, run so many days instead of the scenario's.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "0", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub days: Option<u32>,
    /// Write the calls of every day to this file as CSV, a row each.
    #[arg(long, value_name = "FILE")]
    pub calls: Option<PathBuf>,
    /// A report.
    #[command(flatten)]
    pub html: HtmlArgs,
}

/// Several policies.
#[derive(Debug, Args)]
pub struct SimCompareArgs {
    /// Which world.
    #[command(flatten)]
    pub world: WorldArgs,
    /// Policies, with commas: predictive, hard, progressive, ratio:R, erlang-c, erlang-c-open,
    /// vicidial-hard-limit, vicidial-average, vicidial-tapered, lines:N.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "predictive,hard,progressive,ratio:2,erlang-c,erlang-c-open,vicidial-hard-limit,vicidial-average,vicidial-tapered"
    )]
    pub policies: Vec<String>,
    /// Add days until the 95 % interval of each gain is at most this wide to either side, in
    /// points of occupancy.
    #[arg(long, value_name = "POINTS")]
    pub within: Option<f64>,
    /// A report.
    #[command(flatten)]
    pub html: HtmlArgs,
}

/// Combinations.
#[derive(Debug, Args)]
pub struct SimSweepArgs {
    /// Which world.
    #[command(flatten)]
    pub world: WorldArgs,
    /// A setting and its values: `agents=5,10,20`, `policy=predictive,hard`. May be repeated;
    /// every combination is run.
    #[arg(long = "axis", value_name = "KEY=VALUES", required = true)]
    pub axes: Vec<Axis>,
    /// Append each finished combination to this file, a JSON object a line, and take from it what
    /// an earlier sweep has finished: a sweep that was broken off goes on where it was.
    #[arg(long, value_name = "FILE")]
    pub results: Option<PathBuf>,
    /// A report.
    #[command(flatten)]
    pub html: HtmlArgs,
}

/// The goal.
#[derive(Debug, Args)]
pub struct SimStaffArgs {
    /// Which world; its `agents` are not looked at.
    #[command(flatten)]
    pub world: WorldArgs,
    /// People to be connected in an hour.
    #[arg(long, value_name = "N")]
    pub contacts_per_hour: f64,
    /// Highest occupancy agents are to have, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    pub occupancy: f64,
    /// Most agents to think of.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub most: u32,
}

/// The table of goals.
#[derive(Debug, Args)]
pub struct SimGoalsArgs {
    /// Days of each case; a tenth of it with 200 agents.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub days: u32,
    /// First seed.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Lay other dialers' rules beside, in each case of the probabilistic promise.
    #[arg(long)]
    pub rivals: bool,
    /// Also try other conditions: leads that differ, people taken for machines, breaks, other talk.
    #[arg(long)]
    pub conditions: bool,
}

/// The queueing formulas.
#[derive(Debug, Subcommand)]
pub enum ErlangCommand {
    /// Erlang-B: calls that find no free server are lost.
    B(ErlangArgs),
    /// Erlang-C: calls wait.
    C(ErlangCArgs),
    /// Erlang-A: calls wait and lose patience.
    A(ErlangAArgs),
}

/// Servers and load.
#[derive(Debug, Args)]
pub struct ErlangArgs {
    /// Servers: agents, or trunk channels.
    #[arg(long, value_name = "N")]
    pub servers: f64,
    /// Offered load in erlangs: calls per second × seconds per call.
    #[arg(long, value_name = "A")]
    pub load: f64,
}

/// Erlang-C.
#[derive(Debug, Args)]
pub struct ErlangCArgs {
    /// Servers and load.
    #[command(flatten)]
    pub floor: ErlangArgs,
    /// Mean handling time in seconds: adds waits in seconds and the service level.
    #[arg(long, value_name = "SECONDS")]
    pub handling: Option<f64>,
    /// Seconds within which a call is to be answered.
    #[arg(long, value_name = "SECONDS", default_value_t = 20.0)]
    pub within: f64,
}

/// Erlang-A.
#[derive(Debug, Args)]
pub struct ErlangAArgs {
    /// Servers and load.
    #[command(flatten)]
    pub floor: ErlangArgs,
    /// θ/μ: mean handling time ÷ mean patience.
    #[arg(long, value_name = "RATIO")]
    pub patience_ratio: f64,
}
