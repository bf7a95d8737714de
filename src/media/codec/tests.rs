use super::*;
use audio_codec::Encoder as _;
use audio_codec::g722::{G722Decoder, G722Encoder};

use crate::meter::{level_db, tone_db};
use crate::tone;

const ALL: [Codec; 4] = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus];

/// Through encoder and decoder in packets of 20 ms, with every `lost`th packet missing and
/// repaired from the next where that is possible, else concealed or silent.
fn through(codec: Codec, samples: &[i16], lost: usize) -> (Vec<i16>, usize) {
    let mut encoder = Encoder::new(codec, OpusSettings::default());
    let mut decoder = Decoder::new(codec);
    let packets: Vec<Vec<u8>> = samples
        .chunks_exact(160)
        .map(|frame| {
            let mut octets = [0; MAX_OCTETS];
            let length = encoder.encode(frame, &mut octets).unwrap();
            octets[..length].to_vec()
        })
        .collect();
    let mut heard = Vec::new();
    let mut recovered = 0;
    for (n, packet) in packets.iter().enumerate() {
        let mut out = [0; MAX_SAMPLES];
        if lost > 0 && n % lost == lost - 1 {
            let next = packets.get(n + 1).map_or(&[][..], Vec::as_slice);
            if decoder.recover(next, &mut out[..160]) {
                recovered += 1;
            } else {
                decoder.conceal(&mut out[..160]);
            }
            heard.extend_from_slice(&out[..160]);
            continue;
        }
        let length = decoder.decode(packet, &mut out).unwrap();
        assert_eq!(length, 160, "{codec:?}");
        heard.extend_from_slice(&out[..length]);
    }
    (heard, recovered)
}

/// A stand-in for speech: harmonics of a wandering pitch under three formants, in syllables.
pub(crate) fn vowels(ms: u32) -> Vec<i16> {
    let mut phase = 0f64;
    (0..ms * 8)
        .map(|i| {
            let t = f64::from(i) / 8000.0;
            let pitch = 120.0 + 25.0 * (t * 5.0).sin();
            phase += std::f64::consts::TAU * pitch / 8000.0;
            let syllable = ((t * 9.0).sin() * 0.5 + 0.5).powi(2);
            let sum: f64 = (1..28)
                .map(|n| {
                    let hz = pitch * f64::from(n);
                    let near = |at: f64, wide: f64| (-((hz - at) / wide).powi(2)).exp();
                    let shift = 150.0 * (t * 3.0).sin();
                    let gain = near(600.0 + shift, 180.0)
                        + 0.5 * near(1300.0 - shift, 250.0)
                        + 0.25 * near(2500.0, 350.0);
                    gain * (phase * f64::from(n)).sin()
                })
                .sum();
            (sum * syllable * 4_000.0).clamp(-32_000.0, 32_000.0) as i16
        })
        .collect()
}

#[test]
fn tones_keep_their_level_through_every_codec() {
    for codec in ALL {
        for (hz, within) in [(300.0, 0.5), (1000.0, 0.5), (3000.0, 1.0)] {
            for level in [-6.0, -16.0, -30.0] {
                let (heard, _) = through(codec, &tone::sine(hz, level, 1000), 0);
                let got = tone_db(&heard[1600..], hz);
                assert!(
                    (got - level).abs() < within,
                    "{codec:?} {hz} Hz {level} dB: {got}"
                );
            }
        }
    }
}

#[test]
fn speech_keeps_its_level_and_silence_stays_silent() {
    let said = vowels(2000);
    for codec in ALL {
        let (heard, _) = through(codec, &said, 0);
        let change = level_db(&heard[1600..]) - level_db(&said[1600..]);
        assert!(change.abs() < 0.5, "{codec:?}: {change}");
        let (quiet, _) = through(codec, &[0; 16_000], 0);
        assert!(level_db(&quiet) < -60.0, "{codec:?}");
    }
}

/// What we send must sound right to a telephone that hears 7 kHz, and what it sends to us.
#[test]
fn g722_of_ours_is_right_in_a_wideband_telephone_and_the_other_way_round() {
    let telephone = |sound: &[i16]| {
        let mut encoder = Encoder::new(Codec::G722, OpusSettings::default());
        let mut wide = G722Decoder::new();
        let mut heard = Vec::new();
        for frame in sound.chunks_exact(160) {
            let mut octets = [0; 160];
            assert_eq!(encoder.encode(frame, &mut octets), Ok(160));
            heard.extend(wide.decode_frame(&octets));
        }
        heard
    };
    for hz in [300.0, 1000.0, 3000.0] {
        let heard = telephone(&tone::sine(hz, -16.0, 1000));
        assert_eq!(heard.len(), 16_000);
        // Measured at half the frequency, as the meter believes in 8 kHz.
        let got = tone_db(&heard[3200..], hz / 2.0);
        let image = tone_db(&heard[3200..], 4000.0 - hz / 2.0);
        assert!(image < -50.0, "{hz} Hz: {image} dB at {} Hz", 8000.0 - hz);
        assert!((got + 16.0).abs() < 0.5, "{hz} Hz to a telephone: {got}");
        let wide: Vec<i16> = tone::sine(hz / 2.0, -16.0, 2000);
        let mut encoder = G722Encoder::new();
        let mut decoder = Decoder::new(Codec::G722);
        let mut heard = Vec::new();
        for frame in wide.chunks_exact(320) {
            let (mut octets, mut out) = ([0; 200], [0; MAX_SAMPLES]);
            let length = encoder.encode_into(frame, &mut octets).unwrap();
            assert_eq!(length, 160);
            let length = decoder.decode(&octets[..length], &mut out).unwrap();
            heard.extend_from_slice(&out[..length]);
        }
        let got = tone_db(&heard[1600..], hz);
        assert!((got + 16.0).abs() < 0.5, "{hz} Hz from a telephone: {got}");
    }
}

#[test]
fn lost_opus_packets_are_repaired_from_the_next_one() {
    let said = vowels(4000);
    let (whole, _) = through(Codec::Opus, &said, 0);
    let (repaired, recovered) = through(Codec::Opus, &said, 10);
    assert!(recovered > 10, "{recovered} of 20 recovered");
    let error: Vec<i16> = whole
        .iter()
        .zip(&repaired)
        .map(|(a, b)| a.saturating_sub(*b))
        .collect();
    let below = level_db(&whole) - level_db(&error);
    assert!(
        below > 10.0,
        "repaired speech is {below} dB above its error"
    );
}

#[test]
fn clocks_are_what_rfc_3551_and_7587_say() {
    let ticks = ALL.map(|codec| (codec.clock_hz(), 160 * codec.ticks_per_sample()));
    assert_eq!(
        ticks,
        [(8000, 160), (8000, 160), (8000, 160), (48_000, 960)]
    );
}

#[test]
fn wrong_frames_are_refused_and_named() {
    let mut encoder = Encoder::new(Codec::Opus, OpusSettings::default());
    let error = encoder.encode(&[0; 240], &mut [0; MAX_OCTETS]).unwrap_err();
    assert_eq!(
        (error.code(), error),
        ("media.codec_frame", CodecError::Frame { samples: 240 })
    );
    let mut decoder = Decoder::new(Codec::Opus);
    assert_eq!(decoder.decode(&[], &mut [0; 960]), Err(CodecError::Payload));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn any_payload_is_survived(
        payloads in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..200), 1..8),
    ) {
        for codec in ALL {
            let mut decoder = Decoder::new(codec);
            let mut out = [0; MAX_SAMPLES];
            for payload in &payloads {
                let length = decoder.decode(payload, &mut out).unwrap_or(0);
                proptest::prop_assert!(length <= MAX_SAMPLES);
                decoder.recover(payload, &mut out[..160]);
                decoder.conceal(&mut out[..160]);
            }
        }
    }
}
