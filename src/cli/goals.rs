//! `carillon sim goals`: the cases pacing is judged by, other dialers' rules in them, and what
//! other conditions do.

use super::args_sim::SimGoalsArgs;
use super::error::CliError;
use super::out::{Out, Tone};
use super::pacing_study::{heads, percent, policy, row, show_comparison, with_error};
use super::simulate::Progress;
use carillon_sim::pacing::conditions::{Found, run_conditions};
use carillon_sim::pacing::goals::{self, Case, Judged};
use carillon_sim::pacing::{Comparison, PacingStudy, compare, run_study};
use serde::Serialize;
use std::process::ExitCode;

/// Other dialers' rules, as `--policies` has them.
const RIVALS: [&str; 9] = [
    "progressive",
    "ratio:1.5",
    "ratio:2",
    "ratio:3",
    "erlang-c-open",
    "erlang-c",
    "vicidial-hard-limit",
    "vicidial-average",
    "vicidial-tapered",
];

/// Everything, as one document.
#[derive(Serialize)]
struct Report {
    goals: Vec<Judged>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beside: Vec<Beside>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conditions: Vec<Found>,
}

/// A case with other dialers' rules.
#[derive(Serialize)]
struct Beside {
    case: String,
    world: &'static str,
    comparison: Comparison,
}

/// The table of goals. Exit code 1 when one is missed.
pub fn show_goals(args: &SimGoalsArgs, out: &Out) -> Result<ExitCode, CliError> {
    let cases = goals::cases();
    let mut report = Report {
        goals: judged(&cases, args),
        beside: Vec::new(),
        conditions: Vec::new(),
    };
    if args.rivals {
        report.beside = beside(&cases, args)?;
    }
    if args.conditions {
        let progress = Progress::new("days of other conditions");
        report.conditions =
            run_conditions(args.days, args.seed, |done, of| progress.show(done, of))
                .map_err(|error| CliError::Failed(error.to_string()))?;
    }
    out.document(&report);
    show_judged(&cases, &report.goals, out);
    for one in &report.beside {
        out.line("");
        out.line(format!("{} in {}:", one.case, one.world));
        show_comparison(&one.comparison, out);
    }
    if !report.conditions.is_empty() {
        out.line("");
        out.line("20 / 0.2 / 180 s under other conditions:");
        let mut rows = vec![heads(true)];
        rows[0][0] = "condition".into();
        for found in &report.conditions {
            let named = PacingStudy {
                policy: found.condition.to_owned(),
                ..found.study.clone()
            };
            rows.push(row(&named, Some(found.behind), out));
        }
        out.table(&rows);
    }
    let missed = report.goals.iter().filter(|found| !found.met).count();
    if missed == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    out.line("");
    out.line(format!("{missed} of {} goals missed", report.goals.len()));
    Ok(ExitCode::FAILURE)
}

fn judged(cases: &[Case], args: &SimGoalsArgs) -> Vec<Judged> {
    let judge = |(k, case): (usize, &Case)| {
        let progress = Progress::new(&format!("days, case {} of {}", k + 1, cases.len()));
        let scenario = case.scenario(args.days);
        case.judge(run_study(&scenario, args.seed, |done, of| {
            progress.show(done, of)
        }))
    };
    cases.iter().enumerate().map(judge).collect()
}

/// Each case of the probabilistic promise beside other dialers' rules.
fn beside(cases: &[Case], args: &SimGoalsArgs) -> Result<Vec<Beside>, CliError> {
    let own = cases.first().map(|case| case.policy);
    let cases: Vec<&Case> = cases.iter().filter(|c| Some(c.policy) == own).collect();
    let mut found = Vec::new();
    for (k, case) in cases.iter().enumerate() {
        let mut policies = vec![case.policy];
        for name in RIVALS {
            policies.push(policy(name)?);
        }
        let progress = Progress::new(&format!("days beside others, {} of {}", k + 1, cases.len()));
        let scenario = case.scenario(args.days);
        found.push(Beside {
            case: case.name(),
            world: case.world,
            comparison: compare(&scenario, &policies, args.seed, |done, of| {
                progress.show(done, of)
            }),
        });
    }
    Ok(found)
}

fn show_judged(cases: &[Case], found: &[Judged], out: &Out) {
    let heads = [
        "case",
        "world",
        "policy",
        "cap",
        "occupancy",
        "goal",
        "abandoned",
        "cap held",
        "",
    ];
    let mut rows = vec![heads.map(String::from).to_vec()];
    for (case, found) in cases.iter().zip(found) {
        let mark = match found.met {
            true => out.toned(Tone::Good, "✓"),
            false => out.toned(Tone::Bad, "✗"),
        };
        rows.push(vec![
            case.name(),
            case.world.to_owned(),
            case.policy.to_string(),
            percent(case.cap, 0),
            with_error(found.utilisation),
            percent(case.goal, 1),
            percent(found.abandonment, 3),
            format!("{} of {}", found.days_held, found.days),
            mark,
        ]);
    }
    out.table(&rows);
}
