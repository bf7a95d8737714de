//! How we are reached: the host and port written into Via and Contact, by transport and family.

use crate::config::Listener;
use crate::peer::{Peer, TransportKind};

#[derive(Debug)]
struct Local {
    transport: TransportKind,
    is_v4: bool,
    /// `host:port`.
    sent_by: String,
}

/// What to write towards whom.
#[derive(Debug)]
pub(super) struct Locals(Vec<Local>);

impl Locals {
    pub(super) fn new(listeners: &[Listener]) -> Self {
        Self(listeners.iter().map(Local::new).collect())
    }

    /// `host:port` towards a peer: of the listener with its transport and family, else its
    /// family, else its transport, else the first.
    pub(super) fn sent_by(&self, peer: Peer) -> &str {
        let is_v4 = peer.ip().to_canonical().is_ipv4();
        let fit = |local: &&Local| {
            let (kind, family) = (local.transport == peer.transport, local.is_v4 == is_v4);
            u8::from(kind) + 2 * u8::from(family)
        };
        // `max_by_key` gives the last of equals; the first is the one written first.
        let best = self.0.iter().rev().max_by_key(fit);
        best.map_or("invalid.invalid", |l| &l.sent_by)
    }

    /// The part of our Contact after the user, towards a peer.
    pub(super) fn contact(&self, peer: Peer) -> String {
        let sent_by = self.sent_by(peer);
        match peer.transport {
            TransportKind::Udp => sent_by.to_owned(),
            stream => format!("{sent_by};transport={}", stream.param()),
        }
    }

    /// Whether we listen on a transport in the family of `peer`.
    pub(super) fn serves(&self, transport: TransportKind, peer: Peer) -> bool {
        let is_v4 = peer.ip().to_canonical().is_ipv4();
        self.0
            .iter()
            .any(|l| l.transport == transport && l.is_v4 == is_v4)
    }
}

/// A Contact of ours in answer to, or beside, this request-URI: `sips:` goes with `sips:`
/// (RFC 3261 §8.1.1.8, §12.1.1), where a transport would say nothing more (RFC 5630 §3.1.4).
pub(super) fn as_asked(contact: String, request_uri: &[u8]) -> String {
    let scheme = request_uri.get(..5).unwrap_or_default();
    if !scheme.eq_ignore_ascii_case(b"sips:") {
        return contact;
    }
    let secured = contact.replacen("<sip:", "<sips:", 1);
    secured.replacen(";transport=tls", "", 1)
}

impl Local {
    fn new(listener: &Listener) -> Self {
        let local = listener.local;
        let (host, port) = match &listener.advertised {
            Some((host, port)) => (host.clone(), *port),
            None => (local.ip().to_canonical().to_string(), local.port()),
        };
        let host = if host.contains(':') && !host.starts_with('[') {
            format!("[{host}]")
        } else {
            host
        };
        Self {
            transport: listener.transport,
            is_v4: local.ip().to_canonical().is_ipv4(),
            sent_by: format!("{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_transport_and_family_is_shown_its_own_address() {
        let at = |text: &str| text.parse().unwrap();
        let mut outside = Listener::udp(at("10.0.0.1:5060"));
        outside.advertised = Some(("pbx.example".into(), 5070));
        let locals = Locals::new(&[
            outside,
            Listener::new(TransportKind::Tcp, at("10.0.0.1:5062")),
            Listener::new(TransportKind::Tls, at("10.0.0.1:5061")),
            Listener::udp(at("[2001:db8::1]:5060")),
        ]);
        let v4 = at("192.0.2.1:5060");
        assert_eq!(locals.sent_by(Peer::udp(v4)), "pbx.example:5070");
        assert_eq!(locals.contact(Peer::tcp(v4)), "10.0.0.1:5062;transport=tcp");
        assert_eq!(locals.contact(Peer::tls(v4)), "10.0.0.1:5061;transport=tls");
        let v6 = at("[2001:db8::9]:5060");
        assert_eq!(locals.sent_by(Peer::udp(v6)), "[2001:db8::1]:5060");
        assert_eq!(locals.sent_by(Peer::tcp(v6)), "[2001:db8::1]:5060");
        assert!(locals.serves(TransportKind::Tcp, Peer::udp(v4)));
        assert!(!locals.serves(TransportKind::Tcp, Peer::udp(v6)));
    }

    #[test]
    fn who_asks_by_sips_is_answered_by_sips() {
        let own = || "<sip:7@10.0.0.1:5061;transport=tls>".to_owned();
        assert_eq!(as_asked(own(), b"SIPS:1@h"), "<sips:7@10.0.0.1:5061>");
        assert_eq!(as_asked(own(), b"sip:1@h"), own());
        assert_eq!(as_asked(own(), b"tel"), own());
    }
}
