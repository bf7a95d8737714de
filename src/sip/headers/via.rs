//! Via (RFC 3261 §20.42, RFC 3581).

use std::net::{IpAddr, SocketAddr};

use super::lex::{self, ListIter};
use crate::token::COOKIE;

/// One Via element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// `SIP/2.0/UDP sent-by` as received.
    pub head: &'a [u8],
    /// `host[:port]` as received.
    pub sent_by: &'a [u8],
    /// Host, IPv6 without brackets.
    pub host: &'a [u8],
    /// Port, if stated.
    pub port: Option<u16>,
    /// Branch; empty if there is none (RFC 2543), or nothing but the cookie.
    pub branch: &'a [u8],
    /// Everything after the first semicolon.
    pub params: &'a [u8],
}

impl<'a> Via<'a> {
    /// Reads one element; `None` if it has no sent-by, or quotes that are not closed.
    pub fn parse(element: &'a [u8]) -> Option<Self> {
        if !lex::is_closed(element) {
            return None;
        }
        let end = lex::until(element, b';');
        let head = lex::trim(&element[..end]);
        let params = element.get(end + 1..).unwrap_or(&[]);
        // White space may stand around the slashes; the sent-by follows the last one.
        let slash = head.iter().rposition(|b| *b == b'/')?;
        let after = lex::trim(&head[slash + 1..]);
        let space = after.iter().position(|b| lex::is_space(*b))?;
        let sent_by = lex::trim(&after[space..]);
        let (host, port) = host_port(sent_by)?;
        // The cookie alone names no transaction: as good as no branch (RFC 4475 §3.2.1).
        let branch = lex::param(params, b"branch")
            .filter(|b| !b.eq_ignore_ascii_case(COOKIE.as_bytes()))
            .unwrap_or(b"");
        Some(Self {
            head,
            sent_by,
            host,
            port,
            branch,
            params,
        })
    }

    /// Whether the sender asks for replies to its source port (RFC 3581).
    pub fn wants_rport(&self) -> bool {
        lex::param(self.params, b"rport").is_some()
    }

    /// Where to reply: the source address, and the source port when asked for or `force_rport`.
    pub fn reply_to(&self, source: SocketAddr, force_rport: bool) -> SocketAddr {
        if force_rport || self.wants_rport() {
            return source;
        }
        SocketAddr::new(source.ip(), self.port.unwrap_or(5060))
    }

    /// The element as a server hands it back: `received` and `rport` filled in.
    pub fn stamped(&self, source: SocketAddr) -> Vec<u8> {
        let mut out = self.head.to_vec();
        for param in ListIter::params(self.params) {
            let (name, _) = lex::name_value(param);
            if name.eq_ignore_ascii_case(b"received") || name.eq_ignore_ascii_case(b"rport") {
                continue;
            }
            out.push(b';');
            out.extend_from_slice(param);
        }
        let ip = source.ip().to_canonical();
        let rport = self.wants_rport();
        if rport
            || std::str::from_utf8(self.host)
                .ok()
                .and_then(|h| h.parse().ok())
                != Some(ip)
        {
            out.extend_from_slice(format!(";received={ip}").as_bytes());
        }
        if rport {
            out.extend_from_slice(format!(";rport={}", source.port()).as_bytes());
        }
        out
    }
}

/// `host`, `host:port`, `[v6]:port`; brackets are taken off. `None` when there is no host, or
/// octets that no host has; names are not checked further.
pub fn host_port(bytes: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let (host, rest) = if let Some(inner) = bytes.strip_prefix(b"[") {
        let close = lex::find(inner, b']')?;
        let address = &inner[..close];
        if !lex::is_in_brackets(address) {
            return None;
        }
        (address, lex::trim(&inner[close + 1..]))
    } else {
        let colon = lex::find(bytes, b':').unwrap_or(bytes.len());
        let host = lex::trim(&bytes[..colon]);
        if !lex::is_host(host) {
            return None;
        }
        (host, &bytes[colon..])
    };
    if host.is_empty() {
        return None;
    }
    match rest.strip_prefix(b":") {
        None if rest.is_empty() => Some((host, None)),
        None => None,
        Some(digits) => {
            let port = lex::number(lex::trim(digits))?;
            Some((host, Some(u16::try_from(port).ok()?)))
        }
    }
}

/// The host as an address, if it is one.
pub fn host_ip(host: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(host).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_follow_the_source() {
        let source = "198.51.100.1:6000".parse().unwrap();
        let via =
            Via::parse(b"SIP / 2.0 / UDP 10.0.0.1:5070 ;rport; branch=z9hG4bKx;received=1.1.1.1")
                .unwrap();
        assert_eq!(via.branch, b"z9hG4bKx");
        assert_eq!(via.port, Some(5070));
        assert_eq!(via.reply_to(source, false), source);
        let stamped = via.stamped(source);
        assert_eq!(
            String::from_utf8(stamped).unwrap(),
            "SIP / 2.0 / UDP 10.0.0.1:5070;branch=z9hG4bKx;received=198.51.100.1;rport=6000"
        );
        let plain = Via::parse(b"SIP/2.0/UDP 198.51.100.1").unwrap();
        assert_eq!(plain.reply_to(source, false).port(), 5060);
        assert_eq!(plain.stamped(source), b"SIP/2.0/UDP 198.51.100.1");
        let six = Via::parse(b"SIP/2.0/UDP [2001:db8::1]:5062;branch=z9hG4bKy").unwrap();
        assert_eq!((six.host, six.port), (&b"2001:db8::1"[..], Some(5062)));
        let mapped = "[::ffff:198.51.100.1]:5060".parse().unwrap();
        assert_eq!(plain.stamped(mapped), b"SIP/2.0/UDP 198.51.100.1");
        let bare = Via::parse(b"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK").unwrap();
        assert_eq!(bare.branch, b"");
        assert!(Via::parse(b"SIP/2.0/UDP").is_none());
        assert!(Via::parse(b"SIP/2.0/UDP a:b").is_none());
        // Quotes in a host would hide the parameters that we add.
        assert!(Via::parse(b"SIP/2.0/UDP a\"b").is_none());
        assert!(Via::parse(b"SIP/2.0/UDP [::1;x]").is_none());
        assert!(Via::parse(b"SIP/2.0/UDP a;x=\"y").is_none());
        assert!(Via::parse(b"SIP/2.0/UDP a;branch=z9h<x").is_none());
    }
}
