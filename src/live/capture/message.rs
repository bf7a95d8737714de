//! One SIP message as it passed a socket, and the little that is read of it at once.

use carillon_sip::{Peer, TransportKind};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// One message as it passed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Captured {
    /// When it was handed over, µs since the Unix epoch.
    pub(crate) at_us: i64,
    /// Sent by us.
    pub(crate) sent: bool,
    /// Our side: the listener of the peer's transport. Its address may be unspecified; see
    /// [`Routes::ends`].
    pub(crate) local: SocketAddr,
    /// The other side.
    pub(crate) peer: Peer,
    /// The whole message.
    pub(crate) bytes: Box<[u8]>,
}

/// The addresses of ours from which peers are reached, for listeners bound to every address.
#[derive(Debug, Default)]
pub(crate) struct Routes(BTreeMap<IpAddr, IpAddr>);

impl Routes {
    /// Peers remembered; beyond it all are asked for again.
    const MAX: usize = 4_096;

    /// Source and destination of a message as packets show them.
    pub(crate) fn ends(&mut self, message: &Captured) -> (SocketAddr, SocketAddr) {
        let peer = unmapped(message.peer.address);
        let ip = message.local.ip().to_canonical();
        let ip = match !ip.is_unspecified() && ip.is_ipv4() == peer.is_ipv4() {
            true => ip,
            false => self.toward(peer),
        };
        let local = SocketAddr::new(ip, message.local.port());
        match message.sent {
            true => (local, peer),
            false => (peer, local),
        }
    }

    /// The address the system would send from. Asking for it sends nothing.
    fn toward(&mut self, peer: SocketAddr) -> IpAddr {
        if let Some(known) = self.0.get(&peer.ip()) {
            return *known;
        }
        if self.0.len() >= Self::MAX {
            self.0.clear();
        }
        let any = match peer {
            SocketAddr::V4(_) => IpAddr::from([0, 0, 0, 0]),
            SocketAddr::V6(_) => IpAddr::from([0_u16; 8]),
        };
        let routed = UdpSocket::bind((any, 0)).and_then(|socket| {
            socket.connect(peer)?;
            socket.local_addr()
        });
        let found = routed.map_or(any, |address| address.ip());
        self.0.insert(peer.ip(), found);
        found
    }
}

/// An IPv4 address that came through an IPv6 socket, as what it is.
fn unmapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Octets of a keep-alive (RFC 5626 §3.5.1): nothing but line ends.
pub(crate) fn is_keep_alive(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | 0))
}

/// Call-ID and method (of the CSeq) of a message, read from its header lines without parsing
/// the rest.
pub(crate) fn call_id_and_method(bytes: &[u8]) -> Option<(&str, &str)> {
    let (mut call_id, mut method) = (None, None);
    for line in head_lines(bytes).skip(1) {
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let (name, value) = (line[..colon].trim_ascii_end(), &line[colon + 1..]);
        if call_id.is_none() && is_one_of(name, [b"call-id", b"i"]) {
            call_id = std::str::from_utf8(value.trim_ascii()).ok();
        } else if method.is_none() && name.eq_ignore_ascii_case(b"cseq") {
            let token = value
                .split(u8::is_ascii_whitespace)
                .rfind(|t| !t.is_empty());
            method = token.and_then(|token| std::str::from_utf8(token).ok());
        }
        if let (Some(call_id), Some(method)) = (call_id, method) {
            return Some((call_id, method));
        }
    }
    None
}

fn is_one_of(name: &[u8], names: [&[u8]; 2]) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The lines before the empty one, without their ends.
pub(crate) fn head_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest);
        let (line, next) = match end {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, &rest[rest.len()..]),
        };
        rest = next;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (!line.is_empty()).then_some(line)
    })
}

/// Our listeners, to name our side of a message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Locals(Vec<(TransportKind, SocketAddr)>);

impl Locals {
    pub(crate) fn new(listeners: Vec<(TransportKind, SocketAddr)>) -> Self {
        Self(listeners)
    }

    /// The listener that serves this peer: of its transport, of its address family if there are
    /// several.
    pub(crate) fn of(&self, peer: Peer) -> SocketAddr {
        let of_kind = || self.0.iter().filter(|(kind, _)| *kind == peer.transport);
        let same = |l: &&(TransportKind, SocketAddr)| l.1.is_ipv4() == peer.address.is_ipv4();
        let found = of_kind().find(same).or_else(|| of_kind().next());
        found.map_or_else(
            || SocketAddr::from(([0, 0, 0, 0], peer.transport.default_port())),
            |(_, address)| *address,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_id_and_method_are_found_in_any_form() {
        for (bytes, found) in [
            (
                &b"INVITE sip:a SIP/2.0\r\nCall-ID: a@x\r\nCSeq: 1 INVITE\r\n\r\n"[..],
                Some(("a@x", "INVITE")),
            ),
            (
                b"SIP/2.0 200 OK\nCSEQ : 17\t BYE \ni:b\n\nCall-ID: body",
                Some(("b", "BYE")),
            ),
            (
                b"INVITE sip:a SIP/2.0\r\nFrom: \xff\r\nCall-ID: c\r\nCSeq: 1 ACK\r\n",
                Some(("c", "ACK")),
            ),
            (
                b"INVITE sip:a SIP/2.0\r\nCSeq: 1 ACK\r\n\r\nCall-ID: in the body\r\n",
                None,
            ),
            (b"\r\n\r\n", None),
            (b"", None),
        ] {
            assert_eq!(call_id_and_method(bytes), found);
        }
    }

    #[test]
    fn the_listener_is_that_of_transport_and_family() {
        let v4 = SocketAddr::from(([192, 0, 2, 9], 5060));
        let v6: SocketAddr = "[2001:db8::9]:5060".parse().unwrap();
        let tls = SocketAddr::from(([192, 0, 2, 9], 5061));
        let locals = Locals::new(vec![
            (TransportKind::Udp, v4),
            (TransportKind::Udp, v6),
            (TransportKind::Tls, tls),
        ]);
        let far = SocketAddr::from(([192, 0, 2, 1], 5070));
        let far6: SocketAddr = "[2001:db8::1]:5070".parse().unwrap();
        assert_eq!(locals.of(Peer::udp(far)), v4);
        assert_eq!(locals.of(Peer::udp(far6)), v6);
        assert_eq!(locals.of(Peer::tls(far6)), tls);
        assert_eq!(locals.of(Peer::tcp(far)).port(), 5060);
    }

    #[test]
    fn a_listener_on_every_address_shows_the_one_routed_from() {
        let message = Captured {
            at_us: 0,
            sent: true,
            local: SocketAddr::from(([0, 0, 0, 0], 5060)),
            peer: Peer::udp("[::ffff:127.0.0.1]:5070".parse().unwrap()),
            bytes: Box::default(),
        };
        let (from, to) = Routes::default().ends(&message);
        assert_eq!(from, SocketAddr::from(([127, 0, 0, 1], 5060)));
        assert_eq!(to, SocketAddr::from(([127, 0, 0, 1], 5070)));
    }
}
