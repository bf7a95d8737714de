//! What may be written after `carillon quality`.

use carillon_store::REVIEW_SCORE_MAX;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// About the quality of calls.
#[derive(Debug, Subcommand)]
pub enum QualityCommand {
    /// List ended calls with their scores and problems, newest first.
    List(QualityListArgs),
    /// Show one call: what each side heard, who spoke when, what was wrong and what to do.
    Show(ShowArgs),
    /// Calls drawn for review: which is next, which wait, what was said of them.
    #[command(subcommand)]
    Review(ReviewCommand),
}

/// Which calls.
#[derive(Debug, Args)]
pub struct QualityListArgs {
    /// Only calls with a problem.
    #[arg(long)]
    pub problems: bool,
    /// Only calls with this problem, such as dead_air.
    #[arg(long, value_name = "NAME")]
    pub problem: Option<String>,
    /// Of this campaign only.
    #[arg(long)]
    pub campaign: Option<String>,
    /// Of this agent only.
    #[arg(long)]
    pub agent: Option<String>,
    /// Begun at or after: 2026-11-21 (a day begins in UTC), or 2026-11-21T09:00:00-05:00.
    #[arg(long)]
    pub since: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub last: u32,
}

/// Which call.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Its id.
    pub call: u64,
    /// Also draw who spoke when into this file (SVG); one that is there is replaced.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// About reviews.
#[derive(Debug, Subcommand)]
pub enum ReviewCommand {
    /// The call that has waited longest.
    Next {
        /// Of this campaign only.
        #[arg(long)]
        campaign: Option<String>,
    },
    /// Calls that wait for review, oldest first; or those reviewed.
    List {
        /// Those reviewed, newest first.
        #[arg(long)]
        done: bool,
        /// Of this campaign only.
        #[arg(long)]
        campaign: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        last: u32,
    },
    /// Enter a review; a later one of the same call replaces it.
    Done(DoneArgs),
    /// How many were drawn, reviewed and wait, and the mean score, by agent.
    Tally {
        /// Calls begun at or after; default all.
        #[arg(long)]
        since: Option<String>,
        /// Of this campaign only.
        #[arg(long)]
        campaign: Option<String>,
    },
}

/// A review.
#[derive(Debug, Args)]
pub struct DoneArgs {
    /// The call.
    pub call: u64,
    /// 0 (worst) to 100.
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=i64::from(REVIEW_SCORE_MAX)))]
    pub score: u8,
    /// Who listened.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub by: String,
    /// In words.
    #[arg(long)]
    pub note: Option<String>,
}
