//! `carillon sim run`, `compare`, `scenarios`: pacing policies in virtual time.

use super::args_sim::{SimCompareArgs, SimRunArgs, WorldArgs};
use super::error::CliError;
use super::html_report::source;
use super::out::{Out, Tone};
use super::simulate::Progress;
use super::whole_floor;
use carillon_decision::time::Wall;
use carillon_sim::calls::Calls;
use carillon_sim::html::reports::{self, RunFigures};
use carillon_sim::pacing::measured::with_measured;
use carillon_sim::pacing::statistics::Mean;
use carillon_sim::pacing::{
    Comparison, POLICIES, PacingScenario, PacingStudy, PolicyName, SHIPPED, Trace, compare,
    run_day_recorded, run_study, run_study_traced,
};
use carillon_sim::whole;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::ExitCode;

/// The first simulated day begins at nine in UTC.
const FIRST_DAWN: Wall = Wall(1_767_258_000_000);

/// Most days that `--within` may add up to.
const DAYS_MAX: u32 = 100_000;

/// One policy, or a whole floor: the file says which.
pub fn run(args: &SimRunArgs, out: &Out) -> Result<ExitCode, CliError> {
    let text = text(&args.world)?;
    if whole::is_whole_floor(&text) {
        if args.calls.is_some() {
            return Err(CliError::Usage(
                "calls: whole floors write no call records yet: only pacing scenarios do".into(),
            ));
        }
        return whole_floor::run(args, &text, out);
    }
    args.html.check()?;
    let mut scenario = read(&args.world)?;
    if let Some(days) = args.days.filter(|days| *days > 0) {
        scenario.replications = days;
    }
    let (study, traces, without_cancel) = studied(args, &scenario);
    out.document(&study);
    if let Some(path) = &args.calls {
        write_calls(&scenario, args.world.seed, path)?;
    }
    out.line(headline(&scenario));
    let mut rows = vec![heads(false)];
    rows.push(row(&study, None, out));
    out.table(&rows);
    if args.days == Some(0) {
        let mut rows = vec![
            ["day", "occupancy", "abandoned", "connected", "calls"]
                .map(String::from)
                .to_vec(),
        ];
        rows.extend(study.replications.iter().map(|day| {
            vec![
                day.seed.to_string(),
                percent(day.utilisation, 2),
                percent(day.abandonment, 3),
                day.connected.to_string(),
                day.placed.to_string(),
            ]
        }));
        out.line("");
        out.table(&rows);
    }
    let figures = RunFigures {
        scenario: &scenario,
        study: &study,
        traces: &traces,
        without_cancel: without_cancel.as_ref(),
    };
    let page = || reports::run(figures, &source(&args.world));
    args.html.write(page, out)?;
    Ok(ExitCode::SUCCESS)
}

/// Days that are run again without hanging up calls, for the report.
const PAIRED_MOST: u32 = 40;

/// The days; for a report also their course, and some of them without hanging up calls.
fn studied(
    args: &SimRunArgs,
    scenario: &PacingScenario,
) -> (PacingStudy, Vec<Trace>, Option<PacingStudy>) {
    let (progress, seed) = (Progress::new("days"), args.world.seed);
    let show = |done, of| progress.show(done, of);
    if args.html.file.is_none() {
        return (run_study(scenario, seed, show), Vec::new(), None);
    }
    let (study, traces) = run_study_traced(scenario, seed, show);
    if study.replications.iter().all(|day| day.cancelled == 0) {
        return (study, traces, None);
    }
    let plain = PacingScenario {
        ring_cancel: false,
        replications: scenario.replications.min(PAIRED_MOST),
        ..scenario.clone()
    };
    let progress = Progress::new("days without hanging up calls, for the report");
    let without = run_study(&plain, seed, |done, of| progress.show(done, of));
    (study, traces, Some(without))
}

/// Writes the calls of every day: the days are run once more, since few want them.
fn write_calls(scenario: &PacingScenario, seed: u64, path: &Path) -> Result<(), CliError> {
    let name = path.display().to_string();
    let failed = |error: &dyn std::fmt::Display| CliError::Failed(format!("{name}: {error}"));
    let file = File::create(path).map_err(|error| failed(&error))?;
    let mut calls = Calls::new(BufWriter::new(file), &name).map_err(|error| failed(&error))?;
    for day in 0..scenario.replications {
        let dawn = Wall(FIRST_DAWN.0 + i64::from(day) * Wall::DAY_MS);
        let seed = seed.wrapping_add(u64::from(day));
        let (_, rows) = run_day_recorded(scenario, scenario.policy, seed, dawn);
        for row in &rows {
            calls.write(row).map_err(|error| failed(&error))?;
        }
    }
    calls.finish().map(|_| ()).map_err(|error| failed(&error))
}

/// Several policies side by side.
pub fn compare_policies(args: &SimCompareArgs, out: &Out) -> Result<ExitCode, CliError> {
    args.html.check()?;
    let mut scenario = read(&args.world)?;
    let policies = args
        .policies
        .iter()
        .map(|name| policy(name))
        .collect::<Result<Vec<_>, _>>()?;
    if policies.is_empty() {
        return Err(CliError::Usage(format!(
            "--policies: write at least one of {POLICIES}"
        )));
    }
    if let Some(points) = args.within
        && !(points > 0.0 && points <= 100.0)
    {
        return Err(CliError::Usage(format!(
            "--within {points}: write points of occupancy, such as 0.1"
        )));
    }
    let progress = Progress::new("days");
    let comparison = loop {
        let found = compare(&scenario, &policies, args.world.seed, |done, of| {
            progress.show(done, of)
        });
        let widest = found
            .gains
            .iter()
            .map(|gain| gain.half_width)
            .fold(0.0, f64::max);
        let narrow = args.within.is_none_or(|points| widest <= points / 100.0);
        if narrow || scenario.replications >= DAYS_MAX {
            break found;
        }
        // The width falls as the root of the days; a little more than that needs, at most tenfold.
        let wish = (widest * 100.0 / args.within.unwrap_or(1.0)).powi(2) * 1.1;
        let days = f64::from(scenario.replications) * wish.clamp(1.2, 10.0);
        scenario.replications = (days.ceil() as u32).min(DAYS_MAX);
    };
    out.document(&comparison);
    out.line(headline(&scenario));
    show_comparison(&comparison, out);
    let page = || reports::comparison(&scenario, &comparison, &source(&args.world));
    args.html.write(page, out)?;
    Ok(ExitCode::SUCCESS)
}

/// Policies side by side, as a table.
pub fn show_comparison(comparison: &Comparison, out: &Out) {
    let mut rows = vec![heads(true)];
    for (study, gain) in comparison.studies.iter().zip(&comparison.gains) {
        rows.push(row(study, Some(*gain), out));
    }
    out.table(&rows);
    if let Some(first) = comparison.studies.first() {
        out.line(format!(
            "behind: points of occupancy behind {}, paired by day; ± is half a 95 % interval",
            first.policy
        ));
    }
}

/// The shipped scenarios.
pub fn scenarios(name: Option<&str>, out: &Out) -> Result<ExitCode, CliError> {
    let Some(name) = name else {
        let mut rows = vec![["name", "what it is"].map(String::from).to_vec()];
        for (name, _) in SHIPPED {
            let title = PacingScenario::shipped(name)
                .map(|s| s.title)
                .unwrap_or_default();
            rows.push(vec![name.to_owned(), title]);
        }
        for (name, _) in whole::SHIPPED {
            let title = whole::FloorScenario::shipped(name)
                .map(|s| s.title)
                .unwrap_or_default();
            rows.push(vec![name.to_owned(), format!("{title} (whole floor)")]);
        }
        out.document(&known());
        out.table(&rows);
        return Ok(ExitCode::SUCCESS);
    };
    let text = shipped_text(name).ok_or_else(|| unknown(name))?;
    out.line(text.trim_end());
    Ok(ExitCode::SUCCESS)
}

/// The scenario with its settings.
pub fn read(world: &WorldArgs) -> Result<PacingScenario, CliError> {
    let text = text(world)?;
    if whole::is_whole_floor(&text) {
        return Err(CliError::Usage(format!(
            "{}: a whole floor ([[campaign]] sections): only `carillon sim run` takes those",
            world.scenario
        )));
    }
    PacingScenario::read(&world.scenario, &text, &world.settings)
        .map_err(|error| CliError::Usage(error.to_string()))
}

/// The scenario's file, or the shipped one's.
pub fn text(world: &WorldArgs) -> Result<String, CliError> {
    let name = &world.scenario;
    match shipped_text(name) {
        Some(text) => Ok(text.to_owned()),
        None => {
            let text =
                std::fs::read_to_string(name).map_err(|error| match name.contains(['/', '.']) {
                    true => CliError::Usage(format!("scenario_file: {name}: {error}")),
                    false => unknown(name),
                })?;
            with_measured(name, text).map_err(|error| CliError::Usage(error.to_string()))
        }
    }
}

/// The text of a scenario that comes with the program.
fn shipped_text(name: &str) -> Option<&'static str> {
    let mut all = SHIPPED.into_iter().chain(whole::SHIPPED);
    all.find(|(known, _)| *known == name).map(|(_, text)| text)
}

fn known() -> Vec<&'static str> {
    let all = SHIPPED.into_iter().chain(whole::SHIPPED);
    all.map(|(name, _)| name).collect()
}

fn unknown(name: &str) -> CliError {
    let known = known().join(", ");
    CliError::Usage(format!(
        "scenario_file: {name}: no such file, and no scenario of that name comes with the program: \
         write a path, or one of {known}"
    ))
}

/// A policy by its name.
pub fn policy(name: &str) -> Result<PolicyName, CliError> {
    let refused = |_| {
        CliError::Usage(format!(
            "--policies: no policy {name:?}: write one of {POLICIES}"
        ))
    };
    name.parse().map_err(refused)
}

fn headline(scenario: &PacingScenario) -> String {
    format!(
        "{}; {} agents, {} days of {} h, cap {}",
        scenario.title,
        scenario.agents,
        scenario.replications,
        scenario.hours,
        percent(scenario.cap, 1),
    )
}

/// Heads of a table of studies.
pub fn heads(gains: bool) -> Vec<String> {
    let mut heads = vec!["policy", "occupancy"];
    if gains {
        heads.push("behind");
    }
    heads.extend([
        "abandoned",
        "cap held",
        "waited",
        "worst hour",
        "calls per answer",
        "hung up",
    ]);
    heads.into_iter().map(String::from).collect()
}

/// A study as a row of it.
pub fn row(study: &PacingStudy, gain: Option<Mean>, out: &Out) -> Vec<String> {
    let days = study.replications.len();
    let mean = |figure: fn(&carillon_sim::pacing::Day) -> f64| Mean::of(&study.each(figure)).mean;
    let held = format!("{} of {days}", study.days_held);
    let tone = if study.days_held == days {
        Tone::Plain
    } else {
        Tone::Warn
    };
    let mut cells = vec![study.policy.clone(), with_error(study.utilisation)];
    cells.extend(
        gain.map(|gain| format!("{:.2} ± {:.2}", 100.0 * gain.mean, 100.0 * gain.half_width)),
    );
    cells.extend([
        percent(study.abandonment_pooled, 3),
        out.toned(tone, &held),
        percent(mean(|day| day.waited_share), 2),
        percent(mean(|day| day.worst_hour), 1),
        format!(
            "{:.2}",
            mean(|day| day.placed as f64) / mean(|day| (day.connected + day.abandoned) as f64)
        ),
        percent(
            mean(|day| day.cancelled as f64) / mean(|day| day.placed as f64),
            1,
        ),
    ]);
    cells
}

/// A share and its interval.
pub fn with_error(mean: Mean) -> String {
    format!(
        "{:.2} ± {:.2} %",
        100.0 * mean.mean,
        100.0 * mean.half_width
    )
}

/// A share in per cent.
pub fn percent(share: f64, digits: usize) -> String {
    format!("{:.digits$} %", 100.0 * share)
}
