//! HEP version 3 (the EEP of Homer: "HEP3 Network Protocol Specification", rev. 12): a header,
//! then chunks of vendor, type, length and value, all big-endian.

use super::message::{Captured, call_id_and_method};
use carillon_sip::TransportKind;
use std::net::{IpAddr, SocketAddr};

const MAGIC: &[u8; 4] = b"HEP3";
/// Chunks of the specification itself, not of a vendor.
const GENERIC: u16 = 0;

const IP_FAMILY: u16 = 0x0001;
const IP_PROTOCOL: u16 = 0x0002;
const SOURCE_V4: u16 = 0x0003;
const DESTINATION_V4: u16 = 0x0004;
const SOURCE_V6: u16 = 0x0005;
const DESTINATION_V6: u16 = 0x0006;
const SOURCE_PORT: u16 = 0x0007;
const DESTINATION_PORT: u16 = 0x0008;
const SECONDS: u16 = 0x0009;
const MICROSECONDS: u16 = 0x000a;
const PROTOCOL_TYPE: u16 = 0x000b;
const CAPTURE_ID: u16 = 0x000c;
const AUTH_KEY: u16 = 0x000e;
const PAYLOAD: u16 = 0x000f;
const CORRELATION_ID: u16 = 0x0011;
const NODE_NAME: u16 = 0x0013;

/// Protocol type of SIP.
const SIP: u8 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const UDP: u8 = 17;
const TCP: u8 = 6;

/// Who captures, as the collector is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agent<'a> {
    pub(super) capture_id: u32,
    /// Empty: none is sent.
    pub(super) auth_key: &'a str,
    pub(super) node: &'a str,
}

/// The packet of a message from one address to another, whose octets may have been masked. `None`: it is no SIP, or too long
/// for a HEP packet (its length field has 16 bits).
pub(super) fn packet(
    message: &Captured,
    (from, to): (SocketAddr, SocketAddr),
    octets: &[u8],
    agent: Agent<'_>,
) -> Option<Vec<u8>> {
    let (call_id, _) = call_id_and_method(&message.bytes)?;
    let mut out = Vec::with_capacity(octets.len() + 200);
    out.extend(MAGIC);
    // The length, once known.
    out.extend([0, 0]);
    let protocol = match message.peer.transport {
        TransportKind::Udp => UDP,
        _ => TCP,
    };
    let ends = [
        (from, SOURCE_V4, SOURCE_V6, SOURCE_PORT),
        (to, DESTINATION_V4, DESTINATION_V6, DESTINATION_PORT),
    ];
    chunk(&mut out, IP_FAMILY, &[family(from.ip())]);
    chunk(&mut out, IP_PROTOCOL, &[protocol]);
    for (end, v4, v6, _) in ends {
        match end.ip() {
            IpAddr::V4(ip) => chunk(&mut out, v4, &ip.octets()),
            IpAddr::V6(ip) => chunk(&mut out, v6, &ip.octets()),
        }
    }
    for (end, _, _, port) in ends {
        chunk(&mut out, port, &end.port().to_be_bytes());
    }
    let at = u64::try_from(message.at_us).unwrap_or(0);
    let seconds = u32::try_from(at / 1_000_000).unwrap_or(u32::MAX);
    chunk(&mut out, SECONDS, &seconds.to_be_bytes());
    // Below a million.
    chunk(
        &mut out,
        MICROSECONDS,
        &((at % 1_000_000) as u32).to_be_bytes(),
    );
    chunk(&mut out, PROTOCOL_TYPE, &[SIP]);
    chunk(&mut out, CAPTURE_ID, &agent.capture_id.to_be_bytes());
    if !agent.auth_key.is_empty() {
        chunk(&mut out, AUTH_KEY, agent.auth_key.as_bytes());
    }
    if !agent.node.is_empty() {
        chunk(&mut out, NODE_NAME, agent.node.as_bytes());
    }
    chunk(&mut out, CORRELATION_ID, call_id.as_bytes());
    chunk(&mut out, PAYLOAD, octets);
    let length = u16::try_from(out.len()).ok()?;
    out[4..6].copy_from_slice(&length.to_be_bytes());
    Some(out)
}

fn family(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(_) => AF_INET,
        IpAddr::V6(_) => AF_INET6,
    }
}

/// A chunk; its length counts its own header of six octets. Values longer than that field holds
/// make the packet as a whole too long, which is seen at its end.
fn chunk(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(value.len() + 6).unwrap_or(u16::MAX);
    out.extend(GENERIC.to_be_bytes());
    out.extend(kind.to_be_bytes());
    out.extend(length.to_be_bytes());
    out.extend(value);
}
