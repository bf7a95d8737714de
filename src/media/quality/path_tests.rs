//! Paths judged from made-up counts; what they cost is worked out by hand.

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
