//! What if: a live demo's journal lived again, with its own settings and with others.

use crate::program::{carillon, run, run_json};
use serde_json::Value;

fn mean(day: &Value, figure: &str) -> f64 {
    day[figure]["mean"].as_f64().expect("a number")
}

#[test]
fn a_recorded_demo_is_lived_again_with_another_ratio() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    run(
        folder,
        &[
            "demo",
            "--for",
            "60s",
            "--agents",
            "10",
            "--mode",
            "manual:2",
            "--seed",
            "41",
            "--json",
            "--no-page",
            "--keep",
            "kept",
        ],
    );
    let journal = "kept/journal";
    let ask = |setting: &str| {
        run_json(
            folder,
            &[
                "sim",
                "replay",
                journal,
                "--set",
                setting,
                "--futures",
                "6",
                "--json",
            ],
        )
    };
    let more = ask("mode=manual:6");
    assert_eq!(more["changed"][0], "mode=manual:6");
    // The check of the method: with its own settings the day comes out as recorded.
    let recorded = |figure: &str| more["recorded"][figure].as_f64().expect("a number");
    let (placed, again) = (recorded("placed"), mean(&more["same"], "placed"));
    assert!(placed > 30.0, "{more:#}");
    assert!((again / placed - 1.0).abs() < 0.15, "{more:#}");
    let talks = recorded("connected");
    assert!((mean(&more["same"], "connected") - talks).abs() <= 0.2 * talks + 2.0);
    let occupancy = mean(&more["same"], "occupancy") - recorded("occupancy");
    assert!(occupancy.abs() < 0.08, "{more:#}");
    // Three times the lines: more calls, more conversations.
    assert!(mean(&more["what_if"], "placed") > 1.3 * placed, "{more:#}");
    assert!(mean(&more["what_if"], "connected") > talks, "{more:#}");
    // One line an agent: fewer calls, and nobody is abandoned.
    let fewer = ask("mode=progressive");
    assert!(mean(&fewer["what_if"], "placed") < placed, "{fewer:#}");
    assert_eq!(fewer["what_if"]["abandonment"]["high"], 0.0, "{fewer:#}");

    let told = run(folder, &["sim", "replay", journal, "--set", "cap=0.01"]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("same settings and with cap=0.01"), "{told}");
    for (arguments, why) in [
        (["--set", "cap=3"], "--set cap=3: "),
        (["--set", "speed=2"], "unknown setting \"speed\""),
    ] {
        let output = carillon(folder)
            .args(["sim", "replay", journal])
            .args(arguments)
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(why), "{said}");
    }
    // Without settings it is the replay.
    let replayed = run_json(folder, &["sim", "replay", journal, "--json"]);
    assert_eq!(replayed["identical"], true);
}
