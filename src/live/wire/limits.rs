//! Bounds of the stream transports.

use std::time::Duration;

/// Bounds of connections. Every one has a default that suits a node as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WireLimits {
    /// Connections open at once, both directions. Those of trunks and of `[sip] allow` come on
    /// top. Default 4,096.
    pub(crate) connections_max: usize,
    /// Connections one IPv4 address or IPv6 /64 may hold; trunks and `[sip] allow` any number.
    /// Default 64.
    pub(crate) per_source_max: usize,
    /// How long a connection may take to open. Default 5 s.
    pub(crate) connect_within: Duration,
    /// How long the TLS handshake may take. Default 5 s.
    pub(crate) handshake_within: Duration,
    /// From the first octet of a message to its last, and from the opening of a connection to
    /// the first octets on it. Default 30 s.
    pub(crate) complete_within: Duration,
    /// How long the far side may leave what we write unread. Default 30 s.
    pub(crate) write_within: Duration,
    /// Time for the answer to a keep-alive (RFC 5626 §4.4.1: 10 s).
    pub(crate) pong_within: Duration,
    /// A connection without traffic that nobody needs is closed after this. Default 10 min.
    pub(crate) idle: Duration,
    /// Largest message, octets. Default 65,535.
    pub(crate) message_max: usize,
    /// Messages that may wait to be written on one connection. Default 1,024.
    pub(crate) queue_messages: usize,
    /// Octets that may wait to be written on one connection. Default 1 MiB.
    pub(crate) queue_octets: usize,
}

impl Default for WireLimits {
    fn default() -> Self {
        Self {
            connections_max: 4_096,
            per_source_max: 64,
            connect_within: Duration::from_secs(5),
            handshake_within: Duration::from_secs(5),
            complete_within: Duration::from_secs(30),
            write_within: Duration::from_secs(30),
            pong_within: Duration::from_secs(10),
            idle: Duration::from_secs(600),
            message_max: 65_535,
            queue_messages: 1_024,
            queue_octets: 1 << 20,
        }
    }
}
