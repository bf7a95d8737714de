//! SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966), read without being rewritten.

use std::net::{IpAddr, SocketAddr};

use crate::headers::{host_ip, host_port, lex};
use crate::peer::{Peer, TransportKind};

/// Parts of a URI, all as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    /// `sip`, `sips`, `tel`, …
    pub scheme: &'a [u8],
    /// User part with escapes, without a password; the number for `tel`; may be empty.
    pub user: &'a [u8],
    /// Host, IPv6 without brackets; empty for `tel`.
    pub host: &'a [u8],
    /// Port, if stated.
    pub port: Option<u16>,
    /// Parameters after the host (or the number).
    pub params: &'a [u8],
}

impl<'a> Uri<'a> {
    /// Reads a URI; `None` when scheme or host are missing or broken.
    pub fn parse(uri: &'a [u8]) -> Option<Self> {
        let colon = lex::find(uri, b':')?;
        let (scheme, rest) = (&uri[..colon], &uri[colon + 1..]);
        if !lex::is_scheme(scheme) {
            return None;
        }
        if !scheme.eq_ignore_ascii_case(b"sip") && !scheme.eq_ignore_ascii_case(b"sips") {
            let end = rest.iter().position(|b| *b == b';').unwrap_or(rest.len());
            let params = rest.get(end + 1..).unwrap_or(&[]);
            return Some(Self {
                scheme,
                user: &rest[..end],
                host: b"",
                port: None,
                params,
            });
        }
        // The user part may itself hold `;`, `?` and `/`: the host begins after the last `@`
        // before the URI's header part.
        let at = rest.iter().rposition(|b| *b == b'@');
        let (userinfo, host_part) = match at {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (&rest[..0], rest),
        };
        let end = lex::find2(host_part, b';', b'?').unwrap_or(host_part.len());
        let (host, port) = host_port(&host_part[..end])?;
        let tail = &host_part[end..];
        let stop = lex::find(tail, b'?').unwrap_or(tail.len());
        let params = tail[..stop].strip_prefix(b";").unwrap_or(&[]);
        let user_end = lex::find(userinfo, b':').unwrap_or(userinfo.len());
        Some(Self {
            scheme,
            user: &userinfo[..user_end],
            host,
            port,
            params,
        })
    }

    /// User part without its parameters (`;phone-context=…`), escapes undone.
    pub fn user_text(&self) -> String {
        let end = self
            .user
            .iter()
            .position(|b| *b == b';')
            .unwrap_or(self.user.len());
        lex::text(&lex::unescape(&self.user[..end]))
    }

    /// A URI parameter; `Some(b"")` when present without value.
    pub fn param(&self, name: &[u8]) -> Option<&'a [u8]> {
        lex::param(self.params, name)
    }

    /// Host as an address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        host_ip(self.host)
    }

    /// The transport it asks for: its parameter, TLS for `sips`, else UDP (RFC 3263 §4.1).
    pub fn transport(&self) -> TransportKind {
        let stated = self.param(b"transport").and_then(TransportKind::from_token);
        if self.scheme.eq_ignore_ascii_case(b"sips") {
            TransportKind::Tls
        } else {
            stated.unwrap_or(TransportKind::Udp)
        }
    }

    /// Address and port to send to without any look-up; `None` for names and `tel`.
    pub fn socket(&self) -> Option<SocketAddr> {
        let port = self.port.unwrap_or(self.transport().default_port());
        (port != 0).then_some(())?;
        Some(SocketAddr::new(self.ip()?, port))
    }

    /// The peer to send to without any look-up; `None` for names and `tel`.
    pub fn peer(&self) -> Option<Peer> {
        Some(Peer::new(self.transport(), self.socket()?))
    }
}

/// Whether octets can stand as a URI in a start line or between angle brackets.
pub fn is_sendable(uri: &[u8]) -> bool {
    lex::is_uri(uri)
        && uri
            .iter()
            .position(|b| *b == b':')
            .is_some_and(|at| at > 0 && at + 1 < uri.len())
}

/// User part of any URI, unescaped; empty if it cannot be read.
pub fn user_of(uri: &[u8]) -> String {
    Uri::parse(uri).map(|u| u.user_text()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_of_all_kinds() {
        let u = Uri::parse(b"sip:%239%23+1555;phone-context=x:pw@[2001:db8::1]:5070;lr;x=y?h=v")
            .unwrap();
        assert_eq!(u.user_text(), "#9#+1555");
        assert_eq!(u.socket(), Some("[2001:db8::1]:5070".parse().unwrap()));
        assert_eq!(u.param(b"lr"), Some(&b""[..]));
        assert_eq!(u.param(b"x"), Some(&b"y"[..]));
        let t = Uri::parse(b"tel:+1-201-555-0123;ext=5").unwrap();
        assert_eq!(
            (t.user_text().as_str(), t.socket()),
            ("+1-201-555-0123", None)
        );
        assert_eq!(Uri::parse(b"SIPS:host").unwrap().host, b"host");
        assert!(Uri::parse(b"sip:a@").is_none());
        assert!(Uri::parse(b"nonsense").is_none());
        assert!(is_sendable(b"sip:a@b") && !is_sendable(b"sip:a b") && !is_sendable(b"sip:"));
    }
}
