//! The transfer key of an agent's own phone (REFER).

use super::{AGENT_HZ, BILLING, CUSTOMER_HZ, Floor, OUTSIDE_HZ, at_once, log_in};
use carillon_sip::{Event, ReferOutcome};

/// Sends a REFER on a line and waits for its outcome.
fn refer(floor: &Floor, line: crate::support::peer::Line, target: &str) -> ReferOutcome {
    let asked = floor
        .peer
        .with(|e, now| e.refer(now, line.leg, target, None));
    asked.expect("the line stands");
    outcome(floor, line)
}

fn outcome(floor: &Floor, line: crate::support::peer::Line) -> ReferOutcome {
    at_once(|| {
        floor
            .peer
            .wait("how the transfer went", |event| match event {
                Event::ReferEnded { leg, outcome } if leg == line.leg => Some(outcome),
                _ => None,
            })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phones_transfer_key_passes_the_customer_on_and_the_phone_is_called_back() {
    let floor = Floor::start(67, "").await;
    let target = format!("sip:{BILLING}@{}", floor.node.sip());
    let asked = floor
        .peer
        .with(|e, now| e.refer(now, floor.desk.leg, &target, None));
    asked.expect("the line stands");
    let call = at_once(|| floor.peer.called(BILLING));
    let billing = floor.peer.answer(&call, OUTSIDE_HZ);
    floor.peer.listen_for(billing, &super::ALL_HZ);
    floor.circle(&[(billing, OUTSIDE_HZ), (floor.customer, CUSTOMER_HZ)]);
    floor.is("ana", "wrap_up").await;
    // Phones hang up when their transfer is done; the agent stays on the floor.
    floor.peer.hang_up(floor.desk);
    let back = at_once(|| floor.peer.called("ana"));
    let desk = floor.peer.answer(&back, AGENT_HZ);
    floor.peer.press(desk, "*1");
    floor.is("ana", "ready").await;
    floor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_is_named_by_login_and_takes_the_customer() {
    let floor = Floor::start(68, "").await;
    let ben = log_in(&floor.peer, &floor.node, "ben", super::SUPERVISOR_HZ).await;
    let done = refer(&floor, floor.desk, "sip:ben@carillon");
    assert_eq!(done, ReferOutcome::Transferred);
    floor.hears(ben, CUSTOMER_HZ);
    floor.hears(floor.customer, super::SUPERVISOR_HZ);
    floor.hears_no(floor.desk, CUSTOMER_HZ);
    floor.is("ben", "talking").await;
    floor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_to_nobody_we_know_and_by_customers_are_declined() {
    let floor = Floor::start(69, "").await;
    let unknown = refer(&floor, floor.desk, "sip:+12025550999@carillon");
    assert_eq!(unknown, ReferOutcome::Refused { code: 404 });
    let customer = refer(&floor, floor.customer, "sip:+12025550999@carillon");
    assert_eq!(customer, ReferOutcome::Refused { code: 603 });
    floor.circle(&[(floor.desk, AGENT_HZ), (floor.customer, CUSTOMER_HZ)]);
    floor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_the_floor_does_not_allow_fails_on_the_phone_and_changes_nothing() {
    let floor = Floor::start(70, "").await;
    // Ben is not on duty.
    let done = refer(&floor, floor.desk, "sip:ben@carillon");
    assert_eq!(done, ReferOutcome::Failed { code: 603 });
    floor.circle(&[(floor.desk, AGENT_HZ), (floor.customer, CUSTOMER_HZ)]);
    floor.is("ana", "talking").await;
    floor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phones_attended_transfer_joins_the_customer_to_whom_it_replaces() {
    let (floor, billing) = super::destinations::consulted(85).await;
    let target = floor
        .peer
        .with(|e, _| e.remote_target(billing.leg))
        .expect("the line stands");
    let asked = floor
        .peer
        .with(|e, now| e.refer(now, floor.desk.leg, &target, Some(billing.leg)));
    asked.expect("the line stands");
    assert_eq!(outcome(&floor, floor.desk), ReferOutcome::Transferred);
    floor.circle(&[(billing, OUTSIDE_HZ), (floor.customer, CUSTOMER_HZ)]);
    floor.hears_no(floor.desk, CUSTOMER_HZ);
    floor.hears_no(floor.customer, AGENT_HZ);
    floor.is("ana", "wrap_up").await;
    floor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replacing_a_call_of_somebody_elses_is_declined_and_changes_nothing() {
    let floor = Floor::start(86, "").await;
    // Sue is on the floor, and in no talk with Ana.
    let sue = log_in(&floor.peer, &floor.node, "sue", super::SUPERVISOR_HZ).await;
    let asked = floor.peer.with(|e, now| {
        let target = e.remote_target(sue.leg).expect("the line stands");
        e.refer(now, floor.desk.leg, &target, Some(sue.leg))
    });
    asked.expect("the line stands");
    let declined = ReferOutcome::Refused { code: 603 };
    assert_eq!(outcome(&floor, floor.desk), declined);
    floor.circle(&[(floor.desk, AGENT_HZ), (floor.customer, CUSTOMER_HZ)]);
    floor.is("ana", "talking").await;
    floor.stop().await;
}
