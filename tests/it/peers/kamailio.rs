//! Kamailio as a carrier's edge: it asks for a password with 407, stays in the path of every
//! dialog, rings two phones at once, and turns to a second target when the first fails.

use super::floor::{Floor, Group, Plan, expected, no_channel_leaked};
use super::process::{self, eventually, sipp};
use crate::program::{free_ports, repository};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What the edge does with each area code is in `tests/peers/kamailio/edge.cfg`.
const GROUPS: [Group; 8] = [
    group("212", 10, "connected"),
    group("213", 10, "busy"),
    group("312", 4, "no_answer"),
    group("415", 10, "connected"),
    group("646", 10, "connected"),
    group("718", 10, "connected"),
    group("917", 10, "connected"),
    group("202", 4, "connected"),
];
const CALLEES: [&str; 6] = ["answer", "busy", "full", "late", "noanswer", "patient"];
/// The area code of calls that two phones answer.
const FORKED: &str = "718";
/// Lines to the edge.
const CHANNELS: usize = 8;
/// Enough for every line and for the second answers.
const AGENTS: usize = 20;

const fn group(area: &'static str, count: usize, outcome: &'static str) -> Group {
    Group {
        area,
        count,
        outcome,
    }
}

/// A running edge and its callees.
struct Edge {
    ports: BTreeMap<&'static str, u16>,
    folder: PathBuf,
    _proxy: process::Group,
    callees: Vec<process::Group>,
    _kept: process::Folder,
}

impl Edge {
    fn start(algorithm: &str) -> Self {
        let kept = process::Folder::new();
        let folder = kept.path().to_owned();
        let names = ["udp", "tcp", "tls", "dead"].into_iter().chain(CALLEES);
        let found = free_ports(4 + CALLEES.len());
        let ports: BTreeMap<&str, u16> = names.zip(found).collect();
        process::certificate(&folder);
        let source = repository("tests/peers/kamailio/edge.cfg");
        let mut text = std::fs::read_to_string(source).expect("the edge's configuration");
        for (name, port) in &ports {
            let place = format!("@{}@", name.to_uppercase());
            text = text.replace(&place, &port.to_string());
        }
        text = text
            .replace("@DIR@", &folder.display().to_string())
            .replace("@ALGORITHM@", algorithm);
        let file = folder.join("edge.cfg");
        std::fs::write(&file, text).expect("written");
        let callees = CALLEES.map(|name| sipp(&folder, name, ports[name]));
        let proxy = kamailio(&folder, &file);
        Self {
            ports,
            folder,
            _proxy: proxy,
            callees: callees.into(),
            _kept: kept,
        }
    }

    /// A statistic the proxy keeps, by `kamcmd`.
    fn count(&self, command: &str, name: &str) -> Option<u64> {
        let output = Command::new("kamcmd")
            .arg("-s")
            .arg(format!("unix:{}/ctl", self.folder.display()))
            .arg(command)
            .output()
            .expect("kamcmd runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().find_map(|line| {
            let (key, value) = line.trim().split_once(':')?;
            (key == name).then(|| value.trim().parse().expect("a number"))
        })
    }

    /// No callee has a call left, none saw a message it did not expect.
    fn callees_are_content(self) {
        for (name, callee) in CALLEES.iter().zip(self.callees) {
            let code = callee.calls_end(name);
            assert!(matches!(code, 0 | 99), "{name}: a call failed ({code})");
            process::nothing_odd(&self.folder, name);
        }
    }

    /// Lines of its log that hold this.
    fn said(&self, what: &str) -> usize {
        let log = std::fs::read_to_string(self.folder.join("edge.log")).expect("its log");
        log.lines().filter(|l| l.contains(what)).count()
    }
}

fn kamailio(folder: &Path, file: &Path) -> process::Group {
    let mut command = Command::new("kamailio");
    // Stays in the foreground; 32 MiB shared and 8 MiB a process.
    command
        .args(["-DD", "-E", "-m", "32", "-M", "8", "-f"])
        .arg(file)
        .arg("-P")
        .arg(folder.join("edge.pid"))
        .arg("-Y")
        .arg(folder)
        .arg("-w")
        .arg(folder);
    process::Group::start(command, &folder.join("edge.log"))
}

fn trunk(transport: &str, edge: &Edge) -> String {
    let port = edge.ports[transport];
    let more = match transport {
        "udp" => String::new(),
        "tls" => {
            let ca = edge.folder.join("ca.pem");
            format!(
                "transport = \"tls\"\ntls = {{ ca = \"{}\" }}\n",
                ca.display()
            )
        }
        other => format!("transport = \"{other}\"\n"),
    };
    format!(
        "[[trunk]]\nname = \"edge\"\naddress = \"127.0.0.1:{port}\"\nprofile = \"kamailio\"\n\
         channels = {CHANNELS}\ncalls_per_second = 20\nusername = \"carillon\"\npassword = \"s3cret\"\n{more}"
    )
}

/// Places every call over one transport and looks at both sides.
fn through_the_edge(transport: &str, algorithm: &str) {
    let edge = Edge::start(algorithm);
    let plan = Plan::new(trunk(transport, &edge), AGENTS, &GROUPS);
    let mut floor = Floor::start(&plan);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let guard = runtime.enter();
    let phones = floor.phones(&plan);
    floor.dial(AGENTS);
    // A second answer of a forked call is a person on the line and has a call of its own.
    let forked = GROUPS
        .iter()
        .find(|g| g.area == FORKED)
        .expect("listed")
        .count;
    let done = floor.drain(floor.leads() + forked as u64);
    no_channel_leaked(&done);
    eventually(
        "no dialog left in the edge",
        Duration::from_secs(20),
        || edge.count("dlg.stats_active", "all") == Some(0),
    );
    runtime.block_on(phones.stop());
    drop(guard);
    let mut found = floor.stop();
    // Nobody may be free for a second answer; then it is an abandoned call, never a lost one.
    let key = |outcome: &str| (FORKED.to_owned(), outcome.to_owned());
    let abandoned = found.remove(&key("abandoned")).unwrap_or(0);
    *found.entry(key("connected")).or_default() += abandoned;
    assert!(abandoned <= forked, "{found:?}");
    let mut must = expected(&GROUPS);
    *must.entry(key("connected")).or_default() += forked;
    assert_eq!(found, must);
    let placed = plan.leads();
    assert_eq!(edge.said(&format!("EDGE invite {transport}")), placed);
    assert!(
        edge.said(&format!("EDGE challenge {transport}")) > 0,
        "it asks for a password"
    );
    assert_eq!(edge.said("EDGE failover after 503"), 10);
    assert_eq!(edge.said("EDGE failover after 408"), 4);
    assert_eq!(edge.said("EDGE cancel known"), 4);
    assert_eq!(edge.said("stray"), 0, "every request follows its route set");
    edge.callees_are_content();
}

#[test]
fn over_udp_every_call_through_the_edge_ends_as_it_must() {
    through_the_edge("udp", "MD5");
}

#[test]
fn over_tcp_every_call_through_the_edge_ends_as_it_must() {
    through_the_edge("tcp", "SHA-256");
}

#[test]
fn over_tls_every_call_through_the_edge_ends_as_it_must() {
    through_the_edge("tls", "MD5");
}
