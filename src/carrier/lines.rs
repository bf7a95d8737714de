//! RTP streams of many calls over one socket.

use crate::ear::{Ear, Hears};
use crate::voice::{FRAME, Voice};
use carillon_media::rtp::{HEADER_BYTES, Header, Packet};
use carillon_media::{Law, dtmf};
use carillon_sip::{AudioStream, Codec, MediaSpec, SessionDescription, SipError};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::collections::{BTreeMap, HashMap};
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

/// Names a line; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LineId(u64);

/// One stream each way.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) voice: Voice,
    pub(crate) ear: Ear,
    /// Key presses on their way.
    pub(crate) keys: dtmf::Sender,
    remote: Option<SocketAddr>,
    law: Law,
    events: Option<u8>,
    header: Header,
    press_at: u32,
    started: bool,
}

/// All lines of one socket.
#[derive(Debug)]
pub(crate) struct Lines {
    address: SocketAddr,
    codecs: Vec<Codec>,
    hears: Hears,
    lines: BTreeMap<LineId, Line>,
    /// Looked up, never walked.
    by_remote: HashMap<SocketAddr, LineId>,
    random: Pcg64Mcg,
    last: u64,
    /// Packets from addresses no line talks to.
    pub(crate) strangers: u64,
}

impl Lines {
    pub(crate) fn new(address: SocketAddr, codecs: Vec<Codec>, hears: Hears, seed: u64) -> Self {
        Self {
            address,
            codecs,
            hears,
            lines: BTreeMap::new(),
            by_remote: HashMap::new(),
            random: Pcg64Mcg::seed_from_u64(seed),
            last: 0,
            strangers: 0,
        }
    }

    fn spec(&mut self) -> MediaSpec {
        let session = u64::from(self.random.next_u32());
        MediaSpec {
            codecs: self.codecs.clone(),
            ..MediaSpec::g711(self.address, session)
        }
    }

    /// An offer of our own.
    pub(crate) fn offer(&mut self) -> Vec<u8> {
        SessionDescription::offer(&self.spec()).to_bytes()
    }

    /// Opens a line for an offer; answers it with the SDP to send.
    pub(crate) fn accept(
        &mut self,
        offer: &SessionDescription,
    ) -> Result<(LineId, Vec<u8>), SipError> {
        let answer = SessionDescription::answer(offer, &self.spec())?;
        let remote = offer.audio().ok_or(SipError::NoCommonCodec)?;
        let agreed = answer.audio().and_then(|a| a.codecs.first().copied());
        Ok((self.open(&remote, agreed), answer.to_bytes()))
    }

    /// Opens a line on the answer to our offer.
    pub(crate) fn answered(&mut self, answer: &SessionDescription) -> Result<LineId, SipError> {
        let remote = answer.audio().ok_or(SipError::NoCommonCodec)?;
        Ok(self.open(&remote, None))
    }

    fn open(&mut self, remote: &AudioStream, agreed: Option<Codec>) -> LineId {
        self.last += 1;
        let id = LineId(self.last);
        let law = match agreed.or(remote.codecs.first().copied()) {
            Some(Codec::Pcma) => Law::Pcma,
            _ => Law::Pcmu,
        };
        let header = Header {
            marker: true,
            payload_type: law.static_payload_type(),
            sequence: self.random.next_u32() as u16,
            timestamp: self.random.next_u32(),
            ssrc: self.random.next_u32(),
        };
        let line = Line {
            voice: Voice::Silence,
            ear: Ear::new(self.hears),
            keys: dtmf::Sender::default(),
            remote: remote.remote,
            law,
            events: remote.telephone_event,
            header,
            press_at: 0,
            started: false,
        };
        if let Some(remote) = line.remote {
            // The newest call owns a port that was used before.
            self.by_remote.insert(remote, id);
        }
        self.lines.insert(id, line);
        id
    }

    pub(crate) fn close(&mut self, id: LineId) {
        let Some(line) = self.lines.remove(&id) else {
            return;
        };
        if let Some(remote) = line.remote
            && self.by_remote.get(&remote) == Some(&id)
        {
            self.by_remote.remove(&remote);
        }
    }

    pub(crate) fn get_mut(&mut self, id: LineId) -> Option<&mut Line> {
        self.lines.get_mut(&id)
    }

    /// Takes one datagram.
    pub(crate) fn receive(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let line = self
            .by_remote
            .get(&from)
            .and_then(|id| self.lines.get_mut(id));
        let Some(line) = line else {
            self.strangers += 1;
            return;
        };
        let Ok(packet) = Packet::parse(datagram) else {
            return;
        };
        let Some(law) = Law::from_payload_type(packet.header.payload_type) else {
            return;
        };
        let mut samples = [0; 3 * FRAME];
        let count = law.decode_into(packet.payload, &mut samples);
        line.ear.push(now, &samples[..count]);
    }

    /// Sends the next 20 ms of every line.
    pub(crate) fn send_frames(&mut self, socket: &tokio::net::UdpSocket) {
        let mut packet = [0; HEADER_BYTES + FRAME];
        for line in self.lines.values_mut() {
            let Some(remote) = line.remote else {
                continue;
            };
            let length = line.next_packet(&mut packet);
            // A full buffer loses a packet, as networks do.
            let _ = socket.try_send_to(&packet[..length], remote);
        }
    }
}

impl Line {
    fn next_packet(&mut self, packet: &mut [u8; HEADER_BYTES + FRAME]) -> usize {
        let mut header = Header {
            marker: !self.started,
            ..self.header
        };
        self.started = true;
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.header.timestamp = self.header.timestamp.wrapping_add(FRAME as u32);
        let (head, body) = packet.split_at_mut(HEADER_BYTES);
        let press = self
            .events
            .and_then(|pt| Some((pt, self.keys.next_frame(FRAME as u32)?)));
        let mut length = FRAME;
        match press {
            Some((payload_type, dtmf::Outgoing::Event { payload, first })) => {
                if first {
                    self.press_at = header.timestamp;
                }
                header = Header {
                    marker: first,
                    payload_type,
                    timestamp: self.press_at,
                    ..header
                };
                body[..payload.len()].copy_from_slice(&payload);
                length = payload.len();
            }
            Some((_, dtmf::Outgoing::Pause)) => body.fill(self.law.silence()),
            None => {
                let mut frame = [0; FRAME];
                self.voice.frame(&mut frame);
                self.law.encode_into(&frame, body);
            }
        }
        if let Some(head) = head.first_chunk_mut() {
            header.write(head);
        }
        HEADER_BYTES + length
    }
}

/// Both sockets of a party.
pub(crate) struct Pair {
    pub(crate) sip: UdpSocket,
    pub(crate) rtp: UdpSocket,
}
