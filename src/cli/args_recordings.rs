//! What may be written after `carillon recordings`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// About recordings.
#[derive(Debug, Subcommand)]
pub enum RecordingsCommand {
    /// Show recordings, newest first.
    List(ListArgs),
    /// Copy a recording out, unsealed.
    Get(GetArgs),
    /// Check that recordings are what was written; say where they are not. Exit code 1 when one
    /// is not.
    Verify(VerifyArgs),
    /// Legal hold: keep a recording beyond its time.
    Hold(HoldArgs),
    /// Lift a legal hold.
    Release {
        /// The recording's id.
        #[arg(value_parser = id)]
        recording: u64,
    },
}

/// Which recordings.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Of this call.
    #[arg(long)]
    pub call: Option<u64>,
    /// Of this campaign.
    #[arg(long)]
    pub campaign: Option<String>,
    /// Begun with this agent (login name).
    #[arg(long)]
    pub agent: Option<String>,
    /// open, finished, recovered, failed or deleted.
    #[arg(long)]
    pub state: Option<String>,
    /// Started at or after: 2026-11-21 (UTC), or 2026-11-21T09:00:00-05:00.
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Started before.
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub last: u32,
}

/// Which one, and where to.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// A call (42), or a recording by its id (#7).
    pub recording: String,
    /// The file; CALL-ID.wav and the like unless given.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// As 16-bit WAV, whatever it is kept as.
    #[arg(long)]
    pub wav: bool,
    /// Overwrite a file that is there.
    #[arg(long)]
    pub force: bool,
}

/// Which ones.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A call (42), or a recording by its id (#7).
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub recording: Option<String>,
    /// Every recording.
    #[arg(long)]
    pub all: bool,
}

/// Which one, and why.
#[derive(Debug, Args)]
pub struct HoldArgs {
    /// The recording's id.
    #[arg(value_parser = id)]
    pub recording: u64,
    /// Why, and on whose word: stands in its record.
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub reason: String,
}

/// `7` or `#7`.
fn id(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    digits
        .parse()
        .map_err(|_| "write the id of a recording, such as 7".to_owned())
}
