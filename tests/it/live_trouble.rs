//! Trouble: answers that cross our CANCEL, a node that dies, carriers that want a registration.

use crate::support::node::{TestNode, config};
use crate::support::peer::Peer;
use carillon_decision::call::{Cause, Outcome};
use carillon_decision::event::Input;
use carillon_decision::number::E164;
use carillon_store::{ImportOptions, NewLead};
use std::sync::Arc;

const LEAD: &str = "+12125550123";
const AGENT_HZ: f32 = 440.0;

async fn ready_agent(peer: &Peer, node: &TestNode) {
    let agent = node.agent();
    node.tell(Input::AgentLogin { agent }).await;
    let call = tokio::task::block_in_place(|| peer.called("ana"));
    peer.answer(&call, AGENT_HZ);
    node.agent_is("break").await;
    node.tell(Input::AgentReady { agent }).await;
    node.agent_is("ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_crosses_our_cancel_is_a_person_and_gets_the_agent() {
    let carrier = Peer::start(31);
    let phone = Peer::start(32);
    let text = config(carrier.address, "ring_timeout = \"15s\"").replace(
        &format!("sip:ana@{}", carrier.address),
        &format!("sip:ana@{}", phone.address),
    );
    let node = TestNode::start(&text).await;
    node.leads(&[LEAD]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    ready_agent(&phone, &node).await;
    node.run(true).await;
    let call = tokio::task::block_in_place(|| carrier.called(LEAD));
    carrier.ring(&call);
    node.board("ringing", |b| {
        b.floor.calls.iter().any(|c| c.phase == "ringing")
    })
    .await;
    // The CANCEL is lost on the way, and so is the 200 that crosses it, at first.
    carrier.deafen(true);
    node.board("the CANCEL sent", |b| {
        b.floor.calls.iter().any(|c| c.phase == "ending")
    })
    .await;
    let callee = carrier.answer(&call, 0.0);
    carrier.deafen(false);
    node.agent_is("talking").await;
    tokio::task::block_in_place(|| carrier.wait_to_hear(callee, AGENT_HZ));
    carrier.hang_up(callee);
    let record = node.records(1).await.remove(0);
    assert!(record.late_answer);
    assert_eq!(record.outcome, Outcome::Connected);
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_answer_is_a_person_of_their_own_who_hears_the_message() {
    let peer = Peer::start(37);
    let node = TestNode::start(&config(peer.address, "")).await;
    node.leads(&[LEAD]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    ready_agent(&peer, &node).await;
    node.run(true).await;
    let call = tokio::task::block_in_place(|| peer.called(LEAD));
    peer.ring(&call);
    let callee = peer.answer(&call, 0.0);
    node.agent_is("talking").await;
    peer.answer_again();
    node.board("the second person hears the message", |b| {
        b.floor.calls.iter().any(|c| c.phase == "message")
    })
    .await;
    let second = node.records(1).await.remove(0);
    assert!(second.late_answer);
    assert_eq!(second.outcome, Outcome::Abandoned, "it enters the ledger");
    // The first conversation never noticed.
    node.agent_is("talking").await;
    tokio::task::block_in_place(|| peer.wait_to_hear(callee, AGENT_HZ));
    peer.hang_up(callee);
    let records = node.records(2).await;
    let first = records.iter().find(|r| r.call != second.call).unwrap();
    assert_eq!(
        (first.outcome, second.follows),
        (Outcome::Connected, Some(first.call))
    );
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_an_open_attempt_is_settled_and_the_old_process_stops_dialing() {
    let peer = Peer::start(33);
    let text = config(peer.address, "");
    let dead = TestNode::start(&text).await;
    let lead = dead.leads(&[LEAD]).await[0];
    dead.board("the trunk up", |b| b.floor.trunks[0].up).await;
    ready_agent(&peer, &dead).await;
    dead.run(true).await;
    let call = tokio::task::block_in_place(|| peer.called(LEAD));
    peer.ring(&call);

    // A second process takes over, as systemd starts one after a crash.
    let heir = TestNode::start_in(Arc::clone(&dead.directory), &text).await;
    let found = heir.node.recovered();
    assert_eq!((found.attempts, found.leads), (1, 1));
    let attempts = heir.node.store().unfinished_attempts().await.unwrap();
    assert!(attempts.is_empty());
    let stored = heir.node.store().lead(lead).await.unwrap();
    assert_eq!(stored.attempts, 1, "it counts against the person");
    assert_eq!(
        stored.history[0].record.outcome,
        Outcome::Unanswered(Cause::Cancelled)
    );

    // The old one, if it lives yet, finds itself replaced and dials no more.
    let board = dead
        .board("the takeover", |b| b.floor.store_trouble.is_some())
        .await;
    let trouble = board.floor.store_trouble.unwrap();
    assert!(trouble.contains("another process"), "{trouble}");
    dead.node.stop().await;
    heir.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_that_wants_a_registration_is_up_once_it_stands() {
    let carrier = Peer::registrar(34, "floor-7", "right");
    let with = |password: &str| {
        let more = format!(
            "register = true\n        username = \"floor-7\"\n        password = \"{password}\""
        );
        config(carrier.address, "")
            .replace("channels = 10", &format!("channels = 10\n        {more}"))
    };
    let node = TestNode::start(&with("right")).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    node.node.stop().await;
    let refused = TestNode::start(&with("wrong")).await;
    let board = refused
        .board("the refusal", |b| {
            b.floor.trunks[0].reason.contains("registration refused")
        })
        .await;
    assert!(!board.floor.trunks[0].up);
    refused.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_dialing_and_leaves_the_conversation_alone() {
    let peer = Peer::start(35);
    let node = TestNode::start_with_pages(&config(peer.address, ""), 400).await;
    node.leads(&[LEAD]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    ready_agent(&peer, &node).await;
    node.run(true).await;
    let call = tokio::task::block_in_place(|| peer.called(LEAD));
    let callee = peer.answer(&call, 1_000.0);
    node.agent_is("talking").await;

    fill_the_disk(&node).await;
    let board = node
        .board("store trouble", |b| b.floor.store_trouble.is_some())
        .await;
    assert_eq!(board.floor.calls.len(), 1);
    tokio::task::block_in_place(|| peer.wait_to_hear(callee, AGENT_HZ));
    peer.hang_up(callee);
    node.agent_is("wrap_up").await;
    let agent = node.agent();
    node.tell(Input::AgentReady { agent }).await;
    let board = node
        .board("the reason not to dial", |b| {
            b.floor.campaigns[0].binding == "store"
        })
        .await;
    assert!(
        board.floor.calls.is_empty(),
        "leads there are many, and none is dialed"
    );
    node.node.stop().await;
}

/// Imports leads until the database refuses.
async fn fill_the_disk(node: &TestNode) {
    let mut next = 12_125_000_000_u64;
    for _ in 0..200 {
        let leads = (0..500).map(|_| {
            next += 1;
            NewLead {
                numbers: vec![E164::new(next).unwrap()],
                time_zone: Some("America/New_York".to_owned()),
                ..NewLead::default()
            }
        });
        let options = ImportOptions {
            campaign: node.campaign(),
            list: "filling".to_owned(),
            update: false,
        };
        let imported = node
            .node
            .store()
            .import_leads(options, leads.collect())
            .await;
        if imported.is_err() {
            return;
        }
    }
    panic!("100,000 leads fit into 400 pages");
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_lets_the_conversation_end_and_dials_nobody_new() {
    let peer = Peer::start(36);
    let node = TestNode::start(&config(peer.address, "")).await;
    node.leads(&[LEAD, "+12125550124"]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    ready_agent(&peer, &node).await;
    node.run(true).await;
    let call = tokio::task::block_in_place(|| {
        peer.wait("a call", |event| match event {
            carillon_sip::Event::Incoming(call) => Some(*call),
            _ => None,
        })
    });
    let callee = peer.answer(&call, 1_000.0);
    node.agent_is("talking").await;
    let limit = std::time::Duration::from_secs(30);
    let (left, ()) = tokio::join!(node.node.drain(limit), async {
        node.board("draining", |b| b.floor.draining).await;
        let agent = node.agent();
        node.tell(Input::AgentHangUp { agent }).await;
    });
    assert_eq!(left.unwrap(), 0);
    tokio::task::block_in_place(|| peer.ended(callee.leg));
    assert_eq!(
        node.records(1).await.len(),
        1,
        "the second lead was not dialed"
    );
    assert_eq!(node.node.stop().await.calls_ended, 0);
}
