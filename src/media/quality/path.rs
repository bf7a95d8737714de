//! What each side of a bridged call hears, from the packets of both legs.
//!
//! A path runs from one far end through its leg to us, and from us through the other leg to the
//! other far end. We count what reaches us; of what reaches the far end we know what its RTCP
//! receiver reports say (RFC 3550 section 6.4.1). Where a leg's audio is decoded here (jitter
//! buffer, concealment) the path is two codecs in tandem and their impairments add (G.113 clause
//! 7); where packets are passed through, both losses meet in one decoder, the listener's. A codec
//! other than the listener's is decoded on its way all the same, and adds its own impairment.

use crate::relay::LegStats;

use super::emodel::{Connection, Impairment, burst_ratio, mos};
use serde::{Deserialize, Serialize};

/// Packets expected in an interval for it to be judged: a second of 20 ms packets.
const INTERVAL_PACKETS_MIN: u64 = 50;
/// Audio in a packet that waits for its last sample, ms (RFC 3551 section 4.2: 20 ms).
const PACKET_MS: f64 = 20.0;
/// A far end's playout buffer is taken to hold twice the jitter, and one packet at the least.
const BUFFER_JITTERS: f64 = 2.0;

/// Packets of one leg as counted since it opened. Counts may start anew (they then count from 0).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LegCounts {
    /// The leg's codec.
    pub codec: Impairment,
    /// Packets that should have come.
    pub expected: u64,
    /// Of these never came.
    pub lost: u64,
    /// Of these came too late to be played; 0 where packets are passed through.
    pub discarded: u64,
    /// Runs of lost or discarded packets in a row; 0 if unknown, which counts as random loss.
    pub loss_runs: u64,
    /// Interarrival jitter now, ms.
    pub jitter_ms: f64,
    /// Audio held back by our jitter buffer now, ms; none where packets are passed through.
    pub buffer_ms: Option<f64>,
    /// What the far end reports of what we sent; none before its first report.
    pub far: Option<FarCounts>,
}

impl LegCounts {
    /// A leg's figures, as the relay counts them. A leg without a codec yet counts as G.711.
    #[must_use]
    pub fn of(stats: &LegStats) -> Self {
        let whole = |n: i32| u64::try_from(n).unwrap_or(0);
        Self {
            codec: stats
                .codec
                .map_or(Impairment::G711_CONCEALED, Impairment::of),
            expected: stats.packets_in + stats.lost,
            lost: stats.lost,
            discarded: stats.discarded_late,
            loss_runs: stats.loss_runs + stats.discarded_runs,
            jitter_ms: stats.jitter_ms,
            buffer_ms: stats.buffer_ms,
            far: stats.remote_lost.map(|lost| FarCounts {
                expected: stats.packets_out,
                lost: whole(lost),
                jitter_ms: stats.remote_jitter_ms.unwrap_or(0.0),
                round_trip_ms: stats.round_trip_ms,
            }),
        }
    }
}

/// What a far end's receiver reports say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FarCounts {
    /// Packets it should have got since the leg opened.
    pub expected: u64,
    /// Of these never came.
    pub lost: u64,
    /// Interarrival jitter it sees, ms.
    pub jitter_ms: f64,
    /// Round trip between us and it, ms; none before it is known.
    pub round_trip_ms: Option<f64>,
}

/// What one side heard.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathQuality {
    /// Transmission rating R of the whole conversation.
    pub r: f64,
    /// Its mean opinion score, 1 to 4.5.
    pub mos: f64,
    /// Score of the worst interval.
    pub worst_mos: f64,
    /// When the worst interval ended, ms since the bridge.
    pub worst_at_ms: u64,
    /// Lost between the speaker and us, per cent.
    pub loss_to_us_percent: f64,
    /// Too late for our jitter buffer, per cent.
    pub discarded_percent: f64,
    /// Lost between us and the listener, per cent; none if it never reported.
    pub loss_from_us_percent: Option<f64>,
    /// Burst ratio of what was lost on the way to us; 1 is random.
    pub burst_ratio: f64,
    /// Interarrival jitter on the way to us, the largest seen, ms.
    pub jitter_ms: f64,
    /// One-way delay mouth to ear, ms: packets, buffers and half of each round trip.
    pub delay_ms: f64,
    /// Both round trips were measured; else the delay is a lower bound.
    pub delay_measured: bool,
}

/// Scores of one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct IntervalScores {
    /// What the customer heard; none if too little was sent to judge.
    pub customer_hears: Option<f64>,
    /// What the agent heard.
    pub agent_hears: Option<f64>,
}

/// Follows both legs of a conversation.
#[derive(Clone, Debug)]
pub struct PathMeter {
    last: [LegCounts; 2],
    /// Conversation since its start, agents changed or not, as counts of their own.
    whole: [Counted; 2],
    worst: [Option<(f64, u64)>; 2],
}

/// What happened on a leg within some time.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    codec: Option<Impairment>,
    expected: u64,
    lost: u64,
    discarded: u64,
    runs: u64,
    jitter_ms: f64,
    buffer_ms: Option<f64>,
    far_expected: u64,
    far_lost: u64,
    far: Option<FarCounts>,
}

const CUSTOMER: usize = 0;
const AGENT: usize = 1;

impl PathMeter {
    /// Starts at the bridge. An agent's line may have been up for hours: what it counted before is
    /// not of this conversation.
    #[must_use]
    pub fn new(customer: LegCounts, agent: LegCounts) -> Self {
        Self {
            last: [customer, agent],
            whole: [Counted::default(); 2],
            worst: [None; 2],
        }
    }

    /// Goes on from these counts: after a hold, or with another agent's leg after a transfer. What
    /// was counted meanwhile is not of the conversation.
    pub fn resume(&mut self, customer: LegCounts, agent: LegCounts) {
        self.last = [customer, agent];
    }

    /// Takes the counts of both legs `at_ms` after the bridge and scores the interval since the
    /// last time. Ten seconds are a good interval: long enough to be judged, short enough that a
    /// bad stretch is not averaged away.
    pub fn sample(&mut self, at_ms: u64, customer: LegCounts, agent: LegCounts) -> IntervalScores {
        let now = [customer, agent];
        let interval: [Counted; 2] =
            std::array::from_fn(|leg| Counted::between(&self.last[leg], &now[leg]));
        self.last = now;
        for (whole, part) in self.whole.iter_mut().zip(&interval) {
            whole.add(part);
        }
        let mut score = |from: usize, to: usize| {
            let known = interval[from].expected.max(interval[to].far_expected);
            if known < INTERVAL_PACKETS_MIN {
                return None;
            }
            let score = path(&interval[from], &interval[to]).1;
            let worst = self.worst[to].get_or_insert((score, at_ms));
            if score < worst.0 {
                *worst = (score, at_ms);
            }
            Some(score)
        };
        IntervalScores {
            customer_hears: score(AGENT, CUSTOMER),
            agent_hears: score(CUSTOMER, AGENT),
        }
    }

    /// What the customer heard so far; none before any packet was counted.
    #[must_use]
    pub fn customer_hears(&self) -> Option<PathQuality> {
        self.quality(AGENT, CUSTOMER)
    }

    /// What the agent heard so far; none before any packet was counted.
    #[must_use]
    pub fn agent_hears(&self) -> Option<PathQuality> {
        self.quality(CUSTOMER, AGENT)
    }

    fn quality(&self, from: usize, to: usize) -> Option<PathQuality> {
        let (source, target) = (&self.whole[from], &self.whole[to]);
        if source.expected == 0 && target.far_expected == 0 {
            return None;
        }
        let (r, score, delay_ms) = path(source, target);
        let (worst_mos, worst_at_ms) = self.worst[to].unwrap_or((score, 0));
        let measured = |c: &Counted| c.far.is_some_and(|f| f.round_trip_ms.is_some());
        Some(PathQuality {
            r: hundredths(r),
            mos: hundredths(score),
            worst_mos: hundredths(worst_mos),
            worst_at_ms,
            loss_to_us_percent: hundredths(percent(source.lost, source.expected)),
            discarded_percent: hundredths(percent(source.discarded, source.expected)),
            loss_from_us_percent: target
                .far
                .map(|_| hundredths(percent(target.far_lost, target.far_expected))),
            burst_ratio: hundredths(source.burst_ratio()),
            jitter_ms: hundredths(source.jitter_ms),
            delay_ms: hundredths(delay_ms),
            delay_measured: measured(source) && measured(target),
        })
    }
}

/// R, score and one-way delay from what was received of the speaker and what was sent to the
/// listener.
fn path(source: &Counted, target: &Counted) -> (f64, f64, f64) {
    let gone = percent(source.lost + source.discarded, source.expected);
    let far_gone = percent(target.far_lost, target.far_expected);
    let plain = Impairment::G711_CONCEALED;
    let heard = target.codec.unwrap_or(plain);
    let spoken = source.codec.unwrap_or(plain);
    let ie_eff = match source.buffer_ms {
        // Decoded and concealed here, coded anew: tandem.
        Some(_) => spoken.effective(gone, source.burst_ratio()) + heard.effective(far_gone, 1.0),
        None => {
            let either = 100.0 - (100.0 - gone) * (100.0 - far_gone) / 100.0;
            let on_the_way = if spoken == heard { 0.0 } else { spoken.ie };
            on_the_way + heard.effective(either, source.burst_ratio())
        }
    };
    let half_trip = |c: &Counted| c.far.and_then(|f| f.round_trip_ms).unwrap_or(0.0) / 2.0;
    let far_jitter = target.far.map_or(0.0, |f| f.jitter_ms);
    let far_buffer = (BUFFER_JITTERS * far_jitter).max(PACKET_MS);
    let ours = source.buffer_ms.map_or(0.0, |ms| ms + PACKET_MS);
    let delay = PACKET_MS + half_trip(source) + ours + half_trip(target) + far_buffer;
    let r = Connection::digital(delay, ie_eff).r();
    (r, mos(r), delay)
}

impl Counted {
    fn between(before: &LegCounts, now: &LegCounts) -> Self {
        // Counts that went back began anew.
        let anew = now.expected < before.expected;
        let since = |now: u64, before: u64| match anew {
            true => now,
            false => now.saturating_sub(before),
        };
        let far_before = before.far.unwrap_or_default();
        let far = now.far.unwrap_or_default();
        let far_anew = far.expected < far_before.expected;
        let far_since = |now: u64, before: u64| match far_anew {
            true => now,
            false => now.saturating_sub(before),
        };
        Self {
            codec: Some(now.codec),
            expected: since(now.expected, before.expected),
            lost: since(now.lost, before.lost),
            discarded: since(now.discarded, before.discarded),
            runs: since(now.loss_runs, before.loss_runs),
            jitter_ms: now.jitter_ms,
            buffer_ms: now.buffer_ms,
            far_expected: far_since(far.expected, far_before.expected),
            far_lost: far_since(far.lost, far_before.lost),
            far: now.far,
        }
    }

    fn add(&mut self, part: &Self) {
        self.codec = part.codec;
        self.expected += part.expected;
        self.lost += part.lost;
        self.discarded += part.discarded;
        self.runs += part.runs;
        self.jitter_ms = self.jitter_ms.max(part.jitter_ms);
        self.buffer_ms = match (self.buffer_ms, part.buffer_ms) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => b.or(a),
        };
        self.far_expected += part.far_expected;
        self.far_lost += part.far_lost;
        if let Some(far) = part.far {
            let known = self.far.unwrap_or_default();
            self.far = Some(FarCounts {
                jitter_ms: far.jitter_ms.max(known.jitter_ms),
                round_trip_ms: match (far.round_trip_ms, known.round_trip_ms) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    (a, b) => a.or(b),
                },
                ..far
            });
        }
    }

    fn burst_ratio(&self) -> f64 {
        burst_ratio(self.expected, self.lost + self.discarded, self.runs)
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    (100.0 * part as f64 / whole as f64).min(100.0)
}

/// Two decimals are all that these figures are worth, and keep the stored text short.
pub(super) fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
