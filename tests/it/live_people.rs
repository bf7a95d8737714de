//! Who answers, and what the node does about it: people and machines told apart, messages,
//! answers that come late, orders that must not leave.

use crate::support::node::{TestNode, config};
use crate::support::peer::{Line, Peer};
use carillon_api::port::{Action, Subject};
use carillon_decision::call::{AmdVerdict, Cause, Outcome};
use carillon_decision::event::Input;
use carillon_decision::lead::LeadStatus;
use carillon_sip::Event;

const LEAD: &str = "+12125550123";
const AGENT_HZ: f32 = 440.0;

async fn floor(peer: &Peer, text: &str) -> (TestNode, Line) {
    let node = TestNode::start(text).await;
    node.leads(&[LEAD]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    let agent = node.agent();
    node.tell(Input::AgentLogin { agent }).await;
    let call = tokio::task::block_in_place(|| peer.called("ana"));
    let desk = peer.answer(&call, AGENT_HZ);
    node.agent_is("break").await;
    node.tell(Input::AgentReady { agent }).await;
    node.agent_is("ready").await;
    (node, desk)
}

fn screened(peer: &Peer) -> String {
    config(peer.address, "").replace("screening = \"off\"", "screening = \"greeting\"")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_bridged_after_the_greeting_within_the_legal_time() {
    let peer = Peer::start(21);
    let (node, _desk) = floor(&peer, &screened(&peer)).await;
    node.run(true).await;
    let call = tokio::task::block_in_place(|| peer.called(LEAD));
    let callee = peer.answer(&call, 0.0);
    peer.say(callee, "greeting-human-1");
    node.agent_is("talking").await;
    tokio::task::block_in_place(|| peer.wait_to_hear(callee, AGENT_HZ));
    peer.hang_up(callee);
    let record = node.records(1).await.remove(0);
    assert_eq!(
        (record.verdict, record.outcome),
        (Some(AmdVerdict::Person), Outcome::Connected)
    );
    let waited = record.wait_ms.expect("the abandonment clock ran");
    assert!(
        waited < 2_000,
        "{waited} ms from the end of the greeting to the agent"
    );
    let vitals = node.node.vitals();
    assert_eq!(vitals.bridges, 1);
    assert!(
        vitals.bridge_ms_p99 > 0.0 && vitals.bridge_ms_p99 < 500.0,
        "{vitals:?}"
    );
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_hung_up_and_never_reaches_an_agent() {
    let peer = Peer::start(22);
    let (node, _desk) = floor(&peer, &screened(&peer)).await;
    node.run(true).await;
    let call = tokio::task::block_in_place(|| peer.called(LEAD));
    let callee = peer.answer(&call, 0.0);
    peer.say(callee, "greeting-machine-1");
    tokio::task::block_in_place(|| peer.ended(callee.leg));
    let record = node.records(1).await.remove(0);
    assert_eq!(
        (record.verdict, record.outcome),
        (Some(AmdVerdict::Machine), Outcome::Machine)
    );
    assert_eq!(record.agent, None);
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaigns_own_score_decides_who_is_a_machine() {
    let folder = tempfile::tempdir().expect("a directory");
    let table = folder.path().join("own.table");
    // Whoever says anything is a machine here.
    let text = "bias 0\nfast -1 0:1500\ncareful -1 0:1500\ncurve span_ms 0:0 1000:1\n";
    std::fs::write(&table, text).expect("writable");
    let peer = Peer::start(88);
    let own = format!("amd = {{ score = \"{}\" }}\n", table.display());
    let text = screened(&peer).replace("screening = ", &format!("{own}screening = "));
    let (node, _desk) = floor(&peer, &text).await;
    node.run(true).await;
    let call = tokio::task::block_in_place(|| peer.called(LEAD));
    let callee = peer.answer(&call, 0.0);
    peer.say(callee, "greeting-human-1");
    tokio::task::block_in_place(|| peer.ended(callee.leg));
    let record = node.records(1).await.remove(0);
    assert_eq!(
        (record.verdict, record.outcome),
        (Some(AmdVerdict::Machine), Outcome::Machine),
        "the shipped score takes the same greeting for a person's"
    );
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_agent_the_person_hears_the_message_and_can_opt_out() {
    let peer = Peer::start(23);
    let (node, desk) = floor(&peer, &config(peer.address, "")).await;
    node.run(true).await;
    let call = tokio::task::block_in_place(|| peer.called(LEAD));
    peer.ring(&call);
    node.board("ringing", |b| {
        b.floor.calls.iter().any(|c| c.phase == "ringing")
    })
    .await;
    // The agent's phone dies before the answer: nobody is left to take the call. The answer
    // may cross the CANCEL, which makes it a person on the line all the same.
    peer.hang_up(desk);
    let callee = peer.answer(&call, 0.0);
    node.board("the message", |b| {
        b.floor.calls.iter().any(|c| c.phase == "message")
    })
    .await;
    peer.press(callee, "1");
    tokio::task::block_in_place(|| peer.ended(callee.leg));
    let record = node.records(1).await.remove(0);
    assert_eq!(record.outcome, Outcome::Abandoned);
    let number = LEAD.parse().unwrap();
    let listed = node.node.store().dnc_check(number).await.unwrap();
    assert_eq!(listed.len(), 1, "the opt-out is on the list at once");
    let lead = node.node.store().lead(record.lead.unwrap()).await.unwrap();
    assert_eq!(lead.status, LeadStatus::DoNotCall);
    let board = node
        .board("the abandon in the ledger", |b| {
            b.floor.campaigns[0].totals.abandoned == 1
        })
        .await;
    assert_eq!(board.floor.campaigns[0].totals.connected, 0);
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_decides_and_sends_nothing() {
    let peer = Peer::start(24);
    let text = config(peer.address, "").replace("[sip]", "dry_run = true\n        [sip]");
    let (node, _desk) = floor(&peer, &text).await;
    node.run(true).await;
    let record = node.records(1).await.remove(0);
    assert_eq!(record.outcome, Outcome::Unanswered(Cause::NotSent));
    let lead = node.node.store().lead(record.lead.unwrap()).await.unwrap();
    assert_eq!(lead.attempts, 0, "no attempt on the person");
    node.run(false).await;
    node.node.stop().await;
    let sent = tokio::task::block_in_place(|| peer.seen_so_far());
    assert!(
        !sent
            .iter()
            .any(|e| matches!(e, Event::Incoming(call) if call.to_user == LEAD))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_test_shows_its_ladder_and_what_to_do() {
    let peer = Peer::start(25);
    let (node, _desk) = floor(&peer, &config(peer.address, "")).await;
    let floor = node.node.floor();
    let number = "+12125550177";
    let test = || Action::TrunkTest {
        name: "carrier".to_owned(),
        number: number.parse().unwrap(),
    };
    let asked = tokio::spawn({
        let (floor, test) = (node.node.floor(), test());
        async move { floor.act(test).await }
    });
    let call = tokio::task::block_in_place(|| peer.called(number));
    peer.ring(&call);
    let line = peer.answer(&call, AGENT_HZ);
    tokio::task::block_in_place(|| peer.ended(line.leg));
    let report = asked.await.unwrap().unwrap();
    let ladder = report.ladder.join("\n");
    assert!(
        report.message.contains("`carrier` works"),
        "{}\n{ladder}",
        report.message
    );
    for step in [
        "options", "call", "audio", "dtmf", "hold", "resume", "hang_up",
    ] {
        let passed = format!("ok   {step} ");
        assert!(ladder.contains(&passed), "{step} is missing in\n{ladder}");
    }
    for message in ["INVITE", "180", "200", "ACK", "BYE"] {
        assert!(
            ladder.contains(message),
            "{message} is missing in\n{ladder}"
        );
    }
    let refused = tokio::spawn({
        let test = test();
        async move { floor.act(test).await }
    });
    let call = tokio::task::block_in_place(|| peer.called(number));
    peer.reject(&call, 403);
    let report = refused.await.unwrap().unwrap();
    assert!(
        report.message.contains("403") && report.message.contains("ask the carrier"),
        "{}",
        report.message
    );
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_explained_with_its_permit_and_its_messages() {
    let peer = Peer::start(26);
    let (node, _desk) = floor(&peer, &config(peer.address, "")).await;
    node.run(true).await;
    let call = tokio::task::block_in_place(|| peer.called(LEAD));
    peer.reject(&call, 486);
    let record = node.records(1).await.remove(0);
    let told = node
        .node
        .floor()
        .explain(Subject::Call(record.call))
        .await
        .unwrap();
    assert_eq!(told.summary, "busy");
    let text = format!("{told:?}");
    assert!(text.contains("permit") && text.contains("486"), "{text}");
    let decision = record.decision.expect("a decision asked for it");
    let why = node
        .node
        .floor()
        .explain(Subject::Decision(decision))
        .await
        .unwrap();
    assert!(why.summary.starts_with("dialing 1 line"), "{}", why.summary);
    let lead = node
        .node
        .floor()
        .explain(Subject::Lead(record.lead.unwrap()))
        .await
        .unwrap();
    assert!(
        lead.summary.starts_with("not dialed before"),
        "{}",
        lead.summary
    );
    node.node.stop().await;
}
