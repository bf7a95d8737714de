//! `carillon serve` with its agents and a campaign whose leads say by area code what must become
//! of them.

use super::process::Folder;
use crate::program::{Board, Running, carillon, free_ports, run, run_json, sql};
use carillon_carrier::{PhoneUser, Phones, PhonesHandle, PhonesOptions};
use carillon_sim::agent::AgentLaw;
use carillon_sim::callee::Span;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Token of the supervisor in every test of this module.
pub const TOKEN: &str = "test-token-0123456789";

/// Leads of one area code and the outcome each call to them must have.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Area code of the leads, e.g. `212`.
    pub area: &'static str,
    /// How many leads, up to 99.
    pub count: usize,
    /// `outcome` of the call record.
    pub outcome: &'static str,
}

/// What a floor is made of.
pub struct Plan {
    /// Address of the node's SIP and RTP sockets.
    pub host: &'static str,
    /// More lines of `[sip]`.
    pub sip: String,
    /// `[[trunk]]` tables.
    pub trunks: String,
    /// More lines of the campaign.
    pub campaign: String,
    /// Agents with a phone of our own each.
    pub agents: usize,
    /// More `[[agent]]` tables.
    pub more_agents: String,
    /// Leads.
    pub groups: Vec<Group>,
}

impl Plan {
    /// A plan on loopback with these trunks and leads.
    pub fn new(trunks: String, agents: usize, groups: &[Group]) -> Self {
        Self {
            host: "127.0.0.1",
            sip: String::new(),
            trunks,
            campaign: String::new(),
            agents,
            more_agents: String::new(),
            groups: groups.to_vec(),
        }
    }

    /// How many leads it has.
    pub fn leads(&self) -> usize {
        self.groups.iter().map(|g| g.count).sum()
    }
}

/// A node that serves.
pub struct Floor {
    pub folder: PathBuf,
    pub sip: u16,
    pub web: u16,
    pub node: Running,
    pub board: Board,
    leads: usize,
    _kept: Folder,
}

impl Floor {
    /// Writes its files, imports its leads, starts it.
    pub fn start(plan: &Plan) -> Self {
        let kept = Folder::new();
        let folder = kept.path().to_owned();
        let ports = free_ports(2);
        let (sip, web) = (ports[0], ports[1]);
        std::fs::write(folder.join("carillon.toml"), config(plan, sip, web)).expect("written");
        std::fs::write(folder.join("leads.csv"), leads(plan)).expect("written");
        let import = [
            "leads",
            "import",
            "leads.csv",
            "--campaign",
            "proof",
            "--json",
        ];
        let imported = run_json(&folder, &import);
        assert_eq!(imported["imported"], plan.leads(), "{imported}");
        let mut serve = carillon(&folder);
        serve.arg("serve");
        let mut node = Running::watched(serve, &folder.join("serve.log"));
        node.wait_for("wallboard on");
        let board = Board::open(web);
        Self {
            folder,
            sip,
            web,
            node,
            board,
            leads: plan.leads(),
            _kept: kept,
        }
    }

    /// Starts our own phones for the plan's agents.
    pub fn phones(&self, plan: &Plan) -> PhonesHandle {
        let users = (0..plan.agents).map(|n| PhoneUser {
            name: format!("agent{n}"),
            password: format!("phone-{n}"),
        });
        let wrap = Span {
            mean_s: 0.3,
            sd_s: 0.1,
        };
        let host: std::net::IpAddr = plan.host.parse().expect("an address");
        let mut options = PhonesOptions::new(
            (host, self.sip).into(),
            users.collect(),
            AgentLaw { wrap },
            1,
        );
        options.bind = (host, 0).into();
        Phones::start(options).expect("phones start")
    }

    /// Waits for ready agents and trunks that answer, and lets the campaign dial.
    pub fn dial(&mut self, agents: usize) {
        self.board.wait("ready agents and trunks that answer", |b| {
            b["crew"]["ready"] == agents as u64 && trunks_up(b)
        });
        run(&self.folder, &["campaign", "start", "proof"]);
    }

    /// Waits until so many calls have ended and none is open. Agents hang up after 1.5 s of talk,
    /// unless the customer did before.
    pub fn drain(&mut self, ended: u64) -> Value {
        let web = self.web;
        self.board
            .wait(&format!("{ended} ended calls and none open"), |b| {
                for agent in b["agents"].as_array().into_iter().flatten() {
                    let since = agent["since_ms"].as_i64().unwrap_or(i64::MAX);
                    let talked = b["at_ms"].as_i64().unwrap_or(0).saturating_sub(since);
                    if agent["state"] == "talking" && talked > 1_500 {
                        agent_does(web, agent["name"].as_str().unwrap_or_default(), "hangup");
                    }
                }
                let campaign = &b["campaigns"][0];
                sum(&campaign["totals"]["outcomes"]) >= ended && sum(&campaign["lines"]) == 0
            })
    }

    /// Number of leads imported.
    pub fn leads(&self) -> u64 {
        self.leads as u64
    }

    /// Stops the node; then every attempt is closed, each call has one record, and these are
    /// they by area code and outcome.
    pub fn stop(self) -> BTreeMap<(String, String), usize> {
        assert!(self.node.terminate().success());
        let database = self.folder.join("data/carillon.db");
        let counts = sql(
            &database,
            "SELECT (SELECT count(*) FROM attempt WHERE open = 1), \
             (SELECT count(*) FROM attempt WHERE call NOT IN (SELECT call FROM call_record)), \
             (SELECT count(DISTINCT lead) FROM call_record)",
        );
        let leads = self.leads.to_string();
        assert_eq!(
            counts,
            [["0", "0", leads.as_str()]],
            "open, without record, leads called"
        );
        outcomes(&database)
    }
}

/// Calls by area code and outcome in a database.
fn outcomes(database: &Path) -> BTreeMap<(String, String), usize> {
    let query = "SELECT substr(number, 2, 3), outcome, count(*) FROM call_record GROUP BY 1, 2";
    sql(database, query)
        .into_iter()
        .map(|row| {
            let key = (row[0].clone(), row[1].clone());
            (key, row[2].parse().expect("a count"))
        })
        .collect()
}

/// What [`Floor::stop`] must give for these leads.
pub fn expected(groups: &[Group]) -> BTreeMap<(String, String), usize> {
    groups
        .iter()
        .map(|g| ((g.area.to_owned(), g.outcome.to_owned()), g.count))
        .collect()
}

/// No line of any trunk is taken.
pub fn no_channel_leaked(board: &Value) {
    for trunk in board["trunks"].as_array().expect("trunks") {
        assert_eq!(trunk["in_use"], 0, "{trunk}");
    }
}

/// Whether every trunk answers.
pub fn trunks_up(board: &Value) -> bool {
    let trunks = board["trunks"].as_array();
    trunks.is_some_and(|t| t.iter().all(|t| t["up"] == true))
}

/// The sum of an object's numbers.
pub fn sum(object: &Value) -> u64 {
    let numbers = object.as_object().into_iter().flatten();
    numbers.filter_map(|(_, n)| n.as_u64()).sum()
}

/// Has an agent do something (`ready`, `break`, `login`, `logout`, `hangup`). It may be too late
/// for it already, which is no fault.
pub fn agent_does(web: u16, name: &str, action: &str) {
    let _ = ureq::post(format!("http://127.0.0.1:{web}/api/agents/{name}"))
        .header("Authorization", format!("Bearer {TOKEN}"))
        .send_json(serde_json::json!({ "action": action }));
}

/// A metric of the node at `/metrics`, all its labels added up.
pub fn metric(web: u16, name: &str) -> f64 {
    let url = format!("http://127.0.0.1:{web}/metrics");
    let text = ureq::get(&url)
        .header("Authorization", &format!("Bearer {TOKEN}"))
        .call()
        .expect("the node serves")
        .body_mut()
        .read_to_string()
        .expect("text");
    let values: Vec<f64> = text
        .lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_once(' '))
        .filter(|(key, _)| key.split('{').next() == Some(name))
        .map(|(_, value)| value.parse().expect("a number"))
        .collect();
    assert!(!values.is_empty(), "no metric {name} in\n{text}");
    values.iter().sum()
}

fn config(plan: &Plan, sip: u16, web: u16) -> String {
    let Plan {
        host,
        sip: more_sip,
        trunks,
        campaign,
        more_agents,
        ..
    } = plan;
    // Below the ports the system hands out, above what SIPp takes.
    let rtp = 16_384 + 400 * (sip % 13);
    let mut text = format!(
        r#"
[node]
data_dir = "data"
log = "info"
[sip]
bind = "{host}:{sip}"
{more_sip}
[rtp]
bind = "{host}"
ports = "{rtp}-{}"
[web]
bind = "127.0.0.1:{web}"
supervisor_token = "{TOKEN}"
{trunks}
[[campaign]]
name = "proof"
caller_ids = ["+12125550199"]
mode = "progressive"
screening = "off"
ring_timeout = "15s"
wrap_up_limit = "20s"
{campaign}
[campaign.retry]
busy = "never"
no_answer = "never"
disconnected = "never"
{more_agents}
"#,
        rtp + 399
    );
    for n in 0..plan.agents {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n[[agent]]\nname = \"agent{n}\"\npin = \"1234\"\npassword = \"phone-{n}\"\n"
        );
    }
    text
}

/// Leads of every group, all in a zone where it is about noon now.
fn leads(plan: &Plan) -> String {
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
    for group in &plan.groups {
        for n in 0..group.count {
            let area = group.area;
            let _ = writeln!(csv, "{area}-{n},+1{area}55501{n:02},Lead {n},{zone}");
        }
    }
    csv
}
