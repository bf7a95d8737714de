//! Peers written by hand: forks, answers without what they need, challenges.

mod harness;

use carillon_sip::{Credentials, EndCause, Event, Failure};
use harness::*;

fn invited(net: &mut Net) -> Vec<u8> {
    net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
    net.run(20);
    net.inbox[0].bytes.clone()
}

fn failures(net: &Net) -> Vec<&Failure> {
    let found = net.seen(A).into_iter().filter_map(|e| match e {
        Event::Failed(f) => Some(f),
        _ => None,
    });
    found.collect()
}

/// Answers every BYE that reached us by hand.
fn answer_byes(net: &mut Net) {
    let byes: Vec<Vec<u8>> = net
        .inbox
        .iter()
        .filter(|d| d.is("BYE"))
        .map(|d| d.bytes.clone())
        .collect();
    for bye in byes {
        net.raw(RAW, A, respond(&bye, "200 OK", "", "", b""));
    }
    net.run(20);
}

#[test]
fn forked_answers_are_legs_of_their_own() {
    let mut net = Net::with_raw();
    let invite = invited(&mut net);
    for tag in ["f1", "f2"] {
        net.raw(
            RAW,
            A,
            respond(&invite, "180 Ringing", tag, RAW_CONTACT, b""),
        );
    }
    for tag in ["f1", "f3", "f1"] {
        net.raw(
            RAW,
            A,
            respond(&invite, "200 OK", tag, RAW_CONTACT, &sdp(RAW, 6000)),
        );
    }
    net.run(50);
    let nths: Vec<u32> = net
        .seen(A)
        .into_iter()
        .filter_map(|e| match e {
            Event::Answered { nth, .. } => Some(*nth),
            _ => None,
        })
        .collect();
    assert_eq!(nths, [0, 1]);
    assert_eq!(net.sent_by(A, "ACK"), 3, "every 2xx gets an ACK");
    assert_eq!(net.get(A).held().legs, 3);
    for leg in net.answered(A) {
        net.at(A, |a, now| a.bye(now, leg, None));
    }
    net.run(20);
    answer_byes(&mut net);
    assert_eq!(net.count(A, |e| matches!(e, Event::Ended { .. })), 2);
    net.run(40_000);
    net.assert_idle(A);
}

#[test]
fn a_200_long_after_the_transaction_is_acknowledged_again() {
    let mut net = Net::with_raw();
    let invite = invited(&mut net);
    let ok = respond(&invite, "200 OK", "t", RAW_CONTACT, &sdp(RAW, 6000));
    net.raw(RAW, A, &ok);
    net.run(40_000);
    net.raw(RAW, A, &ok);
    net.run(50);
    assert_eq!((net.sent_by(A, "ACK"), net.sent_by(A, "BYE")), (2, 0));
    assert_eq!(net.answered(A).len(), 1);
}

#[test]
fn a_200_after_the_refusal_is_acknowledged_and_hung_up() {
    let mut net = Net::with_raw();
    let invite = invited(&mut net);
    let busy = respond(&invite, "486 Busy Here", "f1", "", b"");
    net.raw(RAW, A, busy);
    net.run(20);
    let ok = respond(&invite, "200 OK", "f2", RAW_CONTACT, &sdp(RAW, 6000));
    net.raw(RAW, A, ok);
    net.run(50);
    assert_eq!((net.sent_by(A, "ACK"), net.sent_by(A, "BYE")), (2, 1));
    assert_eq!((failures(&net).len(), net.answered(A).len()), (1, 0));
    assert_eq!(net.get(A).counters().stray_answers, 1);
    answer_byes(&mut net);
    net.run(40_000);
    net.assert_idle(A);
}

#[test]
fn an_answer_without_sdp_is_acknowledged_and_hung_up() {
    for body in [&b""[..], b"v=0\r\nm=audio 4000 RTP/AVP 18\r\n", b"rubbish"] {
        let mut net = Net::with_raw();
        let invite = invited(&mut net);
        let ok = respond(&invite, "200 OK", "t", RAW_CONTACT, body);
        net.raw(RAW, A, &ok);
        net.raw(RAW, A, &ok);
        net.run(50);
        assert_eq!(
            (net.sent_by(A, "ACK"), net.sent_by(A, "BYE")),
            (2, 1),
            "{}",
            net.ladder()
        );
        let f = failures(&net);
        assert_eq!((f.len(), f[0].code, f[0].unusable), (1, 488, true));
        answer_byes(&mut net);
        net.run(40_000);
        net.assert_idle(A);
    }
}

#[test]
fn a_useless_second_answer_does_not_fail_the_call() {
    let mut net = Net::with_raw();
    let invite = invited(&mut net);
    net.raw(
        RAW,
        A,
        respond(&invite, "200 OK", "t", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.raw(RAW, A, respond(&invite, "200 OK", "u", RAW_CONTACT, b""));
    net.run(50);
    assert_eq!((net.answered(A).len(), failures(&net).len()), (1, 0));
    assert_eq!(
        (net.sent_by(A, "ACK"), net.sent_by(A, "BYE")),
        (2, 1),
        "the second is hung up"
    );
}

#[test]
fn the_sdp_of_the_183_serves_a_200_without() {
    let mut net = Net::with_raw();
    let invite = invited(&mut net);
    net.raw(
        RAW,
        A,
        respond(&invite, "183 x", "t", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.raw(RAW, A, respond(&invite, "200 OK", "t", RAW_CONTACT, b""));
    net.run(50);
    assert_eq!(net.answered(A).len(), 1);
}

#[test]
fn a_200_without_contact_is_a_call_whose_bye_finds_its_way() {
    for contact in ["", "Contact: *\r\n", "Contact: <sip:x\r\n"] {
        let mut net = Net::with_raw();
        let invite = invited(&mut net);
        net.raw(
            RAW,
            A,
            respond(&invite, "200 OK", "t", contact, &sdp(RAW, 6000)),
        );
        net.run(50);
        let leg = net.answered(A)[0];
        assert_eq!(net.sent_by(A, "ACK"), 1);
        net.at(A, |a, now| a.bye(now, leg, None));
        net.run(50);
        let (_, bye) = net.sent.iter().find(|(_, d)| d.is("BYE")).unwrap();
        assert!(
            bye.is("BYE sip:%23123@192.0.2.2"),
            "the INVITE's request-URI"
        );
    }
}

#[test]
fn record_routes_are_followed() {
    let mut net = Net::with_raw();
    let invite = invited(&mut net);
    let extra = "Record-Route: <sip:10.9.9.9;lr>, <sip:192.0.2.9:5099;lr>\r\nContact: <sip:y@pbx.example>\r\n";
    net.raw(
        RAW,
        A,
        respond(&invite, "200 OK", "t", extra, &sdp(RAW, 6000)),
    );
    net.run(20);
    let (_, ack) = net.sent.iter().find(|(_, d)| d.is("ACK")).unwrap();
    assert_eq!(ack.to, addr("192.0.2.9:5099"));
    assert!(ack.is("ACK sip:y@pbx.example"));
    assert_eq!(header(&ack.bytes, "Route"), "<sip:192.0.2.9:5099;lr>");
}

fn authenticated(challenges: &[&str]) -> (Net, Vec<Vec<u8>>) {
    let mut net = Net::with_raw();
    let credentials = Some(Credentials {
        username: "u".into(),
        password: "p".into(),
    });
    net.at(A, |a, now| {
        a.invite(
            now,
            carillon_sip::Invite {
                credentials,
                ..to_raw()
            },
        )
        .unwrap();
    });
    for challenge in challenges {
        net.run(20);
        let invite = net
            .inbox
            .iter()
            .rev()
            .find(|d| d.is("INVITE"))
            .unwrap()
            .bytes
            .clone();
        let (status, line) = challenge.split_once('|').unwrap();
        net.raw(RAW, A, respond(&invite, status, "c", line, b""));
    }
    net.run(50);
    let invites = net
        .inbox
        .iter()
        .filter(|d| d.is("INVITE"))
        .map(|d| d.bytes.clone())
        .collect();
    (net, invites)
}

#[test]
fn proxy_and_server_challenges_are_answered_with_a_new_transaction() {
    let proxy = "407 x|Proxy-Authenticate: Digest realm=\"p\", nonce=\"n1\", qop=\"auth,auth-int\", algorithm=SHA-256\r\n";
    let server = "401 x|WWW-Authenticate: Digest realm=\"s\", nonce=\"n2\"\r\n";
    let (mut net, invites) = authenticated(&[proxy, server]);
    assert_eq!(invites.len(), 3);
    assert_eq!(header(&invites[2], "CSeq"), "3 INVITE");
    assert_eq!(
        header(&invites[2], "Call-ID"),
        header(&invites[0], "Call-ID")
    );
    assert!(header(&invites[2], "Proxy-Authorization").contains("algorithm=SHA-256"));
    assert!(header(&invites[2], "Authorization").contains("realm=\"s\""));
    assert_ne!(header(&invites[1], "Via"), header(&invites[2], "Via"));
    net.raw(
        RAW,
        A,
        respond(&invites[2], "200 OK", "t", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.run(20);
    let (_, ack) = net.sent.iter().rev().find(|(_, d)| d.is("ACK")).unwrap();
    assert_eq!(
        header(&ack.bytes, "Proxy-Authorization"),
        header(&invites[2], "Proxy-Authorization"),
        "the ACK carries the INVITE's credentials"
    );
    // The BYE is challenged too.
    let leg = net.answered(A)[0];
    net.at(A, |a, now| a.bye(now, leg, None));
    net.run(20);
    let bye = net.inbox.last().unwrap().bytes.clone();
    let line = "Proxy-Authenticate: Digest realm=\"p\", nonce=\"n9\"\r\n";
    net.raw(RAW, A, respond(&bye, "407 x", "", line, b""));
    net.run(20);
    let again = net.inbox.last().unwrap().bytes.clone();
    assert!(header(&again, "Proxy-Authorization").contains("n9"));
    net.raw(RAW, A, respond(&again, "200 OK", "", "", b""));
    net.run(40_000);
    net.assert_idle(A);
}

#[test]
fn refused_credentials_end_the_call() {
    let line = |n| format!("401 x|WWW-Authenticate: Digest realm=\"s\", nonce=\"{n}\"\r\n");
    let (one, two, three) = (line(1), line(2), line(3));
    let (net, invites) = authenticated(&[&one, &two, &three]);
    assert_eq!(invites.len(), 3, "tried twice");
    assert_eq!(failures(&net)[0].code, 401);
    let (net, invites) = authenticated(&[&one, &one]);
    assert_eq!((invites.len(), failures(&net)[0].code), (2, 401));
    let mut net = Net::with_raw();
    let invite = invited(&mut net);
    net.raw(
        RAW,
        A,
        respond(
            &invite,
            "407 x",
            "c",
            "Proxy-Authenticate: Digest realm=\"s\", nonce=\"1\"\r\n",
            b"",
        ),
    );
    net.run(50);
    assert_eq!(failures(&net)[0].code, 407, "no credentials");
}

#[test]
fn a_bye_that_stays_challenged_is_not_confirmed() {
    let line = |n: u32| format!("WWW-Authenticate: Digest realm=\"s\", nonce=\"{n}\"\r\n");
    let (one, two) = (format!("401 x|{}", line(1)), format!("401 x|{}", line(2)));
    let (mut net, invites) = authenticated(&[&one, &two]);
    net.raw(
        RAW,
        A,
        respond(&invites[2], "200 OK", "t", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.run(20);
    let leg = net.answered(A)[0];
    net.at(A, |a, now| a.bye(now, leg, None));
    for n in 3..6 {
        net.run(20);
        let bye = net.inbox.last().unwrap().bytes.clone();
        net.raw(RAW, A, respond(&bye, "401 x", "", &line(n), b""));
    }
    net.run(20);
    assert_eq!(net.sent_by(A, "BYE"), 2, "{}", net.ladder());
    let unconfirmed = |e: &Event| {
        matches!(
            e,
            Event::Ended {
                cause: EndCause::LocalBye { confirmed: false },
                ..
            }
        )
    };
    assert_eq!(net.count(A, unconfirmed), 1);
}

#[test]
fn a_useless_answer_is_hung_up_even_where_the_bye_is_challenged() {
    let line = |n: u32| format!("Proxy-Authenticate: Digest realm=\"s\", nonce=\"{n}\"\r\n");
    let (mut net, invites) = authenticated(&[&format!("407 x|{}", line(1))]);
    net.raw(
        RAW,
        A,
        respond(&invites[1], "200 OK", "t", RAW_CONTACT, b""),
    );
    net.run(20);
    let bye = net.inbox.last().unwrap().bytes.clone();
    net.raw(RAW, A, respond(&bye, "407 x", "", &line(2), b""));
    net.run(20);
    let again = net.inbox.last().unwrap().bytes.clone();
    assert!(header(&again, "Proxy-Authorization").contains("nonce=\"2\""));
    net.raw(RAW, A, respond(&again, "200 OK", "", "", b""));
    net.run(40_000);
    assert_eq!(net.sent_by(A, "BYE"), 2, "{}", net.ladder());
    assert_eq!(net.count(A, |e| matches!(e, Event::Ended { .. })), 0);
    assert_eq!(failures(&net).len(), 1);
    net.assert_idle(A);
}

#[test]
fn redirections_name_their_contacts() {
    let mut net = Net::with_raw();
    let invite = invited(&mut net);
    net.raw(
        RAW,
        A,
        respond(
            &invite,
            "302 Moved",
            "c",
            "Contact: <sip:a@b>, <sip:c@d>;q=0.1\r\n",
            b"",
        ),
    );
    net.run(20);
    assert_eq!(failures(&net)[0].contacts, ["<sip:a@b>", "<sip:c@d>;q=0.1"]);
}

#[test]
fn options_tell_whether_a_peer_lives() {
    let mut net = Net::pair();
    let alive = net.at(A, |a, now| {
        a.options(now, "sip:192.0.2.2", addr(B)).unwrap()
    });
    let dead = net.at(A, |a, now| {
        a.options(now, "sip:192.0.2.9", addr(RAW)).unwrap()
    });
    net.run(40_000);
    let replies: Vec<_> = net
        .seen(A)
        .into_iter()
        .filter_map(|e| match e {
            Event::OptionsReply {
                key,
                code,
                timed_out,
            } => Some((*key, *code, *timed_out)),
            _ => None,
        })
        .collect();
    assert_eq!(replies, [(alive, 200, false), (dead, 408, true)]);
    net.assert_idle(A);
}
