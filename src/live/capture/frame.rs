//! Packets made up around messages: Ethernet, IP, UDP or TCP, as they would have passed a wire.

use super::message::{Captured, Routes};
use carillon_sip::TransportKind;
use etherparse::PacketBuilder;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Locally administered addresses: us, and everybody else.
const OUR_MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];
const THEIR_MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x02];
const TTL: u8 = 64;
/// Octets of a TCP segment at most: with its headers it fits any IP packet.
const SEGMENT_MAX: usize = 65_000;
/// Octets of a datagram at most (RFC 768, with an IPv4 header).
const DATAGRAM_MAX: usize = 65_507;
const WINDOW: u16 = u16::MAX;
/// TLS is shown decrypted, so its port is shown as the one of plain SIP: otherwise readers would
/// look for TLS records.
const TLS_PORT: u16 = 5061;
const PLAIN_PORT: u16 = 5060;

/// Makes packets; remembers where the streams are.
#[derive(Debug, Default)]
pub(super) struct Framer {
    routes: Routes,
    /// Octets that went from one address to another, for streams.
    sent: BTreeMap<(SocketAddr, SocketAddr), u32>,
}

impl Framer {
    /// The packets of a message whose octets may have been masked: one, or for long messages on
    /// streams several.
    pub(super) fn packets(&mut self, message: &Captured, octets: &[u8]) -> Vec<Vec<u8>> {
        let (mut from, mut to) = self.routes.ends(message);
        let macs = match message.sent {
            true => (OUR_MAC, THEIR_MAC),
            false => (THEIR_MAC, OUR_MAC),
        };
        match message.peer.transport {
            TransportKind::Udp => {
                let octets = &octets[..octets.len().min(DATAGRAM_MAX)];
                vec![datagram(macs, from, to, octets)]
            }
            kind => {
                if kind == TransportKind::Tls {
                    for end in [&mut from, &mut to] {
                        if end.port() == TLS_PORT {
                            end.set_port(PLAIN_PORT);
                        }
                    }
                }
                let segments = octets.chunks(SEGMENT_MAX);
                segments
                    .map(|part| self.segment(macs, from, to, part))
                    .collect()
            }
        }
    }

    fn segment(
        &mut self,
        macs: ([u8; 6], [u8; 6]),
        from: SocketAddr,
        to: SocketAddr,
        octets: &[u8],
    ) -> Vec<u8> {
        // Both directions begin at 1, as after a handshake that nobody saw.
        let acknowledged = self.sent.get(&(to, from)).map_or(1, |n| n.wrapping_add(1));
        let sent = self.sent.entry((from, to)).or_default();
        let sequence = sent.wrapping_add(1);
        // Segments hold at most 65,000 octets.
        *sent = sent.wrapping_add(octets.len() as u32);
        let link = PacketBuilder::ethernet2(macs.0, macs.1);
        let network = match (from.ip(), to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => link.ipv4(from.octets(), to.octets(), TTL),
            (from, to) => link.ipv6(six(from), six(to), TTL),
        };
        let packet = network
            .tcp(from.port(), to.port(), sequence, WINDOW)
            .psh()
            .ack(acknowledged);
        let mut out = Vec::with_capacity(packet.size(octets.len()));
        packet
            .write(&mut out, octets)
            .expect("a segment of at most 65,000 octets fits an IP packet");
        out
    }
}

fn datagram(macs: ([u8; 6], [u8; 6]), from: SocketAddr, to: SocketAddr, octets: &[u8]) -> Vec<u8> {
    let link = PacketBuilder::ethernet2(macs.0, macs.1);
    let network = match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => link.ipv4(from.octets(), to.octets(), TTL),
        (from, to) => link.ipv6(six(from), six(to), TTL),
    };
    let packet = network.udp(from.port(), to.port());
    let mut out = Vec::with_capacity(packet.size(octets.len()));
    packet
        .write(&mut out, octets)
        .expect("a datagram of at most 65,507 octets fits an IP packet");
    out
}

/// An address as IPv6 has it (RFC 4291 §2.5.5.2 for IPv4).
fn six(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}
