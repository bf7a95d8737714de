//! `carillon quality`: how calls sounded and went, and their reviews, from the database.

use super::error::CliError;
use super::mark;
use super::offline::{block_on, closing, name_of, now, open};
use super::out::{Out, Tone};
use super::quality_args::{QualityCommand, QualityListArgs, ReviewCommand, ShowArgs};
use super::report::{campaign_id, instant};
use carillon_decision::id::{AgentId, CallId};
use carillon_decision::time::Wall;
use carillon_live::config::Config;
use carillon_live::quality::report_of;
use carillon_media::quality::conversation::{ConversationFigures, SideFigures};
use carillon_media::quality::path::PathQuality;
use carillon_media::quality::picture;
use carillon_store::{
    CallReview, NameKind, NameStore, QualityEntry, QualityFilter, QualityStore, ReviewState,
    ReviewTally, SqliteStore,
};
use std::collections::BTreeMap;

/// Names by id.
type Names = BTreeMap<u32, String>;

/// Does what was asked.
pub fn quality(command: &QualityCommand, config: &Config, out: &Out) -> Result<(), CliError> {
    block_on(async {
        let store = open(config).await?;
        let done = run(command, &store, out).await;
        closing(&store, done).await
    })
}

async fn run(command: &QualityCommand, store: &SqliteStore, out: &Out) -> Result<(), CliError> {
    match command {
        QualityCommand::List(args) => list(args, store, out).await,
        QualityCommand::Show(args) => show(args, store, out).await,
        QualityCommand::Review(command) => review(command, store, out).await,
    }
}

async fn list(args: &QualityListArgs, store: &SqliteStore, out: &Out) -> Result<(), CliError> {
    let filter = filter(args, store).await?;
    let entries = store.quality_calls(filter, args.last).await?;
    told(&entries, store, out, "no call matches").await
}

async fn filter(args: &QualityListArgs, store: &SqliteStore) -> Result<QualityFilter, CliError> {
    let campaign = match &args.campaign {
        Some(name) => Some(campaign_id(store, name).await?),
        None => None,
    };
    let agent = match &args.agent {
        Some(name) => Some(agent_id(store, name).await?),
        None => None,
    };
    Ok(QualityFilter {
        campaign,
        agent,
        from: args.since.as_deref().map(instant).transpose()?,
        with_problems: args.problems,
        problem: args.problem.clone(),
        ..QualityFilter::default()
    })
}

async fn agent_id(store: &SqliteStore, name: &str) -> Result<AgentId, CliError> {
    let names = store.names(NameKind::Agent).await?;
    let found = names.iter().find(|(_, known)| known == name);
    found.map(|(id, _)| AgentId(*id)).ok_or_else(|| {
        let known: Vec<&str> = names.iter().map(|(_, name)| name.as_str()).collect();
        CliError::Usage(format!(
            "the database knows no agent `{name}`; it knows: {}",
            known.join(", ")
        ))
    })
}

/// A table of calls.
async fn told(
    entries: &[QualityEntry],
    store: &SqliteStore,
    out: &Out,
    none: &str,
) -> Result<(), CliError> {
    let agents: Names = store.names(NameKind::Agent).await?.into_iter().collect();
    let campaigns: Names = store.names(NameKind::Campaign).await?.into_iter().collect();
    let documents: Vec<_> = entries
        .iter()
        .map(|entry| document(entry, &agents, &campaigns))
        .collect();
    out.document(&documents);
    if entries.is_empty() {
        out.line(none);
        return Ok(());
    }
    let heads = [
        "call", "began", "campaign", "agent", "customer", "agent's", "review", "problems",
    ];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    rows.extend(entries.iter().map(|entry| {
        let record = &entry.record;
        let review = match (&entry.review, record.drawn) {
            (Some(review), _) => review.score.to_string(),
            (None, true) => "waits".to_owned(),
            (None, false) => String::new(),
        };
        vec![
            record.call.to_string(),
            record.at.to_string(),
            named(&campaigns, Some(record.campaign.0)),
            named(&agents, record.agent.map(|a| a.0)),
            score(record.mos_customer),
            score(record.mos_agent),
            review,
            record.problems.join(", "),
        ]
    }));
    out.table(&rows);
    out.line("\ncustomer, agent's: MOS of the worst ten seconds each of them heard (1 to 4.5)");
    Ok(())
}

fn named(names: &Names, id: Option<u32>) -> String {
    match id {
        Some(id) => names.get(&id).cloned().unwrap_or_else(|| format!("#{id}")),
        None => "-".to_owned(),
    }
}

fn score(mos: Option<f64>) -> String {
    mos.map_or("-".to_owned(), |mos| format!("{mos:.1}"))
}

fn document(entry: &QualityEntry, agents: &Names, campaigns: &Names) -> serde_json::Value {
    let record = &entry.record;
    let report = report_of(record);
    serde_json::json!({
        "call": record.call,
        "at": record.at,
        "campaign": named(campaigns, Some(record.campaign.0)),
        "agent": record.agent.map(|a| named(agents, Some(a.0))),
        "mos_customer": record.mos_customer,
        "mos_agent": record.mos_agent,
        "problems": report.problems,
        "drawn": record.drawn,
        "review": entry.review,
        "quality": report.quality,
    })
}

async fn show(args: &ShowArgs, store: &SqliteStore, out: &Out) -> Result<(), CliError> {
    let entry = store.quality(CallId(args.call)).await?;
    let report = report_of(&entry.record);
    if let Some(file) = &args.svg {
        let title = format!("call {}, {}", args.call, entry.record.at);
        std::fs::write(file, picture::svg(&report.quality, &title)).map_err(|error| {
            CliError::Failed(format!(
                "cannot write {}: {error}; choose a file in a directory that exists",
                file.display()
            ))
        })?;
    }
    let agents: Names = store.names(NameKind::Agent).await?.into_iter().collect();
    let campaigns: Names = store.names(NameKind::Campaign).await?.into_iter().collect();
    out.document(&document(&entry, &agents, &campaigns));
    let record = &entry.record;
    out.line(format!(
        "call {}, {}, campaign {}, agent {}\n",
        record.call,
        record.at,
        named(&campaigns, Some(record.campaign.0)),
        named(&agents, record.agent.map(|a| a.0)),
    ));
    let quality = &report.quality;
    out.pairs(&[
        ("customer hears", path(quality.customer_hears.as_ref())),
        ("agent hears", path(quality.agent_hears.as_ref())),
    ]);
    match &quality.conversation {
        Some(talk) => show_talk(talk, out),
        None => out.line("\nits audio was not followed"),
    }
    out.line("");
    for problem in &report.problems {
        let (found, remedy) = (&problem.found, problem.kind.remedy());
        out.line(format!(
            "{} {}: {found}",
            mark(out, Tone::Bad),
            problem.kind.name()
        ));
        out.line(format!("    {remedy}"));
    }
    if report.problems.is_empty() {
        out.line(format!("{} no problem", mark(out, Tone::Good)));
    }
    out.line(match (&entry.review, record.drawn) {
        (Some(review), _) => told_review(review),
        (None, true) => format!(
            "drawn for review: `carillon quality review done {} --by NAME --score N`",
            record.call
        ),
        (None, false) => "not drawn for review".to_owned(),
    });
    Ok(())
}

fn told_review(review: &CallReview) -> String {
    let (who, at, score) = (&review.reviewer, review.at, review.score);
    match review.note.is_empty() {
        true => format!("reviewed by {who} at {at}: {score} of 100"),
        false => format!("reviewed by {who} at {at}: {score} of 100, {}", review.note),
    }
}

fn path(path: Option<&PathQuality>) -> String {
    let Some(p) = path else {
        return "not measured".to_owned();
    };
    let far = match p.loss_from_us_percent {
        Some(percent) => format!("{percent} % from us"),
        None => "from us not reported".to_owned(),
    };
    let bound = if p.delay_measured { "" } else { "at least " };
    format!(
        "MOS {:.1} (worst ten seconds {:.1}); loss {} % to us, {far}; jitter {:.0} ms; delay {bound}{:.0} ms",
        p.mos, p.worst_mos, p.loss_to_us_percent, p.jitter_ms, p.delay_ms
    )
}

fn seconds(ms: u64) -> String {
    format!("{:.1} s", ms as f64 / 1_000.0)
}

fn show_talk(talk: &ConversationFigures, out: &Out) {
    out.line("");
    picture::text(&talk.strip)
        .iter()
        .for_each(|line| out.line(line));
    out.line("");
    let side = |side: &SideFigures| {
        let db = |level: Option<f64>| level.map_or("-".to_owned(), |db| format!("{db:.0} dBov"));
        format!(
            "spoke {} in {} spurts at {}, noise {}, {:.1} % clipped, cut in {} times, longest silence {}",
            seconds(side.speech_ms),
            side.spurts,
            db(side.level_dbov),
            db(side.noise_dbov),
            side.clipped_share * 100.0,
            side.interrupts,
            seconds(side.longest_silence_ms),
        )
    };
    let first = match (talk.agent_spoke_after_ms, talk.announced) {
        (Some(ms), false) => format!("{} after the bridge", seconds(ms)),
        (Some(ms), true) => format!("{} after the bridge, after a prompt", seconds(ms)),
        (None, _) => "never".to_owned(),
    };
    out.pairs(&[
        (
            "talk",
            format!(
                "{} and {} on hold",
                seconds(talk.talk_ms),
                seconds(talk.hold_ms)
            ),
        ),
        ("agent", side(&talk.agent)),
        ("customer", side(&talk.customer)),
        ("agent's first word", first),
        (
            "dead air",
            format!(
                "{} in {} stretches, longest {}",
                seconds(talk.dead_air_ms),
                talk.dead_air_spans,
                seconds(talk.longest_dead_air_ms)
            ),
        ),
        (
            "both spoke",
            format!(
                "{}, {} times for a second and more",
                seconds(talk.both_spoke_ms),
                talk.talk_overs
            ),
        ),
    ]);
}

async fn review(command: &ReviewCommand, store: &SqliteStore, out: &Out) -> Result<(), CliError> {
    match command {
        ReviewCommand::Next { campaign } | ReviewCommand::List { campaign, .. } => {
            let (limit, state) = match command {
                ReviewCommand::List { last, done, .. } => (
                    *last,
                    match done {
                        true => ReviewState::Done,
                        false => ReviewState::Waiting,
                    },
                ),
                _ => (1, ReviewState::Waiting),
            };
            let campaign = match campaign {
                Some(name) => Some(campaign_id(store, name).await?),
                None => None,
            };
            let filter = QualityFilter {
                campaign,
                review: Some(state),
                ..QualityFilter::default()
            };
            let entries = store.quality_calls(filter, limit).await?;
            told(&entries, store, out, "no call waits for review").await
        }
        ReviewCommand::Done(args) => {
            let review = CallReview {
                reviewer: args.by.clone(),
                at: now(),
                score: args.score,
                note: args.note.clone().unwrap_or_default(),
            };
            store.review_call(CallId(args.call), review.clone()).await?;
            out.document(&serde_json::json!({"call": args.call, "review": review}));
            out.line(format!("call {}: {} of 100 entered", args.call, args.score));
            Ok(())
        }
        ReviewCommand::Tally { since, campaign } => {
            let from = since.as_deref().map(instant).transpose()?;
            let campaign = match campaign {
                Some(name) => Some(campaign_id(store, name).await?),
                None => None,
            };
            let from = from.unwrap_or(Wall(0));
            let tallies = store.review_tally(from, now(), campaign).await?;
            tally(&tallies, store, out).await
        }
    }
}

async fn tally(tallies: &[ReviewTally], store: &SqliteStore, out: &Out) -> Result<(), CliError> {
    out.document(&tallies);
    let heads = [
        "agent",
        "calls",
        "with problems",
        "drawn",
        "reviewed",
        "waiting",
        "mean score",
    ];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for one in tallies {
        let agent = match one.agent {
            Some(id) => name_of(store, NameKind::Agent, id.0).await?,
            None => "-".to_owned(),
        };
        let counts = [
            one.calls,
            one.with_problems,
            one.drawn,
            one.reviewed,
            one.waiting,
        ];
        let mean = one
            .score_mean
            .map_or("-".to_owned(), |mean| format!("{mean:.1}"));
        let counts = counts.iter().map(u64::to_string);
        rows.push(std::iter::once(agent).chain(counts).chain([mean]).collect());
    }
    out.table(&rows);
    Ok(())
}
