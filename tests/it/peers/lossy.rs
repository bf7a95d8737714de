//! A network that loses, delays, reorders and doubles packets between Carillon and its carrier.
//! Each test runs again inside a network namespace of its own, with SIPp in a second one and
//! `tests/net/impair` between them. Both vanish with the test's processes.

use super::floor::{Floor, Group, Plan, metric, no_channel_leaked};
use super::link::{Link, Slack};
use super::process::{self, Folder, eventually, sipp_arguments};
use crate::program::{repository, sql};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Set inside the namespace.
const INSIDE: &str = "CARILLON_TEST_NAMESPACE";
const NEAR: &str = "10.9.0.1";
const FAR: &str = "10.9.0.2";
const AGENTS: usize = 20;
const RING_S: f64 = 15.0;

/// Scenario of `tests/peers/sipp`, area code, and how many leads.
const CALLEES: [(&str, &str, usize); 6] = [
    ("lossy-answer", "212", 20),
    ("lossy-busy", "213", 16),
    ("lossy-notfound", "312", 16),
    ("lossy-patient", "415", 20),
    ("lossy-brisk", "646", 16),
    ("lossy-noanswer", "718", 14),
];

/// What the link does.
struct Weather {
    loss: f64,
    double: f64,
    delay_ms: (f64, f64),
    seed: u32,
}

#[test]
fn calls_end_as_theory_has_it_with_5_percent_loss() {
    inside("calls_end_as_theory_has_it_with_5_percent_loss", || {
        weather(&Weather {
            loss: 0.05,
            double: 0.0,
            delay_ms: (1.0, 20.0),
            seed: 5,
        });
    });
}

#[test]
fn calls_end_as_theory_has_it_with_20_percent_loss() {
    inside("calls_end_as_theory_has_it_with_20_percent_loss", || {
        weather(&Weather {
            loss: 0.20,
            double: 0.0,
            delay_ms: (1.0, 20.0),
            seed: 20,
        });
    });
}

#[test]
fn calls_end_as_theory_has_it_when_packets_overtake_each_other_and_come_twice() {
    inside(
        "calls_end_as_theory_has_it_when_packets_overtake_each_other_and_come_twice",
        || {
            weather(&Weather {
                loss: 0.0,
                double: 0.1,
                delay_ms: (1.0, 180.0),
                seed: 7,
            });
        },
    );
}

/// Runs the test called `name` once more in a network namespace of its own, where `body` runs.
/// Root can always make one; others are told why the test is skipped if they cannot.
fn inside(name: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        ip("link set lo up");
        body();
        return;
    }
    let root = std::fs::metadata("/proc/self").is_ok_and(|m| {
        use std::os::unix::fs::MetadataExt;
        m.uid() == 0
    });
    let unshare = || {
        let mut command = Command::new("unshare");
        command.arg("--net");
        if !root {
            command.args(["--user", "--map-root-user"]);
        }
        command
    };
    let possible = unshare().arg("true").output().expect("unshare runs");
    if !possible.status.success() || !Path::new("/dev/net/tun").exists() {
        let why = String::from_utf8_lossy(&possible.stderr).into_owned();
        assert!(!root, "no network namespace or no /dev/net/tun: {why}");
        eprintln!("SKIPPED {name}: not root, and {why}");
        return;
    }
    let output = unshare()
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", &format!("peers::lossy::{name}"), "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare runs");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    eprintln!("{said}");
    assert!(output.status.success(), "{name}: see above");
    assert!(said.contains("1 passed"), "{name} is the test's name");
}

fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status();
    assert!(status.expect("ip runs").success(), "ip {arguments}");
}

/// A namespace that lives as long as the process in it.
fn far_namespace(folder: &Path) -> process::Group {
    let mut holder = Command::new("unshare");
    holder.args(["--net", "sleep", "600"]);
    let holder = process::Group::start(holder, &folder.join("holder.log"));
    let of = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/net")).ok();
    let pid = holder.id().to_string();
    eventually("a second namespace", Duration::from_secs(10), || {
        of(&pid).is_some_and(|far| Some(far) != of("self"))
    });
    holder
}

fn bad_link(folder: &Path, far: u32, weather: &Weather) -> process::Group {
    let mut command = Command::new("python3");
    command
        .arg(repository("tests/net/impair"))
        .args(["--pid", &far.to_string(), "--near", NEAR, "--far", FAR])
        .args(["--loss", &weather.loss.to_string()])
        .args(["--double", &weather.double.to_string()])
        .args(["--delay-ms", &weather.delay_ms.0.to_string()])
        .arg(weather.delay_ms.1.to_string())
        .args(["--seed", &weather.seed.to_string(), "--log"])
        .arg(folder.join("link.tsv"));
    let log = folder.join("impair.log");
    let link = process::Group::start(command, &log);
    eventually("packets flow", Duration::from_secs(20), || {
        std::fs::read_to_string(&log).is_ok_and(|text| text.contains("ready"))
    });
    link
}

fn callee(folder: &Path, far: u32, name: &str, port: u16) -> process::Group {
    let mut command = Command::new("nsenter");
    command.args(["--target", &far.to_string(), "--net", "sipp"]);
    sipp_arguments(&mut command, folder, name, port);
    command.args(["-i", FAR]);
    process::Group::start(command, &folder.join(format!("{name}.log")))
}

fn weather(weather: &Weather) {
    let folder = Folder::new();
    let folder = folder.path();
    let far = far_namespace(folder);
    let _link = bad_link(folder, far.id(), weather);
    let mut trunks = String::new();
    let mut callees = Vec::new();
    for (n, (name, area, _)) in CALLEES.iter().enumerate() {
        let port = 5_060 + n as u16;
        callees.push(callee(folder, far.id(), name, port));
        // Writing to a String cannot fail.
        let _ = write!(
            trunks,
            "[[trunk]]\nname = \"{name}\"\naddress = \"{FAR}:{port}\"\nchannels = 20\n\
             calls_per_second = 20\nprefixes = [\"1{area}\"]\n"
        );
    }
    let groups = CALLEES.map(|(_, area, count)| Group {
        area,
        count,
        outcome: "",
    });
    let mut plan = Plan::new(trunks, AGENTS, &groups);
    plan.host = NEAR;
    // A lost OPTIONS is no reason to stop dialing here.
    plan.sip = "options_lost_max = 10".to_owned();
    let mut floor = Floor::start(&plan);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let guard = runtime.enter();
    let phones = floor.phones(&plan);
    floor.dial(AGENTS);
    let done = floor.drain(floor.leads());
    no_channel_leaked(&done);
    runtime.block_on(phones.stop());
    drop(guard);
    let web = floor.web;
    // A BYE that is never heard is given up 32 s later.
    eventually("no dialog held", Duration::from_secs(60), || {
        metric(web, "carillon_sip_dialogs_active") == 0.0
    });
    let database = floor.folder.join("data/carillon.db");
    let found = calls(&database);
    eprintln!("{:?}", floor.stop());
    for ((name, ..), callee) in CALLEES.iter().zip(callees) {
        // SIPp may call a call failed: its scenarios cannot foresee every repetition.
        callee.calls_end(name);
    }
    let link = Link::read(&folder.join("link.tsv"));
    assert_eq!(link.ghosts(), Vec::<&str>::new());
    every_call_ended_as_predicted(&link, &found);
    every_timer_fired_at_its_time(&link);
    as_often_as_theory_has_it(&link, weather);
}

/// SIP Call-ID and outcome of every call.
fn calls(database: &Path) -> BTreeMap<String, String> {
    let query = "SELECT sip_call_id, outcome FROM attempt JOIN call_record USING (call)";
    let rows = sql(database, query).into_iter();
    rows.map(|row| (row[0].clone(), row[1].clone())).collect()
}

fn every_call_ended_as_predicted(link: &Link, found: &BTreeMap<String, String>) {
    for (call, outcome) in found {
        let predicted = link.predicted(call, RING_S);
        assert!(
            predicted.contains(&outcome.as_str()),
            "{call}: {outcome}, not {predicted:?}"
        );
    }
}

/// A machine with more to do than it can may be seconds late, but only now and then.
fn every_timer_fired_at_its_time(link: &Link) {
    assert_eq!(link.broken_timers(Slack(5.0)), Vec::<String>::new());
    let late = link.broken_timers(Slack(0.3));
    eprintln!(
        "{} of {} requests more than 0.3 s off",
        late.len(),
        link.transactions()
    );
    assert!(late.len() <= link.transactions() / 4, "{late:#?}");
}

/// A request is repeated until it and its response both pass: 1/(1−p)² times on average, with a
/// variance of (1−s)/s², s = (1−p)². The mean of all of them must lie within 5 standard errors.
fn as_often_as_theory_has_it(link: &Link, weather: &Weather) {
    let messages = link.messages as f64;
    let share = link.lost as f64 / messages;
    let error = (weather.loss * (1.0 - weather.loss) / messages).sqrt();
    eprintln!("{} messages, {:.2} % lost", link.messages, 100.0 * share);
    assert!((share - weather.loss).abs() <= 5.0 * error, "{share} lost");
    let passes = (1.0 - weather.loss).powi(2);
    let mean = 1.0 / passes;
    let (mut transactions, mut sent) = (0.0, 0.0);
    for method in ["INVITE", "BYE", "CANCEL", "OPTIONS"] {
        let seen = link.repeats(method);
        eprintln!(
            "{method}: {} transactions, sent {:.3} times each",
            seen.transactions, seen.mean
        );
        assert!(seen.transactions > 10, "{method}: {seen:?}");
        transactions += seen.transactions as f64;
        sent += seen.transactions as f64 * seen.mean;
    }
    let error = ((1.0 - passes) / passes.powi(2) / transactions).sqrt();
    let seen = sent / transactions;
    eprintln!("all: {seen:.3}; theory {mean:.3} ± {:.3}", 5.0 * error);
    // On a busy machine some answers take longer than T1.
    assert!((seen - mean).abs() <= 5.0 * error + 0.1, "{seen}");
}
