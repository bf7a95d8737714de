//! Writes messages.

use super::{HeaderName, Message, StartLine};

/// Builds one message. Values given with [`Self::header`] cannot break out of their line.
#[derive(Debug, Clone)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// Starts a request.
    pub fn request(method: &[u8], uri: &[u8]) -> Self {
        let mut out = Vec::with_capacity(1024);
        out.extend_from_slice(method);
        out.push(b' ');
        push_clean(&mut out, uri);
        out.extend_from_slice(b" SIP/2.0\r\n");
        Self { out }
    }

    /// Starts a response; an empty phrase gives the standard one.
    pub fn response(code: u16, phrase: &str) -> Self {
        let phrase = if phrase.is_empty() {
            reason_phrase(code)
        } else {
            phrase
        };
        let mut out = Vec::with_capacity(1024);
        out.extend_from_slice(b"SIP/2.0 ");
        out.extend_from_slice(code.to_string().as_bytes());
        out.push(b' ');
        push_clean(&mut out, phrase.as_bytes());
        out.extend_from_slice(b"\r\n");
        Self { out }
    }

    /// Adds a line; line breaks and NUL in the value become spaces.
    pub fn header(&mut self, name: &str, value: impl AsRef<[u8]>) -> &mut Self {
        push_clean(&mut self.out, name.as_bytes());
        self.out.extend_from_slice(b": ");
        push_clean(&mut self.out, value.as_ref());
        self.out.extend_from_slice(b"\r\n");
        self
    }

    /// Adds a value received in a header line, octet for octet with its folds.
    pub fn copy(&mut self, name: &str, value: &[u8]) -> &mut Self {
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b": ");
        self.out.extend_from_slice(value);
        self.out.extend_from_slice(b"\r\n");
        self
    }

    /// Adds whole header lines made by another writer.
    pub(crate) fn lines(&mut self, block: &[u8]) -> &mut Self {
        self.out.extend_from_slice(block);
        self
    }

    /// Adds Content-Type, Content-Length and the body, and gives the message.
    pub fn finish(mut self, content_type: &str, body: &[u8]) -> Vec<u8> {
        if !body.is_empty() {
            self.header("Content-Type", content_type);
        }
        self.header("Content-Length", body.len().to_string());
        self.out.extend_from_slice(b"\r\n");
        self.out.extend_from_slice(body);
        self.out
    }

    /// A block of header lines without a start line.
    pub(crate) fn block() -> Self {
        Self {
            out: Vec::with_capacity(512),
        }
    }

    pub(crate) fn into_block(self) -> Vec<u8> {
        self.out
    }

    /// The block without spare room, to be kept.
    pub(crate) fn into_exact_block(mut self) -> Vec<u8> {
        self.out.shrink_to_fit();
        self.out
    }
}

fn push_clean(out: &mut Vec<u8>, value: &[u8]) {
    out.extend(value.iter().map(|b| {
        if matches!(b, b'\r' | b'\n' | 0) {
            b' '
        } else {
            *b
        }
    }));
}

impl Message<'_> {
    /// The message again: every header line octet for octet (one space after the colon, folds
    /// kept), Content-Length set to the body's.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = match self.start {
            StartLine::Request { token, uri, .. } => Writer::request(token, uri),
            StartLine::Response { code, phrase } => {
                let mut out = format!("SIP/2.0 {code} ").into_bytes();
                out.extend_from_slice(phrase);
                out.extend_from_slice(b"\r\n");
                Writer { out }
            }
        };
        for header in self
            .headers
            .iter()
            .filter(|h| h.name != HeaderName::ContentLength)
        {
            writer.out.extend_from_slice(header.raw_name);
            writer.out.extend_from_slice(b": ");
            writer.out.extend_from_slice(header.value);
            writer.out.extend_from_slice(b"\r\n");
        }
        writer.header("Content-Length", self.body.len().to_string());
        writer.out.extend_from_slice(b"\r\n");
        writer.out.extend_from_slice(self.body);
        writer.out
    }
}

/// Standard reason phrase (RFC 3261 §21 and the IANA registry); the class for unknown codes.
pub fn reason_phrase(code: u16) -> &'static str {
    match code {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        199 => "Early Dialog Terminated",
        200 => "OK",
        202 => "Accepted",
        204 => "No Notification",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        305 => "Use Proxy",
        380 => "Alternative Service",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        412 => "Conditional Request Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        485 => "Ambiguous",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        493 => "Undecipherable",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        580 => "Precondition Failure",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        607 => "Unwanted",
        608 => "Rejected",
        _ => class_phrase(code),
    }
}

fn class_phrase(code: u16) -> &'static str {
    match code / 100 {
        1 => "Progress",
        2 => "Success",
        3 => "Redirection",
        4 => "Client Error",
        5 => "Server Error",
        _ => "Global Failure",
    }
}
