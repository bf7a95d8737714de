//! Messages on answering machines.

use super::{AGENT_HZ, LEAD, at_once, text};
use crate::support::node::TestNode;
use crate::support::peer::{Peer, Way};
use carillon_decision::call::{AmdVerdict, Outcome};
use carillon_media::prompts;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_left_whole_and_only_after_the_beep() {
    let peer = Peer::start(80);
    let text = text(&peer, "machine = \"leave_message\"")
        .replace("screening = \"off\"", "screening = \"fast\"");
    let node = TestNode::start(&text).await;
    node.leads(&[LEAD]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    super::log_in(&peer, &node, "ana", AGENT_HZ).await;
    node.run(true).await;
    let call = at_once(|| peer.called(LEAD));
    let machine = peer.answer(&call, 0.0);
    let mut tape = peer.tape(machine);
    // A greeting of eight seconds with its beep at the end.
    peer.say(machine, "greeting-machine-1");
    node.board("a machine that talks", |b| {
        b.floor.calls.iter().any(|c| c.phase == "machine")
    })
    .await;
    at_once(|| peer.ended(machine.leg));
    let pieces = tape.so_far();
    let loud = |way| pieces.iter().filter(move |p| p.way == way && p.is_loud());
    let beep = loud(Way::Sent).next_back().expect("it spoke").at;
    let (first, last) = (loud(Way::Received).next(), loud(Way::Received).next_back());
    let (first, last) = (first.expect("a message"), last.expect("a message"));
    assert!(
        first.at > beep,
        "the message began {:?} before the beep ended",
        beep - first.at
    );
    let message = prompts::builtin("machine-message").expect("built in");
    let heard = (last.at - first.at).as_millis() as u64;
    assert!(
        heard + 500 > message.duration_ms(),
        "{heard} ms of {} were heard",
        message.duration_ms()
    );
    let record = node.records(1).await.remove(0);
    assert_eq!(
        (record.verdict, record.outcome),
        (Some(AmdVerdict::Machine), Outcome::Machine)
    );
    assert!(record.message_left);
    assert_eq!(record.agent, None);
    node.node.stop().await;
}
