//! The notice of a recording, by where the callee is.

use super::{AGENT_HZ, CUSTOMER_HZ, at_once, text};
use crate::support::node::TestNode;
use crate::support::peer::{Peer, Way, foreign_ms};
use carillon_media::{meter::tone_db, prompts};
use carillon_store::RecordingFilter;

/// All parties must agree there (Cal. Penal Code 632).
const CALIFORNIA: &str = "+12135550123";
/// One is enough (N.Y. Penal Law 250.00).
const NEW_YORK: &str = "+12125550123";

/// Where the agent's tone begins and ends, a stretch is neither tone nor silence.
const EDGES_MS: usize = 40;

/// What a conversation of two seconds with somebody there left.
struct Left {
    /// Milliseconds of notice the customer heard.
    notice_ms: usize,
    /// The recording's channels: what the customer said, what they heard.
    channels: [Vec<i16>; 2],
    consent: String,
}

async fn recorded(tag: u8, lead: &str) -> Left {
    let peer = Peer::start(tag);
    let more = "recording = { consent = \"all_parties\" }";
    let node = TestNode::start(&text(&peer, more)).await;
    node.leads(&[lead]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    super::log_in(&peer, &node, "ana", AGENT_HZ).await;
    node.run(true).await;
    let call = at_once(|| peer.called(lead));
    let customer = peer.answer(&call, CUSTOMER_HZ);
    let mut tape = peer.tape(customer);
    node.agent_is("talking").await;
    let mut status = node.node.status();
    let row = loop {
        let all = RecordingFilter::default();
        let found = node.node.store().recordings(all, 10).await;
        if let Some(row) = found.expect("the store answers").pop() {
            break row;
        }
        status.changed().await.expect("the node runs");
    };
    // Two seconds of both after it began.
    at_once(|| peer.hears_for(customer, 2_500));
    peer.hang_up(customer);
    assert!(node.records(1).await.remove(0).recorded);
    let directory = std::sync::Arc::clone(&node.directory);
    node.node.stop().await;
    let pieces = tape.so_far();
    let received = pieces.iter().filter(|p| p.way == Way::Received);
    let heard: Vec<i16> = received.flat_map(|p| p.samples.clone()).collect();
    let wav = directory.path().join("recordings").join(&row.begun.path);
    let octets = std::fs::read(wav).expect("the recording is there");
    let frames = octets[44..].chunks_exact(4);
    let channel = |n: usize| {
        let sample = |f: &[u8]| i16::from_le_bytes([f[2 * n], f[2 * n + 1]]);
        frames.clone().map(sample).collect::<Vec<_>>()
    };
    Left {
        notice_ms: foreign_ms(&heard, AGENT_HZ),
        channels: [channel(0), channel(1)],
        consent: row.begun.consent,
    }
}

/// Both are on the recording from its first half second on, each on their side, and no notice.
fn holds_the_talk_alone(left: &Left) {
    let [customer, agent] = &left.channels;
    assert!(customer.len() >= 16_000, "{} samples", customer.len());
    let (own, other) = (&customer[4_000..12_000], &agent[4_000..12_000]);
    assert!(tone_db(own, CUSTOMER_HZ) > -25.0 && tone_db(other, AGENT_HZ) > -25.0);
    let notice = foreign_ms(agent, AGENT_HZ);
    assert!(notice <= EDGES_MS, "{notice} ms of the notice are in it");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_must_agree_the_notice_is_heard_before_the_recording_begins() {
    let left = recorded(81, CALIFORNIA).await;
    let notice = prompts::builtin("recording-notice").expect("built in");
    let (heard, whole) = (left.notice_ms, notice.duration_ms() as usize);
    assert!(heard * 2 > whole, "{heard} ms of speech of {whole} ms");
    holds_the_talk_alone(&left);
    assert!(left.consent.contains("announce"), "{}", left.consent);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_one_is_enough_nothing_is_said_and_the_recording_begins_at_once() {
    let left = recorded(82, NEW_YORK).await;
    assert!(left.notice_ms <= EDGES_MS, "{} ms", left.notice_ms);
    holds_the_talk_alone(&left);
}
