//! The one run all situations share, and its verdicts.

use super::floor::{self, NodePorts, Place};
use super::list;
use super::situation::{Role, Situation};
use crate::program::{
    Board, PATIENCE, Running, carillon, free_ports, http_get, run, run_json, sql,
};
use carillon_carrier::Phones;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longest wait for the floor's end once every far end has ended.
const SETTLE: Duration = Duration::from_secs(60);

static RUN: LazyLock<Run> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(play(list::chosen()))
});

/// What came of the run.
struct Run {
    /// Fault of each situation, `None` for none.
    faults: BTreeMap<&'static str, Option<String>>,
    /// What the node still held after the drain, `None` for nothing.
    held: Option<String>,
}

/// Panics with what went wrong in a situation.
pub(super) fn verdict(name: &str) {
    match RUN.faults.get(name) {
        Some(None) => {}
        Some(Some(fault)) => panic!("{name}: {fault}"),
        None => panic!("{name} was not among the situations of this run"),
    }
}

#[test]
fn nothing_is_held_after_the_drain() {
    if let Some(held) = &RUN.held {
        panic!("{held}");
    }
}

/// Far ends of a situation that are waited for.
type Ending = (&'static str, JoinHandle<Result<(), String>>);

async fn play(situations: Vec<Situation>) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let places = floor::places(&situations);
    let ports = free_ports(2);
    let ports = NodePorts {
        sip: ports[0],
        web: ports[1],
    };
    let kept = std::env::var_os("SITUATIONS_KEPT_IN").map(PathBuf::from);
    let path = kept.unwrap_or_else(|| folder.path().to_owned());
    play_in(path, ports, places).await
}

async fn play_in(folder: PathBuf, ports: NodePorts, places: Vec<Place>) -> Run {
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text);
    write("carillon.toml", floor::config(&ports, &places)).expect("written");
    write("leads.csv", floor::leads(&places)).expect("written");
    let import = ["leads", "import", "leads.csv", "--campaign", "calls"];
    run_json(&folder, &[&import[..], &["--json"]].concat());
    let begins = |p: &&Place| matches!(p.situation.role, Role::Caller(_) | Role::Stranger);
    let (callers, callees): (Vec<&Place>, Vec<&Place>) = places.iter().partition(begins);
    let mut playing = Vec::new();
    start(&mut playing, &folder, &ports, &callees);
    let mut serve = carillon(&folder);
    serve.arg("serve");
    let mut node = Running::watched(serve, &folder.join("serve.log"));
    node.wait_for("wallboard on");
    let phones = Phones::start(floor::phones(&ports)).expect("phones start");
    let web = ports.web;
    let mut board = Board::open(web);
    board.wait("everybody at the phone", floor::is_staffed);
    run(&folder, &["campaign", "start", "calls"]);
    start(&mut playing, &folder, &ports, &callers);
    let hanging_up = hang_up(&folder, web, &places);

    // A carrier that is registered with hears from us until the end.
    let lasting = |name: &str| {
        let place = places.iter().find(|p| p.situation.name == name);
        place.is_some_and(|p| matches!(p.situation.role, Role::Registrar))
    };
    let (lasting, passing): (Vec<Ending>, Vec<Ending>) =
        playing.into_iter().partition(|(name, _)| lasting(name));
    let mut faults: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    collect(&mut faults, passing);
    let idle = board.until(SETTLE, is_idle);
    hanging_up.stop();
    phones.stop().await;
    let held = board.until(SETTLE, |_| held(web).is_none());
    let held = held.err().and_then(|_| held_text(web));
    let stopped = node.terminate();
    collect(&mut faults, lasting);
    for place in &places {
        let found = faults.entry(place.situation.name).or_default();
        found.extend(records_wrong(&folder, place));
        let (Ok(board) | Err(board)) = &idle;
        found.extend(channels_in_use(board, place.situation.name));
    }
    let held = held.or_else(|| (!stopped.success()).then(|| format!("the node: {stopped}")));
    let told = |list: Vec<String>| (!list.is_empty()).then(|| list.join("\n"));
    Run {
        faults: faults.into_iter().map(|(n, l)| (n, told(l))).collect(),
        held,
    }
}

/// Agents who hang up where the situation wants it.
struct HangingUp {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl HangingUp {
    fn stop(self) {
        self.ended.store(true, Ordering::Relaxed);
        self.thread.join().expect("agents hang up without a panic");
    }
}

/// Watches who talks, and has the agents hang up whose caller's situation wants it.
fn hang_up(folder: &Path, web: u16, places: &[Place]) -> HangingUp {
    let wanted = places.iter().filter(|p| p.situation.we_hang_up);
    let wanted: Vec<&'static str> = wanted.map(|p| p.situation.name).collect();
    let ended = Arc::new(AtomicBool::new(false));
    let (folder, over) = (folder.to_owned(), Arc::clone(&ended));
    let thread = std::thread::spawn(move || {
        let mut seen = BTreeSet::new();
        // It ends with the node at the latest.
        let _ = Board::open(web).until(PATIENCE, |board| {
            for (agent, call) in talking(board) {
                if seen.insert(call) && wanted.contains(&trunk_of(&folder, call).as_str()) {
                    run(&folder, &["agent", "set", &agent, "hangup"]);
                }
            }
            over.load(Ordering::Relaxed)
        });
    });
    HangingUp { ended, thread }
}

/// Agents who talk, and on which call.
fn talking(board: &Value) -> Vec<(String, u64)> {
    let agents = board["agents"].as_array().into_iter().flatten();
    agents
        .filter(|agent| agent["state"] == "talking")
        .filter_map(|agent| Some((agent["name"].as_str()?.to_owned(), agent["call"].as_u64()?)))
        .collect()
}

/// Trunk of an attempt; empty where the call is none.
fn trunk_of(folder: &Path, call: u64) -> String {
    let query = format!(
        "SELECT n.name FROM attempt a JOIN name n ON n.id = a.trunk AND n.kind = 'trunk' \
         WHERE a.call = {call}"
    );
    let rows = sql(&folder.join("data/carillon.db"), &query);
    rows.into_iter().flatten().next().unwrap_or_default()
}

fn start(playing: &mut Vec<Ending>, folder: &Path, ports: &NodePorts, places: &[&Place]) {
    for place in places {
        for ending in floor::start(folder, ports, place) {
            playing.push((place.situation.name, std::thread::spawn(ending)));
        }
    }
}

fn collect(faults: &mut BTreeMap<&'static str, Vec<String>>, ending: Vec<Ending>) {
    for (name, thread) in ending {
        let ended = thread.join().expect("waiting for a far end does not panic");
        faults.entry(name).or_default().extend(ended.err());
    }
}

/// No call anywhere, and no lead on its way.
fn is_idle(board: &Value) -> bool {
    let lines = board["campaigns"][0]["lines"].as_object();
    let open = lines
        .into_iter()
        .flatten()
        .filter_map(|(_, n)| n.as_u64())
        .sum::<u64>();
    let trunks = board["trunks"].as_array();
    open == 0 && trunks.is_some_and(|all| all.iter().all(|t| t["in_use"] == 0))
}

fn channels_in_use(board: &Value, name: &str) -> Option<String> {
    let trunks = board["trunks"].as_array()?;
    let leaked = trunks
        .iter()
        .find(|t| of(t["name"].as_str().unwrap_or(""), name) && t["in_use"] != 0)?;
    Some(format!("a channel is in use yet: {leaked}"))
}

/// Whether a trunk is the situation's, or its second one.
fn of(trunk: &str, name: &str) -> bool {
    trunk
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest == ".second")
}

/// Gauges that must be zero when nobody calls and nobody is called.
const HELD: [&str; 2] = [
    "carillon_sip_dialogs_active",
    "carillon_sip_transactions_active",
];

/// The gauges that are not zero.
fn held(web: u16) -> Option<String> {
    let metrics = http_get(web, "/metrics");
    let held: Vec<&str> = metrics
        .lines()
        .filter(|line| HELD.iter().any(|name| line.starts_with(name)))
        .collect();
    assert_eq!(held.len(), HELD.len(), "{metrics}");
    let left: Vec<&str> = held.into_iter().filter(|l| !l.ends_with(" 0")).collect();
    (!left.is_empty()).then(|| left.join("\n"))
}

fn held_text(web: u16) -> Option<String> {
    held(web).map(|held| format!("held long after the last call:\n{held}"))
}

/// Every attempt closed, with exactly one record, of the outcome expected.
fn records_wrong(folder: &Path, place: &Place) -> Vec<String> {
    let database = folder.join("data/carillon.db");
    let name = place.situation.name;
    let of_ours = format!("WHERE kind = 'trunk' AND n.name IN ('{name}', '{name}.second')");
    let found: Vec<String> = sql(
        &database,
        &format!(
            "SELECT c.outcome, c.late_answer FROM call_record c \
             JOIN name n ON n.id = c.trunk {of_ours} AND c.outcome <> 'not_sent' \
             ORDER BY c.call"
        ),
    )
    .into_iter()
    .map(|row| match row[1].as_str() {
        "0" => row[0].clone(),
        _ => format!("{}, late", row[0]),
    })
    .collect();
    let mut wrong = Vec::new();
    if found != place.situation.records {
        let wanted = place.situation.records;
        wrong.push(format!("recorded {found:?}, not {wanted:?}"));
    }
    let attempts = sql(
        &database,
        &format!(
            "SELECT count(*), coalesce(sum(a.open), 0), count(c.call) FROM attempt a \
             LEFT JOIN call_record c ON c.call = a.call \
             JOIN name n ON n.id = a.trunk {of_ours}"
        ),
    );
    let counts: Vec<u32> = attempts[0].iter().filter_map(|n| n.parse().ok()).collect();
    if counts.len() != 3 || counts[1] != 0 || counts[0] != counts[2] {
        wrong.push(format!(
            "attempts, open ones, those with a record: {counts:?}"
        ));
    }
    wrong
}
