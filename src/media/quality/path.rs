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
mod tests {
    use super::*;
    use crate::codec::Codec;
    use proptest::prelude::*;

    fn leg(expected: u64, lost: u64) -> LegCounts {
        LegCounts {
            codec: Impairment::G711_CONCEALED,
            expected,
            lost,
            discarded: 0,
            loss_runs: 0,
            jitter_ms: 1.0,
            buffer_ms: None,
            far: None,
        }
    }

    fn reported(lost: u64, round_trip_ms: f64) -> Option<FarCounts> {
        Some(FarCounts {
            expected: 3_000,
            lost,
            jitter_ms: 2.0,
            round_trip_ms: Some(round_trip_ms),
        })
    }

    #[test]
    fn a_clean_call_sounds_as_good_as_the_telephone_can() {
        let mut meter = PathMeter::new(leg(0, 0), leg(0, 0));
        meter.sample(10_000, leg(500, 0), leg(500, 0));
        let heard = meter.customer_hears().unwrap();
        assert!(heard.mos > 4.3 && heard.worst_mos > 4.3, "{heard:?}");
        assert!(!heard.delay_measured && heard.loss_from_us_percent.is_none());
    }

    #[test]
    fn each_side_is_judged_by_what_it_hears() {
        let mut meter = PathMeter::new(leg(0, 0), leg(0, 0));
        // The customer's voice loses 5 % on its way to us; ours loses 8 % on its way to them.
        let customer = LegCounts {
            far: reported(240, 60.0),
            ..leg(3_000, 150)
        };
        let agent = LegCounts {
            far: reported(0, 40.0),
            ..leg(3_000, 0)
        };
        meter.sample(60_000, customer, agent);
        let (customer, agent) = (
            meter.customer_hears().unwrap(),
            meter.agent_hears().unwrap(),
        );
        assert_eq!(
            (agent.loss_to_us_percent, agent.loss_from_us_percent),
            (5.0, Some(0.0))
        );
        assert_eq!(
            (customer.loss_to_us_percent, customer.loss_from_us_percent),
            (0.0, Some(8.0))
        );
        assert!(customer.mos < agent.mos && agent.mos < 4.2);
        // 20 ms of packet, 30 and 20 ms of network, 20 ms of the far end's buffer.
        assert_eq!((customer.delay_ms, customer.delay_measured), (90.0, true));
    }

    #[test]
    fn a_bad_stretch_of_a_long_good_call_is_not_averaged_away() {
        let mut meter = PathMeter::new(leg(0, 0), leg(0, 0));
        let mut lost = 0;
        for ten in 1..=60u64 {
            lost += if ten == 30 { 100 } else { 0 };
            meter.sample(ten * 10_000, leg(ten * 500, lost), leg(ten * 500, 0));
        }
        let heard = meter.agent_hears().unwrap();
        assert!(heard.mos > 4.2, "{heard:?}");
        assert!(heard.worst_mos < 3.2, "{heard:?}");
        assert_eq!(heard.worst_at_ms, 300_000);
        assert!(meter.customer_hears().unwrap().worst_mos > 4.3);
    }

    #[test]
    fn what_the_agents_line_counted_before_the_bridge_is_not_of_the_call() {
        let mut meter = PathMeter::new(leg(0, 0), leg(1_000_000, 400_000));
        meter.sample(10_000, leg(500, 0), leg(1_000_500, 400_000));
        assert_eq!(meter.customer_hears().unwrap().loss_to_us_percent, 0.0);
        // Nor what another agent's did, whose line is younger.
        meter.resume(leg(500, 0), leg(900, 800));
        meter.sample(20_000, leg(1_000, 0), leg(1_400, 800));
        assert_eq!(meter.customer_hears().unwrap().loss_to_us_percent, 0.0);
    }

    #[test]
    fn counts_that_begin_anew_go_on_counting() {
        let mut meter = PathMeter::new(leg(0, 0), leg(0, 0));
        meter.sample(10_000, leg(500, 10), leg(500, 0));
        meter.sample(20_000, leg(400, 8), leg(1_000, 0));
        let heard = meter.agent_hears().unwrap();
        assert_eq!(heard.loss_to_us_percent, 2.0);
    }

    #[test]
    fn too_little_is_not_judged() {
        let mut meter = PathMeter::new(leg(0, 0), leg(0, 0));
        assert!(meter.customer_hears().is_none());
        let scores = meter.sample(500, leg(25, 20), leg(25, 0));
        assert_eq!(scores, IntervalScores::default());
    }

    #[test]
    fn a_buffer_here_makes_a_tandem_and_its_discards_count() {
        let decoded = |discarded| LegCounts {
            discarded,
            buffer_ms: Some(60.0),
            ..leg(1_000, 0)
        };
        let heard = |customer| {
            let mut meter = PathMeter::new(leg(0, 0), leg(0, 0));
            meter.sample(20_000, customer, leg(1_000, 0));
            meter.agent_hears().unwrap()
        };
        let (late, smooth, passed) = (heard(decoded(50)), heard(decoded(0)), heard(leg(1_000, 0)));
        assert_eq!(late.discarded_percent, 5.0);
        assert!(late.mos < smooth.mos && smooth.mos < passed.mos);
    }

    /// A leg of a codec by what the relay tells of it after 1,000 packets.
    fn told(codec: Codec, lost: u64, loss_runs: u64, mixed: bool, far_lost: i32) -> LegCounts {
        LegCounts::of(&LegStats {
            codec: Some(codec),
            packets_in: 1_000 - lost,
            packets_out: 1_000,
            lost,
            loss_runs,
            remote_lost: Some(far_lost),
            buffer_ms: mixed.then_some(40.0),
            ..LegStats::default()
        })
    }

    /// Points of R that the customer's voice has lost on its way to the agent, against the same
    /// way between two plain G.711 legs without loss.
    fn costs(customer: LegCounts, agent: LegCounts, points: f64) {
        let r = |customer, agent| {
            let mut meter = PathMeter::new(leg(0, 0), leg(0, 0));
            meter.sample(20_000, customer, agent);
            meter.agent_hears().unwrap().r
        };
        let clean = told(Codec::Pcmu, 0, 0, customer.buffer_ms.is_some(), 0);
        let plain = told(Codec::Pcma, 0, 0, false, 0);
        let cost = r(clean, plain) - r(customer, agent);
        // Both are rounded to hundredths.
        assert!((cost - points).abs() < 0.011, "{cost} is not {points}");
    }

    #[test]
    fn each_leg_is_judged_by_its_codec_and_by_how_its_loss_comes() {
        let (g711, g722, opus) = (Codec::Pcmu, Codec::G722, Codec::Opus);
        let clean = |codec| told(codec, 0, 0, false, 0);
        // By hand, Ie,eff = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl), Ppl = 5.
        // G.711, 50 single losses: BurstR = 1 (0.95 counts as 1): 95 * 5 / 30.1.
        costs(told(g711, 50, 50, false, 0), clean(g711), 15.78);
        // The same in runs of five: BurstR = 5 * 0.95 = 4.75: 475 / (1.0526 + 25.1).
        costs(told(g711, 50, 10, false, 0), clean(g711), 18.16);
        // Mixed here: the same loss, in our decoder.
        costs(told(g711, 50, 10, true, 0), clean(g711), 18.16);
        // An agent on G.722 misses 2 % of what is clean up to us: 95 * 2 / 6.3.
        costs(told(g711, 0, 0, true, 0), clean(g722), 0.0);
        costs(
            told(g711, 0, 0, true, 0),
            told(g722, 0, 0, false, 20),
            30.16,
        );
        // An agent on Opus: 5 without loss; with 5 % to us and 3 % from us 15.78 + 5 + 90 * 3 / 13.
        costs(told(g711, 0, 0, true, 0), clean(opus), 5.0);
        costs(
            told(g711, 50, 50, true, 0),
            told(opus, 0, 0, false, 30),
            41.55,
        );
        // Opus spoken, passed on as G.711: its own 5, and the losses in the listener's decoder.
        costs(clean(opus), clean(g711), 5.0);
        costs(told(opus, 50, 50, false, 0), clean(g711), 20.78);
        // Packets that came too late for our buffer are lost as well.
        let late = LegStats {
            codec: Some(g711),
            packets_in: 1_000,
            discarded_late: 50,
            discarded_runs: 50,
            buffer_ms: Some(40.0),
            remote_lost: Some(0),
            packets_out: 1_000,
            ..LegStats::default()
        };
        costs(LegCounts::of(&late), clean(g711), 15.78);
    }

    proptest! {
        #[test]
        fn a_path_never_improves_by_a_further_loss(
            here in 0..500u64, there in 0..500u64, more in 1..500u64, buffered: bool,
        ) {
            let score = |here: u64, there: u64| {
                let customer = LegCounts { buffer_ms: buffered.then_some(40.0), ..leg(1_000, here) };
                let agent = LegCounts {
                    far: Some(FarCounts { expected: 1_000, lost: there, ..FarCounts::default() }),
                    ..leg(1_000, 0)
                };
                let mut meter = PathMeter::new(leg(0, 0), leg(0, 0));
                meter.sample(20_000, customer, agent).agent_hears.unwrap()
            };
            let base = score(here, there);
            prop_assert!(score(here + more, there) <= base + 1e-9);
            prop_assert!(score(here, there + more) <= base + 1e-9);
        }
    }
}
