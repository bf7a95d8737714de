//! Supervisors at the command line: the real binary against the node, by the phones' ears.

use super::{AGENT_HZ, CUSTOMER_HZ, Floor, SUPERVISOR_HZ, at_once, log_in, text, with_token};
use crate::program::{carillon, run_json};
use crate::support::peer::Peer;
use serde_json::Value;
use std::path::Path;

/// What a command of the node's own configuration answers.
fn told(floor: &Floor, text: &str, args: &[&str]) -> String {
    let place = configured(floor, text);
    let reply: Value = at_once(|| run_json(place, &[args, &["--json"]].concat()));
    reply["message"].as_str().expect("words").to_owned()
}

/// What a command says that is refused; its exit code is 1.
fn refused(floor: &Floor, text: &str, args: &[&str]) -> String {
    let place = configured(floor, text);
    let output = at_once(|| carillon(place).args(args).output().expect("it starts"));
    assert_eq!(output.status.code(), Some(1), "{args:?}: {output:?}");
    String::from_utf8(output.stderr).expect("text")
}

/// Writes the configuration with the address the pages are at, where the commands look for it.
fn configured<'a>(floor: &'a Floor, text: &str) -> &'a Path {
    let place = floor.node.directory.path();
    let at = floor.node.node.addresses().web.expect("pages").to_string();
    let (before, pages) = text.split_once("[web]").expect("pages");
    let pages = pages.replacen("127.0.0.1:0", &at, 1);
    let data = place.display();
    let text = format!("[node]\ndata_dir = \"{data}\"\n{before}[web]{pages}");
    std::fs::write(place.join("carillon.toml"), text).expect("a configuration");
    place
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_listens_whispers_joins_holds_and_leaves_by_command() {
    let peer = Peer::start(83);
    let text = with_token(&text(&peer, ""));
    let floor = Floor::start_on(peer, &text).await;
    let sue = log_in(&floor.peer, &floor.node, "sue", SUPERVISOR_HZ).await;
    // She is the only one: her phone takes part.
    let done = told(&floor, &text, &["supervise", "ana", "listen"]);
    assert_eq!(done, "sue listens to ana");
    floor.hears(sue, AGENT_HZ);
    floor.hears(sue, CUSTOMER_HZ);
    floor.hears_no(floor.desk, SUPERVISOR_HZ);
    told(
        &floor,
        &text,
        &["supervise", "ana", "whisper", "--as", "sue"],
    );
    floor.hears(floor.desk, SUPERVISOR_HZ);
    floor.hears_no(floor.customer, SUPERVISOR_HZ);
    told(&floor, &text, &["supervise", "ana", "barge", "--as", "sue"]);
    floor.circle(&[
        (sue, SUPERVISOR_HZ),
        (floor.desk, AGENT_HZ),
        (floor.customer, CUSTOMER_HZ),
    ]);
    told(&floor, &text, &["supervise", "ana", "stop"]);
    floor.hears_no(sue, CUSTOMER_HZ);
    floor.hears_no(floor.customer, SUPERVISOR_HZ);
    floor.circle(&[(floor.desk, AGENT_HZ), (floor.customer, CUSTOMER_HZ)]);

    let done = told(&floor, &text, &["agent", "set", "ana", "hold"]);
    assert_eq!(done, "the customer hears music");
    floor.hears_no(floor.customer, AGENT_HZ);
    at_once(|| floor.peer.wait_for_sound(floor.customer));
    told(&floor, &text, &["agent", "set", "ana", "resume"]);
    floor.circle(&[(floor.desk, AGENT_HZ), (floor.customer, CUSTOMER_HZ)]);

    let said = refused(
        &floor,
        &text,
        &["supervise", "ana", "listen", "--as", "ben"],
    );
    assert!(
        said.contains("LIVE-ROLE") && said.contains("role = \"supervisor\""),
        "{said}"
    );
    let said = refused(&floor, &text, &["agent", "set", "ben", "hold"]);
    assert!(said.contains("ben is in no conversation"), "{said}");
    let said = refused(&floor, &text, &["supervise", "nobody", "listen"]);
    assert!(said.contains("nobody"), "{said}");
    floor.peer.hang_up(floor.customer);
    let record = floor.node.records(1).await.remove(0);
    assert!(record.hold_ms > 0);
    floor.stop().await;
}
