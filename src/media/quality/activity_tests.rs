//! Speech is told from noise, clicks, echo and gaps.

use super::super::voices::{babble, noise, silence};
use super::*;

/// Verdicts in frames; the last ones are had by silence after them.
fn verdicts(samples: &[i16], other: &[i16]) -> Vec<bool> {
    let mut side = Activity::new(&ActivitySettings::default());
    let quiet = vec![0i16; LAG_FRAMES as usize * FRAME_SAMPLES];
    let all = [samples, &quiet].concat();
    let others = [other, &vec![0i16; all.len()]].concat();
    all.chunks_exact(FRAME_SAMPLES)
        .zip(others.chunks_exact(FRAME_SAMPLES))
        .map(|(own, other)| {
            side.push(FrameSound::of(own), FrameSound::of(other).power)
                .speech
        })
        .skip(LAG_FRAMES as usize)
        .collect()
}

fn alone(parts: &[Vec<i16>]) -> Vec<bool> {
    verdicts(&parts.concat(), &[])
}

fn share(verdicts: &[bool]) -> f64 {
    verdicts.iter().filter(|v| **v).count() as f64 / verdicts.len().max(1) as f64
}

#[test]
fn talk_is_speech_and_the_line_is_not() {
    for level in [-16.0, -26.0, -36.0] {
        for line in [-75.0, -60.0, -55.0] {
            let heard = alone(&[
                noise(line, 2_000, 1),
                babble(level, 3_000, 2),
                noise(line, 2_000, 3),
            ]);
            let talk = &heard[200..500];
            assert!(share(talk) > 0.95, "{level} over {line}: {}", share(talk));
            assert!(share(&heard[..198]) < 0.01, "{level} over {line}");
            assert!(share(&heard[525..]) < 0.01, "{level} over {line}");
        }
    }
}

#[test]
fn a_noisy_room_is_no_speech_once_it_is_known() {
    for level in [-50.0, -42.0, -36.0] {
        let heard = alone(&[noise(level, 6_000, 4)]);
        assert_eq!(share(&heard[200..]), 0.0, "{level}");
    }
    let heard = alone(&[noise(-42.0, 3_000, 4), babble(-22.0, 3_000, 5)]);
    assert!(share(&heard[300..]) > 0.9);
}

#[test]
fn a_voice_from_the_first_sample_is_speech() {
    let heard = alone(&[babble(-24.0, 1_500, 6)]);
    assert!(share(&heard[..150]) > 0.9, "{}", share(&heard));
}

#[test]
fn clicks_are_dropped_and_short_gaps_belong_to_the_talk() {
    let click = || noise(-15.0, 20, 7);
    let heard = alone(&[
        silence(1_000),
        click(),
        silence(1_000),
        click(),
        silence(500),
    ]);
    assert_eq!(share(&heard), 0.0);
    let burst = |seed| noise(-20.0, 100, seed);
    let gap = |ms| {
        alone(&[
            silence(1_000),
            burst(8),
            silence(ms),
            burst(9),
            silence(500),
        ])
    };
    // 100 frames of silence, then two bursts of ten frames with a gap.
    let short = gap(200);
    assert_eq!(short.iter().filter(|v| **v).count(), 40);
    assert!(short[100..140].iter().all(|v| *v));
    let long = gap(210);
    assert_eq!(long.iter().filter(|v| **v).count(), 20);
}

#[test]
fn the_other_sides_echo_is_not_speech_and_an_answer_is() {
    let talk = babble(-20.0, 4_000, 10);
    let echo: Vec<i16> = [silence(60), talk.iter().map(|s| s / 28).collect()].concat();
    assert_eq!(share(&verdicts(&echo[..talk.len()], &talk)), 0.0);
    // Without the talker, the same sound is speech.
    assert!(share(&verdicts(&echo[..talk.len()], &[])) > 0.8);
    // Somebody who talks into it, 12 dB quieter, is heard.
    let answer = babble(-32.0, 4_000, 11);
    assert!(share(&verdicts(&answer, &talk)) > 0.5);
}

#[test]
fn clipping_is_runs_at_full_scale_and_peaks_are_none() {
    let count = |samples: &[i16]| FrameSound::of(samples).clipped;
    assert_eq!(count(&[0, 32_124, 32_124, 0, -32_124, -32_124, 0]), 0);
    assert_eq!(count(&[0, 32_124, 32_124, 32_124, 0]), 3);
    assert_eq!(count(&[-32_768; 5]), 5);
    // A change of sign ends a run.
    assert_eq!(count(&[32_124, 32_124, -32_124, -32_124]), 0);
    assert_eq!(count(&[31_000; 80]), 0);
}

#[test]
fn power_is_the_mean_square_up_to_full_scale() {
    assert_eq!(FrameSound::of(&[-32_768; 80]).power, FULL_SCALE);
    assert!((dbov(f64::from(FrameSound::of(&[-32_768; 80]).power))).abs() < 1e-6);
    assert_eq!(FrameSound::of(&[3, -4, 0]).power, 25.0 / 3.0);
    assert_eq!(FrameSound::of(&[]).power, 0.0);
}
