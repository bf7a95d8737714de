//! `carillon sim sweep` and `staff`: many worlds, and the smallest that does.

use super::args_sim::{SimStaffArgs, SimSweepArgs};
use super::error::CliError;
use super::html_report::source;
use super::out::Out;
use super::pacing_study::{percent, read, text, with_error};
use super::simulate::Progress;
use carillon_sim::html::reports::{self, Swept};
use carillon_sim::pacing::run_study;
use carillon_sim::pacing::staffing::{Staffing, StaffingGoal, staff as find};
use carillon_sim::pacing::sweep::{SweepRow, cells, combinations};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::ExitCode;

/// Every combination.
pub fn sweep(args: &SimSweepArgs, out: &Out) -> Result<ExitCode, CliError> {
    args.html.check()?;
    let usage = |why: String| CliError::Usage(format!("--axis: {why}"));
    let text = text(&args.world)?;
    let all = combinations(&args.axes).map_err(usage)?;
    let (name, settings, seed) = (&args.world.scenario, &args.world.settings, args.world.seed);
    let cells = cells(name, &text, settings, &all, seed)
        .map_err(|error| CliError::Usage(error.to_string()))?;
    let finished = args
        .results
        .as_deref()
        .map(earlier)
        .transpose()?
        .unwrap_or_default();
    let mut results = args.results.as_deref().map(append).transpose()?;
    let days: usize = cells
        .iter()
        .map(|cell| cell.scenario.replications as usize)
        .sum();
    let progress = Progress::new("days");
    let mut before = 0;
    let mut rows = Vec::new();
    for cell in &cells {
        let of_cell = cell.scenario.replications as usize;
        let row = match finished.get(&cell.key) {
            Some(row) => SweepRow {
                settings: cell.settings.clone(),
                ..row.clone()
            },
            None => {
                let study = run_study(&cell.scenario, seed, |done, _| {
                    progress.show(before + done, days)
                });
                let row = SweepRow::new(cell, &study);
                if let Some(file) = &mut results {
                    keep(file, &row)?;
                }
                row
            }
        };
        before += of_cell;
        rows.push(row);
    }
    out.document(&rows);
    show(args, &rows, out);
    let caps: Vec<f64> = cells.iter().map(|cell| cell.scenario.cap).collect();
    let plain = read(&args.world)?;
    let swept = Swept {
        scenario: &plain,
        axes: &args.axes,
        rows: &rows,
        caps: &caps,
    };
    let page = || reports::sweep(swept, &source(&args.world));
    args.html.write(page, out)?;
    Ok(ExitCode::SUCCESS)
}

fn show(args: &SimSweepArgs, rows: &[SweepRow], out: &Out) {
    let mut heads: Vec<String> = args.axes.iter().map(|axis| axis.key.clone()).collect();
    heads.extend(
        [
            "occupancy",
            "abandoned",
            "cap held",
            "contacts/h",
            "waited",
            "calls per answer",
        ]
        .map(String::from),
    );
    let mut table = vec![heads];
    for row in rows {
        let value = |setting: &String| {
            setting
                .split_once('=')
                .map_or_else(String::new, |(_, value)| value.to_owned())
        };
        let mut cells: Vec<String> = row.settings.iter().map(value).collect();
        cells.extend([
            with_error(row.utilisation),
            percent(row.abandonment, 3),
            format!("{} of {}", row.days_held, row.days),
            format!("{:.1}", row.contacts_per_hour.mean),
            percent(row.waited_share, 2),
            format!("{:.2}", row.calls_per_answer),
        ]);
        table.push(cells);
    }
    out.table(&table);
}

/// What an earlier sweep finished. A line that was cut off is run again.
fn earlier(path: &Path) -> Result<HashMap<String, SweepRow>, CliError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => return Err(failed(path, &error)),
    };
    let mut rows = HashMap::new();
    for line in BufReader::new(file).lines() {
        let line = line.map_err(|error| failed(path, &error))?;
        if let Ok(row) = serde_json::from_str::<SweepRow>(&line) {
            rows.insert(row.key.clone(), row);
        }
    }
    Ok(rows)
}

fn append(path: &Path) -> Result<File, CliError> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .read(true)
        .open(path)
        .map_err(|error| failed(path, &error))?;
    // A line that a kill cut short must not swallow the next one.
    let whole =
        std::fs::read(path).is_ok_and(|octets| octets.last().is_none_or(|last| *last == b'\n'));
    if !whole {
        file.write_all(b"\n")
            .map_err(|error| failed(path, &error))?;
    }
    Ok(file)
}

fn keep(file: &mut File, row: &SweepRow) -> Result<(), CliError> {
    let failed = |why: String| CliError::Failed(format!("--results: {why}"));
    let mut line = serde_json::to_string(row).map_err(|error| failed(error.to_string()))?;
    line.push('\n');
    file.write_all(line.as_bytes())
        .and_then(|()| file.flush())
        .map_err(|error| failed(error.to_string()))
}

fn failed(path: &Path, error: &std::io::Error) -> CliError {
    CliError::Failed(format!("--results: {}: {error}", path.display()))
}

/// The fewest agents.
pub fn staff(args: &SimStaffArgs, out: &Out) -> Result<ExitCode, CliError> {
    let scenario = read(&args.world)?;
    let wrong = |name: &str, value: f64, allowed: &str| {
        CliError::Usage(format!("{name} {value}: write {allowed}"))
    };
    let (contacts, occupancy) = (args.contacts_per_hour, args.occupancy);
    if !(contacts > 0.0 && contacts <= 1e6) {
        return Err(wrong(
            "--contacts-per-hour",
            contacts,
            "more than 0, at most 1000000",
        ));
    }
    if !(occupancy > 0.0 && occupancy <= 1.0) {
        return Err(wrong(
            "--occupancy",
            occupancy,
            "a share above 0, at most 1, such as 0.85",
        ));
    }
    let goal = StaffingGoal {
        contacts_per_hour: contacts,
        occupancy_most: occupancy,
        agents_most: args.most,
    };
    let progress = Progress::new(&format!("agents tried, up to {}", args.most));
    let found = find(&scenario, goal, args.world.seed, |floor| {
        progress.tell(floor.agents)
    });
    out.document(&found);
    show_staffing(&found, out);
    Ok(if found.agents.is_some() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn show_staffing(found: &Staffing, out: &Out) {
    let heads = [
        "agents",
        "contacts/h",
        "occupancy",
        "abandoned",
        "cap held on days",
        "does it",
    ];
    let mut table = vec![heads.map(String::from).to_vec()];
    for floor in &found.tried {
        table.push(vec![
            floor.agents.to_string(),
            format!("{:.1}", floor.contacts_per_hour),
            percent(floor.utilisation, 1),
            percent(floor.abandonment, 2),
            floor.days_held.to_string(),
            if floor.reached { "yes" } else { "no" }.to_owned(),
        ]);
    }
    out.table(&table);
    out.line("");
    out.line(match found.agents {
        Some(agents) => format!("{agents} agents do it."),
        None => format!(
            "Not even {} agents do it: raise --most.",
            found.goal.agents_most
        ),
    });
    out.line(format!(
        "Erlang-C, which takes answers as a random stream, asks for {}; without any idle time {} would do.",
        found.agents_erlang_c, found.agents_least
    ));
}
