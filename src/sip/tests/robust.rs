//! Hostile octets and bad networks: nothing panics, nothing leaks, both sides agree.

mod harness;

use std::collections::BTreeMap;
use std::time::Duration;

use carillon_sip::message::{Bounds, parse};
use carillon_sip::{
    CallKey, Endpoint, Event, LegKey, RegistrarConfig, Secret, SessionDescription, User, summary,
};
use harness::*;
use proptest::prelude::*;

const INVITE: &str = "INVITE sip:+15550100@192.0.2.1;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa;rport\r\n\
    v: SIP/2.0/UDP h\r\nMax-Forwards: 70\r\nFrom: \"A, B\" <sip:a@x>;tag=1\r\nTo: <sip:+15550100@192.0.2.1>\r\nCall-ID: c@x\r\n\
    CSeq: 1 INVITE\r\nContact: <sip:a@192.0.2.9>\r\nRecord-Route: <sip:p;lr>,\r\n <sip:q;lr>\r\nSubject: fold\r\n  ed\r\n\
    Authorization: Digest username=\"1001\", realm=\"r\", nonce=\"00000000aa\", uri=\"sip:x\", response=\"ff\"\r\n\
    Content-Type: application/sdp\r\nContent-Length: 105\r\n\r\nv=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
    m=audio 6000 RTP/AVP 0 8 101\r\na=sendrecv\r\n";

fn victim() -> Endpoint {
    let mut config = open(config(A));
    let users = vec![User {
        name: "1001".into(),
        secret: Secret::Password("p".into()),
    }];
    config.registrar = Some(RegistrarConfig::new("r", users));
    config.limits.max_dialogs = 50;
    config.session.takes_refer = true;
    Endpoint::new(config)
}

/// Feeds datagrams, answers whatever comes in, and lets all time pass.
fn survive(datagrams: &[Vec<u8>]) {
    let start = start();
    let mut endpoint = victim();
    let _ = endpoint.invite(start, to_raw());
    for (n, bytes) in datagrams.iter().enumerate() {
        let now = start + Duration::from_millis(n as u64 * 7);
        // Both a trusted and a strange source.
        for from in [RAW, "198.51.100.1:9"] {
            endpoint.receive(now, addr(from), bytes);
        }
        let mut legs = Vec::new();
        while let Some(event) = endpoint.poll_event() {
            if let Event::Incoming(call) = event {
                legs.push(call.leg);
            }
        }
        for leg in legs {
            endpoint.ring(now, leg, 180, None).unwrap();
            endpoint.answer(now, leg, &sdp(A, 4000)).unwrap();
        }
        while endpoint.poll_transmit().is_some() {}
    }
    let mut rounds = 0;
    while let Some(at) = endpoint.next_timeout() {
        endpoint.handle_timeout(at);
        rounds += 1;
        assert!(rounds < 10_000, "timers never end");
    }
    let held = endpoint.held();
    assert_eq!(
        (held.legs, held.calls, held.server_transactions, held.timers),
        (0, 0, 0, 0)
    );
}

/// Cuts, repeats, overwrites and inserts.
fn mutate(seed: &[u8], edits: &[(usize, usize, u8, u8)]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for (at, len, value, kind) in edits {
        let at = at % (bytes.len() + 1);
        let end = (at + len).min(bytes.len());
        match kind % 5 {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.insert(at, *value),
            2 => bytes[at..end].fill(*value),
            3 => bytes.truncate(at),
            _ => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
        if bytes.is_empty() {
            bytes.push(*value);
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn random_octets_are_survived(datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..8)) {
        survive(&datagrams);
    }

    #[test]
    fn mutated_messages_are_survived(
        edits in prop::collection::vec(prop::collection::vec((0usize..1500, 0usize..60, any::<u8>(), any::<u8>()), 0..6), 1..10),
        methods in prop::collection::vec(0usize..12, 10),
    ) {
        let names = ["INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "UPDATE", "INFO", "PRACK", "REFER", "NOTIFY", "FOO"];
        let datagrams: Vec<Vec<u8>> = edits.iter().zip(&methods).map(|(edits, m)| {
            mutate(INVITE.replace("INVITE", names[*m]).as_bytes(), edits)
        }).collect();
        survive(&datagrams);
    }

    #[test]
    fn mutated_responses_are_survived(
        edits in prop::collection::vec((0usize..900, 0usize..40, any::<u8>(), any::<u8>()), 0..4),
        code in 100u16..700,
        again in 1usize..4,
    ) {
        let mut net = Net::with_raw();
        net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
        net.run(20);
        let invite = net.inbox[0].bytes.clone();
        let extra = format!("{RAW_CONTACT}Record-Route: <sip:192.0.2.9;lr>\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n");
        let response = respond(&invite, &format!("{code} x"), "t", &extra, &sdp(RAW, 6000));
        let response = mutate(&response, &edits);
        for _ in 0..again {
            net.raw(RAW, A, &response);
        }
        net.run(50);
        for leg in net.answered(A) {
            net.at(A, |a, now| a.bye(now, leg, None));
        }
        net.run(700_000);
        net.assert_idle(A);
        let ends = net.count(A, |e| matches!(e, Event::Failed(_)));
        let answers = net.answered(A).len();
        prop_assert!(ends == 1 && answers == 0 || ends == 0 && answers >= 1, "{} {}", ends, answers);
    }

    #[test]
    fn parse_write_parse_is_stable(edits in prop::collection::vec((0usize..1200, 0usize..60, any::<u8>(), any::<u8>()), 0..8)) {
        let bytes = mutate(INVITE.as_bytes(), &edits);
        if let Ok(first) = parse(&bytes, &Bounds::default())
            && first.defect.is_none()
        {
            let written = first.to_bytes();
            let second = parse(&written, &Bounds::default()).unwrap();
            prop_assert_eq!(second.start, first.start);
            prop_assert_eq!(second.body, first.body);
            prop_assert_eq!(second.to_bytes(), written.clone());
            prop_assert!(!summary(&written).contains('\n'));
        }
    }

    #[test]
    fn any_body_is_survived_as_sdp(edits in prop::collection::vec((0usize..200, 0usize..30, any::<u8>(), any::<u8>()), 0..8)) {
        let bytes = mutate(&sdp(RAW, 6000), &edits);
        if let Ok(parsed) = SessionDescription::parse(&bytes) {
            let ours = SessionDescription::parse(&sdp(A, 4000)).unwrap();
            let _ = parsed.audio();
            if let Ok(answer) = ours.answer_again(&parsed) {
                let back = SessionDescription::parse(&answer.to_bytes()).unwrap();
                prop_assert_eq!(back.media.len(), parsed.media.len());
                prop_assert!(back.audio().is_some());
            }
        }
    }
}

/// A small generator of its own, so that a failing seed can be run again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// What the owners of both ends do at random.
fn act(net: &mut Net, dice: &mut Dice, calls: &[CallKey]) {
    let ringing: Vec<LegKey> = net
        .seen(B)
        .into_iter()
        .filter_map(|e| match e {
            Event::Incoming(call) => Some(call.leg),
            _ => None,
        })
        .collect();
    for leg in ringing {
        match dice.below(12) {
            0 => drop(net.at(B, |b, now| b.reject(now, leg, 486, "", &[]))),
            1 | 2 => drop(net.at(B, |b, now| b.ring(now, leg, 180, None))),
            3 | 4 => drop(net.at(B, |b, now| b.answer(now, leg, &sdp(B, 5000)))),
            5 => net.at(B, |b, now| b.bye(now, leg, None)),
            _ => {}
        }
    }
    for leg in net.answered(A) {
        if dice.below(6) == 0 {
            net.at(A, |a, now| a.bye(now, leg, None));
        }
    }
    for call in calls {
        if dice.below(15) == 0 {
            net.at(A, |a, now| a.cancel(now, *call, None));
        }
    }
}

/// Both views of every call at the end: answered legs by Call-ID.
fn outcome(net: &Net, seed: u64) {
    let mut ends: BTreeMap<(std::net::SocketAddr, LegKey), usize> = BTreeMap::new();
    let mut calls: BTreeMap<CallKey, (usize, usize)> = BTreeMap::new();
    for (_, who, event) in &net.events {
        match event {
            Event::Ended { leg, .. } | Event::IncomingCancelled { leg, .. } => {
                *ends.entry((*who, *leg)).or_default() += 1;
            }
            Event::Answered { call, .. } => calls.entry(*call).or_default().0 += 1,
            Event::Failed(f) => calls.entry(f.call).or_default().1 += 1,
            _ => {}
        }
    }
    assert!(
        ends.values().all(|n| *n == 1),
        "seed {seed}: a leg ended twice"
    );
    for (call, (answers, failures)) in calls {
        assert_eq!(
            answers + failures,
            1,
            "seed {seed} {call:?}: {answers} answers, {failures} failures"
        );
    }
}

#[test]
fn lossy_reordering_networks_leave_no_ghosts() {
    for (loss, seeds) in [(5, 40), (20, 40)] {
        for seed in 1..=seeds {
            let mut net = Net::pair();
            let mut chance = Dice(seed * 7919);
            net.rule(move |_| match chance.below(100) {
                n if n < loss => Fate::Drop,
                n if n < loss + 5 => Fate::Twice,
                n if n < loss + 15 => Fate::Late(chance.below(400)),
                _ => Fate::Deliver,
            });
            let mut dice = Dice(seed);
            let mut calls = Vec::new();
            for _ in 0..30 {
                if calls.len() < 10 {
                    calls.push(net.at(A, |a, now| a.invite(now, to_b()).unwrap()));
                }
                net.run(300);
                act(&mut net, &mut dice, &calls);
            }
            // Everybody hangs up.
            for call in &calls {
                net.at(A, |a, now| a.cancel(now, *call, None));
            }
            for _ in 0..3 {
                net.run(20_000);
                for leg in net.answered(A) {
                    net.at(A, |a, now| a.bye(now, leg, None));
                }
            }
            net.run(400_000);
            outcome(&net, seed);
            for who in [A, B] {
                net.assert_idle(who);
            }
            let placed = calls.len();
            let settled = net.answered(A).len() + net.count(A, |e| matches!(e, Event::Failed(_)));
            assert_eq!(settled, placed, "seed {seed}: every call has an end");
        }
    }
}

#[test]
fn the_same_run_gives_the_same_octets() {
    let run = || {
        let mut net = Net::pair();
        net.at(A, |a, now| a.invite(now, to_b()).unwrap());
        net.run(50);
        let leg = net.incoming(B);
        net.at(B, |b, now| b.answer(now, leg, &sdp(B, 5000)).unwrap());
        net.run(5_000);
        net.sent
            .iter()
            .map(|(ms, d)| (*ms, d.bytes.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}

#[test]
fn odd_datagrams_are_counted() {
    let now = start();
    let mut endpoint = victim();
    let big = [b"OPTIONS sip:a SIP/2.0\r\n".to_vec(), vec![b'x'; 65_536]].concat();
    for bytes in [
        &b"\r\n\r\n"[..],
        b"",
        b"\0\0\0\0",
        b"GET / HTTP/1.1\r\n\r\n",
        &big,
    ] {
        endpoint.receive(now, addr(RAW), bytes);
    }
    let counted = endpoint.counters();
    assert_eq!(
        (
            counted.received,
            counted.keep_alives,
            counted.malformed,
            counted.oversized
        ),
        (5, 3, 1, 1)
    );
    assert!(endpoint.poll_transmit().is_none());
}

#[test]
fn the_seed_message_is_sound() {
    let message = parse(INVITE.as_bytes(), &Bounds::default()).unwrap();
    assert_eq!(message.defect, None);
    let mut endpoint = victim();
    endpoint.receive(start(), addr(RAW), INVITE.as_bytes());
    assert!(matches!(endpoint.poll_event(), Some(Event::Incoming(_))));
}

#[test]
fn answers_with_our_branch_and_no_call_of_ours_change_nothing() {
    for (line, other) in [("Call-ID: ", "Call-ID: x"), (";tag=", ";tag=x")] {
        let mut net = Net::with_raw();
        net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
        net.run(20);
        let invite = net.inbox[0].bytes.clone();
        let right = |status, body: &[u8]| respond(&invite, status, "t", RAW_CONTACT, body);
        let ringing = String::from_utf8(right("180 Ringing", b"")).unwrap();
        net.raw(RAW, A, ringing.replacen(line, other, 1));
        let answer = String::from_utf8(right("200 OK", &sdp(RAW, 6000))).unwrap();
        net.raw(RAW, A, answer.replacen(line, other, 1));
        net.run(20);
        assert!(net.answered(A).is_empty(), "{}", net.ladder());
        // The call itself has noticed nothing, and its BYE finds it.
        net.raw(RAW, A, answer);
        net.run(20);
        let leg = net.answered(A)[0];
        assert_eq!(net.sent_by(A, "ACK"), 1);
        net.at(A, |a, now| a.bye(now, leg, None));
        net.run(20);
        let (_, bye) = net.sent.iter().find(|(_, d)| d.is("BYE")).unwrap();
        assert_eq!(header(&bye.bytes, "Call-ID"), header(&invite, "Call-ID"));
    }
}
