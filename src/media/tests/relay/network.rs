//! Who is believed, who is gone, and which ports are used.

use carillon_media::meter::tone_db;
use carillon_media::tap::{Tap, TapEvent, Way};
use carillon_media::tone::sine;
use carillon_media::{
    DeadWay, Law, LegOptions, MediaEvent, Relay, RelayConfig, RelayError, Remote,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::phone::*;

#[test]
fn strangers_are_heard_by_no_one_and_counted() {
    let (relay, events) = start(7, 1);
    let mut caller = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let agent = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    relay.bridge(caller.leg, agent.leg).unwrap();
    caller.send(&sine(1000.0, -12.0, 20));
    assert_eq!(first_packet(&events, caller.leg), caller.address());
    agent.hear_audio(1);
    let mut stranger = Phone::bare(caller.leg, caller.relay_port, Law::Pcmu, 0x666);
    stranger.send(&sine(2500.0, -6.0, 200));
    stranger
        .socket
        .send_to(b"not RTP at all", caller.relay_port)
        .unwrap();
    wait_until(|| relay.stats(caller.leg).unwrap().invalid == 1);
    caller.send(&sine(1000.0, -12.0, 100));
    let heard = agent.hear_audio(5);
    assert!(
        (tone_db(&heard, 1000.0) + 12.0).abs() < 0.3,
        "the first packets heard are the caller's"
    );
    let stats = relay.stats(caller.leg).unwrap();
    assert_eq!((stats.strangers, stats.packets_in, stats.lost), (10, 6, 0));
    assert_eq!(stats.remote, Some(caller.address()));
}

/// Who knows everything but the address: SSRC and sequence numbers in step, before the far end's
/// first packet, in floods, and after it has gone silent.
#[test]
fn a_stranger_who_guesses_everything_reaches_no_one() {
    let (relay, events) = start(19, 1);
    let mut caller = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let agent = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let supervisor = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    relay.bridge(caller.leg, agent.leg).unwrap();
    // Heard directly by the agent, mixed by the supervisor, told to a tap, and measured.
    relay
        .hear(supervisor.leg, &[caller.leg, agent.leg])
        .unwrap();
    let (taps, tapped) = crossbeam_channel::unbounded();
    relay
        .tap(
            caller.leg,
            Some(Tap {
                tap: 1,
                events: taps,
            }),
        )
        .unwrap();
    relay.meter(caller.leg, &[2_500.0]).unwrap();
    relay.stats(supervisor.leg).unwrap();

    let host: std::net::IpAddr = "127.0.0.2".parse().unwrap();
    let mut stranger = Phone::bare(caller.leg, caller.relay_port, Law::Pcmu, 0x1000);
    stranger.socket = std::net::UdpSocket::bind((host, 0)).unwrap();
    let scream = sine(2_500.0, -3.0, 100);
    let mut sent = 0;
    // Before the first packet: more than any probation.
    stranger.send(&scream);
    sent += 5;
    wait_until(|| relay.stats(caller.leg).unwrap().strangers == sent);
    assert!(!relay.stats(caller.leg).unwrap().locked);

    let mut heard = Vec::new();
    for round in 0..10 {
        caller.send(&sine(1_000.0, -12.0, 20));
        stranger.header = caller.header;
        stranger.send(&scream);
        sent += 5;
        heard.extend(agent.hear_audio(1));
        if round == 4 {
            (0..20).for_each(|_| stranger.send(&scream));
            sent += 100;
        }
        wait_until(|| relay.stats(caller.leg).unwrap().strangers == sent);
    }
    assert_eq!(first_packet(&events, caller.leg), caller.address());
    let stats = relay.stats(caller.leg).unwrap();
    assert_eq!((stats.packets_in, stats.lost, stats.duplicates), (10, 0, 0));
    assert_eq!(
        stats.remote,
        Some(caller.address()),
        "nothing is sent to the stranger"
    );
    assert!(tone_db(&heard, 2_500.0) < -45.0 && (tone_db(&heard, 1_000.0) + 12.0).abs() < 0.5);
    let mixed: Vec<i16> = supervisor.hear_audio(10);
    assert!(tone_db(&mixed, 2_500.0) < -45.0);
    assert!(relay.levels(caller.leg).unwrap().level_db < -11.0);
    relay.tap(caller.leg, None).unwrap();
    relay.stats(caller.leg).unwrap();
    let mut told = 0;
    for event in tapped.try_iter() {
        if let TapEvent::Chunk(chunk) = event
            && chunk.way == Way::Received
        {
            let samples: Vec<i16> = chunk.octets.iter().map(|c| Law::Pcmu.decode(*c)).collect();
            assert!(tone_db(&samples, 2_500.0) < -45.0);
            told += chunk.packets.len();
        }
    }
    assert_eq!(told, 10);
}

#[test]
fn a_call_that_is_never_answered_by_sound_is_told_as_one_way() {
    let (relay, events) = start(20, 1);
    let options = LegOptions {
        one_way_after: Some(Duration::from_millis(400)),
        ..LegOptions::default()
    };
    let deaf = Phone::connect(&relay, Law::Pcmu, options.clone());
    let mut fine = Phone::connect(&relay, Law::Pcmu, options);
    fine.send(&[0; 160]);
    relay.fill_silence(deaf.leg, true).unwrap();
    relay.fill_silence(fine.leg, true).unwrap();
    let mut stranger = Phone::bare(deaf.leg, deaf.relay_port, Law::Pcmu, 1);
    stranger.socket = std::net::UdpSocket::bind("127.0.0.3:0").unwrap();
    stranger.send(&[0; 480]);
    let told = wait_for(&events, |event| match event {
        MediaEvent::OneWay {
            leg,
            dead,
            sent,
            strangers,
            ..
        } => Some((*leg, *dead, *sent >= 10, *strangers)),
        _ => None,
    });
    assert_eq!(told, (deaf.leg, DeadWay::FromFarEnd, true, 3));
}

#[test]
fn a_phone_behind_nat_is_found_after_its_probation() {
    let (relay, events) = start(8, 1);
    let options = LegOptions {
        allow_relearn: true,
        ..LegOptions::default()
    };
    let port = relay.open_leg(options).unwrap();
    let announced: SocketAddr = "192.0.2.77:4000".parse().unwrap();
    relay
        .set_remote(port.leg, Remote::new(announced, Law::Pcmu))
        .unwrap();
    let mut phone = Phone::bare(port.leg, port.address, Law::Pcmu, 5);
    phone.send(&sine(1000.0, -12.0, 60));
    assert_eq!(first_packet(&events, port.leg), phone.address());
    relay.fill_silence(port.leg, true).unwrap();
    phone.hear_audio(1);
}

#[test]
fn a_dead_phone_is_noticed_once_and_its_return_too() {
    let (relay, events) = start(11, 1);
    let silent_after = Some(Duration::from_millis(60));
    let options = LegOptions {
        silent_after,
        ..LegOptions::default()
    };
    let mut phone = Phone::connect(&relay, Law::Pcmu, options);
    let silent = |event: &MediaEvent| match event {
        MediaEvent::Silent { silent_for, .. } => Some(*silent_for),
        MediaEvent::Resumed { .. } => panic!("resumed before it was silent"),
        _ => None,
    };
    assert!(wait_for(&events, silent) >= Duration::from_millis(60));
    phone.send(&[0; 160]);
    wait_for(&events, |event| match event {
        MediaEvent::Silent { .. } => panic!("silent twice in one gap"),
        MediaEvent::Resumed { .. } => Some(()),
        _ => None,
    });
    assert!(wait_for(&events, silent) >= Duration::from_millis(60));
}

#[test]
fn ports_are_even_run_out_with_a_clear_error_and_come_back() {
    let mut config = RelayConfig::new(LOOPBACK, Arc::new(Instant::now), 1);
    config.ports = 14_501..=14_507;
    let (relay, _events) = Relay::start(config).unwrap();
    let legs: Vec<_> = (0..3)
        .map(|_| relay.open_leg(LegOptions::default()).unwrap())
        .collect();
    let mut ports: Vec<u16> = legs.iter().map(|leg| leg.address.port()).collect();
    ports.sort_unstable();
    assert_eq!(ports, [14_502, 14_504, 14_506]);
    let error = relay.open_leg(LegOptions::default()).unwrap_err();
    assert_eq!(error.code(), "media.ports_exhausted");
    assert!(error.to_string().contains("3 in use"), "{error}");
    relay.bridge(legs[0].leg, legs[1].leg).unwrap();
    relay.close(legs[0].leg).unwrap();
    assert_eq!(relay.peer(legs[1].leg), None);
    let mut reopened = None;
    wait_until(|| {
        reopened = relay.open_leg(LegOptions::default()).ok();
        reopened.is_some()
    });
    let reopened = reopened.unwrap();
    assert_eq!(reopened.address.port(), legs[0].address.port());
    assert_ne!(reopened.leg, legs[0].leg);
    assert!(matches!(
        relay.close(legs[0].leg),
        Err(RelayError::UnknownLeg(_))
    ));
    let again = relay.bridge(reopened.leg, reopened.leg);
    assert!(matches!(again, Err(RelayError::SelfBridge(_))));
}

#[test]
fn stopping_frees_everything_and_later_calls_say_so() {
    let mut config = RelayConfig::new(LOOPBACK, Arc::new(Instant::now), 1);
    config.ports = 14_600..=14_601;
    let (relay, events) = Relay::start(config.clone()).unwrap();
    let leg = relay.open_leg(LegOptions::default()).unwrap().leg;
    relay.stop();
    assert!(matches!(relay.stats(leg), Err(RelayError::Stopped)));
    assert!(matches!(
        relay.open_leg(LegOptions::default()),
        Err(RelayError::Stopped)
    ));
    assert!(
        events.recv().is_err(),
        "the event channel ends with the relay"
    );
    drop(relay);
    let (next, _events) = Relay::start(config).unwrap();
    next.open_leg(LegOptions::default()).unwrap();
}

#[test]
fn settings_that_can_not_work_name_themselves() {
    let refuse = |change: fn(&mut RelayConfig)| {
        let mut config = RelayConfig::new(LOOPBACK, Arc::new(Instant::now), 1);
        change(&mut config);
        let error = Relay::start(config).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), "media.relay_config");
        error.to_string()
    };
    assert!(refuse(|c| c.threads = 0).contains("`threads`"));
    assert!(refuse(|c| c.ports = 40_001..=40_001).contains("`ports`"));
    assert!(refuse(|c| c.bind = "0.0.0.0".parse().unwrap()).contains("`advertised`"));
    assert!(refuse(|c| c.bind = "192.0.2.1".parse().unwrap()).contains("`bind`"));
}
