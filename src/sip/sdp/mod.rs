//! Session descriptions (RFC 8866) and the audio part of offer/answer (RFC 3264).

mod agreed;
mod attributes;
mod codec;
mod crypto;
mod negotiate;
mod parse;
mod spec;
mod write;

use std::net::{IpAddr, SocketAddr};

pub use agreed::{Agreed, AgreedKeys};
pub use codec::{AudioFormat, Codec, EventFormat};
pub use crypto::{CryptoLine, CryptoSuite, MasterKey, SrtpPolicy};
pub use spec::MediaSpec;

/// Way media flows, seen from the side that wrote it (RFC 8866 §6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// The writer only sends (puts the other side on hold).
    SendOnly,
    /// The writer only receives.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Attribute name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// What an answer says that agrees fully (RFC 3264 §6.1).
    pub fn mirrored(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            other => other,
        }
    }

    /// Whether the writer wants to receive.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// Whether the writer wants to send.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }
}

/// One payload type of a media line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// RTP payload type, 0–127.
    pub payload_type: u8,
    /// Encoding name from `a=rtpmap`, or of the static type; empty if unknown.
    pub encoding: String,
    /// Clock rate, Hz; 0 if unknown.
    pub rate: u32,
    /// Channels; 1 if not stated.
    pub channels: u8,
    /// `a=fmtp` parameters, as received.
    pub fmtp: Option<String>,
}

/// One `m=` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video`, `image`, …
    pub kind: String,
    /// Port; 0 rejects or removes the stream.
    pub port: u16,
    /// `RTP/AVP`, `RTP/SAVP`, `udptl`, …
    pub protocol: String,
    /// Formats in order of preference; empty for non-RTP media.
    pub formats: Vec<Format>,
    /// The format list as received.
    pub format_list: String,
    /// Address of this stream, from its own `c=` or the session's; `None` for host names.
    pub address: Option<IpAddr>,
    /// Own direction or the session's.
    pub direction: Direction,
    /// Packet time, ms.
    pub ptime_ms: Option<u8>,
    /// Longest packet time, ms.
    pub max_ptime_ms: Option<u8>,
    /// Where RTCP goes if not one port above (RFC 3605).
    pub rtcp: Option<RtcpPort>,
    /// RTCP may share the RTP port (RFC 5761).
    pub rtcp_mux: bool,
    /// Key lines we could use (RFC 4568), in order of preference.
    pub crypto: Vec<CryptoLine>,
}

/// `a=rtcp` (RFC 3605).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtcpPort {
    /// Port, not 0.
    pub port: u16,
    /// Address, if another than the stream's.
    pub address: Option<IpAddr>,
}

/// A parsed session description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionDescription {
    /// Session id of `o=`.
    pub session_id: u64,
    /// Version of `o=`: grows when the writer changes something.
    pub version: u64,
    /// Address of `c=` at session level, or of the first stream; unspecified if a name.
    pub address: IpAddr,
    /// Every `m=` section, in order.
    pub media: Vec<Media>,
}

/// The first usable audio stream, as the relay wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioStream {
    /// Where the writer receives RTP; `None`: address is a name or 0.0.0.0 (old-style hold).
    pub remote: Option<SocketAddr>,
    /// Where the writer receives RTCP unless both mux: as `a=rtcp` says, else one port above.
    pub rtcp: Option<SocketAddr>,
    /// The writer can take RTCP on the RTP port.
    pub rtcp_mux: bool,
    /// Codecs that we speak too, in the writer's order.
    pub codecs: Vec<Codec>,
    /// The same with the writer's payload types and parameters.
    pub formats: Vec<AudioFormat>,
    /// Payload type of telephone-event/8000 (RFC 4733).
    pub telephone_event: Option<u8>,
    /// Every telephone-event, with its clock.
    pub telephone_events: Vec<EventFormat>,
    /// The writer knows comfort noise (RFC 3389, payload type 13).
    pub comfort_noise: bool,
    /// Packet time, ms; 20 if not stated, never more than the writer's longest.
    pub ptime_ms: u8,
    /// Seen from the writer.
    pub direction: Direction,
    /// The writer does not want to hear us now (sendonly, inactive, 0.0.0.0).
    pub held: bool,
    /// The stream is secured only (`RTP/SAVP`).
    pub secured: bool,
    /// Key lines we could use, in the writer's order.
    pub crypto: Vec<CryptoLine>,
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_agreed;
