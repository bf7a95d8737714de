//! SIP messages: tolerant bytes-in, octet for octet.
//!
//! A [`Message`] borrows the datagram; nothing is copied but the list of header positions.

mod multipart;
mod name;
mod parse;
mod write;

pub use name::{HeaderName, Method};
pub use parse::{Bounds, parse};
pub use write::{Writer, reason_phrase};

use std::borrow::Cow;

use crate::headers::lex::{self, ListIter};
use crate::headers::{CSeq, NameAddr, Via};

/// First line of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartLine<'a> {
    /// A request.
    Request {
        /// Known methods by name.
        method: Method,
        /// The method as received.
        token: &'a [u8],
        /// Request-URI as received.
        uri: &'a [u8],
    },
    /// A response.
    Response {
        /// 100–699.
        code: u16,
        /// Reason phrase as received, may be empty.
        phrase: &'a [u8],
    },
}

/// One header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Known names (long or compact), else `Other`.
    pub name: HeaderName,
    /// The name as received.
    pub raw_name: &'a [u8],
    /// The value without surrounding white space; folds are kept as received.
    pub value: &'a [u8],
}

/// A parsed message, borrowing its datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// First line.
    pub start: StartLine<'a>,
    /// Every header line, in order.
    pub headers: Vec<Header<'a>>,
    /// Body, cut to Content-Length when that is shorter than the datagram.
    pub body: &'a [u8],
    /// What is wrong, when the message can be understood but not be taken.
    pub defect: Option<Defect>,
}

/// Why a message that parses must not be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// Another version than SIP/2.0: 505.
    Version,
    /// A request-URI that is none (white space, angle brackets, no host), or missing: 400.
    RequestUri,
    /// A header field that may stand once (From, To, Call-ID, CSeq, Max-Forwards) stands there
    /// again with another value (RFC 3261 §7.3.1, §20): 400.
    Repeated,
    /// A list of Via values that cannot be read to its end: 400.
    Via,
    /// Content-Length is no number, or the values differ: 400.
    ContentLength,
    /// The datagram is shorter than Content-Length says: 400.
    Truncated,
}

impl<'a> Message<'a> {
    /// First value of a header.
    pub fn first(&self, name: HeaderName) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// Values of all lines of a header.
    pub fn all(&self, name: HeaderName) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.headers
            .iter()
            .filter(move |h| h.name == name)
            .map(|h| h.value)
    }

    /// Elements of a comma-separated header over all its lines.
    pub fn list(&self, name: HeaderName) -> impl Iterator<Item = &'a [u8]> + '_ {
        self.all(name).flat_map(ListIter::new)
    }

    /// First value of a header by name, also one we have no constant for.
    pub fn named(&self, name: &str) -> Option<Cow<'a, str>> {
        let wanted = HeaderName::from_bytes(name.as_bytes());
        let found = self.headers.iter().find(|h| {
            h.name == wanted
                && (wanted != HeaderName::Other || h.raw_name.eq_ignore_ascii_case(name.as_bytes()))
        })?;
        Some(String::from_utf8_lossy(found.value))
    }

    /// Request method; `None` for responses.
    pub fn method(&self) -> Option<Method> {
        match self.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } => None,
        }
    }

    /// Status code; `None` for requests.
    pub fn code(&self) -> Option<u16> {
        match self.start {
            StartLine::Response { code, .. } => Some(code),
            StartLine::Request { .. } => None,
        }
    }

    /// Request-URI; empty for responses.
    pub fn uri(&self) -> &'a [u8] {
        match self.start {
            StartLine::Request { uri, .. } => uri,
            StartLine::Response { .. } => b"",
        }
    }

    /// Reason phrase of a response, invalid UTF-8 replaced.
    pub fn phrase(&self) -> String {
        match self.start {
            StartLine::Response { phrase, .. } => lex::text(phrase),
            StartLine::Request { .. } => String::new(),
        }
    }

    /// The topmost Via.
    pub fn via(&self) -> Option<Via<'a>> {
        self.list(HeaderName::Via).next().and_then(Via::parse)
    }

    /// From.
    pub fn from(&self) -> Option<NameAddr<'a>> {
        self.first(HeaderName::From).and_then(NameAddr::parse)
    }

    /// To.
    pub fn to(&self) -> Option<NameAddr<'a>> {
        self.first(HeaderName::To).and_then(NameAddr::parse)
    }

    /// Tag of From; empty if there is none.
    pub fn from_tag(&self) -> &'a [u8] {
        self.from().and_then(|a| a.param(b"tag")).unwrap_or(b"")
    }

    /// Tag of To; empty if there is none.
    pub fn to_tag(&self) -> &'a [u8] {
        self.to().and_then(|a| a.param(b"tag")).unwrap_or(b"")
    }

    /// Call-ID; empty if there is none.
    pub fn call_id(&self) -> &'a [u8] {
        self.first(HeaderName::CallId).unwrap_or(b"")
    }

    /// CSeq.
    pub fn cseq(&self) -> Option<CSeq<'a>> {
        self.first(HeaderName::CSeq).and_then(CSeq::parse)
    }

    /// The first Contact that is an address.
    pub fn contact(&self) -> Option<NameAddr<'a>> {
        self.list(HeaderName::Contact).find_map(NameAddr::parse)
    }

    /// A header that holds a number (Expires, Min-Expires, Retry-After, Max-Forwards): its leading
    /// digits.
    pub fn number(&self, name: HeaderName) -> Option<u32> {
        lex::leading_number(self.first(name)?)
    }

    /// Whether Content-Type names this type (parameters aside).
    pub fn has_content_type(&self, wanted: &str) -> bool {
        self.first(HeaderName::ContentType).is_some_and(|v| {
            let end = v.iter().position(|b| *b == b';').unwrap_or(v.len());
            lex::trim(&v[..end]).eq_ignore_ascii_case(wanted.as_bytes())
        })
    }

    /// Whether the sender takes SDP in the answer: no Accept, or one that covers it (RFC 3261
    /// §20.1).
    pub fn accepts_sdp(&self) -> bool {
        if self.first(HeaderName::Accept).is_none() {
            return true;
        }
        self.list(HeaderName::Accept).any(|range| {
            let kind = lex::trim(&range[..lex::until(range, b';')]);
            ["application/sdp", "application/*", "*/*"]
                .iter()
                .any(|taken| kind.eq_ignore_ascii_case(taken.as_bytes()))
        })
    }

    /// The body if it is SDP: by Content-Type, or by its looks when there is none; of a multipart
    /// body (RFC 5621) the first part that is SDP, wherever others are beside it (ISUP, PIDF-LO).
    pub fn sdp_body(&self) -> Option<&'a [u8]> {
        let kind = self.first(HeaderName::ContentType);
        if let Some(kind) =
            kind.filter(|k| k.len() > 10 && k[..10].eq_ignore_ascii_case(b"multipart/"))
        {
            return multipart::part(kind, self.body, "application/sdp");
        }
        let typed = kind.is_some();
        let looks = self.body.starts_with(b"v=0");
        let is_sdp = self.has_content_type("application/sdp") || (!typed && looks);
        (is_sdp && !self.body.is_empty()).then_some(self.body)
    }

    /// Every header line as text, names as received.
    pub fn header_texts(&self) -> Vec<(String, String)> {
        self.headers
            .iter()
            .map(|h| (lex::text(h.raw_name), lex::text(h.value)))
            .collect()
    }
}
