//! What the relay tells of its legs: events, figures, levels.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::types::LegId;
use crate::codec::Codec;
use crate::greeting::GreetingEvent;

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
    /// Audio goes one way only. Reported once until it flows, or the far end is told anew.
    OneWay {
        /// The leg.
        leg: LegId,
        /// The way that is dead.
        dead: DeadWay,
        /// What shows it.
        sign: DeadSign,
        /// How long it has been since audio should have flowed.
        since: Duration,
        /// Packets sent to the far end meanwhile.
        sent: u64,
        /// Packets that came from sources not believed meanwhile: many of them mean that the
        /// far end sends from an address other than its SDP's (a NAT, a gateway).
        strangers: u64,
    },
}

/// Which way of a leg carries nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeadWay {
    /// We send, and the far end, which may send, has never been heard since it was told so.
    FromFarEnd,
    /// We send, and the far end's RTCP reports say that nothing of it arrives. Never told of a
    /// far end that sends no reports: what it hears is not known.
    ToFarEnd,
}

/// What shows that a way is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeadSign {
    /// No packet came.
    NoPacket,
    /// Two reports of the far end in a row about our stream, in which it does not get on, or
    /// 98 % of it are lost.
    ReportedLoss,
    /// Three reports of the far end in a row that are about nobody's stream: it hears nothing.
    ReportsNobody,
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
            | Self::OneWay { leg, .. }
            | Self::Resumed { leg } => *leg,
        }
    }
}

/// Figures of one leg since it was opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LegStats {
    /// Codec of its audio; `None` before the far end is known.
    pub codec: Option<Codec>,
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
    /// Runs of packets missing in a row, so far: with `lost`, how bursty the loss is.
    pub loss_runs: u64,
    /// Packets that came after one with a higher sequence number.
    pub out_of_order: u64,
    /// Packets that had come before.
    pub duplicates: u64,
    /// Packets from a source that is not the far end: dropped, heard by no one.
    pub strangers: u64,
    /// Datagrams that are no RTP, or of a payload type not negotiated: dropped.
    pub invalid: u64,
    /// Packets of a secured leg that are forged, damaged or under another key: nobody's.
    pub unauthentic: u64,
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
    /// RTCP packets received, on the RTCP port and among the RTP (RFC 5761).
    pub rtcp_in: u64,
    /// Packets of ours the far end misses, cumulative, as its newest report says (RFC 3550
    /// section 6.4.1). Negative when duplicates outnumber losses. `None`: no report yet.
    pub remote_lost: Option<i32>,
    /// The part of our packets lost to the far end between its last two reports, 0 to 1.
    pub remote_fraction_lost: Option<f32>,
    /// Interarrival jitter the far end sees, in milliseconds.
    pub remote_jitter_ms: Option<f64>,
    /// Round trip in milliseconds, from the far end's reports.
    pub round_trip_ms: Option<f64>,
    /// Milliseconds of this leg's audio that were made up because it was lost or late. Counted
    /// only while its audio is decoded (mixed for someone).
    pub concealed_ms: u64,
    /// Packets of this leg that came too late to be played. Counted only while it is decoded.
    pub discarded_late: u64,
    /// Runs of such packets in a row.
    pub discarded_runs: u64,
    /// How long this leg's audio waits in its jitter buffer now, in milliseconds. `None`: it is
    /// not decoded, and passes without waiting.
    pub buffer_ms: Option<f64>,
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
