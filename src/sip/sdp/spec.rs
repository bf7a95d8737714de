//! What we are ready to do with audio, from which offers and answers are made.

use std::net::SocketAddr;

use super::codec::{EventFormat, comfort_noise};
use super::crypto::{CryptoLine, CryptoSuite, MasterKey, SrtpPolicy};
use super::{Codec, Direction, Format, Media};

/// Dynamic payload type of telephone-event/48000, offered beside Opus.
const EVENT_48K_OFFERED: u8 = 110;

/// What we are ready to do with audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaSpec {
    /// Where we receive RTP (the address the peer must send to).
    pub address: SocketAddr,
    /// Codecs, preferred first.
    pub codecs: Vec<Codec>,
    /// Payload type of telephone-event to offer; `None` offers none. Usually 101.
    pub telephone_event: Option<u8>,
    /// Comfort noise (RFC 3389) is offered, and taken when offered: the peer may then stop
    /// sending in silence.
    pub comfort_noise: bool,
    /// Packet time, ms. Usually 20.
    pub ptime_ms: u8,
    /// Direction seen from us.
    pub direction: Direction,
    /// RTCP may come to the RTP port (RFC 5761): offered, and agreed to when offered.
    pub rtcp_mux: bool,
    /// Whether audio is secured.
    pub srtp: SrtpPolicy,
    /// The keys we would send with, one per suite, preferred first. Without any, `srtp` can
    /// only be off.
    pub keys: Vec<CryptoLine>,
    /// Session id, any number unique on this host; the version starts at the same number.
    pub session_id: u64,
}

impl MediaSpec {
    /// PCMU, PCMA and telephone-event 101 at `address`, both ways, 20 ms, not secured.
    pub fn g711(address: SocketAddr, session_id: u64) -> Self {
        Self {
            address,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            telephone_event: Some(101),
            comfort_noise: false,
            ptime_ms: 20,
            direction: Direction::SendRecv,
            rtcp_mux: false,
            srtp: SrtpPolicy::Off,
            keys: Vec::new(),
            session_id,
        }
    }

    /// The same with other codecs, preferred first. None leaves them as they are.
    #[must_use]
    pub fn with_codecs(mut self, codecs: &[Codec]) -> Self {
        if !codecs.is_empty() {
            self.codecs = codecs.to_vec();
            self.codecs.dedup();
        }
        self
    }

    /// The same with RTCP on the RTP port where the peer agrees.
    #[must_use]
    pub fn with_rtcp_mux(mut self) -> Self {
        self.rtcp_mux = true;
        self
    }

    /// The same, secured as `policy` says. `entropy` becomes the keys: 60 octets from the
    /// system's secure random source, fresh for every call.
    #[must_use]
    pub fn with_srtp(mut self, policy: SrtpPolicy, entropy: &[u8; 60]) -> Self {
        let (first, second) = entropy.split_at(30);
        self.srtp = policy;
        // A key of its own for each suite.
        self.keys = [first, second]
            .into_iter()
            .zip(CryptoSuite::ALL)
            .zip(1..)
            .filter_map(|((octets, suite), tag)| {
                let key = MasterKey::new(octets.try_into().ok()?);
                Some(CryptoLine { tag, suite, key })
            })
            .collect();
        self
    }

    /// Every format of an offer.
    pub(super) fn formats(&self) -> Vec<Format> {
        let mut formats: Vec<Format> = self
            .codecs
            .iter()
            .map(|codec| codec.format(codec.payload_type()))
            .collect();
        if self.comfort_noise {
            formats.push(comfort_noise());
        }
        if let Some(payload_type) = self.telephone_event {
            let rate = 8_000;
            formats.push(EventFormat { payload_type, rate }.format());
            if self.codecs.contains(&Codec::Opus) && payload_type != EVENT_48K_OFFERED {
                let (payload_type, rate) = (EVENT_48K_OFFERED, 48_000);
                formats.push(EventFormat { payload_type, rate }.format());
            }
        }
        formats
    }

    /// An `m=audio` section of ours over plain RTP.
    pub(super) fn section(&self, formats: Vec<Format>, direction: Direction) -> Media {
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
            max_ptime_ms: None,
            rtcp: None,
            rtcp_mux: false,
            crypto: Vec::new(),
        }
    }

    /// Key lines to offer.
    pub(super) fn offered_keys(&self) -> &[CryptoLine] {
        if self.srtp == SrtpPolicy::Off {
            &[]
        } else {
            &self.keys
        }
    }
}
