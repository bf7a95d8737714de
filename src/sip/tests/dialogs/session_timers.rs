//! RFC 4028: who refreshes, how, and what ends when nobody does.

use std::time::Duration;

use carillon_sip::{EndCause, Event, Invite, Refresher, Reliable, SessionOptions, SessionTimer};

use crate::harness::*;
use crate::{changes, last_request, settle, talking, talking_to_raw, with_timer, within};

fn timer(interval: u64, min: u64, refresher: Refresher) -> Option<SessionTimer> {
    Some(SessionTimer {
        interval: Duration::from_secs(interval),
        min: Duration::from_secs(min),
        refresher,
    })
}

/// When requests that begin so left, ms.
fn times(net: &Net, who: &str, start: &str) -> Vec<u64> {
    let of = |(ms, d): &(u64, Datagram)| (d.from == addr(who) && d.is(start)).then_some(*ms);
    net.sent.iter().filter_map(of).collect()
}

#[test]
fn either_side_refreshes_by_update_as_agreed() {
    for (refresher, who, other) in [(Refresher::Us, A, B), (Refresher::Peer, B, A)] {
        let mut net = Net::new();
        net.add(config(A));
        net.add(open(config(B)));
        let session = SessionOptions {
            timer: timer(200, 90, refresher),
            ..SessionOptions::default()
        };
        net.at(A, |a, now| {
            a.invite(now, Invite { session, ..to_b() }).unwrap()
        });
        net.run(50);
        let b = net.incoming(B);
        net.at(B, |e, now| e.answer(now, b, &sdp(B, 5000)).unwrap());
        net.run(50);
        let a = net.answered(A)[0];
        let ok = net.sent.iter().find(|(_, d)| d.is("200 OK (sdp)")).unwrap();
        let role = if who == A { "uac" } else { "uas" };
        assert_eq!(
            header(&ok.1.bytes, "Session-Expires"),
            format!("200;refresher={role}")
        );
        assert_eq!(header(&ok.1.bytes, "Require"), "timer");
        net.run(1_000_000);
        let updates = times(&net, who, "UPDATE");
        assert_eq!(updates.len(), 9, "{updates:?}");
        assert!(
            updates
                .windows(2)
                .all(|w| (99_900..100_200).contains(&(w[1] - w[0])))
        );
        assert_eq!(net.sent_by(other, "UPDATE"), 0);
        assert_eq!(net.sent_by(A, "INVITE") + net.sent_by(B, "INVITE"), 1);
        assert_eq!(changes(&net, A).len() + changes(&net, B).len(), 0);
        let (_, update) = net.sent.iter().find(|(_, d)| d.is("UPDATE")).unwrap();
        assert_eq!(
            header(&update.bytes, "Session-Expires"),
            "200;refresher=uac"
        );
        settle(&mut net, a);
    }
}

#[test]
fn a_peer_without_update_is_refreshed_by_reinvite() {
    let mut net = Net::with_raw();
    let extra =
        "Allow: INVITE, ACK, BYE\r\nSession-Expires: 100;refresher=uac\r\nRequire: timer\r\n";
    let (a, invite) = talking_to_raw(&mut net, extra);
    assert_eq!(header(&invite, "Session-Expires"), "1800");
    assert_eq!(header(&invite, "Min-SE"), "");
    assert!(header(&invite, "Supported").contains("timer"));
    net.run(50_000);
    let refresh = last_request(&net, "INVITE");
    assert_eq!(header(&refresh, "CSeq"), "2 INVITE");
    assert_eq!(header(&refresh, "Session-Expires"), "100;refresher=uac");
    let body = |m: &[u8]| {
        String::from_utf8_lossy(m)
            .split_once("\r\n\r\n")
            .unwrap()
            .1
            .to_owned()
    };
    assert_eq!(
        body(&refresh),
        body(&invite),
        "the same offer, version and all"
    );
    let extra = format!("{RAW_CONTACT}Session-Expires: 100;refresher=uac\r\n");
    net.raw(
        RAW,
        A,
        respond(&refresh, "200 OK", "", &extra, &sdp(RAW, 6000)),
    );
    net.run(49_000);
    assert_eq!(net.sent_by(A, "INVITE"), 2);
    assert_eq!(net.sent_by(A, "ACK"), 2);
    assert!(changes(&net, A).is_empty(), "nothing changed");
    net.run(1_200);
    assert_eq!(net.sent_by(A, "INVITE"), 3);
    // The answer without Session-Expires ends the timer (RFC 4028 7.4).
    let refresh = last_request(&net, "INVITE");
    net.raw(
        RAW,
        A,
        respond(&refresh, "200 OK", "", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.run(1_000_000);
    assert_eq!(net.sent_by(A, "INVITE"), 3);
    assert_eq!(
        net.get(A).remote_target(a).as_deref(),
        Some("sip:x@192.0.2.9")
    );
}

#[test]
fn update_that_turns_out_to_be_unknown_gives_way_to_reinvite() {
    let mut net = Net::with_raw();
    let extra = "Allow: INVITE, UPDATE\r\nSession-Expires: 100;refresher=uac\r\n";
    talking_to_raw(&mut net, extra);
    net.run(50_000);
    let update = last_request(&net, "UPDATE");
    net.raw(RAW, A, respond(&update, "501 What", "", "", b""));
    net.run(50);
    assert_eq!(header(&last_request(&net, "INVITE"), "CSeq"), "3 INVITE");
}

#[test]
fn a_peer_that_was_to_refresh_and_did_not_is_hung_up() {
    // A third of 90 s before the end, 32 s before longer ones.
    for (interval, end) in [(90, 60_000), (300, 268_000)] {
        let mut net = Net::with_raw();
        let extra = format!("Session-Expires: {interval};refresher=uas\r\nRequire: timer\r\n");
        talking_to_raw(&mut net, &extra);
        net.run(end - 100);
        assert_eq!(net.sent_by(A, "BYE"), 0);
        net.run(200);
        assert_eq!(net.count(A, is_end(EndCause::SessionExpired)), 1);
        let bye = last_request(&net, "BYE");
        assert_eq!(
            header(&bye, "Reason"),
            "SIP;cause=408;text=\"Session expired\""
        );
        net.run(70_000);
        net.assert_idle(A);
    }
    // As callee, too.
    let mut net = Net::new();
    net.add(config(A));
    net.add(open(config(B)));
    let session = SessionOptions {
        timer: timer(90, 90, Refresher::Us),
        ..SessionOptions::default()
    };
    net.at(A, |a, now| {
        a.invite(now, Invite { session, ..to_b() }).unwrap()
    });
    net.run(50);
    let b = net.incoming(B);
    net.at(B, |e, now| e.answer(now, b, &sdp(B, 5000)).unwrap());
    net.run(100);
    net.rule(|_| Fate::Drop);
    net.run(59_000);
    assert_eq!(net.sent_by(B, "BYE"), 0);
    net.run(2_000);
    assert_eq!(net.count(B, is_end(EndCause::SessionExpired)), 1);
    net.run(120_000);
    assert_eq!(net.count(A, |e| matches!(e, Event::Ended { .. })), 1);
    for who in [A, B] {
        net.assert_idle(who);
    }
}

#[test]
fn the_peers_refresh_by_update_or_reinvite_keeps_the_call() {
    let mut net = Net::with_raw();
    let (_, invite) = talking_to_raw(&mut net, "Session-Expires: 90;refresher=uas\r\n");
    let extra = "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n";
    net.run(50_000);
    net.raw(RAW, A, within(&invite, "UPDATE", 11, extra, b""));
    net.run(50_000);
    let ok = last_request(&net, "200 OK (UPDATE)");
    assert_eq!(header(&ok, "Session-Expires"), "90;refresher=uac");
    net.raw(
        RAW,
        A,
        within(&invite, "INVITE", 12, extra, &sdp(RAW, 6000)),
    );
    net.run(50);
    net.raw(RAW, A, within(&invite, "ACK", 12, "", b""));
    net.run(58_000);
    assert_eq!(net.sent_by(A, "BYE"), 0, "{}", net.ladder());
    net.run(3_000);
    assert_eq!(net.count(A, is_end(EndCause::SessionExpired)), 1);
}

#[test]
fn too_short_an_interval_is_refused_within_the_dialog_too() {
    let mut net = Net::with_raw();
    let session = SessionOptions {
        timer: timer(600, 300, Refresher::Either),
        ..SessionOptions::default()
    };
    net.at(A, |a, now| {
        a.invite(
            now,
            Invite {
                session,
                ..to_raw()
            },
        )
        .unwrap()
    });
    net.run(20);
    let invite = last_request(&net, "INVITE");
    assert_eq!(header(&invite, "Min-SE"), "300");
    net.raw(
        RAW,
        A,
        respond(&invite, "200 OK", "t", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.run(20);
    for (n, method) in [(2, "UPDATE"), (3, "INVITE")] {
        let extra = "Supported: timer\r\nSession-Expires: 120\r\n";
        net.raw(RAW, A, within(&invite, method, n, extra, &sdp(RAW, 6002)));
        net.run(20);
        let refusal = last_request(&net, "422");
        assert_eq!(header(&refusal, "Min-SE"), "300");
        assert!(header(&refusal, "CSeq").ends_with(method));
    }
    assert!(
        changes(&net, A).is_empty(),
        "what is refused changes nothing"
    );
    // And agreed to with enough: the peer that asks refreshes.
    let extra = "Supported: timer\r\nSession-Expires: 400\r\n";
    net.raw(RAW, A, within(&invite, "UPDATE", 4, extra, b""));
    net.run(20);
    let ok = last_request(&net, "200 OK (UPDATE)");
    assert_eq!(header(&ok, "Session-Expires"), "400;refresher=uac");
    net.run(367_000);
    assert_eq!(net.sent_by(A, "BYE"), 0);
    net.run(2_000);
    assert_eq!(net.count(A, is_end(EndCause::SessionExpired)), 1);
}

#[test]
fn a_refresh_that_finds_nobody_ends_the_leg() {
    for (status, cause) in [
        (Some("481 Gone"), EndCause::Lost { code: 481 }),
        (Some("408 Late"), EndCause::Lost { code: 408 }),
        (None, EndCause::Lost { code: 408 }),
        // Refused for another reason: once more, then over before the time is.
        (Some("488 No"), EndCause::SessionExpired),
    ] {
        let mut net = Net::with_raw();
        let extra = "Allow: UPDATE\r\nSession-Expires: 300;refresher=uac\r\n";
        talking_to_raw(&mut net, extra);
        net.run(150_000);
        for _ in 0..12 {
            if let (Some(status), Some(d)) =
                (status, net.inbox.iter().rev().find(|d| d.is("UPDATE")))
            {
                let update = d.bytes.clone();
                net.raw(RAW, A, respond(&update, status, "", "", b""));
            }
            net.run(10_000);
        }
        assert_eq!(
            net.count(A, is_end(cause)),
            1,
            "{status:?} {}",
            net.ladder()
        );
        if status == Some("488 No") {
            assert!(net.sent_by(A, "UPDATE") >= 3);
        }
        net.run(100_000);
        net.assert_idle(A);
    }
}

#[test]
fn a_refresh_that_collides_is_tried_again() {
    let mut net = Net::with_raw();
    talking_to_raw(
        &mut net,
        "Allow: UPDATE\r\nSession-Expires: 300;refresher=uac\r\n",
    );
    net.run(150_000);
    let update = last_request(&net, "UPDATE");
    net.raw(RAW, A, respond(&update, "491 Pending", "", "", b""));
    net.run(4_100);
    assert_eq!(net.sent_by(A, "UPDATE"), 2);
    let update = last_request(&net, "UPDATE");
    assert_eq!(header(&update, "CSeq"), "3 UPDATE");
}

#[test]
fn a_higher_minimum_is_met_and_only_so_often() {
    let mut net = Net::with_raw();
    net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
    net.run(20);
    let first = last_request(&net, "INVITE");
    net.raw(
        RAW,
        A,
        respond(&first, "422 Small", "x", "Min-SE: 3600\r\n", b""),
    );
    net.run(20);
    let second = last_request(&net, "INVITE");
    assert_eq!(header(&second, "Session-Expires"), "3600");
    assert_eq!(header(&second, "Min-SE"), "3600");
    assert_eq!(header(&second, "CSeq"), "2 INVITE");
    assert_eq!(header(&second, "Call-ID"), header(&first, "Call-ID"));
    assert_eq!(header(&second, "From"), header(&first, "From"));
    for n in 0..5 {
        let invite = last_request(&net, "INVITE");
        let line = format!("Min-SE: {}\r\n", 4000 + n);
        net.raw(RAW, A, respond(&invite, "422 Small", "x", &line, b""));
        net.run(20);
    }
    assert_eq!(net.sent_by(A, "INVITE"), 4, "three raises");
    assert_eq!(failure(&net).code, 422);
    net.run(40_000);
    net.assert_idle(A);
    // A 422 that demands nothing is a refusal.
    let mut net = Net::with_raw();
    net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
    net.run(20);
    let first = last_request(&net, "INVITE");
    net.raw(RAW, A, respond(&first, "422 Small", "x", "", b""));
    net.run(20);
    assert_eq!((failure(&net).code, net.sent_by(A, "INVITE")), (422, 1));
}

#[test]
fn too_short_an_interval_is_refused_and_meets_in_the_middle() {
    let mut net = Net::new();
    net.add(config(A));
    net.add(with_timer(
        open(config(B)),
        timer(1_800, 600, Refresher::Either),
    ));
    let session = SessionOptions {
        timer: timer(120, 90, Refresher::Either),
        ..SessionOptions::default()
    };
    net.at(A, |a, now| {
        a.invite(now, Invite { session, ..to_b() }).unwrap()
    });
    net.run(100);
    let (_, refusal) = net.sent.iter().find(|(_, d)| d.is("422")).unwrap();
    assert_eq!(header(&refusal.bytes, "Min-SE"), "600");
    assert_eq!(net.count(B, |e| matches!(e, Event::Incoming(_))), 1);
    let b = net.incoming(B);
    net.at(B, |e, now| e.answer(now, b, &sdp(B, 5000)).unwrap());
    net.run(50);
    let (_, ok) = net.sent.iter().find(|(_, d)| d.is("200 OK (sdp)")).unwrap();
    assert_eq!(header(&ok.bytes, "Session-Expires"), "600;refresher=uac");
    // Within the dialog, too: one of B's tries to go below is refused by A's view of the peer.
    let a = net.answered(A)[0];
    net.run(301_000);
    assert_eq!(times(&net, A, "UPDATE").len(), 1);
    settle(&mut net, a);
}

#[test]
fn callers_without_timers_are_left_alone_or_refreshed_by_us() {
    let call = |extra: &str| {
        let mut net = Net::with_raw();
        let body = sdp(RAW, 6000);
        let invite = format!(
            "INVITE sip:300@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;rport\r\n\
             From: <sip:r@192.0.2.9>;tag=r\r\nTo: <sip:300@192.0.2.1>\r\nCall-ID: raw1\r\nCSeq: 1 INVITE\r\n\
             {RAW_CONTACT}{extra}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{}",
            body.len(),
            String::from_utf8_lossy(&body)
        );
        net.raw(RAW, A, &invite);
        net.run(30);
        let leg = net.incoming(A);
        net.at(A, |a, now| a.answer(now, leg, &sdp(A, 4000)).unwrap());
        net.run(20);
        let ok = last_request(&net, "200 OK (sdp)");
        (net, ok)
    };
    let (_, ok) = call("");
    assert_eq!(
        (header(&ok, "Session-Expires"), header(&ok, "Require")),
        ("".into(), "".into())
    );
    // A proxy on the way wants one: we refresh, as the caller cannot.
    let (_, ok) = call("Session-Expires: 50\r\nMin-SE: 95\r\n");
    assert_eq!(header(&ok, "Session-Expires"), "90;refresher=uas");
    assert_eq!(header(&ok, "Require"), "");
    let (_, ok) = call("Supported: timer\r\n");
    assert_eq!(header(&ok, "Session-Expires"), "1800;refresher=uac");
    let (_, ok) = call("Supported: timer\r\nSession-Expires: 1000;refresher=uas\r\n");
    assert_eq!(header(&ok, "Session-Expires"), "1000;refresher=uas");
}

#[test]
fn switched_off_nothing_is_asked_for_or_agreed_to() {
    let mut net = Net::new();
    net.add(config(A));
    net.add(with_timer(open(config(B)), None));
    let (a, _) = talking(&mut net);
    net.run(2_000_000);
    assert_eq!(net.sent_by(A, "UPDATE"), 0);
    assert_eq!(
        net.get(A).held().legs,
        1,
        "B has no timer, so the call stands"
    );
    settle(&mut net, a);
    let mut net = Net::with_raw();
    let session = SessionOptions {
        timer: None,
        reliable: Reliable::Off,
        ..SessionOptions::default()
    };
    net.at(A, |a, now| {
        a.invite(
            now,
            Invite {
                session,
                ..to_raw()
            },
        )
        .unwrap()
    });
    net.run(20);
    let invite = last_request(&net, "INVITE");
    assert_eq!(header(&invite, "Session-Expires"), "");
    assert_eq!(header(&invite, "Supported"), "replaces, norefersub");
}

#[test]
fn a_change_of_the_session_refreshes_it_as_well() {
    let mut net = Net::with_raw();
    let extra = "Allow: UPDATE\r\nSession-Expires: 100;refresher=uac\r\n";
    let (a, _) = talking_to_raw(&mut net, extra);
    net.run(40_000);
    net.at(A, |e, now| e.hold(now, a, true).unwrap());
    net.run(20);
    let offer = last_request(&net, "INVITE");
    assert_eq!(header(&offer, "Session-Expires"), "100;refresher=uac");
    let extra = format!("{RAW_CONTACT}Session-Expires: 100;refresher=uac\r\n");
    net.raw(
        RAW,
        A,
        respond(&offer, "200 OK", "", &extra, &sdp(RAW, 6000)),
    );
    net.run(49_000);
    assert_eq!(net.sent_by(A, "UPDATE"), 0);
    net.run(1_200);
    assert_eq!(net.sent_by(A, "UPDATE"), 1);
}
