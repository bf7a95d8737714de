//! What may be written on the command line.

use super::args_sim::{ErlangCommand, SimCommand};
use super::quality_args::QualityCommand;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Predictive dialer and call-routing engine with SIP.
#[derive(Debug, Parser)]
#[command(
    name = "carillon",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(
    after_help = "First steps: `carillon demo` needs nothing. `carillon init` writes a \
commented carillon.toml, `carillon check` verifies it, `carillon serve` runs it.\n\n\
Exit codes: 0 done, 1 it failed, 2 wrong usage or a faulty configuration."
)]
pub struct Cli {
    /// The configuration file.
    #[arg(
        long,
        global = true,
        env = "CARILLON_CONFIG",
        default_value = "carillon.toml",
        value_name = "FILE"
    )]
    pub config: PathBuf,
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a whole floor on this machine: carrier, callees, agents. Nothing to configure.
    Demo(DemoArgs),
    /// Write a commented configuration.
    Init(InitArgs),
    /// Verify configuration, database, ports, prompts and trunks; say what to do about each fault.
    Check,
    /// Run the node until SIGTERM (which drains) or `carillon stop`.
    Serve(ServeArgs),
    /// Stop the running node: let conversations end first.
    Stop(StopArgs),
    /// Leads: import a CSV, show one.
    #[command(subcommand)]
    Leads(LeadsCommand),
    /// Do-not-call lists: import numbers, check one.
    #[command(subcommand)]
    Dnc(DncCommand),
    /// Campaigns of the running node: start, pause, turn dials.
    #[command(subcommand)]
    Campaign(CampaignCommand),
    /// Lead lists of the running node: switch on or off.
    #[command(subcommand)]
    List(ListCommand),
    /// Agents of the running node: who does what; change it.
    #[command(subcommand)]
    Agent(AgentCommand),
    /// Listen to an agent's calls, whisper to the agent, or join, on a supervisor's phone.
    Supervise(super::args_supervise::SuperviseArgs),
    /// Trunks of the running node: show them, place a test call.
    #[command(subcommand)]
    Trunk(TrunkCommand),
    /// Calls of the running node: their SIP messages as a ladder or a capture file.
    #[command(subcommand)]
    Calls(CallsCommand),
    /// Capture every SIP message of the running node into a file for Wireshark or sngrep.
    Capture(CaptureArgs),
    /// Recordings: list, copy out, verify, hold.
    #[command(subcommand)]
    Recordings(super::args_recordings::RecordingsCommand),
    /// Why: a lead was not dialed, a call went as it did, so many lines were dialed.
    #[command(subcommand)]
    Explain(ExplainCommand),
    /// Figures of a stretch of time.
    Report(ReportArgs),
    /// How calls sounded and went: problems, pictures, reviews.
    #[command(subcommand)]
    Quality(QualityCommand),
    /// Copy the database while everything runs.
    Backup(BackupArgs),
    /// The simulator: the same decisions in virtual time.
    #[command(subcommand)]
    Sim(SimCommand),
    /// Queueing formulas as a calculator: Erlang-B, C and A.
    #[command(subcommand)]
    Erlang(ErlangCommand),
    /// Replay a journal: the same inputs must give the same commands.
    Replay(ReplayArgs),
}

/// Settings of the demo.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// Simulated agents, 1 to 200.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub agents: u32,
    /// End after this long, such as 60s or 15m; without it, on Ctrl-C.
    #[arg(long = "for", value_name = "SPAN", value_parser = span)]
    pub run_for: Option<std::time::Duration>,
    /// Seed of every chance: the same seed, the same callees.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Serve no wallboard.
    #[arg(long)]
    pub no_page: bool,
    /// Port of the wallboard; 0 takes a free one.
    #[arg(long, default_value_t = 8080, value_name = "PORT")]
    pub page_port: u16,
    /// Keep database and journal in this directory; without it they are removed at the end.
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Write the calls to this file as CSV, a row each; `carillon sim calibrate` reads it.
    #[arg(long, value_name = "FILE")]
    pub calls: Option<PathBuf>,
    /// Pacing mode: predictive, predictive-hard, progressive, erlang-c, or manual:R for R lines
    /// per idle agent.
    #[arg(long, default_value = "predictive", value_parser = mode)]
    pub mode: carillon_decision::pacing::Mode,
}

/// Where to write the configuration.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The file; --config's unless given.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// How to serve.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Decide and record everything, but let no call leave.
    #[arg(long)]
    pub dry_run: bool,
}

/// How to stop.
#[derive(Debug, Args)]
pub struct StopArgs {
    /// Hang up every call and end at once.
    #[arg(long)]
    pub now: bool,
}

/// About leads.
#[derive(Debug, Subcommand)]
pub enum LeadsCommand {
    /// Load a CSV. Bad rows go to FILE.rejects.csv; loading it again changes nothing.
    Import(LeadsImportArgs),
    /// Show a lead, by id, number (+12025550123) or vendor lead code.
    Show {
        /// Id, number or vendor lead code.
        lead: String,
    },
}

/// How to load leads.
#[derive(Debug, Args)]
pub struct LeadsImportArgs {
    /// CSV with a header (phone_number, first_name, time_zone …; `,` `;` tab or `|`).
    pub file: PathBuf,
    /// The campaign.
    #[arg(long)]
    pub campaign: String,
    /// List for rows without a list_id.
    #[arg(long, default_value = "default", value_name = "ID", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub list: String,
    /// Country of numbers written without + (ISO 3166-1); default `[node] country`.
    #[arg(long, value_name = "CC")]
    pub default_country: Option<String>,
    /// Rows in one transaction.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub batch: u16,
    /// Leave leads that are stored already as they are.
    #[arg(long)]
    pub no_update: bool,
}

/// About do-not-call lists.
#[derive(Debug, Subcommand)]
pub enum DncCommand {
    /// Load numbers: one a line, or a CSV with a phone_number column.
    Import {
        /// The file.
        file: PathBuf,
        /// The list; made when first named.
        #[arg(long, value_name = "NAME", value_parser = dnc_list)]
        list: String,
        /// Country of numbers written without +; default `[node] country`.
        #[arg(long, value_name = "CC")]
        default_country: Option<String>,
    },
    /// Say on which lists a number stands. Exit code 1 when it stands on one.
    Check {
        /// The number.
        number: String,
    },
}

/// About campaigns.
#[derive(Debug, Subcommand)]
pub enum CampaignCommand {
    /// Start dialing.
    Start {
        /// The campaign.
        name: String,
    },
    /// Stop dialing; calls in progress go on.
    Pause {
        /// The campaign.
        name: String,
    },
    /// Turn dials; all take effect, or none.
    Set(CampaignSetArgs),
    /// Show one campaign, or all.
    Show {
        /// The campaign.
        name: Option<String>,
    },
}

/// Dials of a campaign.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("dials").required(true).multiple(true)))]
pub struct CampaignSetArgs {
    /// The campaign.
    pub name: String,
    /// predictive, predictive-hard, progressive, erlang-c, or manual (with --ratio).
    #[arg(long, group = "dials")]
    pub mode: Option<String>,
    /// Lines per idle agent, 0 to 100.
    #[arg(long, group = "dials", allow_negative_numbers = true, value_parser = number)]
    pub ratio: Option<f64>,
    /// Abandonment cap as a share, such as 0.03 for 3 %.
    #[arg(long, group = "dials", allow_negative_numbers = true, value_parser = number)]
    pub cap: Option<f64>,
    /// Most lines per agent, up to 1000.
    #[arg(long, group = "dials", value_name = "LINES", allow_negative_numbers = true, value_parser = number)]
    pub max_lines_per_agent: Option<f64>,
    /// End calls past their ring minimum when too many were dialed.
    #[arg(long, group = "dials", value_name = "true|false")]
    pub ring_cancel: Option<bool>,
}

/// About lead lists.
#[derive(Debug, Subcommand)]
pub enum ListCommand {
    /// Take leads from a list.
    On {
        /// The list.
        id: String,
    },
    /// Take no more leads from a list.
    Off {
        /// The list.
        id: String,
    },
    /// Show the lists.
    Show {
        /// Of this campaign only.
        #[arg(long)]
        campaign: Option<String>,
    },
}

/// About agents.
#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Show the agents.
    List,
    /// Change what an agent is doing.
    Set {
        /// The agent.
        name: String,
        /// What to do.
        #[arg(value_enum)]
        action: AgentVerb,
    },
}

/// What an agent can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum AgentVerb {
    /// Log in: the phone is called.
    Login,
    /// Take calls.
    Ready,
    /// Take no further calls; a call in progress goes on.
    Break,
    /// Leave; a call in progress goes on.
    Logout,
    /// Hang up the customer.
    Hangup,
    /// Park the customer of the conversation with music.
    Hold,
    /// Take the customer back.
    Resume,
}

/// About trunks.
#[derive(Debug, Subcommand)]
pub enum TrunkCommand {
    /// Show the trunks.
    Show {
        /// This one only.
        name: Option<String>,
    },
    /// Walk through OPTIONS, registration, a call, audio, a key, hold and hang-up; print what
    /// worked, what to fix, and the SIP messages.
    Test {
        /// The trunk.
        name: String,
        /// Whom to call, such as +12025550123: a phone of yours.
        #[arg(long)]
        number: String,
    },
}

/// About calls.
#[derive(Debug, Subcommand)]
pub enum CallsCommand {
    /// Show the latest calls, agents' lines and test calls whose messages are remembered.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        last: u32,
        /// From or to this number only.
        #[arg(long, value_parser = phone)]
        number: Option<String>,
        /// Also registrations, OPTIONS and strangers.
        #[arg(long)]
        all: bool,
        /// Show whole numbers; needs the supervisor's token.
        #[arg(long)]
        numbers: bool,
    },
    /// Draw the SIP ladder of a call: what was said, when, by whom, and what ended it.
    Trace(TraceArgs),
}

/// Which call, and how it is shown.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// A call's id, agent:NAME for an agent's latest line, or a SIP Call-ID (after `id:` if it is
    /// a mere number).
    #[arg(required_unless_present = "number")]
    pub call: Option<String>,
    /// The latest call from or to this number.
    #[arg(long, conflicts_with = "call", value_parser = phone)]
    pub number: Option<String>,
    /// Print whole messages.
    #[arg(long)]
    pub full: bool,
    /// Write a capture file (pcapng) instead.
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
    /// Columns to draw in; the terminal's unless given.
    #[arg(long, value_name = "COLUMNS")]
    pub width: Option<u16>,
    /// What is shown.
    #[command(flatten)]
    pub sight: SightArgs,
}

/// How much of the messages is shown. Digest responses and SRTP keys never are.
#[derive(Clone, Copy, Debug, Args)]
pub struct SightArgs {
    /// Show whole numbers; needs the supervisor's token.
    #[arg(long)]
    pub numbers: bool,
    /// Show keys pressed too; needs the token, and `[capture] unmasked = true` at the node.
    #[arg(long)]
    pub unmasked: bool,
}

/// Where to capture to.
#[derive(Debug, Args)]
pub struct CaptureArgs {
    /// The file (pcapng); one that is there is replaced.
    #[arg(long, value_name = "FILE")]
    pub pcap: PathBuf,
    /// End after this long, such as 60s or 15m; at most a day.
    #[arg(long = "for", value_name = "SPAN", default_value = "60s", value_parser = span)]
    pub run_for: std::time::Duration,
    /// Begin a further file (FILE.1, FILE.2 …) when one has this size, such as 100MB.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub rotate: Option<u64>,
    /// What is shown.
    #[command(flatten)]
    pub sight: SightArgs,
}

/// What to explain.
#[derive(Debug, Subcommand)]
pub enum ExplainCommand {
    /// Why a lead is, or is not, dialed: each rule, its zone, the next allowed time.
    Lead {
        /// Id, number or vendor lead code.
        lead: String,
    },
    /// What happened to a call.
    Call {
        /// Its id.
        call: u64,
    },
    /// Why so many lines were dialed.
    Decision {
        /// Its id.
        decision: u64,
    },
}

/// Which figures.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// First instant: 2026-11-21 (a day begins in UTC), or 2026-11-21T09:00:00-05:00. Default: today.
    #[arg(long)]
    pub from: Option<String>,
    /// First instant no longer counted. Default: now.
    #[arg(long)]
    pub to: Option<String>,
    /// Of this campaign only.
    #[arg(long)]
    pub campaign: Option<String>,
    /// Write the calls themselves to this file as CSV, a row each; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    pub calls: Option<PathBuf>,
}

/// Where to copy to.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// A file that does not exist yet.
    pub file: PathBuf,
}

/// Which journal.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The journal, or the directory of its pieces.
    pub journal: PathBuf,
}

fn mode(text: &str) -> Result<carillon_decision::pacing::Mode, String> {
    text.parse()
        .map_err(|error: carillon_decision::pacing::PacingError| error.to_string())
}

/// `60s`, `15m`, `1h30m`.
pub fn span(text: &str) -> Result<std::time::Duration, String> {
    carillon_live::config::parse_span(text)
        .filter(|span| !span.is_zero())
        .ok_or_else(|| "write a span of time such as 60s, 15m or 1h30m".to_owned())
}

/// `64KB`, `100MB`, `2GB`.
fn size(text: &str) -> Result<u64, String> {
    carillon_live::config::parse_size(text)
        .filter(|octets| *octets >= 64 * 1024)
        .ok_or_else(|| "write a size of at least 64KB, such as 100MB".to_owned())
}

/// A telephone number to look for.
fn phone(text: &str) -> Result<String, String> {
    match carillon_api::port::digits_of(text).len() >= carillon_api::port::NUMBER_DIGITS_MIN {
        true => Ok(text.to_owned()),
        false => Err("write at least the last 7 digits of the number".to_owned()),
    }
}

/// A number, and neither infinity nor "not a number"; the node knows its range.
fn number(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("write a number such as 1.5".to_owned()),
    }
}

/// A name that `[[dnc]] name` can carry.
fn dnc_list(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    match (1..=64).contains(&text.chars().count()) && text.chars().all(fits) {
        true => Ok(text.to_owned()),
        false => Err("write up to 64 letters, digits, `-`, `_` or `.`, without spaces".to_owned()),
    }
}
