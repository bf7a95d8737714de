//! Writing a tap: packets gathered into chunks and handed over without ever waiting.

use std::time::Instant;

use crossbeam_channel::TrySendError;

use crate::SAMPLES_PER_MS;
use crate::g711::Law;
use crate::rtp::Header;
use crate::tap::{CHUNK_MS, Tap, TapChunk, TapEvent, TapPacket, Way};

/// Octets of G.711 in a chunk, at most.
const CHUNK: usize = (CHUNK_MS * SAMPLES_PER_MS) as usize;
/// Packets a chunk has room for without growing: 20 ms each, and some that came early.
const PACKETS: usize = 8;

/// One way of a tapped leg.
#[derive(Debug)]
pub struct TapWriter {
    tap: Tap,
    way: Way,
    chunk: Option<TapChunk>,
    lost: u32,
}

impl TapWriter {
    pub fn new(tap: Tap, way: Way) -> Self {
        Self {
            tap,
            way,
            chunk: None,
            lost: 0,
        }
    }

    /// Takes the audio of one packet.
    pub fn audio(&mut self, at: Instant, law: Law, head: &Header, octets: &[u8]) {
        let fits = |chunk: &TapChunk| {
            chunk.ssrc == head.ssrc
                && chunk.law == law
                && chunk.octets.len() + octets.len() <= CHUNK
        };
        if !self.chunk.as_ref().is_some_and(fits) {
            self.flush();
        }
        let (tap, way) = (self.tap.tap, self.way);
        let chunk = self.chunk.get_or_insert_with(|| TapChunk {
            tap,
            way,
            law,
            ssrc: head.ssrc,
            packets: Vec::with_capacity(PACKETS),
            octets: Vec::with_capacity(CHUNK),
            lost_before: 0,
        });
        chunk.packets.push(TapPacket {
            at,
            sequence: head.sequence,
            timestamp: head.timestamp,
            length: octets.len() as u16,
        });
        chunk.octets.extend_from_slice(octets);
        if chunk.octets.len() >= CHUNK {
            self.flush();
        }
    }

    /// Hands over what was gathered.
    pub fn flush(&mut self) {
        let Some(mut chunk) = self.chunk.take() else {
            return;
        };
        chunk.lost_before = self.lost;
        self.lost = 0;
        // Who listened may have gone: nothing is lost to anyone then.
        let sent = self.tap.events.try_send(TapEvent::Chunk(chunk));
        if let Err(TrySendError::Full(TapEvent::Chunk(chunk))) = sent {
            self.lost = chunk.lost_before.saturating_add(chunk.packets.len() as u32);
        }
    }
}

/// The end of a tap, which must arrive: it is offered until there is room.
#[derive(Debug)]
pub struct Ending {
    tap: Tap,
    at: Instant,
}

impl Ending {
    pub fn new(tap: Tap, at: Instant) -> Self {
        Self { tap, at }
    }

    /// False when there was no room.
    pub fn offer(&self) -> bool {
        let event = TapEvent::Ended {
            tap: self.tap.tap,
            at: self.at,
        };
        !matches!(self.tap.events.try_send(event), Err(TrySendError::Full(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::{Receiver, bounded};

    fn writer(room: usize) -> (TapWriter, Receiver<TapEvent>) {
        let (events, receiver) = bounded(room);
        let tap = Tap { tap: 7, events };
        (TapWriter::new(tap, Way::Received), receiver)
    }

    fn packet(writer: &mut TapWriter, ssrc: u32, sequence: u16, octets: usize) {
        #[allow(clippy::disallowed_methods, reason = "no other way to make an instant")]
        let at = Instant::now();
        let head = Header {
            marker: false,
            payload_type: 0,
            sequence,
            timestamp: u32::from(sequence) * 160,
            ssrc,
        };
        writer.audio(at, Law::Pcmu, &head, &vec![sequence as u8; octets]);
    }

    fn chunks(receiver: &Receiver<TapEvent>) -> Vec<TapChunk> {
        let chunk = |event| match event {
            TapEvent::Chunk(chunk) => chunk,
            TapEvent::Ended { .. } => panic!("ended"),
        };
        receiver.try_iter().map(chunk).collect()
    }

    #[test]
    fn a_chunk_is_a_tenth_of_a_second_of_one_source_and_law() {
        let (mut writer, receiver) = writer(10);
        (0..6).for_each(|n| packet(&mut writer, 1, n, 160));
        packet(&mut writer, 2, 6, 160);
        (7..9).for_each(|n| packet(&mut writer, 2, n, 480));
        writer.flush();
        let chunks = chunks(&receiver);
        let shape: Vec<_> = chunks
            .iter()
            .map(|c| (c.ssrc, c.packets.len(), c.octets.len()))
            .collect();
        assert_eq!(shape, [(1, 5, 800), (1, 1, 160), (2, 2, 640), (2, 1, 480)]);
        assert_eq!(chunks[0].octets[160 * 3], 3);
        writer.flush();
        assert!(receiver.is_empty(), "nothing is told twice or empty");
    }

    #[test]
    fn what_a_full_queue_lost_is_told_with_the_next_chunk() {
        let (mut writer, receiver) = writer(1);
        (0..25).for_each(|n| packet(&mut writer, 1, n, 160));
        assert_eq!(chunks(&receiver).len(), 1);
        (25..30).for_each(|n| packet(&mut writer, 1, n, 160));
        let after = chunks(&receiver);
        assert_eq!(
            (after[0].lost_before, after[0].packets[0].sequence),
            (20, 25)
        );
        (30..35).for_each(|n| packet(&mut writer, 1, n, 160));
        assert_eq!(chunks(&receiver)[0].lost_before, 0);
    }
}
