//! The relay on real loopback sockets, two plain sockets as its phones. Every test waits for
//! what it expects, never for a fixed time.
#![allow(
    clippy::disallowed_methods,
    reason = "the relay is handed the real clock here"
)]

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use carillon_media::dtmf;
use carillon_media::meter::{level_db, tone_db};
use carillon_media::rtp::{Header, Packet};
use carillon_media::tone::sine;
use carillon_media::{
    DtmfPolicy, GreetingEvent, GreetingSettings, Law, LegId, LegOptions, MediaEvent, PlayOptions,
    Prompt, Relay, RelayConfig, RelayError, Remote, Repeat,
};
use crossbeam_channel::Receiver;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Generous: a loaded machine is slow, a broken relay never answers.
const PATIENCE: Duration = Duration::from_secs(20);

/// Ports no other test of this run uses: each test takes its own hundred.
fn start(hundred: u16, threads: usize) -> (Relay, Receiver<MediaEvent>) {
    let mut config = RelayConfig::new(LOOPBACK, Arc::new(Instant::now), 42);
    config.ports = 41_000 + hundred * 100..=41_099 + hundred * 100;
    config.threads = threads;
    Relay::start(config).unwrap()
}

/// A telephone: sends what it is told, keeps what it hears.
struct Phone {
    socket: UdpSocket,
    leg: LegId,
    relay_port: SocketAddr,
    law: Law,
    header: Header,
}

impl Phone {
    fn connect(relay: &Relay, law: Law, options: LegOptions) -> Self {
        let port = relay.open_leg(options).unwrap();
        let phone = Self::bare(port.leg, port.address, law, 0x1000);
        let remote = Remote::new(phone.address(), law);
        relay.set_remote(port.leg, remote).unwrap();
        // An answer says that its thread knows the far end; another thread's bridge may need it.
        relay.stats(port.leg).unwrap();
        phone
    }

    fn bare(leg: LegId, relay_port: SocketAddr, law: Law, ssrc: u32) -> Self {
        let socket = UdpSocket::bind((LOOPBACK, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let payload_type = law.static_payload_type();
        let header = Header {
            marker: false,
            payload_type,
            sequence: 7,
            timestamp: 70,
            ssrc,
        };
        Self {
            socket,
            leg,
            relay_port,
            law,
            header,
        }
    }

    fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    fn send(&mut self, samples: &[i16]) {
        for frame in samples.chunks(160) {
            let mut payload = vec![0; frame.len()];
            self.law.encode_into(frame, &mut payload);
            self.socket
                .send_to(&self.header.packet(&payload), self.relay_port)
                .unwrap();
            self.header.sequence = self.header.sequence.wrapping_add(1);
            self.header.timestamp = self.header.timestamp.wrapping_add(160);
        }
    }

    fn send_event(&mut self, timestamp: u32, payload: [u8; 4]) {
        let header = Header {
            payload_type: 101,
            timestamp,
            ..self.header
        };
        self.socket
            .send_to(&header.packet(&payload), self.relay_port)
            .unwrap();
        self.header.sequence = self.header.sequence.wrapping_add(1);
    }

    fn hear(&self) -> (Header, Vec<u8>) {
        let mut buffer = [0; 2048];
        let (length, from) = self
            .socket
            .recv_from(&mut buffer)
            .expect("a packet in time");
        assert_eq!(
            from, self.relay_port,
            "packets come from the port in the SDP"
        );
        let packet = Packet::parse(&buffer[..length]).unwrap();
        (packet.header, packet.payload.to_vec())
    }

    fn hear_audio(&self, packets: usize) -> Vec<i16> {
        let mut samples = Vec::new();
        for _ in 0..packets {
            let (header, payload) = self.hear();
            assert_eq!(header.payload_type, self.law.static_payload_type());
            samples.extend(payload.iter().map(|code| self.law.decode(*code)));
        }
        samples
    }
}

fn wait_for<T>(
    events: &Receiver<MediaEvent>,
    mut wanted: impl FnMut(&MediaEvent) -> Option<T>,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let event = events.recv_deadline(deadline).expect("the event in time");
        if let Some(found) = wanted(&event) {
            return found;
        }
    }
}

fn wait_until(mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "not in time");
        std::thread::yield_now();
    }
}

fn first_packet(events: &Receiver<MediaEvent>, leg: LegId) -> SocketAddr {
    wait_for(events, |event| match event {
        MediaEvent::FirstPacket { leg: of, source } if *of == leg => Some(*source),
        _ => None,
    })
}

#[test]
fn a_bridge_carries_tones_both_ways_across_a_change_of_law_and_threads() {
    let (relay, _events) = start(0, 2);
    let mut caller = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let mut agent = Phone::connect(&relay, Law::Pcma, LegOptions::default());
    relay.bridge(caller.leg, agent.leg).unwrap();
    assert_eq!(relay.peer(agent.leg), Some(caller.leg));
    for (law, hz) in [(Law::Pcmu, 1004.0f32), (Law::Pcma, 420.0)] {
        let tone = sine(hz, -10.0, 400);
        let heard = if law == Law::Pcmu {
            caller.send(&tone);
            agent.hear_audio(20)
        } else {
            agent.send(&tone);
            caller.hear_audio(20)
        };
        assert!(
            (tone_db(&heard, hz) + 10.0).abs() < 0.3,
            "{law:?}: {}",
            tone_db(&heard, hz)
        );
        assert!(
            (level_db(&heard) + 10.0).abs() < 0.3,
            "nothing else is heard"
        );
    }
}

#[test]
fn the_agent_sees_one_stream_through_silence_prompt_bridge_and_silence() {
    let (relay, events) = start(1, 1);
    let agent = Phone::connect(&relay, Law::Pcma, LegOptions::default());
    let mut caller = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let mut heard: Vec<(Header, Vec<u8>)> = Vec::new();
    let is_silence = |payload: &[u8]| payload.iter().all(|code| *code == Law::Pcma.silence());
    relay.fill_silence(agent.leg, true).unwrap();
    heard.extend((0..5).map(|_| agent.hear()));
    assert!(heard.iter().all(|(_, payload)| is_silence(payload)));

    let zip = Prompt::from_samples(sine(600.0, -12.0, 100));
    relay
        .play(
            agent.leg,
            &zip,
            PlayOptions {
                tag: 9,
                ..PlayOptions::default()
            },
        )
        .unwrap();
    wait_for(&events, |event| {
        (*event == ended(agent.leg, 9, true)).then_some(())
    });
    let before = heard.len();
    while heard[before..]
        .iter()
        .filter(|(_, p)| !is_silence(p))
        .count()
        < 5
    {
        heard.push(agent.hear());
    }
    relay.bridge(caller.leg, agent.leg).unwrap();
    caller.send(&sine(1000.0, -12.0, 100));
    let before = heard.len();
    while heard[before..]
        .iter()
        .filter(|(_, p)| !is_silence(p))
        .count()
        < 5
    {
        heard.push(agent.hear());
    }
    relay.unbridge(agent.leg).unwrap();
    heard.extend((0..10).map(|_| agent.hear()));
    assert!(is_silence(&heard.last().unwrap().1));

    for pair in heard.windows(2) {
        let (a, b) = (pair[0].0, pair[1].0);
        assert_eq!(b.ssrc, a.ssrc);
        assert_eq!(b.sequence, a.sequence.wrapping_add(1));
        let step = b.timestamp.wrapping_sub(a.timestamp);
        assert!(
            step >= 160 && step % 160 == 0 && step < 8000,
            "timestamp steps by {step}"
        );
    }
}

fn ended(leg: LegId, tag: u64, completed: bool) -> MediaEvent {
    MediaEvent::PlayEnded {
        leg,
        tag,
        completed,
    }
}

#[test]
fn prompts_keep_pace_repeat_and_can_be_replaced_and_stopped() {
    let (relay, events) = start(2, 1);
    let phone = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let prompt = Prompt::from_samples(sine(500.0, -6.0, 500));
    let options = PlayOptions {
        repeat: Repeat::Times(2),
        tag: 1,
    };
    let began = Instant::now();
    relay.play(phone.leg, &prompt, options).unwrap();
    wait_for(&events, |event| {
        (*event == ended(phone.leg, 1, true)).then_some(())
    });
    // 50 frames, the first at once: never faster than the clock.
    assert!(began.elapsed() >= Duration::from_millis(49 * 20));
    let heard = phone.hear_audio(50);
    assert!((tone_db(&heard, 500.0) + 6.0).abs() < 0.3);
    let forever = PlayOptions {
        repeat: Repeat::Forever,
        tag: 2,
    };
    relay.play(phone.leg, &prompt, forever).unwrap();
    phone.hear_audio(60);
    relay
        .play(phone.leg, &prompt, PlayOptions { tag: 3, ..forever })
        .unwrap();
    relay.stop_play(phone.leg).unwrap();
    let mut wanted = VecDeque::from([ended(phone.leg, 2, false), ended(phone.leg, 3, false)]);
    wait_for(&events, |event| {
        if wanted.front() == Some(event) {
            wanted.pop_front();
        }
        wanted.is_empty().then_some(())
    });
}

#[test]
fn a_prompt_takes_the_line_from_the_bridge_and_gives_it_back() {
    let (relay, events) = start(3, 1);
    let mut caller = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    let agent = Phone::connect(&relay, Law::Pcmu, LegOptions::default());
    relay.bridge(caller.leg, agent.leg).unwrap();
    let prompt = Prompt::from_samples(sine(600.0, -12.0, 200));
    relay
        .play(agent.leg, &prompt, PlayOptions::default())
        .unwrap();
    let mut heard = agent.hear_audio(1);
    caller.send(&sine(1500.0, -12.0, 40));
    heard.extend(agent.hear_audio(9));
    assert!((tone_db(&heard, 600.0) + 12.0).abs() < 0.5);
    assert!(
        tone_db(&heard, 1500.0) < -45.0,
        "the caller is not heard under the prompt"
    );
    wait_for(&events, |event| {
        (*event == ended(agent.leg, 0, true)).then_some(())
    });
    caller.send(&sine(1500.0, -12.0, 100));
    assert!((tone_db(&agent.hear_audio(5), 1500.0) + 12.0).abs() < 0.5);
}

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
fn a_greeting_is_followed_even_when_the_far_end_stops_sending() {
    let (relay, events) = start(9, 1);
    let mut callee = Phone::connect(&relay, Law::Pcma, LegOptions::default());
    relay
        .watch_greeting(callee.leg, GreetingSettings::default())
        .unwrap();
    callee.send(
        carillon_media::prompts::builtin("greeting-human-1")
            .unwrap()
            .samples(),
    );
    wait_for(&events, |event| match event {
        MediaEvent::Greeting {
            leg,
            event: GreetingEvent::GreetingEnded { .. },
        } => {
            assert_eq!(*leg, callee.leg);
            Some(())
        }
        MediaEvent::Greeting {
            event: GreetingEvent::NoSpeech { .. },
            ..
        } => panic!("deaf"),
        _ => None,
    });
}

#[test]
fn levels_measure_what_a_leg_receives() {
    let (relay, _events) = start(10, 1);
    let mut phone = Phone::connect(&relay, Law::Pcma, LegOptions::default());
    assert_eq!(relay.levels(phone.leg).unwrap().blocks, 0);
    relay.meter(phone.leg, &[440.0, 1000.0]).unwrap();
    phone.send(&sine(1000.0, -20.0, 300));
    wait_until(|| relay.levels(phone.leg).unwrap().blocks == 3);
    let levels = relay.levels(phone.leg).unwrap();
    assert!((levels.level_db + 20.0).abs() < 0.3, "{levels:?}");
    assert!(
        (levels.tones[1].1 + 20.0).abs() < 0.3 && levels.tones[0].1 < -50.0,
        "{levels:?}"
    );
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
    config.ports = 42_501..=42_506;
    let (relay, _events) = Relay::start(config).unwrap();
    let legs: Vec<_> = (0..3)
        .map(|_| relay.open_leg(LegOptions::default()).unwrap())
        .collect();
    let mut ports: Vec<u16> = legs.iter().map(|leg| leg.address.port()).collect();
    ports.sort_unstable();
    assert_eq!(ports, [42_502, 42_504, 42_506]);
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
    config.ports = 42_600..=42_601;
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
