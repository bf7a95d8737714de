//! A second pair of ears on a leg, for recordings and quality: what it received and what it was
//! sent, in batches, over a bounded queue.
//!
//! The relay never waits for who listens: a full queue loses batches, which are counted and told
//! ([`TapChunk::lost_before`]). Tapping the customer's leg alone gives both channels of a
//! recording: what came from the customer, and whatever the customer heard (agent, prompts,
//! music, a third party), through holds and transfers; a whisper the customer did not hear is
//! not in it.

use std::time::Instant;

use crossbeam_channel::Sender;

use crate::g711::Law;

/// Audio is handed over after this much of it, or this long, at the latest.
pub const CHUNK_MS: u32 = 100;

/// Which way audio went on the tapped leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// From the far end.
    Received,
    /// To the far end.
    Sent,
}

/// One packet's place in a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapPacket {
    /// When it arrived, or belonged on the wire.
    pub at: Instant,
    /// Its RTP sequence number.
    pub sequence: u16,
    /// Its RTP timestamp, in samples of 8 kHz.
    pub timestamp: u32,
    /// Its octets of G.711 in the chunk, one per sample; they follow those of the packet before.
    pub length: u16,
}

/// Audio of one way of one leg: packets in the order of arrival, not yet put in order.
#[derive(Clone, Debug)]
pub struct TapChunk {
    /// The number given to the tap.
    pub tap: u64,
    /// Which way.
    pub way: Way,
    /// Law of all octets in it.
    pub law: Law,
    /// Synchronisation source of the packets; a new one starts a new time line.
    pub ssrc: u32,
    /// The packets.
    pub packets: Vec<TapPacket>,
    /// Their octets, one after the other.
    pub octets: Vec<u8>,
    /// Packets of this way that were lost between the chunk before and this one, because the
    /// queue was full.
    pub lost_before: u32,
}

/// What a tap tells.
#[derive(Clone, Debug)]
pub enum TapEvent {
    /// Audio.
    Chunk(TapChunk),
    /// The tap was taken off, or its leg closed. Nothing follows.
    Ended {
        /// The number given to the tap.
        tap: u64,
        /// When.
        at: Instant,
    },
}

/// Where a leg's audio is told.
#[derive(Clone, Debug)]
pub struct Tap {
    /// Returned in every event; the relay gives it no meaning.
    pub tap: u64,
    /// Bounded: when it is full, audio is lost to who listens, never to who talks.
    pub events: Sender<TapEvent>,
}
