//! `carillon calls list|trace` and `carillon capture`: SIP messages of the running node.

use super::args::{CallsCommand, CaptureArgs, SightArgs, TraceArgs};
use super::error::CliError;
use super::http::{Node, escaped};
use super::ladder;
use super::out::{Out, Tone};
use super::pcap_file::Rotated;
use carillon_api::port::{CallTrace, TraceSummary};
use carillon_live::config::Config;
use std::io::Read;
use std::path::Path;

/// Columns where the terminal does not tell.
const COLUMNS: usize = 80;

/// `calls list|trace`.
pub fn calls(command: &CallsCommand, config: &Config, out: &Out) -> Result<(), CliError> {
    match command {
        CallsCommand::List {
            last,
            number,
            all,
            numbers,
        } => {
            let number = number.as_deref();
            let number = number.map_or_else(String::new, |n| format!("&number={}", escaped(n)));
            let path = format!("/api/traces?limit={last}&all={all}&numbers={numbers}{number}");
            list(&Node::of(config).get::<Vec<TraceSummary>>(&path)?, out);
            Ok(())
        }
        CallsCommand::Trace(args) => trace(args, config, out),
    }
}

fn list(found: &[TraceSummary], out: &Out) {
    out.document(&found);
    if found.is_empty() {
        return out.line("the node remembers no such call");
    }
    let header = [
        "call", "started", "kind", "from", "to", "messages", "lasted", "ended", "Call-ID",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(found.iter().map(|t| {
        let what = match (t.call, &t.agent) {
            (Some(call), _) => call.to_string(),
            (None, Some(agent)) => format!("agent:{agent}"),
            (None, None) => "-".to_owned(),
        };
        let kind = match t.kind.as_str() {
            "other" => t.method.clone(),
            kind => kind.to_owned(),
        };
        vec![
            what,
            t.started.get(..19).unwrap_or(&t.started).replace('T', " "),
            kind,
            t.from.clone(),
            t.to.clone(),
            t.messages.to_string(),
            format!("{:.1} s", t.lasted_ms as f64 / 1e3),
            t.ended.clone().unwrap_or_else(|| "-".to_owned()),
            t.call_id.clone(),
        ]
    }));
    out.table(&rows);
}

/// What the node is asked for.
fn key(args: &TraceArgs) -> Result<String, CliError> {
    match (&args.call, &args.number) {
        (Some(call), None) => Ok(call.clone()),
        (None, Some(number)) => Ok(format!("number:{number}")),
        _ => Err(CliError::Usage(
            "say which call: its id, its Call-ID, agent:NAME, or --number; `carillon calls list` \
             shows them"
                .to_owned(),
        )),
    }
}

fn sight(args: &SightArgs) -> String {
    format!("numbers={}&unmasked={}", args.numbers, args.unmasked)
}

fn trace(args: &TraceArgs, config: &Config, out: &Out) -> Result<(), CliError> {
    let (node, key) = (Node::of(config), escaped(&key(args)?));
    let sight = sight(&args.sight);
    if let Some(file) = &args.pcap {
        let body = node.download(&format!("/api/traces/{key}/pcap?{sight}"))?;
        let written = copy(body, Rotated::create(file, None)?)?;
        out.document(&serde_json::json!({"file": file, "messages": written}));
        out.line(format!(
            "{written} packets in {}; open it with wireshark or sngrep -I",
            file.display()
        ));
        return Ok(());
    }
    let path = format!("/api/traces/{key}?full={}&{sight}", args.full);
    let trace: CallTrace = node.get(&path)?;
    out.document(&trace);
    let width = args.width.map_or_else(columns, usize::from);
    for line in ladder::drawn(&trace, width) {
        out.line(line);
    }
    Ok(())
}

/// Columns of the terminal.
fn columns() -> usize {
    let asked = std::env::var("COLUMNS").ok();
    let asked = asked.and_then(|text| text.parse().ok());
    let size = || rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    asked
        .or_else(|| size().map(|s| usize::from(s.ws_col)))
        .filter(|n| *n > 0)
        .unwrap_or(COLUMNS)
}

/// `capture`.
pub fn capture(args: &CaptureArgs, config: &Config, out: &Out) -> Result<(), CliError> {
    let seconds = args.run_for.as_secs().max(1);
    let path = format!("/api/capture?seconds={seconds}&{}", sight(&args.sight));
    let body = Node::of(config).download(&path)?;
    let files = Rotated::create(&args.pcap, args.rotate)?;
    out.line(format!(
        "capturing into {} for {seconds} s; Ctrl-C ends it, the file stays whole",
        args.pcap.display()
    ));
    let written = copy(body, files)?;
    out.document(&serde_json::json!({"file": args.pcap, "messages": written}));
    out.line(format!("{} {written} packets", out.toned(Tone::Good, "✓")));
    Ok(())
}

/// Copies until the node ends the capture. Answers how many packets there were.
fn copy(mut body: impl Read, mut files: Rotated) -> Result<u64, CliError> {
    let mut buffer = vec![0_u8; 64 * 1024];
    loop {
        let read = body
            .read(&mut buffer)
            .map_err(|error| CliError::Failed(format!("the capture broke off: {error}")))?;
        if read == 0 {
            return files.finish();
        }
        files.write(&buffer[..read])?;
    }
}

/// A failure of a file, and what to do about it.
pub(super) fn file_error(file: &Path, error: &std::io::Error) -> CliError {
    CliError::Failed(format!(
        "cannot write {}: {error}; name a file in a directory you may write to, with room for it",
        file.display()
    ))
}
