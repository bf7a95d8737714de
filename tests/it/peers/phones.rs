//! baresip and linphone as agents' phones: they register with a digest, dial `login` or are rung,
//! press keys, and talk to a customer with sound in both directions.

use super::process::{Folder, certificate, eventually};
use super::softphones::{AGENT_HZ, Baresip, Linphone, PASSWORD, Softphone, ends_with_tone};
use crate::support::PATIENCE;
use crate::support::node::{TestNode, config};
use crate::support::peer::Peer;
use carillon_decision::call::Outcome;
use carillon_decision::event::Input;
use std::net::SocketAddr;
use std::path::Path;

const LEADS: [&str; 2] = ["+12125550123", "+12125550124"];
/// Octets of a recording: 8,000 samples a second, two octets each.
pub const HALF_A_SECOND: u64 = 8_000;
/// What the customer says, Hz.
const CUSTOMER_HZ: f32 = 1_000.0;

/// A configuration that knows Ana by her password, offers these digests, and speaks UDP, TCP and
/// TLS. `more` goes into the campaign's table.
pub fn settings(peer: &Peer, folder: &Path, digest: &str, more: &str) -> String {
    let place = folder.display();
    let fixed = format!("phone = \"sip:ana@{}\"", peer.address);
    let text = config(peer.address, more);
    let registered = text
        .replace(&fixed, &format!("password = \"{PASSWORD}\""))
        .replace(
            "[sip]",
            &format!(
                "[sip.tls]\n        certificate = \"{place}/server.pem\"\n        \
                 key = \"{place}/server.key\"\n        \
                 [sip]\n        phone_digest = \"{digest}\""
            ),
        );
    assert!(registered.contains(PASSWORD), "{registered}");
    registered
}

/// A node on these settings that has two leads.
pub async fn node_on(settings: &str) -> TestNode {
    let node = TestNode::start(settings).await;
    node.leads(&LEADS).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    node
}

/// The same with the usual settings.
pub async fn node(peer: &Peer, folder: &Path, digest: &str) -> TestNode {
    node_on(&settings(peer, folder, digest, "")).await
}

/// Where the node takes SIP over this transport.
pub fn address(node: &TestNode, transport: &str) -> SocketAddr {
    let all = &node.node.addresses().sip_all;
    let found = all.iter().find(|(kind, _)| kind == transport);
    found.unwrap_or_else(|| panic!("no {transport}: {all:?}")).1
}

/// Waits until a phone stands in the registrar.
pub async fn registered(node: &TestNode) {
    all_registered(node, 1).await;
}

/// Waits until so many do.
pub async fn all_registered(node: &TestNode, phones: u32) {
    node.board("registered phones", |_| {
        let all = node.node.floor().extra_metrics();
        let found = all
            .iter()
            .find(|m| m.name == "carillon_sip_registrations_active");
        found.expect("it is a metric").value >= f64::from(phones)
    })
    .await;
}

/// Gets ready by one code.
pub async fn log_in(node: &TestNode, phone: &mut dyn Softphone) {
    carries_sound(phone);
    phone.press("*1");
    node.agent_is("ready").await;
}

/// Waits for sound on a phone's line. Nobody presses keys before.
pub fn carries_sound(phone: &dyn Softphone) {
    tokio::task::block_in_place(|| {
        eventually("sound on the agent's line", PATIENCE, || {
            let heard = phone.heard().and_then(|f| std::fs::metadata(f).ok());
            heard.is_some_and(|f| f.len() > HALF_A_SECOND)
        });
    });
}

/// A working day: dial in, two calls, hang up, be rung.
async fn day(peer: &Peer, node: &TestNode, phone: &mut dyn Softphone) {
    registered(node).await;
    phone.dial("login");
    node.agent_is("break").await;
    log_in(node, phone).await;
    node.run(true).await;

    // The customer hangs up.
    let call = tokio::task::block_in_place(|| peer.called_any());
    let customer = peer.answer(&call, CUSTOMER_HZ);
    node.agent_is("talking").await;
    tokio::task::block_in_place(|| {
        peer.wait_to_hear(customer, AGENT_HZ);
        eventually("the agent hears the customer", PATIENCE, || {
            phone
                .heard()
                .is_some_and(|f| ends_with_tone(&f, CUSTOMER_HZ))
        });
    });
    peer.hang_up(customer);
    node.agent_is("wrap_up").await;
    phone.press("*1");

    // The agent hangs up by key.
    let call = tokio::task::block_in_place(|| peer.called_any());
    let customer = peer.answer(&call, 0.0);
    node.agent_is("talking").await;
    tokio::task::block_in_place(|| {
        peer.wait_to_hear(customer, AGENT_HZ);
        eventually("nothing of the first customer is left", PATIENCE, || {
            phone
                .heard()
                .is_some_and(|f| !ends_with_tone(&f, CUSTOMER_HZ))
        });
    });
    phone.press("*3");
    tokio::task::block_in_place(|| peer.ended(customer.leg));
    let records = node.records(2).await;
    assert!(
        records.iter().all(|r| r.outcome == Outcome::Connected),
        "{records:?}"
    );
    assert!(
        records.iter().all(|r| r.agent == Some(node.agent())),
        "{records:?}"
    );

    phone.hang_up();
    node.board("the line down", |b| !b.floor.agents[0].line_up)
        .await;
    let agent = node.agent();
    node.tell(Input::AgentLogout { agent, now: true }).await;
    node.agent_is("logged_out").await;
    // This time Carillon calls the phone where it registered.
    node.tell(Input::AgentLogin { agent }).await;
    node.board("the line up again", |b| b.floor.agents[0].line_up)
        .await;
    node.agent_is("break").await;
}

async fn baresip(tag: u8, transport: &'static str) {
    let peer = Peer::start(tag);
    let folder = Folder::new();
    certificate(folder.path());
    // baresip 1.0 gives up when it is offered SHA-256 beside MD5.
    let node = node(&peer, folder.path(), "md5").await;
    let at = address(&node, transport);
    let mut phone = Baresip::start(folder.path(), at, transport);
    day(&peer, &node, &mut phone).await;
    node.node.stop().await;
}

async fn linphone(tag: u8, transport: &'static str) {
    let peer = Peer::start(tag);
    let folder = Folder::new();
    certificate(folder.path());
    let node = node(&peer, folder.path(), "both").await;
    let at = address(&node, transport);
    let mut phone = Linphone::start(folder.path(), at, transport);
    day(&peer, &node, &mut phone).await;
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_works_a_day_over_udp() {
    baresip(61, "udp").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_works_a_day_over_tcp() {
    baresip(62, "tcp").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_works_a_day_over_tls() {
    baresip(63, "tls").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linphone_works_a_day_over_udp() {
    linphone(64, "udp").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linphone_works_a_day_over_tcp() {
    linphone(65, "tcp").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linphone_works_a_day_over_tls() {
    linphone(66, "tls").await;
}
