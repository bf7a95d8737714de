//! A journal recorded by the release build, replayed by the debug build in another process.

use crate::program::{repository, run, run_json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The release binary: built by `tests/run` beforehand, or here.
fn release_build() -> PathBuf {
    let debug = Path::new(env!("CARGO_BIN_EXE_carillon"));
    let target = debug
        .parent()
        .and_then(Path::parent)
        .expect("target/debug/carillon");
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "--bin",
            "carillon",
            "--target-dir",
        ])
        .arg(target)
        .current_dir(repository("."))
        .status()
        .expect("cargo runs");
    assert!(built.success());
    target.join("release").join("carillon")
}

#[test]
fn a_release_recording_replays_identically_in_a_debug_build() {
    let folder = tempfile::tempdir().expect("a folder");
    let release = release_build();
    let demo = Command::new(&release)
        .current_dir(folder.path())
        .args([
            "demo",
            "--for",
            "25s",
            "--agents",
            "8",
            "--json",
            "--no-page",
            "--keep",
            "kept",
        ])
        .output()
        .expect("the demo runs");
    assert!(
        demo.status.success(),
        "{}",
        String::from_utf8_lossy(&demo.stderr)
    );
    let journal = find_journal(&folder.path().join("kept")).expect("the demo keeps its journal");
    let journal = journal.to_str().expect("a UTF-8 path");

    let answer = run_json(folder.path(), &["replay", journal, "--json"]);
    assert_eq!(answer["build"], "debug", "another build profile replays");
    assert_eq!(answer["identical"], true, "{answer:#}");
    let part = &answer["parts"][0];
    assert!(part["compared"].as_u64() > Some(100), "{part}");
    assert!(part["commands"].as_u64() > Some(50), "{part}");

    a_changed_input_is_noticed(folder.path(), journal);
}

/// The check can fail: with an input left out, the replay says where it went another way.
fn a_changed_input_is_noticed(folder: &Path, journal: &str) {
    let forged = folder.join("forged.journal");
    forge(Path::new(journal), &forged);
    let output = crate::program::carillon(folder)
        .args(["replay", forged.to_str().expect("a UTF-8 path")])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("entry"),
        "{output:?}"
    );
    run(folder, &["replay", journal]);
}

/// Copies a journal without its campaign: nothing after it can come out the same.
fn forge(from: &Path, to: &Path) {
    use carillon_journal::{Reader, Writer};
    use std::fs::File;
    let reader =
        Reader::open(std::io::BufReader::new(File::open(from).expect("there"))).expect("a journal");
    let header = reader.header().clone();
    let mut writer =
        Writer::create(File::create(to).expect("a file"), &header, u64::MAX).expect("written");
    for step in reader.map(|step| step.expect("whole")) {
        if matches!(step.input, carillon_decision::Input::Campaign(_)) {
            continue;
        }
        writer.input(step.now, &step.input).expect("written");
        if let Some(digest) = step.digest {
            writer.digest(digest).expect("written");
        }
    }
    writer.finish().expect("written");
}

fn find_journal(folder: &Path) -> Option<PathBuf> {
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if let Some(found) = find_journal(&path) {
                return Some(found);
            }
        } else if path.extension().is_some_and(|e| e == "journal") {
            return Some(path);
        }
    }
    None
}
