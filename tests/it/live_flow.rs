//! The main job through the real node: store, engine, SIP and RTP on loopback, with a far end
//! of the test's own making.

use crate::support::node::{TestNode, config};
use crate::support::peer::{Line, Peer};
use carillon_decision::agent::{AgentState, BreakReason};
use carillon_decision::call::{Cause, Direction, EndedBy, Outcome};
use carillon_decision::event::Input;
use carillon_decision::lead::LeadStatus;

const LEAD: &str = "+12125550123";
const AGENT_HZ: f32 = 440.0;
const CALLEE_HZ: f32 = 1_000.0;

/// Logs the agent in on a line that the peer answers, and makes the agent ready.
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

/// The run's journal, replayed into a fresh engine, orders the same to the last command.
fn replays(directory: &std::path::Path) {
    let mut files = std::fs::read_dir(directory.join("journal")).unwrap();
    let file = std::fs::File::open(files.next().unwrap().unwrap().path()).unwrap();
    let journal = carillon_journal::Reader::open(file).unwrap();
    let report = carillon_journal::replay(journal, |head| {
        Ok(carillon_decision::Engine::new(head.config))
    })
    .unwrap();
    assert!(report.is_identical(), "{:?}", report.first_difference);
    assert_eq!(report.compared, report.inputs);
    assert!(report.commands > 10, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_dialed_bridged_heard_both_ways_and_recorded() {
    let peer = Peer::start(1);
    let node = TestNode::start(&config(peer.address, "")).await;
    let lead = node.leads(&[LEAD]).await[0];
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    let desk = ready_agent(&peer, &node).await;
    node.run(true).await;

    let call = tokio::task::block_in_place(|| peer.called(LEAD));
    assert_eq!(call.from_user, "+12025550100");
    let attempts = node.node.store().unfinished_attempts().await.unwrap();
    assert_eq!(
        attempts.len(),
        1,
        "the attempt is stored before its INVITE leaves"
    );
    assert_eq!(attempts[0].attempt.sip_call_id, call.call_id);
    peer.ring(&call);
    let callee = peer.answer(&call, CALLEE_HZ);
    tokio::task::block_in_place(|| {
        peer.wait_to_hear(callee, AGENT_HZ);
        peer.wait_to_hear(desk, CALLEE_HZ);
    });
    assert!(matches!(
        node.agent_is("talking").await,
        AgentState::Talking(_)
    ));

    peer.hang_up(callee);
    node.agent_is("wrap_up").await;
    let record = node.records(1).await.remove(0);
    assert_eq!(record.outcome, Outcome::Connected);
    assert_eq!(
        (record.lead, record.agent, record.direction),
        (Some(lead), Some(node.agent()), Direction::Outbound)
    );
    assert_eq!(record.ended_by, Some(EndedBy::Customer));
    assert!(record.pdd_ms.is_some() && record.answer_ms.is_some() && record.talk_ms.is_some());
    assert!(record.permit.is_some() && record.decision.is_some());

    tokio::task::block_in_place(|| peer.wait_for_quiet(desk, CALLEE_HZ));
    peer.press(desk, "*91");
    peer.press(desk, "*2");
    assert_eq!(
        node.agent_is("break").await,
        AgentState::Break(BreakReason::Requested)
    );
    let stop = node.node.stop().await;
    assert_eq!(stop.unconfirmed, 0, "the agent's phone confirms its BYE");
    tokio::task::block_in_place(|| peer.ended(desk.leg));

    replays(node.directory.path());
    let again = TestNode::start_in(node.directory, &config(peer.address, "")).await;
    assert_eq!(again.node.recovered().attempts, 0);
    let stored = again.node.store().call(record.call).await.unwrap();
    assert_eq!(stored.disposition.as_deref(), Some("SALE"));
    assert_eq!(
        again.node.store().lead(lead).await.unwrap().status,
        LeadStatus::Completed
    );
    again.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn busy_and_unknown_numbers_get_their_own_outcome_and_leave_no_channel() {
    let peer = Peer::start(2);
    let node = TestNode::start(&config(peer.address, "")).await;
    node.leads(&["+12125550111", "+12125550112"]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    let _desk = ready_agent(&peer, &node).await;
    node.run(true).await;
    for code in [486, 404] {
        let call = tokio::task::block_in_place(|| {
            peer.wait("the next call", |event| match event {
                carillon_sip::Event::Incoming(call) => Some(*call),
                _ => None,
            })
        });
        peer.reject(&call, code);
    }
    let records = node.records(2).await;
    let outcomes: Vec<Outcome> = records.iter().map(|r| r.outcome).collect();
    assert_eq!(
        outcomes,
        [
            Outcome::Unanswered(Cause::Busy),
            Outcome::Unanswered(Cause::Disconnected)
        ]
    );
    node.board("no channel in use", |b| {
        b.floor.trunks[0].in_use == 0 && b.floor.calls.is_empty()
    })
    .await;
    assert!(
        node.node
            .store()
            .unfinished_attempts()
            .await
            .unwrap()
            .is_empty()
    );
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_dies_in_mid_call_is_noticed_and_the_customer_hears_the_message() {
    let peer = Peer::start(3);
    let node = TestNode::start(&config(peer.address, "")).await;
    node.leads(&[LEAD]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    let desk = ready_agent(&peer, &node).await;
    node.run(true).await;
    let call = tokio::task::block_in_place(|| peer.called(LEAD));
    let callee = peer.answer(&call, CALLEE_HZ);
    node.agent_is("talking").await;
    peer.drop_audio(desk);
    node.board("the message", |b| {
        b.floor.calls.iter().any(|c| c.phase == "message")
    })
    .await;
    assert_eq!(
        node.agent_is("break").await,
        AgentState::Break(BreakReason::LineLost)
    );
    // The message ends, and the node hangs up.
    tokio::task::block_in_place(|| peer.ended(callee.leg));
    assert_eq!(node.records(1).await[0].outcome, Outcome::Connected);
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_at_once_hangs_up_everything_with_confirmation() {
    let peer = Peer::start(4);
    let node = TestNode::start(&config(peer.address, "")).await;
    node.leads(&[LEAD]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    let desk = ready_agent(&peer, &node).await;
    node.run(true).await;
    let call = tokio::task::block_in_place(|| peer.called(LEAD));
    let callee = peer.answer(&call, CALLEE_HZ);
    node.agent_is("talking").await;
    let report = node.node.stop().await;
    assert_eq!((report.calls_ended, report.unconfirmed), (1, 0));
    tokio::task::block_in_place(|| {
        peer.wait("both legs' end", {
            let mut left = vec![callee.leg, desk.leg];
            move |event| {
                if let carillon_sip::Event::Ended { leg, .. } = event {
                    left.retain(|l| *l != leg);
                }
                left.is_empty().then_some(())
            }
        })
    });
    let again = TestNode::start_in(node.directory, &config(peer.address, "")).await;
    assert_eq!(
        again.node.recovered().attempts,
        0,
        "the last record was written"
    );
    again.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_phone_logs_in_by_calling_and_may_call_nothing_else() {
    let peer = Peer::start(5);
    let phone = Peer::start(6);
    let text = config(peer.address, "").replace(
        &format!("phone = \"sip:ana@{}\"", peer.address),
        "password = \"s3cret-phone\"",
    );
    let node = TestNode::start(&text).await;
    let login = Some(("ana", "s3cret-phone"));
    tokio::task::block_in_place(|| phone.register(node.sip(), "ana", "s3cret-phone"));
    let refused =
        tokio::task::block_in_place(|| phone.refused(node.sip(), "+12125550199", "ana", login));
    assert_eq!(refused, 403);
    let line =
        tokio::task::block_in_place(|| phone.call(node.sip(), "login", "ana", AGENT_HZ, login));
    node.agent_is("break").await;
    phone.press(line, "*1");
    node.agent_is("ready").await;
    phone.hang_up(line);
    assert_eq!(
        node.agent_is("break").await,
        AgentState::Break(BreakReason::LineLost)
    );
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_to_our_number_reaches_an_agent() {
    let peer = Peer::start(7);
    let more =
        "inbound = { action = \"queue\", longest_wait = \"20s\", prompt = \"inbound-closed\" }";
    let node = TestNode::start(&config(peer.address, more)).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    let desk = ready_agent(&peer, &node).await;
    let stranger = tokio::task::block_in_place(|| {
        peer.refused(node.sip(), "+12025550999", "+12125550123", None)
    });
    assert_eq!(stranger, 404);
    let caller = tokio::task::block_in_place(|| {
        peer.call(node.sip(), "+12025550100", "+12125550123", CALLEE_HZ, None)
    });
    tokio::task::block_in_place(|| {
        peer.wait_to_hear(desk, CALLEE_HZ);
        peer.wait_to_hear(caller, AGENT_HZ);
    });
    // The agent hangs up the customer by phone.
    peer.press(desk, "*3");
    tokio::task::block_in_place(|| peer.ended(caller.leg));
    let record = node.records(1).await.remove(0);
    assert_eq!(
        (record.direction, record.outcome),
        (Direction::Inbound, Outcome::Connected)
    );
    assert_eq!(record.ended_by, Some(EndedBy::Agent));
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_trunk_goes_down_and_comes_back_by_itself() {
    let peer = Peer::start(8);
    let text =
        config(peer.address, "").replace("[sip]", "[sip]\n        options_interval = \"1s\"");
    let node = TestNode::start(&text).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    peer.deafen(true);
    let board = node
        .board("the trunk down", |b| !b.floor.trunks[0].up)
        .await;
    assert!(
        board.floor.trunks[0].reason.contains("OPTIONS"),
        "{}",
        board.floor.trunks[0].reason
    );
    peer.deafen(false);
    node.board("the trunk up again", |b| b.floor.trunks[0].up)
        .await;
    node.node.stop().await;
}
