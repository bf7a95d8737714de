//! Our own re-INVITEs: hold and back, another codec, collisions, loss.

use carillon_sip::{Credentials, EndCause, Event, Invite, MediaSpec, SessionDescription, SipError};

use crate::harness::*;
use crate::{changes, last_request, settle, talking, talking_to_raw, version, within};

fn failed(net: &Net, who: &str) -> Vec<u16> {
    let seen = net.seen(who).into_iter();
    seen.filter_map(|e| match e {
        Event::ReofferFailed { code, .. } => Some(*code),
        _ => None,
    })
    .collect()
}

#[test]
fn hold_and_back_from_either_side() {
    let mut net = Net::pair();
    let (a, b) = talking(&mut net);
    net.at(A, |e, now| e.hold(now, a, true).unwrap());
    net.run(100);
    net.at(A, |e, now| e.hold(now, a, false).unwrap());
    net.run(100);
    net.at(B, |e, now| e.hold(now, b, true).unwrap());
    net.run(100);
    net.at(B, |e, now| e.hold(now, b, false).unwrap());
    net.run(100);
    assert_eq!(
        changes(&net, A),
        [
            (5000, "sendonly", false),
            (5000, "sendrecv", false),
            (5000, "recvonly", true),
            (5000, "sendrecv", false)
        ]
    );
    assert_eq!(
        changes(&net, B),
        [
            (4000, "recvonly", true),
            (4000, "sendrecv", false),
            (4000, "sendonly", false),
            (4000, "sendrecv", false)
        ]
    );
    let versions: Vec<u64> = net
        .sent
        .iter()
        .filter(|(_, d)| d.from == addr(A) && (d.is("INVITE")))
        .map(|(_, d)| version(&d.bytes))
        .collect();
    assert_eq!(versions, [1, 2, 3], "each offer is a version of its own");
    assert_eq!(net.get(A).counters().retransmissions_sent, 0);
    settle(&mut net, a);
}

#[test]
fn both_on_hold_is_inactive_and_our_hold_outlasts_theirs() {
    let mut net = Net::pair();
    let (a, b) = talking(&mut net);
    net.at(A, |e, now| e.hold(now, a, true).unwrap());
    net.run(100);
    net.at(B, |e, now| e.hold(now, b, true).unwrap());
    net.run(100);
    let direction = |net: &Net, who, leg| net.get(who).local_sdp(leg).unwrap().media[0].direction;
    assert_eq!(direction(&net, A, a).as_str(), "inactive");
    net.at(B, |e, now| e.hold(now, b, false).unwrap());
    net.run(100);
    assert_eq!(direction(&net, A, a).as_str(), "sendonly");
    assert_eq!(direction(&net, B, b).as_str(), "sendrecv");
    net.at(A, |e, now| e.hold(now, a, false).unwrap());
    net.run(100);
    assert_eq!(direction(&net, A, a).as_str(), "sendrecv");
    settle(&mut net, a);
}

#[test]
fn an_offer_with_another_address_and_codec_is_sent_as_given() {
    let mut net = Net::pair();
    let (a, _) = talking(&mut net);
    let spec = MediaSpec {
        codecs: vec![carillon_sip::Codec::Pcma],
        ..MediaSpec::g711(addr("192.0.2.1:4444"), 77)
    };
    let mut body = SessionDescription::offer(&spec).to_bytes();
    body.extend_from_slice(b"a=x-ours:kept\r\n");
    net.at(A, |e, now| e.reoffer(now, a, &body).unwrap());
    net.run(100);
    let sent = net.sent.iter().rev().find(|(_, d)| d.is("INVITE")).unwrap();
    let text = String::from_utf8(sent.1.bytes.clone()).unwrap();
    assert!(
        text.contains("a=x-ours:kept\r\n") && text.contains("o=- 1 2 IN IP4 192.0.2.1\r\n"),
        "{text}"
    );
    let Some(Event::MediaChanged { remote, .. }) = net.seen(B).last().copied() else {
        panic!("{}", net.ladder())
    };
    assert_eq!(remote.audio().unwrap().codecs, [carillon_sip::Codec::Pcma]);
    assert_eq!(changes(&net, A), [(5000, "sendrecv", false)]);
    settle(&mut net, a);
}

#[test]
fn what_cannot_be_offered_is_refused_here() {
    let mut net = Net::pair();
    let (_, b) = ringing(&mut net);
    let early = net.at(B, |e, now| e.reoffer(now, b, &sdp(B, 1)));
    assert!(matches!(early, Err(SipError::Gone { .. })));
    net.at(B, |e, now| e.answer(now, b, &sdp(B, 5000)).unwrap());
    net.run(50);
    for bad in [&b""[..], b"v=0\r\nm=audio 1 RTP/AVP 18\r\n", b"nonsense"] {
        let result = net.at(B, |e, now| e.reoffer(now, b, bad));
        assert!(
            matches!(result, Err(SipError::Invalid { .. })),
            "{result:?}"
        );
    }
    let a = net.answered(A)[0];
    settle(&mut net, a);
    assert!(net.at(B, |e, now| e.hold(now, b, true)).is_err());
}

#[test]
fn lost_messages_of_a_change_are_repeated() {
    for lost in ["INVITE", "200 OK (sdp)", "ACK"] {
        for n in [1, 3] {
            let mut net = Net::pair();
            let (a, _) = talking(&mut net);
            net.first(n, lost, Fate::Drop);
            net.at(A, |e, now| e.hold(now, a, true).unwrap());
            net.run(12_000);
            assert_eq!(changes(&net, A), [(5000, "sendonly", false)], "{lost}");
            assert_eq!(changes(&net, B), [(4000, "recvonly", true)], "{lost}");
            // The next one finds nothing in its way.
            net.at(A, |e, now| e.hold(now, a, false).unwrap());
            net.run(12_000);
            assert_eq!(changes(&net, B).len(), 2, "{lost}\n{}", net.ladder());
            settle(&mut net, a);
        }
    }
}

#[test]
fn offers_that_cross_are_tried_again_and_both_come_through() {
    let mut net = Net::pair();
    let (a, b) = talking(&mut net);
    net.at(A, |e, now| e.hold(now, a, true).unwrap());
    net.at(B, |e, now| e.reoffer(now, b, &sdp(B, 5002)).unwrap());
    net.run(100);
    assert_eq!((net.sent_by(A, "491"), net.sent_by(B, "491")), (1, 1));
    assert_eq!(changes(&net, A).len() + changes(&net, B).len(), 0);
    net.run(6_000);
    let again: Vec<(u64, bool)> = net
        .sent
        .iter()
        .filter(|(ms, d)| *ms > 200 && d.is("INVITE"))
        .map(|(ms, d)| (*ms, d.from == addr(A)))
        .collect();
    // B does not own the Call-ID: 0–2 s; A does: 2.1–4 s (RFC 3261 14.1).
    let at = |ours: bool| again.iter().find(|(_, a)| *a == ours).unwrap().0;
    assert!(
        at(false) < 2_200 && (2_200..4_200).contains(&at(true)),
        "{again:?}"
    );
    assert_eq!(net.get(A).remote_sdp(a).unwrap().media[0].port, 5002);
    assert_eq!(
        net.get(A).local_sdp(a).unwrap().media[0].direction.as_str(),
        "sendonly"
    );
    assert_eq!(
        net.get(B).local_sdp(b).unwrap().media[0].direction.as_str(),
        "recvonly"
    );
    assert!(failed(&net, A).is_empty() && failed(&net, B).is_empty());
    settle(&mut net, a);
}

#[test]
fn an_offer_waits_for_the_ack_of_the_peers() {
    let mut net = Net::pair();
    let (a, b) = talking(&mut net);
    net.first(1, "ACK", Fate::Drop);
    net.at(B, |e, now| e.hold(now, b, true).unwrap());
    net.run(50);
    net.at(A, |e, now| e.reoffer(now, a, &sdp(A, 4002)).unwrap());
    net.run(100);
    assert_eq!(net.sent_by(A, "INVITE"), 1, "only the call itself");
    net.run(2_000);
    assert_eq!(net.sent_by(A, "INVITE"), 2);
    assert_eq!(net.get(B).remote_sdp(b).unwrap().media[0].port, 4002);
    settle(&mut net, a);
}

#[test]
fn the_later_wish_wins_while_one_is_under_way() {
    let mut net = Net::pair();
    let (a, b) = talking(&mut net);
    for port in [4002, 4004, 4006] {
        net.at(A, |e, now| e.reoffer(now, a, &sdp(A, port)).unwrap());
    }
    net.run(500);
    assert_eq!(
        net.sent_by(A, "INVITE"),
        3,
        "the call, the first and the last"
    );
    assert_eq!(net.get(B).remote_sdp(b).unwrap().media[0].port, 4006);
    assert_eq!(changes(&net, A).len(), 2);
    settle(&mut net, a);
}

#[test]
fn a_refused_offer_leaves_the_session_as_it_was() {
    let mut net = Net::with_raw();
    let (a, _) = talking_to_raw(&mut net, "");
    for status in ["488 No", "415 No", "302 Elsewhere", "503 Later"] {
        net.at(A, |e, now| e.hold(now, a, true).unwrap());
        net.run(20);
        let offer = last_request(&net, "INVITE");
        net.raw(RAW, A, respond(&offer, status, "", "", b""));
        net.run(20);
    }
    assert_eq!(failed(&net, A), [488, 415, 302, 503]);
    let local = net.get(A).local_sdp(a).unwrap();
    assert_eq!(local.media[0].direction.as_str(), "sendrecv");
    // Accepted without an answer: as before, too.
    net.at(A, |e, now| e.hold(now, a, true).unwrap());
    net.run(20);
    let offer = last_request(&net, "INVITE");
    net.raw(RAW, A, respond(&offer, "200 OK", "", RAW_CONTACT, b""));
    net.run(20);
    assert_eq!(failed(&net, A).last(), Some(&488));
    assert_eq!(net.get(A).held().legs, 1);
}

#[test]
fn a_peer_that_is_busy_with_another_is_asked_later() {
    let mut net = Net::with_raw();
    let (a, _) = talking_to_raw(&mut net, "");
    net.at(A, |e, now| e.hold(now, a, true).unwrap());
    net.run(20);
    let offer = last_request(&net, "INVITE");
    net.raw(
        RAW,
        A,
        respond(&offer, "500 Busy", "", "Retry-After: 3\r\n", b""),
    );
    net.run(2_900);
    assert_eq!(net.sent_by(A, "INVITE"), 2);
    net.run(200);
    assert_eq!(net.sent_by(A, "INVITE"), 3);
    // One that collides for ever is given up in the end; the call stands.
    for _ in 0..12 {
        let offer = last_request(&net, "INVITE");
        net.raw(RAW, A, respond(&offer, "491 Pending", "", "", b""));
        net.run(4_100);
    }
    assert_eq!(failed(&net, A), [491]);
    assert_eq!(net.get(A).held().legs, 1);
}

#[test]
fn a_peer_that_lost_the_dialog_ends_the_leg() {
    for (status, code) in [
        (Some("481 Gone"), 481),
        (Some("408 Slow"), 408),
        (None, 408),
    ] {
        let mut net = Net::with_raw();
        let (a, _) = talking_to_raw(&mut net, "");
        net.at(A, |e, now| e.hold(now, a, true).unwrap());
        net.run(20);
        let offer = last_request(&net, "INVITE");
        if let Some(status) = status {
            net.raw(RAW, A, respond(&offer, status, "", "", b""));
        }
        net.run(32_500);
        assert_eq!(net.count(A, is_end(EndCause::Lost { code })), 1);
        assert_eq!(failed(&net, A), [0u16; 0], "the end says it all");
        let bye = last_request(&net, "BYE");
        assert!(header(&bye, "Reason").contains(&format!("cause={code}")));
        net.raw(RAW, A, respond(&bye, "200 OK", "", "", b""));
        net.run(40_000);
        net.assert_idle(A);
        assert_eq!(net.count(A, |e| matches!(e, Event::Ended { .. })), 1);
    }
}

#[test]
fn a_peer_that_only_says_trying_is_given_up() {
    let mut net = Net::with_raw();
    let (a, _) = talking_to_raw(&mut net, "");
    net.at(A, |e, now| e.hold(now, a, true).unwrap());
    net.run(20);
    let offer = last_request(&net, "INVITE");
    net.raw(RAW, A, respond(&offer, "100 Trying", "", "", b""));
    net.run(31_900);
    assert_eq!(net.count(A, |e| matches!(e, Event::Ended { .. })), 0);
    net.run(200);
    assert_eq!(net.count(A, is_end(EndCause::Lost { code: 408 })), 1);
    net.run(70_000);
    net.assert_idle(A);
}

#[test]
fn a_challenged_offer_is_sent_again_and_so_is_its_ack() {
    let mut net = Net::with_raw();
    let credentials = Some(Credentials {
        username: "u".into(),
        password: "p".into(),
    });
    net.at(A, |a, now| {
        let invite = Invite {
            credentials,
            ..to_raw()
        };
        a.invite(now, invite).unwrap()
    });
    net.run(20);
    let invite = last_request(&net, "INVITE");
    net.raw(
        RAW,
        A,
        respond(&invite, "200 OK", "t", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.run(20);
    let a = net.answered(A)[0];
    net.at(A, |e, now| e.hold(now, a, true).unwrap());
    net.run(20);
    let offer = last_request(&net, "INVITE");
    let line = "Proxy-Authenticate: Digest realm=\"p\", nonce=\"n1\"\r\n";
    net.raw(RAW, A, respond(&offer, "407 x", "", line, b""));
    net.run(20);
    let again = last_request(&net, "INVITE");
    assert_eq!(header(&again, "CSeq"), "3 INVITE");
    let proof = header(&again, "Proxy-Authorization");
    assert!(proof.contains("nonce=\"n1\""));
    net.raw(
        RAW,
        A,
        respond(&again, "200 OK", "", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.run(20);
    let ack = last_request(&net, "ACK");
    assert_eq!(header(&ack, "CSeq"), "3 ACK");
    assert_eq!(header(&ack, "Proxy-Authorization"), proof);
    assert_eq!(changes(&net, A).len(), 1);
}

#[test]
fn a_200_that_comes_again_is_acknowledged_again_and_moves_the_target() {
    let mut net = Net::with_raw();
    let (a, _) = talking_to_raw(&mut net, "Record-Route: <sip:192.0.2.9:5060;lr>\r\n");
    net.at(A, |e, now| e.hold(now, a, true).unwrap());
    net.run(20);
    let offer = last_request(&net, "INVITE");
    let moved = "Contact: <sip:moved@192.0.2.77>\r\nRecord-Route: <sip:192.0.2.66;lr>\r\n";
    let ok = respond(&offer, "200 OK", "", moved, &sdp(RAW, 6000));
    for _ in 0..3 {
        net.raw(RAW, A, &ok);
        net.run(600);
    }
    assert_eq!(
        net.sent_by(A, "ACK sip:moved@192.0.2.77"),
        3,
        "{}",
        net.ladder()
    );
    assert_eq!(changes(&net, A).len(), 1);
    // Long after its transaction, too.
    net.run(40_000);
    net.raw(RAW, A, &ok);
    net.run(20);
    assert_eq!(net.sent_by(A, "ACK"), 5);
    let ack = last_request(&net, "ACK");
    net.at(A, |e, now| e.bye(now, a, None));
    net.run(20);
    let bye = last_request(&net, "BYE");
    for request in [&ack, &bye] {
        let text = String::from_utf8_lossy(request).into_owned();
        assert!(text.contains(" sip:moved@192.0.2.77 SIP/2.0"), "{text}");
    }
    assert_eq!(
        header(&bye, "Route"),
        "<sip:192.0.2.9:5060;lr>",
        "the route set stays"
    );
}

#[test]
fn a_bye_that_crosses_an_offer_ends_both_sides_once() {
    for ours in [true, false] {
        let mut net = Net::pair();
        let (a, b) = talking(&mut net);
        net.at(A, |e, now| e.hold(now, a, true).unwrap());
        if ours {
            net.at(A, |e, now| e.bye(now, a, None));
        } else {
            net.at(B, |e, now| e.bye(now, b, None));
        }
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
        assert!(failed(&net, A).is_empty());
    }
    // The 200 of an offer whose leg the peer has ended is acknowledged all the same.
    let mut net = Net::with_raw();
    let (a, invite) = talking_to_raw(&mut net, "");
    net.at(A, |e, now| e.hold(now, a, true).unwrap());
    net.run(20);
    let offer = last_request(&net, "INVITE");
    net.raw(RAW, A, within(&invite, "BYE", 9, "", b""));
    net.run(20);
    net.raw(
        RAW,
        A,
        respond(&offer, "200 OK", "", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.run(20);
    assert_eq!((net.sent_by(A, "ACK"), net.sent_by(A, "BYE")), (2, 0));
    assert_eq!(net.count(A, is_end(EndCause::RemoteBye)), 1);
    net.run(40_000);
    net.assert_idle(A);
}

#[test]
fn a_second_answer_gets_media_of_its_own() {
    let mut net = Net::with_raw();
    net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
    net.run(20);
    let invite = last_request(&net, "INVITE");
    for (tag, port) in [("f1", 6000), ("f2", 6002)] {
        net.raw(
            RAW,
            A,
            respond(&invite, "200 OK", tag, RAW_CONTACT, &sdp(RAW, port)),
        );
    }
    net.run(20);
    let second = net.answered(A)[1];
    net.at(A, |e, now| e.reoffer(now, second, &sdp(A, 4100)).unwrap());
    net.run(20);
    let offer = last_request(&net, "INVITE");
    assert!(header(&offer, "To").ends_with(";tag=f2"));
    net.raw(
        RAW,
        A,
        respond(&offer, "200 OK", "", RAW_CONTACT, &sdp(RAW, 6002)),
    );
    net.run(20);
    assert_eq!(net.get(A).local_sdp(second).unwrap().media[0].port, 4100);
    let first = net.answered(A)[0];
    assert_eq!(net.get(A).local_sdp(first).unwrap().media[0].port, 4000);
}
