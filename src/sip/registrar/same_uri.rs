//! When two Contact URIs name the same place (RFC 3261 §19.1.4).

use crate::headers::lex::{self, ListIter};
use crate::uri::Uri;

/// Parameters that count as different when only one URI has them.
const TELLING: [&[u8]; 5] = [b"user", b"ttl", b"method", b"maddr", b"transport"];

/// Octet for octet, or by the rules for SIP URIs: escapes undone, host and parameters in any case
/// and order. Others than SIP URIs have to be equal octet for octet.
pub(super) fn same_uri(a: &[u8], b: &[u8]) -> bool {
    if a == b {
        return true;
    }
    let (Some(a), Some(b)) = (Uri::parse(a), Uri::parse(b)) else {
        return false;
    };
    !a.host.is_empty()
        && a.scheme.eq_ignore_ascii_case(b.scheme)
        && lex::unescape(a.user) == lex::unescape(b.user)
        && (a.host.eq_ignore_ascii_case(b.host) || (a.ip().is_some() && a.ip() == b.ip()))
        && a.port == b.port
        && TELLING
            .iter()
            .all(|name| value(&a, name) == value(&b, name))
        && agree(&a, &b)
}

fn value(uri: &Uri<'_>, name: &[u8]) -> Option<Vec<u8>> {
    uri.param(name)
        .map(|v| lex::unescape(v).to_ascii_lowercase())
}

/// Other parameters differ only when both have them.
fn agree(a: &Uri<'_>, b: &Uri<'_>) -> bool {
    ListIter::params(a.params)
        .map(|p| lex::name_value(p).0)
        .all(|name| value(b, name).is_none_or(|theirs| value(a, name) == Some(theirs)))
}

#[cfg(test)]
mod tests {
    use super::same_uri;

    #[test]
    fn the_examples_of_rfc_3261_and_more() {
        for (a, b, same) in [
            (
                "sip:%61lice@atlanta.com;transport=TCP",
                "sip:alice@AtlanTa.CoM;Transport=tcp",
                true,
            ),
            (
                "sip:carol@chicago.com",
                "sip:carol@chicago.com;newparam=5",
                true,
            ),
            (
                "sip:carol@chicago.com;newparam=5",
                "sip:carol@chicago.com;security=on",
                true,
            ),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER",
                "sip:biloxi.com;method=REGISTER;transport=tcp",
                true,
            ),
            (
                "SIP:ALICE@AtLanTa.CoM;Transport=udp",
                "sip:alice@AtLanTa.CoM;Transport=UDP",
                false,
            ),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false),
            (
                "sip:bob@biloxi.com",
                "sip:bob@biloxi.com;transport=udp",
                false,
            ),
            ("sip:bob@biloxi.com;x=1", "sip:bob@biloxi.com;x=2", false),
            ("sip:bob@biloxi.com", "sips:bob@biloxi.com", false),
            ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0::1]", true),
            ("tel:+1", "tel:+1", true),
            ("tel:+1", "tel:+2", false),
            ("nonsense", "nonsense", true),
        ] {
            assert_eq!(same_uri(a.as_bytes(), b.as_bytes()), same, "{a} {b}");
            assert_eq!(same_uri(b.as_bytes(), a.as_bytes()), same, "{b} {a}");
        }
    }
}
