//! What SIPp cannot write: garbage, messages in pieces, several in one segment.

use super::situation::{raw, situations};
use crate::support::raw::{Fault, RawPeer};
use std::time::Duration;

/// To tag of these callees.
const TAG: &str = "raw";
/// How long they talk.
const TALK: Duration = Duration::from_millis(600);
const TCP: &str = "transport = \"tcp\"";

situations! { "octets":
    garbage_between_messages = raw(RawPeer::udp, garbage, &["connected"]);
    two_messages_in_one_datagram = raw(RawPeer::udp, two_in_a_datagram, &["connected"]);
    tcp_octet_by_octet = raw(RawPeer::tcp, octet_by_octet, &["connected"]).trunk(TCP);
    tcp_two_messages_in_one_segment = raw(RawPeer::tcp, two_in_a_segment, &["connected"]).trunk(TCP);
    tcp_segments_cut_anywhere = raw(RawPeer::tcp, cut_anywhere, &["connected"]).trunk(TCP);
    tcp_empty_lines_between_messages = raw(RawPeer::tcp, empty_lines, &["connected"]).trunk(TCP);
    tcp_garbage_while_talking = raw(RawPeer::tcp, garbage_on_a_stream, &["connected"]).trunk(TCP);
}

/// Acknowledged, it talks a moment and hangs up.
fn talk_and_hang_up(peer: &mut RawPeer, invite: &str) -> Result<(), Fault> {
    peer.receive("ACK")?;
    std::thread::sleep(TALK);
    peer.send(peer.request(invite, "BYE", 1, TAG))?;
    peer.receive("SIP/2.0 200").map(drop)
}

/// What is no SIP, or is no message of this call.
fn nonsense(whole: &str) -> Vec<Vec<u8>> {
    let half = whole.len() / 2;
    let changed = |from: &str, to: &str| whole.replacen(from, to, 1).into_bytes();
    vec![
        Vec::new(),
        b"\r\n\r\n".to_vec(),
        b"\0".to_vec(),
        (0..=255).cycle().take(1400).collect(),
        b"SIP/2.0".to_vec(),
        b"GET / HTTP/1.1\r\nHost: carillon\r\n\r\n".to_vec(),
        vec![b'A'; 60_000],
        whole.as_bytes()[..half].to_vec(),
        changed("Content-Length: 0", "Content-Length: 99999"),
        changed("SIP/2.0 180", "SIP/2.0 1800"),
        changed("CSeq: 1 ", "CSeq: 4294967296 "),
        changed("branch=", "branch=z9hG4bK0000000000000000000000000000"),
        changed("Call-ID: ", "Call-ID: of-somebody-else-"),
    ]
}

fn garbage(peer: &mut RawPeer) -> Result<(), Fault> {
    let invite = peer.receive("INVITE")?;
    let ringing = peer.response(&invite, "180 Ringing", TAG);
    let everything = nonsense(&ringing);
    let throw = |peer: &mut RawPeer| everything.iter().try_for_each(|n| peer.send(n));
    throw(peer)?;
    peer.send(&ringing)?;
    throw(peer)?;
    peer.send(peer.response(&invite, "200 OK", TAG))?;
    throw(peer)?;
    talk_and_hang_up(peer, &invite)
}

/// What follows a message in its datagram is no part of it (RFC 3261 §18.3), nor a message.
fn two_in_a_datagram(peer: &mut RawPeer) -> Result<(), Fault> {
    let invite = peer.receive("INVITE")?;
    let ringing = peer.response(&invite, "180 Ringing", TAG);
    let busy = peer.response(&invite, "486 Busy Here", TAG);
    peer.send(ringing + &busy)?;
    peer.send(peer.response(&invite, "200 OK", TAG))?;
    talk_and_hang_up(peer, &invite)
}

fn octet_by_octet(peer: &mut RawPeer) -> Result<(), Fault> {
    let invite = peer.receive("INVITE")?;
    for status in ["100 Trying", "180 Ringing", "200 OK"] {
        peer.send_octet_by_octet(peer.response(&invite, status, TAG))?;
    }
    peer.receive("ACK")?;
    std::thread::sleep(TALK);
    peer.send_octet_by_octet(peer.request(&invite, "BYE", 1, TAG))?;
    peer.receive("SIP/2.0 200").map(drop)
}

fn two_in_a_segment(peer: &mut RawPeer) -> Result<(), Fault> {
    let invite = peer.receive("INVITE")?;
    let ringing = peer.response(&invite, "180 Ringing", TAG);
    peer.send(ringing + &peer.response(&invite, "200 OK", TAG))?;
    peer.receive("ACK")?;
    std::thread::sleep(TALK);
    let options = peer.request(&invite, "OPTIONS", 1, TAG);
    peer.send(options + &peer.request(&invite, "BYE", 2, TAG))?;
    peer.receive("SIP/2.0 200")?;
    peer.receive("SIP/2.0 200").map(drop)
}

/// One stream of three messages, cut every hundred octets: some pieces hold the end of one
/// message and the beginning of the next.
fn cut_anywhere(peer: &mut RawPeer) -> Result<(), Fault> {
    let invite = peer.receive("INVITE")?;
    let all: String = ["100 Trying", "180 Ringing", "200 OK"]
        .map(|status| peer.response(&invite, status, TAG))
        .concat();
    for piece in all.as_bytes().chunks(100) {
        peer.send(piece)?;
    }
    talk_and_hang_up(peer, &invite)
}

fn empty_lines(peer: &mut RawPeer) -> Result<(), Fault> {
    let invite = peer.receive("INVITE")?;
    for status in ["180 Ringing", "200 OK"] {
        peer.send("\r\n\r\n\r\n\r\n")?;
        peer.send(peer.response(&invite, status, TAG))?;
        peer.send("\r\n")?;
    }
    talk_and_hang_up(peer, &invite)
}

/// Octets that are no SIP end the connection, not the call: the BYE comes over another.
fn garbage_on_a_stream(peer: &mut RawPeer) -> Result<(), Fault> {
    let invite = peer.receive("INVITE")?;
    peer.send(peer.response(&invite, "200 OK", TAG))?;
    peer.receive("ACK")?;
    std::thread::sleep(TALK);
    // The beginning of a TLS handshake.
    peer.send([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])?;
    peer.closed()?;
    peer.call_back(&invite)?;
    peer.send(peer.request(&invite, "BYE", 1, TAG))?;
    peer.receive("SIP/2.0 200").map(drop)
}
