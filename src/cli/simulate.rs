//! `carillon sim demo`: the demo's world, many days in virtual time.

use super::args::SimCommand;
use super::error::CliError;
use super::out::{Out, Tone};
use carillon_sim::{DemoProof, LiveDay, Scenario};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

/// Runs the study and prints it. Exit code 1 when a promise of the demo does not hold.
pub fn run(command: &SimCommand, out: &Out) -> Result<ExitCode, CliError> {
    let SimCommand::Demo {
        runs,
        run_for,
        agents,
        seed,
        against,
    } = command;
    let live = against.as_deref().map(read_live).transpose()?;
    let mut scenario = Scenario::demo();
    scenario.agents = live.as_ref().map_or(*agents, |day| day.agents);
    scenario.minutes = live
        .as_ref()
        .map_or(run_for.as_secs_f64(), |day| day.seconds)
        / 60.0;
    scenario.leads = scenario.leads.max(100 * scenario.agents);
    scenario
        .check("demo.toml")
        .map_err(|error| CliError::Usage(error.to_string()))?;
    let mut proof = DemoProof::run(&scenario, *seed, *runs, progress);
    if let Some(day) = &live {
        proof.compare(day);
    }
    out.document(&proof);
    out.line(proof.text());
    let failures = proof.failures(scenario.campaign.cap);
    for failure in &failures {
        out.line(out.toned(Tone::Bad, &format!("✗ {failure}")));
    }
    Ok(if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The report of a live demo, as `carillon demo --json` printed it.
fn read_live(path: &Path) -> Result<LiveDay, CliError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        CliError::Usage(format!(
            "{}: {error}: save one with `carillon demo --for 15m --json`",
            path.display()
        ))
    })?;
    serde_json::from_str(&text).map_err(|error| {
        CliError::Usage(format!(
            "{}: not the report of a demo: {error}",
            path.display()
        ))
    })
}

/// Days done, on a terminal only.
fn progress(done: u32, of: u32) {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        let end = if done == of { "\n" } else { "" };
        // A terminal that cannot be written to needs no progress.
        let _ = write!(terminal, "\r{done} of {of} days{end}").and_then(|()| terminal.flush());
    }
}
