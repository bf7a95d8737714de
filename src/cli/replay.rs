//! `carillon replay`: a journal through this program's engine again; the same inputs must give
//! the same commands.

use super::args::ReplayArgs;
use super::error::CliError;
use super::out::{Out, Tone};
use carillon_decision::Engine;
use carillon_journal::{Header, JournalError, Reader, ReplayReport, replay};
use serde::Serialize;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Serialize)]
struct Answer {
    identical: bool,
    build: &'static str,
    parts: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    file: String,
    recorded_by: String,
    inputs: u64,
    commands: u64,
    compared: u64,
    torn_tail: bool,
    difference: Option<String>,
}

/// Replays every part. Exit code 1 at the first difference.
pub fn run(args: &ReplayArgs, out: &Out) -> Result<ExitCode, CliError> {
    let files = parts(&args.journal)?;
    let mut answer = Answer {
        identical: true,
        build: profile(),
        parts: Vec::new(),
    };
    for file in files {
        let part = one(&file)?;
        answer.identical &= part.difference.is_none();
        answer.parts.push(part);
        if !answer.identical {
            break;
        }
    }
    out.document(&answer);
    for part in &answer.parts {
        out.line(format!(
            "{}: {} inputs, {} commands, {} steps compared, recorded by {}{}",
            part.file,
            part.inputs,
            part.commands,
            part.compared,
            part.recorded_by,
            if part.torn_tail {
                "; the file ends in a torn entry"
            } else {
                ""
            }
        ));
        if let Some(difference) = &part.difference {
            out.line(out.toned(Tone::Bad, difference));
        }
    }
    if answer.identical {
        out.line(out.toned(Tone::Good, "identical commands"));
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

/// The file itself, or the journal files of a folder in order.
pub fn parts(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    let unreadable =
        |error: std::io::Error| CliError::Usage(format!("{}: {error}", path.display()));
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(path)
        .map_err(unreadable)?
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|file| file.extension().is_some_and(|e| e == "journal"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(CliError::Usage(format!(
            "{}: no *.journal file in this folder",
            path.display()
        )));
    }
    Ok(files)
}

fn one(path: &Path) -> Result<Part, CliError> {
    let failed = |error: JournalError| {
        CliError::Failed(format!("{}: {error}: {}", path.display(), error.remedy()))
    };
    let file = File::open(path)
        .map_err(|error| CliError::Usage(format!("{}: {error}", path.display())))?;
    let reader = Reader::open(BufReader::new(file)).map_err(failed)?;
    let recorded_by = format!(
        "{} ({})",
        reader.header().engine_version,
        reader.header().build
    );
    let report = replay(reader, engine).map_err(failed)?;
    Ok(Part {
        file: path.display().to_string(),
        recorded_by,
        inputs: report.inputs,
        commands: report.commands,
        compared: report.compared,
        torn_tail: report.torn_tail.is_some(),
        difference: describe(&report),
    })
}

fn engine(header: &Header) -> Result<Engine, String> {
    match &header.snapshot {
        None => Ok(Engine::new(header.config)),
        Some(bytes) => Engine::restore(bytes).map_err(|error| error.to_string()),
    }
}

fn describe(report: &ReplayReport) -> Option<String> {
    let found = report.first_difference.as_ref()?;
    Some(format!(
        "entry {} at byte {}: {:?} at {} gave {} commands, {} were recorded:\n  {}",
        found.frame,
        found.offset,
        found.input,
        found.now.wall,
        found.replayed.commands,
        found.recorded.commands,
        found.commands.join("\n  ")
    ))
}

/// Which build replays: a recording of one must replay in the other.
fn profile() -> &'static str {
    if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    }
}
