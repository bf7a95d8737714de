//! The sending half of a leg: shared between its own thread (prompts, silence, key presses) and
//! the thread of the leg it is bridged to (forwarded packets).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::events::LegStats;
use rustix::net::{SendFlags, sendto};

use super::ports::LegSocket;
use super::stream::Stream;
use super::tapping::TapWriter;
use super::types::LegId;
use crate::g711::{self, Law};
use crate::rtp::{HEADER_BYTES, Header};

/// Longest payload taken and sent: fits an Ethernet frame; 180 ms of G.711.
pub const MAX_PAYLOAD: usize = 1_440;

/// A press goes on this long after each of its packets.
const PRESS_LASTS: Duration = Duration::from_millis(50);

/// A packet being written: on the stack, where it is warm, unlike anything kept for each leg.
type Buffer = [u8; HEADER_BYTES + MAX_PAYLOAD];

pub type SharedOutgoing = Arc<Mutex<Outgoing>>;

/// What packets to the far end look like, and where they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    pub address: SocketAddr,
    pub law: Law,
    pub payload_type: u8,
    pub dtmf_payload_type: Option<u8>,
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
    tap: Option<TapWriter>,
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
            tap: None,
            packets: 0,
            bytes: 0,
            errors: 0,
        }))
    }

    pub fn set_target(&mut self, target: Option<Target>) {
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

    pub fn is_forwarding(&self) -> bool {
        self.stream.is_forwarding()
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
        let Some(target) = self.hearing(from) else {
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
        let mut buffer: Buffer = [0; _];
        buffer[HEADER_BYTES..HEADER_BYTES + payload.len()].copy_from_slice(payload);
        self.transmit(&mut buffer, &header, payload.len(), target.address);
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
        let mut buffer: Buffer = [0; _];
        buffer[HEADER_BYTES..HEADER_BYTES + payload.len()].copy_from_slice(payload);
        self.transmit(&mut buffer, &header, payload.len(), target.address);
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
        let mut buffer: Buffer = [0; _];
        buffer[HEADER_BYTES..HEADER_BYTES + payload.len()].copy_from_slice(payload);
        self.transmit(&mut buffer, &header, payload.len(), target.address);
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

    /// Writes the header and sends. What protects packets (SRTP) belongs between the two.
    fn transmit(&mut self, buffer: &mut Buffer, header: &Header, payload: usize, to: SocketAddr) {
        let length = HEADER_BYTES + payload;
        let head = buffer
            .first_chunk_mut()
            .expect("the buffer is longer than a header");
        header.write(head);
        // A full socket buffer or a route that is gone loses this packet; audio has no use for
        // a second try. Straight to the system: the C library's wrapper is a cancellation point.
        match sendto(&self.socket.rtp, &buffer[..length], SendFlags::empty(), &to) {
            Ok(_) => {
                self.packets += 1;
                self.bytes += length as u64;
            }
            Err(_) => self.errors += 1,
        }
    }
}
