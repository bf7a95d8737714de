//! Tones of the network and of equipment.

use super::*;
use crate::tone::sine;

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
