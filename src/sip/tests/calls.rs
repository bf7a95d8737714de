//! Outgoing and incoming calls over a network that loses, repeats and delays.

mod harness;

use carillon_sip::{EndCause, Event, Reason};
use harness::*;

/// A calls B and B answers.
fn talking(net: &mut Net) -> (carillon_sip::LegKey, carillon_sip::LegKey) {
    let (_, leg) = ringing(net);
    net.at(B, |b, now| b.answer(now, leg, &sdp(B, 5000)).unwrap());
    net.run(50);
    (net.answered(A)[0], leg)
}

#[test]
fn a_call_with_early_media_is_answered_and_hung_up() {
    let mut net = Net::pair();
    let (call, leg) = ringing(&mut net);
    let Some(Event::Incoming(incoming)) = net.seen(B).first().copied() else {
        panic!()
    };
    assert_eq!(
        incoming.request_uri, "sip:%23123@192.0.2.2",
        "octet for octet"
    );
    assert_eq!(
        (incoming.to_user.as_str(), incoming.from_user.as_str()),
        ("#123", "100")
    );
    assert_eq!(incoming.from_display, "Bell \"Co\"");
    assert!(incoming.headers.contains(&("X-Lead-ID".into(), "7".into())));
    assert_eq!(
        incoming.sdp.as_ref().unwrap().audio().unwrap().remote,
        Some(addr("192.0.2.1:4000"))
    );
    net.at(B, |b, now| b.ring(now, leg, 180, None).unwrap());
    net.at(B, |b, now| {
        b.ring(now, leg, 183, Some(&sdp(B, 5000))).unwrap()
    });
    net.run(50);
    net.at(B, |b, now| b.answer(now, leg, &sdp(B, 5000)).unwrap());
    net.run(50);
    let seen = net.seen(A);
    assert!(matches!(seen[0], Event::Trying { call: c } if *c == call));
    let Event::Provisional {
        code: 180,
        sdp: None,
        leg: Some(early),
        ..
    } = seen[1]
    else {
        panic!("{seen:?}")
    };
    assert!(
        matches!(seen[2], Event::Provisional { code: 183, sdp: Some(_), leg, .. } if leg.as_ref() == Some(early))
    );
    let Event::Answered {
        leg: up,
        nth: 0,
        after_cancel: false,
        sdp: answer,
        ..
    } = seen[3]
    else {
        panic!()
    };
    assert_eq!(up, early, "the early dialog became the call");
    assert_eq!(answer.audio().unwrap().remote, Some(addr("192.0.2.2:5000")));
    let up = *up;
    assert_eq!(
        net.count(B, |e| matches!(e, Event::Acked { leg: l, .. } if *l == leg)),
        1
    );
    net.at(A, |a, now| a.bye(now, up, Some(Reason::q850(16, "Normal"))));
    net.run(100);
    assert_eq!(
        net.count(A, is_end(EndCause::LocalBye { confirmed: true })),
        1
    );
    let reasons = net.seen(B).into_iter().find_map(|e| match e {
        Event::Ended {
            cause: EndCause::RemoteBye,
            reasons,
            ..
        } => Some(reasons.clone()),
        _ => None,
    });
    assert_eq!(reasons.unwrap(), [Reason::q850(16, "Normal")]);
    assert_eq!(net.get(A).counters().retransmissions_sent, 0);
    net.run(40_000);
    net.assert_idle(A);
    net.assert_idle(B);
}

#[test]
fn refusals_carry_code_reason_and_retry_after() {
    for (code, phrase) in [(486, ""), (404, "No such number"), (503, ""), (603, "")] {
        let mut net = Net::pair();
        let (call, leg) = ringing(&mut net);
        let headers = [
            (
                "Reason".to_owned(),
                "Q.850;cause=17;text=\"busy\"".to_owned(),
            ),
            ("Retry-After".to_owned(), "30 (soon)".to_owned()),
        ];
        net.at(B, |b, now| {
            b.reject(now, leg, code, phrase, &headers).unwrap()
        });
        net.run(100);
        let f = failure(&net);
        assert_eq!(
            (f.call, f.code, f.timed_out, f.after_cancel),
            (call, code, false, false)
        );
        assert_eq!(f.reasons, [Reason::q850(17, "busy")]);
        assert_eq!(f.retry_after.unwrap().as_secs(), 30);
        if !phrase.is_empty() {
            assert_eq!(f.phrase, phrase);
        }
        assert_eq!(net.sent_by(A, "ACK"), 1);
        net.run(40_000);
        net.assert_idle(A);
        net.assert_idle(B);
    }
}

#[test]
fn a_lost_refusal_is_repeated_and_a_lost_ack_too() {
    for lost in ["486", "ACK"] {
        let mut net = Net::pair();
        let (_, leg) = ringing(&mut net);
        net.first(1, lost, Fate::Drop);
        net.at(B, |b, now| b.reject(now, leg, 486, "", &[]).unwrap());
        net.run(2_000);
        assert_eq!(failure(&net).code, 486);
        assert_eq!(net.sent_by(B, "486"), 2, "{}", net.ladder());
        net.run(40_000);
        net.assert_idle(B);
    }
}

#[test]
fn a_lost_200_and_a_lost_ack_are_repeated() {
    for (lost, n) in [("200 OK (sdp)", 3), ("ACK", 3)] {
        let mut net = Net::pair();
        let (_, leg) = ringing(&mut net);
        net.first(n, lost, Fate::Drop);
        net.at(B, |b, now| b.answer(now, leg, &sdp(B, 5000)).unwrap());
        net.run(10_000);
        assert_eq!(net.answered(A).len(), 1);
        assert_eq!(
            net.count(B, |e| matches!(e, Event::Acked { .. })),
            1,
            "{}",
            net.ladder()
        );
        assert_eq!(net.sent_by(B, "200 OK (sdp)"), 4);
    }
}

#[test]
fn an_ack_that_never_comes_ends_in_bye() {
    let mut net = Net::pair();
    let (_, leg) = ringing(&mut net);
    net.rule(|d| {
        if d.is("ACK") {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    net.at(B, |b, now| b.answer(now, leg, &sdp(B, 5000)).unwrap());
    net.at(B, |b, now| b.bye(now, leg, None));
    net.run(31_000);
    assert_eq!(net.sent_by(B, "BYE"), 0, "not before the ACK (RFC 3261 15)");
    net.run(2_000);
    assert_eq!(net.count(B, is_end(EndCause::AckTimeout)), 1);
    assert_eq!(net.count(A, is_end(EndCause::RemoteBye)), 1);
    net.run(40_000);
    net.assert_idle(A);
    net.assert_idle(B);
}

#[test]
fn a_bye_wished_before_the_ack_follows_it() {
    let mut net = Net::pair();
    let (_, leg) = ringing(&mut net);
    net.first(1, "ACK", Fate::Drop);
    net.at(B, |b, now| b.answer(now, leg, &sdp(B, 5000)).unwrap());
    net.at(B, |b, now| b.bye(now, leg, None));
    net.run(2_000);
    assert_eq!(net.count(A, is_end(EndCause::RemoteBye)), 1);
    assert_eq!(
        net.count(B, is_end(EndCause::LocalBye { confirmed: true })),
        1
    );
}

#[test]
fn a_lost_bye_is_repeated_and_a_silent_peer_given_up() {
    let mut net = Net::pair();
    let (up, _) = talking(&mut net);
    net.first(4, "BYE", Fate::Drop);
    net.at(A, |a, now| a.bye(now, up, None));
    net.run(10_000);
    assert_eq!(net.count(B, is_end(EndCause::RemoteBye)), 1);
    assert_eq!(
        net.count(A, is_end(EndCause::LocalBye { confirmed: true })),
        1
    );

    let mut net = Net::pair();
    let (up, _) = talking(&mut net);
    net.rule(|_| Fate::Drop);
    net.at(A, |a, now| a.bye(now, up, None));
    net.run(31_900);
    assert_eq!(net.count(A, |e| matches!(e, Event::Ended { .. })), 0);
    net.run(200);
    assert_eq!(
        net.count(A, is_end(EndCause::LocalBye { confirmed: false })),
        1
    );
    net.run(40_000);
    net.assert_idle(A);
}

#[test]
fn crossing_byes_end_both_legs_once() {
    let mut net = Net::pair();
    let (a, b) = talking(&mut net);
    net.at(A, |e, now| e.bye(now, a, None));
    net.at(B, |e, now| e.bye(now, b, None));
    net.run(40_000);
    for who in [A, B] {
        assert_eq!(
            net.count(who, |e| matches!(e, Event::Ended { .. })),
            1,
            "{}",
            net.ladder()
        );
        net.assert_idle(who);
    }
}

#[test]
fn silence_ends_by_timer_b() {
    let mut net = Net::new();
    net.add(config(A));
    net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
    net.run(31_999);
    assert_eq!(net.seen(A).len(), 0);
    net.run(1);
    let f = failure(&net);
    assert_eq!((f.code, f.timed_out), (408, true));
    let at: Vec<u64> = net.sent.iter().map(|(ms, _)| *ms).collect();
    assert_eq!(at, [0, 500, 1500, 3500, 7500, 15500, 31500]);
    net.assert_idle(A);
    // Somebody picks up after we have forgotten: acknowledged and hung up, not left on the line.
    let invite = net.inbox[0].bytes.clone();
    net.raw(
        RAW,
        A,
        respond(&invite, "200 OK", "late", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.run(50);
    assert_eq!((net.sent_by(A, "ACK"), net.sent_by(A, "BYE")), (1, 1));
    assert_eq!(net.get(A).counters().stray_answers, 1);
    // The same from somebody who never saw our INVITE draws no answer.
    let forged = String::from_utf8(respond(&invite, "200 OK", "l", RAW_CONTACT, b"")).unwrap();
    net.raw(RAW, A, forged.replace("z9hG4bK0", "z9hG4bK1"));
    net.run(50);
    assert_eq!((net.sent_by(A, "ACK"), net.sent_by(A, "BYE")), (1, 1));
}

#[test]
fn a_call_that_only_rings_is_cancelled_at_the_limit() {
    let mut net = Net::new();
    net.add(config(A));
    let mut patient = open(config(B));
    patient.timers.proceeding_max *= 2;
    net.add(patient);
    let (_, leg) = ringing(&mut net);
    net.at(B, |b, now| b.ring(now, leg, 180, None).unwrap());
    net.run(299_000);
    assert_eq!(net.sent_by(A, "CANCEL"), 0);
    net.run(2_000);
    assert_eq!(net.sent_by(A, "CANCEL"), 1);
    assert_eq!(failure(&net).code, 487);
}

#[test]
fn everything_twice_changes_nothing() {
    let mut net = Net::pair();
    net.rule(|_| Fate::Twice);
    let (a, _) = talking(&mut net);
    net.at(A, |e, now| e.bye(now, a, None));
    net.run(40_000);
    assert_eq!(net.count(A, |e| matches!(e, Event::Answered { .. })), 1);
    assert_eq!(net.count(B, |e| matches!(e, Event::Incoming(_))), 1);
    assert_eq!(net.count(B, |e| matches!(e, Event::Acked { .. })), 1);
    assert_eq!(net.count(B, |e| matches!(e, Event::Ended { .. })), 1);
    net.assert_idle(A);
    net.assert_idle(B);
}

#[test]
fn only_clean_calls_leave() {
    let mut net = Net::pair();
    for bad in ["sip:a b@h", "nonsense", "sip:a@h\r\nX: y", ""] {
        let invite = carillon_sip::Invite {
            request_uri: bad.into(),
            ..to_b()
        };
        assert!(
            net.at(A, |a, now| a.invite(now, invite)).is_err(),
            "{bad:?}"
        );
    }
    for (name, value) in [
        ("Via", "x"),
        ("v", "x"),
        ("X", "a\r\nY: b"),
        ("", "x"),
        ("A B", "x"),
    ] {
        let headers = vec![(name.to_owned(), value.to_owned())];
        let invite = carillon_sip::Invite { headers, ..to_b() };
        assert!(
            net.at(A, |a, now| a.invite(now, invite)).is_err(),
            "{name:?}"
        );
    }
    assert_eq!(net.sent.len(), 0);
}

#[test]
fn limits_refuse_new_calls_on_both_sides() {
    let mut net = Net::new();
    net.add(config(A));
    let mut small = open(config(B));
    small.limits.max_dialogs = 1;
    net.add(small);
    ringing(&mut net);
    net.at(A, |a, now| a.invite(now, to_b()).unwrap());
    net.run(100);
    let f = failure(&net);
    assert_eq!((f.code, f.retry_after.unwrap().as_secs()), (503, 10));
    assert_eq!(net.get(B).counters().rejected_full, 1);

    let mut few = config("192.0.2.3:5060");
    few.limits.max_transactions = 2;
    net.add(few);
    for expected in [true, true, false] {
        let placed = net.at("192.0.2.3:5060", |c, now| c.invite(now, to_b()).is_ok());
        assert_eq!(placed, expected);
    }
}

#[test]
fn a_call_may_have_the_owners_call_id() {
    let mut net = Net::pair();
    let call = net.at(A, |a, now| {
        a.invite_as(now, to_b(), "attempt-17".into()).unwrap()
    });
    assert_eq!(net.get(A).call_id(call), Some("attempt-17"));
    net.run(50);
    assert_eq!(header(&net.sent[0].1.bytes, "Call-ID"), "attempt-17");
    for bad in ["", "a b", "a\r\nX: y"] {
        assert!(
            net.at(A, |a, now| a.invite_as(now, to_b(), bad.into()))
                .is_err()
        );
    }
}
