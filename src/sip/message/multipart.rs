//! Bodies of several parts (RFC 2046 §5.1, RFC 5621): finding the one that is wanted.

use crate::headers::lex;

/// Parts looked at.
const PARTS_MAX: usize = 16;

/// Header octets of one part looked at.
const HEAD_MAX: usize = 4_096;

/// The first part of this type. `content_type` is the message's own, with its boundary. Parts that
/// are themselves multipart are not searched.
pub(super) fn part<'a>(content_type: &[u8], body: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    let at = lex::until(content_type, b';');
    let params = content_type.get(at + 1..).unwrap_or(&[]);
    let boundary = lex::unquote(lex::param(params, b"boundary")?);
    if boundary.is_empty() || boundary.len() > 70 {
        return None;
    }
    let delimiter = [b"--", &boundary[..]].concat();
    let mut rest = after_delimiter(body, &delimiter)?.1;
    for _ in 0..PARTS_MAX {
        let (content, next) = match after_delimiter(rest, &delimiter) {
            Some((content, next)) => (content, Some(next)),
            // The last delimiter is missing: a truncated or careless sender.
            None => (rest, None),
        };
        if let Some(found) = content_of(content, wanted) {
            return Some(found);
        }
        rest = next?;
    }
    None
}

/// What lies before the next delimiter line, and after it. `None` at the end.
fn after_delimiter<'a>(bytes: &'a [u8], delimiter: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let mut from = 0;
    loop {
        let at = from + find(&bytes[from..], delimiter)?;
        let starts_line = at == 0 || bytes[at - 1] == b'\n';
        let tail = &bytes[at + delimiter.len()..];
        let line = tail.iter().position(|b| *b == b'\n');
        let trailing = &tail[..line.unwrap_or(tail.len())];
        let is_padding = trailing.iter().all(|b| b" \t\r".contains(b));
        if starts_line && (is_padding || trailing.starts_with(b"--")) {
            let content = &bytes[..at];
            // The line break before a delimiter belongs to the delimiter.
            let content = content.strip_suffix(b"\n").unwrap_or(content);
            let content = content.strip_suffix(b"\r").unwrap_or(content);
            let next = line.map_or(&tail[tail.len()..], |n| &tail[n + 1..]);
            return Some((content, next));
        }
        from = at + delimiter.len();
    }
}

/// The body of a part, if it is of this type.
fn content_of<'a>(part: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    let (mut rest, mut is_wanted) = (part, false);
    loop {
        let end = rest.iter().take(HEAD_MAX).position(|b| *b == b'\n')?;
        let line = lex::trim(&rest[..end]);
        rest = &rest[end + 1..];
        if line.is_empty() {
            return (is_wanted && !rest.is_empty()).then_some(rest);
        }
        let Some(colon) = lex::find(line, b':') else {
            continue;
        };
        if lex::trim(&line[..colon]).eq_ignore_ascii_case(b"content-type") {
            let value = &line[colon + 1..];
            let kind = lex::trim(&value[..lex::until(value, b';')]);
            is_wanted = kind.eq_ignore_ascii_case(wanted.as_bytes());
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

#[cfg(test)]
mod tests {
    use super::part;

    const KIND: &[u8] = b"multipart/mixed;boundary=\"unique--1\"";

    fn sdp(body: &str) -> Option<&[u8]> {
        part(KIND, body.as_bytes(), "application/sdp")
    }

    #[test]
    fn the_wanted_part_is_found_between_others() {
        let body = "preamble\r\n--unique--1\r\nContent-Type: application/isup;base=x\r\n\
            Content-Disposition: signal;handling=optional\r\n\r\n\u{1}\u{2}--unique--1x\r\n--unique--1 \r\n\
            content-TYPE : Application/SDP ; charset=x\r\n\r\nv=0\r\no=-\r\n--unique--1--\r\nepilogue";
        assert_eq!(sdp(body), Some(&b"v=0\r\no=-"[..]));
        let bare = "--unique--1\nContent-Type: application/sdp\n\nv=0\n--unique--1--";
        assert_eq!(sdp(bare), Some(&b"v=0"[..]));
        let open_end = "--unique--1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n";
        assert_eq!(sdp(open_end), Some(&b"v=0\r\n"[..]));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for body in [
            "",
            "v=0\r\n",
            "--unique--1--",
            "--unique--1\r\nContent-Type: application/sdp\r\n",
            "--unique--1\r\nContent-Type: application/sdp\r\n\r\n",
            "--unique--1\r\n\r\nv=0\r\n--unique--1--\r\n",
            "--unique--1\r\nContent-Type: text/plain\r\n\r\nv=0\r\n--unique--1--\r\n",
            "x--unique--1\r\nContent-Type: application/sdp\r\n\r\nv=0",
        ] {
            assert_eq!(sdp(body), None, "{body:?}");
        }
        for kind in [
            &b"multipart/mixed"[..],
            b"multipart/mixed;boundary=",
            b"multipart/mixed;boundary=\"\"",
        ] {
            assert_eq!(
                part(
                    kind,
                    b"--\r\nContent-Type: application/sdp\r\n\r\nv=0",
                    "application/sdp"
                ),
                None
            );
        }
    }
}
