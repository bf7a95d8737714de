//! Keys of secured audio in session descriptions: `a=crypto` (SDES, RFC 4568).
//!
//! Lines we can not honour in every respect are left out as if they were not there, as RFC 4568
//! §5.1.2 wants: unknown suites, unknown session parameters, unencrypted or unauthenticated
//! media, several keys, key identifiers (MKI), and keys that would not last.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

/// Octets of a master key (16) and its salt (14), RFC 4568 §6.2.1.
const KEY_AND_SALT: usize = 30;

/// Fewest packets a peer's key must last: six hours of 20 ms packets, rounded down to the 2^20
/// some telephones write.
const SHORTEST_LIFETIME: u64 = 1 << 20;

/// Most lines read from one stream.
pub(super) const LINES_MAX: usize = 16;

/// Cipher and authentication of a secured stream (RFC 4568 §6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CryptoSuite {
    /// AES-128 in counter mode, HMAC-SHA1 with tags of 80 bits.
    AesCm128HmacSha1_80,
    /// The same with tags of 32 bits on RTP (80 on RTCP).
    AesCm128HmacSha1_32,
}

impl CryptoSuite {
    /// Every suite, preferred first.
    pub const ALL: [Self; 2] = [Self::AesCm128HmacSha1_80, Self::AesCm128HmacSha1_32];

    /// Name in `a=crypto`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        // Suite names are tokens of exact spelling; telephones that write them small exist.
        Self::ALL
            .into_iter()
            .find(|suite| suite.name().eq_ignore_ascii_case(name))
    }
}

/// A master key with its salt. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; KEY_AND_SALT]);

impl MasterKey {
    /// From 16 octets of key and 14 of salt. They must be unpredictable, and used for one
    /// direction of one call only.
    pub fn new(key_and_salt: [u8; KEY_AND_SALT]) -> Self {
        Self(key_and_salt)
    }

    /// 16 octets of key, 14 of salt: for the SRTP context alone.
    pub fn expose(&self) -> &[u8; KEY_AND_SALT] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(secret)")
    }
}

/// One `a=crypto` line: the key its writer sends with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CryptoLine {
    /// Its number; the answer names the line it took.
    pub tag: u32,
    /// Cipher and authentication.
    pub suite: CryptoSuite,
    /// The key.
    pub key: MasterKey,
}

impl CryptoLine {
    /// Reads what follows `a=crypto:`. `None` for a line we must not take.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let mut fields = value.split_ascii_whitespace();
        let tag = fields.next()?;
        let tag: u32 = (tag.len() <= 9).then(|| tag.parse().ok()).flatten()?;
        let suite = CryptoSuite::from_name(fields.next()?)?;
        let key = key_parameter(fields.next()?)?;
        fields.all(harmless).then_some(Self { tag, suite, key })
    }
}

impl fmt::Display for CryptoLine {
    /// The line as it goes into the description, key and all: never log it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode(self.key.0);
        write!(f, "{} {} inline:{key}", self.tag, self.suite.name())
    }
}

/// `inline:<key and salt>["|" lifetime]["|" MKI ":" length]`.
fn key_parameter(text: &str) -> Option<MasterKey> {
    let (method, rest) = text.split_once(':')?;
    // Several keys, parted by semicolons, need key identifiers.
    if !method.eq_ignore_ascii_case("inline") || rest.contains(';') {
        return None;
    }
    let mut parts = rest.split('|');
    let encoded = parts.next()?.trim_end_matches('=');
    // Padding is left out by some.
    let octets = STANDARD_NO_PAD.decode(encoded).ok()?;
    let lasting = parts.all(|part| lifetime(part).is_some_and(|n| n >= SHORTEST_LIFETIME));
    lasting.then_some(MasterKey(octets.try_into().ok()?))
}

/// Packets a key lasts: `2^n` or a number. `None` for a key identifier, or nonsense.
fn lifetime(text: &str) -> Option<u64> {
    match text.split_once('^') {
        Some(("2", power)) => 1u64.checked_shl(power.parse().ok()?),
        Some(_) => None,
        None => text.parse().ok(),
    }
}

/// Session parameters that change nothing for us (RFC 4568 §6.3): a rate of zero for deriving
/// keys anew, a hint for the replay window, and extensions marked as optional.
fn harmless(parameter: &str) -> bool {
    parameter == "KDR=0" || parameter.starts_with("WSH=") || parameter.starts_with('-')
}

/// Whether a stream is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SrtpPolicy {
    /// Never: offers with keys beside plain RTP are taken plain, secured-only ones refused.
    #[default]
    Off,
    /// When the peer can: keys are offered on plain RTP (best effort, understood by most
    /// telephones, ignored by the rest), and taken whenever offered.
    Optional,
    /// Always: `RTP/SAVP` is offered, and offers without keys are refused.
    Required,
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

    fn read(rest: &str) -> Option<CryptoLine> {
        CryptoLine::parse(&rest.replace("KEY", KEY))
    }

    #[test]
    fn lines_are_read_and_written_alike() {
        let line = read("1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20 KDR=0 WSH=128 -X=1").unwrap();
        assert_eq!(
            (line.tag, line.suite),
            (1, CryptoSuite::AesCm128HmacSha1_80)
        );
        assert_eq!(line.key.expose().len(), 30);
        let again = line.to_string();
        assert_eq!(again, format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"));
        assert_eq!(CryptoLine::parse(&again).unwrap(), line);
        assert!(read("2 aes_cm_128_hmac_sha1_32 inline:KEY|1048576").is_some());
    }

    #[test]
    fn lines_that_can_not_be_honoured_are_left_out() {
        for line in [
            "1 F8_128_HMAC_SHA1_80 inline:KEY",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20|1:4",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY|1:4",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^10",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^64",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY;inline:KEY",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEYAAAA",
            "1 AES_CM_128_HMAC_SHA1_80 inline:short",
            "1 AES_CM_128_HMAC_SHA1_80 uri:KEY",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY UNENCRYPTED_SRTP",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY UNAUTHENTICATED_SRTP",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY KDR=1",
            "1 AES_CM_128_HMAC_SHA1_80 inline:KEY FUTURE=1",
            "x AES_CM_128_HMAC_SHA1_80 inline:KEY",
            "1234567890 AES_CM_128_HMAC_SHA1_80 inline:KEY",
            "1 AES_CM_128_HMAC_SHA1_80",
            "",
        ] {
            assert!(read(line).is_none(), "{line}");
        }
    }

    #[test]
    fn keys_are_not_shown() {
        let line = read("1 AES_CM_128_HMAC_SHA1_80 inline:KEY").unwrap();
        let shown = format!("{line:?}");
        assert!(!shown.contains(KEY) && shown.contains("secret"), "{shown}");
    }
}
