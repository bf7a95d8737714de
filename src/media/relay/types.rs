//! What a caller of the relay says and hears: settings, addresses, events, figures.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::g711::Law;
use crate::greeting::GreetingEvent;

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
    /// Ports the relay may use. Only even ports carry RTP; the odd port above each stays free
    /// for RTCP (RFC 3550 section 11). At least one even port ≥ 1024.
    pub ports: RangeInclusive<u16>,
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
    /// Report [`MediaEvent::Silent`] after this long without a valid packet. `None`: never.
    /// Default 5 s. Timed from the moment the remote side is known and may send.
    pub silent_after: Option<Duration>,
    /// What becomes of this leg's DTMF in a bridge.
    pub dtmf: DtmfPolicy,
}

impl Default for LegOptions {
    fn default() -> Self {
        Self {
            allow_relearn: false,
            silent_after: Some(Duration::from_secs(5)),
            dtmf: DtmfPolicy::Forward,
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
    /// Law of the audio.
    pub law: Law,
    /// Payload type of the audio, 0–127. Static: 0 for PCMU, 8 for PCMA.
    pub payload_type: u8,
    /// Payload type of `telephone-event/8000`, if both sides offer it.
    pub dtmf_payload_type: Option<u8>,
    /// Length of the packets we generate: 10, 20, 30, 40 or 60 ms. Others become 20.
    pub ptime_ms: u8,
    /// We may send to it (its direction is not `sendonly` or `inactive`).
    pub send: bool,
    /// We take what it sends (our direction is not `sendonly` or `inactive`).
    pub receive: bool,
}

impl Remote {
    /// Both directions, 20 ms, static payload type, telephone-event on 101.
    #[must_use]
    pub fn new(address: SocketAddr, law: Law) -> Self {
        Self {
            address,
            law,
            payload_type: law.static_payload_type(),
            dtmf_payload_type: Some(101),
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
    /// Returned in [`MediaEvent::PlayEnded`]; the relay gives it no meaning.
    pub tag: u64,
}

/// What the relay reports. Per leg, in the order in which it happened; nothing comes after
/// [`close`](super::Relay::close) except what was already on its way.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaEvent {
    /// The first valid packet from the far end; its source is now locked. Again when the lock
    /// moves: after a changed SDP address, or a silent phone that came back from another port.
    FirstPacket {
        /// The leg.
        leg: LegId,
        /// Where it came from, and where we send from now on.
        source: SocketAddr,
    },
    /// One key press, whole (reported at its end, once).
    Dtmf {
        /// The leg.
        leg: LegId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
        /// Length of the press in milliseconds, as far as packets told it.
        duration_ms: u32,
    },
    /// A prompt came to its end, was stopped or was replaced.
    PlayEnded {
        /// The leg.
        leg: LegId,
        /// The tag given to `play`.
        tag: u64,
        /// True when it was heard to its end.
        completed: bool,
    },
    /// From the greeting watch.
    Greeting {
        /// The leg.
        leg: LegId,
        /// What was heard.
        event: GreetingEvent,
    },
    /// No valid packet for `silent_for`: the phone or the path is dead. Reported once a gap.
    Silent {
        /// The leg.
        leg: LegId,
        /// How long nothing came.
        silent_for: Duration,
    },
    /// Packets again after [`MediaEvent::Silent`].
    Resumed {
        /// The leg.
        leg: LegId,
    },
}

impl MediaEvent {
    /// The leg an event is about.
    #[must_use]
    pub fn leg(&self) -> LegId {
        match self {
            Self::FirstPacket { leg, .. }
            | Self::Dtmf { leg, .. }
            | Self::PlayEnded { leg, .. }
            | Self::Greeting { leg, .. }
            | Self::Silent { leg, .. }
            | Self::Resumed { leg } => *leg,
        }
    }
}

/// Figures of one leg since it was opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LegStats {
    /// Valid RTP packets received.
    pub packets_in: u64,
    /// Their bytes, headers included.
    pub bytes_in: u64,
    /// RTP packets sent.
    pub packets_out: u64,
    /// Their bytes, headers included.
    pub bytes_out: u64,
    /// Packets missing by sequence number so far (RFC 3550 A.3); reordered ones do not count.
    pub lost: u64,
    /// Packets that came after one with a higher sequence number.
    pub out_of_order: u64,
    /// Packets that had come before.
    pub duplicates: u64,
    /// Packets from a source that is not the far end: dropped, heard by no one.
    pub strangers: u64,
    /// Datagrams that are no RTP, or of a payload type not negotiated: dropped.
    pub invalid: u64,
    /// Packets the system refused to send.
    pub send_errors: u64,
    /// Interarrival jitter in milliseconds (RFC 3550 section 6.4.1).
    pub jitter_ms: f64,
    /// When the last valid packet came.
    pub last_received_at: Option<Instant>,
    /// Where we send: the locked source, else the SDP's address.
    pub remote: Option<SocketAddr>,
    /// True once the source is locked.
    pub locked: bool,
}

/// What a leg received in the last whole block of 100 ms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Levels {
    /// Whole blocks measured since `meter` was called; 0 means nothing came yet.
    pub blocks: u64,
    /// Level of everything, in dB relative to a full-scale sine (dBov per ITU-T G.100.1 + 3).
    pub level_db: f32,
    /// For each frequency asked: (Hz, dB relative to a full-scale sine at that frequency).
    pub tones: Vec<(f32, f32)>,
}

/// Why the relay refused. Each has a stable [`code`](RelayError::code), a cause and a remedy.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The settings can not work.
    #[error("relay setting `{setting}`: {cause}; {remedy}")]
    Config {
        /// The setting.
        setting: &'static str,
        /// What is wrong with it.
        cause: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The system refused something at start.
    #[error(
        "the relay can not start: {step} failed: {source}; check limits on files and threads (ulimit -n, -u)"
    )]
    Start {
        /// What failed.
        step: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
    /// No port could be bound.
    #[error(
        "no free RTP port in {first}-{last}: {in_use} in use by calls, {refused} refused by the \
         system (last: {last_refusal}); widen the RTP port range or place fewer calls"
    )]
    PortsExhausted {
        /// First port of the range.
        first: u16,
        /// Last port of the range.
        last: u16,
        /// Ports held by legs.
        in_use: usize,
        /// Ports tried now and refused.
        refused: usize,
        /// The system's last answer, or `none`.
        last_refusal: String,
    },
    /// The leg does not exist (any more).
    #[error("leg {0} is not open; it was closed or never existed")]
    UnknownLeg(LegId),
    /// A leg can not be bridged to itself.
    #[error("leg {0} can not be bridged to itself; give two legs")]
    SelfBridge(LegId),
    /// A digit that no telephone has.
    #[error("`{0}` is no DTMF digit; allowed are 0-9, *, #, A-D")]
    BadDigit(char),
    /// The relay was stopped, or a thread of it died.
    #[error("the relay is stopped; start a new one")]
    Stopped,
    /// A relay thread did not answer within a second.
    #[error(
        "the relay did not answer in time; the machine is overloaded: lower the number of calls"
    )]
    NoAnswer,
}

impl RelayError {
    /// Stable code for logs, pages and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config { .. } => "media.relay_config",
            Self::Start { .. } => "media.relay_start",
            Self::PortsExhausted { .. } => "media.ports_exhausted",
            Self::UnknownLeg(_) => "media.unknown_leg",
            Self::SelfBridge(_) => "media.self_bridge",
            Self::BadDigit(_) => "media.bad_digit",
            Self::Stopped => "media.relay_stopped",
            Self::NoAnswer => "media.relay_no_answer",
        }
    }
}
