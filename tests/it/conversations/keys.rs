//! The campaign's own opt-out key.

use super::{AGENT_HZ, ALL_HZ, CUSTOMER_HZ, LEAD, at_once, text};
use crate::support::node::{TestNode, config};
use crate::support::peer::Peer;
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
