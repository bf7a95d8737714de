//! Offers and answers (RFC 3264) for one audio stream.

use std::net::{IpAddr, SocketAddr};

use super::{AudioStream, Codec, Direction, Format, Media, SessionDescription};
use crate::error::SipError;

/// What we are ready to do with audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaSpec {
    /// Where we receive RTP (the address the peer must send to).
    pub address: SocketAddr,
    /// Codecs, preferred first.
    pub codecs: Vec<Codec>,
    /// Payload type of telephone-event to offer; `None` offers none. Usually 101.
    pub telephone_event: Option<u8>,
    /// Packet time, ms. Usually 20.
    pub ptime_ms: u8,
    /// Direction seen from us.
    pub direction: Direction,
    /// Session id, any number unique on this host; the version starts at the same number.
    pub session_id: u64,
}

impl MediaSpec {
    /// PCMU, PCMA and telephone-event 101 at `address`, both ways, 20 ms.
    pub fn g711(address: SocketAddr, session_id: u64) -> Self {
        Self {
            address,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            telephone_event: Some(101),
            ptime_ms: 20,
            direction: Direction::SendRecv,
            session_id,
        }
    }

    fn format(payload_type: u8, encoding: &str) -> Format {
        let fmtp = (encoding == "telephone-event").then(|| "0-15".to_owned());
        Format {
            payload_type,
            encoding: encoding.to_owned(),
            rate: 8000,
            fmtp,
        }
    }

    fn section(&self, formats: Vec<Format>, direction: Direction) -> Media {
        let list: Vec<String> = formats.iter().map(|f| f.payload_type.to_string()).collect();
        Media {
            kind: "audio".to_owned(),
            port: self.address.port(),
            protocol: "RTP/AVP".to_owned(),
            formats,
            format_list: list.join(" "),
            address: Some(self.address.ip()),
            direction,
            ptime_ms: Some(self.ptime_ms),
        }
    }
}

impl SessionDescription {
    /// An offer of what `spec` says.
    pub fn offer(spec: &MediaSpec) -> Self {
        let mut formats: Vec<Format> = spec
            .codecs
            .iter()
            .map(|c| MediaSpec::format(c.payload_type(), c.name()))
            .collect();
        if let Some(pt) = spec.telephone_event {
            formats.push(MediaSpec::format(pt, "telephone-event"));
        }
        Self {
            session_id: spec.session_id,
            version: spec.session_id,
            address: spec.address.ip(),
            media: vec![spec.section(formats, spec.direction)],
        }
    }

    /// The answer to `offer`: the first audio stream is taken with the codecs common to both, in
    /// the offer's order; every other stream is refused with port 0.
    ///
    /// # Errors
    /// [`SipError::NoCommonCodec`] when no audio stream can be taken.
    pub fn answer(offer: &SessionDescription, spec: &MediaSpec) -> Result<Self, SipError> {
        let chosen = offer.audio_index().ok_or(SipError::NoCommonCodec)?;
        let media = offer.media.iter().enumerate().map(|(index, m)| {
            if index == chosen {
                answer_stream(m, spec)
            } else {
                refused(m)
            }
        });
        let answer = Self {
            session_id: spec.session_id,
            version: spec.session_id,
            address: spec.address.ip(),
            media: media.collect(),
        };
        if answer.media[chosen]
            .formats
            .iter()
            .all(|f| f.encoding == "telephone-event")
        {
            return Err(SipError::NoCommonCodec);
        }
        Ok(answer)
    }

    /// The answer to a later offer within the session that `self` (ours) describes: same address
    /// and codecs as far as the offer has them, direction mirrored, version one higher.
    ///
    /// # Errors
    /// [`SipError::NoCommonCodec`].
    pub fn answer_again(&self, offer: &SessionDescription) -> Result<Self, SipError> {
        let spec = self.as_spec().ok_or(SipError::NoCommonCodec)?;
        let mut answer = Self::answer(offer, &spec)?;
        answer.session_id = self.session_id;
        answer.version = self.version.saturating_add(1);
        Ok(answer)
    }

    /// Our own description read back as a spec. A hold of the peer's does not stick: the direction
    /// is both ways again, and codecs are all we speak.
    fn as_spec(&self) -> Option<MediaSpec> {
        let media = self
            .media
            .iter()
            .find(|m| m.kind == "audio" && m.port != 0)?;
        Some(MediaSpec {
            address: SocketAddr::new(media.address.unwrap_or(self.address), media.port),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            telephone_event: Some(101),
            ptime_ms: media.ptime_ms.unwrap_or(20),
            direction: Direction::SendRecv,
            session_id: self.session_id,
        })
    }

    /// The first audio stream over plain RTP that is not refused.
    fn audio_index(&self) -> Option<usize> {
        self.media.iter().position(|m| {
            m.kind.eq_ignore_ascii_case("audio")
                && m.port != 0
                && ["RTP/AVP", "RTP/AVPF"]
                    .iter()
                    .any(|p| m.protocol.eq_ignore_ascii_case(p))
        })
    }

    /// The first audio stream over plain RTP, if there is one with a codec we speak.
    pub fn audio(&self) -> Option<AudioStream> {
        let media = &self.media[self.audio_index()?];
        let codecs: Vec<Codec> = media.formats.iter().filter_map(as_codec).collect();
        if codecs.is_empty() {
            return None;
        }
        let remote = media
            .address
            .filter(|a| !a.is_unspecified())
            .map(|a| SocketAddr::new(a, media.port));
        let nowhere = media.address.is_some_and(|a| a.is_unspecified());
        Some(AudioStream {
            remote,
            codecs,
            telephone_event: media
                .formats
                .iter()
                .find(|f| is_event(f))
                .map(|f| f.payload_type),
            ptime_ms: media.ptime_ms.filter(|p| *p > 0).unwrap_or(20),
            direction: media.direction,
            held: nowhere || !media.direction.receives(),
        })
    }
}

fn is_event(format: &Format) -> bool {
    format.encoding.eq_ignore_ascii_case("telephone-event") && matches!(format.rate, 0 | 8000)
}

fn as_codec(format: &Format) -> Option<Codec> {
    [Codec::Pcmu, Codec::Pcma].into_iter().find(|c| {
        // Only the static numbers: the relay tells the codecs apart by them.
        c.payload_type() == format.payload_type && format.encoding.eq_ignore_ascii_case(c.name())
    })
}

fn answer_stream(offered: &Media, spec: &MediaSpec) -> Media {
    let formats = offered
        .formats
        .iter()
        .filter_map(|f| match as_codec(f) {
            Some(codec) if spec.codecs.contains(&codec) => {
                Some(MediaSpec::format(codec.payload_type(), codec.name()))
            }
            _ if is_event(f) && spec.telephone_event.is_some() => {
                Some(MediaSpec::format(f.payload_type, "telephone-event"))
            }
            _ => None,
        })
        .collect();
    let old_hold = offered.address.is_some_and(|a: IpAddr| a.is_unspecified());
    let theirs = if old_hold {
        narrow(offered.direction, Direction::SendOnly)
    } else {
        offered.direction
    };
    let mut section = spec.section(formats, narrow(theirs.mirrored(), spec.direction));
    section.protocol.clone_from(&offered.protocol);
    section
}

/// The widest direction both allow, seen from one side.
fn narrow(a: Direction, b: Direction) -> Direction {
    match (a.sends() && b.sends(), a.receives() && b.receives()) {
        (true, true) => Direction::SendRecv,
        (true, false) => Direction::SendOnly,
        (false, true) => Direction::RecvOnly,
        (false, false) => Direction::Inactive,
    }
}

fn refused(offered: &Media) -> Media {
    Media {
        port: 0,
        address: None,
        direction: Direction::Inactive,
        ptime_ms: None,
        ..offered.clone()
    }
}
