use super::*;
use crate::prompts;
use crate::tone::{Segment, Tone, sine};
use proptest::prelude::*;

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
fn every_kind_of_sit_is_told_at_every_level_offset_and_law() {
    for kind in SitKind::ALL {
        for level in [-40.0, -24.0, -6.0] {
            for offset in [0, 31, 80, 159] {
                for law in [crate::Law::Pcmu, crate::Law::Pcma] {
                    let tones = Tone::sit(kind).at_level(level).samples();
                    let heard = [vec![0; 1600 + offset], tones, speech(2000, -12.0)].concat();
                    let (events, verdict) = listen(&through(law, &heard));
                    let case = format!("{kind:?} {level} {offset} {law:?}: {events:?}");
                    assert_eq!(verdict, Some(Who::Sit(kind)), "{case}");
                    assert!(
                        !events
                            .iter()
                            .any(|e| matches!(e, GreetingEvent::Beep { .. }))
                    );
                }
            }
        }
    }
}

#[test]
fn other_tones_orders_and_lengths_are_no_sit() {
    let s = |hz: f32, ms: u32| sine(hz, -20.0, ms);
    let rest = silence(400);
    for heard in [
        Tone::busy().samples().repeat(4),
        Tone::ringback().samples(),
        Tone::beep().samples(),
        [s(1776.7, 330), s(1400.0, 330), s(950.0, 330)].concat(),
        [s(950.0, 330), s(1776.7, 330)].concat(),
        [s(950.0, 1000), s(1400.0, 1000), s(1800.0, 1000)].concat(),
        [s(950.0, 90), s(1400.0, 90), s(1800.0, 90)].concat(),
        [
            &s(950.0, 330)[..],
            &rest,
            &s(1400.0, 330),
            &rest,
            &s(1800.0, 330),
        ]
        .concat(),
        (0..40u8)
            .flat_map(|i| s(300.0 + 60.0 * f32::from(i), 40))
            .collect(),
    ] {
        let heard = signals(&[heard, silence(500)].concat());
        assert!(
            !heard.iter().any(|s| matches!(s, Signal::Sit(_))),
            "{heard:?}"
        );
    }
}

#[test]
fn a_beep_of_any_pitch_and_length_is_found_after_speech() {
    for hz in (400..=2_200).step_by(75) {
        for ms in [100, 150, 250, 500, 1000, 2000] {
            for level in [-30.0, -10.0] {
                let beep = Tone::new([Segment::single(hz as f32, ms)])
                    .at_level(level)
                    .samples();
                let heard = [speech(700, -12.0), silence(400), beep, silence(1400)].concat();
                let heard = mix(through(crate::Law::Pcma, &heard), &noise(4600, -55.0, 9));
                let found = beeps(&heard);
                let [(pitch, length)] = found[..] else {
                    panic!("{hz} Hz, {ms} ms, {level}: {found:?}")
                };
                assert!(pitch.abs_diff(hz) <= 4, "{hz} Hz, {ms} ms: {pitch}");
                assert!(length.abs_diff(ms) <= 40, "{hz} Hz, {ms} ms: {length}");
            }
        }
    }
}

#[test]
fn key_presses_busy_and_ringing_are_no_beeps() {
    for digit in "0123456789*#ABCD".chars() {
        let press = Tone::dtmf(digit).unwrap().samples();
        let heard = [
            speech(700, -12.0),
            silence(400),
            press.repeat(3),
            silence(1500),
        ]
        .concat();
        assert_eq!(beeps(&heard), [], "{digit}");
    }
    for (hz, cycle) in [
        (&[425.0][..], &[480u32, 480][..]),
        (&[400.0], &[375, 375]),
        (&[480.0, 620.0], &[500, 500]),
        (&[440.0, 480.0], &[2000, 4000]),
    ] {
        let heard = [speech(700, -12.0), cadence(hz, cycle, 4), silence(300)].concat();
        assert_eq!(beeps(&heard), [], "{hz:?}");
    }
}

#[test]
fn a_steady_or_gliding_voice_is_no_tone() {
    // Vowels: harmonics of 90 to 500 Hz under two formants, even and gliding.
    for pitch in (90..=500).step_by(10) {
        for glide in [0.0, 0.06, -0.1] {
            let mut phase = 0.0f32;
            let vowel: Vec<i16> = (0..8 * 900)
                .map(|n| {
                    let t = n as f32 / 8000.0;
                    phase += pitch as f32 * (1.0 + glide * t) / 8000.0;
                    let sum: f32 = (1..=12)
                        .map(|h| {
                            let hz = pitch as f32 * h as f32;
                            let formant =
                                |at: f32, wide: f32| 1.0 / (1.0 + ((hz - at) / wide).powi(2));
                            let gain = formant(350.0, 120.0) + 0.5 * formant(900.0, 150.0) + 0.02;
                            gain * (std::f32::consts::TAU * phase * h as f32).sin()
                        })
                        .sum();
                    (sum * 5000.0 * (t * 8.0).min(1.0)) as i16
                })
                .collect();
            let heard = [vowel, silence(1400)].concat();
            assert_eq!(beeps(&heard), [], "{pitch} Hz, glide {glide}");
            assert_eq!(signals(&heard), [], "{pitch} Hz, glide {glide}");
        }
    }
}

#[test]
fn every_country_s_cadences_mean_what_they_mean_there() {
    for cadence_of in plans::CADENCES {
        let hz: Vec<f32> = cadence_of.hz.into_iter().filter(|hz| *hz > 0.0).collect();
        let heard = cadence(&hz, cadence_of.cycle, 4);
        let wanted = match cadence_of.means {
            plans::Progress::Ringback => Signal::Ringback,
            plans::Progress::Busy => Signal::Busy,
            plans::Progress::Congestion => Signal::Congestion,
        };
        let found = signals_of(cadence_of.plan, &heard);
        assert_eq!(found, [wanted], "{cadence_of:?}");
        // Without a plan, ringing is still told from refusing.
        let any = signals(&heard);
        let ringing = |s: &Signal| *s == Signal::Ringback;
        assert_eq!(
            any.iter().all(ringing),
            wanted == Signal::Ringback,
            "{cadence_of:?}: {any:?}"
        );
        assert_eq!(any.len(), 1, "{cadence_of:?}: {any:?}");
    }
}

#[test]
fn ringing_modulated_by_a_low_tone_is_ringing() {
    for (plan, by, cycle) in [
        (TonePlan::Japan, 16.0, &[1000u32, 2000][..]),
        (TonePlan::India, 25.0, &[400, 200, 400, 2000]),
    ] {
        let mut heard = silence(400);
        for (place, ms) in cycle.iter().chain(cycle).enumerate() {
            heard.extend((0..ms * 8).map(|n| {
                let t = n as f32 / 8000.0;
                let swell = 0.5 + 0.4 * (std::f32::consts::TAU * by * t).sin();
                let on = if place % 2 == 0 { 4000.0 } else { 0.0 };
                (on * swell * (std::f32::consts::TAU * 400.0 * t).sin()) as i16
            }));
        }
        let heard = mix(heard.clone(), &noise(heard.len() as u32 / 8, -55.0, 5));
        assert_eq!(signals_of(plan, &heard), [Signal::Ringback], "{plan:?}");
        assert_eq!(signals(&heard), [Signal::Ringback], "{plan:?}");
    }
}

#[test]
fn faxes_and_modems_are_named() {
    let ced = |reversals: bool, modulated: bool| -> Vec<i16> {
        (0..8 * 3000)
            .map(|n| {
                let t = n as f32 / 8000.0;
                let sign = if reversals && (n / 3600) % 2 == 1 {
                    -1.0
                } else {
                    1.0
                };
                let depth = if modulated {
                    1.0 + 0.2 * (94.25 * t).sin()
                } else {
                    1.0
                };
                let phase = (2100.0 * f64::from(n) / 8000.0).fract() as f32;
                (6000.0 * sign * depth * (std::f32::consts::TAU * phase).sin()) as i16
            })
            .collect()
    };
    for reversals in [false, true] {
        for modulated in [false, true] {
            let heard = [silence(1800), ced(reversals, modulated), silence(300)].concat();
            let wanted = Signal::Ced {
                reversals,
                modulated,
            };
            assert_eq!(signals(&heard), [wanted]);
            assert_eq!(listen(&heard).1, Some(Who::Fax));
        }
    }
    let cng = [silence(700), sine(1100.0, -20.0, 500), silence(3000)].concat();
    assert_eq!(signals(&cng), [Signal::Cng]);
    assert_eq!(listen(&cng).1, Some(Who::Fax));
    let modem = [silence(700), sine(2225.0, -20.0, 2500)].concat();
    assert_eq!(signals(&modem), [Signal::Modem]);
    assert_eq!(listen(&modem).1, Some(Who::Modem));
}

#[test]
fn chords_without_a_word_are_music() {
    let chord = |base: f32| -> Vec<i16> {
        let notes = [base, base * 1.26, base * 1.5].map(|hz| sine(hz, -22.0, 400));
        (0..3200)
            .map(|n| notes.iter().map(|note| note[n]).sum())
            .collect()
    };
    let heard: Vec<i16> = [220.0, 293.0, 330.0, 220.0, 247.0, 293.0, 330.0, 220.0]
        .into_iter()
        .flat_map(chord)
        .collect();
    assert_eq!(listen(&heard).1, Some(Who::Music));
    assert_eq!(signals(&speech(6000, -12.0)), []);
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

/// A made-up line: speech, pauses, noise and tones in any order.
fn line() -> impl Strategy<Value = Vec<i16>> {
    let part = prop_oneof![
        (100u32..1500, -30.0f32..-6.0).prop_map(|(ms, db)| speech(ms, db)),
        (50u32..1500).prop_map(silence),
        (50u32..800, -60.0f32..-30.0, any::<u64>()).prop_map(|(ms, db, seed)| noise(ms, db, seed)),
        (300.0f32..2400.0, 60u32..1200).prop_map(|(hz, ms)| sine(hz, -20.0, ms)),
    ];
    prop::collection::vec(part, 1..8).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn pieces_of_any_size_give_the_same_events(
        heard in line(),
        pieces in prop::collection::vec(1usize..900, 1..40),
        careful in any::<bool>(),
    ) {
        let mode = if careful { Mode::Careful } else { Mode::Fast };
        let (wanted, verdict) = listen_with(settings(mode), &heard);
        let mut detector = GreetingDetector::new(settings(mode));
        let (mut events, mut rest) = (Vec::new(), &heard[..]);
        for size in pieces.iter().cycle() {
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            detector.push(piece, |e| events.push(e));
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(events, wanted);
        prop_assert_eq!(detector.verdict(), verdict);
    }

    #[test]
    fn one_verdict_at_most_and_a_person_s_follows_an_end(heard in line(), careful in any::<bool>()) {
        let mode = if careful { Mode::Careful } else { Mode::Fast };
        let (events, verdict) = listen_with(settings(mode), &heard);
        let judged: Vec<_> = events.iter().filter_map(|e| match e {
            GreetingEvent::Verdict { who, .. } => Some(*who),
            _ => None,
        }).collect();
        prop_assert!(judged.len() <= 1);
        prop_assert_eq!(judged.first().copied(), verdict);
        if verdict == Some(Who::Person) {
            let ended = events.iter().any(|e| matches!(e, GreetingEvent::GreetingEnded { .. }));
            prop_assert!(ended);
        }
    }

    #[test]
    fn a_louder_or_softer_hello_is_as_human(gain in -18.0f32..5.0, length in 250u32..900) {
        let heard = [silence(400), speech(length, -12.0 + gain), silence(2500)].concat();
        prop_assert_eq!(listen(&heard).1, Some(Who::Person));
    }

    #[test]
    fn any_samples_at_all_are_survived(samples in prop::collection::vec(any::<i16>(), 0..30_000)) {
        let (events, _) = listen(&samples);
        prop_assert!(events.len() < 50);
    }
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
