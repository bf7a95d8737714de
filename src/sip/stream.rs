//! Messages out of a byte stream (RFC 3261 §18.3) and its keep-alives (RFC 5626 §3.5.1).

use crate::headers::lex;

/// Where the header part of a message ends: the blank line.
const BLANK: &[u8] = b"\r\n\r\n";

/// What the octets so far hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// One whole message.
    Message(Vec<u8>),
    /// The peer's keep-alive, a double CRLF: answer with a single CRLF.
    Ping,
    /// A single CRLF: the answer to ours, or padding between messages.
    Pong,
}

/// Why a stream cannot be read on. The only remedy is to close it: nobody knows where the next
/// message begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// A message above the limit, or header lines without end.
    #[error("a message is larger than {limit} octets")]
    TooLarge {
        /// The limit, octets.
        limit: usize,
    },
    /// Content-Length is no number, or two of them differ.
    #[error("Content-Length cannot be read")]
    ContentLength,
    /// The octets are no SIP.
    #[error("the octets are not SIP")]
    NotSip,
}

/// Cuts a stream into messages. One for each direction of each connection.
#[derive(Debug, Clone)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Octets at the front of `buffer` that were handed out.
    used: usize,
    /// Octets after `used` that hold no blank line.
    searched: usize,
    limit: usize,
}

impl Framer {
    /// For messages up to `limit` octets, header part and body together.
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            used: 0,
            searched: 0,
            limit,
        }
    }

    /// Takes octets as they came.
    pub fn push(&mut self, octets: &[u8]) {
        if self.used > 0 {
            self.buffer.drain(..self.used);
            self.used = 0;
        }
        self.buffer.extend_from_slice(octets);
    }

    /// Whether a message has begun and is not complete.
    pub fn is_partial(&self) -> bool {
        self.buffer.len() > self.used
    }

    /// The next thing in the stream; `None` until more octets come.
    ///
    /// # Errors
    /// [`StreamError`]; the stream has to be closed.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, StreamError> {
        let rest = &self.buffer[self.used..];
        if rest.starts_with(BLANK) {
            self.used += BLANK.len();
            return Ok(Some(Frame::Ping));
        }
        // A lone CR, or CR LF CR, may become a ping yet.
        if rest.is_empty() || BLANK.starts_with(rest) && rest != b"\r\n" {
            return Ok(None);
        }
        if rest.starts_with(b"\r\n") {
            self.used += 2;
            return Ok(Some(Frame::Pong));
        }
        if !could_be_sip(rest) {
            return Err(StreamError::NotSip);
        }
        let too_large = StreamError::TooLarge { limit: self.limit };
        let from = self.searched.saturating_sub(BLANK.len());
        let Some(blank) = find(&rest[from..], BLANK).map(|at| from + at) else {
            self.searched = rest.len();
            return if rest.len() > self.limit {
                Err(too_large)
            } else {
                Ok(None)
            };
        };
        let head = blank + BLANK.len();
        let body = content_length(&rest[..blank])?;
        let whole = head.checked_add(body).filter(|whole| *whole <= self.limit);
        let whole = whole.ok_or(too_large)?;
        if rest.len() < whole {
            self.searched = blank;
            return Ok(None);
        }
        let message = rest[..whole].to_vec();
        self.used += whole;
        self.searched = 0;
        Ok(Some(Frame::Message(message)))
    }
}

/// A start line is printable text that names SIP: octets of another protocol (a TLS hello on a
/// TCP port, a browser) are noticed at once instead of after the limit.
fn could_be_sip(rest: &[u8]) -> bool {
    let end = rest.iter().position(|b| *b == b'\r' || *b == b'\n');
    let line = &rest[..end.unwrap_or(rest.len())];
    let is_text = !line.is_empty() && line.iter().all(|b| *b >= 0x20 || *b == b'\t');
    let names_sip = || line.windows(4).any(|w| w.eq_ignore_ascii_case(b"SIP/"));
    is_text && (end.is_none() || names_sip())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

/// Content-Length of a header part; 0 when there is none (§18.3 wants one: a peer that leaves it
/// out of a message without a body loses nothing by it).
fn content_length(head: &[u8]) -> Result<usize, StreamError> {
    let mut found = None;
    for line in head.split(|b| *b == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|b| *b == b':') else {
            continue;
        };
        let name = lex::trim(&line[..colon]);
        if !name.eq_ignore_ascii_case(b"content-length") && !name.eq_ignore_ascii_case(b"l") {
            continue;
        }
        let value = lex::trim(&line[colon + 1..]);
        let length = std::str::from_utf8(value)
            .ok()
            .filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|t| t.parse::<usize>().ok())
            .ok_or(StreamError::ContentLength)?;
        if found.is_some_and(|other| other != length) {
            return Err(StreamError::ContentLength);
        }
        found = Some(length);
    }
    Ok(found.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"INFO sip:a@b SIP/2.0\r\nCall-ID: x\r\nl : 5\r\n\r\nhello";

    fn all(framer: &mut Framer) -> Vec<Frame> {
        std::iter::from_fn(|| framer.next_frame().unwrap()).collect()
    }

    #[test]
    fn one_octet_at_a_time() {
        let mut framer = Framer::new(65_535);
        let mut frames = Vec::new();
        for octet in [b"\r\n\r\n", MESSAGE, b"\r\n", MESSAGE].concat() {
            framer.push(&[octet]);
            frames.extend(all(&mut framer));
        }
        let messages: Vec<_> = frames
            .iter()
            .filter(|f| matches!(f, Frame::Message(_)))
            .collect();
        assert_eq!(messages, [&Frame::Message(MESSAGE.to_vec()); 2]);
        assert!(!framer.is_partial());
    }

    #[test]
    fn two_messages_and_keep_alives_in_one_segment() {
        let mut framer = Framer::new(65_535);
        framer.push(&[MESSAGE, b"\r\n\r\n", MESSAGE, b"\r\n"].concat());
        let message = Frame::Message(MESSAGE.to_vec());
        assert_eq!(
            all(&mut framer),
            [message.clone(), Frame::Ping, message, Frame::Pong]
        );
    }

    #[test]
    fn what_cannot_be_read_on_is_an_error() {
        let error = |octets: &[u8], limit| {
            let mut framer = Framer::new(limit);
            framer.push(octets);
            framer.next_frame().unwrap_err()
        };
        assert_eq!(error(b"\x16\x03\x01\x02\x00", 100), StreamError::NotSip);
        assert_eq!(
            error(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 100),
            StreamError::NotSip
        );
        assert_eq!(
            error(b"INVITE sip:a SIP/2.0\r\nl: 1\r\nl: 2\r\n\r\n", 100),
            StreamError::ContentLength
        );
        assert_eq!(
            error(b"INVITE sip:a SIP/2.0\r\nl: -1\r\n\r\n", 100),
            StreamError::ContentLength
        );
        for big in ["99999999999999999999", "100"] {
            let text = format!("INVITE sip:a SIP/2.0\r\nl: {big}\r\n\r\n");
            assert!(matches!(
                error(text.as_bytes(), 100),
                StreamError::TooLarge { .. } | StreamError::ContentLength
            ));
        }
        assert_eq!(
            error(&[b'a'; 101], 100),
            StreamError::TooLarge { limit: 100 }
        );
    }
}
