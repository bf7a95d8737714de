//! `carillon report`: figures of a stretch of time, from the database.

use super::args::ReportArgs;
use super::error::CliError;
use super::offline::{block_on, closing, now, open};
use super::out::{Out, percent};
use crate::call_rows::{Stretch, export};
use carillon_decision::id::CampaignId;
use carillon_decision::time::Wall;
use carillon_live::config::{CampaignSettings, Config};
use carillon_store::{CallStore, NameKind, NameStore, Report, SqliteStore};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// Prints the figures.
pub fn report(args: &ReportArgs, config: Config, out: &Out) -> Result<(), CliError> {
    let to = args
        .to
        .as_deref()
        .map(instant)
        .transpose()?
        .unwrap_or_else(now);
    let today = Wall(to.0 - to.0.rem_euclid(Wall::DAY_MS));
    let from = args
        .from
        .as_deref()
        .map(instant)
        .transpose()?
        .unwrap_or(today);
    if from >= to {
        return Err(CliError::Usage(format!(
            "the report would begin at {from} and end at {to}; give --from before --to"
        )));
    }
    block_on(async {
        let store = open(&config).await?;
        let work = async {
            let campaign = match &args.campaign {
                Some(name) => Some(campaign_id(&store, name).await?),
                None => None,
            };
            if let Some(file) = &args.calls {
                let stretch = Stretch { from, to, campaign };
                let calls = write_calls(&store, stretch, &config, file).await?;
                if file.as_os_str() == "-" {
                    return Ok(None);
                }
                eprintln!("{calls} calls written to {}", file.display());
            }
            let agents = store.names(NameKind::Agent).await?.into_iter().collect();
            Ok(Some((store.report(from, to, campaign).await?, agents)))
        };
        let work = work.await;
        let found: Option<(Report, BTreeMap<u32, String>)> = closing(&store, work).await?;
        let Some((figures, agents)) = found else {
            return Ok(());
        };
        out.document(&document(&figures, &agents)?);
        show(&figures, &agents, out);
        Ok(())
    })
}

/// Writes the calls of a stretch; answers how many.
async fn write_calls(
    store: &SqliteStore,
    stretch: Stretch,
    config: &Config,
    file: &Path,
) -> Result<u64, CliError> {
    let name = file.display().to_string();
    let limit = |campaign: &str| {
        let named = |c: &&CampaignSettings| c.engine.name == campaign;
        config.campaigns.iter().find(named)?.engine.wrap_up_limit
    };
    let written = if name == "-" {
        export(
            store,
            stretch,
            limit,
            std::io::stdout().lock(),
            "standard output",
        )
        .await
    } else {
        let made = File::create(file).map_err(|error| {
            CliError::Failed(format!(
                "{name}: {error}; name a file in a directory you may write to"
            ))
        })?;
        export(store, stretch, limit, BufWriter::new(made), &name).await
    };
    written.map_err(|error| CliError::Failed(error.to_string()))
}

/// The figures with the agents' names beside their ids.
fn document(
    figures: &Report,
    agents: &BTreeMap<u32, String>,
) -> Result<serde_json::Value, CliError> {
    let failed = |error| CliError::Failed(format!("the report cannot be written as JSON: {error}"));
    let mut document = serde_json::to_value(figures).map_err(failed)?;
    let rows = document["agents"].as_array_mut().into_iter().flatten();
    for (row, agent) in rows.zip(&figures.agents) {
        row["name"] = serde_json::json!(agents.get(&agent.agent.0));
    }
    Ok(document)
}

/// The id of a campaign's name.
pub async fn campaign_id(store: &SqliteStore, name: &str) -> Result<CampaignId, CliError> {
    let names = store.names(NameKind::Campaign).await?;
    let known: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
    let found = names.iter().find(|(_, known)| known == name);
    found.map(|(id, _)| CampaignId(*id)).ok_or_else(|| {
        CliError::Usage(format!(
            "the database knows no campaign `{name}`; it knows: {}",
            known.join(", ")
        ))
    })
}

/// `2026-11-21`, or an RFC 3339 instant.
pub fn instant(text: &str) -> Result<Wall, CliError> {
    let day = |text: &str| {
        let date: jiff::civil::Date = text.parse().ok()?;
        Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    };
    let at = text.parse::<jiff::Timestamp>().ok().or_else(|| day(text));
    at.map(|at| Wall(at.as_millisecond())).ok_or_else(|| {
        CliError::Usage(format!(
            "`{text}` is no instant; write 2026-11-21 or 2026-11-21T09:00:00-05:00"
        ))
    })
}

fn show(r: &Report, agents: &BTreeMap<u32, String>, out: &Out) {
    let seconds = |ms: f64| format!("{:.1} s", ms / 1000.0);
    out.line(format!("{} to {}\n", r.from, r.to));
    out.pairs(&[
        ("placed", r.placed.to_string()),
        (
            "answered by a person",
            format!(
                "{} ({} of placed)",
                r.answered_human,
                percent(r.connect_rate)
            ),
        ),
        ("connected", r.connected.to_string()),
        (
            "abandoned",
            format!(
                "{} ({} of those who answered)",
                r.abandoned,
                percent(r.abandonment)
            ),
        ),
        ("conversation, mean", seconds(r.talk_ms.mean)),
        ("wait for an agent, p99", seconds(r.wait_ms.p99 as f64)),
        ("post-dial delay, median", seconds(r.pdd_ms.p50 as f64)),
        ("inbound", r.inbound.to_string()),
    ]);
    counts(out, "outcome", &r.outcomes);
    counts(out, "not dialed because", &r.refusals);
    if !r.agents.is_empty() {
        let mut rows = vec![
            ["agent", "occupancy", "talk", "wrap-up", "ready", "break"]
                .map(str::to_owned)
                .to_vec(),
        ];
        let minutes = |s: f64| format!("{:.1} min", s / 60.0);
        rows.extend(r.agents.iter().map(|a| {
            let name = agents
                .get(&a.agent.0)
                .cloned()
                .unwrap_or_else(|| a.agent.to_string());
            let t = &a.times;
            vec![
                name,
                percent(a.occupancy),
                minutes(t.talk_s),
                minutes(t.wrap_s),
                minutes(t.ready_s),
                minutes(t.break_s),
            ]
        }));
        out.line("");
        out.table(&rows);
    }
}

fn counts(out: &Out, title: &str, counts: &BTreeMap<String, u64>) {
    if counts.is_empty() {
        return;
    }
    let mut rows = vec![vec![title.to_owned(), "calls".to_owned()]];
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), (*name).clone()));
    rows.extend(
        sorted
            .into_iter()
            .map(|(name, count)| vec![name.clone(), count.to_string()]),
    );
    out.line("");
    out.table(&rows);
}
