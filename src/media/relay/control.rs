//! RTCP of one leg: reports to the far end, and what its reports say.

use std::time::{Duration, Instant};

use super::events::LegStats;
use super::far_ear::Word;
use crate::rtcp::{
    Compound, Figures, NtpClock, Packet, ReportBlock, Reporter, RoundTrip, SenderInfo, Session,
    interval, write_goodbye, write_report,
};

/// Our own stream, as a sender's report tells it.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    pub ssrc: u32,
    /// The RTP clock of the stream, now.
    pub rtp_timestamp: u32,
    pub packets: u32,
    pub octets: u32,
}

/// One leg's side of RTCP.
#[derive(Debug)]
pub struct Control {
    clock: NtpClock,
    reporter: Reporter,
    random: u64,
    /// Random, and nothing else: it names the call, not who makes it (RFC 7022 section 4.2).
    cname: String,
    due: Option<Instant>,
    first: bool,
    packets_before: u32,
    /// Ticks of the far end's RTP clock in a millisecond.
    ticks_per_ms: f64,
    heard: Heard,
    reported: bool,
    out: Vec<u8>,
}

/// What the far end says of our stream.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    block: Option<ReportBlock>,
    round_trip: Option<Duration>,
    packets: u64,
}

impl Control {
    /// Nothing is sent before [`start`](Self::start). `random` need not be secret.
    pub fn new(clock: NtpClock, random: u64) -> Self {
        let mut control = Self {
            clock,
            reporter: Reporter::default(),
            random: random | 1,
            cname: String::new(),
            due: None,
            first: true,
            packets_before: 0,
            ticks_per_ms: 8.0,
            heard: Heard::default(),
            reported: false,
            out: Vec::new(),
        };
        control.cname = format!("{:016x}@anonymous.invalid", control.next_random());
        control
    }

    /// The far end is known: reports go out from now on, until it is on hold (`None`).
    pub fn start(&mut self, now: Instant, ticks_per_ms: Option<f64>) {
        match ticks_per_ms {
            None => self.due = None,
            Some(ticks) => {
                self.ticks_per_ms = ticks;
                if self.due.is_none() {
                    self.schedule(now);
                }
            }
        }
    }

    /// When the next report is due.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    fn schedule(&mut self, now: Instant) {
        // 53 random bits make a number from 0 to 1.
        let random = (self.next_random() >> 11) as f64 / (1u64 << 53) as f64;
        self.due = Some(now + interval(&Session::call(self.first), random));
    }

    /// The report that is due: SR if we sent since the last, else RR. `received`: nothing came
    /// yet when `None`.
    pub fn report(&mut self, now: Instant, sent: &Sent, received: Option<&Figures>) -> &[u8] {
        self.write(now, sent, received);
        self.first = false;
        self.schedule(now);
        &self.out
    }

    /// The last report, with BYE; `None` if none was ever sent (RFC 3550 section 6.3.7).
    pub fn goodbye(
        &mut self,
        now: Instant,
        sent: &Sent,
        received: Option<&Figures>,
    ) -> Option<&[u8]> {
        if !self.reported {
            return None;
        }
        self.write(now, sent, received);
        write_goodbye(&mut self.out, sent.ssrc);
        Some(&self.out)
    }

    fn write(&mut self, now: Instant, sent: &Sent, received: Option<&Figures>) {
        let info = SenderInfo {
            ntp: self.clock.ntp(now),
            rtp_timestamp: sent.rtp_timestamp,
            packets: sent.packets,
            octets: sent.octets,
        };
        let sends = sent.packets != self.packets_before;
        self.packets_before = sent.packets;
        let block = received.map(|figures| self.reporter.block(figures, now));
        let blocks = block.as_slice();
        let sender = sends.then_some(&info);
        write_report(&mut self.out, sent.ssrc, sender, blocks, &self.cname);
        self.reported = true;
    }

    /// Takes a datagram of the far end: what it says of our stream. `None` when it is no RTCP.
    pub fn take(&mut self, now: Instant, datagram: &[u8], our_ssrc: u32) -> Option<Word> {
        let packets = Compound::parse(datagram).ok()?;
        self.heard.packets += 1;
        let mut word = Word::Nobody;
        for packet in packets {
            match packet {
                Packet::Report {
                    sender, mut blocks, ..
                } => {
                    if let Some(info) = sender {
                        self.reporter.sender_report(&info, now);
                    }
                    if word == Word::Nobody && blocks.clone().next().is_some() {
                        word = Word::Others;
                    }
                    if let Some(block) = blocks.find(|b| b.ssrc == our_ssrc) {
                        word = Word::Ours(block);
                        let round = RoundTrip::of(&block, self.clock.middle(now));
                        self.heard.round_trip = round.map(|r| r.0).or(self.heard.round_trip);
                        self.heard.block = Some(block);
                    }
                }
                Packet::Goodbye { .. } => word = Word::Bye,
                Packet::Description { .. } | Packet::Other(_) => {}
            }
        }
        Some(word)
    }

    /// Writes what it knows.
    pub fn tell(&self, stats: &mut LegStats) {
        stats.rtcp_in = self.heard.packets;
        stats.round_trip_ms = self.heard.round_trip.map(|r| r.as_secs_f64() * 1000.0);
        if let Some(block) = self.heard.block {
            stats.remote_lost = Some(block.lost);
            stats.remote_fraction_lost = Some(f32::from(block.fraction_lost) / 256.0);
            stats.remote_jitter_ms = Some(f64::from(block.jitter) / self.ticks_per_ms);
        }
    }

    /// SplitMix64.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    const SENT: Sent = Sent {
        ssrc: 7,
        rtp_timestamp: 160,
        packets: 10,
        octets: 1600,
    };

    fn start() -> Instant {
        #[allow(clippy::disallowed_methods, reason = "no other way to make an instant")]
        Instant::now()
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn two_legs_tell_each_other_losses_and_find_the_round_trip() {
        let now = start();
        let clock = NtpClock::new(now, UNIX_EPOCH + ms(1_700_000_000_000));
        let (mut a, mut b) = (Control::new(clock, 1), Control::new(clock, 2));
        let theirs = Sent { ssrc: 8, ..SENT };
        let report = a.report(now, &SENT, None).to_vec();
        assert_eq!(report[1], 200, "a sender's report");
        assert_eq!(
            b.take(now + ms(30), &report, theirs.ssrc),
            Some(Word::Nobody)
        );
        let figures = Figures {
            ssrc: SENT.ssrc,
            highest_sequence: 1,
            expected: 100,
            received: 75,
            jitter: 80,
        };
        let back = b.report(now + ms(2_030), &theirs, Some(&figures)).to_vec();
        let word = a.take(now + ms(2_060), &back, SENT.ssrc);
        assert!(matches!(word, Some(Word::Ours(block)) if block.lost == 25));
        let mut stats = LegStats::default();
        a.tell(&mut stats);
        assert_eq!((stats.remote_lost, stats.rtcp_in), (Some(25), 1));
        assert_eq!(stats.remote_fraction_lost, Some(0.25));
        assert_eq!(stats.remote_jitter_ms, Some(10.0));
        assert!(
            (stats.round_trip_ms.unwrap() - 60.0).abs() < 1.0,
            "{stats:?}"
        );
        // About another stream: nothing is learned of ours.
        let mut other = Control::new(clock, 3);
        assert_eq!(other.take(now + ms(2_060), &back, 99), Some(Word::Others));
        other.tell(&mut stats);
        assert_eq!(stats.round_trip_ms, None);
    }

    #[test]
    fn reports_come_every_few_seconds_and_end_with_bye() {
        let now = start();
        let mut control = Control::new(NtpClock::new(now, UNIX_EPOCH), 5);
        assert!(
            control.goodbye(now, &SENT, None).is_none(),
            "nothing was said"
        );
        control.start(now, Some(8.0));
        let mut at = now;
        for n in 0..200 {
            let due = control.due().unwrap();
            let (least, most) = if n == 0 { (1.0, 3.1) } else { (2.0, 6.2) };
            assert!((least..most).contains(&(due - at).as_secs_f64()), "{n}");
            at = due;
            let kind = control.report(at, &SENT, None)[1];
            assert_eq!(kind, if n == 0 { 200 } else { 201 }, "silent since: RR");
        }
        let last = control.goodbye(at, &SENT, None).unwrap().to_vec();
        assert!(
            Compound::parse(&last)
                .unwrap()
                .any(|p| p == Packet::Goodbye { ssrc: 7 })
        );
        let mut peer = Control::new(NtpClock::new(now, UNIX_EPOCH), 6);
        assert_eq!(peer.take(at, &last, 1), Some(Word::Bye));
        assert_eq!(peer.take(at, &[0x80, 0, 1, 2], 1), None);
        let mut stats = LegStats::default();
        peer.tell(&mut stats);
        assert_eq!(stats.rtcp_in, 1);
        control.start(at, None);
        assert_eq!(control.due(), None);
    }
}
