//! What is kept of a conversation, and what supervisors are told of its sound.

use super::{AGENT_HZ, CUSTOMER_HZ, Floor, LEAD, at_once, text};
use crate::support::node::TestNode;
use crate::support::peer::Peer;
use carillon_sip::{MediaSpec, SessionDescription};
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};

/// Recordings below a directory.
fn recordings(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries.map(|e| e.expect("a directory is read").path()) {
        if entry.is_dir() {
            found.extend(recordings(&entry));
        } else if entry.extension().is_some_and(|e| e == "wav") {
            found.push(entry);
        }
    }
    found
}

/// Level of a tone in one channel of the last second of a stereo WAV, dB to full scale.
fn level(wav: &Path, channel: usize, hz: f32) -> f32 {
    let octets = std::fs::read(wav).expect("the recording is there");
    let samples: Vec<i16> = octets[octets.len() - 4 * 8_000..]
        .chunks_exact(4)
        .map(|frame| i16::from_le_bytes([frame[2 * channel], frame[2 * channel + 1]]))
        .collect();
    carillon_media::meter::tone_db(&samples, hz)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_recorded_with_each_side_on_its_channel() {
    let more = "recording = { consent = \"given\" }";
    let floor = Floor::start(74, more).await;
    // A second of both is kept whole.
    at_once(|| floor.peer.hears_for(floor.customer, 1_500));
    floor.peer.hang_up(floor.customer);
    let record = floor.node.records(1).await.remove(0);
    assert!(record.recorded);
    let directory = std::sync::Arc::clone(&floor.node.directory);
    floor.stop().await;
    let found = recordings(&directory.path().join("recordings"));
    let [wav] = &found[..] else {
        panic!("one recording: {found:?}")
    };
    assert!(level(wav, 0, CUSTOMER_HZ) > -25.0, "left: the customer");
    assert!(
        level(wav, 1, AGENT_HZ) > -25.0,
        "right: what the customer heard"
    );
    assert!(level(wav, 0, AGENT_HZ) < -50.0 && level(wav, 1, CUSTOMER_HZ) < -50.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_cannot_be_written_is_trouble_on_the_board_and_the_call_goes_on() {
    // Where the folder of any year would be there is a file: nothing can be written below it.
    let root = tempfile::tempdir().expect("a directory");
    for year in 2026..2126 {
        std::fs::write(root.path().join(year.to_string()), "").expect("a file");
    }
    let peer = Peer::start(84);
    let base = text(&peer, "recording = { consent = \"given\" }");
    let text = format!("[recording]\nroot = \"{}\"\n{base}", root.path().display());
    let floor = Floor::start_on(peer, &text).await;
    let board = floor
        .node
        .board("the recorder's trouble", |b| {
            b.alerts.iter().any(|a| a.code == "recording_io")
        })
        .await;
    let alert = board.alerts.iter().find(|a| a.code == "recording_io");
    let alert = alert.expect("just seen");
    assert_eq!(alert.level, carillon_api::port::AlertLevel::Critical);
    assert!(alert.text.contains("its call goes on"), "{}", alert.text);
    floor.hears(floor.customer, AGENT_HZ);
    floor.hears(floor.desk, CUSTOMER_HZ);
    floor.peer.hang_up(floor.customer);
    let campaign = floor.node.campaign();
    let board = floor
        .node
        .board("the conversation measured", |b| {
            b.sound.get(&campaign).is_some_and(|s| s.measured == 1)
        })
        .await;
    let sound = &board.sound[&campaign];
    assert_eq!(
        (sound.judged, sound.alarms),
        (0, 0),
        "nothing is live any more"
    );
    floor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_is_never_heard_is_an_alert_once() {
    let peer = Peer::start(75);
    let node = TestNode::start(&text(&peer, "")).await;
    node.leads(&[LEAD]).await;
    node.board("the trunk up", |b| b.floor.trunks[0].up).await;
    let _desk = super::log_in(&peer, &node, "ana", AGENT_HZ).await;
    node.run(true).await;
    let call = at_once(|| peer.called(LEAD));
    // Answered, with audio going to a socket that never says anything.
    let mute = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let spec = MediaSpec::g711(mute.local_addr().unwrap(), 1);
    let answer = SessionDescription::answer(call.sdp.as_ref().unwrap(), &spec).unwrap();
    peer.with(|e, now| e.answer(now, call.leg, &answer.to_bytes()))
        .unwrap();
    node.agent_is("talking").await;
    let board = node
        .board("the alert", |b| {
            b.alerts
                .iter()
                .any(|a| a.text.contains("is heard of the customer"))
        })
        .await;
    let of_call = |a: &&carillon_api::port::Alert| a.text.contains("no packet came");
    assert_eq!(
        board.alerts.iter().filter(of_call).count(),
        1,
        "{:?}",
        board.alerts
    );
    node.node.stop().await;
}

/// The customer's phone reports (RTCP) that it receives no stream at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_hears_nothing_is_an_alert_once() {
    let floor = Floor::start(80, "").await;
    let leg = floor.customer.leg;
    let ours = floor.peer.with(|e, _| e.remote_sdp(leg).cloned());
    let ours = ours.and_then(|sdp| sdp.audio()?.remote);
    let mut control = ours.expect("the node named its port");
    control.set_port(control.port() + 1);
    let phone = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut report = Vec::new();
    carillon_media::rtcp::write_report(&mut report, 1, None, &[], "phone");
    // The first sets the mark; five seconds are more than the alert waits for.
    for _ in 0..5 {
        phone.send_to(&report, control).unwrap();
        at_once(|| floor.peer.hears_for(floor.customer, 1_200));
    }
    let of_call =
        |a: &&carillon_api::port::Alert| a.text.contains("the customer has heard nothing");
    let board = floor
        .node
        .board("the alert", |b| b.alerts.iter().any(|a| of_call(&a)))
        .await;
    let told: Vec<_> = board.alerts.iter().filter(of_call).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text.contains("name no stream"), "{told:?}");
    floor.stop().await;
}
