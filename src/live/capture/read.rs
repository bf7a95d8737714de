//! What a ladder tells of one message.

use super::mask::masked;
use super::message::Captured;
use carillon_api::port::Sight;
use carillon_sip::headers::lex;
use carillon_sip::message::{Bounds, HeaderName, Message, StartLine, parse};
use carillon_sip::{SessionDescription, uri};

/// Codecs named; further ones are counted.
const CODECS_SHOWN: usize = 5;

/// A message as read; only what ladders need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    /// Method of a request.
    pub(super) method: Option<String>,
    /// Status of a response.
    pub(super) code: Option<u16>,
    /// Method, or status code and phrase.
    pub(super) label: String,
    /// Number and method of the CSeq.
    pub(super) cseq: Option<(u32, String)>,
    pub(super) sdp: Option<String>,
    pub(super) note: Option<String>,
    /// The Reason header (RFC 3326), as it stands.
    pub(super) reason: Option<String>,
    /// User parts of From and To.
    pub(super) from: String,
    pub(super) to: String,
}

impl Read {
    pub(super) fn is_final_of(&self, method: &str) -> bool {
        self.code.is_some_and(|code| code >= 200) && self.is_of(method)
    }

    pub(super) fn is_of(&self, method: &str) -> bool {
        self.cseq.as_ref().is_some_and(|(_, of)| of == method)
    }
}

/// Reads a message as somebody of that sight may see it.
pub(super) fn read(message: &Captured, sight: Sight) -> Read {
    let octets = masked(&message.bytes, sight);
    let Ok(parsed) = parse(&octets, &Bounds::default()) else {
        return Read {
            label: format!("not SIP, {} octets", octets.len()),
            ..Read::default()
        };
    };
    let (method, code, label) = match parsed.start {
        StartLine::Request { token, .. } => {
            let method = lex::text(token);
            (Some(method.clone()), None, method)
        }
        StartLine::Response { code, phrase } => {
            (None, Some(code), format!("{code} {}", lex::text(phrase)))
        }
    };
    let user = |addr: Option<carillon_sip::headers::NameAddr<'_>>| {
        addr.map_or_else(String::new, |a| uri::user_of(a.uri))
    };
    Read {
        method,
        code,
        label: label.trim_end().to_owned(),
        cseq: parsed.cseq().map(|c| (c.number, lex::text(c.token))),
        sdp: parsed.sdp_body().map(sdp_line),
        note: note(&parsed),
        reason: parsed.first(HeaderName::Reason).map(lex::text),
        from: user(parsed.from()),
        to: user(parsed.to()),
    }
}

/// What else explains a call: why, when again, where to.
fn note(message: &Message<'_>) -> Option<String> {
    const SHOWN: [HeaderName; 6] = [
        HeaderName::Reason,
        HeaderName::RetryAfter,
        HeaderName::Warning,
        HeaderName::ReferTo,
        HeaderName::SessionExpires,
        HeaderName::Require,
    ];
    let shown = SHOWN.iter().filter_map(|name| {
        let value = lex::text(message.first(*name)?);
        Some(format!("{}: {value}", name.as_str()))
    });
    let mut notes: Vec<String> = shown.collect();
    let redirected = message
        .code()
        .is_some_and(|code| (300..400).contains(&code));
    if redirected && let Some(contact) = message.first(HeaderName::Contact) {
        notes.push(format!("Contact: {}", lex::text(contact)));
    }
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// `PCMU PCMA telephone-event 192.0.2.1:16384 sendrecv`.
fn sdp_line(body: &[u8]) -> String {
    let Ok(sdp) = SessionDescription::parse(body) else {
        return format!("SDP that cannot be read, {} octets", body.len());
    };
    let of_media = sdp.media.iter().map(|media| {
        let kind = match media.kind.as_str() {
            "audio" => String::new(),
            other => format!("{other} "),
        };
        if media.port == 0 {
            return format!("{kind}refused");
        }
        let mut codecs: Vec<String> = media
            .formats
            .iter()
            .take(CODECS_SHOWN)
            .map(|f| match f.encoding.is_empty() {
                true => f.payload_type.to_string(),
                false => f.encoding.clone(),
            })
            .collect();
        if media.formats.len() > CODECS_SHOWN {
            codecs.push(format!("+{}", media.formats.len() - CODECS_SHOWN));
        }
        if codecs.is_empty() {
            codecs.push(media.format_list.clone());
        }
        let address = media.address.unwrap_or(sdp.address);
        let secure = if media.protocol.contains("SAVP") {
            "SRTP "
        } else {
            ""
        };
        format!(
            "{kind}{secure}{} {} {}",
            codecs.join(" "),
            std::net::SocketAddr::new(address, media.port),
            media.direction.as_str()
        )
    });
    let lines: Vec<String> = of_media.collect();
    match lines.is_empty() {
        true => "SDP without media".to_owned(),
        false => lines.join("; "),
    }
}
