//! What may be written after `carillon sim calibrate` and `carillon sim agree`.

use carillon_sim::calibrate::Format;
use clap::Args;
use std::path::PathBuf;

/// Calls to a scenario.
#[derive(Debug, Args)]
pub struct SimCalibrateArgs {
    /// Call records as CSV: `carillon report --calls`, VICIdial's vicidial_log, Asterisk's CDRs.
    pub calls: PathBuf,
    /// Whose columns they are, where the first row does not tell: carillon, vicidial, asterisk.
    #[arg(long, value_parser = format)]
    pub format: Option<Format>,
    /// Time zone of the hours, and of times that name none, such as America/New_York.
    #[arg(long, default_value = "UTC", value_parser = zone)]
    pub zone: jiff::tz::TimeZone,
    /// Write the scenario for `carillon sim run` to this file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Its report.
    #[command(flatten)]
    pub html: super::html_report::HtmlArgs,
    /// Seed of the chance behind p-values.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// A live run beside what an earlier one foretells.
#[derive(Debug, Args)]
pub struct SimAgreeArgs {
    /// Calls of the earlier run: `carillon demo --calls FILE`.
    pub calls: PathBuf,
    /// Report of the run that is foretold: what `carillon demo --json` printed.
    #[arg(long, value_name = "FILE")]
    pub against: PathBuf,
    /// Calls of that run too, for the share of people who waited.
    #[arg(long, value_name = "FILE")]
    pub against_calls: Option<PathBuf>,
    /// Simulated runs.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(20..=100_000))]
    pub runs: u32,
    /// Share of simulated runs inside the bands, such as 0.95.
    #[arg(long, default_value_t = 0.95, value_parser = level)]
    pub level: f64,
    /// Ask too for calls within 5 % and occupancy within 3 points of what is foretold: for runs so
    /// long that their bands are that narrow.
    #[arg(long)]
    pub near: bool,
    /// First seed.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

fn format(text: &str) -> Result<Format, String> {
    let known = Format::NAMES.iter().find(|(name, _)| *name == text);
    known.map(|(_, format)| *format).ok_or_else(|| {
        let names = Format::NAMES.map(|(name, _)| name).join(", ");
        format!("write one of {names}")
    })
}

fn zone(text: &str) -> Result<jiff::tz::TimeZone, String> {
    jiff::tz::TimeZone::get(text)
        .map_err(|_| "write a zone such as UTC or America/New_York".to_owned())
}

fn level(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(level) if (0.5..=0.9999).contains(&level) => Ok(level),
        _ => Err("write a share from 0.5 to 0.9999".to_owned()),
    }
}
