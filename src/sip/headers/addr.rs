//! From, To, Contact, Route, Record-Route: name-addr and addr-spec (RFC 3261 §20.10), and CSeq.

use super::lex;
use crate::message::Method;

/// An address with display name and header parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// Display name as received, quotes included; may be empty.
    pub display: &'a [u8],
    /// URI as received, octet for octet.
    pub uri: &'a [u8],
    /// Header parameters after the address, without the first semicolon.
    pub params: &'a [u8],
    /// The whole element as received.
    pub raw: &'a [u8],
}

impl<'a> NameAddr<'a> {
    /// Reads one element. Without angle brackets, parameters belong to the header (§20.10).
    /// Spaces within the brackets and a display name that should have been quoted are taken.
    /// `None`: quotes or brackets do not match, or there is no URI.
    pub fn parse(element: &'a [u8]) -> Option<Self> {
        let raw = lex::trim(element);
        let (display, uri, rest) = match open_angle(raw) {
            Some(open) => {
                let inner = &raw[open + 1..];
                let close = lex::find(inner, b'>')?;
                (
                    lex::trim(&raw[..open]),
                    lex::trim(&inner[..close]),
                    &inner[close + 1..],
                )
            }
            None => {
                let end = lex::find(raw, b';').unwrap_or(raw.len());
                let uri = lex::trim(&raw[..end]);
                // A URI with a comma, a question mark or a semicolon needs brackets.
                if !lex::is_uri(uri) || lex::find2(uri, b'?', b',').is_some() {
                    return None;
                }
                (&raw[..0], uri, &raw[end..])
            }
        };
        let colon = lex::find(uri, b':')?;
        if !lex::is_scheme(&uri[..colon]) || uri.iter().any(|b| *b < 0x20) {
            return None;
        }
        if !lex::is_closed(rest) {
            return None;
        }
        let start = lex::until(rest, b';');
        let params = rest.get(start + 1..).unwrap_or(&[]);
        Some(Self {
            display,
            uri,
            params,
            raw,
        })
    }

    /// A header parameter; `Some(b"")` when present without value.
    pub fn param(&self, name: &[u8]) -> Option<&'a [u8]> {
        lex::param(self.params, name)
    }

    /// Display name for people.
    pub fn display_text(&self) -> String {
        lex::text(&lex::unquote(self.display))
    }
}

/// Position of `<` outside quotes.
fn open_angle(bytes: &[u8]) -> Option<usize> {
    let first = lex::find2(bytes, b'<', b'"')?;
    if bytes[first] == b'<' {
        return Some(first);
    }
    let (mut quoted, mut escaped) = (false, false);
    for (at, b) in bytes.iter().enumerate().skip(first) {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'<' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// CSeq (RFC 3261 §20.16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// Below 2³¹.
    pub number: u32,
    /// Known methods by name.
    pub method: Method,
    /// The method as received.
    pub token: &'a [u8],
}

impl<'a> CSeq<'a> {
    /// Reads the value; numbers of 2³¹ and more are refused (§8.1.1.5).
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let space = value.iter().position(|b| lex::is_space(*b))?;
        let number = lex::number(&value[..space])?;
        let token = lex::trim(&value[space..]);
        let sound =
            number < 1 << 31 && !token.is_empty() && token.iter().all(|b| lex::is_token(*b));
        sound.then(|| Self {
            number,
            method: Method::from_bytes(token),
            token,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_all_shapes() {
        let a = NameAddr::parse(b"\"A \\\" <x> B\" <sip:a@b;lr?x=1>;tag=q;y").unwrap();
        assert_eq!(a.uri, b"sip:a@b;lr?x=1");
        assert_eq!(a.display_text(), "A \" <x> B");
        assert_eq!(a.param(b"TAG"), Some(&b"q"[..]));
        assert_eq!(a.param(b"y"), Some(&b""[..]));
        let b = NameAddr::parse(b"sip:a@b;tag=1").unwrap();
        assert_eq!((b.uri, b.param(b"tag")), (&b"sip:a@b"[..], Some(&b"1"[..])));
        let t = NameAddr::parse(b"<tel:+1-201-555-0123>;tag=2").unwrap();
        assert_eq!(t.uri, b"tel:+1-201-555-0123");
        for bad in [
            &b"*"[..],
            b"<sip:x",
            b"",
            b"\"x\"",
            b"<>",
            b"\"Mr. J. User <sip:j.user@example.com>",
            b"sip:user@example.com?Route=%3Csip:sip.example.com%3E",
            b">:  ",
            b"sip:a b@c",
            b"<sip:a@b>;x=\"y",
        ] {
            assert!(NameAddr::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn cseq_bounds() {
        assert_eq!(CSeq::parse(b"0009\r\n INVITE").unwrap().number, 9);
        assert!(CSeq::parse(b"2147483648 INVITE").is_none());
        assert!(CSeq::parse(b"1").is_none());
        assert!(CSeq::parse(b"-1 INVITE").is_none());
        assert!(CSeq::parse(b"+1 INVITE").is_none());
    }
}
