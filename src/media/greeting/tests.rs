use super::*;
use crate::prompts;
use crate::tone::Tone;

/// Something like speech: a buzz of falling pitch whose syllables swell and fade, 4 a second,
/// peaking at `level_db`; the dips between syllables go 25 dB down.
fn speech(ms: u32, level_db: f32) -> Vec<i16> {
    let amplitude = 32_767.0 * 10f32.powf(level_db / 20.0);
    let mut phase = 0.0f32;
    (0..ms * 8)
        .map(|n| {
            let t = n as f32 / 8000.0;
            let swell = (std::f32::consts::PI * 4.0 * t).sin().abs().max(0.06);
            phase += (180.0 - 20.0 * t) / 8000.0;
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

fn listen(samples: &[i16]) -> (Vec<GreetingEvent>, Option<Who>) {
    let mut detector = GreetingDetector::new(GreetingSettings::default());
    let mut events = Vec::new();
    samples
        .chunks(160)
        .for_each(|frame| detector.push(frame, |e| events.push(e)));
    (events, detector.verdict())
}

#[test]
fn a_short_hello_is_a_person_and_its_end_is_timed() {
    let (events, verdict) = listen(&[silence(700), speech(600, -12.0), silence(1000)].concat());
    assert_eq!(verdict, Some(Who::Person));
    let [GreetingEvent::SpeechStarted { at_ms }, ended, _] = &events[..] else {
        panic!("{events:?}")
    };
    assert!((690..=760).contains(at_ms), "{at_ms}");
    let GreetingEvent::GreetingEnded {
        total_ms,
        speech_ms,
        ended_at_ms,
        ended_ago_ms,
    } = *ended
    else {
        panic!("{ended:?}")
    };
    assert!(
        (480..=610).contains(&total_ms) && speech_ms <= total_ms,
        "{ended:?}"
    );
    assert!((1200..=1310).contains(&ended_at_ms), "{ended:?}");
    assert_eq!(ended_ago_ms, 400);
}

#[test]
fn people_are_people_at_any_level_over_any_steady_noise() {
    for (level, floor) in [
        (-6.0, -70.0),
        (-12.0, -45.0),
        (-12.0, -35.0),
        (-26.0, -60.0),
    ] {
        for lead in [0, 300, 1500] {
            for length in [300, 800, 1500] {
                let voice = [silence(lead), speech(length, level), silence(2500)].concat();
                let total = lead + length + 2500;
                let (events, verdict) = listen(&mix(voice, &noise(total, floor, 7)));
                let case = format!("{level} over {floor}, {lead}+{length}: {events:?}");
                assert_eq!(verdict, Some(Who::Person), "{case}");
            }
        }
    }
}

#[test]
fn long_talk_is_a_machine_at_the_limit_and_its_end_is_still_reported() {
    let (events, verdict) = listen(&[silence(500), speech(6000, -12.0), silence(1000)].concat());
    assert_eq!(verdict, Some(Who::Machine));
    let [_, GreetingEvent::Verdict { at_ms, .. }, ended] = &events[..] else {
        panic!("{events:?}")
    };
    assert!((2200..=2400).contains(at_ms), "{at_ms}");
    assert!(
        matches!(
            ended,
            GreetingEvent::GreetingEnded {
                ended_at_ms: 6300..=6520,
                ..
            }
        ),
        "{ended:?}"
    );
}

#[test]
fn breath_pauses_inside_a_machine_greeting_do_not_end_it() {
    let sentence = [speech(1100, -12.0), silence(280)].concat();
    assert_eq!(listen(&sentence.repeat(4)).1, Some(Who::Machine));
}

#[test]
fn nobody_is_silence_with_or_without_noise_and_clicks() {
    for background in [silence(5000), noise(5000, -50.0, 3), noise(5000, -38.0, 4)] {
        let mut samples = background;
        samples[9_000..9_080].fill(20_000);
        let (events, verdict) = listen(&samples);
        assert_eq!(verdict, Some(Who::Silence), "{events:?}");
        let [GreetingEvent::Verdict { at_ms: 4000, .. }] = events[..] else {
            panic!("{events:?}")
        };
    }
}

#[test]
fn sit_before_an_announcement_is_sit_and_not_a_machine() {
    let tones = Tone::sit(SitKind::VacantCode).samples();
    let (events, verdict) = listen(&[silence(200), tones, speech(4000, -12.0)].concat());
    assert_eq!(verdict, Some(Who::Sit(SitKind::VacantCode)), "{events:?}");
    assert!(events.iter().any(|e| matches!(
        e,
        GreetingEvent::Signal {
            signal: Signal::Sit(_),
            ..
        }
    )));
}

#[test]
fn a_far_end_that_stops_sending_has_ended_its_greeting() {
    let mut detector = GreetingDetector::new(GreetingSettings::default());
    let mut events = Vec::new();
    detector.push(&speech(500, -12.0), |e| events.push(e));
    detector.push_silence(500, |e| events.push(e));
    assert!(
        matches!(events[..], [_, GreetingEvent::GreetingEnded { .. }, _]),
        "{events:?}"
    );
    assert!(detector.is_finished());
}

#[test]
fn the_spoken_prompts_are_told_apart() {
    for (name, expected) in [
        ("greeting-human-1", Who::Person),
        ("greeting-human-2", Who::Person),
        ("greeting-human-3", Who::Person),
        ("greeting-human-4", Who::Person),
        ("greeting-machine-1", Who::Machine),
        ("greeting-machine-2", Who::Machine),
        ("greeting-machine-3", Who::Machine),
        ("sit", Who::Sit(SitKind::VacantCode)),
    ] {
        let path = format!("{}/../../prompts/{name}.wav", env!("CARGO_MANIFEST_DIR"));
        let prompt = crate::Prompt::from_wav(&path).unwrap();
        assert_eq!(prompt, prompts::builtin(name).unwrap());
        for (gain, floor) in [(1.0, -80.0), (0.2, -55.0)] {
            let voice: Vec<i16> = prompt
                .samples()
                .iter()
                .map(|s| (f32::from(*s) * gain) as i16)
                .collect();
            let whole = [silence(400), voice, silence(1500)].concat();
            let background = noise(whole.len() as u32 / 8, floor, 5);
            let heard: Vec<i16> = mix(whole, &background)
                .iter()
                .map(|s| crate::Law::Pcmu.decode(crate::Law::Pcmu.encode(*s)))
                .collect();
            let (events, verdict) = listen(&heard);
            assert_eq!(verdict, Some(expected), "{name} at {gain}: {events:?}");
        }
    }
}
