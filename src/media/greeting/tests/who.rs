//! People, machines, nobody.

use super::*;
use crate::prompts;

#[test]
fn a_short_hello_is_a_person_and_its_end_is_timed() {
    let (events, verdict) = listen(&[silence(700), speech(600, -12.0), silence(1500)].concat());
    assert_eq!(verdict, Some(Who::Person));
    let [
        GreetingEvent::SpeechStarted { at_ms },
        GreetingEvent::GreetingEnded {
            total_ms,
            speech_ms,
            ended_at_ms,
            ended_ago_ms,
        },
        GreetingEvent::Verdict { features, .. },
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert!((690..=760).contains(at_ms), "{at_ms}");
    assert!(
        (480..=610).contains(total_ms) && speech_ms <= total_ms,
        "{events:?}"
    );
    assert!((1200..=1310).contains(ended_at_ms), "{events:?}");
    assert!((200..=420).contains(ended_ago_ms), "{events:?}");
    assert!(
        (features.span_ms - *total_ms as f32).abs() < 50.0,
        "{features:?}"
    );
    assert_eq!(features.named().count(), 19);
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
            for length in [300, 600, 900] {
                let voice = [silence(lead), speech(length, level), silence(3000)].concat();
                let total = lead + length + 3000;
                let heard = mix(voice, &noise(total, floor, 7));
                for mode in [Mode::Fast, Mode::Careful] {
                    let (events, verdict) = listen_with(settings(mode), &heard);
                    let case = format!("{level} over {floor}, {lead}+{length}: {events:?}");
                    assert_eq!(verdict, Some(Who::Person), "{case}");
                }
            }
        }
    }
}

#[test]
fn long_talk_is_a_machine_while_it_talks_and_its_silence_is_told() {
    let (events, verdict) = listen(&[silence(500), speech(8000, -12.0), silence(4000)].concat());
    assert_eq!(verdict, Some(Who::Machine));
    let [
        GreetingEvent::SpeechStarted { .. },
        GreetingEvent::Verdict { at_ms, .. },
        GreetingEvent::MachineSilent { silent_ms, .. },
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert!((1500..8500).contains(at_ms), "{at_ms}");
    assert!((2500..=2540).contains(silent_ms), "{silent_ms}");
}

#[test]
fn a_beep_after_the_verdict_is_told_and_then_no_silence() {
    let beep = Tone::new([Segment::single(1400.0, 300)]).samples();
    let talk = speech(7000, -12.0);
    let (events, verdict) = listen(&[talk, silence(800), beep, silence(4000)].concat());
    assert_eq!(verdict, Some(Who::Machine));
    let Some(GreetingEvent::Beep {
        at_ms,
        hz,
        length_ms,
    }) = events.last()
    else {
        panic!("{events:?}")
    };
    assert!(
        (1397..=1403).contains(hz) && (260..=340).contains(length_ms),
        "{events:?}"
    );
    assert!((8000..=8200).contains(at_ms), "{events:?}");
}

#[test]
fn a_short_announcement_with_a_beep_is_a_machine_to_the_careful() {
    let beep = Tone::beep().samples();
    let heard = [
        silence(300),
        speech(1400, -12.0),
        silence(500),
        beep,
        silence(3000),
    ]
    .concat();
    let (events, verdict) = listen_with(settings(Mode::Careful), &heard);
    assert_eq!(verdict, Some(Who::Machine), "{events:?}");
    let ended = events
        .iter()
        .position(|e| matches!(e, GreetingEvent::GreetingEnded { .. }));
    let judged = events
        .iter()
        .position(|e| matches!(e, GreetingEvent::Verdict { .. }));
    assert!(
        ended.unwrap() < judged.unwrap(),
        "the clock does not wait: {events:?}"
    );
}

#[test]
fn off_gives_no_verdict_but_every_end_of_speech() {
    let heard = [speech(600, -12.0), silence(1500)].concat().repeat(3);
    let (events, verdict) = listen_with(settings(Mode::Off), &heard);
    assert_eq!(verdict, None);
    let ends = events
        .iter()
        .filter(|e| matches!(e, GreetingEvent::GreetingEnded { .. }));
    assert_eq!(ends.count(), 3, "{events:?}");
}

#[test]
fn nobody_is_silence_with_or_without_noise_and_clicks() {
    for background in [silence(5000), noise(5000, -50.0, 3), noise(5000, -38.0, 4)] {
        let mut samples = background;
        samples[9_000..9_080].fill(20_000);
        let (events, verdict) = listen(&samples);
        assert_eq!(verdict, Some(Who::Silence), "{events:?}");
        let [
            GreetingEvent::Signal {
                signal: Signal::Silence,
                ..
            },
            GreetingEvent::Verdict { at_ms: 4000, .. },
        ] = events[..]
        else {
            panic!("{events:?}")
        };
    }
}

#[test]
fn a_far_end_that_stops_sending_has_ended_its_greeting() {
    let mut detector = GreetingDetector::new(GreetingSettings::default());
    let mut events = Vec::new();
    detector.push(&speech(500, -12.0), |e| events.push(e));
    detector.push_silence(1500, |e| events.push(e));
    let [
        _,
        GreetingEvent::GreetingEnded { .. },
        GreetingEvent::Verdict {
            who: Who::Person, ..
        },
    ] = events[..]
    else {
        panic!("{events:?}")
    };
    assert!(detector.is_finished());
}

#[test]
fn a_campaign_s_bias_moves_the_verdict_both_ways() {
    let heard = [silence(300), speech(2200, -12.0), silence(3000)].concat();
    let with = |bias: f32| {
        let settings = GreetingSettings {
            bias,
            ..settings(Mode::Fast)
        };
        listen_with(settings, &heard).1
    };
    assert_eq!(with(-20.0), Some(Who::Person));
    assert_eq!(with(20.0), Some(Who::Machine));
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
            let whole = [silence(400), voice, silence(2500)].concat();
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
