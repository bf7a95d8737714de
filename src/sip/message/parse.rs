//! The parser: one pass over the datagram, no copies.

use super::{Defect, Header, HeaderName, Message, Method, StartLine};
use crate::error::SipError;
use crate::headers::lex;

/// Bounds of what is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most header lines.
    pub max_headers: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { max_headers: 256 }
    }
}

/// Parses one datagram. Line ends may be CRLF or LF; blank lines before the first line, lines
/// without a colon and a missing blank line at the end are tolerated; without Content-Length the
/// body is the rest (RFC 3261 §18.3).
///
/// # Errors
/// [`SipError::Parse`] when the first line is not SIP or a bound is exceeded.
pub fn parse<'a>(bytes: &'a [u8], bounds: &Bounds) -> Result<Message<'a>, SipError> {
    let mut rest = bytes;
    while let [b'\r' | b'\n', tail @ ..] = rest {
        rest = tail;
    }
    let (line, mut rest) = split_line(rest);
    let (start, mut defect) = start_line(line)?;
    let mut headers = Vec::with_capacity(24);
    loop {
        let (line, tail) = logical_line(rest);
        rest = tail;
        if line.is_empty() {
            break;
        }
        let Some(colon) = lex::find(line, b':') else {
            continue;
        };
        if headers.len() >= bounds.max_headers {
            return Err(SipError::Parse("too many header lines"));
        }
        let raw_name = lex::trim(&line[..colon]);
        let value = lex::trim(&line[colon + 1..]);
        headers.push(Header {
            name: HeaderName::from_bytes(raw_name),
            raw_name,
            value,
        });
    }
    let mut body = rest;
    match content_length(&headers) {
        Ok(None) => {}
        Ok(Some(length)) if length <= body.len() => body = &body[..length],
        Ok(Some(_)) => defect = defect.or(Some(Defect::Truncated)),
        Err(broken) => defect = defect.or(Some(broken)),
    }
    Ok(Message {
        start,
        headers,
        body,
        defect,
    })
}

/// One line without its end, and what follows.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match lex::find(bytes, b'\n') {
        Some(at) => {
            let line = &bytes[..at];
            (line.strip_suffix(b"\r").unwrap_or(line), &bytes[at + 1..])
        }
        None => (bytes.strip_suffix(b"\r").unwrap_or(bytes), &[]),
    }
}

/// A header line with its folds (RFC 3261 §7.3.1).
fn logical_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (first, mut rest) = split_line(bytes);
    if first.is_empty() || !matches!(rest, [b' ' | b'\t', ..]) {
        return (first, rest);
    }
    let mut end = first.len();
    while let [b' ' | b'\t', ..] = rest {
        let (line, tail) = split_line(rest);
        end = line.as_ptr() as usize - bytes.as_ptr() as usize + line.len();
        rest = tail;
    }
    (&bytes[..end], rest)
}

fn start_line(line: &[u8]) -> Result<(StartLine<'_>, Option<Defect>), SipError> {
    if line.len() >= 4 && line[..4].eq_ignore_ascii_case(b"SIP/") {
        return status_line(line);
    }
    let space = |b: &u8| matches!(b, b' ' | b'\t');
    let first = line
        .iter()
        .position(space)
        .ok_or(SipError::Parse("no SIP start line"))?;
    let (token, rest) = (&line[..first], lex::trim(&line[first..]));
    if token.is_empty() || !token.iter().all(|b| lex::is_token(*b)) {
        return Err(SipError::Parse("method is not a token"));
    }
    let last = rest
        .iter()
        .rposition(space)
        .ok_or(SipError::Parse("no SIP version"))?;
    let (uri, version) = (lex::trim(&rest[..last]), &rest[last + 1..]);
    if !(version.len() >= 4 && version[..4].eq_ignore_ascii_case(b"SIP/")) {
        return Err(SipError::Parse("no SIP version"));
    }
    let defect = if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        Some(Defect::Version)
    } else if uri.is_empty() || uri.iter().any(|b| space(b) || *b < 0x20) {
        Some(Defect::RequestUri)
    } else {
        None
    };
    Ok((
        StartLine::Request {
            method: Method::from_bytes(token),
            token,
            uri,
        },
        defect,
    ))
}

fn status_line(line: &[u8]) -> Result<(StartLine<'_>, Option<Defect>), SipError> {
    let bad = SipError::Parse("bad status line");
    let space = line.iter().position(|b| *b == b' ').ok_or(bad.clone())?;
    let rest = lex::trim(&line[space..]);
    let digits = rest.get(..3).ok_or(bad.clone())?;
    let ends = rest.get(3).is_none_or(|b| *b == b' ' || *b == b'\t');
    if !ends || !digits.iter().all(u8::is_ascii_digit) {
        return Err(bad);
    }
    let code = digits
        .iter()
        .fold(0u16, |acc, b| acc * 10 + u16::from(b - b'0'));
    if !(100..700).contains(&code) {
        return Err(bad);
    }
    let version = &line[..space];
    let defect = (!version.eq_ignore_ascii_case(b"SIP/2.0")).then_some(Defect::Version);
    Ok((
        StartLine::Response {
            code,
            phrase: lex::trim(&rest[3..]),
        },
        defect,
    ))
}

fn content_length(headers: &[Header<'_>]) -> Result<Option<usize>, Defect> {
    let mut found = None;
    for header in headers
        .iter()
        .filter(|h| h.name == HeaderName::ContentLength)
    {
        let value = header.value;
        if value.is_empty() || value.len() > 9 || !value.iter().all(u8::is_ascii_digit) {
            return Err(Defect::ContentLength);
        }
        let length = value
            .iter()
            .fold(0usize, |acc, b| acc * 10 + usize::from(b - b'0'));
        if found.is_some_and(|earlier| earlier != length) {
            return Err(Defect::ContentLength);
        }
        found = Some(length);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(bytes: &[u8]) -> Message<'_> {
        parse(bytes, &Bounds::default()).unwrap()
    }

    #[test]
    fn compact_names_folds_lists_and_bad_octets_are_taken() {
        let bytes = b"\r\nINVITE sip:%23123@h SIP/2.0\r\nv: SIP/2.0/UDP a;branch=z9hG4bK1 ,\r\n \
            SIP/2.0/UDP b;branch=z9hG4bK2\r\nVia: SIP/2.0/UDP c\r\nf: \"a, \xff\" <sip:x@y>;tag=1\r\n\
            t: <tel:+1555>\r\ni: abc\r\nCSeq: 7 \t INVITE\r\nX-Odd \xfe: \xff\xfe\r\nl: 3\r\n\r\nabcdef";
        let m = p(bytes);
        assert_eq!(m.uri(), b"sip:%23123@h");
        assert_eq!(m.list(HeaderName::Via).count(), 3);
        assert_eq!(m.via().unwrap().branch, b"z9hG4bK1");
        assert_eq!(m.from_tag(), b"1");
        assert_eq!(m.from().unwrap().display, b"\"a, \xff\"");
        assert_eq!(m.call_id(), b"abc");
        assert_eq!(m.cseq().unwrap().number, 7);
        assert_eq!(m.headers[6].value, b"\xff\xfe");
        assert_eq!(m.body, b"abc");
        assert_eq!(m.defect, None);
    }

    #[test]
    fn missing_length_takes_the_rest_and_short_body_is_a_defect() {
        assert_eq!(p(b"SIP/2.0 200\n\nbody").body, b"body");
        assert_eq!(
            p(b"SIP/2.0 200 OK\r\nl: 9\r\n\r\nbody").defect,
            Some(Defect::Truncated)
        );
        assert_eq!(
            p(b"SIP/2.0 200 OK\r\nl: -1\r\n\r\n").defect,
            Some(Defect::ContentLength)
        );
        assert_eq!(p(b"X sip:a SIP/7.0\r\n\r\n").defect, Some(Defect::Version));
        assert_eq!(
            p(b"X sip:a b SIP/2.0\r\n\r\n").defect,
            Some(Defect::RequestUri)
        );
    }

    #[test]
    fn what_is_not_sip_is_refused() {
        for bad in [
            &b""[..],
            b"\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"SIP/2.0 99 x\r\n\r\n",
            b"SIP/2.0 2000 x\r\n",
            b"INVITE\r\n\r\n",
            b"\0\0\0\0",
            b"IN\xffITE sip:a SIP/2.0\r\n",
        ] {
            assert!(parse(bad, &Bounds::default()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn header_count_is_bounded() {
        let mut bytes = b"OPTIONS sip:a SIP/2.0\r\n".to_vec();
        bytes.extend(b"a: b\r\n".repeat(300));
        assert!(parse(&bytes, &Bounds::default()).is_err());
    }
}
