//! The node all situations share: a trunk for each, a lead for each that is dialed.

use super::situation::{Role, Situation};
use crate::program::free_ports;
use crate::support::sipp::{Sipp, SippPlan, SippPorts};
use carillon_carrier::{PhoneUser, PhonesOptions};
use carillon_sim::agent::AgentLaw;
use carillon_sim::callee::Span;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::time::Duration;

/// Agents at phones. Half of them are dialed for, so that whoever is answered out of turn finds
/// one free: a further fork, an answer after the CANCEL, a caller.
const AGENTS: usize = 30;
const LINES_PER_AGENT: f32 = 0.5;
/// Our number where callers get an agent.
pub(super) const QUEUE: &str = "+16465550150";
/// Our number where callers hear a message, and are hung up.
pub(super) const MESSAGE: &str = "+16465550151";
/// No number of ours.
pub(super) const NOBODY: &str = "+16465550152";
/// SIPp gives up after this long: nothing takes half of it.
const LIMIT: Duration = Duration::from_secs(200);

/// A situation and where its far ends listen.
pub(super) struct Place {
    pub(super) situation: Situation,
    /// One SIPp, or two where the situation has a second trunk.
    pub(super) far_ends: Vec<SippPorts>,
    /// Digits of the lead's number.
    pub(super) number: String,
}

/// Ports of the node.
pub(super) struct NodePorts {
    pub(super) sip: u16,
    pub(super) web: u16,
}

/// Gives every situation its ports and its number.
pub(super) fn places(situations: &[Situation]) -> Vec<Place> {
    let far_ends = |situation: &Situation| {
        let count = 1 + usize::from(situation.second.is_some());
        (0..count)
            .map(|_| {
                let ports = free_ports(2);
                SippPorts {
                    sip: ports[0],
                    control: ports[1],
                    media: free_media(),
                }
            })
            .collect()
    };
    situations
        .iter()
        .enumerate()
        .map(|(n, situation)| Place {
            situation: *situation,
            far_ends: far_ends(situation),
            // 555-01xx of two areas: numbers nobody has.
            number: format!("1{}55501{:02}", [212, 312][n / 100], n % 100),
        })
        .collect()
}

/// The first of four media ports in a row that nobody uses.
fn free_media() -> u16 {
    loop {
        let first = free_ports(1)[0];
        let rest = free_ports(4);
        let bound = |port: &u16| UdpSocket::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
        if rest.last() == Some(&(first + 4)) && rest.iter().all(bound) {
            return first;
        }
    }
}

/// The node's configuration.
pub(super) fn config(node: &NodePorts, places: &[Place]) -> String {
    let mut text = format!(
        r#"
[node]
data_dir = "data"
log = "info,carillon_live=debug"
[sip]
bind = ["127.0.0.1:{sip}", "[::1]:{sip}"]
[rtp]
bind = "127.0.0.1"
ports = "28000-29999"
[web]
bind = "127.0.0.1:{web}"
supervisor_token = "test-token-0123456789"
"#,
        sip = node.sip,
        web = node.web,
    );
    for (name, number, action) in [("calls", QUEUE, "queue"), ("closed", MESSAGE, "message")] {
        campaign(&mut text, name, number, action);
    }
    for place in places {
        trunks(&mut text, place);
    }
    for n in 0..AGENTS {
        let agent = format!("name = \"agent{n}\"\npin = \"1234\"\npassword = \"phone-{n}\"");
        // Writing to a String cannot fail.
        let _ = write!(text, "\n[[agent]]\n{agent}\ncampaigns = [\"calls\"]\n");
    }
    text
}

fn campaign(text: &mut String, name: &str, number: &str, action: &str) {
    let _ = write!(
        text,
        r#"
[[campaign]]
name = "{name}"
caller_ids = ["{number}"]
mode = "manual"
ratio = {LINES_PER_AGENT}
packs = []
screening = "off"
ring_timeout = "15s"
wrap_up_limit = "20s"
attempts = {{ per_day = 0, per_30_days = 0, min_gap = "0s" }}
inbound = {{ action = "{action}" }}
[campaign.retry]
"#
    );
    for outcome in [
        "busy",
        "no_answer",
        "disconnected",
        "blocked",
        "declined",
        "refused",
        "congestion",
        "trunk_failure",
        "trunk_auth",
        "media",
        "cancelled",
        "abandoned",
    ] {
        let _ = writeln!(text, "{outcome} = \"never\"");
    }
    // A starved disk stores an attempt too late for its permit: no INVITE leaves, and the lead
    // has its turn again.
    text.push_str("not_sent = { after = \"1s\", most = 100 }\n");
}

/// One trunk; with a second far end, another to the same number that comes after it.
fn trunks(text: &mut String, place: &Place) {
    let situation = &place.situation;
    let prefix = match situation.role {
        Role::Stranger => return,
        Role::Callee | Role::Raw(..) => place.number.as_str(),
        // No number begins like this: nothing is dialed over it.
        Role::Caller(_) | Role::Registrar => "999",
    };
    for (n, ports) in place.far_ends.iter().enumerate() {
        let _ = write!(
            text,
            r#"
[[trunk]]
name = "{}{}"
address = "{}:{}"
channels = 4
calls_per_second = 20
prefixes = ["{prefix}"]
priority = {}
options = false
username = "carillon"
password = "s3cret"
{}
"#,
            situation.name,
            ["", ".second"][n],
            situation.host,
            ports.sip,
            10 + n,
            situation.trunk
        );
    }
}

/// The leads, those that take long first.
pub(super) fn leads(places: &[Place]) -> String {
    let mut csv = String::from("vendor_lead_code,phone_number,first_name,time_zone\n");
    for slow in [true, false] {
        let dialed = |p: &&Place| p.situation.is_dialed() && p.situation.slow == slow;
        for place in places.iter().filter(dialed) {
            let name = place.situation.name;
            let _ = writeln!(csv, "{name},+{},Lead,America/New_York", place.number);
        }
    }
    csv
}

/// Waits for the end of a far end, and tells what was not as it should be.
pub(super) type Ending = Box<dyn FnOnce() -> Result<(), String> + Send>;

/// Starts what plays a situation's far ends.
pub(super) fn start(folder: &Path, node: &NodePorts, place: &Place) -> Vec<Ending> {
    let situation = &place.situation;
    if let Role::Raw(listen, script) = situation.role {
        let mut peer = listen(place.far_ends[0].sip);
        return vec![Box::new(move || script(&mut peer))];
    }
    let mut more: Vec<String> = situation.options.iter().map(|o| (*o).to_owned()).collect();
    let remote = format!("127.0.0.1:{}", node.sip);
    match situation.role {
        Role::Caller(number) => more.extend(["-s".to_owned(), number.to_owned(), remote]),
        Role::Stranger => more.push(remote),
        Role::Callee | Role::Raw(..) | Role::Registrar => {}
    }
    let scenarios = [Some(situation.scenario), situation.second];
    let each = place.far_ends.iter().zip(scenarios.into_iter().flatten());
    let start = |(n, (ports, scenario)): (usize, (&SippPorts, &str))| {
        let name = format!("{}{}", situation.name, ["", ".second"][n]);
        let plan = SippPlan {
            scenario,
            name: &name,
            ports: *ports,
            host: situation.host,
            calls: 1,
            limit: LIMIT,
            more: more.clone(),
        };
        let sipp = Sipp::start(folder, &plan);
        Box::new(move || sipp.finish()) as Ending
    };
    each.enumerate().map(start).collect()
}

/// Everybody's phone.
pub(super) fn phones(node: &NodePorts) -> PhonesOptions {
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
    PhonesOptions::new(
        ([127, 0, 0, 1], node.sip).into(),
        users,
        AgentLaw { wrap },
        1,
    )
}

/// Whether everybody is at the phone, and every trunk is up that needs no registration.
pub(super) fn is_staffed(board: &serde_json::Value) -> bool {
    board["crew"]["ready"] == AGENTS as u64
}
