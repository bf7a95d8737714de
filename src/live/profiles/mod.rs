//! How a carrier or PBX speaks: which answer means what, codecs, headers.
//!
//! A profile is data (`sip-profiles/*.toml`, built into the program; a trunk may name a file of
//! the user's own). The engine never sees a SIP code: [`Profile::cause`] turns each into a
//! [`Cause`](carillon_decision::call::Cause).

mod causes;
mod read;

pub use causes::CauseMap;
pub(crate) use read::{CALLER_ID_HEADERS, read_codecs};
pub use read::{built_in, names};

use serde::Serialize;
use std::time::Duration;

/// How one carrier or PBX speaks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Profile {
    /// Name, as trunks write it.
    pub name: String,
    /// What it is for, in a sentence.
    pub about: String,
    /// Which final answer means what.
    pub causes: CauseMap,
    /// What `Retry-After` does.
    pub retry_after: RetryAfter,
    /// Codecs offered, most wanted first.
    pub codecs: Vec<CodecName>,
    /// Header that carries the caller ID.
    pub caller_id_header: CallerIdHeader,
    /// Answers to OPTIONS that show the trunk alive.
    pub options_accept: OptionsAccept,
    /// What a 183 with SDP means.
    pub early_media: EarlyMedia,
}

/// What a `Retry-After` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RetryAfter {
    /// Keep off the trunk that long; when off, only the circuit breaker rests it.
    pub honour: bool,
    /// Longer ones are cut to this.
    pub max: Duration,
}

/// An audio codec Carillon speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CodecName {
    /// G.711 µ-law, payload type 0.
    Pcmu,
    /// G.711 A-law, payload type 8.
    Pcma,
}

/// Header that carries the number shown to the callee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallerIdHeader {
    /// From alone.
    From,
    /// P-Asserted-Identity (RFC 3325); From shows the trunk's user name where it has one.
    PAssertedIdentity,
    /// From and P-Asserted-Identity.
    Both,
}

/// Answers to OPTIONS that show the trunk alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionsAccept {
    /// Every answer of the trunk's own: all but 408, 502, 503, 504, which say that it, or what
    /// stands behind it, cannot take calls.
    Any,
    /// These codes.
    Codes(Vec<u16>),
}

/// What a 183 with SDP means before anything is heard in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlyMedia {
    /// Listen: ringback or an announcement.
    Listen,
    /// The trunk sends 183 in place of 180: it rings.
    Ringing,
}

impl OptionsAccept {
    /// Whether an answer with this code shows the trunk alive.
    pub fn accepts(&self, code: u16) -> bool {
        match self {
            OptionsAccept::Any => !matches!(code, 408 | 502 | 503 | 504),
            OptionsAccept::Codes(codes) => codes.contains(&code),
        }
    }
}

impl RetryAfter {
    /// The rest to keep for a `Retry-After` of this length.
    pub fn rest(&self, asked: Option<Duration>) -> Option<Duration> {
        asked.filter(|_| self.honour).map(|d| d.min(self.max))
    }
}
