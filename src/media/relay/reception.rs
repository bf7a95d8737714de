//! What a leg takes from the network: whose packets it believes, and how well they come.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::events::LegStats;
use crate::SAMPLES_PER_MS;
use crate::rtcp::Figures;
use crate::rtp::Header;

/// Packets in a row, of one source and SSRC, before an unannounced source is believed.
const PROBATION: u8 = 3;

/// A locked source may be replaced once it has been silent for this long (a phone that changed
/// its port, a NAT that forgot). As long as it speaks nobody can take its place.
const RELEARN_AFTER: Duration = Duration::from_secs(1);

/// What to do with a packet's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is the far end.
    Known,
    /// It is the far end from now on.
    Locked,
    /// Perhaps; not yet heard by anyone.
    Probation,
    /// It is not.
    Stranger,
}

/// Symmetric RTP with a source lock.
///
/// The address of the SDP is believed at once. Another port of the same host, and another host
/// if the leg allows it, must first send three packets in a row.
#[derive(Debug, Default)]
pub struct SourceLock {
    announced: Option<SocketAddr>,
    allow_relearn: bool,
    locked: Option<SocketAddr>,
    last_at: Option<Instant>,
    candidate: Option<Candidate>,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    source: SocketAddr,
    ssrc: u32,
    next_sequence: u16,
    seen: u8,
}

impl SourceLock {
    pub fn new(allow_relearn: bool) -> Self {
        Self {
            allow_relearn,
            ..Self::default()
        }
    }

    /// Sets the SDP's address; a new one opens the lock. True if it did.
    pub fn announce(&mut self, address: SocketAddr) -> bool {
        let changed = self.announced != Some(address);
        if changed {
            self.announced = Some(address);
            self.locked = None;
            self.candidate = None;
        }
        changed
    }

    pub fn locked(&self) -> Option<SocketAddr> {
        self.locked
    }

    /// Judges the source of a valid packet.
    pub fn admit(&mut self, now: Instant, source: SocketAddr, header: &Header) -> Admission {
        let Some(announced) = self.announced else {
            return Admission::Stranger;
        };
        if let Some(locked) = self.locked {
            if locked == source {
                self.last_at = Some(now);
                self.candidate = None;
                return Admission::Known;
            }
            let silent = self
                .last_at
                .is_none_or(|at| now.duration_since(at) >= RELEARN_AFTER);
            if !silent {
                return Admission::Stranger;
            }
        }
        if source == announced {
            return self.lock(now, source);
        }
        if source.ip() != announced.ip() && !self.allow_relearn {
            return Admission::Stranger;
        }
        let seen = match self.candidate {
            Some(c)
                if c.source == source
                    && c.ssrc == header.ssrc
                    && c.next_sequence == header.sequence =>
            {
                c.seen + 1
            }
            _ => 1,
        };
        if seen >= PROBATION {
            return self.lock(now, source);
        }
        let next_sequence = header.sequence.wrapping_add(1);
        self.candidate = Some(Candidate {
            source,
            ssrc: header.ssrc,
            next_sequence,
            seen,
        });
        Admission::Probation
    }

    fn lock(&mut self, now: Instant, source: SocketAddr) -> Admission {
        self.locked = Some(source);
        self.last_at = Some(now);
        self.candidate = None;
        Admission::Locked
    }
}

/// Sequence numbers and jitter of the packets received (RFC 3550 appendices A.1, A.3, A.8).
#[derive(Debug, Default)]
pub struct Reception {
    ssrc: Option<u32>,
    /// Extended sequence number of the first packet of this SSRC and of the newest.
    first: u64,
    newest: u64,
    /// Which of the 64 numbers up to the newest have come.
    recent: u64,
    received: u64,
    lost_before: u64,
    /// Runs of missing packets that are older than `recent`, and whether one may go on into it.
    runs: u64,
    in_run: bool,
    out_of_order: u64,
    duplicates: u64,
    transit: Option<(Instant, u32)>,
    jitter_samples: f64,
}

impl Reception {
    /// Counts a packet. False for one that had come before.
    pub fn count(&mut self, now: Instant, header: &Header) -> bool {
        let ahead = header
            .sequence
            .wrapping_sub(self.newest as u16)
            .cast_signed();
        if self.ssrc != Some(header.ssrc) || !(-100..3_000).contains(&ahead) {
            self.restart(header);
        } else if ahead > 0 {
            let ahead = ahead.unsigned_abs();
            (self.runs, self.in_run) = self.runs_until(self.newest - 64 + u64::from(ahead));
            self.newest += u64::from(ahead);
            self.recent = if ahead < 64 {
                self.recent << ahead | 1
            } else {
                1
            };
        } else {
            let behind = ahead.unsigned_abs();
            if behind < 64 && self.recent >> behind & 1 == 1 {
                self.duplicates += 1;
                return false;
            }
            self.recent |= if behind < 64 { 1 << behind } else { 0 };
            self.out_of_order += 1;
        }
        self.received += 1;
        self.measure_jitter(now, header.timestamp);
        true
    }

    /// Whether a packet just counted is the newest.
    pub fn is_newest(&self, header: &Header) -> bool {
        self.ssrc == Some(header.ssrc) && self.newest as u16 == header.sequence
    }

    fn restart(&mut self, header: &Header) {
        self.lost_before = self.lost();
        (self.runs, self.in_run) = (self.runs_until(self.newest).0, false);
        self.ssrc = Some(header.ssrc);
        // Room below, so that packets overtaken by the first do not reach under zero.
        self.first = 1 << 16 | u64::from(header.sequence);
        self.newest = self.first;
        self.recent = 1;
        self.received = 0;
        self.transit = None;
    }

    fn measure_jitter(&mut self, now: Instant, timestamp: u32) {
        if let Some((at, before)) = self.transit {
            let arrived = now.saturating_duration_since(at).as_secs_f64();
            let arrived = arrived * f64::from(SAMPLES_PER_MS) * 1000.0;
            let spoken = f64::from(timestamp.wrapping_sub(before).cast_signed());
            // Pauses of the far end are no jitter.
            if spoken.abs() < 8_000.0 {
                self.jitter_samples += ((arrived - spoken).abs() - self.jitter_samples) / 16.0;
            }
        }
        self.transit = Some((now, timestamp));
    }

    fn lost(&self) -> u64 {
        let expected = if self.ssrc.is_some() {
            self.newest - self.first + 1
        } else {
            0
        };
        self.lost_before + expected.saturating_sub(self.received)
    }

    /// Runs of missing packets up to a number, from the oldest in `recent` on, and whether that
    /// number is missing. What comes late still shortens, closes or splits those.
    fn runs_until(&self, last: u64) -> (u64, bool) {
        if self.ssrc.is_none() {
            return (self.runs, false);
        }
        let (mut runs, mut in_run) = (self.runs, self.in_run);
        for number in (self.newest - 63).max(self.first)..=last {
            let behind = self.newest.checked_sub(number);
            let missing = behind.is_none_or(|behind| self.recent >> behind & 1 == 0);
            runs += u64::from(missing && !in_run);
            in_run = missing;
        }
        (runs, in_run)
    }

    /// What a report to the far end says of its stream; jitter in ticks of its clock. `None`:
    /// nothing came yet.
    pub fn figures(&self, ticks_per_sample: u32) -> Option<Figures> {
        let room = 1 << 16;
        Some(Figures {
            ssrc: self.ssrc?,
            highest_sequence: self.newest.saturating_sub(room) as u32,
            expected: self.newest - self.first + 1,
            received: self.received,
            jitter: (self.jitter_samples * f64::from(ticks_per_sample)) as u32,
        })
    }

    /// Writes what it knows.
    pub fn report(&self, stats: &mut LegStats) {
        stats.lost = self.lost();
        stats.loss_runs = self.runs_until(self.newest).0;
        stats.out_of_order = self.out_of_order;
        stats.duplicates += self.duplicates;
        stats.jitter_ms = self.jitter_samples / f64::from(SAMPLES_PER_MS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Instant {
        #[allow(clippy::disallowed_methods, reason = "no other way to make an instant")]
        Instant::now()
    }

    fn header(ssrc: u32, sequence: u16) -> Header {
        let timestamp = u32::from(sequence) * 160;
        Header {
            marker: false,
            payload_type: 0,
            sequence,
            timestamp,
            ssrc,
        }
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_announced_source_is_believed_at_once_and_then_no_other() {
        let (now, phone) = (start(), address("192.0.2.1:4000"));
        let mut lock = SourceLock::new(true);
        assert_eq!(lock.admit(now, phone, &header(1, 1)), Admission::Stranger);
        lock.announce(phone);
        assert_eq!(lock.admit(now, phone, &header(1, 2)), Admission::Locked);
        assert_eq!(lock.admit(now, phone, &header(1, 3)), Admission::Known);
        for sequence in 4..20 {
            let other = address("192.0.2.1:4002");
            assert_eq!(
                lock.admit(now, other, &header(1, sequence)),
                Admission::Stranger
            );
        }
    }

    #[test]
    fn another_port_needs_three_packets_and_another_host_needs_leave_too() {
        let now = start();
        let nat = address("203.0.113.9:999");
        for (allow, source) in [(false, address("192.0.2.1:5000")), (true, nat)] {
            let mut lock = SourceLock::new(allow);
            lock.announce(address("192.0.2.1:4000"));
            assert_eq!(lock.admit(now, source, &header(1, 1)), Admission::Probation);
            assert_eq!(lock.admit(now, source, &header(1, 2)), Admission::Probation);
            // A hole, and another SSRC, start it anew.
            assert_eq!(lock.admit(now, source, &header(1, 4)), Admission::Probation);
            assert_eq!(lock.admit(now, source, &header(2, 5)), Admission::Probation);
            assert_eq!(lock.admit(now, source, &header(2, 6)), Admission::Probation);
            assert_eq!(lock.admit(now, source, &header(2, 7)), Admission::Locked);
            assert_eq!(lock.locked(), Some(source));
        }
        let mut strict = SourceLock::new(false);
        strict.announce(address("192.0.2.1:4000"));
        for sequence in 0..9 {
            assert_eq!(
                strict.admit(now, nat, &header(1, sequence)),
                Admission::Stranger
            );
        }
    }

    #[test]
    fn a_silent_lock_can_move_to_another_port_but_a_speaking_one_can_not() {
        let (now, old) = (start(), address("192.0.2.1:4000"));
        let new = address("192.0.2.1:4010");
        let mut lock = SourceLock::new(false);
        lock.announce(old);
        lock.admit(now, old, &header(1, 1));
        let soon = now + RELEARN_AFTER / 2;
        assert_eq!(lock.admit(soon, new, &header(1, 2)), Admission::Stranger);
        let later = now + RELEARN_AFTER;
        assert_eq!(lock.admit(later, new, &header(1, 3)), Admission::Probation);
        assert_eq!(lock.admit(later, new, &header(1, 4)), Admission::Probation);
        assert_eq!(lock.admit(later, new, &header(1, 5)), Admission::Locked);
        assert_eq!(lock.admit(later, old, &header(1, 6)), Admission::Stranger);
    }

    #[test]
    fn loss_order_and_duplicates_are_counted_over_the_wrap() {
        let now = start();
        let mut reception = Reception::default();
        let sequences = [65_534u16, 65_535, 1, 0, 0, 4, 1];
        let fresh: Vec<bool> = sequences
            .iter()
            .map(|s| reception.count(now, &header(1, *s)))
            .collect();
        assert_eq!(fresh, [true, true, true, true, false, true, false]);
        let mut stats = LegStats::default();
        reception.report(&mut stats);
        assert_eq!(
            (stats.lost, stats.out_of_order, stats.duplicates),
            (2, 1, 2)
        );
        assert!(reception.count(now, &header(2, 40_000)));
        assert!(reception.count(now, &header(2, 40_002)));
        reception.report(&mut stats);
        assert_eq!(stats.lost, 3);
    }

    /// Runs counted, for numbers that come in this order.
    fn runs(numbers: impl IntoIterator<Item = u16>) -> (u64, u64) {
        let (now, mut reception) = (start(), Reception::default());
        for number in numbers {
            reception.count(now, &header(1, number.wrapping_add(65_000)));
        }
        let mut stats = LegStats::default();
        reception.report(&mut stats);
        (stats.lost, stats.loss_runs)
    }

    #[test]
    fn runs_of_loss_are_counted_over_the_wrap_and_what_comes_late_is_in_none() {
        assert_eq!(runs(0..2_000), (0, 0));
        assert_eq!(runs((0..2_000).filter(|n| n % 10 != 9)), (199, 199));
        // Five in a row of each hundred.
        assert_eq!(
            runs((0..2_000).filter(|n| n % 100 < 95 || *n > 1_900)),
            (95, 19)
        );
        // A run of 300, longer than what is remembered.
        assert_eq!(runs((0..100).chain(400..700)), (300, 1));
        // Overtaken, at the beginning and later; a run is split by what comes into its middle.
        assert_eq!(runs([1, 0, 2, 4, 3, 5]), (0, 0));
        assert_eq!(runs([0, 6, 3]), (4, 2));
        assert_eq!(runs([0, 2].into_iter().chain(3..300)), (1, 1));
    }

    #[test]
    fn jitter_is_zero_for_a_steady_stream_and_follows_an_unsteady_one() {
        let now = start();
        let run = |wobble_ms: u64| {
            let mut reception = Reception::default();
            for n in 0..400u16 {
                let at = u64::from(n) * 20 + u64::from(n % 2) * wobble_ms;
                reception.count(now + Duration::from_millis(at), &header(1, n));
            }
            let mut stats = LegStats::default();
            reception.report(&mut stats);
            stats.jitter_ms
        };
        assert!(run(0) < 0.01);
        assert!((run(8) - 8.0).abs() < 0.1, "{}", run(8));
    }
}
