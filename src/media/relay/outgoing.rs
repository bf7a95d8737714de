//! The sending half of a leg: shared between its own thread (prompts, silence, key presses) and
//! the thread of the leg it is bridged to (forwarded packets).

mod noise;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::net::{SendFlags, sendto};

use super::control::Sent;
use super::edge::{self, EdgeEncoder};
use super::events::LegStats;
use super::mixer::MAX_FRAME;
use super::ports::LegSocket;
use super::secure::Protector;
use super::stream::Stream;
use super::tapping::TapWriter;
use super::types::LegId;
use crate::SAMPLE_RATE_HZ;
use crate::codec::{Codec, OpusSettings};
use crate::g711::{self, Law};
use crate::rtp::{HEADER_BYTES, Header};
use crate::srtp::{Keys, OVERHEAD};

/// Longest payload taken and sent: fits an Ethernet frame; 180 ms of G.711.
pub const MAX_PAYLOAD: usize = 1_440;

/// A press goes on this long after each of its packets.
const PRESS_LASTS: Duration = Duration::from_millis(50);

/// A packet being written: on the stack, where it is warm, unlike anything kept for each leg.
type Buffer = [u8; HEADER_BYTES + MAX_PAYLOAD + OVERHEAD];

pub type SharedOutgoing = Arc<Mutex<Outgoing>>;

/// What packets to the far end look like, and where they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    pub address: SocketAddr,
    /// Law of the audio; of what taps are told, if it is not G.711.
    pub law: Law,
    pub codec: Codec,
    pub opus: OpusSettings,
    pub payload_type: u8,
    pub dtmf_payload_type: Option<u8>,
    pub dtmf_clock_hz: u32,
    /// Comfort noise, if the far end takes it.
    pub comfort_payload_type: Option<u8>,
    /// Where RTCP goes, and whether from the RTP port.
    pub rtcp: Option<SocketAddr>,
    pub rtcp_mux: bool,
    pub keys: Option<Keys>,
}

/// A key press of a mixed leg under way.
#[derive(Clone, Copy, Debug)]
struct Press {
    /// Whose, their source and their timestamp: what makes it one press.
    theirs: (LegId, u32, u32),
    ours: u32,
    until: Instant,
}

/// Sends to one far end.
#[derive(Debug)]
pub struct Outgoing {
    socket: Arc<LegSocket>,
    stream: Stream,
    /// `None`: not known yet, or on hold.
    target: Option<Target>,
    /// A prompt or key presses have the line: forwarded packets are not heard.
    overridden: bool,
    /// The leg whose packets are passed on as they come. Others' are turned away: their thread
    /// may not have heard yet that nobody listens any more.
    direct: Option<LegId>,
    /// The legs whose key presses are put between the frames of their sum.
    mixed: Vec<LegId>,
    press: Option<Press>,
    /// Who is heard is silent and has said so; that is filled at least until then.
    rests_until: Option<Instant>,
    tap: Option<TapWriter>,
    /// For a codec that is not G.711.
    encoder: Option<EdgeEncoder>,
    protector: Option<Protector>,
    /// Octets of payload sent.
    octets: u64,
    packets: u64,
    bytes: u64,
    errors: u64,
}

/// Locks; a thread that died while sending has left nothing half done that matters.
pub fn lock(out: &SharedOutgoing) -> MutexGuard<'_, Outgoing> {
    out.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Outgoing {
    pub fn shared(socket: Arc<LegSocket>, stream: Stream) -> SharedOutgoing {
        Arc::new(Mutex::new(Self {
            socket,
            stream,
            target: None,
            overridden: false,
            direct: None,
            mixed: Vec::new(),
            press: None,
            rests_until: None,
            tap: None,
            encoder: None,
            protector: None,
            octets: 0,
            packets: 0,
            bytes: 0,
            errors: 0,
        }))
    }

    pub fn set_target(&mut self, target: Option<Target>) {
        if let Some(target) = &target {
            EdgeEncoder::follow(&mut self.encoder, target.codec, target.opus);
            Protector::follow(&mut self.protector, target.keys.as_ref());
        }
        self.target = target;
    }

    pub fn set_overridden(&mut self, overridden: bool) {
        self.overridden = overridden;
    }

    /// Sets whose packets are passed on, and whose key presses.
    pub fn set_sources(&mut self, direct: Option<LegId>, mixed: Vec<LegId>) {
        self.direct = direct;
        self.mixed = mixed;
        self.press = None;
        self.rests_until = None;
    }

    /// Tells what is sent, or ends that.
    pub fn set_tap(&mut self, tap: Option<TapWriter>) {
        self.flush_tap();
        self.tap = tap;
    }

    /// Hands over what a tap has gathered.
    pub fn flush_tap(&mut self) {
        if let Some(tap) = &mut self.tap {
            tap.flush();
        }
    }

    /// When the newest packet belonged, and how long it lasts.
    pub fn last(&self) -> Option<(Instant, Duration)> {
        self.stream.last()
    }

    /// Passes on audio of the bridged leg, at once.
    pub fn forward_audio(
        &mut self,
        at: Instant,
        from: LegId,
        law: Law,
        head: &Header,
        audio: &[u8],
    ) {
        // Other codecs have memory and frames: what they hear is mixed, if only from one.
        let Some(target) = self.hearing(from).filter(|_| self.encoder.is_none()) else {
            return;
        };
        let samples = audio.len() as u32;
        let header = self
            .stream
            .forwarded(at, from, head, samples, target.payload_type);
        let Some(header) = header else { return };
        let mut buffer: Buffer = [0; _];
        g711::transcode(law, audio, target.law, &mut buffer[HEADER_BYTES..]);
        self.transmit_audio(&mut buffer, at, &header, audio.len(), &target);
    }

    /// Passes on a key press packet, if the far end knows them.
    pub fn forward_event(&mut self, at: Instant, from: LegId, head: &Header, payload: &[u8]) {
        if self.mixed.contains(&from) {
            return self.insert_event(at, from, head, payload);
        }
        let Some(target) = self.hearing(from) else {
            return;
        };
        let Some(payload_type) = target.dtmf_payload_type else {
            return self.stream.skipped(from, head);
        };
        // An event's packets share one timestamp; its length is not the stream's.
        let header = self.stream.forwarded(at, from, head, 160, payload_type);
        let Some(mut header) = header else { return };
        header.marker = head.marker;
        self.transmit_event(&header, payload, &target);
    }

    /// Puts a key press packet between the frames of a mix, in whose place it is heard.
    fn insert_event(&mut self, at: Instant, from: LegId, head: &Header, payload: &[u8]) {
        let target = self.target.filter(|_| !self.overridden);
        let Some((target, kind)) = target.and_then(|t| Some((t, t.dtmf_payload_type?))) else {
            return;
        };
        let theirs = (from, head.ssrc, head.timestamp);
        let known = self.press.filter(|press| press.theirs == theirs);
        let stamp = known.map(|press| press.ours);
        let before = self.press.map(|press| press.ours);
        let header = self.stream.inserted(at, kind, stamp, before);
        self.press = Some(Press {
            theirs,
            ours: header.timestamp,
            until: at + PRESS_LASTS,
        });
        self.transmit_event(&header, payload, &target);
    }

    /// Sends a frame of the mix that belongs at `at`, unless a key press is heard in its place.
    pub fn send_mixed(&mut self, at: Instant, samples: &[i16]) {
        if self.press.is_none_or(|press| press.until <= at) {
            self.send_samples(at, samples);
        }
    }

    /// A packet of the bridged leg that is not passed on.
    pub fn skip(&mut self, from: LegId, head: &Header) {
        self.stream.skipped(from, head);
    }

    /// Sends a frame of our own that belongs at `at`.
    pub fn send_samples(&mut self, at: Instant, samples: &[i16]) {
        let Some(target) = self.target else { return };
        let header = self
            .stream
            .generated(at, samples.len() as u32, target.payload_type, true);
        if self.encoder.is_some() {
            return self.transmit_encoded(at, &header, samples, &target);
        }
        let mut buffer: Buffer = [0; _];
        target.law.encode_into(samples, &mut buffer[HEADER_BYTES..]);
        self.transmit_audio(&mut buffer, at, &header, samples.len(), &target);
    }

    /// Sends a frame of silence that belongs at `at`.
    pub fn send_silence(&mut self, at: Instant, samples: usize) {
        let Some(target) = self.target else { return };
        let header = self
            .stream
            .generated(at, samples as u32, target.payload_type, false);
        if self.encoder.is_some() {
            let silence = [0; MAX_FRAME];
            let frame = &silence[..samples.min(MAX_FRAME)];
            return self.transmit_encoded(at, &header, frame, &target);
        }
        let mut buffer: Buffer = [0; _];
        buffer[HEADER_BYTES..HEADER_BYTES + samples].fill(target.law.silence());
        self.transmit_audio(&mut buffer, at, &header, samples, &target);
    }

    /// Sends a key press packet. `stamp` is the timestamp of the press's first packet, `None`
    /// for the first; returns the timestamp used.
    pub fn send_event(
        &mut self,
        at: Instant,
        samples: u32,
        payload: &[u8],
        stamp: Option<u32>,
    ) -> u32 {
        let Some((target, kind)) = self.target.and_then(|t| Some((t, t.dtmf_payload_type?))) else {
            return stamp.unwrap_or(0);
        };
        let mut header = self.stream.generated(at, samples, kind, true);
        header.marker = stamp.is_none();
        header.timestamp = stamp.unwrap_or(header.timestamp);
        self.transmit_event(&header, payload, &target);
        header.timestamp
    }

    /// Packets sent.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Writes what it knows.
    pub fn report(&self, stats: &mut LegStats) {
        stats.packets_out = self.packets;
        stats.bytes_out = self.bytes;
        stats.send_errors = self.errors;
    }

    fn hearing(&self, from: LegId) -> Option<Target> {
        self.target
            .filter(|_| self.direct == Some(from) && !self.overridden)
    }

    /// Sends the audio in the buffer, and tells it to a tap.
    fn transmit_audio(
        &mut self,
        buffer: &mut Buffer,
        at: Instant,
        header: &Header,
        audio: usize,
        target: &Target,
    ) {
        if let Some(tap) = &mut self.tap {
            let octets = &buffer[HEADER_BYTES..HEADER_BYTES + audio];
            tap.audio(at, target.law, header, octets);
        }
        self.transmit(buffer, header, audio, target.address);
    }

    /// Encodes a frame and sends it; a tap is told it as G.711.
    fn transmit_encoded(&mut self, at: Instant, head: &Header, frame: &[i16], target: &Target) {
        if let Some(tap) = &mut self.tap {
            let mut octets = [0; MAX_FRAME];
            let count = target.law.encode_into(frame, &mut octets);
            tap.audio(at, target.law, head, &octets[..count]);
        }
        let mut buffer: Buffer = [0; _];
        let room = &mut buffer[HEADER_BYTES..HEADER_BYTES + MAX_PAYLOAD];
        let encoder = self.encoder.as_mut();
        if let Some(length) = encoder.and_then(|encoder| encoder.encode(frame, room)) {
            self.transmit(&mut buffer, head, length, target.address);
        }
    }

    /// Sends a key press packet with its length in the far end's ticks.
    fn transmit_event(&mut self, head: &Header, payload: &[u8], target: &Target) {
        let mut buffer: Buffer = [0; _];
        let room = &mut buffer[HEADER_BYTES..HEADER_BYTES + payload.len()];
        room.copy_from_slice(payload);
        if target.dtmf_clock_hz != SAMPLE_RATE_HZ {
            edge::scale_event(room, target.dtmf_clock_hz / SAMPLE_RATE_HZ, 1);
        }
        self.transmit(&mut buffer, head, payload.len(), target.address);
    }

    /// What a report tells of our stream.
    pub fn sent(&self, now: Instant) -> Sent {
        Sent {
            ssrc: self.stream.ssrc(),
            rtp_timestamp: self.stream.clock_at(now).wrapping_mul(self.ticks()),
            packets: self.packets as u32,
            octets: self.octets as u32,
        }
    }

    /// Ticks of the far end's clock in a sample.
    fn ticks(&self) -> u32 {
        self.encoder.as_ref().map_or(1, EdgeEncoder::ticks)
    }

    /// Sends a report. `to`: where the far end's own reports come from, if they do.
    pub fn send_control(&mut self, packet: &[u8], to: Option<SocketAddr>) {
        let Some(target) = self.target else { return };
        let (socket, to) = if target.rtcp_mux {
            (&self.socket.rtp, Some(target.address))
        } else {
            (&self.socket.rtcp, to.or(target.rtcp))
        };
        let mut buffer: Buffer = [0; _];
        let (Some(to), Some(room)) = (to, buffer.get_mut(..packet.len())) else {
            return;
        };
        room.copy_from_slice(packet);
        let length = match &mut self.protector {
            Some(protector) => protector.rtcp(&mut buffer[..], packet.len()),
            None => Ok(packet.len()),
        };
        // Like audio, a report has no use for a second try.
        if let Ok(length) = length {
            let _ = sendto(socket, &buffer[..length], SendFlags::empty(), &to);
        }
    }

    /// Writes the header, protects and sends.
    fn transmit(&mut self, buffer: &mut Buffer, header: &Header, payload: usize, to: SocketAddr) {
        let mut length = HEADER_BYTES + payload;
        let header = Header {
            timestamp: header.timestamp.wrapping_mul(self.ticks()),
            ..*header
        };
        let head = buffer
            .first_chunk_mut()
            .expect("the buffer is longer than a header");
        header.write(head);
        if let Some(protector) = &mut self.protector {
            let Ok(protected) = protector.rtp(&mut buffer[..], length) else {
                self.errors += 1;
                return;
            };
            length = protected;
        }
        // A full socket buffer or a route that is gone loses this packet; audio has no use for
        // a second try. Straight to the system: the C library's wrapper is a cancellation point.
        match sendto(&self.socket.rtp, &buffer[..length], SendFlags::empty(), &to) {
            Ok(_) => {
                self.packets += 1;
                self.octets += payload as u64;
                self.bytes += length as u64;
            }
            Err(_) => self.errors += 1,
        }
    }
}
