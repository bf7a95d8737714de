//! Key presses.

use carillon_media::dtmf;
use carillon_media::meter::tone_db;
use carillon_media::tone::sine;
use carillon_media::{DtmfPolicy, Law, LegOptions, MediaEvent, RelayError, Remote};
use std::time::Instant;

use crate::phone::*;

#[test]
fn a_key_press_is_reported_once_and_reaches_the_other_leg() {
    let (relay, events) = start(4, 1);
    let mut caller = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let agent = Phone::connect(&relay, Law::Pcma, LegOptions::default());
    relay.bridge(caller.leg, agent.leg).unwrap();
    caller.send(&sine(1000.0, -12.0, 20));
    agent.hear_audio(1);
    for (ends, duration) in [(0u8, 160u8), (0x80, 240), (0x80, 240), (0x80, 240)] {
        caller.send_event(5_000, [1, ends | 10, 0, duration]);
    }
    caller.send_event(9_000, [11, 0x80 | 10, 3, 0x20]);
    let mut pressed = Vec::new();
    wait_for(&events, |event| {
        if let MediaEvent::Dtmf {
            leg,
            digit,
            duration_ms,
        } = event
        {
            pressed.push((*leg, *digit, *duration_ms));
        }
        (pressed.last()?.1 == '#').then_some(())
    });
    assert_eq!(pressed, [(caller.leg, '1', 30), (caller.leg, '#', 100)]);
    let mut receiver = dtmf::Receiver::default();
    let mut digits = String::new();
    for _ in 0..5 {
        let (header, payload) = agent.hear();
        assert_eq!(header.payload_type, 101);
        let presses = receiver.push(Instant::now(), header.timestamp, &payload);
        digits.extend(presses.into_iter().flatten().map(|press| press.digit));
    }
    assert_eq!(digits, "1#");
}

#[test]
fn absorbed_keys_are_reported_but_not_passed_on_and_leave_no_hole() {
    let (relay, events) = start(5, 1);
    let options = LegOptions {
        dtmf: DtmfPolicy::Absorb,
        ..LegOptions::default()
    };
    let mut agent = Phone::connect(&relay, Law::Pcmu, options);
    let caller = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    relay.bridge(caller.leg, agent.leg).unwrap();
    agent.send(&sine(1000.0, -12.0, 20));
    agent.send_event(5_000, [10, 0x80 | 10, 3, 0x20]);
    agent.send(&sine(1000.0, -12.0, 20));
    let (first, second) = (caller.hear().0, caller.hear().0);
    assert_eq!(
        (second.payload_type, second.sequence),
        (0, first.sequence.wrapping_add(1))
    );
    wait_for(&events, |event| {
        matches!(event, MediaEvent::Dtmf { digit: '*', .. }).then_some(())
    });
}

#[test]
fn sent_keys_arrive_as_events_or_as_tones() {
    let (relay, events) = start(6, 1);
    let phone = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let far = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    // Leg to leg over the loopback: the relay is its own far end.
    relay
        .set_remote(phone.leg, Remote::new(far.relay_port, Law::Pcmu))
        .unwrap();
    relay
        .set_remote(far.leg, Remote::new(phone.relay_port, Law::Pcmu))
        .unwrap();
    relay.send_dtmf(phone.leg, "19*").unwrap();
    let mut digits = String::new();
    wait_for(&events, |event| {
        if let MediaEvent::Dtmf { leg, digit, .. } = event {
            assert_eq!(*leg, far.leg);
            digits.push(*digit);
        }
        (digits.len() == 3).then_some(())
    });
    assert_eq!(digits, "19*");
    assert!(matches!(
        relay.send_dtmf(phone.leg, "1x"),
        Err(RelayError::BadDigit('x'))
    ));

    let plain = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let mut remote = Remote::new(plain.address(), Law::Pcmu);
    remote.dtmf_payload_type = None;
    relay.set_remote(plain.leg, remote).unwrap();
    relay.send_dtmf(plain.leg, "5").unwrap();
    let heard = plain.hear_audio(5);
    assert!(tone_db(&heard, 770.0) > -14.0 && tone_db(&heard, 1336.0) > -14.0);
}

/// A phone that was just told where to send may press keys before the relay has been told whom to
/// believe.
#[test]
fn keys_pressed_before_the_far_end_is_known_are_not_lost() {
    let (relay, events) = start(24, 1);
    let port = relay.open_leg(LegOptions::default()).unwrap();
    let mut phone = Phone::bare(port.leg, port.address, Law::Pcmu, 0x1000);
    phone.send(&sine(1000.0, -12.0, 100));
    phone.send_event(9_000, [10, 0x80 | 10, 3, 0x20]);
    // An answer says that the thread has had its turn with what arrived.
    relay.stats(port.leg).unwrap();
    relay.stats(port.leg).unwrap();
    phone.send_event(17_000, [1, 0x80 | 10, 3, 0x20]);
    let remote = Remote::new(phone.address(), Law::Pcmu);
    relay.set_remote(port.leg, remote).unwrap();
    let mut digits = String::new();
    wait_for(&events, |event| {
        if let MediaEvent::Dtmf { digit, .. } = event {
            digits.push(*digit);
        }
        (digits == "*1").then_some(())
    });
    assert_eq!(relay.stats(port.leg).unwrap().strangers, 0);
}

/// A fifth of all packets is lost, among them ends and beginnings of presses.
#[test]
fn every_key_is_told_and_passed_on_once_under_loss() {
    let (relay, events) = start(21, 2);
    let mut caller = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let agent = Phone::connect(&relay, Law::Pcma, LegOptions::default());
    relay.bridge(caller.leg, agent.leg).unwrap();
    caller.send(&sine(1000.0, -12.0, 20));
    agent.hear_audio(1);
    let digits = "0123456789*#159357";
    let (mut number, mut sent) = (0u32, 1);
    let mut presses = dtmf::Sender::default();
    presses.queue(digits).unwrap();
    let mut stamp = 0;
    let mut clock = caller.header.timestamp;
    while let Some(frame) = presses.next_frame(160) {
        clock = clock.wrapping_add(160);
        let lost = [2, 7, 13, 16][..].contains(&(number * 7 % 20));
        number += 1;
        let dtmf::Outgoing::Event { payload, first } = frame else {
            continue;
        };
        stamp = if first { clock } else { stamp };
        if lost {
            caller.header.sequence = caller.header.sequence.wrapping_add(1);
        } else {
            caller.send_event(stamp, payload);
            sent += 1;
        }
    }
    caller.header.timestamp = clock.wrapping_add(160);
    caller.send(&sine(1000.0, -12.0, 20));
    let mut told = String::new();
    wait_for(&events, |event| {
        if let MediaEvent::Dtmf { digit, .. } = event {
            told.push(*digit);
        }
        (told.len() >= digits.len()).then_some(())
    });
    assert_eq!(told, digits);
    let mut receiver = dtmf::Receiver::default();
    let mut heard = String::new();
    for _ in 0..sent {
        let (header, payload) = agent.hear();
        if header.payload_type == 101 {
            let presses = receiver.push(Instant::now(), header.timestamp, &payload);
            heard.extend(presses.into_iter().flatten().map(|press| press.digit));
        }
    }
    let last = receiver.poll(Instant::now() + dtmf::LOST_END);
    heard.extend(last.map(|press| press.digit));
    assert_eq!(heard, digits);
}
