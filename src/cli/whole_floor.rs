//! `carillon sim run` on whole floors, and `carillon sim prove`.

use super::args_floor::SimProveArgs;
use super::args_sim::SimRunArgs;
use super::error::CliError;
use super::html_report::source;
use super::out::{Out, Tone};
use super::pacing_study::{percent, with_error};
use super::simulate::Progress;
use carillon_sim::html::reports::{self, FloorFigures};
use carillon_sim::oracle::ORACLES;
use carillon_sim::pacing::statistics::Mean;
use carillon_sim::whole::figures::CampaignDay;
use carillon_sim::whole::prove::{Failure, prove, replay};
use carillon_sim::whole::study::cores;
use carillon_sim::whole::{
    FloorDay, FloorScenario, FloorStudy, FloorTrace, run_study, run_study_traced,
};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Breaches that are printed of a run.
const BREACHES_SHOWN: usize = 20;

/// Days of a whole floor. Exit code 1 when an oracle is broken.
pub fn run(args: &SimRunArgs, text: &str, out: &Out) -> Result<ExitCode, CliError> {
    args.html.check()?;
    let world = &args.world;
    let mut scenario = FloorScenario::read(&world.scenario, text, &world.settings)
        .map_err(|error| CliError::Usage(error.to_string()))?;
    if let Some(days) = args.days.filter(|days| *days > 0) {
        scenario.replications = days;
    }
    let (study, traces) = studied(args, &scenario);
    out.document(&study);
    out.line(format!(
        "{}; {} days of {} h, paced {}",
        scenario.title, scenario.replications, scenario.hours, study.policy
    ));
    out.line("");
    out.table(&floor_rows(&study, out));
    for rows in [list_rows(&study), inbound_rows(&study), trunk_rows(&study)] {
        if rows.len() > 1 {
            out.line("");
            out.table(&rows);
        }
    }
    out.line("");
    out.line("Counts are means a day. waited: share of the people joined who waited for an agent once known to be people;");
    out.line("with mistaken: abandonment with the people whom screening took for machines, whom the dialer cannot know of.");
    if args.days == Some(0) {
        out.line("");
        out.table(&day_rows(&study));
    }
    let figures = FloorFigures {
        scenario: &scenario,
        study: &study,
        traces: &traces,
    };
    let page = || reports::floor(figures, &source(world));
    args.html.write(page, out)?;
    let breaches = study.breaches();
    for breach in breaches.iter().take(BREACHES_SHOWN) {
        out.line(out.toned(Tone::Bad, &format!("✗ {breach}")));
    }
    Ok(match breaches.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The days; for a report also their course.
fn studied(args: &SimRunArgs, scenario: &FloorScenario) -> (FloorStudy, Vec<FloorTrace>) {
    let (progress, seed) = (Progress::new("days"), args.world.seed);
    let show = |done, of| progress.show(done, of);
    match args.html.file {
        None => (run_study(scenario, seed, cores(), show), Vec::new()),
        Some(_) => run_study_traced(scenario, seed, cores(), show),
    }
}

fn heads(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The mean of a figure over the days.
fn mean(study: &FloorStudy, figure: impl Fn(&FloorDay) -> f64) -> Mean {
    Mean::of(&study.replications.iter().map(figure).collect::<Vec<_>>())
}

fn count(study: &FloorStudy, figure: impl Fn(&FloorDay) -> f64) -> String {
    let mean = mean(study, figure).mean;
    let digits = usize::from(mean > 0.0 && mean < 10.0);
    format!("{mean:.digits$}")
}

fn floor_rows(study: &FloorStudy, out: &Out) -> Vec<Vec<String>> {
    let days = study.replications.len();
    let held = |count: usize| match count == days {
        true => format!("{count} of {days}"),
        false => out.toned(Tone::Warn, &format!("{count} of {days}")),
    };
    let mut rows = vec![heads(&[
        "campaign",
        "policy",
        "occupancy",
        "abandoned",
        "cap",
        "cap held",
        "with mistaken",
        "calls",
        "connected",
        "abandoned",
        "waited",
    ])];
    rows.push(vec![
        "whole floor".into(),
        String::new(),
        with_error(study.utilisation),
        percent(study.abandonment_pooled, 2),
        String::new(),
        held(study.days_held),
        String::new(),
        count(study, |day| day.placed as f64),
        count(study, |day| day.connected as f64),
        count(study, |day| day.abandoned as f64),
        percent(mean(study, |day| day.waited_share).mean, 1),
    ]);
    for (k, campaign) in campaigns(study) {
        let of = |figure: fn(&CampaignDay) -> f64| mean(study, |day| figure(&day.campaigns[k]));
        let sum = |figure: fn(&CampaignDay) -> u64| {
            study
                .replications
                .iter()
                .map(|day| figure(&day.campaigns[k]))
                .sum::<u64>() as f64
        };
        let live = sum(|c| c.connected + c.abandoned);
        let lost = sum(|c| c.people_as_machines);
        let kept = study.replications.iter().filter(|day| {
            let c = &day.campaigns[k];
            c.abandonment <= c.cap
        });
        let dials = sum(|c| c.placed) > 0.0;
        let some = |text: String| if dials { text } else { "-".to_owned() };
        rows.push(vec![
            campaign.name.clone(),
            campaign.policy.clone(),
            with_error(of(|c| c.utilisation)),
            some(percent(sum(|c| c.abandoned) / live.max(1.0), 2)),
            percent(campaign.cap, 1),
            some(held(kept.count())),
            some(percent(
                (sum(|c| c.abandoned) + lost) / (live + lost).max(1.0),
                2,
            )),
            count(study, |day| day.campaigns[k].placed as f64),
            count(study, |day| day.campaigns[k].connected as f64),
            count(study, |day| day.campaigns[k].abandoned as f64),
            some(percent(of(|c| c.waited_share).mean, 1)),
        ]);
    }
    rows
}

fn campaigns(study: &FloorStudy) -> impl Iterator<Item = (usize, &CampaignDay)> {
    let first = study.replications.first();
    first
        .into_iter()
        .flat_map(|day| day.campaigns.iter().enumerate())
}

fn list_rows(study: &FloorStudy) -> Vec<Vec<String>> {
    let mut rows = vec![heads(&["list", "people", "left", "done", "refusals"])];
    for (k, campaign) in campaigns(study).filter(|(_, c)| c.list > 0) {
        let days = study.replications.len() as f64;
        let sums = |of: &dyn Fn(&CampaignDay) -> Vec<(String, f64)>| {
            let mut sums: BTreeMap<String, f64> = BTreeMap::new();
            for day in &study.replications {
                for (name, n) in of(&day.campaigns[k]) {
                    *sums.entry(name).or_default() += n;
                }
            }
            let each = sums
                .into_iter()
                .map(|(name, n)| format!("{name} {:.0}", n / days));
            let text = each.collect::<Vec<_>>().join(", ");
            if text.is_empty() {
                "none".to_owned()
            } else {
                text
            }
        };
        rows.push(vec![
            campaign.name.clone(),
            campaign.list.to_string(),
            count(study, |day| f64::from(day.campaigns[k].list_left)),
            sums(&|c| {
                c.list_done
                    .iter()
                    .map(|(name, n)| (name.clone(), f64::from(*n)))
                    .collect()
            }),
            sums(&|c| {
                c.refused
                    .iter()
                    .map(|(name, n)| (name.clone(), *n as f64))
                    .collect()
            }),
        ]);
    }
    rows
}

fn inbound_rows(study: &FloorStudy) -> Vec<Vec<String>> {
    let mut rows = vec![heads(&[
        "inbound",
        "offered",
        "answered",
        "service level",
        "mean wait",
        "hung up",
        "message",
        "no channel",
    ])];
    for (k, campaign) in campaigns(study).filter(|(_, c)| c.inbound.offered > 0) {
        let of =
            |figure: fn(&CampaignDay) -> u64| count(study, |day| figure(&day.campaigns[k]) as f64);
        rows.push(vec![
            campaign.name.clone(),
            of(|c| c.inbound.offered),
            of(|c| c.inbound.answered),
            percent(
                mean(study, |day| day.campaigns[k].inbound.service_level).mean,
                1,
            ),
            format!(
                "{:.1} s",
                mean(study, |day| day.campaigns[k].inbound.wait_mean_s).mean
            ),
            of(|c| c.inbound.lost),
            of(|c| c.inbound.messages),
            of(|c| c.inbound.blocked),
        ]);
    }
    rows
}

fn trunk_rows(study: &FloorStudy) -> Vec<Vec<String>> {
    let mut rows = vec![heads(&[
        "trunk",
        "calls",
        "failed",
        "busy",
        "most at once",
        "channels",
    ])];
    let first = study.replications.first();
    for (k, trunk) in first
        .into_iter()
        .flat_map(|day| day.trunks.iter().enumerate())
    {
        let peak = study
            .replications
            .iter()
            .map(|day| day.trunks[k].peak)
            .max();
        rows.push(vec![
            trunk.name.clone(),
            count(study, |day| day.trunks[k].sent as f64),
            count(study, |day| day.trunks[k].failed as f64),
            percent(mean(study, |day| day.trunks[k].busy).mean, 1),
            peak.unwrap_or(0).to_string(),
            trunk.channels.to_string(),
        ]);
    }
    rows
}

fn day_rows(study: &FloorStudy) -> Vec<Vec<String>> {
    let mut rows = vec![heads(&[
        "day",
        "occupancy",
        "abandoned",
        "connected",
        "calls",
        "agent-hours",
        "events",
    ])];
    rows.extend(study.replications.iter().map(|day| {
        vec![
            day.seed.to_string(),
            percent(day.utilisation, 2),
            percent(day.abandonment, 3),
            day.connected.to_string(),
            day.placed.to_string(),
            format!("{:.1}", day.agent_hours),
            day.events.to_string(),
        ]
    }));
    rows
}

/// Random floors under the oracles. Exit code 1 when one is broken.
pub fn prove_floors(args: &SimProveArgs, out: &Out) -> Result<ExitCode, CliError> {
    if args.list {
        let list: BTreeMap<&str, &str> = ORACLES.into_iter().collect();
        out.document(&list);
        let mut rows = vec![heads(&["oracle", "what no day may show"])];
        rows.extend(ORACLES.map(|(name, what)| vec![name.to_owned(), what.to_owned()]));
        out.table(&rows);
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(seed) = args.seed {
        let found = replay(seed);
        out.document(&found);
        return Ok(match found {
            None => {
                out.line(format!("seed {seed}: no oracle is broken"));
                ExitCode::SUCCESS
            }
            Some(failure) => {
                failure.trace.iter().for_each(|line| out.line(line));
                tell(&failure, out);
                ExitCode::FAILURE
            }
        });
    }
    let progress = Progress::new("floors");
    let proof = prove(args.first, args.seeds as usize, cores(), |done, of| {
        progress.show(done, of);
    });
    out.document(&proof);
    for failure in &proof.failures {
        tell(failure, out);
        out.line(format!("  carillon sim prove --seed {}", failure.seed));
    }
    if let Some(first) = proof.failures.first() {
        out.line("");
        out.line(format!("what led to the breach of seed {}:", first.seed));
        first
            .trace
            .iter()
            .rev()
            .take(25)
            .rev()
            .for_each(|line| out.line(line));
    }
    let broken = proof.failures.len();
    let said = format!(
        "{} random floors, {} events: {} calls sent, {} people joined with an agent, {} abandoned, {} inbound answered; \
         {} oracles, broken on {broken} floors",
        proof.floors,
        proof.events,
        proof.placed,
        proof.connected,
        proof.abandoned,
        proof.inbound,
        ORACLES.len(),
    );
    let tone = if broken == 0 { Tone::Good } else { Tone::Bad };
    out.line(out.toned(tone, &said));
    Ok(match broken {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn tell(failure: &Failure, out: &Out) {
    let Failure {
        seed,
        oracle,
        at_s,
        what,
        ..
    } = failure;
    let said = format!("✗ seed {seed}: {at_s:.3} s: {oracle}: {what}");
    out.line(out.toned(Tone::Bad, &said));
}
