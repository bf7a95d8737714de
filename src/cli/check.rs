//! `carillon check`: every precondition with ✓ or ✗, and what to do.

use super::error::CliError;
use super::offline::{block_on, now};
use super::out::{Out, Tone};
use super::{check_floor, check_names, check_sip, logging, mark, probe};
use carillon_live::config::{Config, Note, Origin};
use carillon_store::{DncStore, SqliteOptions, SqliteStore, UpkeepStore};
use serde::Serialize;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::ExitCode;

/// One finding.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// What was checked.
    pub what: String,
    /// `ok`, `warning` or `fault`.
    pub state: &'static str,
    /// What was found.
    pub found: String,
    /// What to do; empty when nothing needs doing.
    pub remedy: String,
}

impl Finding {
    /// As it should be.
    pub fn good(what: &str, found: impl Into<String>) -> Self {
        Self::new(what, "ok", found, "")
    }

    /// Worth a look.
    pub fn warning(what: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(what, "warning", found, remedy)
    }

    /// Wrong.
    pub fn fault(what: &str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(what, "fault", found, remedy)
    }

    fn new(
        what: &str,
        state: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            what: what.to_owned(),
            state,
            found: found.into(),
            remedy: remedy.into(),
        }
    }
}

/// Checks everything and prints it. Exit code 0 without faults, 1 with, 2 when the
/// configuration itself is faulty.
pub fn check(file: &Path, out: &Out) -> Result<ExitCode, CliError> {
    let config = Config::load(file)?;
    let mut findings = vec![Finding::good(
        "configuration",
        format!(
            "{}: trunks {}, agents {}, campaigns {}",
            file.display(),
            config.trunks.len(),
            config.agents.len(),
            config.campaigns.len()
        ),
    )];
    findings.extend(config.notes.iter().map(note));
    findings.extend(check_floor::floor(&config));
    findings.push(token(&config));
    findings.extend(log(&config));
    findings.push(clock());
    findings.push(zones());
    findings.extend(check_sip::ports(&config));
    findings.extend(check_sip::certificates(&config));
    findings.extend(ports(&config));
    findings.extend(prompts(&config));
    findings.extend(block_on(async { Ok(database(&config).await) })?);
    let locator = check_names::locator(&config);
    findings.extend(block_on(async {
        Ok(check_names::names(&config, &locator).await)
    })?);
    findings.extend(probe::check_trunks(&config));
    show(&findings, out);
    let faulty = findings.iter().any(|finding| finding.state == "fault");
    Ok(if faulty {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn show(findings: &[Finding], out: &Out) {
    out.document(&findings);
    let width = findings
        .iter()
        .map(|f| f.what.chars().count())
        .max()
        .unwrap_or(0);
    for finding in findings {
        let tone = match finding.state {
            "ok" => Tone::Good,
            "warning" => Tone::Warn,
            _ => Tone::Bad,
        };
        out.line(format!(
            "{} {:width$}  {}",
            mark(out, tone),
            finding.what,
            finding.found
        ));
        if !finding.remedy.is_empty() {
            out.line(format!("  {:width$}  → {}", "", finding.remedy));
        }
    }
    let count = |state: &str| {
        findings
            .iter()
            .filter(|finding| finding.state == state)
            .count()
    };
    out.line(format!(
        "\n{} good, {} to look at, {} faults",
        count("ok"),
        count("warning"),
        count("fault")
    ));
}

fn note(note: &Note) -> Finding {
    Finding::warning(
        "configuration",
        format!("line {}: {}", note.line, note.key),
        note.text.clone(),
    )
}

fn token(config: &Config) -> Finding {
    match &config.web.supervisor_token {
        Some(token) if *token.origin() == Origin::Inline => Finding::warning(
            "supervisor's token",
            "stands in the configuration",
            "move it to a file: supervisor_token = \"file:supervisor.token\"",
        ),
        Some(_) => Finding::good("supervisor's token", "set"),
        None if config.web.bind.ip().is_loopback() => Finding::warning(
            "supervisor's token",
            "not set: nobody can change the running floor",
            "openssl rand -hex 24 > supervisor.token, and supervisor_token = \"file:supervisor.token\" in [web]",
        ),
        None => Finding::fault(
            "supervisor's token",
            "not set, and [web] bind is open to the network",
            "set [web] supervisor_token, or bind to 127.0.0.1",
        ),
    }
}

fn log(config: &Config) -> Option<Finding> {
    let error = logging::filter(config).err()?;
    Some(Finding::fault(
        "log",
        error.to_string(),
        "change `log` in [node]",
    ))
}

/// A clock far off would call people at night. Drift against the world cannot be seen from
/// here.
fn clock() -> Finding {
    /// 2026-01-01 and 2036-01-01, ms: built after the one, not meant to run unchanged till the other.
    const SANE_MS: std::ops::Range<i64> = 1_767_225_600_000..2_082_758_400_000;
    let now = now();
    match SANE_MS.contains(&now.0) {
        true => Finding::good(
            "clock",
            format!("{now} (keep it in step with NTP: calling hours depend on it)"),
        ),
        false => Finding::fault(
            "clock",
            format!("{now}"),
            "set the clock and keep it in step with NTP: calling hours depend on it",
        ),
    }
}

fn zones() -> Finding {
    let known = jiff::tz::db().available().count();
    let version = carillon_live::config::zone_database_version();
    match jiff::tz::TimeZone::get("America/New_York") {
        Ok(_) => Finding::good("time zones", format!("{known} zones, database {version}")),
        Err(error) => Finding::fault(
            "time zones",
            error.to_string(),
            "this build lacks its zone database: build it again",
        ),
    }
}

fn ports(config: &Config) -> Vec<Finding> {
    let finding = |what: &str, address: String, result: std::io::Result<()>| match result {
        Ok(()) => Finding::good(what, format!("{address} is free")),
        Err(error) => Finding::warning(
            what,
            format!("{address}: {error}"),
            "a running node holds it, or another program does (ss -lnp shows which); else change `bind`",
        ),
    };
    let rtp = SocketAddr::new(config.rtp.bind, config.rtp.port_min);
    let ports = config.rtp.port_max - config.rtp.port_min + 1;
    let room = u32::from(ports) / 4;
    let channels: u32 = config
        .trunks
        .iter()
        .map(|trunk| trunk.engine.channels)
        .sum();
    let mut findings = vec![
        finding(
            "RTP ports",
            format!(
                "udp {rtp} to {} (room for {room} calls)",
                config.rtp.port_max
            ),
            UdpSocket::bind(rtp).map(drop),
        ),
        finding(
            "web port",
            format!("tcp {}", config.web.bind),
            TcpListener::bind(config.web.bind).map(drop),
        ),
    ];
    if channels > room {
        findings.push(Finding::warning(
            "RTP ports",
            format!("the trunks carry {channels} calls, the ports only {room}"),
            "widen [rtp] ports: four a call",
        ));
    }
    findings
}

fn prompts(config: &Config) -> Vec<Finding> {
    let mut seen: Vec<&str> = Vec::new();
    let mut findings = Vec::new();
    for prompt in config
        .campaigns
        .iter()
        .flat_map(|campaign| &campaign.prompts)
    {
        if seen.contains(&prompt.name.as_str()) {
            continue;
        }
        seen.push(&prompt.name);
        let what = format!("prompt {}", prompt.name);
        findings.push(match &prompt.file {
            None => Finding::good(&what, "built in"),
            Some(file) => match std::fs::read(file) {
                Err(error) => Finding::fault(
                    &what,
                    format!("{}: {error}", file.display()),
                    "put the file there, readable",
                ),
                Ok(bytes) => match carillon_media::Prompt::from_wav_bytes(&prompt.name, &bytes) {
                    Ok(prompt) => Finding::good(&what, format!("{} ms", prompt.duration_ms())),
                    Err(error) => Finding::fault(
                        &what,
                        error.to_string(),
                        "record it as WAV, 16 bit, 8 kHz mono",
                    ),
                },
            },
        });
    }
    findings
}

async fn database(config: &Config) -> Vec<Finding> {
    let path = &config.store.path;
    if !path.exists() {
        let directory = path
            .parent()
            .filter(|d| !d.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        return vec![Finding::good(
            "database",
            format!(
                "{} will be made (in {})",
                path.display(),
                directory.display()
            ),
        )];
    }
    let store = match SqliteStore::open(SqliteOptions::new(path)).await {
        Ok(store) => store,
        Err(error) => {
            return vec![Finding::fault(
                "database",
                error.to_string(),
                error.remedy(),
            )];
        }
    };
    let mut findings = match store.check().await {
        Ok(report) => report
            .items
            .into_iter()
            .map(|item| {
                let what = format!("database {}", item.name);
                match item.ok {
                    true => Finding::good(&what, item.found),
                    false => Finding::fault(&what, item.found, item.remedy),
                }
            })
            .collect(),
        Err(error) => vec![Finding::fault(
            "database",
            error.to_string(),
            error.remedy(),
        )],
    };
    findings.extend(dnc_age(config, &store).await);
    if let Err(error) = store.close().await {
        findings.push(Finding::fault(
            "database",
            error.to_string(),
            error.remedy(),
        ));
    }
    findings
}

async fn dnc_age(config: &Config, store: &SqliteStore) -> Vec<Finding> {
    let stored = store.dnc_lists().await.unwrap_or_default();
    let find = |list: &carillon_live::config::DncList| {
        let what = format!("do-not-call {}", list.name);
        let import = format!("carillon dnc import FILE --list {}", list.name);
        let Some(found) = stored.iter().find(|known| known.name == list.name) else {
            return Finding::warning(&what, "empty", import);
        };
        let age = now().millis_since(found.updated);
        let old = list
            .max_age
            .is_some_and(|most| u128::try_from(age).is_ok_and(|age| age > most.as_millis()));
        let figures = format!("{} numbers, of {}", found.numbers, found.updated);
        match old {
            true => Finding::warning(&what, format!("{figures}: older than its max_age"), import),
            false => Finding::good(&what, figures),
        }
    };
    config.dnc.iter().map(find).collect()
}
