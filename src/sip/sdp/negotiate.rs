//! Offers and answers (RFC 3264) for one audio stream.

use std::net::{IpAddr, SocketAddr};

use super::codec::{AudioFormat, EventFormat, comfort_noise, is_comfort_noise};
use super::crypto::{CryptoLine, CryptoSuite, SrtpPolicy};
use super::{AudioStream, Codec, Direction, Format, Media, MediaSpec, SessionDescription};
use crate::error::SipError;

impl SessionDescription {
    /// An offer of what `spec` says.
    pub fn offer(spec: &MediaSpec) -> Self {
        let mut section = spec.section(spec.formats(), spec.direction);
        section.rtcp_mux = spec.rtcp_mux;
        section.crypto = spec.offered_keys().to_vec();
        if spec.srtp == SrtpPolicy::Required {
            section.protocol = "RTP/SAVP".to_owned();
        }
        Self {
            session_id: spec.session_id,
            version: spec.session_id,
            address: spec.address.ip(),
            media: vec![section],
        }
    }

    /// The answer to `offer`: the first audio stream is taken with the codecs common to both, in
    /// the offer's order; every other stream (video, T.38, a second audio) is refused with port
    /// 0 in its place.
    ///
    /// # Errors
    /// [`SipError::NoCommonCodec`] when no audio stream can be taken, [`SipError::Srtp`] when
    /// one could be but for its protection.
    pub fn answer(offer: &SessionDescription, spec: &MediaSpec) -> Result<Self, SipError> {
        let chosen = offer.audio_index().ok_or_else(|| offer.without_audio())?;
        let taken = answer_stream(&offer.media[chosen], spec)?;
        let mut media: Vec<Media> = offer.media.iter().map(refused).collect();
        media[chosen] = taken;
        Ok(Self {
            session_id: spec.session_id,
            version: spec.session_id,
            address: spec.address.ip(),
            media,
        })
    }

    /// The answer to a later offer within the session that `self` (ours) describes: same address
    /// and keys, codecs as far as the offer has them, direction mirrored, version one higher. A
    /// secured stream is not answered plain again.
    ///
    /// # Errors
    /// [`SipError::NoCommonCodec`], [`SipError::Srtp`].
    pub fn answer_again(&self, offer: &SessionDescription) -> Result<Self, SipError> {
        let spec = self.as_spec().ok_or(SipError::NoCommonCodec)?;
        let mut answer = Self::answer(offer, &spec)?;
        answer.session_id = self.session_id;
        answer.version = self.version.saturating_add(1);
        Ok(answer)
    }

    /// Our own description read back as a spec. A hold of the peer's does not stick: the direction
    /// is both ways again, and codecs are what we said plus G.711.
    fn as_spec(&self) -> Option<MediaSpec> {
        let media = self
            .media
            .iter()
            .find(|m| m.kind == "audio" && m.port != 0)?;
        let mut codecs: Vec<Codec> = media
            .formats
            .iter()
            .filter_map(AudioFormat::read)
            .map(|f| f.codec)
            .collect();
        for always in [Codec::Pcmu, Codec::Pcma] {
            if !codecs.contains(&always) {
                codecs.push(always);
            }
        }
        let address = SocketAddr::new(media.address.unwrap_or(self.address), media.port);
        let srtp = match (media.crypto.is_empty(), media.is_secured()) {
            (true, _) => SrtpPolicy::Off,
            (false, true) => SrtpPolicy::Required,
            (false, false) => SrtpPolicy::Optional,
        };
        // The answer named one suite; the same key may serve the other, as both make the same
        // session keys of it.
        let keys = CryptoSuite::ALL.into_iter().filter_map(|suite| {
            let line = media.crypto.iter().find(|line| line.suite == suite);
            let line = line.or(media.crypto.first())?.clone();
            Some(CryptoLine { suite, ..line })
        });
        Some(MediaSpec {
            codecs,
            comfort_noise: media.formats.iter().any(is_comfort_noise),
            ptime_ms: media.ptime_ms.unwrap_or(20),
            rtcp_mux: media.rtcp_mux,
            srtp,
            keys: keys.collect(),
            ..MediaSpec::g711(address, self.session_id)
        })
    }

    /// The first audio stream over RTP that is not refused, plain or secured by keys in the
    /// description.
    pub(super) fn audio_index(&self) -> Option<usize> {
        self.media.iter().position(|m| {
            m.kind.eq_ignore_ascii_case("audio")
                && m.port != 0
                && (m.is_plain() || m.is_secured() && !m.crypto.is_empty())
        })
    }

    /// Why there is no stream to take.
    fn without_audio(&self) -> SipError {
        let mut audio = self.media.iter().filter(|m| m.port != 0);
        if audio.any(Media::is_secured) {
            SipError::Srtp("secured audio without a key line that we can use is offered")
        } else {
            SipError::NoCommonCodec
        }
    }

    /// The first audio stream over RTP, if there is one with a codec we speak. Secured streams
    /// count when they carry a key we can use.
    pub fn audio(&self) -> Option<AudioStream> {
        let media = &self.media[self.audio_index()?];
        let formats: Vec<AudioFormat> =
            media.formats.iter().filter_map(AudioFormat::read).collect();
        if formats.is_empty() {
            return None;
        }
        let remote = media
            .address
            .filter(|a| !a.is_unspecified())
            .map(|a| SocketAddr::new(a, media.port));
        let nowhere = media.address.is_some_and(|a| a.is_unspecified());
        let events: Vec<EventFormat> = media.formats.iter().filter_map(EventFormat::read).collect();
        let event = events.iter().find(|e| e.rate == 8_000);
        Some(AudioStream {
            remote,
            rtcp: media.rtcp_address(remote),
            rtcp_mux: media.rtcp_mux,
            codecs: formats.iter().map(|f| f.codec).collect(),
            formats,
            telephone_event: event.map(|e| e.payload_type),
            telephone_events: events,
            comfort_noise: media.formats.iter().any(is_comfort_noise),
            ptime_ms: media.packet_time_ms(),
            direction: media.direction,
            held: nowhere || !media.direction.receives(),
            secured: media.is_secured(),
            crypto: media.crypto.clone(),
        })
    }
}

impl Media {
    fn is_one_of(&self, protocols: [&str; 2]) -> bool {
        let named = |p: &str| self.protocol.eq_ignore_ascii_case(p);
        protocols.into_iter().any(named)
    }

    fn is_plain(&self) -> bool {
        self.is_one_of(["RTP/AVP", "RTP/AVPF"])
    }

    pub(super) fn is_secured(&self) -> bool {
        self.is_one_of(["RTP/SAVP", "RTP/SAVPF"])
    }

    /// Where the writer wants RTCP unless muxed: where `a=rtcp` says, else one port above.
    fn rtcp_address(&self, rtp: Option<SocketAddr>) -> Option<SocketAddr> {
        let rtp = rtp?;
        match &self.rtcp {
            Some(told) => Some(SocketAddr::new(told.address.unwrap_or(rtp.ip()), told.port)),
            None => Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?)),
        }
    }

    fn packet_time_ms(&self) -> u8 {
        let wanted = self.ptime_ms.filter(|p| *p > 0).unwrap_or(20);
        let most = self.max_ptime_ms.filter(|p| *p > 0).unwrap_or(u8::MAX);
        wanted.min(most)
    }
}

/// Our side of one offered stream.
fn answer_stream(offered: &Media, spec: &MediaSpec) -> Result<Media, SipError> {
    let key = agree_on_key(offered, spec)?;
    let formats: Vec<Format> = offered
        .formats
        .iter()
        .filter_map(|format| answer_format(format, spec))
        .collect();
    if !formats.iter().any(|f| AudioFormat::read(f).is_some()) {
        return Err(SipError::NoCommonCodec);
    }
    let old_hold = offered.address.is_some_and(|a: IpAddr| a.is_unspecified());
    let theirs = if old_hold {
        narrow(offered.direction, Direction::SendOnly)
    } else {
        offered.direction
    };
    let mut section = spec.section(formats, narrow(theirs.mirrored(), spec.direction));
    section.protocol.clone_from(&offered.protocol);
    section.rtcp_mux = offered.rtcp_mux && spec.rtcp_mux;
    section.crypto.extend(key);
    Ok(section)
}

fn answer_format(format: &Format, spec: &MediaSpec) -> Option<Format> {
    if let Some(audio) = AudioFormat::read(format) {
        let ours = spec.codecs.contains(&audio.codec);
        return ours.then(|| audio.codec.format(audio.payload_type));
    }
    if is_comfort_noise(format) {
        return spec.comfort_noise.then(comfort_noise);
    }
    let event = EventFormat::read(format)?;
    spec.telephone_event?;
    // The wider clock makes sense beside Opus only.
    let fits = event.rate == 8_000 || spec.codecs.contains(&Codec::Opus);
    fits.then(|| event.format())
}

/// The key to answer with: of the first offered line whose suite we have a key for, under its
/// tag (RFC 4568 §5.1.2). `None` for a plain stream.
fn agree_on_key(offered: &Media, spec: &MediaSpec) -> Result<Option<CryptoLine>, SipError> {
    let secured = offered.is_secured();
    if spec.srtp == SrtpPolicy::Off {
        return if secured {
            Err(SipError::Srtp(
                "only secured audio is offered and SRTP is off here",
            ))
        } else {
            Ok(None)
        };
    }
    let agreed = offered.crypto.iter().find_map(|theirs| {
        let ours = spec.keys.iter().find(|ours| ours.suite == theirs.suite)?;
        let tag = theirs.tag;
        Some(CryptoLine {
            tag,
            ..ours.clone()
        })
    });
    if agreed.is_none() && (secured || spec.srtp == SrtpPolicy::Required) {
        return Err(SipError::Srtp("no key line that we can use is offered"));
    }
    Ok(agreed)
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
        max_ptime_ms: None,
        rtcp: None,
        rtcp_mux: false,
        crypto: Vec::new(),
        ..offered.clone()
    }
}
