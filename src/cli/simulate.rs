//! `carillon sim`: virtual time.

use super::args_sim::{SimCommand, SimDemoArgs};
use super::error::CliError;
use super::out::{Out, Tone};
use super::{calibrate, goals, pacing_study, sweep, what_if, whole_floor};
use carillon_sim::{DemoProof, LiveDay, Scenario};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

/// Whichever was asked for.
pub fn run(command: &SimCommand, out: &Out) -> Result<ExitCode, CliError> {
    match command {
        SimCommand::Demo(args) => demo(args, out),
        SimCommand::Run(args) => pacing_study::run(args, out),
        SimCommand::Prove(args) => whole_floor::prove_floors(args, out),
        SimCommand::Compare(args) => pacing_study::compare_policies(args, out),
        SimCommand::Sweep(args) => sweep::sweep(args, out),
        SimCommand::Staff(args) => sweep::staff(args, out),
        SimCommand::Goals(args) => goals::show_goals(args, out),
        SimCommand::Replay(args) => what_if::run(args, out),
        SimCommand::Calibrate(args) => calibrate::calibrate(args, out),
        SimCommand::Agree(args) => calibrate::agreement(args, out),
        SimCommand::Scenarios { name } => pacing_study::scenarios(name.as_deref(), out),
    }
}

/// Runs the demo's study and prints it. Exit code 1 when a promise of the demo does not hold.
fn demo(args: &SimDemoArgs, out: &Out) -> Result<ExitCode, CliError> {
    let SimDemoArgs {
        runs,
        run_for,
        agents,
        seed,
        against,
    } = args;
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
    let progress = Progress::new("days");
    let mut proof = DemoProof::run(&scenario, *seed, *runs, |done, of| {
        progress.show(done as usize, of as usize);
    });
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
pub fn read_live(path: &Path) -> Result<LiveDay, CliError> {
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

/// Days done, with the time left; on a terminal only.
pub struct Progress {
    what: String,
    since: Instant,
}

impl Progress {
    /// Of these things.
    pub fn new(what: &str) -> Self {
        // A person's patience is measured on the wall, not in virtual time.
        #[allow(clippy::disallowed_methods)]
        let since = Instant::now();
        Self {
            what: what.to_owned(),
            since,
        }
    }

    /// This one was done, of who knows how many.
    pub fn tell(&self, which: u32) {
        let mut terminal = std::io::stderr();
        if terminal.is_terminal() {
            let spent_s = self.since.elapsed().as_secs();
            // As below.
            let _ = writeln!(terminal, "{which} {}, {spent_s} s", self.what);
        }
    }

    /// So many are done.
    pub fn show(&self, done: usize, of: usize) {
        let mut terminal = std::io::stderr();
        if !terminal.is_terminal() {
            return;
        }
        let spent_s = self.since.elapsed().as_secs_f64();
        let left_s = spent_s / done.max(1) as f64 * (of - done.min(of)) as f64;
        let end = if done == of { "\n" } else { "" };
        let line = format!("\r{done} of {of} {}, {left_s:.0} s left   {end}", self.what);
        // A terminal that cannot be written to needs no progress.
        let _ = write!(terminal, "{line}").and_then(|()| terminal.flush());
    }
}
