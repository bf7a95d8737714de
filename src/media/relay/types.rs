//! What a caller of the relay says: settings, names of legs, far ends, how things are played.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::codec::{Codec, OpusSettings};
use crate::srtp::Keys;

/// The monotonic clock the relay reads. Passed in, because this crate has none of its own.
pub type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

/// How a [`Relay`](super::Relay) is started.
#[derive(Clone)]
pub struct RelayConfig {
    /// Local address the RTP sockets are bound to. May be unspecified (`0.0.0.0`, `::`) only
    /// when `advertised` is given.
    pub bind: IpAddr,
    /// Address put into SDP when it differs from `bind` (1:1 NAT). Default: `bind`.
    pub advertised: Option<IpAddr>,
    /// Ports the relay may use: pairs of an even one for RTP and the odd one above it for RTCP
    /// (RFC 3550 section 11). At least one pair from 1024 up.
    pub ports: RangeInclusive<u16>,
    /// Pairs of sockets bound ahead, so that opening a leg need not wait for the system. 0:
    /// none. Default 32.
    pub ports_ahead: usize,
    /// Relay threads, 1 to 64. One carries about 1,000 bridged calls.
    pub threads: usize,
    /// Seed of SSRCs, first sequence numbers and first timestamps. Live callers take it from
    /// the system's entropy (RFC 3550 section 5.1 wants them unpredictable); tests fix it.
    pub seed: u64,
    /// The monotonic clock.
    pub clock: Clock,
}

impl RelayConfig {
    /// One thread, ports 20000–29999, nothing else advertised than `bind`.
    #[must_use]
    pub fn new(bind: IpAddr, clock: Clock, seed: u64) -> Self {
        Self {
            bind,
            advertised: None,
            ports: 20_000..=29_999,
            ports_ahead: 32,
            threads: 1,
            seed,
            clock,
        }
    }
}

impl fmt::Debug for RelayConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayConfig")
            .field("bind", &self.bind)
            .field("advertised", &self.advertised)
            .field("ports", &self.ports)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

/// One leg of the relay: a port towards one phone or carrier. Never reused within a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(u64);

impl LegId {
    pub(super) fn new(worker: usize, slot: usize, generation: u32) -> Self {
        debug_assert!(
            worker < 64 && slot < 1 << 24,
            "worker and slot fit their fields"
        );
        Self((worker as u64) << 56 | (slot as u64) << 32 | u64::from(generation))
    }

    pub(super) fn worker(self) -> usize {
        (self.0 >> 56) as usize
    }

    pub(super) fn slot(self) -> usize {
        (self.0 >> 32) as usize & 0xff_ffff
    }

    /// The id as a number, for logs and for maps of the caller's.
    #[must_use]
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LegId({self})")
    }
}

impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.worker(), self.slot(), self.0 as u32)
    }
}

/// What becomes of RFC 4733 events that arrive on a bridged leg. They are reported either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DtmfPolicy {
    /// Passed on to the other leg (a menu at the far end hears the digits).
    #[default]
    Forward,
    /// Kept from the other leg (an agent's control codes).
    Absorb,
}

/// Settings of one leg, fixed when it is opened.
#[derive(Clone, Debug)]
pub struct LegOptions {
    /// Accept a source whose IP address differs from the SDP's, after a probation of three
    /// consecutive packets with one SSRC (a phone behind NAT). Default false: trunks.
    pub allow_relearn: bool,
    /// Report [`MediaEvent::Silent`](super::MediaEvent::Silent) after this long without a valid packet. `None`: never.
    /// Default 5 s. Timed from the moment the remote side is known and may send.
    pub silent_after: Option<Duration>,
    /// What becomes of this leg's DTMF in a conversation.
    pub dtmf: DtmfPolicy,
    /// Report [`MediaEvent::OneWay`](super::MediaEvent::OneWay) when we have sent for this long, the far end may send, and
    /// nothing of it has arrived. `None`: never. Default 3 s.
    pub one_way_after: Option<Duration>,
}

impl Default for LegOptions {
    fn default() -> Self {
        Self {
            allow_relearn: false,
            silent_after: Some(Duration::from_secs(5)),
            dtmf: DtmfPolicy::Forward,
            one_way_after: Some(Duration::from_secs(3)),
        }
    }
}

/// A leg just opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegPort {
    /// Names the leg in every later call.
    pub leg: LegId,
    /// Address to put into SDP (`c=` and the port of `m=audio`). The port is even.
    pub address: SocketAddr,
}

/// The far end of a leg, as its SDP says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Where the far end wants RTP. Unspecified address or port 0 means hold: nothing is sent.
    pub address: SocketAddr,
    /// Codec of the audio.
    pub codec: Codec,
    /// Payload type of the audio, 0–127. Static: 0 for PCMU, 8 for PCMA, 9 for G722.
    pub payload_type: u8,
    /// How Opus is encoded for it.
    pub opus: OpusSettings,
    /// Payload type of `telephone-event`, if both sides offer it.
    pub dtmf_payload_type: Option<u8>,
    /// Clock of `telephone-event`, Hz: 8,000, or 48,000 beside Opus.
    pub dtmf_clock_hz: u32,
    /// Payload type of comfort noise (RFC 3389), if both sides name it: the far end is then told
    /// of silences as they are told to us. `None`: it hears them as noise. Usually 13.
    pub comfort_payload_type: Option<u8>,
    /// Length of the packets we generate: 10, 20, 30, 40 or 60 ms. Others become 20, and so
    /// does 30 for Opus, which has no such frames.
    pub ptime_ms: u8,
    /// Where the far end wants RTCP; `None` sends none. Not looked at when `rtcp_mux` is set.
    pub rtcp: Option<SocketAddr>,
    /// RTCP goes to the RTP port, as both agreed (RFC 5761). It is taken there in any case.
    pub rtcp_mux: bool,
    /// Keys, if the stream is secured: then nothing else is believed, or sent.
    pub keys: Option<Keys>,
    /// We may send to it (its direction is not `sendonly` or `inactive`).
    pub send: bool,
    /// We take what it sends (our direction is not `sendonly` or `inactive`).
    pub receive: bool,
}

impl Remote {
    /// Both directions, 20 ms, static payload type (111 for Opus), telephone-event/8000 on 101,
    /// no comfort noise, no RTCP, not secured.
    #[must_use]
    pub fn new(address: SocketAddr, codec: impl Into<Codec>) -> Self {
        let codec = codec.into();
        Self {
            address,
            codec,
            payload_type: match codec {
                Codec::Pcmu => 0,
                Codec::Pcma => 8,
                Codec::G722 => 9,
                Codec::Opus => 111,
            },
            opus: OpusSettings::default(),
            dtmf_payload_type: Some(101),
            dtmf_clock_hz: 8_000,
            comfort_payload_type: None,
            rtcp: None,
            rtcp_mux: false,
            keys: None,
            ptime_ms: 20,
            send: true,
            receive: true,
        }
    }
}

/// How often a prompt is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// Once.
    #[default]
    Once,
    /// This many times; 0 counts as once.
    Times(u32),
    /// Until stopped or replaced.
    Forever,
}

/// How a prompt is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlayOptions {
    /// How often.
    pub repeat: Repeat,
    /// Returned in [`MediaEvent::PlayEnded`](super::MediaEvent::PlayEnded); the relay gives it no meaning.
    pub tag: u64,
}
