//! `carillon serve` against SIPp as carrier: one SIPp per behaviour, a hundred leads.

use crate::program::{Board, Running, carillon, free_ports, repository, run, run_json, sql};
use carillon_carrier::{PhoneUser, Phones, PhonesOptions};
use carillon_sim::agent::AgentLaw;
use carillon_sim::callee::Span;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// Scenario of `tests/sipp`, area code of its leads, how many, and the outcome each must have.
const BEHAVIOURS: [(&str, &str, usize, &str); 7] = [
    ("answer", "212", 16, "connected"),
    ("busy", "213", 14, "busy"),
    ("notfound", "312", 14, "disconnected"),
    ("noanswer", "415", 14, "no_answer"),
    ("early", "646", 14, "connected"),
    ("auth401", "718", 14, "connected"),
    ("auth407", "917", 14, "connected"),
];
const AGENTS: usize = 10;

/// Its scenarios.
pub(super) const SCENARIOS: [&str; 7] = [
    "answer", "busy", "notfound", "noanswer", "early", "auth401", "auth407",
];

fn config(sip: u16, web: u16, rtp: u16, carriers: &[u16]) -> String {
    let mut text = format!(
        r#"
[node]
data_dir = "data"
log = "info"
[sip]
bind = "127.0.0.1:{sip}"
[rtp]
bind = "127.0.0.1"
ports = "{rtp}-{}"
[web]
bind = "127.0.0.1:{web}"
supervisor_token = "test-token-0123456789"
[[campaign]]
name = "hundred"
caller_ids = ["+12125550199"]
mode = "progressive"
screening = "off"
ring_timeout = "15s"
wrap_up_limit = "20s"
[campaign.retry]
busy = "never"
no_answer = "never"
disconnected = "never"
"#,
        rtp + 399
    );
    for ((name, area, _, _), port) in BEHAVIOURS.iter().zip(carriers) {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            r#"
[[trunk]]
name = "{name}"
address = "127.0.0.1:{port}"
channels = 20
calls_per_second = 20
prefixes = ["1{area}"]
username = "carillon"
password = "s3cret"
"#
        );
    }
    for n in 0..AGENTS {
        let _ = write!(
            text,
            "\n[[agent]]\nname = \"agent{n}\"\npin = \"1234\"\npassword = \"phone-{n}\"\n"
        );
    }
    text
}

/// A hundred leads, all in a zone where it is about noon now.
fn leads() -> String {
    let hour = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .hour();
    let zone = match 12 - i32::from(hour) {
        0 => "Etc/GMT".to_owned(),
        // POSIX counts westwards.
        east if east > 0 => format!("Etc/GMT-{east}"),
        west => format!("Etc/GMT+{}", -west),
    };
    let mut csv = String::from("vendor_lead_code,phone_number,first_name,time_zone\n");
    for (_, area, count, _) in BEHAVIOURS {
        for n in 0..count {
            let _ = writeln!(csv, "{area}-{n},+1{area}55501{n:02},Lead {n},{zone}");
        }
    }
    csv
}

fn sipp(folder: &Path, name: &str, port: u16) -> Running {
    let mut command = Command::new("sipp");
    command
        .current_dir(folder)
        .args(["-sf"])
        .arg(repository(&format!("tests/sipp/{name}.xml")));
    // SIPp takes four media ports although none of its calls carries audio.
    let media = 31_000 + 10 * (port % 100);
    command.args([
        "-i",
        "127.0.0.1",
        "-p",
        &port.to_string(),
        "-mp",
        &media.to_string(),
    ]);
    command.args([
        "-nostdin",
        "-trace_err",
        "-error_file",
        &format!("{name}.errors"),
    ]);
    Running::start(command, &folder.join(format!("{name}.log")))
}

fn phones(sip: u16) -> PhonesOptions {
    let users = (0..AGENTS)
        .map(|n| PhoneUser {
            name: format!("agent{n}"),
            password: format!("phone-{n}"),
        })
        .collect();
    let wrap = Span {
        mean_s: 0.3,
        sd_s: 0.1,
    };
    PhonesOptions::new(([127, 0, 0, 1], sip).into(), users, AgentLaw { wrap }, 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_lead_ends_in_its_disposition_with_one_record_per_attempt() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().to_owned();
    let ports = free_ports(2 + BEHAVIOURS.len());
    let (sip, web, carriers) = (ports[0], ports[1], &ports[2..]);
    std::fs::write(
        folder.join("carillon.toml"),
        config(sip, web, 30_000, carriers),
    )
    .expect("written");
    std::fs::write(folder.join("leads.csv"), leads()).expect("written");

    let imported = run_json(
        &folder,
        &[
            "leads",
            "import",
            "leads.csv",
            "--campaign",
            "hundred",
            "--json",
        ],
    );
    assert_eq!(imported["imported"], 100, "{imported}");
    let _carriers: Vec<Running> = BEHAVIOURS
        .iter()
        .zip(carriers)
        .map(|((name, ..), port)| sipp(&folder, name, *port))
        .collect();
    let mut serve = carillon(&folder);
    serve.arg("serve");
    let mut node = Running::watched(serve, &folder.join("serve.log"));
    node.wait_for("wallboard on");
    let mut board = Board::open(web);
    let phones = Phones::start(phones(sip)).expect("phones start");

    let done = {
        let folder = folder.clone();
        tokio::task::spawn_blocking(move || {
            board.wait("ten ready agents and trunks that answer", |b| {
                let up = b["trunks"]
                    .as_array()
                    .is_some_and(|t| t.iter().all(|t| t["up"] == true));
                b["crew"]["ready"] == AGENTS as u64 && up
            });
            run(&folder, &["campaign", "start", "hundred"]);
            board.wait("a hundred ended calls", |b| {
                let outcomes = b["campaigns"][0]["totals"]["outcomes"].as_object();
                let ended: u64 = outcomes
                    .into_iter()
                    .flatten()
                    .filter_map(|(_, n)| n.as_u64())
                    .sum();
                let lines = &b["campaigns"][0]["lines"];
                let open: u64 = lines
                    .as_object()
                    .into_iter()
                    .flatten()
                    .filter_map(|(_, n)| n.as_u64())
                    .sum();
                ended >= 100 && open == 0
            })
        })
        .await
        .expect("the campaign ends")
    };
    no_channel_leaked(&done);
    phones.stop().await;
    assert!(node.terminate().success());
    every_attempt_is_recorded_once(&folder);
    carriers_saw_nothing_odd(&folder);
}

fn no_channel_leaked(board: &Value) {
    for trunk in board["trunks"].as_array().expect("trunks") {
        assert_eq!(trunk["in_use"], 0, "{trunk}");
    }
}

fn every_attempt_is_recorded_once(folder: &Path) {
    let database = folder.join("data/carillon.db");
    let counts = sql(
        &database,
        "SELECT (SELECT count(*) FROM attempt), (SELECT count(*) FROM attempt WHERE open = 1), \
         (SELECT count(*) FROM call_record), (SELECT count(DISTINCT lead) FROM call_record)",
    );
    assert_eq!(counts, [["100", "0", "100", "100"]]);
    let mut found: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in sql(
        &database,
        "SELECT substr(number, 2, 3), outcome, count(*) FROM call_record GROUP BY 1, 2",
    ) {
        found.insert(
            (row[0].clone(), row[1].clone()),
            row[2].parse().expect("a count"),
        );
    }
    let expected: BTreeMap<(String, String), usize> = BEHAVIOURS
        .iter()
        .map(|(_, area, count, outcome)| (((*area).to_owned(), (*outcome).to_owned()), *count))
        .collect();
    assert_eq!(found, expected);
    let open = sql(
        &database,
        "SELECT status, count(*) FROM lead GROUP BY 1 ORDER BY 1",
    );
    assert_eq!(open, [["completed", "58"], ["exhausted", "42"]]);
}

/// SIPp writes a line for every message its scenario did not expect.
fn carriers_saw_nothing_odd(folder: &Path) {
    for (name, ..) in BEHAVIOURS {
        let errors =
            std::fs::read_to_string(folder.join(format!("{name}.errors"))).unwrap_or_default();
        assert!(errors.trim().is_empty(), "{name}: {errors}");
    }
}
