//! `carillon leads`, `dnc` and `backup`: work on the database, with or without a node.

use super::args::{BackupArgs, DncCommand, LeadsCommand, LeadsImportArgs};
use super::error::CliError;
use super::offline::{block_on, closing, name_of, now, open, open_or_make};
use super::out::{Out, Tone};
use carillon_decision::id::LeadId;
use carillon_live::config::Config;
use carillon_live::import::{
    DncOptions, LeadOptions, LeadSummary, import_leads, import_numbers, parse_number,
};
use carillon_store::{DncStore, LeadDetails, LeadStore, NameKind, SqliteStore, UpkeepStore};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

/// `leads import` and `leads show`.
pub fn leads(command: &LeadsCommand, config: Config, out: &Out) -> Result<(), CliError> {
    match command {
        LeadsCommand::Import(args) => block_on(import(args, config, out)),
        LeadsCommand::Show { lead } => block_on(async {
            let store = open(&config).await?;
            let shown = show(&store, lead, out).await;
            closing(&store, shown).await
        }),
    }
}

async fn import(args: &LeadsImportArgs, mut config: Config, out: &Out) -> Result<(), CliError> {
    if config.campaign(&args.campaign).is_none() {
        let names: Vec<&str> = config
            .campaigns
            .iter()
            .map(|c| c.engine.name.as_str())
            .collect();
        let known = match names.is_empty() {
            true => "it names none yet: add a [[campaign]] table".to_owned(),
            false => format!("it names: {}", names.join(", ")),
        };
        let (name, file) = (&args.campaign, config.source.display());
        return Err(CliError::Usage(format!(
            "no campaign is named `{name}` in {file}; {known}"
        )));
    }
    let store = open_or_make(&config).await?;
    let work = async {
        config.bind_ids(&store).await?;
        let agents = config
            .agents
            .iter()
            .map(|a| (a.engine.name.clone(), a.engine.id));
        let options = LeadOptions {
            campaign: config
                .campaign(&args.campaign)
                .map(|c| c.engine.id)
                .unwrap_or_default(),
            list: args.list.clone(),
            country: args
                .default_country
                .clone()
                .unwrap_or_else(|| config.node.country.clone())
                .to_uppercase(),
            batch: usize::from(args.batch),
            update: !args.no_update,
            agents: agents.collect(),
        };
        let progress = Progress::new();
        let mut told = |s: &LeadSummary| progress.tell(s.read, s.imported, s.rejected);
        let summary = import_leads(&store, &args.file, &options, &mut told).await;
        progress.clear();
        Ok(summary?)
    };
    let summary = work.await;
    let summary = closing(&store, summary).await?;
    out.document(&summary);
    out.pairs(&[
        ("rows read", summary.read.to_string()),
        (
            "new leads",
            out.toned(Tone::Good, &summary.imported.to_string()),
        ),
        ("changed leads", summary.updated.to_string()),
        ("stored already", summary.duplicates.to_string()),
        ("twice in the file", summary.duplicates_in_file.to_string()),
        ("rejected", tone_count(out, summary.rejected)),
        ("numbers left out", summary.numbers_dropped.to_string()),
    ]);
    tell_rejects(out, summary.rejects_file.as_deref());
    Ok(())
}

fn tone_count(out: &Out, count: u64) -> String {
    let tone = if count == 0 { Tone::Plain } else { Tone::Bad };
    out.toned(tone, &count.to_string())
}

fn tell_rejects(out: &Out, file: Option<&Path>) {
    if let Some(file) = file {
        out.line(format!(
            "\nrows that were not loaded, with line and reason: {}",
            file.display()
        ));
    }
}

/// Leads by id, number or vendor lead code: exactly one.
pub async fn find(store: &SqliteStore, text: &str) -> Result<LeadDetails, CliError> {
    let found = store.find_leads(text).await?;
    let ids: Vec<String> = found.iter().map(LeadId::to_string).collect();
    let id = match (found.as_slice(), text.parse::<u64>()) {
        ([one], _) => *one,
        ([], Ok(id)) => LeadId(id),
        ([], Err(_)) => {
            return Err(CliError::Failed(format!(
                "no lead has the id, number or vendor lead code `{text}`; write numbers like +12025550123"
            )));
        }
        _ => {
            return Err(CliError::Failed(format!(
                "several leads match `{text}`; choose one by id: {}",
                ids.join(", ")
            )));
        }
    };
    Ok(store.lead(id).await?)
}

/// The lead as JSON, with numbers and the campaign as people write them.
async fn lead_document(
    store: &SqliteStore,
    lead: &LeadDetails,
) -> Result<serde_json::Value, CliError> {
    let failed = |error| CliError::Failed(format!("the lead cannot be written as JSON: {error}"));
    let mut document = serde_json::to_value(lead).map_err(failed)?;
    let campaign = name_of(store, NameKind::Campaign, lead.campaign.0).await?;
    document["campaign_name"] = serde_json::json!(campaign);
    document["status"] = serde_json::json!(lead.status.name());
    let rows = document["numbers"].as_array_mut().into_iter().flatten();
    for (row, number) in rows.zip(&lead.numbers) {
        row["number"] = serde_json::json!(number.number.to_string());
    }
    Ok(document)
}

async fn show(store: &SqliteStore, text: &str, out: &Out) -> Result<(), CliError> {
    let lead = find(store, text).await?;
    out.document(&lead_document(store, &lead).await?);
    let campaign = name_of(store, NameKind::Campaign, lead.campaign.0).await?;
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let name = [
        &lead.card.title,
        &lead.card.first_name,
        &lead.card.last_name,
    ];
    let name: Vec<&str> = name.iter().filter_map(|part| part.as_deref()).collect();
    let list_state = if lead.list_active { "on" } else { "off" };
    out.pairs(&[
        ("lead", lead.id.to_string()),
        ("campaign", campaign),
        ("list", format!("{} ({list_state})", lead.list)),
        ("vendor lead code", or_none(&lead.card.vendor_lead_code)),
        ("name", name.join(" ")),
        ("status", format!("{} {}", lead.status.name(), lead.why)),
        (
            "next call",
            lead.next_at.map_or("now".to_owned(), |at| at.to_string()),
        ),
        ("zone", or_none(&lead.zone)),
        (
            "place",
            format!("{} {}", or_none(&lead.country), or_none(&lead.state)),
        ),
        ("attempts", lead.attempts.to_string()),
        (
            "last refusal",
            lead.refusal
                .as_ref()
                .map_or("-".to_owned(), |r| format!("{} ({})", r.refusal, r.at)),
        ),
    ]);
    for number in &lead.numbers {
        let mut marks: Vec<String> = number
            .listed
            .iter()
            .map(|l| format!("do-not-call: {}", l.list))
            .collect();
        if number.retired {
            marks.push("not in service".to_owned());
        }
        out.line(format!(
            "number            {}  {}",
            number.number,
            marks.join(", ")
        ));
    }
    if !lead.history.is_empty() {
        let heads = ["call", "started", "outcome", "disposition", "note"];
        let mut rows = vec![heads.map(str::to_owned).to_vec()];
        rows.extend(lead.history.iter().map(|entry| {
            let said = |text: &Option<String>| text.clone().unwrap_or_default();
            vec![
                entry.record.call.to_string(),
                entry.record.started.to_string(),
                entry.record.outcome.name().to_owned(),
                said(&entry.disposition),
                // One row a call, whatever was typed.
                said(&entry.note)
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" "),
            ]
        }));
        out.line("");
        out.table(&rows);
    }
    Ok(())
}

/// `dnc import` and `dnc check`.
pub fn dnc(command: &DncCommand, config: &Config, out: &Out) -> Result<ExitCode, CliError> {
    match command {
        DncCommand::Import {
            file,
            list,
            default_country,
        } => {
            let country = default_country
                .as_ref()
                .unwrap_or(&config.node.country)
                .to_uppercase();
            block_on(dnc_import(file, list, country, config, out)).map(|()| ExitCode::SUCCESS)
        }
        DncCommand::Check { number } => block_on(dnc_check(number, config, out)),
    }
}

async fn dnc_import(
    file: &Path,
    list: &str,
    country: String,
    config: &Config,
    out: &Out,
) -> Result<(), CliError> {
    let store = open_or_make(config).await?;
    let options = DncOptions {
        list: list.to_owned(),
        country,
        at: now(),
    };
    let progress = Progress::new();
    let mut told =
        |s: &carillon_live::import::DncSummary| progress.tell(s.read, s.imported, s.rejected);
    let summary = import_numbers(&store, file, &options, &mut told).await;
    progress.clear();
    let summary = closing(&store, summary.map_err(CliError::from)).await?;
    out.document(&summary);
    out.pairs(&[
        ("rows read", summary.read.to_string()),
        (
            "new numbers",
            out.toned(Tone::Good, &summary.imported.to_string()),
        ),
        ("known already", summary.duplicates.to_string()),
        ("rejected", tone_count(out, summary.rejected)),
    ]);
    tell_rejects(out, summary.rejects_file.as_deref());
    if list != carillon_decision::compliance::OWN_DNC_LIST
        && !config.dnc.iter().any(|known| known.name == list)
    {
        out.line(format!(
            "\nthe list `{list}` is not in {}; add [[dnc]] name = \"{list}\" so that campaigns can name it \
             (campaigns without dnc_lists honour every list)",
            config.source.display()
        ));
    }
    Ok(())
}

async fn dnc_check(text: &str, config: &Config, out: &Out) -> Result<ExitCode, CliError> {
    let number = parse_number(text, &config.node.country, true)
        .map_err(|why| CliError::Usage(format!("`{text}` {why}; write it like +12025550123")))?;
    let store = open(config).await?;
    let found = store.dnc_check(number).await.map_err(CliError::from);
    let found = closing(&store, found).await?;
    out.document(&serde_json::json!({"number": number.to_string(), "lists": found}));
    if found.is_empty() {
        out.line(format!("{number} stands on no do-not-call list"));
        return Ok(ExitCode::SUCCESS);
    }
    for list in &found {
        out.line(format!(
            "{number} stands on `{}` since {}",
            list.list, list.since
        ));
    }
    Ok(ExitCode::FAILURE)
}

/// `backup FILE`.
pub fn backup(args: &BackupArgs, config: &Config, out: &Out) -> Result<(), CliError> {
    let directory = args.file.parent().filter(|d| !d.as_os_str().is_empty());
    if let Some(missing) = directory.filter(|d| !d.is_dir()) {
        return Err(CliError::Failed(format!(
            "there is no directory {}; make it, or name another",
            missing.display()
        )));
    }
    block_on(async {
        let store = open(config).await?;
        let copied = store.backup(&args.file).await.map_err(CliError::from);
        closing(&store, copied).await?;
        let bytes = std::fs::metadata(&args.file)
            .map(|meta| meta.len())
            .unwrap_or(0);
        out.document(&serde_json::json!({"file": args.file, "bytes": bytes}));
        out.line(format!(
            "{} holds a consistent copy ({bytes} bytes)",
            args.file.display()
        ));
        Ok(())
    })
}

/// A line on standard error that is written over, on terminals only.
struct Progress(bool);

impl Progress {
    fn new() -> Self {
        Self(io::stderr().is_terminal())
    }

    fn tell(&self, read: u64, imported: u64, rejected: u64) {
        if self.0 {
            eprint!("\r{read} rows read, {imported} new, {rejected} rejected ");
            let _ = io::stderr().flush();
        }
    }

    fn clear(&self) {
        if self.0 {
            eprint!("\r\x1b[K");
        }
    }
}
