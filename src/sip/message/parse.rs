//! The parser: one pass over the datagram, no copies.

use super::{Defect, Header, HeaderName, Message, Method, StartLine};
use crate::error::SipError;
use crate::headers::Via;
use crate::headers::lex::{self, ListIter};
use crate::uri::{Uri, is_sendable};

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
/// without a name and a colon, and a missing blank line at the end are tolerated; without
/// Content-Length the body is the rest (RFC 3261 §18.3).
///
/// # Errors
/// [`SipError::Parse`] when the first line is not SIP or a bound is exceeded.
pub fn parse<'a>(bytes: &'a [u8], bounds: &Bounds) -> Result<Message<'a>, SipError> {
    let mut rest = bytes;
    while let [b'\r' | b'\n', tail @ ..] = rest {
        rest = tail;
    }
    let (line, rest) = split_line(rest);
    let (start, defect) = start_line(line)?;
    let mut fields = Fields::default();
    let mut body = fields.read(rest, bounds)?;
    let mut defect = defect.or(fields.defect);
    match fields.content_length {
        None => {}
        Some(length) if length <= body.len() => body = &body[..length],
        Some(_) => defect = defect.or(Some(Defect::Truncated)),
    }
    Ok(Message {
        start,
        headers: fields.headers,
        body,
        defect,
    })
}

/// Header lines while they are read.
struct Fields<'a> {
    headers: Vec<Header<'a>>,
    /// Where each header field that may stand once stands, 1 the first line; see [`single`].
    singles: [u16; SINGLES],
    content_length: Option<usize>,
    defect: Option<Defect>,
}

impl Default for Fields<'_> {
    fn default() -> Self {
        Self {
            headers: Vec::with_capacity(24),
            singles: [0; SINGLES],
            content_length: None,
            defect: None,
        }
    }
}

impl<'a> Fields<'a> {
    /// Reads up to and with the blank line; gives what follows it.
    fn read(&mut self, mut rest: &'a [u8], bounds: &Bounds) -> Result<&'a [u8], SipError> {
        loop {
            let (line, tail) = logical_line(rest);
            rest = tail;
            if line.is_empty() {
                return Ok(rest);
            }
            let Some((raw_name, value)) = split_name(line) else {
                continue;
            };
            if self.headers.len() >= bounds.max_headers {
                return Err(SipError::Parse("too many header lines"));
            }
            let name = HeaderName::from_bytes(raw_name);
            self.headers.push(Header {
                name,
                raw_name,
                value,
            });
            if let Err(defect) = self.check(name, value) {
                self.defect.get_or_insert(defect);
            }
        }
    }

    /// What can be told of a line that was just pushed.
    fn check(&mut self, name: HeaderName, value: &[u8]) -> Result<(), Defect> {
        match name {
            HeaderName::ContentLength => self.content_length(value),
            HeaderName::Via => via_list(value),
            _ => match single(name) {
                Some(index) => self.once(index, value),
                None => Ok(()),
            },
        }
    }

    fn once(&mut self, index: usize, value: &[u8]) -> Result<(), Defect> {
        let earlier = usize::from(self.singles[index]);
        if earlier == 0 {
            // Bounded by `max_headers`; beyond 65,535 lines a repetition would go unnoticed.
            self.singles[index] = u16::try_from(self.headers.len()).unwrap_or(0);
            return Ok(());
        }
        // The same value twice does no harm.
        if self.headers[earlier - 1].value == value {
            return Ok(());
        }
        Err(Defect::Repeated)
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Defect> {
        let length = lex::number(value)
            .and_then(|n| usize::try_from(n).ok())
            .ok_or(Defect::ContentLength)?;
        match self.content_length.replace(length) {
            Some(earlier) if earlier != length => Err(Defect::ContentLength),
            _ => Ok(()),
        }
    }
}

/// Number of header fields that may stand once.
const SINGLES: usize = 5;

/// Place of a header field that may stand once, Content-Length aside.
fn single(name: HeaderName) -> Option<usize> {
    match name {
        HeaderName::From => Some(0),
        HeaderName::To => Some(1),
        HeaderName::CallId => Some(2),
        HeaderName::CSeq => Some(3),
        HeaderName::MaxForwards => Some(4),
        _ => None,
    }
}

/// Name and value of a header line; `None` for a line that has no name.
fn split_name(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = lex::find(line, b':')?;
    let name = lex::trim(&line[..colon]);
    // A colon in a fold does not make the line before it a name.
    if name.is_empty() || lex::find(name, b'\n').is_some() {
        return None;
    }
    Some((name, lex::trim(&line[colon + 1..])))
}

/// A single Via may have empty parameters; where a list ends is only known if every element is
/// sound.
fn via_list(value: &[u8]) -> Result<(), Defect> {
    if lex::find(value, b',').is_none() {
        return Ok(());
    }
    let sound = ListIter::new(value).all(|element| Via::parse(element).is_some());
    sound.then_some(()).ok_or(Defect::Via)
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
    } else if !is_sendable(uri) || Uri::parse(uri).is_none() {
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
    fn what_may_stand_once_may_not_stand_twice() {
        let with = |lines: &str| format!("OPTIONS sip:a SIP/2.0\r\nl: 0\r\n{lines}\r\n");
        for (lines, defect) in [
            ("i: 1\r\nCall-ID: 1\r\n", None),
            ("i: 1\r\nCall-ID: 2\r\n", Some(Defect::Repeated)),
            ("f: <sip:a>\r\nFrom: <sip:b>\r\n", Some(Defect::Repeated)),
            ("t: <sip:a>\r\nTO: <sip:b>\r\n", Some(Defect::Repeated)),
            ("CSeq: 1 A\r\ncseq: 2 A\r\n", Some(Defect::Repeated)),
            (
                "Max-Forwards: 1\r\nMax-Forwards: 2\r\n",
                Some(Defect::Repeated),
            ),
            ("m: <sip:a>\r\nm: <sip:b>\r\n", None),
            ("Content-Length: 0\r\n", None),
            ("Content-Length: 1\r\n", Some(Defect::ContentLength)),
            ("v: SIP/2.0/UDP a;;,\r\n", None),
            ("v: SIP/2.0/UDP a;;,;,,\r\n", Some(Defect::Via)),
            ("v: SIP/2.0/UDP a,SIP/2.0/UDP b\r\n", None),
        ] {
            let text = with(lines);
            assert_eq!(p(text.as_bytes()).defect, defect, "{lines:?}");
        }
    }

    #[test]
    fn a_name_stands_on_one_line() {
        let m =
            p(b"OPTIONS sip:a SIP/2.0\r\njunk\r\n To: <sip:x>\r\n: nothing\r\nf: <sip:y>\r\n\r\n");
        assert_eq!(m.headers.len(), 1);
        assert_eq!(m.from().unwrap().uri, b"sip:y");
        assert!(m.to().is_none());
    }

    #[test]
    fn request_uris_that_are_none() {
        for uri in [
            "<sip:user@example.com>",
            "sip:user@example.com; lr",
            "sip:2001:db8::10",
            "sip:",
            "sip:a@",
            "nothing",
        ] {
            let text = format!("OPTIONS {uri} SIP/2.0\r\n\r\n");
            assert_eq!(p(text.as_bytes()).defect, Some(Defect::RequestUri), "{uri}");
        }
        for uri in [
            "soap.beep://192.0.2.103:3002",
            "tel:+1",
            "sip:[2001:db8::10]",
        ] {
            let text = format!("OPTIONS {uri} SIP/2.0\r\n\r\n");
            assert_eq!(p(text.as_bytes()).defect, None, "{uri}");
        }
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
