//! What the network says in tones before any answer.

use crate::support::node::{TestNode, config};
use crate::support::peer::Peer;
use carillon_decision::call::{Cause, Outcome};
use carillon_decision::event::Input;
use carillon_decision::number::E164;
use carillon_media::SitKind;
use carillon_media::tone::{Segment, Tone};
use carillon_sip::Event;
use std::collections::BTreeMap;

async fn floor(peer: &Peer, leads: &[&str]) -> TestNode {
    floor_on(peer, &config(peer.address, ""), leads).await
}

async fn floor_on(peer: &Peer, text: &str, leads: &[&str]) -> TestNode {
    let node = TestNode::start(text).await;
    node.leads(leads).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    let agent = node.agent();
    node.tell(Input::AgentLogin { agent }).await;
    let call = tokio::task::block_in_place(|| peer.called("ana"));
    peer.answer(&call, 440.0);
    node.agent_is("break").await;
    node.tell(Input::AgentReady { agent }).await;
    node.agent_is("ready").await;
    node.run(true).await;
    node
}

/// A tone, a pause, over and over: how exchanges send their announcements.
fn announced(kind: SitKind) -> Vec<i16> {
    let mut samples = Tone::sit(kind).samples();
    samples.extend([0; 8_000]);
    samples
}

#[tokio::test(flavor = "multi_thread")]
async fn tones_in_early_media_say_how_a_call_fails() {
    let said = [
        ("+12125550123", Tone::busy().samples(), Cause::Busy),
        (
            "+12125550124",
            Tone::congestion().samples(),
            Cause::Congestion,
        ),
        (
            "+12125550125",
            announced(SitKind::Intercept),
            Cause::Disconnected,
        ),
        (
            "+12125550126",
            announced(SitKind::VacantCode),
            Cause::Disconnected,
        ),
        (
            "+12125550127",
            announced(SitKind::NoCircuit),
            Cause::Congestion,
        ),
    ];
    let peer = Peer::start(83);
    let numbers = said.each_ref().map(|(number, ..)| *number);
    let node = floor(&peer, &numbers).await;
    let mut lines = BTreeMap::new();
    while lines.len() < said.len() {
        let call = tokio::task::block_in_place(|| peer.called_any());
        let mut known = said.iter().filter(|(number, ..)| *number == call.to_user);
        let (number, samples, _) = known.next().expect("a lead");
        let line = peer.early(&call, samples.clone());
        lines.insert(*number, line);
        // The node gives up by itself: nothing was answered or refused.
        tokio::task::block_in_place(|| {
            peer.wait(
                &format!("that {number} was given up"),
                |event| match event {
                    Event::IncomingCancelled { leg, .. } if leg == line.leg => Some(()),
                    _ => None,
                },
            );
        });
    }
    let records = node.records(said.len()).await;
    for (number, _, cause) in said {
        let number: E164 = number.parse().expect("a number");
        let record = records.iter().find(|r| r.number == Some(number));
        let outcome = record.map(|r| r.outcome);
        assert_eq!(outcome, Some(Outcome::Unanswered(cause)), "{number}");
    }
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ringback_in_early_media_is_ringing() {
    let peer = Peer::start(84);
    let lead = "+12125550123";
    let node = floor(&peer, &[lead]).await;
    let call = tokio::task::block_in_place(|| peer.called(lead));
    peer.early(&call, Tone::ringback().samples());
    node.board("ringing", |b| {
        b.floor.calls.iter().any(|c| c.phase == "ringing")
    })
    .await;
    peer.reject(&call, 486);
    let record = node.records(1).await.remove(0);
    assert_eq!(record.outcome, Outcome::Unanswered(Cause::Busy));
    assert!(
        record.pdd_ms.is_some() && record.ring_ms.is_some(),
        "{record:?}"
    );
    node.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tone_means_what_it_means_in_the_country_that_is_configured() {
    let lead = "+12125550123";
    // 250 ms on, 250 ms off: busy in Brazil, congestion in most of Europe.
    let tone = Tone::new([Segment::single(425.0, 250), Segment::pause(250)]);
    let trunk = "name = \"carrier\"";
    for (tag, of_campaign, cause) in [
        (93, "", Cause::Busy),
        (94, "amd = { tones = \"eu\" }", Cause::Congestion),
    ] {
        let peer = Peer::start(tag);
        let text = config(peer.address, of_campaign).replacen(
            trunk,
            &format!("{trunk}\ntones = \"br\""),
            1,
        );
        let node = floor_on(&peer, &text, &[lead]).await;
        let call = tokio::task::block_in_place(|| peer.called(lead));
        peer.early(&call, tone.clone().at_level(-20.0).samples());
        let record = node.records(1).await.remove(0);
        assert_eq!(
            record.outcome,
            Outcome::Unanswered(cause),
            "{of_campaign:?}"
        );
        node.node.stop().await;
    }
}
