//! `carillon sim calibrate` and `carillon sim agree`: from call records to scenarios, and whether
//! what they foretell comes true.

use super::args_calibrate::{SimAgreeArgs, SimCalibrateArgs};
use super::error::CliError;
use super::html_report::command;
use super::out::{Out, Tone};
use super::pacing_study::percent;
use super::simulate::{Progress, read_live};
use carillon_sim::agree::{AgreeOptions, Agreement, CALLS_MIN, Foretold, agree};
use carillon_sim::calibrate::{self, Calibration, LawFit, Reading, Skipped};
use carillon_sim::calls::{CallRow, read_rows};
use carillon_sim::pacing::law::Law;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

/// Rows that were left out, shown one by one.
const SKIPPED_SHOWN: usize = 10;

/// Fits, shows, writes.
pub fn calibrate(args: &SimCalibrateArgs, out: &Out) -> Result<ExitCode, CliError> {
    args.html.check()?;
    let name = args.calls.display().to_string();
    let reading = calibrate::read(open(&args.calls)?, &name, args.format, &args.zone)
        .map_err(|error| CliError::Usage(error.to_string()))?;
    if reading.calls.is_empty() {
        return Err(CliError::Failed(format!(
            "{name}: {} rows and not one call that was dialed for a lead{}",
            reading.rows,
            first_skipped(&reading)
        )));
    }
    let found = Calibration::of(&name, reading, &args.zone, args.seed);
    out.document(&found);
    show(&found, out);
    if let Some(path) = &args.out {
        write(path, &found.scenario_text())?;
        out.line(format!("\nscenario: carillon sim run {}", path.display()));
    }
    let made_by = command(std::env::args().skip(1));
    args.html.write(|| calibrate::page(&found, &made_by), out)?;
    Ok(ExitCode::SUCCESS)
}

fn open(path: &Path) -> Result<File, CliError> {
    let failed = |error| {
        CliError::Usage(format!(
            "{}: {error}: write some with `carillon report --calls FILE`",
            path.display()
        ))
    };
    File::open(path).map_err(failed)
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let failed = |error| CliError::Failed(format!("{}: {error}", path.display()));
    std::fs::write(path, text).map_err(failed)
}

fn first_skipped(reading: &Reading) -> String {
    let told = |s: &Skipped| format!("; line {}: {}", s.line, s.why);
    reading.skipped.first().map(told).unwrap_or_default()
}

fn show(found: &Calibration, out: &Out) {
    let counts = &found.counts;
    let of = |n: u64| {
        format!(
            "{n} ({})",
            percent(n as f64 / counts.placed.max(1) as f64, 1)
        )
    };
    out.line(format!(
        "{}: {} calls from {} to {}\n",
        found.source, counts.placed, found.from, found.to
    ));
    out.pairs(&[
        ("people", of(counts.people)),
        ("machines", of(counts.machines)),
        ("busy, declined", of(counts.busy)),
        ("not in service", of(counts.tones + counts.wrong)),
        ("rang in vain", of(counts.silent)),
        ("hung up by us", of(counts.cancelled)),
        ("agents", found.agents.to_string()),
        ("p_human", format!("{:.4}", found.p_human)),
    ]);
    laws(found, out);
    hours(found, out);
    for note in &found.notes {
        out.line(out.toned(Tone::Warn, &format!("! {note}")));
    }
    skipped(&found.reading, out);
}

fn laws(found: &Calibration, out: &Out) {
    let heads = [
        "",
        "durations",
        "cut off",
        "law",
        "mean",
        "cv",
        "distance",
        "p",
        "behind it",
    ];
    let mut rows = vec![heads.map(String::from).to_vec()];
    for fit in &found.laws {
        rows.push(law_row(fit));
    }
    out.line("");
    out.table(&rows);
}

fn law_row(fit: &LawFit) -> Vec<String> {
    let best = &fit.tried[0];
    let rest = fit.tried[1..].iter();
    let rest = rest.map(|tried| format!("{} {:.1}", tried.fitted.family.name(), tried.aic_behind));
    let name = match &fit.law {
        Law::Empirical { .. } => format!("measured ({} is nearest)", best.fitted.family.name()),
        _ => best.fitted.family.name().to_owned(),
    };
    vec![
        fit.what.to_owned(),
        fit.whole.to_string(),
        fit.cut.to_string(),
        name,
        format!("{:.1} s", fit.law.mean_s()),
        format!("{:.2}", best.cv),
        format!("{:.3}", fit.distance),
        format!("{:.2}", fit.p_value),
        rest.collect::<Vec<_>>().join(", "),
    ]
}

fn hours(found: &Calibration, out: &Out) {
    let mut rows = vec![
        ["hour", "calls", "people", "share", "95 %"]
            .map(String::from)
            .to_vec(),
    ];
    rows.extend(found.hours.iter().map(|hour| {
        let share = hour.answered;
        vec![
            format!("{:02}:00", hour.hour),
            hour.placed.to_string(),
            hour.people.to_string(),
            percent(share.share, 1),
            format!("{} – {}", percent(share.low, 1), percent(share.high, 1)),
        ]
    }));
    out.line("");
    out.table(&rows);
    if found.hours.len() > 1 {
        out.line(format!(
            "hours differ so much by chance alone in {} of cases",
            percent(found.hours_alike, 1)
        ));
    }
}

fn skipped(reading: &Reading, out: &Out) {
    for (why, count) in &reading.beside {
        out.line(format!("{count} rows beside the calls: {why}"));
    }
    if reading.skipped.is_empty() {
        return;
    }
    let mut by_reason: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for row in &reading.skipped {
        let (count, _) = by_reason.entry(&row.why).or_insert((0, row.line));
        *count += 1;
    }
    out.line(out.toned(
        Tone::Warn,
        &format!(
            "{} of {} rows left out:",
            reading.skipped.len(),
            reading.rows
        ),
    ));
    for (why, (count, first)) in by_reason.iter().take(SKIPPED_SHOWN) {
        out.line(format!("  {count}: {why} (first in line {first})"));
    }
    if by_reason.len() > SKIPPED_SHOWN {
        out.line("  … all of them with --json");
    }
}

/// Lays a live run beside what another one's calls foretell. Exit code 1 when they disagree.
pub fn agreement(args: &SimAgreeArgs, out: &Out) -> Result<ExitCode, CliError> {
    let live = read_live(&args.against)?;
    let calls = rows(&args.calls)?;
    let live_calls = args.against_calls.as_deref().map(rows).transpose()?;
    let mut base =
        crate::demo::scenario(live.agents).map_err(|error| CliError::Usage(error.to_string()))?;
    base.minutes = live.seconds / 60.0;
    base.campaign.mode.clone_from(&live.mode);
    base.check("demo.toml")
        .map_err(|error| CliError::Usage(format!("{}: {error}", args.against.display())))?;
    let options = AgreeOptions {
        days: args.runs,
        level: args.level,
        seed: args.seed,
    };
    let progress = Progress::new("runs");
    let found = agree(
        &base,
        &calls,
        &live,
        live_calls.as_deref(),
        options,
        |done, of| {
            progress.show(done as usize, of as usize);
        },
    );
    let found = found.ok_or_else(|| {
        CliError::Usage(format!(
            "{}: {} calls; at least {CALLS_MIN} are needed to calibrate: run `carillon demo --for 15m \
             --calls FILE`",
            args.calls.display(),
            calls.len()
        ))
    })?;
    out.document(&found);
    show_agreement(&found, out);
    let failures = found.failures(args.near);
    for failure in &failures {
        out.line(out.toned(Tone::Bad, &format!("✗ {failure}")));
    }
    Ok(match failures.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn rows(path: &Path) -> Result<Vec<CallRow>, CliError> {
    read_rows(open(path)?, &path.display().to_string())
        .map_err(|error| CliError::Usage(error.to_string()))
}

fn show_agreement(found: &Agreement, out: &Out) {
    out.line(format!(
        "{} agents for {:.0} s, {}; {} simulated runs, calibrated from {} calls\n",
        found.agents, found.seconds, found.mode, found.days, found.calls
    ));
    let band = format!("{} of runs", percent(found.level, 1));
    let heads = ["figure", "live", "foretold", &band, "off", ""];
    let mut rows = vec![heads.map(String::from).to_vec()];
    rows.extend(found.figures.iter().map(|row| figure_row(row, out)));
    out.table(&rows);
}

fn figure_row(row: &Foretold, out: &Out) -> Vec<String> {
    let counted = row.band.mean > 1.0;
    let written = |x: f64| match counted {
        true => format!("{x:.0}"),
        false => percent(x, 1),
    };
    let off = match counted {
        true => format!("{:+.1} %", 100.0 * (row.live / row.band.mean - 1.0)),
        false => format!("{:+.1} points", 100.0 * (row.live - row.band.mean)),
    };
    let verdict = match (row.inside, row.near) {
        (true, true) => out.toned(Tone::Good, "inside"),
        (true, false) => out.toned(
            Tone::Warn,
            &format!(
                "inside, further than {:.0} %",
                100.0 * row.within.unwrap_or(0.0)
            ),
        ),
        (false, _) => out.toned(Tone::Bad, "OUTSIDE"),
    };
    vec![
        row.figure.clone(),
        written(row.live),
        written(row.band.mean),
        format!("{} – {}", written(row.band.low), written(row.band.high)),
        off,
        verdict,
    ]
}
