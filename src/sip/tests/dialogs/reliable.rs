//! 100rel and PRACK (RFC 3262), as caller and as callee.

use carillon_sip::{Event, Invite, LegKey, Reliable, SessionOptions};

use crate::harness::*;
use crate::{last_request, settle};

fn with(reliable: Reliable) -> SessionOptions {
    SessionOptions {
        reliable,
        ..SessionOptions::default()
    }
}

/// A calls B and requires 100rel; B has the call.
fn required(net: &mut Net) -> LegKey {
    let session = with(Reliable::Required);
    net.at(A, |a, now| {
        a.invite(now, Invite { session, ..to_b() }).unwrap()
    });
    net.run(50);
    net.incoming(B)
}

fn provisionals(net: &Net) -> Vec<u16> {
    let seen = net.seen(A).into_iter();
    seen.filter_map(|e| match e {
        Event::Provisional { code, .. } => Some(*code),
        _ => None,
    })
    .collect()
}

#[test]
fn provisional_responses_come_in_order_whatever_is_lost() {
    for (lost, n) in [
        ("", 0),
        ("180", 2),
        ("183", 3),
        ("PRACK", 2),
        ("200 OK (PRACK)", 2),
    ] {
        let mut net = Net::pair();
        let leg = required(&mut net);
        if n > 0 {
            net.first(n, lost, Fate::Drop);
        }
        net.at(B, |b, now| {
            b.ring(now, leg, 180, None).unwrap();
            b.ring(now, leg, 181, None).unwrap();
            b.ring(now, leg, 183, Some(&sdp(B, 5000))).unwrap();
        });
        net.run(20_000);
        assert_eq!(
            provisionals(&net),
            [180, 181, 183],
            "{lost}\n{}",
            net.ladder()
        );
        let numbers: Vec<u64> = net
            .sent
            .iter()
            .filter(|(_, d)| d.is("18"))
            .map(|(_, d)| header(&d.bytes, "RSeq").parse().unwrap())
            .collect();
        let first = numbers[0];
        assert!(numbers.windows(2).all(|w| w[1] == w[0] || w[1] == w[0] + 1));
        assert_eq!(*numbers.last().unwrap(), first + 2);
        let (_, prack) = net.sent.iter().find(|(_, d)| d.is("PRACK")).unwrap();
        assert_eq!(header(&prack.bytes, "RAck"), format!("{first} 1 INVITE"));
        assert_eq!(header(&prack.bytes, "CSeq"), "2 PRACK");
        net.at(B, |b, now| b.answer(now, leg, &sdp(B, 5000)).unwrap());
        net.run(20_000);
        let (_, ok) = net
            .sent
            .iter()
            .find(|(_, d)| d.is("200 OK") && header(&d.bytes, "CSeq").ends_with("INVITE"))
            .unwrap();
        assert_eq!(
            header(&ok.bytes, "Content-Length"),
            "0",
            "the answer was given"
        );
        let a = net.answered(A)[0];
        assert_eq!(net.get(A).remote_sdp(a).unwrap().media[0].port, 5000);
        assert_eq!(net.count(B, |e| matches!(e, Event::Acked { .. })), 1);
        settle(&mut net, a);
    }
}

#[test]
fn the_200_waits_for_the_prack_of_its_answer() {
    let mut net = Net::pair();
    let leg = required(&mut net);
    net.first(3, "PRACK", Fate::Drop);
    net.at(B, |b, now| {
        b.ring(now, leg, 183, Some(&sdp(B, 5000))).unwrap();
        b.answer(now, leg, &sdp(B, 5000)).unwrap();
        assert!(b.answer(now, leg, &sdp(B, 5000)).is_err(), "answered once");
        assert!(b.ring(now, leg, 180, None).is_err());
    });
    net.run(400);
    assert_eq!(net.answered(A).len(), 0);
    net.run(10_000);
    let when = |start: &str| {
        net.sent
            .iter()
            .find(|(_, d)| d.from == addr(B) && carillon_sip::summary(&d.bytes) == start)
            .unwrap()
            .0
    };
    assert!(when("200 OK") >= when("200 OK (PRACK)"), "{}", net.ladder());
    let a = net.answered(A)[0];
    settle(&mut net, a);
}

#[test]
fn a_200_overtakes_a_180_without_sdp() {
    let mut net = Net::pair();
    let leg = required(&mut net);
    net.first(2, "PRACK", Fate::Drop);
    net.at(B, |b, now| {
        b.ring(now, leg, 180, None).unwrap();
        b.answer(now, leg, &sdp(B, 5000)).unwrap();
    });
    net.run(50);
    assert_eq!(net.answered(A).len(), 1);
    net.run(5_000);
    assert_eq!(net.sent_by(B, "180"), 1, "not repeated after the 200");
    assert_eq!(net.sent_by(B, "481"), 0);
    let a = net.answered(A)[0];
    settle(&mut net, a);
}

#[test]
fn the_owner_may_hang_up_or_the_caller_cancel_while_the_200_waits() {
    for cancel in [true, false] {
        let mut net = Net::pair();
        let session = with(Reliable::Required);
        let call = net.at(A, |a, now| {
            a.invite(now, Invite { session, ..to_b() }).unwrap()
        });
        net.run(50);
        let leg = net.incoming(B);
        net.first(2, "183", Fate::Drop);
        net.at(B, |b, now| {
            b.ring(now, leg, 183, Some(&sdp(B, 5000))).unwrap();
            b.answer(now, leg, &sdp(B, 5000)).unwrap();
        });
        net.run(100);
        if cancel {
            net.at(A, |a, now| a.cancel(now, call, None));
        } else {
            net.at(B, |b, now| b.bye(now, leg, None));
        }
        net.run(60_000);
        let ended = net.count(B, |e| matches!(e, Event::Ended { .. }));
        let cancelled = net.count(B, |e| matches!(e, Event::IncomingCancelled { .. }));
        assert_eq!(
            (ended, cancelled),
            if cancel { (0, 1) } else { (1, 0) },
            "{}",
            net.ladder()
        );
        for who in [A, B] {
            net.assert_idle(who);
        }
    }
}

#[test]
fn without_a_prack_the_call_is_refused() {
    let mut net = Net::pair();
    let leg = required(&mut net);
    net.rule(|d| {
        if d.is("PRACK") {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    net.at(B, |b, now| b.ring(now, leg, 180, None).unwrap());
    net.run(31_900);
    assert_eq!(net.sent_by(B, "180"), 7, "T1 doubled, without a cap");
    assert_eq!(net.sent_by(B, "504"), 0);
    net.run(300);
    assert_eq!(
        net.count(B, |e| matches!(e, Event::IncomingCancelled { .. })),
        1
    );
    assert_eq!(failure(&net).code, 504);
    net.run(80_000);
    for who in [A, B] {
        net.assert_idle(who);
    }
}

#[test]
fn pracks_that_match_nothing_are_refused() {
    let mut net = Net::with_raw();
    let body = sdp(RAW, 6000);
    let request = |method: &str, cseq: u32, tag: &str, extra: &str, body: &[u8]| {
        format!(
            "{method} sip:300@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{method}{cseq};rport\r\n\
             From: <sip:r@192.0.2.9>;tag=r\r\nTo: <sip:300@192.0.2.1>{tag}\r\nCall-ID: raw1\r\n\
             CSeq: {cseq} {method}\r\n{RAW_CONTACT}{extra}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{}",
            body.len(),
            String::from_utf8_lossy(body)
        )
    };
    net.raw(
        RAW,
        A,
        request("INVITE", 1, "", "Require: 100rel\r\n", &body),
    );
    net.run(30);
    let leg = net.incoming(A);
    net.at(A, |a, now| a.ring(now, leg, 180, None).unwrap());
    net.run(30);
    let ringing = last_request(&net, "180");
    assert_eq!(header(&ringing, "Require"), "100rel");
    let rseq: u32 = header(&ringing, "RSeq").parse().unwrap();
    let tag = format!(
        ";tag={}",
        header(&ringing, "To").split_once(";tag=").unwrap().1
    );
    for (n, rack, status) in [
        (2, format!("RAck: {} 1 INVITE\r\n", rseq + 1), "481"),
        (3, format!("RAck: {rseq} 2 INVITE\r\n"), "481"),
        (4, format!("RAck: {rseq} 1 BYE\r\n"), "400"),
        (5, String::new(), "400"),
        (6, format!("RAck: {rseq}  1 INVITE\r\n"), "200"),
        (7, format!("RAck: {rseq} 1 INVITE\r\n"), "481"),
    ] {
        net.raw(RAW, A, request("PRACK", n, &tag, &rack, b""));
        net.run(30);
        let got = &net.inbox.last().unwrap().bytes;
        assert!(
            got.starts_with(format!("SIP/2.0 {status}").as_bytes()),
            "{n} {}",
            String::from_utf8_lossy(got)
        );
    }
    net.run(2_000);
    assert_eq!(net.sent_by(A, "180"), 1, "acknowledged, so not repeated");
}

#[test]
fn repeated_and_early_ones_of_a_peer_are_left_out() {
    let mut net = Net::with_raw();
    net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
    net.run(20);
    let invite = last_request(&net, "INVITE");
    assert!(header(&invite, "Supported").contains("100rel"));
    let one = |code: &str, rseq: u32| {
        let extra = format!("{RAW_CONTACT}Require: 100rel\r\nRSeq: {rseq}\r\n");
        respond(&invite, code, "t", &extra, b"")
    };
    for (code, rseq) in [
        ("180 a", 7),
        ("180 a", 7),
        ("182 c", 9),
        ("181 b", 8),
        ("182 c", 9),
        ("180 a", 7),
    ] {
        net.raw(RAW, A, one(code, rseq));
        net.run(20);
    }
    assert_eq!(provisionals(&net), [180, 181, 182]);
    let racks: Vec<String> = net
        .inbox
        .iter()
        .filter(|d| d.is("PRACK"))
        .map(|d| header(&d.bytes, "RAck"))
        .collect();
    assert_eq!(racks, ["7 1 INVITE", "8 1 INVITE", "9 1 INVITE"]);
    // A fork counts for itself.
    let extra = format!("{RAW_CONTACT}Require: 100rel\r\nRSeq: 1\r\n");
    net.raw(RAW, A, respond(&invite, "183 x", "u", &extra, b""));
    net.run(20);
    assert!(header(&last_request(&net, "PRACK"), "To").ends_with(";tag=u"));
    // A refused PRACK does not end the call.
    let prack = last_request(&net, "PRACK");
    net.raw(RAW, A, respond(&prack, "481 x", "", "", b""));
    net.run(20);
    assert_eq!(net.count(A, |e| matches!(e, Event::Failed(_))), 0);
}

#[test]
fn reliability_is_used_where_both_want_it() {
    // (callee's setting, caller's, reliable)
    for (theirs, ours, expected) in [
        (Reliable::Supported, Reliable::Supported, false),
        (Reliable::Supported, Reliable::Required, true),
        (Reliable::Required, Reliable::Supported, true),
        (Reliable::Required, Reliable::Off, false),
    ] {
        let mut net = Net::new();
        net.add(config(A));
        let mut callee = open(config(B));
        callee.session.reliable = theirs;
        net.add(callee);
        let session = with(ours);
        net.at(A, |a, now| {
            a.invite(now, Invite { session, ..to_b() }).unwrap()
        });
        net.run(50);
        let leg = net.incoming(B);
        net.at(B, |b, now| b.ring(now, leg, 180, None).unwrap());
        net.run(50);
        assert_eq!(
            net.sent_by(A, "PRACK") == 1,
            expected,
            "{theirs:?} {ours:?}"
        );
    }
    let mut net = Net::new();
    net.add(config(A));
    let mut callee = open(config(B));
    callee.session.reliable = Reliable::Off;
    net.add(callee);
    let session = with(Reliable::Required);
    net.at(A, |a, now| {
        a.invite(now, Invite { session, ..to_b() }).unwrap()
    });
    net.run(50);
    assert_eq!(failure(&net).code, 420);
}

#[test]
fn an_offer_of_ours_in_a_183_is_answered_in_the_prack() {
    let mut net = Net::with_raw();
    let request = |method: &str, cseq: u32, tag: &str, extra: &str, body: &[u8]| {
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        format!(
            "{method} sip:300@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{method}{cseq};rport\r\n\
             From: <sip:r@192.0.2.9>;tag=r\r\nTo: <sip:300@192.0.2.1>{tag}\r\nCall-ID: raw1\r\n\
             CSeq: {cseq} {method}\r\n{RAW_CONTACT}{extra}{kind}Content-Length: {}\r\n\r\n{}",
            body.len(),
            String::from_utf8_lossy(body)
        )
    };
    net.raw(RAW, A, request("INVITE", 1, "", "Require: 100rel\r\n", b""));
    net.run(30);
    let leg = net.incoming(A);
    net.at(A, |a, now| {
        a.ring(now, leg, 180, None).unwrap();
        a.ring(now, leg, 183, Some(&sdp(A, 4000))).unwrap();
    });
    net.run(30);
    assert_eq!(
        net.sent_by(A, "180"),
        0,
        "it would have had to carry the offer"
    );
    let early = last_request(&net, "183");
    let rseq = header(&early, "RSeq");
    let tag = format!(
        ";tag={}",
        header(&early, "To").split_once(";tag=").unwrap().1
    );
    net.raw(
        RAW,
        A,
        request(
            "PRACK",
            2,
            &tag,
            &format!("RAck: {rseq} 1 INVITE\r\n"),
            &sdp(RAW, 6000),
        ),
    );
    net.run(30);
    net.at(A, |a, now| a.answer(now, leg, &sdp(A, 4000)).unwrap());
    net.run(30);
    let ok = last_request(&net, "200 OK");
    assert_eq!(header(&ok, "Content-Length"), "0");
    net.raw(RAW, A, request("ACK", 1, &tag, "", b""));
    net.run(30);
    let acked = net.seen(A).into_iter().find_map(|e| match e {
        Event::Acked { sdp: Some(sdp), .. } => sdp.audio()?.remote,
        _ => None,
    });
    assert_eq!(acked, Some(addr("192.0.2.9:6000")));
}
