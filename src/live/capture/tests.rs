//! The whole way: noted, found, tapped, and what it costs.

use super::*;
use carillon_decision::id::CallId;
use carillon_sip::Peer;
use std::net::SocketAddr;
use std::time::Instant;

fn peer() -> Peer {
    Peer::udp(SocketAddr::from(([192, 0, 2, 1], 5060)))
}

fn invite(call_id: &str) -> Vec<u8> {
    let sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
               m=audio 16384 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";
    format!(
        "INVITE sip:+12125550108@192.0.2.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK5d2f0c6a7b;rport\r\nMax-Forwards: 70\r\n\
         From: <sip:+12025550100@192.0.2.9>;tag=5d2f0c6a7b\r\nTo: <sip:+12125550108@192.0.2.1>\r\n\
         Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContact: <sip:+12025550100@192.0.2.9:5060>\r\n\
         Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK\r\nSupported: timer, 100rel\r\n\
         User-Agent: Carillon\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    )
    .into_bytes()
}

#[test]
fn messages_are_found_and_keep_alives_are_not_kept() {
    let capture = Capture::new(Room::default());
    capture.note(1, true, peer(), &invite("a@x"));
    capture.note(2, false, peer(), b"\r\n\r\n");
    capture.note(3, false, peer(), b"garbage");
    capture.name(LadderKey::Call(CallId(7)), "a@x");
    assert_eq!(capture.counters().noted.get(), 2);
    let dialog = capture.named(LadderKey::Call(CallId(7))).unwrap();
    assert_eq!(dialog.messages.len(), 1);
    assert_eq!(capture.latest(true).count(), 1);
    assert_eq!(capture.latest(false).count(), 0);
}

#[test]
fn every_dialog_is_listed_once_whatever_the_page() {
    let capture = Capture::new(Room::default());
    for n in 0..3 * PAGE + 5 {
        capture.note(1, true, peer(), &invite(&n.to_string()));
    }
    let listed: Vec<String> = capture
        .latest(false)
        .map(|d| d.call_id.to_string())
        .collect();
    let all: Vec<String> = (0..3 * PAGE + 5).rev().map(|n| n.to_string()).collect();
    assert_eq!(listed, all);
}

#[test]
fn a_slow_listener_loses_messages_and_holds_nobody_up() {
    let capture = Capture::new(Room::default());
    let tap = capture.tap().unwrap();
    for n in 0..TAP_MAX + 10 {
        capture.note(n as i64, true, peer(), &invite("a"));
    }
    assert_eq!(tap.dropped.load(Ordering::Relaxed), 10);
    assert_eq!(capture.counters().tap_dropped.get(), 10);
    let kept: Vec<i64> = tap.messages.try_iter().map(|m| m.at_us).collect();
    assert_eq!(kept.len(), TAP_MAX);
    assert!(kept.is_sorted());
    drop(tap);
    capture.note(0, true, peer(), &invite("a"));
    assert!(
        capture.lock().taps.is_empty(),
        "who left is no longer served"
    );
    let taps: Vec<Tap> = std::iter::from_fn(|| capture.tap()).collect();
    assert_eq!(taps.len(), TAPS_MAX + 1);
}

/// What a message costs the switch, the ring full and a listener attached:
/// `cargo test --release -p carillon-live --lib costs -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement, not a test: it depends on the machine"]
#[allow(clippy::print_stdout, reason = "a report for people")]
fn a_message_costs_less_than_two_microseconds() {
    let room = Room {
        octets: 8 << 20,
        dialogs: 20_000,
    };
    let capture = Capture::new(room);
    let tap = capture.tap().unwrap();
    let messages: Vec<Vec<u8>> = (0..40_000).map(|n| invite(&format!("{n}-0a@x"))).collect();
    // By the thousand: what else runs on this machine interrupts some of them.
    let mut costs: Vec<f64> = Vec::new();
    for thousand in messages.chunks(1_000).cycle().take(200) {
        let begun = Instant::now();
        for message in thousand {
            capture.note(0, true, peer(), message);
        }
        costs.push(begun.elapsed().as_secs_f64() / 1e3);
        tap.messages.try_iter().for_each(drop);
    }
    costs.sort_unstable_by(f64::total_cmp);
    let best = costs[costs.len() / 4];
    println!(
        "{:.2} µs a message of {} octets",
        best * 1e6,
        messages[0].len()
    );
    assert!(
        capture.counters().forgotten.get() > 100_000,
        "the ring was full"
    );
    assert!(best < 2e-6, "{:.2} µs", best * 1e6);
}
