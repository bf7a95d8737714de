//! The audio codecs we speak, and how session descriptions write them.

use super::Format;

/// Audio codecs we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// G.711 µ-law, static payload type 0.
    Pcmu,
    /// G.711 A-law, static payload type 8.
    Pcma,
    /// G.722 at 64 kbit/s, static payload type 9. Samples 16 kHz; its RTP clock is 8,000 Hz all
    /// the same (RFC 3551 §4.5.2).
    G722,
    /// Opus (RFC 6716), dynamic payload type, RTP clock 48,000 Hz (RFC 7587 §4.1).
    Opus,
}

/// What our side asks of an Opus sender: audio inside is 8 kHz mono, so anything wider is wasted
/// (RFC 7587 §6.1); lost packets are repaired from the one after.
const OPUS_FMTP: &str = "maxplaybackrate=8000;sprop-maxcapturerate=8000;useinbandfec=1";

/// Dynamic payload type under which we offer Opus.
const OPUS_OFFERED: u8 = 111;

impl Codec {
    /// Every codec, cheapest first.
    pub const ALL: [Self; 4] = [Self::Pcmu, Self::Pcma, Self::G722, Self::Opus];

    /// Static RTP payload type (RFC 3551 table 4); for Opus the dynamic one we offer. What was
    /// agreed with a peer is in [`AudioFormat::payload_type`].
    pub fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::G722 => 9,
            Self::Opus => OPUS_OFFERED,
        }
    }

    /// Encoding name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }

    /// The codec of an encoding name, in any case (`PCMU`, `opus`).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// RTP clock, Hz.
    pub fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }

    /// The format under which we write it.
    pub(super) fn format(self, payload_type: u8) -> Format {
        Format {
            payload_type,
            encoding: self.name().to_owned(),
            rate: self.clock_rate(),
            channels: if self == Self::Opus { 2 } else { 1 },
            fmtp: (self == Self::Opus).then(|| OPUS_FMTP.to_owned()),
        }
    }
}

/// A codec under the payload type a description gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioFormat {
    /// The codec.
    pub codec: Codec,
    /// RTP payload type, 0–127.
    pub payload_type: u8,
    /// The writer can repair losses from in-band FEC (Opus `useinbandfec=1`).
    pub fec: bool,
    /// Most bits per second the writer wants to receive (Opus `maxaveragebitrate`,
    /// 6,000–510,000).
    pub max_bitrate: Option<u32>,
}

impl AudioFormat {
    /// The codec of a format, if it is one of ours. G.711 and G.722 count under their static
    /// numbers only: a static number that is mapped to something else can not be trusted, and
    /// nobody maps them elsewhere. Opus needs a dynamic one.
    pub(super) fn read(format: &Format) -> Option<Self> {
        let codec = Codec::from_name(&format.encoding)?;
        let sound = match codec {
            Codec::Opus => format.payload_type >= 96 && format.rate == 48_000,
            other => format.payload_type == other.payload_type(),
        };
        let wanted = |name| {
            (codec == Codec::Opus)
                .then(|| parameter(format, name))
                .flatten()
        };
        sound.then(|| Self {
            codec,
            payload_type: format.payload_type,
            fec: wanted("useinbandfec") == Some("1"),
            max_bitrate: wanted("maxaveragebitrate")
                .and_then(|rate| rate.parse().ok())
                .map(|rate: u32| rate.clamp(6_000, 510_000)),
        })
    }
}

/// One parameter of `a=fmtp`, as `name=value` between semicolons.
fn parameter<'a>(format: &'a Format, name: &str) -> Option<&'a str> {
    format.fmtp.as_deref()?.split(';').find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Key presses (RFC 4733) under the payload type and clock a description gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventFormat {
    /// RTP payload type, 0–127.
    pub payload_type: u8,
    /// Clock of their timestamps and durations, Hz: 8,000, or 48,000 beside Opus.
    pub rate: u32,
}

impl EventFormat {
    pub(super) fn read(format: &Format) -> Option<Self> {
        let named = format.encoding.eq_ignore_ascii_case("telephone-event");
        let rate = match format.rate {
            0 | 8_000 => 8_000,
            48_000 => 48_000,
            _ => return None,
        };
        named.then_some(Self {
            payload_type: format.payload_type,
            rate,
        })
    }

    pub(super) fn format(self) -> Format {
        Format {
            payload_type: self.payload_type,
            encoding: "telephone-event".to_owned(),
            rate: self.rate,
            channels: 1,
            fmtp: Some("0-15".to_owned()),
        }
    }
}

/// Comfort noise (RFC 3389), payload type 13.
pub(super) fn comfort_noise() -> Format {
    Format {
        payload_type: 13,
        encoding: "CN".to_owned(),
        rate: 8_000,
        channels: 1,
        fmtp: None,
    }
}

pub(super) fn is_comfort_noise(format: &Format) -> bool {
    format.payload_type == 13 && format.encoding.eq_ignore_ascii_case("CN")
}
