//! The simulator's commands as planners type them.

use super::args::Cli;
use super::out::Out;
use super::run;
use clap::Parser;
use std::process::ExitCode;

fn type_in(words: &[&str]) -> Result<ExitCode, super::CliError> {
    let cli = Cli::try_parse_from([&["carillon", "--json"], words].concat()).unwrap();
    run(&cli, &Out::new(true))
}

/// What is said of a mistake; the exit code is that of wrong usage.
fn said(words: &[&str]) -> String {
    let error = type_in(words).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
    error.to_string()
}

#[test]
fn mistakes_name_key_value_and_what_is_allowed() {
    for (words, part) in [
        (&["sim", "run", "tuesday"][..], "one of reference, drift"),
        (&["sim", "run", "no/such.toml"], "no/such.toml"),
        (
            &["sim", "run", "reference", "--set", "agents=0"],
            "agents = 0: write 1 to 5000",
        ),
        (
            &["sim", "run", "reference", "--set", "agent=5"],
            "unknown field `agent`",
        ),
        (
            &["sim", "run", "reference", "--set", "talk.law=pareto"],
            "log-normal",
        ),
        (
            &["sim", "compare", "reference", "--policies", "fast"],
            "no policy \"fast\"",
        ),
        (
            &["sim", "compare", "reference", "--within", "0"],
            "points of occupancy",
        ),
        (
            &["sim", "sweep", "reference", "--axis", "cap=0.03,3"],
            "cap = 3",
        ),
        (
            &["sim", "staff", "reference", "--contacts-per-hour", "0"],
            "more than 0",
        ),
        (&["sim", "scenarios", "mars"], "one of reference"),
        (
            &["sim", "run", "shop", "--set", "cap=7"],
            "campaign.renewals.cap = 7: write 0.0001 to 0.5",
        ),
        (
            &["sim", "compare", "shop"],
            "only `carillon sim run` takes those",
        ),
        (
            &["erlang", "b", "--servers", "0.5", "--load", "1"],
            "1 to 1000000",
        ),
        (
            &["erlang", "c", "--servers", "4", "--load", "nan"],
            "--load NaN",
        ),
        (
            &[
                "erlang",
                "a",
                "--servers",
                "2.5",
                "--load",
                "1",
                "--patience-ratio",
                "1",
            ],
            "whole number",
        ),
        (
            &[
                "erlang",
                "a",
                "--servers",
                "2",
                "--load",
                "1",
                "--patience-ratio",
                "0",
            ],
            "more than 0",
        ),
    ] {
        let said = said(words);
        assert!(said.contains(part), "{words:?}: {said}");
    }
}

#[test]
fn a_sweep_goes_on_where_it_was_broken_off() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sweep.jsonl");
    let name = file.to_str().unwrap();
    let words = |axis: &'static str| {
        [
            "sim",
            "sweep",
            "reference",
            "--set",
            "hours=0.1",
            "--set",
            "replications=2",
            "--axis",
            axis,
            "--results",
            name,
        ]
    };
    type_in(&words("agents=2,3")).unwrap();
    let first = std::fs::read_to_string(&file).unwrap();
    assert_eq!(first.lines().count(), 2);
    // A kill in the middle of a line, and a wider sweep.
    let cut = &first[..first.len() - 20];
    std::fs::write(&file, cut).unwrap();
    type_in(&words("agents=2,3,4")).unwrap();
    let then = std::fs::read_to_string(&file).unwrap();
    let rows: Vec<serde_json::Value> = then
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let agents: Vec<_> = rows
        .iter()
        .map(|row| row["settings"][0].as_str().unwrap())
        .collect();
    assert_eq!(agents, ["agents=2", "agents=3", "agents=4"]);
    assert_eq!(then.lines().next(), first.lines().next());
    assert_eq!(
        then.lines().nth(2),
        first.lines().nth(1),
        "the same seed, the same figures"
    );
}

#[test]
fn what_is_computed_comes_out() {
    for words in [
        &["sim", "scenarios"][..],
        &["sim", "scenarios", "drift"],
        &["sim", "scenarios", "bank"],
        &["sim", "run", "shop", "--set", "hours=1.5", "--days", "2"],
        &["sim", "prove", "--seeds", "3"],
        &["sim", "prove", "--seed", "5"],
        &["sim", "prove", "--list"],
        &[
            "sim",
            "run",
            "drift",
            "--set",
            "hours=0.1",
            "--set",
            "replications=1",
            "--days",
        ],
        &["erlang", "b", "--servers", "10", "--load", "8"],
        &[
            "erlang",
            "c",
            "--servers",
            "10",
            "--load",
            "12",
            "--handling",
            "180",
        ],
    ] {
        let code = type_in(words).unwrap();
        assert_eq!(
            format!("{code:?}"),
            format!("{:?}", ExitCode::SUCCESS),
            "{words:?}"
        );
    }
}
