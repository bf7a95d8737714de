//! Live and simulated agree: the simulator, calibrated from a live run's own call records, foretells
//! a second live run, under the predictive pace and with a fixed ratio.
//!
//! Three minutes are short, so the bands are wide (99.9 %: one false alarm in a thousand runs a
//! figure) and nothing nearer is asked for. `docs/SIMULATOR.md` has the command that asks for more.

use crate::program::{carillon, run, run_json};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Stdio};

/// A demo in a process of its own, its report in NAME.json and its calls in NAME.csv.
fn demo(folder: &Path, name: &str, mode: &str, seed: &str) -> Child {
    let calls = format!("{name}.csv");
    let report = std::fs::File::create(folder.join(format!("{name}.json"))).expect("a file");
    carillon(folder)
        .args([
            "demo",
            "--agents",
            "20",
            "--for",
            "3m",
            "--json",
            "--no-page",
        ])
        .args(["--mode", mode, "--seed", seed, "--calls", &calls])
        .args(["--keep", &format!("{name}-data")])
        .stdout(report)
        .stderr(Stdio::null())
        .spawn()
        .expect("the demo starts")
}

fn figure<'a>(found: &'a Value, name: &str) -> &'a Value {
    let all = found["figures"].as_array().expect("figures");
    all.iter()
        .find(|f| f["figure"] == name)
        .unwrap_or_else(|| panic!("{name} in {found}"))
}

/// What the first run foretells of the second; a figure outside its band ends the command with 1.
fn foretold(folder: &Path, first: &str, second: &str) -> Value {
    let calls = |name: &str| format!("{name}.csv");
    let report = format!("{second}.json");
    let found = run_json(
        folder,
        &[
            "sim",
            "agree",
            &calls(first),
            "--against",
            &report,
            "--against-calls",
            &calls(second),
            "--level",
            "0.999",
            "--runs",
            "60",
            "--json",
        ],
    );
    for name in [
        "placed",
        "utilisation",
        "connected",
        "abandonment",
        "waited_share",
    ] {
        assert_eq!(figure(&found, name)["inside"], true, "{found}");
    }
    found
}

#[test]
fn a_run_calibrated_from_one_live_demo_foretells_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let runs = [
        ("p1", "predictive", "31"),
        ("p2", "predictive", "32"),
        ("r1", "manual:8", "33"),
        ("r2", "manual:8", "34"),
    ];
    let running: Vec<Child> = runs
        .iter()
        .map(|(name, mode, seed)| demo(folder, name, mode, seed))
        .collect();
    for mut child in running {
        assert!(child.wait().expect("the demo ends").success());
    }
    let predictive = foretold(folder, "p1", "p2");
    assert_eq!(predictive["mode"], "predictive");
    // A fixed ratio gives people away, live and foretold.
    let ratio = foretold(folder, "r1", "r2");
    assert_eq!(ratio["mode"], "manual:8");
    let abandoned = figure(&ratio, "abandonment");
    let mean = abandoned["band"]["mean"].as_f64().expect("a number");
    assert!(mean > 0.03, "{abandoned}");
    // The database tells the same calls as the demo itself.
    let config = "[node]\ndata_dir = \"p1-data\"\n[sip]\nbind = \"127.0.0.1:0\"\n";
    std::fs::write(folder.join("carillon.toml"), config).expect("a file");
    run(
        folder,
        &["report", "--from", "2020-01-01", "--calls", "again.csv"],
    );
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a file");
    assert!(text("p1.csv").lines().count() > 100);
    assert_eq!(text("again.csv"), text("p1.csv"));
    // The same records make a scenario of the pacing simulator, and a report.
    let args = [
        "sim",
        "calibrate",
        "p1.csv",
        "--out",
        "day.toml",
        "--html",
        "day.html",
        "--json",
    ];
    let found = run_json(folder, &args);
    let people = found["p_human"].as_f64().expect("a share");
    assert!((0.1..0.3).contains(&people), "{people}");
    assert_eq!(
        found["reading"]["skipped"].as_array().map(Vec::len),
        Some(0)
    );
    let day = run_json(
        folder,
        &[
            "sim",
            "run",
            "day.toml",
            "--set",
            "replications=2",
            "--json",
        ],
    );
    assert_eq!(day["replications"].as_array().map(Vec::len), Some(2));
    let page = std::fs::read_to_string(folder.join("day.html")).expect("the report");
    assert!(page.contains("Who answers") && page.contains("p1.csv"));
}

#[test]
fn records_of_others_and_bad_ones_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let log = include_str!("../../sim/calibrate/samples/vicidial.csv");
    std::fs::write(folder.join("log.csv"), log).expect("a file");
    let told = run(
        folder,
        &["sim", "calibrate", "log.csv", "--out", "day.toml"],
    );
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(
        told.contains("2 of 10 rows left out") && told.contains("in line 11"),
        "{told}"
    );
    std::fs::write(folder.join("odd.csv"), "name,price\nbread,3\n").expect("a file");
    let refused = carillon(folder)
        .args(["sim", "calibrate", "odd.csv"])
        .output()
        .expect("it runs");
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        said.contains("odd.csv: line 1: name,price") && said.contains("--format"),
        "{said}"
    );
}
