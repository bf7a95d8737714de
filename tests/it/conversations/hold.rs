//! Hold: by key and by the phone's own button.

use super::{AGENT_HZ, CUSTOMER_HZ, Floor, at_once};
use carillon_decision::call::Outcome;

#[tokio::test(flavor = "multi_thread")]
async fn on_hold_the_customer_hears_music_and_nobody_hears_the_customer() {
    let floor = Floor::start(61, "").await;
    floor.peer.press(floor.desk, "*4");
    floor.hears_no(floor.customer, AGENT_HZ);
    floor.hears_no(floor.desk, CUSTOMER_HZ);
    at_once(|| floor.peer.wait_for_sound(floor.customer));
    floor.peer.press(floor.desk, "*4");
    floor.hears(floor.customer, AGENT_HZ);
    floor.hears(floor.desk, CUSTOMER_HZ);
    floor.peer.press(floor.desk, "*3");
    at_once(|| floor.peer.ended(floor.customer.leg));
    let record = floor.node.records(1).await.remove(0);
    assert_eq!(record.outcome, Outcome::Connected);
    assert!(record.hold_ms > 0 && record.hold_ms < record.talk_ms.unwrap());
    floor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phones_own_hold_button_gives_the_customer_music_instead_of_silence() {
    let floor = Floor::start(62, "").await;
    let hold = |on| {
        let held = floor.peer.with(|e, now| e.hold(now, floor.desk.leg, on));
        held.expect("the line stands");
    };
    hold(true);
    floor.hears_no(floor.customer, AGENT_HZ);
    at_once(|| floor.peer.wait_for_sound(floor.customer));
    hold(false);
    floor.hears(floor.customer, AGENT_HZ);
    floor.hears(floor.desk, CUSTOMER_HZ);
    floor.is("ana", "talking").await;
    floor.stop().await;
}
