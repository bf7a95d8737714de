//! The campaign's own opt-out key.

use super::{AGENT_HZ, CUSTOMER_HZ, LEAD, at_once, text};
use crate::support::node::TestNode;
use crate::support::peer::Peer;
use carillon_decision::call::Outcome;

#[tokio::test(flavor = "multi_thread")]
async fn the_campaigns_own_key_opts_out_and_no_other() {
    let peer = Peer::start(73);
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
