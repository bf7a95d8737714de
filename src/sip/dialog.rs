//! Dialog state (RFC 3261 §12).

use std::net::IpAddr;

use crate::headers::NameAddr;
use crate::message::{HeaderName, Message};
use crate::peer::{Peer, TransportKind};
use crate::uri::Uri;

/// Most Record-Route elements kept.
const ROUTES_MAX: usize = 16;

/// Call-ID and both tags: what names a dialog.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialogId {
    /// Call-ID.
    pub call_id: Vec<u8>,
    /// Our tag.
    pub local_tag: Vec<u8>,
    /// The peer's tag; empty for peers of RFC 2543.
    pub remote_tag: Vec<u8>,
}

/// One dialog seen from us.
#[derive(Debug, Clone)]
pub struct Dialog {
    /// Its name.
    pub id: DialogId,
    /// Our From value in requests, tag included.
    pub local: Vec<u8>,
    /// Our To value in requests, tag included when there is one.
    pub remote: Vec<u8>,
    /// Last number we used.
    pub local_cseq: u32,
    /// Last number the peer used.
    pub remote_cseq: Option<u32>,
    /// Route set, elements as received, nearest first.
    pub routes: Vec<Vec<u8>>,
    /// Remote target: request-URI of our requests, as received.
    pub target: Vec<u8>,
    /// Where the peer's last message came from.
    pub source: Peer,
}

impl Dialog {
    /// From a response to our INVITE (§12.1.2). `fallback` is the INVITE's request-URI, used when
    /// the response has no readable Contact.
    pub fn uac(response: &Message<'_>, fallback: &[u8], source: Peer) -> Self {
        let target = response.contact().map_or(fallback, |c| c.uri);
        Self {
            id: DialogId {
                call_id: response.call_id().to_vec(),
                local_tag: response.from_tag().to_vec(),
                remote_tag: response.to_tag().to_vec(),
            },
            local: value(response, HeaderName::From),
            remote: value(response, HeaderName::To),
            local_cseq: response.cseq().map_or(1, |c| c.number),
            remote_cseq: None,
            routes: record_route(response, true),
            target: target.to_vec(),
            source,
        }
    }

    /// From an INVITE (§12.1.1).
    pub fn uas(request: &Message<'_>, local_tag: &str, source: Peer) -> Self {
        let from_uri = request.from().map_or(&b"sip:unknown"[..], |f| f.uri);
        let target = request.contact().map_or(from_uri, |c| c.uri);
        let mut local = value(request, HeaderName::To);
        local.extend_from_slice(b";tag=");
        local.extend_from_slice(local_tag.as_bytes());
        Self {
            id: DialogId {
                call_id: request.call_id().to_vec(),
                local_tag: local_tag.as_bytes().to_vec(),
                remote_tag: request.from_tag().to_vec(),
            },
            local,
            remote: value(request, HeaderName::From),
            local_cseq: 0,
            remote_cseq: request.cseq().map(|c| c.number),
            routes: record_route(request, false),
            target: target.to_vec(),
            source,
        }
    }

    /// The dialog that a request from the peer is for.
    pub fn id_of_request(request: &Message<'_>) -> DialogId {
        DialogId {
            call_id: request.call_id().to_vec(),
            local_tag: request.to_tag().to_vec(),
            remote_tag: request.from_tag().to_vec(),
        }
    }

    /// Takes a request's number: false if it is out of order (§12.2.2).
    pub fn take_cseq(&mut self, number: u32) -> bool {
        if self.remote_cseq.is_some_and(|last| number <= last) {
            return false;
        }
        self.remote_cseq = Some(number);
        true
    }

    /// A target refresh (INVITE, UPDATE and their 2xx) moves the remote target.
    pub fn refresh(&mut self, message: &Message<'_>, source: Peer) {
        self.source = source;
        if let Some(contact) = message.contact() {
            self.target = contact.uri.to_vec();
        }
    }

    /// Number of the next request.
    pub fn next_cseq(&mut self) -> u32 {
        self.local_cseq += 1;
        self.local_cseq
    }

    /// Request-URI and Route values of a request in this dialog (§12.2.1.1): loose routing, or
    /// strict if the first route has no `lr`.
    pub fn request_route(&self) -> (Vec<u8>, Vec<Vec<u8>>) {
        route(&self.target, &self.routes)
    }

    /// Where requests of this dialog go; see [`hop`].
    pub fn next_hop(&self) -> Peer {
        hop(&self.target, &self.routes, self.source)
    }
}

fn value(message: &Message<'_>, name: HeaderName) -> Vec<u8> {
    message.first(name).unwrap_or(b"").to_vec()
}

/// Record-Route elements, reversed for a UAC.
pub fn record_route(message: &Message<'_>, reversed: bool) -> Vec<Vec<u8>> {
    let mut routes: Vec<Vec<u8>> = message
        .list(HeaderName::RecordRoute)
        .take(ROUTES_MAX)
        .map(<[u8]>::to_vec)
        .collect();
    if reversed {
        routes.reverse();
    }
    routes
}

/// Request-URI and Route values for a target and a route set.
pub fn route(target: &[u8], routes: &[Vec<u8>]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let first = routes.first().and_then(|r| NameAddr::parse(r));
    match first {
        Some(first) if Uri::parse(first.uri).is_some_and(|u| u.param(b"lr").is_none()) => {
            let mut rest = routes[1..].to_vec();
            rest.push([b"<", target, b">"].concat());
            (first.uri.to_vec(), rest)
        }
        _ => (target.to_vec(), routes.to_vec()),
    }
}

/// Where a request goes: the first route or else the target, when that is an address that can be
/// right; otherwise (a name, which only the owner could resolve, or a private address that came
/// from a public one, so the peer is behind NAT) back to where the peer's message came from.
/// A peer that came over a stream keeps it for everything at its own address (RFC 5923).
pub fn hop(target: &[u8], routes: &[Vec<u8>], source: Peer) -> Peer {
    let first = routes.first().and_then(|r| NameAddr::parse(r));
    let uri = first.map_or(target, |f| f.uri);
    let stated = Uri::parse(uri).and_then(|u| u.peer());
    match stated {
        Some(stated) if usable(stated.ip(), source.ip()) => {
            let same_host = stated.ip().to_canonical() == source.ip().to_canonical();
            let keeps = source.transport.is_reliable() && same_host;
            // Nothing leaves a TLS hop in clear because a Contact forgot to say so.
            let downgrade =
                source.transport == TransportKind::Tls && stated.transport != TransportKind::Tls;
            if keeps || downgrade { source } else { stated }
        }
        _ => source,
    }
}

fn usable(stated: IpAddr, source: IpAddr) -> bool {
    let (stated, source) = (stated.to_canonical(), source.to_canonical());
    !stated.is_unspecified()
        && !stated.is_multicast()
        && stated.is_ipv4() == source.is_ipv4()
        && (stated.is_loopback() == source.is_loopback())
        && (!is_private(stated) || is_private(source))
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let shared = ip.octets()[0] == 100 && (64..128).contains(&ip.octets()[1]);
            ip.is_private() || ip.is_link_local() || ip.is_loopback() || shared
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Bounds, parse};

    const RESPONSE: &[u8] = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@x>;tag=l\r\n\
        To: <sip:b@y>;tag=r\r\nCall-ID: c\r\nCSeq: 2 INVITE\r\nContact: <sip:b%23@192.0.2.9:5080>\r\n\
        Record-Route: <sip:192.0.2.1;lr>, <sip:192.0.2.2;lr>\r\nRecord-Route: <sip:192.0.2.3;lr>\r\n\r\n";

    #[test]
    fn uac_reverses_the_route_set() {
        let source = Peer::udp("192.0.2.3:5060".parse().unwrap());
        let d = Dialog::uac(
            &parse(RESPONSE, &Bounds::default()).unwrap(),
            b"sip:z",
            source,
        );
        assert_eq!(d.routes[0], b"<sip:192.0.2.3;lr>");
        assert_eq!(d.request_route().0, b"sip:b%23@192.0.2.9:5080");
        assert_eq!(d.next_hop(), Peer::udp("192.0.2.3:5060".parse().unwrap()));
        assert_eq!(d.local_cseq, 2);
    }

    #[test]
    fn strict_router_takes_the_request_uri() {
        let routes = vec![
            b"<sip:strict@192.0.2.1>".to_vec(),
            b"<sip:192.0.2.2;lr>".to_vec(),
        ];
        let (uri, routes) = route(b"sip:b@h", &routes);
        assert_eq!(uri, b"sip:strict@192.0.2.1");
        assert_eq!(
            routes,
            [b"<sip:192.0.2.2;lr>".to_vec(), b"<sip:b@h>".to_vec()]
        );
    }

    #[test]
    fn unusable_targets_fall_back_to_the_source() {
        let source = Peer::udp("198.51.100.7:6001".parse().unwrap());
        for target in [
            "sip:b@192.168.1.4",
            "sip:b@0.0.0.0",
            "sip:b@name.example",
            "tel:1",
            "sip:b@127.0.0.1",
            "sip:b@[2001:db8::1]",
            "sip:b@203.0.113.1:0",
        ] {
            assert_eq!(hop(target.as_bytes(), &[], source), source, "{target}");
        }
        assert_eq!(
            hop(b"sip:b@203.0.113.1", &[], source),
            Peer::udp("203.0.113.1:5060".parse().unwrap())
        );
        let inside = Peer::udp("10.0.0.1:5060".parse().unwrap());
        assert_eq!(hop(b"sip:b@10.0.0.9:5070", &[], inside).port(), 5070);
    }

    #[test]
    fn cseq_must_grow() {
        let source = Peer::udp("192.0.2.3:5060".parse().unwrap());
        let mut d = Dialog::uac(
            &parse(RESPONSE, &Bounds::default()).unwrap(),
            b"sip:z",
            source,
        );
        assert!(d.take_cseq(5) && !d.take_cseq(5) && !d.take_cseq(4) && d.take_cseq(9));
        assert_eq!(d.next_cseq(), 3);
    }
}
