//! Whether what we send arrives, as the far end's reports tell (RFC 3550 section 6.4).
//!
//! A far end that sends no reports says nothing, and nothing is concluded from that. Nor is from
//! reports about streams that are not ours: who stands between may have renamed it.

use std::time::{Duration, Instant};

use super::events::DeadSign;
use crate::rtcp::ReportBlock;

/// Packets we must have sent between two reports for the second to be judged: half a second.
const ENOUGH_SENT: u64 = 25;
/// A stream of which so many 256ths are lost does not arrive: 98 %.
const NEXT_TO_ALL: u8 = 250;
/// Reports in a row about our stream in which nothing of it arrives.
const STUCK_REPORTS: u32 = 2;
/// Reports in a row about nobody's stream.
const EMPTY_REPORTS: u32 = 3;

/// What one datagram of reports says of our stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// How it arrives.
    Ours(ReportBlock),
    /// Nothing; it is about others'.
    Others,
    /// That it hears no stream at all.
    Nobody,
    /// Nothing; the far end leaves.
    Bye,
}

/// What has not arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotHeard {
    pub since: Instant,
    pub sent: u64,
    pub sign: DeadSign,
}

/// What one far end has told so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct FarEar {
    last: Option<Last>,
    dead: Option<Dead>,
    told: bool,
}

/// The report judged last, and what we had sent by then.
#[derive(Clone, Copy, Debug)]
struct Last {
    at: Instant,
    sent: u64,
    highest: Option<u32>,
}

/// Reports in a row by which nothing arrives.
#[derive(Clone, Copy, Debug)]
struct Dead {
    since: Instant,
    sent: u64,
    reports: u32,
}

impl FarEar {
    /// Takes a report; `sent` counts our packets so far. Tells a way that has been dead for
    /// `after` and several reports: once, until something arrives.
    pub fn hear(
        &mut self,
        now: Instant,
        word: Word,
        sent: u64,
        after: Duration,
    ) -> Option<NotHeard> {
        let highest = match word {
            Word::Ours(block) => Some(block.highest_sequence),
            Word::Nobody => None,
            Word::Others | Word::Bye => {
                *self = Self::default();
                return None;
            }
        };
        let fresh = Last {
            at: now,
            sent,
            highest,
        };
        let before = *self.last.get_or_insert(fresh);
        if sent < before.sent + ENOUGH_SENT {
            if sent == before.sent {
                self.last = Some(fresh);
            }
            return None;
        }
        self.last = Some(fresh);
        let sign = match word {
            Word::Ours(block) if block.fraction_lost >= NEXT_TO_ALL => DeadSign::ReportedLoss,
            Word::Ours(_) if before.highest == highest => DeadSign::ReportedLoss,
            Word::Nobody => DeadSign::ReportsNobody,
            _ => {
                (self.dead, self.told) = (None, false);
                return None;
            }
        };
        self.arrives_not(now, before, sent, sign)
            .filter(|found| now - found.since >= after && !std::mem::replace(&mut self.told, true))
    }

    fn arrives_not(
        &mut self,
        now: Instant,
        before: Last,
        sent: u64,
        sign: DeadSign,
    ) -> Option<NotHeard> {
        debug_assert!(before.at <= now, "reports are judged in their order");
        let dead = self.dead.get_or_insert(Dead {
            since: before.at,
            sent: before.sent,
            reports: 0,
        });
        dead.reports += 1;
        let enough = match sign {
            DeadSign::ReportsNobody => EMPTY_REPORTS,
            DeadSign::NoPacket | DeadSign::ReportedLoss => STUCK_REPORTS,
        };
        (dead.reports >= enough).then_some(NotHeard {
            since: dead.since,
            sent: sent - dead.sent,
            sign,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: Duration = Duration::from_secs(3);

    fn start() -> Instant {
        #[allow(clippy::disallowed_methods, reason = "no other way to make an instant")]
        Instant::now()
    }

    fn ours(highest_sequence: u32, fraction_lost: u8) -> Word {
        Word::Ours(ReportBlock {
            highest_sequence,
            fraction_lost,
            ..ReportBlock::default()
        })
    }

    /// Takes a report every five seconds, with so many packets sent before each; gives when
    /// something was told (number of the report, packets, sign).
    fn told(reports: &[(u64, Word)]) -> Vec<(usize, u64, DeadSign)> {
        let (mut ear, start, mut sent) = (FarEar::default(), start(), 0);
        let mut found = Vec::new();
        for (number, (more, word)) in reports.iter().enumerate() {
            sent += more;
            let now = start + Duration::from_secs(5 * number as u64);
            if let Some(told) = ear.hear(now, *word, sent, AFTER) {
                assert!(told.since < now);
                found.push((number, told.sent, told.sign));
            }
        }
        found
    }

    #[test]
    fn a_stream_that_does_not_get_on_is_told_once_and_again_after_it_did() {
        let stuck = [
            (250, ours(250, 0)),
            (250, ours(250, 0)),
            (250, ours(250, 0)),
            (250, ours(250, 0)),
            (250, ours(1_250, 0)),
            (250, ours(1_250, 0)),
            (250, ours(1_250, 0)),
        ];
        let loss = DeadSign::ReportedLoss;
        assert_eq!(told(&stuck), [(2, 500, loss), (6, 500, loss)]);
        // One packet in a hundred gets through.
        let trickle: Vec<_> = (0..5).map(|n| (250, ours(250 * n, 253))).collect();
        assert_eq!(told(&trickle), [(2, 500, loss)]);
    }

    #[test]
    fn reports_about_nobody_are_told_after_three() {
        let deaf = [(250, Word::Nobody); 6];
        assert_eq!(told(&deaf), [(3, 750, DeadSign::ReportsNobody)]);
        // It was heard, and then no more.
        let mut lost: Vec<_> = (0..3).map(|n| (250, ours(n * 250, 0))).collect();
        lost.extend([(250, Word::Nobody); 3]);
        assert_eq!(told(&lost), [(5, 750, DeadSign::ReportsNobody)]);
    }

    #[test]
    fn what_says_nothing_of_our_stream_raises_nothing() {
        // Well, or badly, but it arrives.
        let lossy: Vec<_> = (0..9).map(|n| (250, ours(n * 250, 128))).collect();
        assert_eq!(told(&lossy), []);
        // We send nothing, or hardly anything (a told silence).
        assert_eq!(told(&[(0, Word::Nobody); 9]), []);
        assert_eq!(told(&[(5, ours(7, 0)); 5]), []);
        // A stream renamed on its way, a far end that leaves.
        assert_eq!(told(&[(250, Word::Others); 9]), []);
        assert_eq!(told(&[(250, Word::Bye); 9]), []);
        // A report on its way when we began to speak.
        assert_eq!(
            told(&[(0, ours(0, 0)), (60, ours(0, 0)), (250, ours(300, 0))]),
            []
        );
    }

    #[test]
    fn frequent_reports_are_judged_by_what_was_sent_and_not_by_their_number() {
        let (mut ear, start) = (FarEar::default(), start());
        let mut found = None;
        for n in 0..100u64 {
            // Ten packets between two reports.
            let now = start + Duration::from_millis(200 * n);
            let told = ear.hear(now, Word::Nobody, 10 * n, AFTER);
            found = found.or(told.map(|_| n));
        }
        // Three seconds at the least.
        assert_eq!(found, Some(15));
    }
}
