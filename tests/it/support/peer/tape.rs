//! Everything that goes over a line of a far end, with its times.

use super::{Line, Peer};
use carillon_media::meter::tone_db;
use carillon_media::tap::{Tap, TapEvent};
use crossbeam_channel::Receiver;
use std::time::Instant;

pub use carillon_media::tap::Way;

/// Batches a tape may hold: far more than any test lasts.
const BATCHES_MAX: usize = 100_000;
/// A packet louder than this is a sound, dB to a full-scale sine.
const LOUD_DB: f32 = -40.0;
/// A tone this much softer than the whole is not what is heard.
const DROWNED_DB: f32 = 6.0;

/// One packet.
#[derive(Clone, Debug)]
pub struct Piece {
    pub at: Instant,
    pub way: Way,
    pub samples: Vec<i16>,
}

impl Piece {
    pub fn is_loud(&self) -> bool {
        level_db(&self.samples) > LOUD_DB
    }
}

/// What went over a line since it was put on.
pub struct Tape {
    events: Receiver<TapEvent>,
    pieces: Vec<Piece>,
}

impl Peer {
    /// Takes down everything on a line from now on.
    pub fn tape(&self, line: Line) -> Tape {
        let (tell, events) = crossbeam_channel::bounded(BATCHES_MAX);
        let tap = Tap {
            tap: 1,
            events: tell,
        };
        self.relay
            .tap(line.audio, Some(tap))
            .expect("the leg is open");
        Tape {
            events,
            pieces: Vec::new(),
        }
    }
}

impl Tape {
    /// Everything so far, in order of time.
    pub fn so_far(&mut self) -> &[Piece] {
        while let Ok(event) = self.events.try_recv() {
            self.take(event);
        }
        self.pieces.sort_by_key(|piece| piece.at);
        &self.pieces
    }

    fn take(&mut self, event: TapEvent) {
        let TapEvent::Chunk(chunk) = event else {
            return;
        };
        assert_eq!(chunk.lost_before, 0, "the tape lost something");
        let mut octets = chunk.octets.as_slice();
        for packet in &chunk.packets {
            let (own, rest) = octets.split_at(usize::from(packet.length));
            octets = rest;
            self.pieces.push(Piece {
                at: packet.at,
                way: chunk.way,
                samples: own.iter().map(|o| chunk.law.decode(*o)).collect(),
            });
        }
    }
}

/// Milliseconds of sound that is not this tone, in stretches of 20 ms.
pub fn foreign_ms(samples: &[i16], hz: f32) -> usize {
    let foreign = |part: &&[i16]| {
        let level = level_db(part);
        level > LOUD_DB && tone_db(part, hz) < level - DROWNED_DB
    };
    samples.chunks_exact(160).filter(foreign).count() * 20
}

fn level_db(samples: &[i16]) -> f32 {
    let square = |s: &i16| f64::from(*s) * f64::from(*s);
    let mean = samples.iter().map(square).sum::<f64>() / samples.len().max(1) as f64;
    let full = f64::from(i16::MAX).powi(2) / 2.0;
    (10.0 * (mean / full).max(1e-10).log10()) as f32
}
