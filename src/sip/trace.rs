//! One-line summaries of messages for ladders.

/// One line: `INVITE sip:bob@example.com (sdp)`, `183 Session Progress (sdp)`.
pub fn summary(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}
