//! Bodies for readers who may not see everything in them.

use super::mask::{head_length, header_value, hide, mask_head, mask_numbers};
use carillon_api::port::Sight;

/// Bodies inside bodies that are looked into; deeper ones are hidden.
const DEPTH_MAX: usize = 3;

/// Masks a body of that content type (in lower case); as many octets.
pub(super) fn mask_body(body: &mut [u8], kind: &[u8], sight: Sight) {
    masked(body, kind, sight, 0);
}

fn masked(body: &mut [u8], kind: &[u8], sight: Sight, depth: usize) {
    let essence = kind
        .split(|b| matches!(b, b';' | b' '))
        .next()
        .unwrap_or(kind);
    match essence {
        b"application/sdp" => mask_sdp(body, sight),
        b"message/sipfrag" | b"message/sip" => mask_head(body, sight),
        _ if essence.starts_with(b"multipart/") && depth < DEPTH_MAX => {
            parts(body, kind, sight, depth);
        }
        _ if sight == Sight::Whole => {}
        b"application/dtmf-relay" => mask_signal(body),
        b"application/dtmf" | b"audio/telephone-event" => hide(body.iter_mut()),
        _ if !essence.starts_with(b"text/") && !is_text(body) => hide(body.iter_mut()),
        // Whatever else carries keys pressed: KPML, vendors' INFO, messages of people.
        _ => body
            .iter_mut()
            .filter(|b| b.is_ascii_digit())
            .for_each(|b| *b = b'X'),
    }
}

fn is_text(body: &[u8]) -> bool {
    std::str::from_utf8(body).is_ok_and(|text| !text.contains('\0'))
}

fn lines(body: &mut [u8]) -> impl Iterator<Item = &mut [u8]> {
    body.split_inclusive_mut(|b| matches!(b, b'\n' | b'\r'))
}

/// Media keys always; numbers in `o=`, `s=`, `i=`, `e=`, `p=`.
fn mask_sdp(body: &mut [u8], sight: Sight) {
    for line in lines(body) {
        let Some((name, value)) = line.split_first_chunk_mut::<2>() else {
            continue;
        };
        match &*name {
            b"k=" => hide(value.iter_mut()),
            b"a=" if value.starts_with(b"crypto:") => {
                if let Some(at) = memchr::memmem::find(value, b"inline:") {
                    hide(value[at + b"inline:".len()..].iter_mut());
                }
            }
            b"o=" if sight == Sight::Masked => {
                let user = memchr::memchr(b' ', value).unwrap_or(value.len());
                mask_numbers(&mut value[..user]);
            }
            b"s=" | b"i=" | b"e=" | b"p=" if sight == Sight::Masked => mask_numbers(value),
            _ => {}
        }
    }
}

/// `Signal=5`; what else stands there (`Duration=160`) tells nothing.
fn mask_signal(body: &mut [u8]) {
    for line in lines(body) {
        let Some(equals) = memchr::memchr(b'=', line) else {
            continue;
        };
        if !line[..equals]
            .trim_ascii()
            .eq_ignore_ascii_case(b"duration")
        {
            hide(line[equals + 1..].iter_mut());
        }
    }
}

/// The parts of a multipart body (RFC 2046 §5.1), each by its own type.
fn parts(body: &mut [u8], kind: &[u8], sight: Sight, depth: usize) {
    let boundary = memchr::memmem::find(kind, b"boundary=").map(|at| &kind[at + 9..]);
    let boundary = boundary.map(|rest| {
        let quoted = rest.strip_prefix(b"\"");
        let stop = |b: &u8| {
            if quoted.is_some() {
                *b == b'"'
            } else {
                *b == b';'
            }
        };
        let rest = quoted.unwrap_or(rest);
        &rest[..rest.iter().position(stop).unwrap_or(rest.len())]
    });
    let Some(boundary) = boundary.filter(|b| !b.is_empty()) else {
        return hide(body.iter_mut());
    };
    let mark = [b"--", boundary].concat();
    // The type is in lower case; the boundary of the body may not be.
    let lower = body.to_ascii_lowercase();
    let mut marks: Vec<usize> = memchr::memmem::find_iter(&lower, &mark).collect();
    marks.push(body.len());
    for pair in marks.windows(2) {
        let begin = (pair[0] + mark.len()).min(pair[1]);
        let part = &mut body[begin..pair[1]];
        let (head, content) = part.split_at_mut(head_length(part));
        let kind = part_kind(head);
        masked(content, &kind, sight, depth + 1);
    }
}

fn part_kind(head: &[u8]) -> Vec<u8> {
    // The rest of the boundary's own line comes first.
    let begin = memchr::memchr(b'\n', head).map_or(0, |at| at + 1);
    let kind = header_value(&head[begin..], [b"content-type", b"c"]);
    kind.map_or_else(|| b"text/plain".to_vec(), <[u8]>::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: &str, body: &str, sight: Sight) -> String {
        let mut out = body.as_bytes().to_vec();
        mask_body(&mut out, kind.as_bytes(), sight);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn keys_pressed_are_hidden_but_from_the_whole_sight() {
        for (kind, body, masked) in [
            (
                "application/dtmf-relay",
                "Signal=5\r\nDuration=160\r\n",
                "Signal=X\r\nDuration=160\r\n",
            ),
            ("application/dtmf-relay", "Signal= #\r\n", "Signal= X\r\n"),
            ("application/dtmf", "4", "X"),
            (
                "application/kpml-response+xml",
                "<kpml-response digits=\"4111\"/>",
                "<kpml-response digits=\"XXXX\"/>",
            ),
            (
                "application/vnd.nortelnetworks.digits",
                "p=Digit\r\nd=9",
                "p=Digit\r\nd=X",
            ),
            ("application/isup", "\0\u{1}2", "XXX"),
        ] {
            assert_eq!(shown(kind, body, Sight::Masked), masked, "{kind}");
            assert_eq!(shown(kind, body, Sight::Numbers), masked, "{kind}");
            assert_eq!(shown(kind, body, Sight::Whole), body, "{kind}");
        }
    }

    #[test]
    fn sdp_keeps_addresses_and_ids_and_never_shows_keys() {
        let sdp = "v=0\r\no=12125550108 1234567890 1 IN IP4 192.0.2.1\r\ns=-\r\n\
                   a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0Rm\r\nm=audio 16384 RTP/SAVP 0\r\n";
        let masked = shown("application/sdp", sdp, Sight::Masked);
        assert!(
            masked.contains("o=1212***0108 1234567890 1 IN IP4 192.0.2.1"),
            "{masked}"
        );
        assert!(masked.contains("inline:XXXX\r\nm=audio 16384"), "{masked}");
        assert!(shown("application/sdp", sdp, Sight::Whole).contains("inline:XXXX"));
    }

    #[test]
    fn parts_are_masked_by_their_own_type() {
        let body = "--Bx\r\nContent-Type: application/sdp\r\n\r\no=- 1234567890 1 IN IP4 192.0.2.1\r\n\
                    --Bx\r\nContent-Type: application/dtmf\r\n\r\n7\r\n--Bx--\r\n";
        let shown = shown("multipart/mixed;boundary=\"bx\"", body, Sight::Masked);
        assert_eq!(shown, body.replace("\r\n7\r\n", "\r\nX\r\n"));
    }
}
