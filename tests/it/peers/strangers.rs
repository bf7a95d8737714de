//! sipsak and sipvicious against a node that places calls meanwhile: nothing gets through, nothing
//! is learned, and what they cost stays small.

use super::floor::{Floor, Group, Plan, agent_does, expected, metric, no_channel_leaked};
use super::process::{self, Folder, sipp};
use crate::program::free_ports;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const AGENTS: usize = 4;
/// Calls placed before, during and after the attacks.
const GROUPS: [Group; 1] = [Group {
    area: "212",
    count: 60,
    outcome: "connected",
}];

/// What the node's process has used.
#[derive(Clone, Copy, Debug)]
struct Usage {
    cpu_s: f64,
    resident_mib: f64,
}

impl Usage {
    fn of(pid: u32) -> Self {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
        // The second field is the program's name, which may hold anything.
        let fields: Vec<&str> = stat
            .rsplit(") ")
            .next()
            .expect("a name")
            .split(' ')
            .collect();
        let ticks = |n: usize| fields[n - 3].parse::<f64>().expect("proc(5)");
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        let resident = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
        let kib: f64 = resident
            .and_then(|l| l.split_whitespace().next())
            .and_then(|n| n.parse().ok())
            .expect("proc(5)");
        Self {
            // utime and stime, in ticks of 10 ms on every Linux.
            cpu_s: (ticks(14) + ticks(15)) / 100.0,
            resident_mib: kib / 1_024.0,
        }
    }
}

/// Runs a scanner to its end, or for `limit`; gives what it said.
fn scan(folder: &Path, name: &str, command: &mut Command, limit: Duration) -> String {
    let log = folder.join(format!("{name}.log"));
    command.current_dir(folder).env("HOME", folder);
    let mut running = process::Group::start(std::mem::replace(command, Command::new(name)), &log);
    let _ = running.wait(limit);
    drop(running);
    std::fs::read_to_string(log).expect("its log")
}

/// `svwar`, `svcrack` and `svmap` bind to a source address of their own: a ban hits one of them.
fn sipvicious(tool: &str, source: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(tool);
    command.args(["--bindingip", source, "--externalip", source]);
    command.args(arguments);
    command
}

/// A call of a stranger, and what else comes by.
fn request(method: &str, n: usize, from: u16) -> String {
    format!(
        "{method} sip:+12125550199@127.0.0.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:{from};branch=z9hG4bK{method}{n};rport\r\n\
         From: <sip:stranger@127.0.0.1>;tag=f{n}\r\nTo: <sip:+12125550199@127.0.0.1>\r\n\
         Call-ID: {method}{n}@stranger\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n\
         Contact: <sip:stranger@127.0.0.1:{from}>\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Sends so many requests from one source, 2,500 a second: fifty times what the node allows.
fn flood(source: Ipv4Addr, sip: u16, method: &str, count: usize) {
    let socket = UdpSocket::bind((source, 0)).expect("127/8 is this machine");
    let from = socket.local_addr().expect("it is bound").port();
    for n in 0..count {
        // A full buffer loses datagrams, as a network does.
        let _ = socket.send_to(
            request(method, n, from).as_bytes(),
            (Ipv4Addr::LOCALHOST, sip),
        );
        if n % 25 == 24 {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The status code an INVITE, OPTIONS or REGISTER for this user gets, and every header's name.
fn answer_to(source: Ipv4Addr, sip: u16, method: &str, user: &str) -> (String, BTreeSet<String>) {
    let socket = UdpSocket::bind((source, 0)).expect("127/8 is this machine");
    let limit = Some(Duration::from_secs(5));
    socket
        .set_read_timeout(limit)
        .expect("a timeout can be set");
    let from = socket.local_addr().expect("it is bound");
    let text = request(method, usize::from(from.port()), from.port())
        .replace("+12125550199", user)
        .replace("stranger", user)
        .replace("127.0.0.1:", &format!("{source}:"));
    socket
        .send_to(text.as_bytes(), (Ipv4Addr::LOCALHOST, sip))
        .expect("it leaves");
    let mut buffer = [0; 4_096];
    let length = socket.recv(&mut buffer).expect("an answer");
    let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
    let mut lines = answer.lines();
    let status = lines.next().unwrap_or_default().to_owned();
    let names = lines.filter_map(|l| l.split_once(':').map(|(name, _)| name.to_owned()));
    (status, names.collect())
}

/// Users svwar lists as found.
fn found_by_svwar(report: &str) -> Vec<&str> {
    let rows = report
        .lines()
        .filter(|l| l.starts_with('|') || l.starts_with('│'));
    let cells = rows.filter_map(|l| l.split(['|', '│']).nth(1).map(str::trim));
    cells
        .filter(|c| c.starts_with("agent") || c.starts_with("nobody"))
        .collect()
}

#[test]
fn strangers_learn_nothing_get_nothing_and_cost_little() {
    let folder = Folder::new();
    let folder = folder.path();
    let port = free_ports(1)[0];
    let carrier = sipp(folder, "answer", port);
    let trunk = format!(
        "[[trunk]]\nname = \"carrier\"\naddress = \"127.0.0.1:{port}\"\nchannels = 10\n\
         calls_per_second = 10\noptions = false\n"
    );
    let mut plan = Plan::new(trunk, AGENTS, &GROUPS);
    // svcrack cannot guess where SHA-256 is offered.
    plan.sip = "phone_digest = \"md5\"".to_owned();
    let mut floor = Floor::start(&plan);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let guard = runtime.enter();
    let phones = floor.phones(&plan);
    let (sip, web, pid) = (floor.sip, floor.web, floor.node.id());

    no_user_is_told_from_nobody(sip);
    floor.dial(AGENTS);
    let before = Usage::of(pid);
    let received = metric(web, "carillon_sip_datagrams_received_total");
    let start = Instant::now();
    scans(folder, sip, web);
    cracking(folder, sip, web);
    floods(folder, sip, web);
    let after = Usage::of(pid);
    let received = metric(web, "carillon_sip_datagrams_received_total") - received;
    eprintln!(
        "{received} datagrams in {:.1} s: {:.3} s of CPU per 1,000, {:.1} MiB more than {:.1}",
        start.elapsed().as_secs_f64(),
        (after.cpu_s - before.cpu_s) / received * 1_000.0,
        after.resident_mib - before.resident_mib,
        before.resident_mib
    );
    assert!(received > 20_000.0, "they were heard: {received}");
    // The node also carries the calls' audio meanwhile, in a build without optimisation.
    assert!((after.cpu_s - before.cpu_s) / received * 1_000.0 < 0.5);
    assert!(after.resident_mib - before.resident_mib < 64.0);

    let done = floor.drain(floor.leads());
    no_channel_leaked(&done);
    assert_eq!(
        metric(web, "carillon_sip_registrations_active"),
        AGENTS as f64
    );
    runtime.block_on(phones.stop());
    drop(guard);
    agent_does(web, "agent0", "logout");
    assert_eq!(floor.stop(), expected(&GROUPS), "every call is one of ours");
    let code = carrier.calls_end("the carrier");
    assert_eq!(code, 0, "no call disturbed");
    process::nothing_odd(folder, "answer");
}

/// Whoever asks about an agent gets the very answer that nobody's name gets.
fn no_user_is_told_from_nobody(sip: u16) {
    let source = Ipv4Addr::new(127, 0, 0, 20);
    for method in ["REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE"] {
        let known = answer_to(source, sip, method, "agent0");
        let unknown = answer_to(source, sip, method, "nobody0");
        assert_eq!(known, unknown, "{method}");
        assert!(
            !known.0.contains(" 200 ") || method == "OPTIONS",
            "{method}: {}",
            known.0
        );
    }
}

/// Looks for servers and users.
fn scans(folder: &Path, sip: u16, web: u16) {
    let port = sip.to_string();
    let limit = Duration::from_secs(20);
    let target = ["-p", &port, "127.0.0.1"];
    for (n, method) in ["OPTIONS", "INVITE", "REGISTER"].iter().enumerate() {
        let source = format!("127.0.0.3{n}");
        let arguments = [&["-m", method][..], &target].concat();
        let name = format!("svmap-{method}");
        scan(
            folder,
            &name,
            &mut sipvicious("svmap", &source, &arguments),
            limit,
        );
    }
    std::fs::write(
        folder.join("users.txt"),
        "agent0\nagent1\nagent2\nagent3\nnobody0\nnobody1\nnobody2\nnobody3\n",
    )
    .expect("written");
    for (n, method) in ["REGISTER", "INVITE", "OPTIONS"].iter().enumerate() {
        let source = format!("127.0.0.4{n}");
        let words = ["--force", "-d", "users.txt", "-m", method];
        let arguments = [&words[..], &target].concat();
        let name = format!("svwar-{method}");
        let report = scan(
            folder,
            &name,
            &mut sipvicious("svwar", &source, &arguments),
            limit,
        );
        let found = found_by_svwar(&report);
        let agents = found.iter().filter(|u| u.starts_with("agent")).count();
        let nobodies = found.len() - agents;
        assert_eq!(
            agents, nobodies,
            "{method} tells users from nobody:\n{report}"
        );
    }
    let mut ping = Command::new("sipsak");
    ping.args(["-vv", "-s", &format!("sip:agent0@127.0.0.1:{port}")]);
    let mut register = Command::new("sipsak");
    register.args([
        "-U",
        "-C",
        "sip:stranger@127.0.0.9",
        "-x",
        "60",
        "-a",
        "guess",
        "-s",
    ]);
    register.arg(format!("sip:agent0@127.0.0.1:{port}"));
    for (name, command) in [
        ("sipsak-options", &mut ping),
        ("sipsak-register", &mut register),
    ] {
        scan(folder, name, command, limit);
    }
    assert_eq!(
        metric(web, "carillon_sip_registrations_active"),
        AGENTS as f64
    );
}

/// Guesses passwords until the source is banned.
fn cracking(folder: &Path, sip: u16, web: u16) {
    let bans = metric(web, "carillon_sip_bans_total");
    let words: String = (0..400).map(|n| format!("guess-{n}\n")).collect();
    // The right one is the last: a source that was not banned would find it.
    std::fs::write(folder.join("words.txt"), words + "phone-0\n").expect("written");
    let port = sip.to_string();
    let arguments = ["-u", "agent0", "-d", "words.txt", "-p", &port, "127.0.0.1"];
    let mut crack = sipvicious("svcrack", "127.0.0.50", &arguments);
    let report = scan(folder, "svcrack", &mut crack, Duration::from_secs(8));
    assert!(
        !report.contains("phone-0"),
        "it found the password:\n{report}"
    );
    let failures = metric(web, "carillon_sip_auth_failures_total");
    assert!(failures >= 10.0, "it guessed: {failures}\n{report}");
    assert_eq!(
        metric(web, "carillon_sip_bans_total"),
        bans + 1.0,
        "{report}"
    );
    assert_eq!(
        metric(web, "carillon_sip_registrations_active"),
        AGENTS as f64
    );
}

/// More calls and registrations than anybody may try.
fn floods(folder: &Path, sip: u16, web: u16) {
    let limited = metric(web, "carillon_sip_rate_limited_total");
    std::thread::scope(|scope| {
        for (n, method) in ["INVITE", "REGISTER", "OPTIONS", "BYE"]
            .into_iter()
            .enumerate()
        {
            let source = Ipv4Addr::new(127, 0, 0, 60 + n as u8);
            scope.spawn(move || flood(source, sip, method, 8_000));
        }
    });
    let mut more = Command::new("sipsak");
    more.args([
        "-F",
        "-e",
        "5000",
        "-s",
        &format!("sip:agent0@127.0.0.1:{sip}"),
    ]);
    scan(folder, "sipsak-flood", &mut more, Duration::from_secs(5));
    let dropped = metric(web, "carillon_sip_rate_limited_total") - limited;
    assert!(
        dropped > 10_000.0,
        "{dropped} requests were above the limit"
    );
}
