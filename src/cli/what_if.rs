//! `carillon sim replay`: a recorded day as it was, or with other settings.

use super::args_replay::SimReplayArgs;
use super::error::CliError;
use super::out::{Out, percent};
use super::replay;
use super::simulate::Progress;
use carillon_decision::{Input, Now};
use carillon_journal::{JournalError, Reader};
use carillon_sim::Band;
use carillon_sim::what_if::{Change, DayBands, Recording, WhatIf, WhatIfError, what_if};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

/// Replays, or with settings asks what if.
pub fn run(args: &SimReplayArgs, out: &Out) -> Result<ExitCode, CliError> {
    if args.settings.is_empty() {
        return replay::run(&args.replay, out);
    }
    let changes = args
        .settings
        .iter()
        .map(|text| text.parse::<Change>())
        .collect::<Result<Vec<Change>, WhatIfError>>()
        .map_err(|error| CliError::Usage(error.to_string()))?;
    let journal = &args.replay.journal;
    let refused = |error: WhatIfError| CliError::Usage(format!("{}: {error}", journal.display()));
    let recording = recording(journal)?.map_err(refused)?;
    let progress = Progress::new("days");
    let found = what_if(
        &recording,
        &changes,
        args.campaign.as_deref(),
        args.futures,
        |done, of| progress.show(done as usize, of as usize),
    )
    .map_err(refused)?;
    out.document(&found);
    show(&found, out);
    Ok(ExitCode::SUCCESS)
}

/// One run's journal, from its first input on.
fn recording(path: &Path) -> Result<Result<Recording, WhatIfError>, CliError> {
    let mut config = None;
    let mut inputs: Vec<(Now, Input)> = Vec::new();
    for file in replay::parts(path)? {
        let failed = |error: JournalError| {
            CliError::Failed(format!("{}: {error}: {}", file.display(), error.remedy()))
        };
        let opened = File::open(&file)
            .map_err(|error| CliError::Usage(format!("{}: {error}", file.display())))?;
        let reader = Reader::open(BufReader::new(opened)).map_err(failed)?;
        let header = reader.header();
        match (&config, header.snapshot.is_some()) {
            (None, true) => {
                return Err(CliError::Usage(format!(
                    "{}: begins in the middle of a run: give the folder with all of its pieces",
                    file.display()
                )));
            }
            (Some(_), false) => {
                return Err(CliError::Usage(format!(
                    "{}: another run begins here: give the first file of one run, or a folder with \
                     the pieces of one run alone",
                    file.display()
                )));
            }
            _ => {
                config.get_or_insert(header.config);
            }
        }
        for step in reader {
            let step = step.map_err(failed)?;
            inputs.push((step.now, step.input));
        }
    }
    let config = config.ok_or_else(|| CliError::Usage(format!("{}: empty", path.display())))?;
    Ok(Recording::take(config, inputs))
}

fn show(found: &WhatIf, out: &Out) {
    out.line(format!(
        "{:.0} s recorded, lived again {} times with the same settings and with {}\n",
        found.seconds,
        found.futures,
        found.changed.join(" ")
    ));
    let heads = [
        "figure",
        "recorded",
        "same settings",
        "95 %",
        "what if",
        "95 %",
    ];
    let mut rows = vec![heads.map(String::from).to_vec()];
    let day = &found.recorded;
    let count: fn(f64) -> String = |x| format!("{x:.0}");
    let shares: fn(f64) -> String = percent;
    let mut row =
        |name: &str, recorded: Option<f64>, of: fn(&DayBands) -> Band, write: fn(f64) -> String| {
            let mut cells = vec![name.to_owned(), recorded.map_or(String::new(), write)];
            for band in [of(&found.same), of(&found.what_if)] {
                cells.push(write(band.mean));
                cells.push(format!("{} – {}", write(band.low), write(band.high)));
            }
            rows.push(cells);
        };
    row("calls placed", Some(day.placed as f64), |d| d.placed, count);
    row(
        "conversations",
        Some(day.connected as f64),
        |d| d.connected,
        count,
    );
    row("occupancy", Some(day.occupancy), |d| d.occupancy, shares);
    row(
        "abandonment",
        Some(day.abandonment),
        |d| d.abandonment,
        shares,
    );
    row("waited", Some(day.waited_share), |d| d.waited_share, shares);
    row("calls drawn", None, |d| d.drawn_share, shares);
    out.table(&rows);
}
