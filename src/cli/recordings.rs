//! `carillon recordings`: list, get, verify, hold, release. On the database and the files, with
//! or without a node.

use super::args_recordings::{GetArgs, HoldArgs, ListArgs, RecordingsCommand, VerifyArgs};
use super::error::CliError;
use super::offline::{block_on, closing, now, open};
use super::out::{Out, Tone};
use super::report::instant;
use carillon_decision::id::{AgentId, CallId, CampaignId};
use carillon_live::config::Config;
use carillon_live::recording::Archive;
use carillon_media::recording::{Content, RecordingError, export_wav};
use carillon_store::{
    NameKind, NameStore, RecordingEntry, RecordingFilter, RecordingState, RecordingStore,
    SqliteStore,
};
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Recordings verified by one command.
const VERIFIED_MAX: u32 = 1_000_000;

/// Does what is asked.
pub fn recordings(
    command: &RecordingsCommand,
    config: &Config,
    out: &Out,
) -> Result<ExitCode, CliError> {
    block_on(async {
        let store = open(config).await?;
        let done = match command {
            RecordingsCommand::List(args) => list(&store, args, out).await,
            RecordingsCommand::Get(args) => get(&store, config, args, out).await,
            RecordingsCommand::Verify(args) => verify(&store, config, args, out).await,
            RecordingsCommand::Hold(args) => hold(&store, args, out).await,
            RecordingsCommand::Release { recording } => release(&store, *recording, out).await,
        };
        closing(&store, done).await
    })
}

fn told(error: &RecordingError) -> CliError {
    CliError::Failed(format!("{}: {error}; {}", error.code(), error.remedy()))
}

/// The id of a name.
async fn id_of(store: &SqliteStore, kind: NameKind, name: &str) -> Result<u32, CliError> {
    let names = store.names(kind).await?;
    let found = names.iter().find(|(_, known)| known == name);
    found.map(|(id, _)| *id).ok_or_else(|| {
        CliError::Failed(format!(
            "no {} is named `{name}` in the database",
            kind.name()
        ))
    })
}

async fn filter(store: &SqliteStore, args: &ListArgs) -> Result<RecordingFilter, CliError> {
    let mut filter = RecordingFilter {
        call: args.call.map(CallId),
        from: args.since.as_deref().map(instant).transpose()?,
        to: args.until.as_deref().map(instant).transpose()?,
        ..RecordingFilter::default()
    };
    if let Some(name) = &args.campaign {
        filter.campaign = Some(CampaignId(id_of(store, NameKind::Campaign, name).await?));
    }
    if let Some(name) = &args.agent {
        filter.agent = Some(AgentId(id_of(store, NameKind::Agent, name).await?));
    }
    if let Some(name) = &args.state {
        let state = RecordingState::from_name(name).ok_or_else(|| {
            let known: Vec<&str> = RecordingState::ALL.iter().map(|s| s.name()).collect();
            CliError::Usage(format!(
                "no state is named `{name}`; one of {}",
                known.join(", ")
            ))
        })?;
        filter.state = Some(state);
    }
    Ok(filter)
}

async fn list(store: &SqliteStore, args: &ListArgs, out: &Out) -> Result<ExitCode, CliError> {
    let found = store
        .recordings(filter(store, args).await?, args.last)
        .await?;
    out.document(&found);
    if found.is_empty() {
        out.line("no recordings match");
        return Ok(ExitCode::SUCCESS);
    }
    let campaigns = store.names(NameKind::Campaign).await?;
    let agents = store.names(NameKind::Agent).await?;
    let name = |names: &[(u32, String)], id: Option<u32>| {
        let known = names.iter().find(|(known, _)| Some(*known) == id);
        known.map_or_else(|| "-".to_owned(), |(_, name)| name.clone())
    };
    let header = [
        "id",
        "call",
        "started (UTC)",
        "length",
        "state",
        "campaign",
        "agent",
        "class",
        "kept until",
        "notes",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(found.iter().map(|entry| {
        vec![
            entry.begun.id.to_string(),
            entry.begun.call.to_string(),
            date(entry.begun.started.0, 19),
            length(entry.length_ms),
            entry.state.name().to_owned(),
            name(&campaigns, entry.begun.campaign.map(|id| id.0)),
            name(&agents, entry.begun.agent.map(|id| id.0)),
            entry.begun.class.clone(),
            entry
                .begun
                .keep_until
                .map_or_else(|| "for ever".to_owned(), |at| date(at.0, 10)),
            notes(entry),
        ]
    }));
    out.table(&rows);
    if found.len() as u32 == args.last {
        out.line(format!(
            "\nthe latest {} are shown; --last N shows more",
            args.last
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn notes(entry: &RecordingEntry) -> String {
    let mut notes = Vec::new();
    if let Some(hold) = &entry.hold {
        notes.push(format!("held ({hold})"));
    }
    if entry.key_id.is_some() {
        notes.push("sealed".to_owned());
    }
    if !entry.paused.is_empty() {
        let ms: u64 = entry.paused.iter().map(|(from, to)| to - from).sum();
        notes.push(format!("paused {}", length(ms)));
    }
    if entry.lost_ms > 0 {
        notes.push(format!("{} ms lost", entry.lost_ms));
    }
    if !entry.why.is_empty() {
        notes.push(entry.why.clone());
    }
    notes.join(", ")
}

/// `2026-11-22 05:27:00`, cut off.
fn date(ms: i64, characters: usize) -> String {
    let text = jiff::Timestamp::from_millisecond(ms)
        .map(|at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default();
    text.chars().take(characters).collect()
}

/// `1:02:03.4`.
fn length(ms: u64) -> String {
    let (seconds, tenths) = (ms / 1_000, ms % 1_000 / 100);
    match seconds / 3_600 {
        0 => format!("{}:{:02}.{tenths}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

/// A recording by its id (`#7`), or the only one of a call.
async fn find(store: &SqliteStore, text: &str) -> Result<RecordingEntry, CliError> {
    let number = |digits: &str| {
        digits.parse::<u64>().map_err(|_| {
            CliError::Usage(format!(
                "`{text}` is neither a call (42) nor a recording (#7)"
            ))
        })
    };
    if let Some(id) = text.strip_prefix('#') {
        return Ok(store.recording(number(id)?).await?);
    }
    let call = number(text)?;
    let filter = RecordingFilter {
        call: Some(CallId(call)),
        ..RecordingFilter::default()
    };
    let mut found = store.recordings(filter, 100).await?;
    let ids: Vec<String> = found.iter().map(|e| format!("#{}", e.begun.id)).collect();
    match (found.pop(), found.len()) {
        (Some(one), 0) => Ok(one),
        (None, _) => Err(CliError::Failed(format!("call {call} has no recording"))),
        _ => Err(CliError::Failed(format!(
            "call {call} has several recordings; choose one: {}",
            ids.join(", ")
        ))),
    }
}

async fn get(
    store: &SqliteStore,
    config: &Config,
    args: &GetArgs,
    out: &Out,
) -> Result<ExitCode, CliError> {
    let entry = find(store, &args.recording).await?;
    let id = entry.begun.id;
    if entry.state == RecordingState::Deleted {
        let at = entry.deleted.map(|at| date(at.0, 10)).unwrap_or_default();
        let why = &entry.why;
        return Err(CliError::Failed(format!(
            "recording #{id} was deleted on {at}: {why}"
        )));
    }
    let archive = Archive::open(&config.recording).map_err(|e| told(&e))?;
    let path = archive.path(&entry);
    let mut view = archive.view(&entry).map_err(|e| told(&e))?;
    let content = if args.wav {
        Content::Pcm16
    } else {
        view.content()
    };
    let target = args.output.clone().unwrap_or_else(|| {
        PathBuf::from(format!("{}-{id}.{}", entry.begun.call, content.extension()))
    });
    let written = write_new(&target, args.force, |file| {
        if args.wav {
            return export_wav(&mut view, &path, file).map(drop);
        }
        let (mut at, mut piece) = (0, vec![0; 256 * 1_024]);
        loop {
            let count = view.read_file_at(at, &mut piece)?;
            if count == 0 {
                return Ok(());
            }
            let done = file.write_all(&piece[..count]);
            done.map_err(|e| RecordingError::Conversion {
                path: target.clone(),
                why: e.to_string(),
            })?;
            at += count as u64;
        }
    });
    written?;
    out.document(&serde_json::json!({"recording": entry, "file": target}));
    let (length, state) = (length(entry.length_ms), entry.state.name());
    out.line(format!(
        "recording #{id} ({length}, {state}) is in {}",
        target.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that only this user can read; what is half written is removed.
fn write_new(
    target: &Path,
    force: bool,
    work: impl FnOnce(&mut File) -> Result<(), RecordingError>,
) -> Result<(), CliError> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = File::options();
    options.write(true).mode(0o600);
    let options = match force {
        true => options.create(true).truncate(true),
        false => options.create_new(true),
    };
    let mut file = options.open(target).map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::AlreadyExists => "name another with -o, or overwrite it with --force",
            _ => "check the directory, or name another with -o",
        };
        CliError::Failed(format!(
            "cannot write {}: {error}; {remedy}",
            target.display()
        ))
    })?;
    work(&mut file).map_err(|error| {
        drop(std::fs::remove_file(target));
        told(&error)
    })
}

async fn verify(
    store: &SqliteStore,
    config: &Config,
    args: &VerifyArgs,
    out: &Out,
) -> Result<ExitCode, CliError> {
    let archive = Archive::open(&config.recording).map_err(|e| told(&e))?;
    let entries = match &args.recording {
        Some(text) => vec![find(store, text).await?],
        None => {
            let all = RecordingFilter::default();
            store.recordings(all, VERIFIED_MAX).await?
        }
    };
    let whole =
        |e: &&RecordingEntry| !matches!(e.state, RecordingState::Open | RecordingState::Deleted);
    let checked: Vec<&RecordingEntry> = entries.iter().filter(whole).collect();
    let left_out = entries.len() - checked.len();
    let mut bar = Bar::new(checked.iter().map(|e| e.octets).sum(), out);
    let mut reports = Vec::new();
    for entry in &checked {
        let found = archive.verify(entry, |octets| bar.add(octets));
        reports.push(Finding::of(entry, found));
    }
    bar.clear();
    out.document(&serde_json::json!({
        "verified": checked.len(),
        "left_out": left_out,
        "recordings": reports,
    }));
    let bad: Vec<&Finding> = reports.iter().filter(|r| !r.faults.is_empty()).collect();
    for finding in &bad {
        let mark = super::mark(out, Tone::Bad);
        out.line(format!(
            "{mark} recording #{} of call {}: {}",
            finding.id, finding.call, finding.path
        ));
        finding
            .faults
            .iter()
            .for_each(|fault| out.line(format!("    {fault}")));
    }
    let untold = reports
        .iter()
        .filter(|r| r.sealed && !r.tags_checked)
        .count();
    if untold > 0 {
        out.line(format!(
            "{untold} sealed recordings were verified by their digests alone: their key is not at hand"
        ));
    }
    let good = checked.len() - bad.len();
    let tone = if bad.is_empty() {
        Tone::Good
    } else {
        Tone::Bad
    };
    let (mark, bad) = (super::mark(out, tone), bad.len());
    out.line(format!(
        "{mark} {good} as they were written, {bad} not; {left_out} open or deleted"
    ));
    Ok(if bad == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What was found of one recording.
#[derive(serde::Serialize)]
struct Finding {
    id: u64,
    call: u64,
    path: String,
    sealed: bool,
    tags_checked: bool,
    faults: Vec<String>,
}

impl Finding {
    fn of(
        entry: &RecordingEntry,
        found: Result<carillon_media::recording::Verified, RecordingError>,
    ) -> Self {
        let (tags_checked, faults) = match found {
            Ok(verified) => {
                let faults = verified.faults.iter().map(|fault| {
                    let block = fault.block.map(|n| format!("block {n}, "));
                    let time = match (fault.from_ms, fault.to_ms) {
                        (Some(from), Some(to)) if from < to => {
                            format!("{} to {}: ", length(from), length(to))
                        }
                        (Some(from), _) => format!("at {}: ", length(from)),
                        _ => String::new(),
                    };
                    format!("{}{time}{}", block.unwrap_or_default(), fault.what)
                });
                (verified.tags_checked, faults.collect())
            }
            Err(error) => (false, vec![format!("{error}; {}", error.remedy())]),
        };
        Self {
            id: entry.begun.id,
            call: entry.begun.call.0,
            path: entry.begun.path.clone(),
            sealed: entry.key_id.is_some(),
            tags_checked,
            faults,
        }
    }
}

/// How far a long verification is, on a terminal.
struct Bar {
    total: u64,
    done: u64,
    shown: u64,
    on: bool,
}

impl Bar {
    fn new(total: u64, out: &Out) -> Self {
        let on = !out.json && io::stderr().is_terminal() && total > 10_000_000;
        Self {
            total,
            done: 0,
            shown: u64::MAX,
            on,
        }
    }

    fn add(&mut self, octets: u64) {
        self.done += octets;
        // A sealed one is read twice.
        let percent = (self.done * 100 / self.total.max(1)).min(100);
        if self.on && percent != self.shown {
            self.shown = percent;
            let filled = "#".repeat(percent as usize / 4);
            let _ = write!(io::stderr(), "\rverifying [{filled:<25}] {percent:3} %");
        }
    }

    fn clear(&self) {
        if self.on {
            let _ = write!(io::stderr(), "\r{:45}\r", "");
        }
    }
}

async fn hold(store: &SqliteStore, args: &HoldArgs, out: &Out) -> Result<ExitCode, CliError> {
    let text = format!("{}, {}", args.reason, date(now().0, 10));
    let changed = store.hold_recording(args.recording, Some(&text)).await?;
    tell_hold(
        out,
        args.recording,
        changed,
        "is held: it is not deleted before it is released",
    );
    Ok(ExitCode::SUCCESS)
}

async fn release(store: &SqliteStore, id: u64, out: &Out) -> Result<ExitCode, CliError> {
    let changed = store.hold_recording(id, None).await?;
    tell_hold(
        out,
        id,
        changed,
        "is not held: it goes when its time is over",
    );
    Ok(ExitCode::SUCCESS)
}

fn tell_hold(out: &Out, id: u64, changed: bool, what: &str) {
    out.document(&serde_json::json!({"recording": id, "changed": changed}));
    let before = if changed { "" } else { " (as before)" };
    out.line(format!("recording #{id} {what}{before}"));
}
