//! What agents and supervisors do in conversations, with baresip and linphone as their phones: who
//! hears whom after hold, transfer, conference and supervision, each at the level it was said.
//!
//! Orders are given as people give them: codes pressed on the phone, the phone's own keys, the
//! agents' page and the supervisors' (HTTP).

use super::hearing::{COLLEAGUE_HZ, Ears, OUTSIDE_HZ, Party, SUPERVISOR_HZ};
use super::softphones::Softphone;
use super::talk_floor::*;
use crate::support::peer::Peer;
use serde_json::json;
/// Hold by key and by page; then a colleague is consulted, joined, and takes the customer.
async fn parked_joined_and_passed_to_a_colleague(tag: u8, kind: Kind) {
    let peer = Peer::start(tag);
    let mut floor = Floor::start(&peer, kind).await;
    let customer = floor.talk(&peer).await;
    let ears = Ears::new(&peer)
        .line(Party::Customer, customer)
        .phone(Party::Agent, &*floor.ana);
    expect(&ears, "bridged", &AS_BRIDGED);
    at_once(|| floor.ana.press("*4"));
    expect(&ears, "hold by code", &PARKED);
    at_once(|| floor.ana.press("*4"));
    expect(&ears, "back by code", &AS_BRIDGED);
    let page = floor.page();
    page.order("hold", json!({ "on": true }));
    expect(&ears, "hold by page", &PARKED);
    page.order("hold", json!({ "on": false }));
    expect(&ears, "back by page", &AS_BRIDGED);

    let mut ben = floor.dial_in("ben", COLLEAGUE_HZ, 2).await;
    at_once(|| ben.press("*1"));
    floor.is("ben", "ready").await;
    let ears = ears.phone(Party::Colleague, &ben);
    page.order(
        "transfer",
        json!({ "to": { "agent": "ben" }, "attended": true }),
    );
    expect(
        &ears,
        "consulting",
        &[
            (Party::Customer, &[MUSIC]),
            (Party::Agent, &[BEN]),
            (Party::Colleague, &[ANA]),
        ],
    );
    page.order("consult", json!({ "step": "join" }));
    expect(
        &ears,
        "all three",
        &[
            (Party::Customer, &[ANA, BEN]),
            (Party::Agent, &[CUSTOMER, BEN]),
            (Party::Colleague, &[CUSTOMER, ANA]),
        ],
    );
    at_once(|| floor.ana.press("*81"));
    expect(
        &ears,
        "passed on",
        &[
            (Party::Customer, &[BEN]),
            (Party::Agent, &[]),
            (Party::Colleague, &[CUSTOMER]),
        ],
    );
    floor.is("ana", "wrap_up").await;
    floor.is("ben", "talking").await;
    peer.hang_up(customer);
    floor.is("ben", "wrap_up").await;
    floor.node.node.stop().await;
}

/// An outside number is called in, joined and let go, and another takes the customer.
async fn joined_by_and_passed_to_an_outside_number(tag: u8, kind: Kind) {
    let peer = Peer::start(tag);
    let mut floor = Floor::start(&peer, kind).await;
    let customer = floor.talk(&peer).await;
    let ears = Ears::new(&peer)
        .line(Party::Customer, customer)
        .phone(Party::Agent, &*floor.ana);
    expect(&ears, "bridged", &AS_BRIDGED);
    at_once(|| floor.ana.press("*71"));
    let call = at_once(|| peer.called(BILLING));
    let outside = peer.answer(&call, OUTSIDE_HZ);
    let ears = ears.line(Party::Outside, outside);
    let consulting: [(Party, &[Voice]); 3] = [
        (Party::Customer, &[MUSIC]),
        (Party::Agent, &[OUTSIDE]),
        (Party::Outside, &[ANA]),
    ];
    expect(&ears, "consulting", &consulting);
    at_once(|| floor.ana.press("*82"));
    expect(
        &ears,
        "all three",
        &[
            (Party::Customer, &[ANA, OUTSIDE]),
            (Party::Agent, &[CUSTOMER, OUTSIDE]),
            (Party::Outside, &[CUSTOMER, ANA]),
        ],
    );
    at_once(|| floor.ana.press("*80"));
    at_once(|| peer.ended(outside.leg));
    expect(&ears, "let go", &AS_BRIDGED);

    let page = floor.page();
    let to = json!({ "to": { "destination": "billing" }, "attended": true });
    page.order("transfer", to);
    let call = at_once(|| peer.called(BILLING));
    let outside = peer.answer(&call, OUTSIDE_HZ);
    let ears = ears.line(Party::Outside, outside);
    expect(&ears, "consulting again", &consulting);
    page.order("consult", json!({ "step": "complete" }));
    expect(
        &ears,
        "passed on",
        &[
            (Party::Customer, &[OUTSIDE]),
            (Party::Agent, &[]),
            (Party::Outside, &[CUSTOMER]),
        ],
    );
    floor.is("ana", "wrap_up").await;
    peer.hang_up(customer);
    at_once(|| peer.ended(outside.leg));
    floor.node.node.stop().await;
}

/// The phone's own keys: hold (a re-INVITE), then transfer (REFER), after which the phone is on
/// the floor for the next call.
async fn parked_and_passed_on_by_the_phones_own_keys(tag: u8, kind: Kind) {
    let peer = Peer::start(tag);
    let mut floor = Floor::start(&peer, kind).await;
    let customer = floor.talk(&peer).await;
    let ears = Ears::new(&peer)
        .line(Party::Customer, customer)
        .phone(Party::Agent, &*floor.ana);
    expect(&ears, "bridged", &AS_BRIDGED);
    at_once(|| floor.ana.hold(true));
    // A phone on hold plays and records what it likes.
    expect(&ears, "hold by phone", &[(Party::Customer, &[MUSIC])]);
    at_once(|| floor.ana.hold(false));
    expect(&ears, "back by phone", &AS_BRIDGED);
    at_once(|| floor.ana.transfer("billing"));
    let call = at_once(|| peer.called(BILLING));
    let outside = peer.answer(&call, OUTSIDE_HZ);
    let ears = ears.line(Party::Outside, outside);
    expect(
        &ears,
        "passed on",
        &[(Party::Customer, &[OUTSIDE]), (Party::Outside, &[CUSTOMER])],
    );
    floor.is("ana", "wrap_up").await;
    // A phone that hangs up after its transfer is called back.
    let up = |b: &carillon_api::port::BoardStatus| b.floor.agents[0].line_up;
    floor.node.board("Ana's line up", up).await;
    floor.node.node.stop().await;
}

/// A supervisor listens, whispers, joins and leaves.
async fn supervised(tag: u8, kind: Kind) {
    let peer = Peer::start(tag);
    let floor = Floor::start(&peer, kind).await;
    let customer = floor.talk(&peer).await;
    let mut zoe = floor.dial_in("zoe", SUPERVISOR_HZ, 2).await;
    let ears = Ears::new(&peer)
        .line(Party::Customer, customer)
        .phone(Party::Agent, &*floor.ana)
        .phone(Party::Supervisor, &zoe);
    let mut unheard = AS_BRIDGED.to_vec();
    unheard.push((Party::Supervisor, &[]));
    expect(&ears, "bridged", &unheard);
    floor.supervise("listen");
    let listening: [(Party, &[Voice]); 3] = [
        (Party::Customer, &[ANA]),
        (Party::Agent, &[CUSTOMER]),
        (Party::Supervisor, &[ANA, CUSTOMER]),
    ];
    expect(&ears, "listening", &listening);
    floor.supervise("whisper");
    let whispering: [(Party, &[Voice]); 3] = [
        (Party::Customer, &[ANA]),
        (Party::Agent, &[CUSTOMER, ZOE]),
        (Party::Supervisor, &[ANA, CUSTOMER]),
    ];
    expect(&ears, "whispering", &whispering);
    at_once(|| ears.never(Party::Customer, SUPERVISOR_HZ));
    floor.supervise("barge");
    expect(
        &ears,
        "joined",
        &[
            (Party::Customer, &[ANA, ZOE]),
            (Party::Agent, &[CUSTOMER, ZOE]),
            (Party::Supervisor, &[ANA, CUSTOMER]),
        ],
    );
    // The supervisor's own phone does it too: whisper, listen, leave.
    at_once(|| zoe.press("*52"));
    expect(&ears, "whispering by code", &whispering);
    at_once(|| ears.never(Party::Customer, SUPERVISOR_HZ));
    floor.supervise("off");
    expect(&ears, "left", &unheard);
    floor.node.node.stop().await;
}

const MU_LAW: Kind = Kind::Baresip("PCMU");
const A_LAW: Kind = Kind::Baresip("PCMA");

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_mu_law_parks_joins_and_passes_to_a_colleague() {
    parked_joined_and_passed_to_a_colleague(74, MU_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_a_law_parks_joins_and_passes_to_a_colleague() {
    parked_joined_and_passed_to_a_colleague(75, A_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linphone_parks_joins_and_passes_to_a_colleague() {
    parked_joined_and_passed_to_a_colleague(76, Kind::Linphone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_mu_law_joins_and_passes_to_an_outside_number() {
    joined_by_and_passed_to_an_outside_number(77, MU_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_a_law_joins_and_passes_to_an_outside_number() {
    joined_by_and_passed_to_an_outside_number(78, A_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linphone_joins_and_passes_to_an_outside_number() {
    joined_by_and_passed_to_an_outside_number(79, Kind::Linphone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_mu_law_parks_and_passes_on_by_its_own_keys() {
    parked_and_passed_on_by_the_phones_own_keys(80, MU_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_a_law_parks_and_passes_on_by_its_own_keys() {
    parked_and_passed_on_by_the_phones_own_keys(81, A_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linphone_parks_and_passes_on_by_its_own_keys() {
    parked_and_passed_on_by_the_phones_own_keys(82, Kind::Linphone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_mu_law_is_supervised() {
    supervised(83, MU_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_in_a_law_is_supervised() {
    supervised(84, A_LAW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linphone_is_supervised() {
    supervised(85, Kind::Linphone).await;
}
