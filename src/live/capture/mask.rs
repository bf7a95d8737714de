//! Messages for readers who may not see everything in them. Lengths stay as they are, so that
//! Content-Length and every parser's view stay true.
//!
//! Numbers are hidden in start lines, headers and SDP but for their first and last digits; keys
//! that were pressed (they may be card data), `User-to-User` and the signed copies of numbers in
//! `Identity` wholly. Digest responses, passwords in URIs and SRTP keys are hidden from
//! everybody.

use super::mask_body::mask_body;
use carillon_api::port::Sight;
use std::net::Ipv4Addr;

/// Fewest digits that are taken for a telephone number: subscriber numbers without a prefix.
const DIGITS_MIN: usize = 7;
/// Digits left at the end, and at most so many at the beginning.
const SHOWN: usize = 4;
/// Digits hidden at least.
const HIDDEN_MIN: usize = 3;

/// Headers whose digits name no person; hiding them would break what belongs together.
const STRUCTURE: [&[u8]; 37] = [
    b"via",
    b"v",
    b"call-id",
    b"i",
    b"cseq",
    b"content-length",
    b"l",
    b"content-type",
    b"c",
    b"max-forwards",
    b"expires",
    b"session-expires",
    b"x",
    b"min-se",
    b"min-expires",
    b"rseq",
    b"rack",
    b"replaces",
    b"date",
    b"timestamp",
    b"user-agent",
    b"server",
    b"allow",
    b"supported",
    b"k",
    b"require",
    b"proxy-require",
    b"unsupported",
    b"www-authenticate",
    b"proxy-authenticate",
    b"authentication-info",
    b"p-charging-vector",
    b"reason",
    b"retry-after",
    b"event",
    b"o",
    b"mime-version",
];
/// Parameters whose digits name no person.
const STRUCTURE_PARAMS: [&[u8]; 18] = [
    b"tag",
    b"branch",
    b"nonce",
    b"opaque",
    b"cnonce",
    b"nc",
    b"response",
    b"expires",
    b"q",
    b"icid-value",
    b"rport",
    b"reg-id",
    b"+sip.instance",
    b"to-tag",
    b"from-tag",
    b"ftag",
    b"index",
    b"cause",
];

/// The message as a reader of that sight may have it; as many octets.
pub(crate) fn masked(message: &[u8], sight: Sight) -> Vec<u8> {
    let mut out = message.to_vec();
    let head = head_length(&out);
    let (head, body) = out.split_at_mut(head);
    mask_head(head, sight);
    let kind = header_value(head, [b"content-type", b"c"]);
    let kind = kind.map_or_else(Vec::new, <[u8]>::to_ascii_lowercase);
    mask_body(body, &kind, sight);
    out
}

/// Octets up to and with the empty line.
pub(super) fn head_length(message: &[u8]) -> usize {
    let crlf = memchr::memmem::find(message, b"\r\n\r\n").map(|at| at + 4);
    let lf = memchr::memmem::find(message, b"\n\n").map(|at| at + 2);
    crlf.into_iter().chain(lf).min().unwrap_or(message.len())
}

/// The value of the first header of these names.
pub(super) fn header_value<'a>(head: &'a [u8], names: [&[u8]; 2]) -> Option<&'a [u8]> {
    super::message::head_lines(head).find_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let name = line[..colon].trim_ascii();
        let fits = names.iter().any(|n| name.eq_ignore_ascii_case(n));
        fits.then(|| line[colon + 1..].trim_ascii())
    })
}

/// How the value of a header is treated.
#[derive(Clone, Copy, PartialEq)]
enum Treatment {
    Keep,
    Numbers,
    Credentials,
    Hide,
}

fn treatment(name: &[u8], sight: Sight) -> Treatment {
    let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
    let masks = sight == Sight::Masked;
    if is(b"authorization") || is(b"proxy-authorization") {
        Treatment::Credentials
    } else if (is(b"identity") || is(b"y")) && masks || is(b"user-to-user") && sight != Sight::Whole
    {
        Treatment::Hide
    } else if !masks || STRUCTURE.iter().any(|known| is(known)) {
        Treatment::Keep
    } else {
        Treatment::Numbers
    }
}

/// Masks start line and headers.
pub(super) fn mask_head(head: &mut [u8], sight: Sight) {
    let mut at = 0;
    let mut how = Treatment::Numbers;
    while at < head.len() {
        let end = memchr::memchr(b'\n', &head[at..]).map_or(head.len(), |n| at + n + 1);
        let line = &mut head[at..end];
        if at == 0 {
            mask_value(line, Treatment::Numbers, sight);
        } else if matches!(line.first(), Some(b' ' | b'\t')) {
            // A folded line goes on with its header.
            mask_value(line, how, sight);
        } else {
            let colon = memchr::memchr(b':', line).unwrap_or(0);
            how = treatment(line[..colon].trim_ascii(), sight);
            mask_value(&mut line[colon..], how, sight);
        }
        at = end;
    }
}

fn mask_value(value: &mut [u8], how: Treatment, sight: Sight) {
    hide_uri_passwords(value);
    match how {
        Treatment::Keep => {}
        Treatment::Numbers if sight == Sight::Masked => mask_numbers(value),
        Treatment::Numbers => {}
        Treatment::Hide => hide(value.iter_mut().skip(1)),
        Treatment::Credentials => {
            hide_credentials(value);
            if sight == Sight::Masked {
                mask_numbers(value);
            }
        }
    }
}

/// Hides all but white space.
pub(super) fn hide<'a>(octets: impl Iterator<Item = &'a mut u8>) {
    octets
        .filter(|b| !b.is_ascii_whitespace())
        .for_each(|b| *b = b'X');
}

/// Hides what proves that somebody knows a password: `response` of a digest, everything of
/// other schemes.
fn hide_credentials(value: &mut [u8]) {
    let lower = value.to_ascii_lowercase();
    if memchr::memmem::find(&lower, b"digest ").is_none() && lower.first() == Some(&b':') {
        let scheme = lower.iter().skip(1).position(|b| !b.is_ascii_whitespace());
        let begin = scheme.map_or(value.len(), |n| n + 1);
        let end = lower[begin..].iter().position(u8::is_ascii_whitespace);
        hide(value[end.map_or(begin, |n| begin + n)..].iter_mut());
        return;
    }
    for at in memchr::memmem::find_iter(&lower, b"response=") {
        let begin = at + b"response=".len();
        let rest = &mut value[begin..];
        let end = rest.iter().position(|b| matches!(b, b',' | b'\r' | b'\n'));
        let end = end.unwrap_or(rest.len());
        rest[..end]
            .iter_mut()
            .filter(|b| **b != b'"' && !b.is_ascii_whitespace())
            .for_each(|b| *b = b'X');
    }
}

/// `sip:user:PASSWORD@host` (RFC 3261 §19.1.1).
fn hide_uri_passwords(value: &mut [u8]) {
    let lower = value.to_ascii_lowercase();
    let schemes = [&b"sip:"[..], b"sips:"];
    for scheme in schemes {
        for at in memchr::memmem::find_iter(&lower, scheme) {
            let begin = at + scheme.len();
            let stop =
                |b: &u8| matches!(b, b'@' | b'>' | b'<' | b'"' | b' ' | b',' | b'\r' | b'\n');
            let Some(end) = lower[begin..].iter().position(stop).map(|n| begin + n) else {
                continue;
            };
            if lower[end] != b'@' {
                continue;
            }
            if let Some(colon) = memchr::memchr(b':', &lower[begin..end]) {
                hide(value[begin + colon + 1..end].iter_mut());
            }
        }
    }
}

/// Hides the middle of each telephone number. Separators inside a number (RFC 3966 §5.1.1)
/// belong to it; IPv4 addresses stay.
pub(super) fn mask_numbers(text: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = text[at..].iter().position(u8::is_ascii_digit) {
        let begin = at + found;
        let inside = |b: &u8| b.is_ascii_digit() || b"-.()".contains(b);
        let length = text[begin..].iter().position(|b| !inside(b));
        let mut end = length.map_or(text.len(), |n| begin + n);
        while !text[end - 1].is_ascii_digit() {
            end -= 1;
        }
        at = end;
        let run = &text[begin..end];
        let digits = run.iter().filter(|b| b.is_ascii_digit()).count();
        let address = std::str::from_utf8(run).is_ok_and(|run| run.parse::<Ipv4Addr>().is_ok());
        if digits < DIGITS_MIN || address || is_structure(&text[..begin]) {
            continue;
        }
        let head = SHOWN.min(digits - SHOWN - HIDDEN_MIN);
        let digits_of = text[begin..end].iter_mut().filter(|b| b.is_ascii_digit());
        for (n, digit) in digits_of.enumerate() {
            if (head..digits - SHOWN).contains(&n) {
                *digit = b'*';
            }
        }
    }
}

/// Whether what follows `before` is the value of a parameter that names no person.
fn is_structure(before: &[u8]) -> bool {
    let stops = |b: &u8| b";, \t<>?&()".contains(b);
    let begin = before.iter().rposition(stops).map_or(0, |n| n + 1);
    let token = &before[begin..];
    let Some(equals) = memchr::memchr(b'=', token) else {
        return false;
    };
    let name = &token[..equals];
    STRUCTURE_PARAMS
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, sight: Sight) -> String {
        let out = masked(text.as_bytes(), sight);
        assert_eq!(out.len(), text.len(), "{text}");
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_masked_in_every_form_and_structure_stays() {
        for (text, masked) in [
            (
                "INVITE sip:+12125550108@192.0.2.10:15060 SIP/2.0\r\n\r\n",
                "INVITE sip:+1212***0108@192.0.2.10:15060 SIP/2.0\r\n\r\n",
            ),
            (
                "INVITE tel:+1-212-555-0108 SIP/2.0\r\n\r\n",
                "INVITE tel:+1-212-***-0108 SIP/2.0\r\n\r\n",
            ),
            (
                "SIP/2.0 404 2125550108 is unassigned\r\n\r\n",
                "SIP/2.0 404 212***0108 is unassigned\r\n\r\n",
            ),
            (
                "x\r\nFrom: \"442079460018\" <sip:9%23442079460018@h>;tag=as1234567890\r\n\r\n",
                "x\r\nFrom: \"4420****0018\" <sip:9%2344******0018@h>;tag=as1234567890\r\n\r\n",
            ),
            (
                "x\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK12345678\r\nCall-ID: 12345678@h\r\n\r\n",
                "x\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK12345678\r\nCall-ID: 12345678@h\r\n\r\n",
            ),
            (
                "x\r\nDiversion: <tel:\r\n +442079460018>;reason=unconditional\r\n\r\n",
                "x\r\nDiversion: <tel:\r\n +4420****0018>;reason=unconditional\r\n\r\n",
            ),
            (
                "x\r\nIdentity: eyJh.Zm9v;alg=ES256\r\n\r\n",
                "x\r\nIdentity: XXXXXXXXXXXXXXXXXXX\r\n\r\n",
            ),
        ] {
            assert_eq!(shown(text, Sight::Masked), masked);
            assert_eq!(shown(text, Sight::Numbers), text);
        }
    }

    #[test]
    fn what_proves_a_password_is_hidden_from_everybody() {
        let digest = "x\r\nAuthorization: Digest username=\"12125550108\", nonce=\"12345678901\", \
                      response=\"0123456789abcdef\", nc=00000001\r\n\r\n";
        let whole = shown(digest, Sight::Whole);
        assert!(
            whole.contains("response=\"XXXXXXXXXXXXXXXX\", nc=00000001"),
            "{whole}"
        );
        assert!(whole.contains("username=\"12125550108\", nonce=\"12345678901\""));
        let masked = shown(digest, Sight::Masked);
        assert!(
            masked.contains("username=\"1212***0108\", nonce=\"12345678901\""),
            "{masked}"
        );
        assert_eq!(
            shown(
                "x\r\nProxy-Authorization: Bearer ey.J0\r\n\r\n",
                Sight::Whole
            ),
            "x\r\nProxy-Authorization: Bearer XXXXX\r\n\r\n"
        );
        assert_eq!(
            shown("REGISTER sip:anna:s3cret@h SIP/2.0\r\n\r\n", Sight::Whole),
            "REGISTER sip:anna:XXXXXX@h SIP/2.0\r\n\r\n"
        );
    }

    #[test]
    fn octets_that_are_no_sip_do_no_harm() {
        for bytes in [
            &b""[..],
            b"\n",
            b"\r\n\r\n",
            b"\0\xff:1234567",
            b"1",
            b"(",
            b"a\r\n:\r\n=",
        ] {
            for sight in [Sight::Masked, Sight::Numbers, Sight::Whole] {
                assert_eq!(masked(bytes, sight).len(), bytes.len());
            }
        }
    }
}
