//! Far ends that say that they are silent (RFC 3389).

use carillon_media::meter::{level_db, tone_db};
use carillon_media::rtp::Header;
use carillon_media::tone::sine;
use carillon_media::{Law, LegOptions, MediaEvent, Remote};
use std::time::Duration;

use crate::phone::*;

/// -45 dBov, in dB of a full-scale sine.
const LEVEL: u8 = 45;
const LEVEL_DB: f32 = 3.01 - 45.0;

#[test]
fn a_told_silence_is_filled_with_noise_for_who_knows_no_comfort_noise() {
    let (relay, events) = start(40, 2);
    let options = LegOptions {
        silent_after: Some(Duration::from_millis(100)),
        ..LegOptions::default()
    };
    let mut caller = Phone::connect(&relay, Law::Pcmu, options.clone());
    let agent = Phone::connect(&relay, Law::Pcma, LegOptions::default());
    // A nailed-up line, which is otherwise kept up with silence of ours.
    relay.fill_silence(agent.leg, true).unwrap();
    relay.bridge(caller.leg, agent.leg).unwrap();
    caller.send(&sine(1_000.0, -12.0, 20));
    caller.send_noise(&[LEVEL], 1_000);
    let mut heard = Vec::new();
    let mut stamps = Vec::new();
    // What was sent before the caller spoke is not looked at.
    while heard.len() < 50 * 160 {
        let (header, payload) = agent.hear();
        let samples: Vec<i16> = payload.iter().map(|c| Law::Pcma.decode(*c)).collect();
        let spoke = tone_db(&samples, 1_000.0) > -20.0;
        if spoke || !stamps.is_empty() {
            stamps.push((header.sequence, header.timestamp));
        }
        // A loaded machine may fill up with silence before it comes to the news of it.
        let noise = !spoke && level_db(&samples) > LEVEL_DB - 4.0;
        if !stamps.is_empty() && (noise || !heard.is_empty()) {
            heard.extend_from_slice(&samples);
        }
    }
    let noise = level_db(&heard);
    assert!((noise - LEVEL_DB).abs() < 1.0, "{noise} dB of {LEVEL_DB}");
    for frame in heard.chunks_exact(160) {
        assert!(level_db(frame) > LEVEL_DB - 4.0, "a hole in the noise");
    }
    for pair in stamps.windows(2) {
        assert_eq!(pair[1].0, pair[0].0.wrapping_add(1));
        assert!(pair[1].1.wrapping_sub(pair[0].1) % 160 == 0);
    }
    // A second of it, and nobody takes the caller for gone.
    let gone =
        |event: MediaEvent| matches!(event, MediaEvent::Silent { leg, .. } if leg == caller.leg);
    assert!(!events.try_iter().any(gone));
    let stats = relay.stats(caller.leg).unwrap();
    assert_eq!((stats.lost, stats.packets_in), (0, 2));
    // Speech ends it.
    caller.send(&sine(1_000.0, -12.0, 20));
    loop {
        let (header, payload) = agent.hear();
        let samples: Vec<i16> = payload.iter().map(|c| Law::Pcma.decode(*c)).collect();
        if tone_db(&samples, 1_000.0) > -20.0 {
            assert!(header.marker, "speech begins");
            break;
        }
    }
    // Who stops without a word is gone as ever.
    wait_for(&events, |event| match event {
        MediaEvent::Silent { leg, .. } => (*leg == caller.leg).then_some(()),
        _ => None,
    });
}

#[test]
fn a_told_silence_is_passed_on_to_who_knows_comfort_noise() {
    let (relay, _events) = start(41, 1);
    let mut caller = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let agent = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let remote = Remote {
        comfort_payload_type: Some(13),
        ..Remote::new(agent.address(), Law::Pcmu)
    };
    relay.set_remote(agent.leg, remote).unwrap();
    relay.bridge(caller.leg, agent.leg).unwrap();
    relay.stats(agent.leg).unwrap();
    caller.send(&sine(1_000.0, -12.0, 20));
    caller.send_noise(&[LEVEL, 90, 130], 3_000);
    let (speech, silence) = (agent.hear(), agent.hear());
    assert_eq!((speech.0.payload_type, silence.0.payload_type), (0, 13));
    assert_eq!(silence.1, [LEVEL, 90, 130]);
    assert_eq!(silence.0.sequence, speech.0.sequence.wrapping_add(1));
    assert_eq!(silence.0.timestamp, speech.0.timestamp.wrapping_add(160));
    // Told again now and then, though nothing comes, and nothing else is sent meanwhile.
    let again = agent.hear();
    assert_eq!((again.0.payload_type, again.1), (13, vec![LEVEL, 90, 130]));
    let passed = again.0.timestamp.wrapping_sub(silence.0.timestamp);
    assert!((8_000..40_000).contains(&passed), "{passed}");
    caller.send(&sine(1_000.0, -12.0, 20));
    let spoken = std::iter::repeat_with(|| agent.hear().0).find(|h| h.payload_type == 0);
    assert!(spoken.unwrap().marker);
}

#[test]
fn a_told_silence_is_heard_in_a_mix_and_is_no_loss() {
    let (relay, _events) = start(42, 1);
    let mut caller = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let agent = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let supervisor = Phone::connect(&relay, Law::Pcma, LegOptions::default());
    relay
        .hear(supervisor.leg, &[caller.leg, agent.leg])
        .unwrap();
    relay.stats(supervisor.leg).unwrap();
    caller.send(&sine(1_000.0, -12.0, 20));
    caller.send_noise(&[LEVEL], 5_000);
    wait_until(|| relay.stats(caller.leg).unwrap().packets_in == 2);
    // Past the tone: half a second of what goes on.
    let heard = supervisor.hear_audio(40);
    let noise = level_db(&heard[15 * 160..]);
    assert!((noise - LEVEL_DB).abs() < 1.0, "{noise} dB of {LEVEL_DB}");
    let stats = relay.stats(caller.leg).unwrap();
    assert_eq!((stats.lost, stats.discarded_late), (0, 0));
    assert!(stats.concealed_ms <= 20, "{}", stats.concealed_ms);
}

#[test]
fn a_key_pressed_in_a_told_silence_reaches_the_other_side_whole() {
    let (relay, events) = start(43, 1);
    let mut caller = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let agent = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    relay.bridge(caller.leg, agent.leg).unwrap();
    caller.send(&[0; 160]);
    caller.send_noise(&[LEVEL], 200);
    agent.hear_audio(5);
    let stamp = caller.header.timestamp;
    for length in [160u16, 320, 480] {
        let [high, low] = length.to_be_bytes();
        caller.send_event(stamp, [7, 10, high, low]);
    }
    caller.send_event(stamp, [7, 0x80 | 10, 2, 0x80]);
    let digit = wait_for(&events, |event| match event {
        MediaEvent::Dtmf { digit, .. } => Some(*digit),
        _ => None,
    });
    assert_eq!(digit, '7');
    let keys: Vec<u32> = std::iter::repeat_with(|| agent.hear().0)
        .filter(|header| header.payload_type == 101)
        .map(|header| header.timestamp)
        .take(4)
        .collect();
    assert!(
        keys.iter().all(|stamp| *stamp == keys[0]),
        "one press: {keys:?}"
    );
}

#[test]
fn speech_ends_a_told_silence_whoever_speaks_and_what_it_overtook_does_not() {
    let (relay, _events) = start(47, 1);
    let mut caller = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let agent = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    relay.bridge(caller.leg, agent.leg).unwrap();
    let tone = sine(1_000.0, -12.0, 20);
    let speaks = || tone_db(&agent.hear_audio(1), 1_000.0) > -20.0;
    caller.send(&tone);
    assert!(speaks());
    // The last packet of the speech comes after the news of its end.
    let overtaken = caller.header;
    caller.header.sequence += 1;
    caller.header.timestamp += 160;
    caller.send_noise(&[LEVEL], 400);
    let after = caller.header;
    caller.header = overtaken;
    caller.send(&tone);
    assert!((0..20).all(|_| !speaks()), "the silence goes on");
    // Somebody else on the same line: another source, with numbers of its own.
    caller.header = Header {
        ssrc: 0x7777,
        sequence: after.sequence.wrapping_sub(20_000),
        ..after
    };
    caller.send(&tone);
    assert!((0..50).any(|_| speaks()), "a new source is heard");
}
