//! The campaign's own opt-out key.

use super::{AGENT_HZ, ALL_HZ, CUSTOMER_HZ, LEAD, at_once, text};
use crate::program::free_ports;
use crate::support::node::{TestNode, config};
use crate::support::peer::Peer;
use crate::support::raw::{Fault, RawPeer};
use carillon_decision::call::Outcome;
use carillon_decision::event::Input;

#[tokio::test(flavor = "multi_thread")]
async fn the_campaigns_own_key_opts_out_and_no_other() {
    opts_out(Peer::start(73)).await;
}

/// A carrier that knows no telephone-event sends keys as tones in the audio.
#[tokio::test(flavor = "multi_thread")]
async fn the_opt_out_key_is_heard_as_a_tone_in_the_audio() {
    opts_out(Peer::without_key_events(78)).await;
}

async fn opts_out(peer: Peer) {
    let text = text(&peer, "opt_out_key = \"9\"");
    let node = TestNode::start(&text).await;
    node.leads(&[LEAD]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    let desk = super::log_in(&peer, &node, "ana", AGENT_HZ).await;
    node.run(true).await;
    let call = at_once(|| peer.called(LEAD));
    peer.ring(&call);
    node.board("ringing", |b| {
        b.floor.calls.iter().any(|c| c.phase == "ringing")
    })
    .await;
    // Nobody is left to take the call.
    peer.hang_up(desk);
    let customer = peer.answer(&call, CUSTOMER_HZ);
    node.board("the message", |b| {
        b.floor.calls.iter().any(|c| c.phase == "message")
    })
    .await;
    peer.press(customer, "19");
    at_once(|| peer.ended(customer.leg));
    let record = node.records(1).await.remove(0);
    assert_eq!(record.outcome, Outcome::Abandoned);
    let listed = node.node.store().dnc_check(LEAD.parse().unwrap()).await;
    assert_eq!(listed.unwrap().len(), 1);
    node.node.stop().await;
}

/// A key in an INFO of the phone's, in either way of writing it.
fn info(phone: &mut RawPeer, invite: &str, cseq: u32, body: &str) -> Result<(), Fault> {
    let kind = match body.starts_with("Signal") {
        true => "application/dtmf-relay",
        false => "application/dtmf",
    };
    let bare = phone.request(invite, "INFO", cseq, "phone");
    let empty = "Content-Length: 0\r\n\r\n";
    let length = body.len();
    let full = format!("Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}");
    phone.send(bare.replace(empty, &full))?;
    phone.receive("SIP/2.0 200").map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_told_by_info_are_keys() {
    let peer = Peer::start(87);
    let port = free_ports(1)[0];
    let text = text(&peer, "").replace(
        &format!("sip:ana@{}", peer.address),
        &format!("sip:ana@127.0.0.1:{port}"),
    );
    let mut phone = RawPeer::udp(port);
    let node = TestNode::start(&text).await;
    let agent = super::agent(&node, "ana");
    node.tell(Input::AgentLogin { agent }).await;
    let invite = at_once(|| phone.receive("INVITE")).expect("the phone is called");
    let answer = phone.response(&invite, "200 OK", "phone");
    phone.send(answer).expect("loopback takes a datagram");
    at_once(|| phone.receive("ACK")).expect("the call stands");
    node.agent_is("break").await;
    let relay = |key: char| format!("Signal={key}\r\nDuration=160\r\n");
    let told = at_once(|| {
        info(&mut phone, &invite, 1, &relay('*'))?;
        info(&mut phone, &invite, 2, &relay('1'))
    });
    told.expect("both are answered");
    node.agent_is("ready").await;
    let told = at_once(|| {
        info(&mut phone, &invite, 3, "*")?;
        info(&mut phone, &invite, 4, "2")
    });
    told.expect("both are answered");
    node.agent_is("break").await;
    node.node.stop().await;
}

/// A desk phone without telephone-event: every code once, each as tones.
#[tokio::test(flavor = "multi_thread")]
async fn an_agents_codes_are_heard_as_tones_in_the_audio() {
    let peer = Peer::without_key_events(79);
    let node = TestNode::start(&config(peer.address, "")).await;
    node.leads(&[LEAD]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    let agent = super::agent(&node, "ana");
    node.tell(Input::AgentLogin { agent }).await;
    let call = at_once(|| peer.called("ana"));
    let desk = peer.answer(&call, 0.0);
    peer.listen_for(desk, &ALL_HZ);
    node.agent_is("break").await;
    peer.press(desk, "*1");
    node.agent_is("ready").await;
    peer.press(desk, "*2");
    node.agent_is("break").await;
    peer.press(desk, "*1");
    node.agent_is("ready").await;
    node.run(true).await;
    let call = at_once(|| peer.called(LEAD));
    let customer = peer.answer(&call, CUSTOMER_HZ);
    node.agent_is("talking").await;
    at_once(|| peer.wait_to_hear(desk, CUSTOMER_HZ));
    peer.press(desk, "*4");
    at_once(|| peer.wait_for_quiet(desk, CUSTOMER_HZ));
    peer.press(desk, "*4");
    at_once(|| peer.wait_to_hear(desk, CUSTOMER_HZ));
    peer.press(desk, "*3");
    at_once(|| peer.ended(customer.leg));
    node.node.stop().await;
}
