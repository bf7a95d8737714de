//! What reaches a listener, for every kind of trouble a network makes.

#![allow(
    clippy::disallowed_methods,
    reason = "an instant to count from; no test depends on it"
)]

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::timeline::Timeline;
use crate::g711::Law;
use crate::tap::{TapChunk, TapPacket, Way};

/// Samples of a packet of 20 ms.
const PACKET: u32 = 160;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A packet whose samples all decode from the code word `mark`.
#[derive(Clone, Copy, Debug)]
struct Sent {
    at_ms: u64,
    timestamp: u32,
    mark: u8,
}

/// The packet number `n` of a source that began at `from_ms`, on time.
fn on_time(from_ms: u64, n: u32, first_timestamp: u32) -> Sent {
    Sent {
        at_ms: from_ms + u64::from(n) * 20,
        timestamp: first_timestamp.wrapping_add(n * PACKET),
        mark: mark(n),
    }
}

/// A code word that is neither silence nor that of a neighbour.
fn mark(n: u32) -> u8 {
    (n % 100) as u8
}

fn chunk(origin: Instant, way: Way, ssrc: u32, packets: &[Sent]) -> TapChunk {
    TapChunk {
        tap: 1,
        way,
        law: Law::Pcmu,
        ssrc,
        packets: packets
            .iter()
            .map(|p| TapPacket {
                at: origin + ms(p.at_ms),
                sequence: 0,
                timestamp: p.timestamp,
                length: PACKET as u16,
            })
            .collect(),
        octets: packets
            .iter()
            .flat_map(|p| [p.mark; PACKET as usize])
            .collect(),
        lost_before: 0,
    }
}

/// Collects blocks and checks that they follow each other.
#[derive(Default)]
struct Heard {
    left: Vec<i16>,
    right: Vec<i16>,
}

impl Heard {
    fn take(&mut self, at_ms: u64, left: &[i16], right: &[i16]) {
        assert_eq!(
            at_ms * 8,
            self.left.len() as u64,
            "blocks follow each other"
        );
        assert_eq!(left.len(), right.len());
        assert!(left.len().is_multiple_of(8) && left.len() <= 1_600);
        self.left.extend_from_slice(left);
        self.right.extend_from_slice(right);
    }
}

/// Hands packets over as the relay does, every 100 ms, and moves the line on each time.
fn run(received: &[Sent], until_ms: u64) -> (Heard, Timeline) {
    let origin = Instant::now();
    let mut line = Timeline::new(origin);
    let mut heard = Heard::default();
    for turn in 1..=until_ms / 100 {
        let due: Vec<Sent> = received
            .iter()
            .filter(|p| p.at_ms / 100 + 1 == turn)
            .copied()
            .collect();
        if !due.is_empty() {
            line.place(&chunk(origin, Way::Received, 7, &due));
        }
        line.advance(origin + ms(turn * 100), |a, l, r| heard.take(a, l, r));
    }
    line.finish(|a, l, r| heard.take(a, l, r));
    (heard, line)
}

/// Code word of the audio at a millisecond.
fn at(audio: &[i16], at_ms: usize) -> Option<u8> {
    let sample = audio[at_ms * 8];
    (0..100u8)
        .find(|code| Law::Pcmu.decode(*code) == sample)
        .filter(|_| sample != 0)
}

#[test]
fn a_steady_source_comes_out_whole_at_its_time() {
    let packets: Vec<Sent> = (0..50).map(|n| on_time(200, n, u32::MAX - 1_000)).collect();
    let (heard, line) = run(&packets, 1_500);
    assert_eq!(at(&heard.left, 199), None);
    for n in 0..50 {
        assert_eq!(
            at(&heard.left, 200 + n * 20),
            Some(mark(n as u32)),
            "packet {n}"
        );
    }
    assert!(heard.right.iter().all(|s| *s == 0));
    assert_eq!(line.figures().received.packets, 50);
    assert_eq!(line.figures().received.late_samples, 0);
}

#[test]
fn a_lost_packet_is_silence_and_moves_nothing() {
    let packets: Vec<Sent> = (0..50)
        .filter(|n| *n != 20)
        .map(|n| on_time(0, n, 0))
        .collect();
    let (heard, _) = run(&packets, 1_200);
    assert_eq!(at(&heard.left, 400), None);
    assert_eq!(at(&heard.left, 419), None);
    assert_eq!(at(&heard.left, 420), Some(mark(21)));
}

#[test]
fn both_ways_are_laid_side_by_side() {
    let origin = Instant::now();
    let (mut line, mut heard) = (Timeline::new(origin), Heard::default());
    // Batches of the two ways are handed over at different times; neither is cut.
    for turn in 0..10u64 {
        let five = |way, from: u32| {
            let packets: Vec<Sent> = (from..from + 5).map(|n| on_time(0, n, 99)).collect();
            chunk(origin, way, 3, &packets)
        };
        line.place(&five(Way::Received, turn as u32 * 5));
        line.advance(origin + ms(turn * 100 + 100), |a, l, r| heard.take(a, l, r));
        line.place(&five(Way::Sent, turn as u32 * 5));
        line.advance(origin + ms(turn * 100 + 190), |a, l, r| heard.take(a, l, r));
    }
    line.finish(|a, l, r| heard.take(a, l, r));
    assert_eq!(heard.left, heard.right);
    assert_eq!(heard.left.len(), 8_000);
    assert!((0..50).all(|n| at(&heard.left, n * 20) == Some(mark(n as u32))));
}

#[test]
fn a_new_source_begins_where_it_arrives() {
    let origin = Instant::now();
    let (mut line, mut heard) = (Timeline::new(origin), Heard::default());
    let old: Vec<Sent> = (0..10).map(|n| on_time(0, n, 5_000)).collect();
    let new: Vec<Sent> = (0..10).map(|n| on_time(300, n, 77)).collect();
    line.place(&chunk(origin, Way::Received, 1, &old));
    line.place(&chunk(origin, Way::Received, 2, &new));
    line.finish(|a, l, r| heard.take(a, l, r));
    assert_eq!(at(&heard.left, 199), Some(mark(9)));
    assert_eq!(at(&heard.left, 200), None);
    assert_eq!(at(&heard.left, 300), Some(mark(0)));
    assert_eq!(line.figures().received.source_changes, 1);
}

#[test]
fn a_timestamp_that_jumps_is_placed_by_its_arrival() {
    let mut packets: Vec<Sent> = (0..50).map(|n| on_time(0, n, 0)).collect();
    for packet in &mut packets[25..] {
        packet.timestamp = packet.timestamp.wrapping_add(3_000_000_000);
    }
    let (heard, line) = run(&packets, 1_200);
    assert!((0..50).all(|n| at(&heard.left, n * 20) == Some(mark(n as u32))));
    assert_eq!(line.figures().received.moves, 1);
}

#[test]
fn a_clock_that_drifts_is_followed() {
    // 0.5 % slow, far beyond any crystal: 20.1 ms between packets of 20 ms.
    let packets: Vec<Sent> = (0..3_000u32)
        .map(|n| Sent {
            at_ms: u64::from(n) * 201 / 10,
            ..on_time(0, n, 0)
        })
        .collect();
    let (heard, line) = run(&packets, 60_400);
    let last = (0..heard.left.len() / 8)
        .rev()
        .find(|t| at(&heard.left, *t) == Some(mark(2_990)));
    let arrival = 2_990 * 201 / 10;
    let off = last.expect("it is heard") as i64 - arrival as i64;
    assert!(off.abs() <= 60, "{off} ms off after a minute");
    assert!(line.figures().received.moves >= 4);
    assert_eq!(line.figures().received.packets, 3_000);
}

#[test]
fn a_lasting_delay_is_taken_over_and_audio_goes_on() {
    let packets: Vec<Sent> = (0..100)
        .map(|n| {
            let mut packet = on_time(0, n, 0);
            packet.at_ms += if n >= 50 { 600 } else { 0 };
            packet
        })
        .collect();
    let (heard, line) = run(&packets, 5_000);
    let figures = line.figures().received;
    assert!(
        figures.late_samples <= 15 * u64::from(PACKET),
        "{figures:?}"
    );
    let late = (0..heard.left.len() / 8).filter(|t| at(&heard.left, *t) == Some(mark(99)));
    assert_eq!(late.count(), 20, "the last packet is heard whole");
}

#[test]
fn a_tap_that_says_nothing_still_moves_on() {
    let origin = Instant::now();
    let (mut line, mut heard) = (Timeline::new(origin), Heard::default());
    line.advance(origin + ms(10_000), |a, l, r| heard.take(a, l, r));
    assert!((9_850..=10_000).contains(&line.length_ms()));
}

proptest! {
    /// Re-ordering and doubling within 100 ms changes nothing that is heard.
    #[test]
    fn order_and_doubles_are_not_heard(
        jitter in proptest::collection::vec(0u64..100, 100),
        doubled in proptest::collection::vec(any::<bool>(), 100),
    ) {
        let mut packets: Vec<Sent> = Vec::new();
        for n in 0..100u32 {
            // The first one sets the time; the others come up to 100 ms late.
            let mut packet = on_time(100, n, 123);
            packet.at_ms += if n == 0 { 0 } else { jitter[n as usize] };
            packets.push(packet);
            if doubled[n as usize] {
                packets.push(Sent { at_ms: packet.at_ms + 1, ..packet });
            }
        }
        packets.sort_by_key(|p| p.at_ms);
        let (heard, line) = run(&packets, 2_600);
        let figures = line.figures().received;
        // The hold learns: only before that may something be missing.
        let missing = (0..2_000usize)
            .filter(|t| at(&heard.left, 100 + t) != Some(mark(*t as u32 / 20)))
            .count();
        prop_assert!(missing as u64 * 8 <= figures.late_samples);
        prop_assert!(figures.late_samples <= 5 * u64::from(PACKET), "{figures:?}");
    }

    /// Whatever comes, blocks follow each other and the line never runs ahead of time by more
    /// than a jump.
    #[test]
    fn nonsense_breaks_nothing(
        packets in proptest::collection::vec((0u64..3_000, any::<u32>(), any::<u8>()), 1..200),
    ) {
        let packets: Vec<Sent> = packets
            .into_iter()
            .map(|(at_ms, timestamp, mark)| Sent { at_ms, timestamp, mark })
            .collect();
        let (heard, line) = run(&packets, 3_000);
        prop_assert!(line.length_ms() <= 3_000 + 1_100);
        prop_assert_eq!(heard.left.len() as u64, line.length_ms() * 8);
    }
}
