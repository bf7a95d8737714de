//! What is asked for: the host of a URI or of a configuration key, and what we can speak.

use carillon_sip::TransportKind;
use carillon_sip::uri::Uri;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// What must be found: the TARGET, port, transport and scheme of RFC 3263 §4.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Query {
    /// Name in lower case without a final dot, or an address without brackets.
    pub host: String,
    /// A stated port: then SRV records are not asked for.
    pub port: Option<u16>,
    /// A stated transport: then NAPTR records are not asked for.
    pub transport: Option<TransportKind>,
    /// `sips`: TLS only.
    pub secure: bool,
}

impl Query {
    /// A query for a `sip` URI's host.
    pub fn new(host: &str, port: Option<u16>, transport: Option<TransportKind>) -> Self {
        Self {
            host: host.trim_end_matches('.').to_ascii_lowercase(),
            port,
            transport,
            secure: false,
        }
    }

    /// Reads a `sip` or `sips` URI; its `maddr`, if any, takes the place of the host (RFC 3261
    /// §19.1.1). `None` for other schemes, an unknown transport and URIs without a host.
    pub fn of_uri(uri: &str) -> Option<Self> {
        let read = Uri::parse(uri.as_bytes())?;
        let secure = read.scheme.eq_ignore_ascii_case(b"sips");
        if !secure && !read.scheme.eq_ignore_ascii_case(b"sip") {
            return None;
        }
        let host = read.param(b"maddr").filter(|m| !m.is_empty());
        let host = std::str::from_utf8(host.unwrap_or(read.host)).ok()?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let transport = match read.param(b"transport") {
            // `sips` means TLS whatever else is written (RFC 3261 §26.2.2).
            Some(_) if secure => Some(TransportKind::Tls),
            Some(token) => Some(TransportKind::from_token(token)?),
            None => None,
        };
        let query = Self {
            secure,
            ..Self::new(host, read.port, transport)
        };
        (!query.host.is_empty() && query.port != Some(0)).then_some(query)
    }

    /// The host, where it is an address.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

/// As it would stand in a URI.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secure { "sips:" } else { "sip:" })?;
        match (self.address(), self.port) {
            (Some(ip), Some(port)) => write!(f, "{}", SocketAddr::new(ip, port))?,
            (Some(IpAddr::V6(ip)), None) => write!(f, "[{ip}]")?,
            (_, Some(port)) => write!(f, "{}:{port}", self.host)?,
            (_, None) => f.write_str(&self.host)?,
        }
        match self.transport {
            Some(transport) if !self.secure => write!(f, ";transport={}", transport.param()),
            _ => Ok(()),
        }
    }
}

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4: A records.
    V4,
    /// IPv6: AAAA records.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

/// What our listeners can speak, wanted first: a target outside it is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    pairs: Vec<(TransportKind, Family)>,
}

impl Reach {
    /// What a configuration lets a node speak: UDP where `[sip] transports` has it; connections
    /// of our own need no listener. Families in the order of `[sip] bind`.
    pub fn of(sip: &crate::config::SipConfig) -> Self {
        let family = |address: &SocketAddr| Family::of(address.ip());
        let mut pairs = Vec::new();
        for family in sip.bind.iter().map(family) {
            let udp = sip.speaks(TransportKind::Udp);
            pairs.extend(udp.then_some((TransportKind::Udp, family)));
            pairs.push((TransportKind::Tcp, family));
            pairs.push((TransportKind::Tls, family));
        }
        Self::new(pairs)
    }

    /// From the listeners, in the order of the configuration. A wildcard IPv6 listener counts
    /// for IPv6 only.
    pub fn new(listeners: impl IntoIterator<Item = (TransportKind, Family)>) -> Self {
        let mut pairs: Vec<_> = listeners.into_iter().collect();
        // UDP before TCP before TLS: what RFC 3263 §4.1 and §4.2 fall back to.
        pairs.sort_by_key(|(transport, _)| *transport);
        let mut known = std::collections::BTreeSet::new();
        pairs.retain(|pair| known.insert(*pair));
        Self { pairs }
    }

    /// Transports for a query that states none, in order of preference: for `sips` TLS, else UDP
    /// and TCP. TLS without being asked for only where nothing else is spoken: whom to trust is
    /// configured with it (RFC 3263 §4.1 would keep it).
    pub fn transports(&self, secure: bool) -> Vec<TransportKind> {
        let mut found: Vec<_> = self.pairs.iter().map(|(t, _)| *t).collect();
        found.dedup();
        let is_tls = |t: &TransportKind| *t == TransportKind::Tls;
        if secure {
            found.retain(is_tls);
        } else if !found.iter().all(is_tls) {
            found.retain(|t| !is_tls(t));
        }
        found
    }

    /// Whether a transport is spoken at all.
    pub fn speaks(&self, transport: TransportKind) -> bool {
        self.pairs.iter().any(|(t, _)| *t == transport)
    }

    /// Families of a transport in order of preference.
    pub fn families(&self, transport: TransportKind) -> Vec<Family> {
        let of = self.pairs.iter().filter(|(t, _)| *t == transport);
        of.map(|(_, family)| *family).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_read_as_rfc_3263_needs_them() {
        let shown = |uri: &str| Query::of_uri(uri).map(|q| q.to_string());
        assert_eq!(shown("sip:7@PBX.example."), Some("sip:pbx.example".into()));
        assert_eq!(
            shown("sip:pbx.example:5070;transport=TCP;lr"),
            Some("sip:pbx.example:5070;transport=tcp".into())
        );
        assert_eq!(
            shown("sips:7@pbx.example;transport=tcp"),
            Some("sips:pbx.example".into())
        );
        assert_eq!(
            shown("sip:7@pbx.example;maddr=192.0.2.7"),
            Some("sip:192.0.2.7".into())
        );
        assert_eq!(
            shown("sip:[2001:db8::7]:5061;transport=tls"),
            Some("sip:[2001:db8::7]:5061;transport=tls".into())
        );
        assert_eq!(shown("tel:+12025550123"), None);
        assert_eq!(shown("sip:pbx.example;transport=sctp"), None);
    }

    #[test]
    fn udp_comes_first_and_families_keep_their_order() {
        let reach = Reach::new([
            (TransportKind::Tls, Family::V6),
            (TransportKind::Udp, Family::V6),
            (TransportKind::Udp, Family::V4),
        ]);
        assert_eq!(reach.transports(false), [TransportKind::Udp]);
        assert_eq!(reach.transports(true), [TransportKind::Tls]);
        assert_eq!(reach.families(TransportKind::Udp), [Family::V6, Family::V4]);
        assert!(reach.families(TransportKind::Tcp).is_empty());
    }
}
