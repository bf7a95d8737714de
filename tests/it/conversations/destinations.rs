//! Outside destinations: consulted, called in, given the customer.

use super::{AGENT_HZ, BILLING, CUSTOMER_HZ, Floor, OUTSIDE_HZ, RINGBACK_HZ, at_once};
use carillon_decision::call::{Direction, Outcome};

/// Ana consults billing, who answers.
pub(super) async fn consulted(tag: u8) -> (Floor, crate::support::peer::Line) {
    let floor = Floor::start(tag, "").await;
    floor.peer.press(floor.desk, "*71");
    let call = at_once(|| floor.peer.called(BILLING));
    let open = floor.node.node.store().unfinished_attempts().await.unwrap();
    let out = open.iter().find(|a| a.attempt.lead.is_none());
    let out = out.expect("the attempt is stored before its INVITE leaves");
    assert_eq!(out.attempt.sip_call_id, call.call_id);
    assert!(out.attempt.follows.is_some());
    floor.hears_no(floor.desk, CUSTOMER_HZ);
    at_once(|| floor.peer.wait_for_sound(floor.customer));
    // It rings, and its network sends nothing: the agent hears that it rings all the same.
    floor.peer.ring(&call);
    floor.hears(floor.desk, RINGBACK_HZ);
    let billing = floor.peer.answer(&call, OUTSIDE_HZ);
    floor.peer.listen_for(billing, &super::ALL_HZ);
    floor.circle(&[(floor.desk, AGENT_HZ), (billing, OUTSIDE_HZ)]);
    floor.hears_no(floor.desk, RINGBACK_HZ);
    floor.hears_no(billing, CUSTOMER_HZ);
    floor.hears_no(floor.customer, OUTSIDE_HZ);
    (floor, billing)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_is_consulted_joined_and_given_the_customer() {
    let (floor, billing) = consulted(63).await;
    floor.peer.press(floor.desk, "*82");
    floor.circle(&[
        (floor.desk, AGENT_HZ),
        (billing, OUTSIDE_HZ),
        (floor.customer, CUSTOMER_HZ),
    ]);
    floor.peer.press(floor.desk, "*81");
    floor.is("ana", "wrap_up").await;
    floor.hears_no(floor.desk, CUSTOMER_HZ);
    floor.hears_no(floor.desk, OUTSIDE_HZ);
    floor.hears_no(floor.customer, AGENT_HZ);
    floor.circle(&[(billing, OUTSIDE_HZ), (floor.customer, CUSTOMER_HZ)]);
    // The destination hangs up: so is the customer.
    floor.peer.hang_up(billing);
    at_once(|| floor.peer.ended(floor.customer.leg));
    let records = floor.node.records(2).await;
    let transfer = records.iter().find(|r| r.direction == Direction::Transfer);
    let transfer = transfer.expect("a record of its own");
    let customer = records.iter().find(|r| r.direction == Direction::Outbound);
    let customer = customer.expect("the customer's record");
    assert_eq!(transfer.follows, Some(customer.call));
    assert_eq!(transfer.number, Some(BILLING.parse().unwrap()));
    assert_eq!(customer.outcome, Outcome::Connected);
    assert_eq!(customer.agent, Some(floor.agent("ana")));
    let open = floor.node.node.store().unfinished_attempts().await.unwrap();
    assert!(open.is_empty(), "{open:?}");
    floor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consultation_that_is_cancelled_leads_back_to_the_customer() {
    let (floor, billing) = consulted(64).await;
    floor.peer.press(floor.desk, "*80");
    at_once(|| floor.peer.ended(billing.leg));
    floor.circle(&[(floor.desk, AGENT_HZ), (floor.customer, CUSTOMER_HZ)]);
    floor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_destination_leads_back_to_the_customer() {
    let floor = Floor::start(65, "").await;
    floor.peer.press(floor.desk, "*71");
    let call = at_once(|| floor.peer.called(BILLING));
    floor.hears_no(floor.desk, CUSTOMER_HZ);
    floor.peer.reject(&call, 486);
    floor.circle(&[(floor.desk, AGENT_HZ), (floor.customer, CUSTOMER_HZ)]);
    floor.is("ana", "talking").await;
    floor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_passed_on_at_once_hears_music_until_the_destination_answers() {
    let floor = Floor::start(66, "").await;
    floor.peer.press(floor.desk, "*701");
    let call = at_once(|| floor.peer.called(BILLING));
    floor.is("ana", "wrap_up").await;
    at_once(|| floor.peer.wait_for_sound(floor.customer));
    let billing = floor.peer.answer(&call, OUTSIDE_HZ);
    floor.peer.listen_for(billing, &super::ALL_HZ);
    floor.circle(&[(billing, OUTSIDE_HZ), (floor.customer, CUSTOMER_HZ)]);
    // The customer hangs up: nobody keeps the destination.
    floor.peer.hang_up(floor.customer);
    at_once(|| floor.peer.ended(billing.leg));
    floor.stop().await;
}
