//! All situations, which of them this run is about, and the readers' list of them.

use super::situation::Situation;
use super::{
    answers, auth, callers, cancels, dialogs, extensions, failures, forks, losses, octets,
    registrations, shapes, transports,
};
use crate::program::repository;
use std::collections::BTreeSet;

/// Every situation, theme by theme.
fn all() -> impl Iterator<Item = &'static Situation> {
    [
        answers::ALL,
        failures::ALL,
        auth::ALL,
        cancels::ALL,
        forks::ALL,
        losses::ALL,
        dialogs::ALL,
        shapes::ALL,
        octets::ALL,
        transports::ALL,
        extensions::ALL,
        callers::ALL,
        registrations::ALL,
    ]
    .into_iter()
    .flatten()
}

/// Options of the test program that take a value.
const WITH_VALUE: [&str; 7] = [
    "--skip",
    "--test-threads",
    "--format",
    "--color",
    "--logfile",
    "--report-time",
    "-Z",
];

/// Situations the test program was asked for: all of them, or those its filters name. A test
/// alone need not wait for the others then.
pub(super) fn chosen() -> Vec<Situation> {
    let mut filters = Vec::new();
    let mut exact = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if WITH_VALUE.contains(&argument.as_str()) {
            arguments.next();
        } else if argument == "--exact" {
            exact = true;
        } else if !argument.starts_with('-') {
            filters.push(argument);
        }
    }
    let fits = |situation: &&Situation| {
        let test = format!("sipp::{}", situation.name.replace('.', "::"));
        let named = |f: &String| if exact { test == *f } else { test.contains(f) };
        filters.is_empty() || filters.iter().any(named)
    };
    all().filter(fits).copied().collect()
}

/// A row of `docs/sip/situations.md`: name, scenario, outcomes.
fn rows(text: &str) -> Vec<[String; 3]> {
    let cells = |line: &str| -> Option<[String; 3]> {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let plain = |cell: &str| cell.replace('`', "");
        let (name, scenario) = (plain(cells.next()?), plain(cells.next()?));
        let _what_we_do = cells.next()?;
        Some([name, scenario, plain(cells.next()?)])
    };
    text.lines().filter_map(cells).collect()
}

#[test]
fn the_list_for_readers_is_what_is_played() {
    let text = std::fs::read_to_string(repository("docs/sip/situations.md")).expect("the list");
    let played = all().map(|s| {
        let mut files = match s.scenario {
            "" => vec!["octets.rs".to_owned()],
            scenario => vec![format!("{scenario}.xml")],
        };
        files.extend(s.second.map(|second| format!("{second}.xml")));
        let outcomes = match s.records {
            [] => "no call".to_owned(),
            records => records.join("; "),
        };
        [s.name.to_owned(), files.join(", "), outcomes]
    });
    assert_eq!(rows(&text), played.collect::<Vec<_>>());
}

#[test]
fn situations_are_many_and_every_scenario_is_played() {
    let names: BTreeSet<&str> = all().map(|s| s.name).collect();
    assert_eq!(names.len(), all().count(), "names are unique");
    assert!(names.len() >= 40, "{}", names.len());
    let played: BTreeSet<&str> = all()
        .flat_map(|s| [Some(s.scenario), s.second])
        .flatten()
        .filter(|scenario| !scenario.is_empty())
        .chain(super::hundred::SCENARIOS)
        .collect();
    let files = std::fs::read_dir(repository("tests/sipp")).expect("the scenarios");
    let files: BTreeSet<String> = files
        .flatten()
        .filter_map(|f| f.path().file_stem()?.to_str().map(str::to_owned))
        .collect();
    assert_eq!(
        files.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        played
    );
}
