//! A trunk found by DNS with several targets: one call, one attempt, whichever target takes it.

use crate::support::dns::{NameServer, address, naptr, srv};
use crate::support::node::{TestNode, config};
use crate::support::peer::{Line, Peer};
use carillon_decision::call::{Cause, Outcome};
use carillon_decision::event::Input;
use std::net::SocketAddr;

const LEAD: &str = "+12125550123";
const AGENT_HZ: f32 = 440.0;
const CALLEE_HZ: f32 = 1_000.0;

/// The usual floor with its trunk behind a name, looked up at `server`; the agent's phone is at
/// `phone`, and named too.
fn named(server: &NameServer, phone: SocketAddr) -> String {
    config(phone, "")
        .replace(
            "[sip]\n",
            &format!("[sip]\ndns = [\"{}\"]\n", server.address),
        )
        .replace(
            &format!("address = \"{phone}\""),
            "address = \"carrier.example\"",
        )
        .replace(
            &format!("sip:ana@{phone}"),
            &format!("sip:ana@desk.example:{}", phone.port()),
        )
}

async fn ready_agent(peer: &Peer, node: &TestNode) -> Line {
    let agent = node.agent();
    node.tell(Input::AgentLogin { agent }).await;
    let call = tokio::task::block_in_place(|| peer.called("ana"));
    let line = peer.answer(&call, AGENT_HZ);
    node.agent_is("break").await;
    peer.press(line, "*1");
    node.agent_is("ready").await;
    line
}

fn by_srv(server: &NameServer, first: SocketAddr, second: SocketAddr) {
    server.zone(&[
        (
            "_sip._udp.carrier.example",
            60,
            srv(20, 0, second.port(), "edge2.example"),
        ),
        (
            "_sip._udp.carrier.example",
            60,
            srv(10, 0, first.port(), "edge1.example"),
        ),
        ("edge1.example", 60, address("127.0.0.1")),
        ("edge2.example", 60, address("127.0.0.1")),
        ("desk.example", 60, address("127.0.0.1")),
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_says_503_hands_the_call_to_the_next_within_one_attempt() {
    let (server, first, second) = (NameServer::start(), Peer::start(41), Peer::start(42));
    by_srv(&server, first.address, second.address);
    let node = TestNode::start(&named(&server, second.address)).await;
    node.leads(&[LEAD]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    let _desk = ready_agent(&second, &node).await;
    node.run(true).await;

    let refused = tokio::task::block_in_place(|| first.called(LEAD));
    first.reject(&refused, 503);
    let taken = tokio::task::block_in_place(|| second.called(LEAD));
    assert_eq!(taken.call_id, refused.call_id, "one attempt, one Call-ID");
    let attempts = node.node.store().unfinished_attempts().await.unwrap();
    assert_eq!(attempts.len(), 1);
    second.ring(&taken);
    let callee = second.answer(&taken, CALLEE_HZ);
    node.agent_is("talking").await;
    second.hang_up(callee);
    let records = node.records(1).await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].outcome, Outcome::Connected);
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_where_something_rang_keeps_the_call() {
    let (server, first, second) = (NameServer::start(), Peer::start(43), Peer::start(44));
    by_srv(&server, first.address, second.address);
    let node = TestNode::start(&named(&server, second.address)).await;
    node.leads(&[LEAD]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    let _desk = ready_agent(&second, &node).await;
    node.run(true).await;

    let call = tokio::task::block_in_place(|| first.called(LEAD));
    first.ring(&call);
    first.reject(&call, 503);
    // Had it gone on to the second target, it would ring there and there were no record.
    let record = node.records(1).await.remove(0);
    assert_eq!(record.outcome, Outcome::Unanswered(Cause::Congestion));
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_refused_leads_to_the_next_service() {
    let (server, peer) = (NameServer::start(), Peer::start(45));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    server.zone(&[
        (
            "carrier.example",
            60,
            naptr(10, 10, "SIP+D2T", "tcp.carrier.example"),
        ),
        (
            "carrier.example",
            60,
            naptr(10, 20, "SIP+D2U", "udp.carrier.example"),
        ),
        ("tcp.carrier.example", 60, srv(0, 0, port, "edge.example")),
        (
            "udp.carrier.example",
            60,
            srv(0, 0, peer.address.port(), "edge.example"),
        ),
        ("edge.example", 60, address("127.0.0.1")),
        ("desk.example", 60, address("127.0.0.1")),
    ]);
    let node = TestNode::start(&named(&server, peer.address)).await;
    node.leads(&[LEAD]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    let _desk = ready_agent(&peer, &node).await;
    node.run(true).await;
    let call = tokio::task::block_in_place(|| peer.called(LEAD));
    let callee = peer.answer(&call, CALLEE_HZ);
    node.agent_is("talking").await;
    peer.hang_up(callee);
    let records = node.records(1).await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].outcome, Outcome::Connected);
    node.node.stop().await;
}
