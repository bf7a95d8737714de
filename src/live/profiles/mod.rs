//! How a carrier or PBX speaks: which answer means what, codecs, headers.
//!
//! A profile is data (`sip-profiles/*.toml`, built into the program; a trunk may name a file of
//! the user's own). The engine never sees a SIP code: [`Profile::cause`] turns each into a
//! [`Cause`](carillon_decision::call::Cause).

mod causes;
mod read;
#[cfg(test)]
mod transcripts;

pub use causes::CauseMap;
pub(crate) use read::{
    CALLER_ID_HEADERS, NUMBER_FORMS, SRTP, TRANSPORTS, read_codecs, read_phone_codecs,
};
pub use read::{built_in, names};

use carillon_sip::{SessionOptions, SessionTimer, TransportKind};
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
    /// How trunks are met that do not say themselves; `None`: UDP.
    #[serde(serialize_with = "transport_name")]
    pub transport: Option<TransportKind>,
    /// How numbers are written where the trunk does not say; `None`: `e164_plus`.
    pub number_form: Option<NumberForm>,
    /// Session timer and reliable provisional responses.
    pub session: SessionRules,
}

/// How a number is written in SIP URIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberForm {
    /// `+12025550123`.
    E164Plus,
    /// `12025550123`.
    E164,
    /// As dialed within `[node] country`.
    National,
}

/// What a call asks of the dialog beyond RFC 3261.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SessionRules {
    /// Session interval asked for (RFC 4028), 90 s to a day; `None`: no session timer.
    pub timer: Option<Duration>,
    /// Reliable provisional responses (RFC 3262).
    pub reliable: Reliable,
    /// Redirections (3xx) followed for one call, 0–5: only to the same number.
    pub redirects: u8,
}

impl SessionRules {
    /// What a call of such a trunk asks for.
    pub fn options(&self) -> SessionOptions {
        SessionOptions {
            reliable: match self.reliable {
                Reliable::Off => carillon_sip::Reliable::Off,
                Reliable::Supported => carillon_sip::Reliable::Supported,
                Reliable::Required => carillon_sip::Reliable::Required,
            },
            timer: self.timer.map(|interval| SessionTimer {
                interval,
                ..SessionTimer::default()
            }),
            redirects_max: self.redirects,
            ..SessionOptions::default()
        }
    }
}

/// Use of `100rel` (RFC 3262).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reliable {
    /// Not offered.
    Off,
    /// Offered; the far side decides.
    Supported,
    /// Demanded: a far side without it refuses the call with 420.
    Required,
}

fn transport_name<S: serde::Serializer>(
    kind: &Option<TransportKind>,
    to: S,
) -> Result<S::Ok, S::Error> {
    kind.map(TransportKind::param).serialize(to)
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
    /// G.722, payload type 9: only phones are offered it.
    G722,
    /// Opus: only phones are offered it.
    Opus,
}

impl CodecName {
    /// The codec in SDP.
    pub fn codec(self) -> carillon_sip::Codec {
        match self {
            Self::Pcmu => carillon_sip::Codec::Pcmu,
            Self::Pcma => carillon_sip::Codec::Pcma,
            Self::G722 => carillon_sip::Codec::G722,
            Self::Opus => carillon_sip::Codec::Opus,
        }
    }
}

/// Whether audio is secured (SRTP, keys by SDES, RFC 4568).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Srtp {
    /// Never.
    #[default]
    Off,
    /// Where the other side can.
    Optional,
    /// Always: who cannot is refused.
    Required,
}

impl Srtp {
    /// The policy in SDP.
    pub fn policy(self) -> carillon_sip::SrtpPolicy {
        match self {
            Self::Off => carillon_sip::SrtpPolicy::Off,
            Self::Optional => carillon_sip::SrtpPolicy::Optional,
            Self::Required => carillon_sip::SrtpPolicy::Required,
        }
    }
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
