//! One-line summaries of messages, for ladders that people read.

use crate::headers::lex;
use crate::message::{Bounds, HeaderName, StartLine, parse};

/// One line: `INVITE sip:bob@example.com (sdp)`, `183 Session Progress (sdp)`, `200 OK (BYE)`.
/// Octets that are not SIP give their number: `not SIP, 4 octets`.
pub fn summary(bytes: &[u8]) -> String {
    let Ok(message) = parse(bytes, &Bounds::default()) else {
        return format!("not SIP, {} octets", bytes.len());
    };
    let body = match message.sdp_body() {
        Some(_) => " (sdp)".to_owned(),
        None if message.body.is_empty() => String::new(),
        None => {
            let kind = message.first(HeaderName::ContentType).map(lex::text);
            format!(
                " ({})",
                kind.unwrap_or_else(|| format!("{} octets", message.body.len()))
            )
        }
    };
    match message.start {
        StartLine::Request { token, uri, .. } => {
            format!("{} {}{body}", lex::text(token), lex::text(uri))
        }
        StartLine::Response { code, phrase } => {
            let method = message
                .cseq()
                .map(|c| lex::text(c.token))
                .unwrap_or_default();
            let of = if method == "INVITE" || method.is_empty() {
                String::new()
            } else {
                format!(" ({method})")
            };
            format!("{code} {}{of}{body}", lex::text(phrase))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn summaries_are_one_line() {
        assert_eq!(
            summary(b"INVITE sip:b@h SIP/2.0\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"),
            "INVITE sip:b@h (sdp)"
        );
        assert_eq!(
            summary(b"SIP/2.0 200 OK\r\nCSeq: 2 BYE\r\n\r\n"),
            "200 OK (BYE)"
        );
        assert_eq!(
            summary(b"SIP/2.0 180 Ringing\r\nCSeq: 2 INVITE\r\n\r\n"),
            "180 Ringing"
        );
        assert_eq!(summary(b"\0\0"), "not SIP, 2 octets");
    }
}
