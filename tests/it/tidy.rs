//! The walls of the house, held by a test: which crate may use which, and what the pure
//! crates never touch.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Crate folder → the crates of this house it may depend on (dev-dependencies are free).
const WALLS: [(&str, &[&str]); 10] = [
    ("src/decision", &[]),
    ("src/sip", &[]),
    ("src/media", &[]),
    ("src/journal", &["decision"]),
    ("src/store", &["decision"]),
    ("src/api", &["decision", "store"]),
    ("sim", &["decision", "sip", "media", "journal"]),
    ("src/carrier", &["sip", "media", "sim"]),
    (
        "src/live",
        &["decision", "sip", "media", "journal", "store", "api"],
    ),
    (
        ".",
        &[
            "decision", "sip", "media", "journal", "store", "live", "api", "carrier", "sim",
        ],
    ),
];

/// Everything `decision` and `sip` may list under `[dependencies]`.
const PURE_DEPENDENCIES: [(&str, &[&str]); 2] = [
    (
        "src/decision",
        &[
            "jiff",
            "libm",
            "postcard",
            "rlibphonenumber",
            "serde",
            "thiserror",
        ],
    ),
    (
        "src/sip",
        &["base64", "md-5", "sha2", "subtle", "thiserror"],
    ),
];

/// What must not be written in a pure crate, and why.
const BANNED: [(&str, &str); 19] = [
    ("Instant::now", "a clock: take `now` as an argument"),
    ("SystemTime", "a clock: take `Wall` as an argument"),
    ("Timestamp::now", "a clock: take `Wall` as an argument"),
    ("Zoned::now", "a clock: take `Wall` as an argument"),
    (
        "TimeZone::system",
        "the machine's zone: zones come with the data",
    ),
    ("tokio", "async"),
    ("async fn", "async"),
    ("std::thread", "threads"),
    (
        "thread_rng",
        "chance of its own: fork a stream from the seed",
    ),
    ("rand::", "chance of its own: fork a stream from the seed"),
    ("getrandom", "entropy"),
    ("RandomState", "entropy"),
    (
        "HashMap",
        "iteration order differs from run to run: use BTreeMap",
    ),
    (
        "HashSet",
        "iteration order differs from run to run: use BTreeSet",
    ),
    ("UdpSocket", "a socket"),
    ("TcpStream", "a socket"),
    ("std::fs", "files"),
    ("std::env", "the environment"),
    ("static mut", "global state"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Names under a manifest's `[dependencies]`.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let table: toml::Table = manifest.parse().expect("manifests are TOML");
    let listed = table.get("dependencies").and_then(toml::Value::as_table);
    listed
        .map(|t| t.keys().cloned().collect())
        .unwrap_or_default()
}

/// Dependencies that break a wall.
fn wall_breaches(own: &[&str], pure: Option<&[&str]>, manifest: &str) -> Vec<String> {
    dependencies(manifest)
        .into_iter()
        .filter(|name| match name.strip_prefix("carillon-") {
            Some(house) => !own.contains(&house),
            None => pure.is_some_and(|allowed| !allowed.contains(&name.as_str())),
        })
        .collect()
}

/// The text up to its first module of tests.
fn without_tests(text: &str) -> &str {
    let mut from = 0;
    while let Some(found) = text[from..].find("#[cfg(test)]\nmod ") {
        let at = from + found;
        let opens = text[at..].lines().nth(1).is_some_and(|l| l.ends_with('{'));
        if opens {
            return &text[..at];
        }
        // `mod tests;` only names a file, which is left out by its name.
        from = at + 1;
    }
    text
}

/// Banned words in a source text, comments and modules of tests left out.
fn bans_broken(text: &str) -> Vec<String> {
    let code = without_tests(text);
    code.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .flat_map(|(n, line)| {
            BANNED
                .iter()
                .filter(|(word, _)| line.contains(word))
                .map(move |(word, why)| format!("line {}: `{word}`: {why}", n + 1))
        })
        .collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Files that only a test, a benchmark (which measures time) or a fuzzer compiles.
fn is_test_file(path: &Path) -> bool {
    let text = path.to_string_lossy();
    ["/tests/", "/benches/", "/fuzz/"]
        .iter()
        .any(|folder| text.contains(folder))
        || text.ends_with("_test.rs")
        || text.ends_with("/world.rs")
        || text.ends_with("/tests.rs")
}

#[test]
fn manifests_keep_the_walls() {
    let mut breaches = Vec::new();
    for (folder, own) in WALLS {
        let path = root().join(folder).join("Cargo.toml");
        let manifest = fs::read_to_string(&path).expect("every crate has a manifest");
        let pure = PURE_DEPENDENCIES
            .iter()
            .find(|(f, _)| *f == folder)
            .map(|(_, d)| *d);
        for name in wall_breaches(own, pure, &manifest) {
            breaches.push(format!("{folder} must not depend on {name}"));
        }
    }
    assert_eq!(breaches, Vec::<String>::new());
}

#[test]
fn every_crate_of_the_workspace_has_its_walls_listed() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace's manifest");
    let table: toml::Table = manifest.parse().expect("manifests are TOML");
    let members = table["workspace"]["members"]
        .as_array()
        .expect("members are a list");
    let members: BTreeSet<&str> = members.iter().filter_map(toml::Value::as_str).collect();
    let listed: BTreeSet<&str> = WALLS.iter().map(|(folder, _)| *folder).collect();
    assert_eq!(members, listed);
}

#[test]
fn pure_crates_touch_no_clock_no_chance_no_io() {
    let mut breaches = Vec::new();
    for folder in ["src/decision", "src/sip"] {
        let mut files = Vec::new();
        rust_files(&root().join(folder), &mut files);
        assert!(files.len() > 20, "{folder} is where its sources are");
        for file in files.iter().filter(|f| !is_test_file(f)) {
            let text = fs::read_to_string(file).expect("sources are UTF-8");
            for broken in bans_broken(&text) {
                breaches.push(format!("{}: {broken}", file.display()));
            }
        }
    }
    assert_eq!(breaches, Vec::<String>::new());
}

#[test]
fn only_live_and_carrier_lift_the_clock_ban() {
    let mut lifted = BTreeSet::new();
    for (folder, _) in WALLS.iter().filter(|(folder, _)| *folder != ".") {
        if root().join(folder).join("clippy.toml").exists() {
            lifted.insert(*folder);
        }
    }
    assert_eq!(lifted, BTreeSet::from(["src/carrier", "src/live"]));
    let bans = fs::read_to_string(root().join("clippy.toml")).expect("the ban list");
    for clock in [
        "std::time::Instant::now",
        "std::time::SystemTime::now",
        "rand::rng",
    ] {
        assert!(bans.contains(clock), "{clock} is banned for everybody else");
    }
}

#[test]
fn a_planted_breach_is_found() {
    let planted = "fn f() -> u64 {\n    let t = std::time::Instant::now();\n    tokio::spawn(g());\n    rand::random()\n}\n";
    assert_eq!(bans_broken(planted).len(), 3);
    let commented = "// std::time::Instant::now\n#[cfg(test)]\nmod tests {\n use std::collections::HashMap;\n}\n";
    assert_eq!(bans_broken(commented), Vec::<String>::new());
    let hidden = "#[cfg(test)]\nmod tests;\nuse std::fs::File;\n";
    assert_eq!(
        bans_broken(hidden).len(),
        1,
        "what follows a test file's name is read"
    );
    let manifest = "[dependencies]\ntokio.workspace = true\ncarillon-live.workspace = true\nserde.workspace = true\n";
    let found = wall_breaches(&["decision"], Some(&["serde"]), manifest);
    assert_eq!(found, ["carillon-live", "tokio"]);
}
