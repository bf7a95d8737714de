//! What is made to be heard, and how it is listened to; the tests are below.

mod lines;
mod tones;
mod who;

use super::*;
use crate::tone::{Segment, Tone};

/// Something like speech: a buzz of wandering pitch whose syllables swell and fade, 4 a second,
/// peaking at `level_db`; the dips between syllables go 25 dB down.
fn speech(ms: u32, level_db: f32) -> Vec<i16> {
    let amplitude = 32_767.0 * 10f32.powf(level_db / 20.0);
    let mut phase = 0.0f32;
    (0..ms * 8)
        .map(|n| {
            let t = n as f32 / 8000.0;
            let swell = (std::f32::consts::PI * 4.0 * t).sin().abs().max(0.06);
            let pitch = 180.0 + 25.0 * (19.0 * t).sin();
            phase += pitch / 8000.0;
            let buzz: f32 = (1..=8)
                .map(|h| (std::f32::consts::TAU * phase * h as f32).sin() / h as f32)
                .sum();
            (buzz * 0.5 * swell * amplitude) as i16
        })
        .collect()
}

fn noise(ms: u32, level_db: f32, seed: u64) -> Vec<i16> {
    let amplitude = 32_767.0 * 10f32.powf(level_db / 20.0) * 1.22;
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..ms * 8)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (((state >> 40) as f32 / 8_388_608.0 - 1.0) * amplitude) as i16
        })
        .collect()
}

fn silence(ms: u32) -> Vec<i16> {
    vec![0; ms as usize * 8]
}

fn mix(mut a: Vec<i16>, b: &[i16]) -> Vec<i16> {
    a.iter_mut()
        .zip(b)
        .for_each(|(a, b)| *a = a.saturating_add(*b));
    a
}

fn settings(mode: Mode) -> GreetingSettings {
    GreetingSettings {
        mode,
        ..GreetingSettings::default()
    }
}

fn listen_with(settings: GreetingSettings, samples: &[i16]) -> (Vec<GreetingEvent>, Option<Who>) {
    let mut detector = GreetingDetector::new(settings);
    let mut events = Vec::new();
    samples
        .chunks(160)
        .for_each(|frame| detector.push(frame, |e| events.push(e)));
    (events, detector.verdict())
}

fn listen(samples: &[i16]) -> (Vec<GreetingEvent>, Option<Who>) {
    listen_with(settings(Mode::Fast), samples)
}

fn signals(samples: &[i16]) -> Vec<Signal> {
    signals_of(TonePlan::Any, samples)
}

fn signals_of(tones: TonePlan, samples: &[i16]) -> Vec<Signal> {
    let settings = GreetingSettings {
        tones,
        ..settings(Mode::Off)
    };
    let signal = |event: &GreetingEvent| match event {
        GreetingEvent::Signal { signal, .. } if *signal != Signal::Silence => Some(*signal),
        _ => None,
    };
    let (events, verdict) = listen_with(settings, samples);
    assert_eq!(verdict, None);
    events.iter().filter_map(signal).collect()
}

fn beeps(samples: &[i16]) -> Vec<(u32, u32)> {
    let beep = |event: &GreetingEvent| match event {
        GreetingEvent::Beep { hz, length_ms, .. } => Some((*hz, *length_ms)),
        _ => None,
    };
    let (events, _) = listen_with(settings(Mode::Off), samples);
    events.iter().filter_map(beep).collect()
}

fn through(law: crate::Law, samples: &[i16]) -> Vec<i16> {
    samples.iter().map(|s| law.decode(law.encode(*s))).collect()
}

fn cadence(hz: &[f32], cycle: &[u32], turns: usize) -> Vec<i16> {
    let segment = |(n, ms): (usize, &u32)| match (n % 2, hz) {
        (0, [low, high]) => Segment::dual(*low, *high, *ms),
        (0, [hz]) => Segment::single(*hz, *ms),
        _ => Segment::pause(*ms),
    };
    let parts: Vec<Segment> = cycle.iter().enumerate().map(segment).collect();
    [silence(300), Tone::new(parts).samples().repeat(turns)].concat()
}
