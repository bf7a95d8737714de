//! Tolerant reading of session descriptions: bare LF, unknown lines, missing lines and attributes
//! in odd places are taken; only a body without any sound `m=` line is refused.

use std::net::{IpAddr, Ipv4Addr};

use super::{Direction, Format, Media, SessionDescription, attributes};
use crate::error::SipError;

/// Most streams and most formats per stream read; the rest is ignored.
const STREAMS_MAX: usize = 16;
const FORMATS_MAX: usize = 64;

#[derive(Default)]
struct Session {
    session_id: u64,
    version: u64,
    address: Option<IpAddr>,
    direction: Option<Direction>,
    media: Vec<Section>,
    overflow: bool,
    /// An `m=` line without media or protocol: no answer could refer to it.
    broken: bool,
}

struct Section {
    media: Media,
    direction: Option<Direction>,
    own_address: bool,
}

impl SessionDescription {
    /// Reads a body. Octets that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// [`SipError::Sdp`] when there is no `m=` line, or one without media or protocol.
    pub fn parse(body: &[u8]) -> Result<Self, SipError> {
        let text = String::from_utf8_lossy(body);
        let mut session = Session::default();
        for line in text.split(['\r', '\n']) {
            let line = line.trim_end();
            let Some((kind, value)) = line.split_once('=') else {
                continue;
            };
            session.line(kind.trim(), value.trim_start());
        }
        session.finish()
    }
}

impl Session {
    fn line(&mut self, kind: &str, value: &str) {
        match kind {
            "o" => self.origin(value),
            "c" => self.connection(value),
            "m" => self.media_line(value),
            "a" if !self.overflow => self.attribute(value),
            _ => {}
        }
    }

    fn origin(&mut self, value: &str) {
        let mut fields = value.split_whitespace().skip(1);
        self.session_id = fields.next().and_then(|f| f.parse().ok()).unwrap_or(0);
        self.version = fields.next().and_then(|f| f.parse().ok()).unwrap_or(0);
    }

    fn connection(&mut self, value: &str) {
        let text = value.split_whitespace().nth(2).unwrap_or("");
        // A multicast TTL or count may follow after a slash.
        let address = text.split('/').next().and_then(|a| a.parse().ok());
        match self.media.last_mut() {
            _ if self.overflow => {}
            Some(section) => {
                section.media.address = address;
                section.own_address = true;
            }
            None => self.address = address,
        }
    }

    fn media_line(&mut self, value: &str) {
        self.overflow = self.media.len() >= STREAMS_MAX;
        if self.overflow {
            return;
        }
        let mut fields = value.split_whitespace();
        let kind = fields.next().unwrap_or("").to_owned();
        let port = fields
            .next()
            .and_then(|p| p.split('/').next()?.parse().ok())
            .unwrap_or(0);
        let protocol = fields.next().unwrap_or("").to_owned();
        let list: Vec<&str> = fields.collect();
        let mut formats: Vec<Format> = Vec::new();
        for number in list.iter().take(FORMATS_MAX).filter_map(|f| f.parse().ok()) {
            // A payload type listed twice is the same one (RFC 8866 §5.14).
            if formats.iter().all(|f| f.payload_type != number) {
                formats.push(static_format(number));
            }
        }
        self.broken |= kind.is_empty() || protocol.is_empty();
        self.media.push(Section {
            media: Media {
                kind,
                port,
                protocol,
                formats,
                format_list: list.join(" "),
                address: None,
                direction: Direction::SendRecv,
                ptime_ms: None,
                max_ptime_ms: None,
                rtcp: None,
                rtcp_mux: false,
                crypto: Vec::new(),
            },
            direction: None,
            own_address: false,
        });
    }

    fn attribute(&mut self, text: &str) {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let (name, value) = (name.trim(), value.trim());
        let direction = attributes::direction(name);
        let Some(section) = self.media.last_mut() else {
            self.direction = direction.or(self.direction);
            return;
        };
        if direction.is_some() {
            section.direction = direction;
        } else {
            attributes::read(&mut section.media, name, value);
        }
    }

    fn finish(self) -> Result<SessionDescription, SipError> {
        if self.media.is_empty() {
            return Err(SipError::Sdp("no m= line"));
        }
        if self.broken {
            return Err(SipError::Sdp("an m= line without media or protocol"));
        }
        let session_address = self.address;
        let session_direction = self.direction;
        let first = self.media.iter().find_map(|s| s.media.address);
        let media = self.media.into_iter().map(|mut section| {
            if !section.own_address {
                section.media.address = session_address;
            }
            let direction = section.direction.or(session_direction);
            section.media.direction = direction.unwrap_or_default();
            section.media
        });
        Ok(SessionDescription {
            session_id: self.session_id,
            version: self.version,
            address: session_address
                .or(first)
                .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            media: media.collect(),
        })
    }
}

/// Static payload types need no rtpmap (RFC 3551 table 4).
fn static_format(payload_type: u8) -> Format {
    let (encoding, rate) = match payload_type {
        0 => ("PCMU", 8000),
        3 => ("GSM", 8000),
        4 => ("G723", 8000),
        8 => ("PCMA", 8000),
        9 => ("G722", 8000),
        13 => ("CN", 8000),
        18 => ("G729", 8000),
        _ => ("", 0),
    };
    Format {
        payload_type,
        encoding: encoding.to_owned(),
        rate,
        channels: 1,
        fmtp: None,
    }
}
