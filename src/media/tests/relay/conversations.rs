//! Conferences, listening in, whispering, tones under a conversation.

use carillon_media::meter::{level_db, tone_db};
use carillon_media::rtp::Header;
use carillon_media::tone::sine;
use carillon_media::{Law, LegOptions, MediaEvent, PlayOptions, Prompt, Relay, dtmf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::phone::*;

type Heard = Vec<(Header, Vec<u8>)>;

/// Phones that all speak, each its own tone, one packet every 20 ms, and keep what they hear.
struct Room {
    relay: Relay,
    talking: Arc<AtomicBool>,
    phones: Vec<JoinHandle<Heard>>,
}

const TONES: [f32; 4] = [400.0, 900.0, 1_500.0, 2_300.0];
const LAWS: [Law; 4] = [Law::Pcmu, Law::Pcma, Law::Pcmu, Law::Pcma];

impl Room {
    /// Lets phones talk while `act` arranges who hears whom; gives what each heard.
    fn talk(
        hundred: u16,
        phones: usize,
        act: impl FnOnce(&Relay, &[carillon_media::LegId]),
    ) -> Vec<Heard> {
        let (relay, _events) = start(hundred, 2);
        let mut room = Self {
            relay: relay.clone(),
            talking: Arc::new(AtomicBool::new(true)),
            phones: Vec::new(),
        };
        let mut legs = Vec::new();
        for index in 0..phones {
            let phone = Phone::connect(&relay, LAWS[index], LegOptions::default());
            legs.push(phone.leg);
            room.speak(phone, TONES[index]);
        }
        act(&room.relay, &legs);
        room.talking.store(false, Ordering::Relaxed);
        room.phones
            .into_iter()
            .map(|phone| phone.join().unwrap())
            .collect()
    }

    fn speak(&mut self, mut phone: Phone, hz: f32) {
        let talking = Arc::clone(&self.talking);
        self.phones.push(std::thread::spawn(move || {
            let second = sine(hz, -16.0, 1_000);
            phone.socket.set_nonblocking(true).unwrap();
            let mut heard = Vec::new();
            let mut due = Instant::now();
            for frame in second.chunks(160).cycle() {
                if !talking.load(Ordering::Relaxed) {
                    break;
                }
                phone.send(frame);
                heard.extend(phone.heard_so_far());
                due += Duration::from_millis(20);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            heard
        }));
    }
}

/// What a phone heard, as samples.
fn audio(law: Law, heard: &Heard) -> Vec<i16> {
    heard
        .iter()
        .filter(|(header, _)| header.payload_type == law.static_payload_type())
        .flat_map(|(_, octets)| octets.iter().map(|code| law.decode(*code)))
        .collect()
}

/// A quarter of a second at the end in which just these tones are heard, at their level. In
/// the half second before the end no other tone is; a busy machine may make holes, no tones.
fn hears(law: Law, heard: &Heard, expected: &[usize]) {
    let samples = audio(law, heard);
    let end = samples.len();
    let newest = &samples[end.saturating_sub(4_000)..];
    for index in (0..4).filter(|index| !expected.contains(index)) {
        let level = tone_db(newest, TONES[index]);
        assert!(level < -36.0, "tone {index} at {level} dB");
    }
    let all = -16.0 + 10.0 * (expected.len() as f32).log10();
    let clean = |window: &[i16]| {
        let levels = expected.iter().map(|index| tone_db(window, TONES[*index]));
        levels.into_iter().all(|level| (level + 16.0).abs() < 1.0)
            && (level_db(window) - all).abs() < 1.0
    };
    let windows = samples[end / 2..].windows(2_000).step_by(400);
    assert!(
        windows.into_iter().any(clean),
        "{expected:?} not heard together"
    );
}

fn one_stream(heard: &[(Header, Vec<u8>)]) {
    for pair in heard.windows(2) {
        let (a, b) = (pair[0].0, pair[1].0);
        assert_eq!(b.ssrc, a.ssrc);
        assert_eq!(b.sequence, a.sequence.wrapping_add(1));
        let step = b.timestamp.wrapping_sub(a.timestamp);
        assert!((160..8_000).contains(&step), "timestamp steps by {step}");
    }
}

fn for_ms(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

#[test]
fn a_conference_of_three_hears_the_others_and_not_itself() {
    let heard = Room::talk(13, 3, |relay, legs| {
        for (index, leg) in legs.iter().enumerate() {
            let others: Vec<_> = (0..3).filter(|n| *n != index).map(|n| legs[n]).collect();
            relay.hear(*leg, &others).unwrap();
        }
        for_ms(1_500);
    });
    for (index, heard) in heard.iter().enumerate() {
        let others: Vec<usize> = (0..3).filter(|n| *n != index).collect();
        hears(LAWS[index], heard, &others);
        one_stream(heard);
    }
}

#[test]
fn a_supervisor_listens_whispers_and_barges_in() {
    // Customer 0, agent 1, supervisor 2.
    let heard = Room::talk(14, 3, |relay, legs| {
        relay.bridge(legs[0], legs[1]).unwrap();
        relay.hear(legs[2], &[legs[0], legs[1]]).unwrap();
        for_ms(1_200);
    });
    hears(LAWS[0], &heard[0], &[1]);
    hears(LAWS[1], &heard[1], &[0]);
    hears(LAWS[2], &heard[2], &[0, 1]);

    let heard = Room::talk(15, 3, |relay, legs| {
        relay.bridge(legs[0], legs[1]).unwrap();
        for_ms(600);
        relay.hear(legs[2], &[legs[0], legs[1]]).unwrap();
        relay.hear(legs[1], &[legs[0], legs[2]]).unwrap();
        for_ms(1_500);
    });
    hears(LAWS[0], &heard[0], &[1]);
    hears(LAWS[1], &heard[1], &[0, 2]);
    hears(LAWS[2], &heard[2], &[0, 1]);
    heard.iter().for_each(|heard| one_stream(heard));
    let customer = &heard[0];
    let whispered = customer
        .iter()
        .flat_map(|(_, octets)| octets.iter().map(|c| LAWS[0].decode(*c)));
    let whispered: Vec<i16> = whispered.collect();
    assert!(tone_db(&whispered, TONES[2]) < -45.0, "not for a moment");
}

#[test]
fn joining_and_leaving_a_conference_leaves_one_stream_without_holes() {
    let heard = Room::talk(16, 3, |relay, legs| {
        relay.bridge(legs[0], legs[1]).unwrap();
        for _ in 0..4 {
            for_ms(300);
            relay.hear(legs[0], &[legs[1], legs[2]]).unwrap();
            for_ms(300);
            relay.hear(legs[0], &[legs[1]]).unwrap();
        }
        for_ms(600);
    });
    let first = &heard[0];
    one_stream(first);
    let span = first[first.len() - 1]
        .0
        .timestamp
        .wrapping_sub(first[0].0.timestamp);
    let packets = first.len() as u32 - 1;
    // Eight changes: each may cost a frame, and none may bring a burst.
    let meant = span / 160;
    assert!(
        meant.abs_diff(packets) <= 8,
        "{packets} packets for {meant} frames of time"
    );
    hears(LAWS[0], first, &[1]);
}

#[test]
fn a_tone_under_a_conversation_is_heard_with_it() {
    let heard = Room::talk(17, 2, |relay, legs| {
        relay.bridge(legs[0], legs[1]).unwrap();
        for_ms(300);
        let tone = Prompt::from_samples(sine(TONES[3], -16.0, 5_000));
        relay
            .play_under(legs[0], &tone, PlayOptions::default())
            .unwrap();
        for_ms(1_200);
    });
    hears(LAWS[0], &heard[0], &[1, 3]);
    hears(LAWS[1], &heard[1], &[0]);
    one_stream(&heard[0]);
}

#[test]
fn keys_reach_the_others_of_a_conference_once() {
    let (relay, events) = start(18, 2);
    let mut legs: Vec<Phone> = LAWS[..3]
        .iter()
        .map(|law| Phone::connect(&relay, *law, LegOptions::default()))
        .collect();
    let ids: Vec<_> = legs.iter().map(|phone| phone.leg).collect();
    relay.hear(ids[1], &[ids[0], ids[2]]).unwrap();
    relay.hear(ids[2], &[ids[0], ids[1]]).unwrap();
    relay.stats(ids[1]).unwrap();
    relay.stats(ids[2]).unwrap();
    relay.stats(ids[0]).unwrap();
    legs[0].send(&sine(400.0, -16.0, 40));
    for (stamp, key) in [(5_000, 4u8), (7_000, 11)] {
        for (ends, duration) in [
            (0u8, 160u8),
            (0, 200),
            (0x80, 240),
            (0x80, 240),
            (0x80, 240),
        ] {
            legs[0].send_event(stamp, [key, ends | 10, 0, duration]);
        }
    }
    let mut told = String::new();
    wait_for(&events, |event| {
        if let MediaEvent::Dtmf { leg, digit, .. } = event {
            assert_eq!(*leg, ids[0]);
            told.push(*digit);
        }
        (told == "4#").then_some(())
    });
    for phone in &legs[1..] {
        let mut receiver = dtmf::Receiver::default();
        let mut digits = String::new();
        let mut last: Option<Header> = None;
        for _ in 0..200 {
            if digits == "4#" {
                break;
            }
            let (header, payload) = phone.hear();
            let follows = last.is_none_or(|l| header.sequence == l.sequence.wrapping_add(1));
            assert!(follows, "one stream");
            last = Some(header);
            if header.payload_type == 101 {
                let presses = receiver.push(Instant::now(), header.timestamp, &payload);
                digits.extend(presses.into_iter().flatten().map(|press| press.digit));
            }
        }
        assert_eq!(digits, "4#");
    }
}
