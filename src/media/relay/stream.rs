//! The one continuous stream a leg's far end sees, whoever speaks in it.
//!
//! Silence, prompts, key presses and the packets of changing bridges all come out under one SSRC,
//! with sequence numbers without holes of our making and timestamps that follow the media clock.
//! Forwarded packets keep their own spacing, so that loss before us stays visible behind us.

use std::time::{Duration, Instant};

use super::types::LegId;
use crate::SAMPLES_PER_MS;
use crate::rtp::Header;

/// Jumps beyond these start a new mapping (RFC 3550 appendix A.1: MAX_DROPOUT, MAX_MISORDER).
const MAX_DROPOUT: u16 = 3_000;
const MAX_MISORDER: u16 = 100;
/// A forwarded timestamp further than this from the clock starts a new mapping.
const MAX_TIMESTAMP_JUMP: u32 = 10_000 * SAMPLES_PER_MS;

/// Who spoke last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Nobody,
    /// Ourselves; true in sound (prompt, tone), false in silence.
    Generated {
        sound: bool,
    },
    Forwarded(Mapping),
}

/// How a forwarded stream's numbers become ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mapping {
    from: LegId,
    ssrc: u32,
    sequence_offset: u16,
    timestamp_offset: u32,
    /// First and newest sequence number of theirs that was sent under this mapping.
    first: u16,
    newest: u16,
}

/// Numbers of the packets sent to one far end.
#[derive(Debug)]
pub struct Stream {
    ssrc: u32,
    next_sequence: u16,
    timestamp: u32,
    /// Samples in the newest packet.
    samples: u32,
    last_at: Option<Instant>,
    source: Source,
}

impl Stream {
    pub fn new(ssrc: u32, first_sequence: u16, first_timestamp: u32) -> Self {
        Self {
            ssrc,
            next_sequence: first_sequence,
            timestamp: first_timestamp,
            samples: 0,
            last_at: None,
            source: Source::Nobody,
        }
    }

    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The media clock at `now`, in samples.
    pub fn clock_at(&self, now: Instant) -> u32 {
        let passed = self.last_at.map(|at| now.saturating_duration_since(at));
        let passed = passed.unwrap_or_default().as_micros() as u64;
        let samples = passed * u64::from(SAMPLES_PER_MS) / 1000;
        self.timestamp.wrapping_add(samples as u32)
    }

    /// When the newest packet belonged, and how long it lasts.
    pub fn last(&self) -> Option<(Instant, Duration)> {
        let length = Duration::from_millis(u64::from(self.samples / SAMPLES_PER_MS));
        self.last_at.map(|at| (at, length))
    }

    /// True when the newest packet was someone else's.
    pub fn is_forwarding(&self) -> bool {
        matches!(self.source, Source::Forwarded(_))
    }

    /// The header of a packet of our own that belongs at `at`.
    pub fn generated(
        &mut self,
        at: Instant,
        samples: u32,
        payload_type: u8,
        sound: bool,
    ) -> Header {
        let starts = match self.source {
            Source::Generated { sound: before } => sound && !before,
            Source::Nobody | Source::Forwarded(_) => true,
        };
        self.timestamp = self.timestamp_at(at);
        self.source = Source::Generated { sound };
        let sequence = self.next_sequence;
        self.next_sequence = sequence.wrapping_add(1);
        self.sent(at, samples);
        Header {
            marker: starts,
            payload_type,
            sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        }
    }

    /// The header of a key press packet put between packets of our own: it takes a number and no
    /// time. `stamp` is the timestamp of the press's first packet, `None` for the first;
    /// `before` that of the press before, which it must come after.
    pub fn inserted(
        &mut self,
        at: Instant,
        payload_type: u8,
        stamp: Option<u32>,
        before: Option<u32>,
    ) -> Header {
        if self.is_forwarding() {
            // Its numbers have moved on.
            self.source = Source::Generated { sound: false };
        }
        let sequence = self.next_sequence;
        self.next_sequence = sequence.wrapping_add(1);
        let now = self.timestamp_at(at);
        let earliest = before.map_or(now, |before| before.wrapping_add(20 * SAMPLES_PER_MS));
        let soon = earliest.wrapping_sub(now).cast_signed() > 0;
        let fresh = if soon { earliest } else { now };
        Header {
            marker: stamp.is_none(),
            payload_type,
            sequence,
            timestamp: stamp.unwrap_or(fresh),
            ssrc: self.ssrc,
        }
    }

    /// The header under which a packet of `from` goes on; `None` if it is too late to.
    pub fn forwarded(
        &mut self,
        at: Instant,
        from: LegId,
        theirs: &Header,
        samples: u32,
        payload_type: u8,
    ) -> Option<Header> {
        let (mapping, starts) = match self.source {
            Source::Forwarded(mapping) if self.still_fits(at, &mapping, from, theirs) => {
                (mapping, theirs.marker)
            }
            _ => (self.map(at, from, theirs), true),
        };
        let ahead = theirs.sequence.wrapping_sub(mapping.newest);
        if theirs.sequence.wrapping_sub(mapping.first) >= 1 << 15 {
            return None; // from before the mapping: its number is taken
        }
        let timestamp = theirs.timestamp.wrapping_add(mapping.timestamp_offset);
        let sequence = theirs.sequence.wrapping_add(mapping.sequence_offset);
        let newer = ahead < 1 << 15;
        let newest = if newer {
            theirs.sequence
        } else {
            mapping.newest
        };
        // Keep `first` within half the number space behind, so that the test above stays true.
        let first = if newest.wrapping_sub(mapping.first) > MAX_DROPOUT {
            newest.wrapping_sub(MAX_MISORDER)
        } else {
            mapping.first
        };
        self.source = Source::Forwarded(Mapping {
            newest,
            first,
            ..mapping
        });
        if newer {
            self.timestamp = timestamp;
            self.next_sequence = sequence.wrapping_add(1);
            self.sent(at, samples);
        }
        Some(Header {
            marker: starts,
            payload_type,
            sequence,
            timestamp,
            ssrc: self.ssrc,
        })
    }

    /// A packet of `from` that is kept from the far end: later ones close up behind it.
    pub fn skipped(&mut self, from: LegId, theirs: &Header) {
        if let Source::Forwarded(mapping) = &mut self.source
            && mapping.from == from
            && mapping.ssrc == theirs.ssrc
            && theirs.sequence == mapping.newest.wrapping_add(1)
        {
            mapping.sequence_offset = mapping.sequence_offset.wrapping_sub(1);
            mapping.newest = theirs.sequence;
            mapping.first = theirs.sequence.wrapping_add(1);
        }
    }

    fn sent(&mut self, at: Instant, samples: u32) {
        self.samples = samples;
        self.last_at = Some(at);
    }

    /// The timestamp at `at`: the newest packet's plus what passed, in whole packets of its
    /// length, at least one (arrivals jitter, media clocks do not).
    fn timestamp_at(&self, at: Instant) -> u32 {
        let Some(last_at) = self.last_at else {
            return self.timestamp;
        };
        let passed = at.saturating_duration_since(last_at).as_micros() as u64;
        let passed = passed * u64::from(SAMPLES_PER_MS) / 1000;
        let length = u64::from(self.samples.max(10 * SAMPLES_PER_MS));
        let packets = (passed + length / 2) / length;
        // The media clock wraps, also in a pause of days.
        self.timestamp
            .wrapping_add((packets.max(1) * length) as u32)
    }

    fn map(&self, at: Instant, from: LegId, theirs: &Header) -> Mapping {
        Mapping {
            from,
            ssrc: theirs.ssrc,
            sequence_offset: self.next_sequence.wrapping_sub(theirs.sequence),
            timestamp_offset: self.timestamp_at(at).wrapping_sub(theirs.timestamp),
            first: theirs.sequence,
            newest: theirs.sequence,
        }
    }

    fn still_fits(&self, at: Instant, mapping: &Mapping, from: LegId, theirs: &Header) -> bool {
        let ahead = theirs.sequence.wrapping_sub(mapping.newest);
        let timestamp = theirs.timestamp.wrapping_add(mapping.timestamp_offset);
        let off = timestamp
            .wrapping_sub(self.timestamp_at(at))
            .cast_signed()
            .unsigned_abs();
        mapping.from == from
            && mapping.ssrc == theirs.ssrc
            && !(MAX_DROPOUT..=u16::MAX - MAX_MISORDER).contains(&ahead)
            && off < MAX_TIMESTAMP_JUMP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGENT_SSRC: u32 = 7;

    fn start() -> Instant {
        #[allow(clippy::disallowed_methods, reason = "no other way to make an instant")]
        Instant::now()
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn theirs(ssrc: u32, sequence: u16, timestamp: u32) -> Header {
        Header {
            marker: false,
            payload_type: 0,
            sequence,
            timestamp,
            ssrc,
        }
    }

    #[test]
    fn silence_prompt_bridge_silence_is_one_stream() {
        let t = start();
        let mut stream = Stream::new(AGENT_SSRC, 65_530, u32::MAX - 500);
        let caller = LegId::new(0, 1, 1);
        let mut sent = Vec::new();
        let at = |n: u64| t + ms(20 * n);
        (0..4).for_each(|n| sent.push(stream.generated(at(n), 160, 0, false)));
        (4..8).for_each(|n| sent.push(stream.generated(at(n), 160, 0, true)));
        for n in 8..12u64 {
            let header = theirs(99, 500 + n as u16, 77_000 + 160 * n as u32);
            let jitter = ms(n % 3 * 4);
            sent.extend(stream.forwarded(at(n) + jitter, caller, &header, 160, 0));
        }
        (12..16).for_each(|n| sent.push(stream.generated(at(n), 160, 0, false)));
        assert_eq!(sent.len(), 16);
        for pair in sent.windows(2) {
            assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
            assert_eq!(
                pair[1].timestamp,
                pair[0].timestamp.wrapping_add(160),
                "{sent:?}"
            );
            assert_eq!(pair[1].ssrc, AGENT_SSRC);
        }
        let marked: Vec<usize> = (0..16).filter(|n| sent[*n].marker).collect();
        assert_eq!(marked, [0, 4, 8, 12]);
    }

    #[test]
    fn loss_reordering_and_pauses_of_the_far_end_stay_what_they_are() {
        let t = start();
        let mut stream = Stream::new(1, 100, 1000);
        let leg = LegId::new(0, 0, 0);
        let mut at_packet = |n: u16| {
            let header = theirs(5, n, u32::from(n) * 160);
            let sent = stream.forwarded(t + ms(u64::from(n) * 20), leg, &header, 160, 8);
            sent.map(|h| (h.sequence, h.timestamp))
        };
        assert_eq!(at_packet(10), Some((100, 1000)));
        assert_eq!(at_packet(13), Some((103, 1480)));
        assert_eq!(at_packet(12), Some((102, 1320)));
        assert_eq!(at_packet(14), Some((104, 1640)));
        assert_eq!(at_packet(9), None);
    }

    #[test]
    fn a_pause_of_days_wraps_the_media_clock() {
        let t = start();
        let mut stream = Stream::new(1, 100, 1000);
        stream.generated(t, 160, 0, true);
        // 2^32 - 16 samples, rounded to packets of 160: 2^32 + 64.
        let late = stream.generated(t + ms(536_870_910), 160, 0, true);
        assert_eq!((late.sequence, late.timestamp), (101, 1064));
    }

    #[test]
    fn a_new_ssrc_or_leg_goes_on_without_a_hole() {
        let t = start();
        let mut stream = Stream::new(1, 100, 1000);
        let (a, b) = (LegId::new(0, 0, 0), LegId::new(0, 1, 0));
        let one = stream.forwarded(t, a, &theirs(5, 1, 0), 160, 0).unwrap();
        let two = stream
            .forwarded(t + ms(20), a, &theirs(6, 9000, 123_456), 160, 0)
            .unwrap();
        let three = stream
            .forwarded(t + ms(1020), b, &theirs(6, 9001, 123_616), 160, 0)
            .unwrap();
        assert_eq!((two.sequence, two.timestamp, two.marker), (101, 1160, true));
        assert_eq!(
            (three.sequence, three.timestamp, three.marker),
            (102, 1160 + 8000, true)
        );
        assert_eq!(one.ssrc, three.ssrc);
    }

    #[test]
    fn skipped_packets_leave_no_hole() {
        let t = start();
        let mut stream = Stream::new(1, 100, 1000);
        let leg = LegId::new(0, 0, 0);
        stream.forwarded(t, leg, &theirs(5, 1, 0), 160, 0).unwrap();
        stream.skipped(leg, &theirs(5, 2, 160));
        stream.skipped(leg, &theirs(5, 3, 160));
        let next = stream
            .forwarded(t + ms(60), leg, &theirs(5, 4, 480), 160, 0)
            .unwrap();
        assert_eq!((next.sequence, next.timestamp), (101, 1480));
    }

    #[test]
    fn a_long_call_never_runs_out_of_numbers() {
        let t = start();
        let mut stream = Stream::new(1, 0, 0);
        let leg = LegId::new(0, 0, 0);
        for n in 0..200_000u32 {
            let header = theirs(5, n as u16, n * 160);
            let sent = stream
                .forwarded(t + ms(u64::from(n) * 20), leg, &header, 160, 0)
                .unwrap();
            assert_eq!((sent.sequence, sent.timestamp), (n as u16, n * 160));
        }
    }

    proptest::proptest! {
        /// Whoever speaks when: no sequence number is used twice, and later numbers never carry
        /// earlier timestamps.
        #[test]
        fn any_order_of_speakers_gives_one_stream(
            steps in proptest::collection::vec((0u8..4, 0u64..60, 0u16..4), 1..200),
            first in proptest::num::u16::ANY,
        ) {
            let t = start();
            let mut stream = Stream::new(1, first, u32::MAX - 3_000);
            let (mut clock, mut theirs_at) = (0u64, [0u16; 3]);
            let mut sent: Vec<(u16, u32)> = Vec::new();
            for (who, wait, lost) in steps {
                clock += wait;
                let at = t + ms(clock);
                let header = if who == 3 {
                    Some(stream.generated(at, 160, 0, lost == 0))
                } else {
                    let number = &mut theirs_at[usize::from(who)];
                    *number += 1 + lost;
                    let header = theirs(u32::from(who), *number, u32::from(*number) * 160);
                    // Two streams of one leg, and another leg.
                    stream.forwarded(at, LegId::new(0, usize::from(who / 2), 0), &header, 160, 0)
                };
                sent.extend(header.map(|h| (h.sequence, h.timestamp)));
            }
            for pair in sent.windows(2) {
                let step = pair[1].0.wrapping_sub(pair[0].0);
                let time = pair[1].1.wrapping_sub(pair[0].1);
                proptest::prop_assert!((1..1_000).contains(&step), "{pair:?}");
                proptest::prop_assert!((160..1 << 20).contains(&time), "{pair:?}");
            }
        }
    }
}
