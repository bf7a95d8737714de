//! What reports say: losses since the last one, and the round trip.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{ReportBlock, SenderInfo};

/// Seconds from 1900 to 1970.
const NTP_UNIX: u64 = 2_208_988_800;

/// NTP times of monotonic instants: the wall clock is read once, so that later steps of it bend
/// no report.
#[derive(Clone, Copy, Debug)]
pub struct NtpClock {
    at: Instant,
    ntp: u64,
}

impl NtpClock {
    /// `wall` is the wall clock at `at`.
    #[must_use]
    pub fn new(at: Instant, wall: SystemTime) -> Self {
        let since = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            at,
            ntp: to_ntp(since).wrapping_add(NTP_UNIX << 32),
        }
    }

    /// NTP time in 32.32 bits.
    #[must_use]
    pub fn ntp(&self, now: Instant) -> u64 {
        let since = to_ntp(now.saturating_duration_since(self.at));
        self.ntp.wrapping_add(since)
    }

    /// Its middle 32 bits: 65,536ths of a second, as report blocks have it.
    #[must_use]
    pub fn middle(&self, now: Instant) -> u32 {
        (self.ntp(now) >> 16) as u32
    }
}

fn to_ntp(time: Duration) -> u64 {
    let fraction = (u64::from(time.subsec_nanos()) << 32) / 1_000_000_000;
    (time.as_secs() << 32).wrapping_add(fraction)
}

/// What was received of one stream, as the reception counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The stream.
    pub ssrc: u32,
    /// Highest sequence number with wraps in the upper half.
    pub highest_sequence: u32,
    /// Packets that should have come.
    pub expected: u64,
    /// Packets that did, duplicates included (RFC 3550 appendix A.3).
    pub received: u64,
    /// Jitter in ticks of the RTP clock.
    pub jitter: u32,
}

/// A measured way there and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundTrip(pub Duration);

/// Remembers what the next report block needs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reporter {
    ssrc: u32,
    expected: u64,
    received: u64,
    heard: Option<(u32, Instant)>,
}

impl Reporter {
    /// Notes a sender report of the far end.
    pub fn sender_report(&mut self, info: &SenderInfo, now: Instant) {
        self.heard = Some(((info.ntp >> 16) as u32, now));
    }

    /// The block about the far end's stream, and the start of the next one's time.
    pub fn block(&mut self, figures: &Figures, now: Instant) -> ReportBlock {
        if self.ssrc != figures.ssrc {
            self.ssrc = figures.ssrc;
            (self.expected, self.received) = (0, 0);
        }
        let expected = figures.expected.saturating_sub(self.expected);
        let received = figures.received.saturating_sub(self.received);
        (self.expected, self.received) = (figures.expected, figures.received);
        let lost = expected.saturating_sub(received);
        let total = i128::from(figures.expected) - i128::from(figures.received);
        let (last_sender_report, delay) = match self.heard {
            Some((middle, at)) => (middle, in_65536ths(now.saturating_duration_since(at))),
            None => (0, 0),
        };
        ReportBlock {
            ssrc: figures.ssrc,
            fraction_lost: (lost * 256).checked_div(expected).unwrap_or(0).min(255) as u8,
            lost: total.clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest_sequence: figures.highest_sequence,
            jitter: figures.jitter,
            last_sender_report,
            delay,
        }
    }
}

impl RoundTrip {
    /// From a block about our stream that came at `now` (middle 32 bits of our NTP time): what
    /// passed since our report, less what the far end kept it (section 6.4.1). `None` when it
    /// never had one, or its figures are impossible.
    #[must_use]
    pub fn of(block: &ReportBlock, now: u32) -> Option<Self> {
        if block.last_sender_report == 0 {
            return None;
        }
        let there_and_back = now
            .wrapping_sub(block.last_sender_report)
            .wrapping_sub(block.delay)
            .cast_signed();
        // A clock that ticks a little faster than ours makes it negative; more than a minute is
        // no round trip.
        if !(-655..60 << 16).contains(&there_and_back) {
            return None;
        }
        let parts = u64::from(there_and_back.max(0).cast_unsigned());
        let microseconds = (parts * 1_000_000) >> 16;
        Some(Self(Duration::from_micros(microseconds)))
    }
}

fn in_65536ths(time: Duration) -> u32 {
    let parts = (time.as_micros() << 16) / 1_000_000;
    u32::try_from(parts).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Instant {
        #[allow(clippy::disallowed_methods, reason = "no other way to make an instant")]
        Instant::now()
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn ntp_time_is_that_of_the_wall_clock() {
        let start = start();
        // 2026-01-01 00:00:00.5 UTC.
        let clock = NtpClock::new(start, UNIX_EPOCH + ms(1_767_225_600_500));
        assert_eq!(clock.ntp(start), 3_976_214_400 << 32 | 1 << 31);
        assert_eq!(clock.ntp(start + ms(750)), 3_976_214_401 << 32 | 1 << 30);
        assert_eq!(
            clock.middle(start),
            (3_976_214_400u64 << 16) as u32 | 1 << 15
        );
    }

    /// RFC 3550 figure 2: 6.125 s round trip.
    #[test]
    fn the_round_trip_is_the_one_of_the_rfcs_example() {
        let block = ReportBlock {
            delay: 0x0005_4000,
            last_sender_report: 0xb705_2000,
            ..ReportBlock::default()
        };
        let round = RoundTrip::of(&block, 0xb710_8000).unwrap();
        assert_eq!(round.0, ms(6_125));
        let early = RoundTrip::of(&block, 0xb70a_5fff).unwrap();
        assert_eq!(early.0, Duration::ZERO, "a tick early is no time");
        assert_eq!(RoundTrip::of(&block, 0xb705_0000), None);
        assert_eq!(RoundTrip::of(&ReportBlock::default(), 7), None);
    }

    #[test]
    fn each_block_tells_what_was_lost_since_the_last() {
        let start = start();
        let mut reporter = Reporter::default();
        let figures = |ssrc, expected, received| Figures {
            ssrc,
            expected,
            received,
            ..Figures::default()
        };
        let mut told = |ssrc, expected, received| {
            let block = reporter.block(&figures(ssrc, expected, received), start);
            (block.fraction_lost, block.lost)
        };
        assert_eq!(told(1, 100, 75), (64, 25));
        assert_eq!(told(1, 200, 175), (0, 25));
        assert_eq!(told(1, 200, 175), (0, 25), "nothing expected");
        assert_eq!(told(1, 300, 176), (253, 124));
        assert_eq!(told(1, 400, 420), (0, -20), "duplicates");
        assert_eq!(told(2, 10, 5), (128, 5), "a new stream");
    }

    #[test]
    fn two_ends_measure_the_way_between_them() {
        let start = start();
        let (ours, theirs) = (
            NtpClock::new(start, UNIX_EPOCH + ms(1_700_000_000_123)),
            NtpClock::new(start, UNIX_EPOCH + ms(5)),
        );
        let sent = SenderInfo {
            ntp: ours.ntp(start),
            rtp_timestamp: 0,
            packets: 0,
            octets: 0,
        };
        let mut peer = Reporter::default();
        peer.sender_report(&sent, start + ms(40));
        let block = peer.block(&Figures::default(), start + ms(3_040));
        let round = RoundTrip::of(&block, ours.middle(start + ms(3_090))).unwrap();
        assert!(round.0.abs_diff(ms(90)) < ms(1), "{round:?}");
        assert_ne!(ours.middle(start), theirs.middle(start));
    }
}
