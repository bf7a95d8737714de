//! What is heard of a voice whose packets are lost, late, doubled and out of order. Time is the
//! test's; nothing here waits.

use super::*;
use crate::likeness::likeness;
use crate::meter::tone_db;
use crate::prompts;
use crate::tone::sine;

const FRAME: usize = 160;

fn origin() -> Instant {
    #[allow(clippy::disallowed_methods, reason = "no other way to make an instant")]
    Instant::now()
}

fn ms(n: usize) -> Duration {
    Duration::from_millis(n as u64)
}

/// Even numbers 0 to 99 from a number: SplitMix64's finalizer.
fn percent(number: usize, seed: u64) -> u64 {
    let mut z = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ seed;
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ z >> 31) % 100
}

/// One packet's fate: when it comes after it was sent; `None` when it never does.
type Network = fn(usize) -> Option<usize>;

fn header(number: usize, ssrc: u32) -> Header {
    Header {
        marker: false,
        payload_type: 0,
        sequence: 65_000u16.wrapping_add(number as u16),
        timestamp: (number * FRAME) as u32,
        ssrc,
    }
}

/// Sends audio through a network to a listener that asks every 20 ms; gives what it heard, and
/// the leg's figures.
fn through(audio: &[i16], network: Network) -> (Vec<i16>, LegStats) {
    let voice = SharedVoice::default();
    let mut reader = Voice::attach(&voice);
    let start = origin();
    let frames = audio.len() / FRAME;
    let mut arrivals: Vec<(usize, usize)> = (0..frames)
        .filter_map(|n| Some((n * 20 + network(n)?, n)))
        .collect();
    // Every twentieth packet comes twice.
    let twice: Vec<_> = arrivals
        .iter()
        .filter(|(_, n)| n % 20 == 7)
        .copied()
        .collect();
    arrivals.extend(twice.iter().map(|(at, n)| (at + 3, *n)));
    arrivals.sort_unstable();
    let mut next = arrivals.into_iter().peekable();
    let mut heard = Vec::new();
    for tick in 0..frames + 20 {
        let now = tick * 20 + 7;
        while let Some((at, n)) = next.next_if(|(at, _)| *at <= now) {
            let mut octets = [0; FRAME];
            Law::Pcmu.encode_into(&audio[n * FRAME..][..FRAME], &mut octets);
            voice.push(start + ms(at), &header(n, 1), Law::Pcmu, &octets);
        }
        let mut frame = [0; FRAME];
        reader.read(start + ms(now), &mut frame);
        heard.extend_from_slice(&frame);
    }
    let mut stats = LegStats::default();
    voice.report(start + ms(frames * 20), &mut stats);
    (heard, stats)
}

/// The same with holes where packets were lost: what no concealment at all gives.
fn with_holes(audio: &[i16], network: Network) -> Vec<i16> {
    let frames = audio.chunks_exact(FRAME).enumerate();
    frames
        .flat_map(|(n, frame)| {
            let kept = network(n).is_some();
            frame.iter().map(move |s| if kept { *s } else { 0 })
        })
        .collect()
}

fn speech() -> Vec<i16> {
    let names = ["greeting-human-1", "greeting-human-1"];
    let speech: Vec<i16> = names
        .iter()
        .flat_map(|name| {
            prompts::builtin(name)
                .expect("it is built in")
                .samples()
                .to_vec()
        })
        .collect();
    speech.repeat(6)
}

fn fifth_lost(n: usize) -> Option<usize> {
    (percent(n, 1) >= 20).then_some(5)
}

fn reordered(n: usize) -> Option<usize> {
    Some(5 + if percent(n, 2) < 10 { 35 } else { 0 })
}

fn jittery_and_lossy(n: usize) -> Option<usize> {
    (percent(n, 3) >= 10).then(|| 5 + (percent(n, 4) as usize) / 3)
}

#[test]
fn speech_with_a_fifth_of_its_packets_lost_sounds_better_than_with_holes() {
    let clean = speech();
    for network in [fifth_lost as Network, jittery_and_lossy] {
        let (heard, stats) = through(&clean, network);
        let holes = with_holes(&clean, network);
        let mended = likeness(&clean, &heard, 1_200).unwrap();
        let holed = likeness(&clean, &holes, 0).unwrap();
        assert!(
            mended.distance_db < holed.distance_db * 0.8,
            "mended {mended:?}, holes {holed:?}, {stats:?}"
        );
    }
}

#[test]
fn no_more_is_made_up_than_was_lost() {
    let clean = speech();
    let frames = clean.len() / FRAME;
    let lost = (0..frames).filter(|n| fifth_lost(*n).is_none()).count() as u64;
    let (_, stats) = through(&clean, fifth_lost);
    // The very last packets may be among the lost, with none behind them to show it.
    let made_up = stats.concealed_ms.abs_diff(lost * 20);
    assert!(made_up <= 40, "{lost} packets lost, {stats:?}");
    assert_eq!(stats.discarded_late, 0);
}

#[test]
fn packets_out_of_order_and_doubled_are_heard_in_order_once() {
    let clean = speech();
    let (heard, stats) = through(&clean, reordered);
    let found = likeness(&clean, &heard, 1_200).unwrap();
    let (even, _) = through(&clean, |_| Some(5));
    let best = likeness(&clean, &even, 1_200).unwrap();
    // The delay is learnt from the first packets that come late; then nothing is lost.
    assert!(stats.discarded_late <= 5, "{stats:?}");
    assert!(best.distance_db < 2.0, "{best:?}");
    assert!(
        found.distance_db < best.distance_db + 3.0,
        "{found:?} {best:?}"
    );
}

/// One packet in five lost, each hole filled with the tone at four fifths of its power on the
/// mean (full for 10 ms, then fading): the level falls by no more than what a fifth of the time
/// at -0.5 dB takes, where holes take 20 log 0.8 = 1.9 dB.
#[test]
fn a_tone_keeps_its_level_under_loss_as_theory_says() {
    let tone = sine(500.0, -12.0, 4_000);
    let (heard, _) = through(&tone, fifth_lost);
    let level = tone_db(&heard[4_000..28_000], 500.0);
    assert!((-12.8..=-11.8).contains(&level), "{level} dB");
    let holes = with_holes(&tone, fifth_lost);
    let holed = tone_db(&holes[4_000..28_000], 500.0);
    assert!((holed + 13.9).abs() < 0.5, "{holed} dB");
}

#[test]
fn a_clock_that_runs_fast_or_slow_never_runs_away() {
    // 0.5 % is fifty times what telephones do; a minute of it is 300 ms.
    for slower in [false, true] {
        let voice = SharedVoice::default();
        let mut reader = Voice::attach(&voice);
        let start = origin();
        let tone = sine(400.0, -12.0, 20);
        let mut octets = [0; FRAME];
        Law::Pcmu.encode_into(&tone, &mut octets);
        let (mut sent, mut worst) = (0, 0f64);
        for tick in 0..3_000usize {
            let now_us = tick * 20_000 + 7_000;
            let every_us = if slower { 20_100 } else { 19_900 };
            while sent * every_us <= now_us {
                let at = start + Duration::from_micros((sent * every_us) as u64);
                voice.push(at, &header(sent, 1), Law::Pcmu, &octets);
                sent += 1;
            }
            let mut frame = [0; FRAME];
            let at = start + Duration::from_micros(now_us as u64);
            reader.read(at, &mut frame);
            let mut stats = LegStats::default();
            voice.report(at, &mut stats);
            worst = worst.max(stats.buffer_ms.unwrap_or(0.0));
        }
        assert!(worst < 110.0, "slower {slower}: {worst} ms behind");
    }
}

/// Speech, a told silence, speech: gives what is heard in the silence, and the leg's figures.
fn told_silence(level: u8) -> (Vec<i16>, Vec<i16>, LegStats) {
    let voice = SharedVoice::default();
    let mut reader = Voice::attach(&voice);
    let start = origin();
    let tone = sine(1_000.0, -16.0, 20);
    let mut heard = Vec::new();
    let (mut before, mut stats) = (LegStats::default(), LegStats::default());
    for tick in 0..150 {
        let number = match tick {
            0..=49 => tick,
            50 => 50,
            100.. => tick - 49,
            _ => 0,
        };
        let head = Header {
            timestamp: (tick * FRAME) as u32,
            ..header(number, 1)
        };
        let at = start + ms(tick * 20);
        if tick == 50 {
            voice.report(at, &mut before);
            voice.noise(at, &head, &[level]);
        } else if !(50..100).contains(&tick) {
            let mut octets = [0; FRAME];
            Law::Pcmu.encode_into(&tone, &mut octets);
            voice.push(at, &head, Law::Pcmu, &octets);
        }
        let mut frame = [0; FRAME];
        reader.read(start + ms(tick * 20 + 7), &mut frame);
        heard.extend_from_slice(&frame);
    }
    voice.report(start + ms(3_000), &mut stats);
    // The first packets set the pace.
    stats.concealed_ms -= before.concealed_ms;
    let silence = heard[52 * FRAME..99 * FRAME].to_vec();
    (silence, heard[105 * FRAME..].to_vec(), stats)
}

#[test]
fn a_told_silence_sounds_as_loud_as_told_and_nothing_is_concealed() {
    for level in [40u8, 50, 60, 70] {
        let (silence, after, stats) = told_silence(level);
        let (wanted, got) = (3.01 - f32::from(level), crate::meter::level_db(&silence));
        assert!((got - wanted).abs() < 0.8, "-{level} dBov: {got} dB");
        assert_eq!((stats.concealed_ms, stats.discarded_late), (0, 0));
        assert!((tone_db(&after, 1_000.0) + 16.0).abs() < 0.3);
        // No piece of it is louder or softer than noise is.
        for piece in silence.chunks_exact(FRAME) {
            let piece = crate::meter::level_db(piece);
            assert!((piece - wanted).abs() < 3.0, "{piece} dB of {wanted}");
        }
    }
}
