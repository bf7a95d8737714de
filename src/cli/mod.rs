//! The command line: arguments to actions, answers for people or as JSON. It decides nothing.
//!
//! Exit codes: 0 done, 1 it failed, 2 wrong usage or a faulty configuration.

pub mod args;
mod args_calibrate;
mod args_floor;
pub mod args_recordings;
mod args_replay;
mod args_sim;
pub mod args_supervise;
mod calibrate;
mod check;
mod check_floor;
mod check_names;
mod check_sip;
mod erlang;
mod error;
mod explain;
mod floor;
mod goals;
mod html_report;
mod http;
mod init;
mod ladder;
mod lists;
mod logging;
mod offline;
pub mod out;
mod pacing_study;
mod pcap_file;
mod probe;
mod quality;
pub mod quality_args;
mod recordings;
mod replay;
mod report;
mod simulate;
mod supervise;
mod sweep;
mod trace;
mod what_if;
mod whole_floor;
mod wiring;

#[cfg(test)]
mod sim_tests;
#[cfg(test)]
mod tests;

pub use error::CliError;

use args::{Cli, Command};
use carillon_live::config::Config;
use clap::Parser;
use out::{Out, Tone};
use std::path::Path;
use std::process::ExitCode;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, everything else is wrong usage.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let out = Out::new(cli.json);
    match run(&cli, &out) {
        Ok(code) => code,
        Err(error) => {
            report_error(&error, cli.json);
            ExitCode::from(error.exit_code())
        }
    }
}

fn report_error(error: &CliError, json: bool) {
    if !json {
        eprintln!("error: {error}");
        return;
    }
    let faults = match error {
        CliError::Config(errors) => serde_json::json!(errors.errors),
        _ => serde_json::Value::Null,
    };
    let body = serde_json::json!({"error": {"code": error.code(), "message": error.to_string(), "faults": faults}});
    eprintln!("{body}");
}

/// Does what the arguments say.
///
/// # Errors
/// Why it could not.
pub fn run(cli: &Cli, out: &Out) -> Result<ExitCode, CliError> {
    let done = |()| ExitCode::SUCCESS;
    match &cli.command {
        Command::Demo(args) => wiring::demo(args, out).map(done),
        Command::Init(args) => {
            init::init(args.file.as_deref().unwrap_or(&cli.config), out).map(done)
        }
        Command::Check => check::check(&cli.config, out),
        Command::Serve(args) => wiring::serve(load(&cli.config)?, args, out).map(done),
        Command::Sim(command) => simulate::run(command, out),
        Command::Erlang(command) => erlang::run(command, out),
        Command::Replay(args) => replay::run(args, out),
        Command::Leads(command) => lists::leads(command, load(&cli.config)?, out).map(done),
        Command::Dnc(command) => lists::dnc(command, &load(&cli.config)?, out),
        Command::Report(args) => report::report(args, load(&cli.config)?, out).map(done),
        Command::Quality(command) => quality::quality(command, &load(&cli.config)?, out).map(done),
        Command::Backup(args) => lists::backup(args, &load(&cli.config)?, out).map(done),
        Command::Calls(command) => trace::calls(command, &load(&cli.config)?, out).map(done),
        Command::Recordings(command) => recordings::recordings(command, &load(&cli.config)?, out),
        Command::Capture(args) => trace::capture(args, &load(&cli.config)?, out).map(done),
        Command::Explain(command) => explain::explain(command, load(&cli.config)?, out).map(done),
        Command::Stop(args) => floor::stop(args, &load(&cli.config)?, out).map(done),
        Command::Campaign(command) => floor::campaign(command, &load(&cli.config)?, out).map(done),
        Command::List(command) => floor::list(command, &load(&cli.config)?, out).map(done),
        Command::Agent(command) => floor::agent(command, &load(&cli.config)?, out).map(done),
        Command::Supervise(args) => supervise::supervise(args, &load(&cli.config)?, out).map(done),
        Command::Trunk(command) => floor::trunk(command, &load(&cli.config)?, out).map(done),
    }
}

/// The configuration, its notes told on standard error by `check` and `serve` only.
fn load(file: &Path) -> Result<Config, CliError> {
    Ok(Config::load(file)?)
}

/// A mark and its tone for a finding.
fn mark(out: &Out, tone: Tone) -> String {
    match tone {
        Tone::Good => out.toned(tone, "✓"),
        Tone::Warn => out.toned(tone, "!"),
        Tone::Bad => out.toned(tone, "✗"),
        Tone::Plain => " ".to_owned(),
    }
}
