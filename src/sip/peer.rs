//! Where a message goes to or came from: transport and address.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// How a message travels (RFC 3261 §18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TransportKind {
    /// Datagrams; retransmitted by the transaction layer.
    Udp,
    /// A byte stream.
    Tcp,
    /// A byte stream under TLS.
    Tls,
}

impl TransportKind {
    /// Whether the transport delivers by itself (no retransmissions, timers D, I, J, K are zero).
    pub fn is_reliable(self) -> bool {
        self != Self::Udp
    }

    /// Token for the Via header field.
    pub fn via_token(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// Value of the `transport` URI parameter.
    pub fn param(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// Reads a `transport` parameter or a Via token; upper and lower case mean the same.
    pub fn from_token(token: &[u8]) -> Option<Self> {
        [Self::Udp, Self::Tcp, Self::Tls]
            .into_iter()
            .find(|kind| token.eq_ignore_ascii_case(kind.via_token().as_bytes()))
    }

    /// Port where none is written (RFC 3261 §19.1.2).
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
        }
    }
}

/// The other end of a hop. For streams it names the connection: the address at the far end as
/// seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer {
    /// How.
    pub transport: TransportKind,
    /// Where.
    pub address: SocketAddr,
}

impl Peer {
    /// Over UDP.
    pub fn udp(address: SocketAddr) -> Self {
        Self::new(TransportKind::Udp, address)
    }

    /// Over TCP.
    pub fn tcp(address: SocketAddr) -> Self {
        Self::new(TransportKind::Tcp, address)
    }

    /// Over TLS.
    pub fn tls(address: SocketAddr) -> Self {
        Self::new(TransportKind::Tls, address)
    }

    /// Over any transport.
    pub fn new(transport: TransportKind, address: SocketAddr) -> Self {
        Self { transport, address }
    }

    /// Its IP address.
    pub fn ip(&self) -> IpAddr {
        self.address.ip()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::udp(address)
    }
}

/// `192.0.2.1:5060`, `tcp:192.0.2.1:5060`, `tls:[2001:db8::1]:5061`.
impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.transport {
            TransportKind::Udp => write!(f, "{}", self.address),
            stream => write!(f, "{}:{}", stream.param(), self.address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_show_how_and_where() {
        let at: SocketAddr = "192.0.2.1:5060".parse().unwrap();
        assert_eq!(Peer::from(at).to_string(), "192.0.2.1:5060");
        assert_eq!(Peer::tls(at).to_string(), "tls:192.0.2.1:5060");
        assert_eq!(TransportKind::from_token(b"tCp"), Some(TransportKind::Tcp));
        assert_eq!(TransportKind::from_token(b"SCTP"), None);
        assert!(Peer::udp(at) < Peer::tcp(at));
    }
}
