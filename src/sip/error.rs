//! Errors of the crate: each with a stable code, a cause and what to do about it.

use thiserror::Error;

/// Why a request to the [`Endpoint`](crate::Endpoint) or a parse was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SipError {
    /// The octets are not a SIP message.
    #[error("SIP-PARSE: {0}; the peer sent something that is not SIP, nothing to do here")]
    Parse(&'static str),
    /// The session description cannot be read.
    #[error("SIP-SDP: {0}; check the codecs and the SDP the peer sends")]
    Sdp(&'static str),
    /// The offer has no audio codec in common with us.
    #[error("SIP-SDP-NO-CODEC: no common audio codec; allow PCMU or PCMA on the peer")]
    NoCommonCodec,
    /// Offer and answer can not agree on protecting the audio.
    #[error(
        "SIP-SDP-SRTP: {0}; set srtp the same way on both sides, with SDES keys and \
         AES_CM_128_HMAC_SHA1_80 or _32, without MKI"
    )]
    Srtp(&'static str),
    /// A URI or header given by the caller holds octets that cannot be sent.
    #[error("SIP-INVALID: {what} cannot be sent; remove control characters and spaces")]
    Invalid {
        /// The field that was refused.
        what: &'static str,
    },
    /// A limit of [`Limits`](crate::Limits) is reached.
    #[error("SIP-FULL: {what} limit reached; raise it or dial less")]
    Full {
        /// The limit that was reached.
        what: &'static str,
    },
    /// Something of the kind is under way, and there can be only one.
    #[error("SIP-BUSY: another {what} is under way; wait for its outcome")]
    Busy {
        /// What is under way.
        what: &'static str,
    },
    /// The key names nothing that is alive (any more), or not in a state that allows this.
    #[error("SIP-GONE: no such {what} in a state that allows this; it has ended meanwhile")]
    Gone {
        /// What was looked for.
        what: &'static str,
    },
}

impl SipError {
    /// Stable code for logs and support, e.g. `SIP-FULL`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Parse(_) => "SIP-PARSE",
            Self::Sdp(_) => "SIP-SDP",
            Self::NoCommonCodec => "SIP-SDP-NO-CODEC",
            Self::Srtp(_) => "SIP-SDP-SRTP",
            Self::Invalid { .. } => "SIP-INVALID",
            Self::Full { .. } => "SIP-FULL",
            Self::Busy { .. } => "SIP-BUSY",
            Self::Gone { .. } => "SIP-GONE",
        }
    }
}
