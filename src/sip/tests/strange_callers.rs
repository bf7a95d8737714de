//! Callers written by hand: what they send within and outside dialogs, and what must be refused.

mod harness;

use carillon_sip::{Direction, EndCause, Event};
use harness::*;

/// A call from RAW to A, answered; gives our tag and A's leg.
fn called(net: &mut Net, body: &[u8]) -> (String, carillon_sip::LegKey) {
    net.raw(RAW, A, request("INVITE", 1, "", body, "application/sdp"));
    net.run(30);
    let leg = net.incoming(A);
    net.at(A, |a, now| a.answer(now, leg, &sdp(A, 4000)).unwrap());
    net.run(15);
    let ok = net
        .inbox
        .iter()
        .find(|d| d.is("200 OK (sdp)"))
        .unwrap()
        .bytes
        .clone();
    (
        header(&ok, "To").split_once(";tag=").unwrap().1.to_owned(),
        leg,
    )
}

fn request(method: &str, cseq: u32, tag: &str, body: &[u8], kind: &str) -> Vec<u8> {
    let tag = if tag.is_empty() {
        String::new()
    } else {
        format!(";tag={tag}")
    };
    let mut out = format!(
        "{method} sip:300@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{method}{cseq};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:r@192.0.2.9>;tag=r\r\nTo: <sip:300@192.0.2.1>{tag}\r\nCall-ID: raw1\r\n\
         CSeq: {cseq} {method}\r\nContact: <sip:r@192.0.2.9>\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    out.extend_from_slice(body);
    out
}

fn last(net: &Net) -> String {
    String::from_utf8(net.inbox.last().unwrap().bytes.clone()).unwrap()
}

#[test]
fn hold_and_return_by_reinvite_and_update() {
    let mut net = Net::with_raw();
    let (tag, leg) = called(&mut net, &sdp(RAW, 6000));
    net.raw(RAW, A, request("ACK", 1, &tag, b"", "x"));
    let hold = String::from_utf8(sdp(RAW, 6000))
        .unwrap()
        .replace("sendrecv", "sendonly");
    net.raw(
        RAW,
        A,
        request("INVITE", 2, &tag, hold.as_bytes(), "application/sdp"),
    );
    net.run(30);
    assert!(
        last(&net).starts_with("SIP/2.0 200") && last(&net).contains("a=recvonly"),
        "{}",
        last(&net)
    );
    // Not acknowledged yet: repeated, and a further re-INVITE has to wait.
    net.raw(
        RAW,
        A,
        request("INVITE", 3, &tag, hold.as_bytes(), "application/sdp"),
    );
    net.run(30);
    assert!(last(&net).starts_with("SIP/2.0 491"));
    net.raw(RAW, A, request("ACK", 3, &tag, b"", "x"));
    net.run(1_000);
    assert!(net.sent_by(A, "200 OK (sdp)") >= 3);
    net.raw(RAW, A, request("ACK", 2, &tag, b"", "x"));
    net.raw(
        RAW,
        A,
        request("UPDATE", 4, &tag, &sdp(RAW, 6002), "application/sdp"),
    );
    net.run(30);
    assert!(last(&net).starts_with("SIP/2.0 200") && last(&net).contains("a=sendrecv"));
    let version = |text: String| {
        text.lines()
            .find(|l| l.starts_with("o="))
            .unwrap()
            .to_owned()
    };
    let before = version(last(&net));
    // A refresh changes nothing and reports nothing.
    net.raw(
        RAW,
        A,
        request("UPDATE", 5, &tag, &sdp(RAW, 6002), "application/sdp"),
    );
    net.run(30);
    assert_eq!(
        version(last(&net)),
        before,
        "nothing new, so no new version"
    );
    net.raw(RAW, A, request("INVITE", 6, &tag, b"", "application/sdp"));
    net.run(30);
    assert!(last(&net).contains("m=audio 4000"), "an offer of ours");
    net.raw(
        RAW,
        A,
        request("ACK", 6, &tag, &sdp(RAW, 6010), "application/sdp"),
    );
    net.run(30);
    let changes: Vec<(bool, u16, Direction)> = net
        .seen(A)
        .into_iter()
        .filter_map(|e| match e {
            Event::MediaChanged {
                leg: l,
                remote,
                local,
            } if *l == leg => {
                let audio = remote.audio().unwrap();
                Some((
                    audio.held,
                    audio.remote.unwrap().port(),
                    local.media[0].direction,
                ))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        changes,
        [
            (true, 6000, Direction::RecvOnly),
            (false, 6002, Direction::SendRecv),
            (false, 6010, Direction::SendRecv)
        ]
    );
    // No common codec: refused, the call goes on.
    net.raw(
        RAW,
        A,
        request(
            "INVITE",
            7,
            &tag,
            b"v=0\r\nm=audio 1 RTP/AVP 18\r\n",
            "application/sdp",
        ),
    );
    net.run(30);
    assert!(last(&net).starts_with("SIP/2.0 488"));
    assert_eq!(net.get(A).held().legs, 1);
}

#[test]
fn a_delayed_offer_is_answered_in_the_ack() {
    let mut net = Net::with_raw();
    let (tag, leg) = called(&mut net, b"");
    net.raw(
        RAW,
        A,
        request("ACK", 1, &tag, &sdp(RAW, 6000), "application/sdp"),
    );
    net.run(30);
    let acked = net.seen(A).into_iter().find_map(|e| match e {
        Event::Acked {
            leg: l,
            sdp: Some(sdp),
        } if *l == leg => sdp.audio(),
        _ => None,
    });
    assert_eq!(acked.unwrap().remote, Some(addr("192.0.2.9:6000")));
}

#[test]
fn requests_in_dialogs_are_answered() {
    let mut net = Net::with_raw();
    let (tag, leg) = called(&mut net, &sdp(RAW, 6000));
    net.raw(RAW, A, request("ACK", 1, &tag, b"", "x"));
    let info = b"Signal=#\r\nDuration=160\r\n";
    for (n, method, body, kind, status) in [
        (2, "INFO", &info[..], "application/dtmf-relay", "200"),
        (3, "INFO", b" 5 ", "application/dtmf", "200"),
        (4, "INFO", b"whatever", "text/plain", "200"),
        (5, "OPTIONS", b"", "x", "200"),
        (6, "REFER", b"", "x", "400"),
        (7, "PRACK", b"", "x", "400"),
        (8, "FROBNICATE", b"", "x", "501"),
        (9, "NOTIFY", b"", "x", "489"),
        (10, "MESSAGE", b"", "x", "405"),
        (11, "SUBSCRIBE", b"", "x", "405"),
        (3, "BYE", b"", "x", "500"),
        (12, "BYE", b"", "x", "200"),
        (13, "BYE", b"", "x", "481"),
    ] {
        // Repeated, as if the answer had been lost: the same answer, and nothing happens twice.
        for _ in 0..2 {
            net.raw(RAW, A, request(method, n, &tag, body, kind));
            net.run(30);
            assert!(
                last(&net).starts_with(&format!("SIP/2.0 {status}")),
                "{method} {n}: {}",
                last(&net)
            );
        }
    }
    let keys: Vec<(char, u128)> = net
        .seen(A)
        .into_iter()
        .filter_map(|e| match e {
            Event::Dtmf {
                digit, duration, ..
            } => Some((*digit, duration.as_millis())),
            _ => None,
        })
        .collect();
    assert_eq!(keys, [('#', 160), ('5', 0)]);
    let end = |e: &Event| matches!(e, Event::Ended { leg: l, cause: EndCause::RemoteBye, .. } if *l == leg);
    assert_eq!(net.count(A, end), 1);
    net.run(40_000);
    net.assert_idle(A);
}

#[test]
fn bye_before_the_ack_and_bye_on_a_ringing_call() {
    let mut net = Net::with_raw();
    let (tag, _) = called(&mut net, &sdp(RAW, 6000));
    net.raw(RAW, A, request("BYE", 2, &tag, b"", "x"));
    net.run(40_000);
    assert_eq!(net.count(A, |e| matches!(e, Event::Ended { .. })), 1);
    assert_eq!(
        net.sent_by(A, "200 OK (sdp)"),
        1,
        "no repetition after the BYE"
    );
    net.assert_idle(A);

    let mut net = Net::with_raw();
    net.raw(
        RAW,
        A,
        request("INVITE", 1, "", &sdp(RAW, 6000), "application/sdp"),
    );
    net.run(30);
    let leg = net.incoming(A);
    net.at(A, |a, now| a.ring(now, leg, 180, None).unwrap());
    net.run(30);
    let tag = header(&net.inbox.last().unwrap().bytes, "To")
        .split_once(";tag=")
        .unwrap()
        .1
        .to_owned();
    net.raw(RAW, A, request("BYE", 2, &tag, b"", "x"));
    net.run(30);
    assert_eq!(
        net.count(A, |e| matches!(e, Event::IncomingCancelled { .. })),
        1
    );
    assert_eq!(
        (net.sent_by(A, "487"), net.sent_by(A, "200 OK (BYE)")),
        (1, 1)
    );
    assert!(net.at(A, |a, now| a.answer(now, leg, &sdp(A, 1))).is_err());
}

#[test]
fn requests_that_cannot_be_taken() {
    let invite =
        String::from_utf8(request("INVITE", 1, "", &sdp(RAW, 6000), "application/sdp")).unwrap();
    let own_via = {
        let mut net = Net::with_raw();
        net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
        net.run(20);
        header(&net.inbox[0].bytes, "Via")
    };
    for (from, to, status) in [
        ("SIP/2.0\r\nVia", "SIP/3.0\r\nVia", "505"),
        ("CSeq: 1 INVITE", "CSeq: 1 BYE", "400"),
        ("CSeq: 1 INVITE", "CSeq: 99999999999 INVITE", "400"),
        ("Call-ID: raw1\r\n", "", "400"),
        ("Max-Forwards: 70", "Max-Forwards: many", "400"),
        ("sip:300@192.0.2.1 SIP", "sip:300@192.0.2.1 ;x SIP", "400"),
        ("sip:300@192.0.2.1 SIP", "nobodyknows:300 SIP", "416"),
        ("Content-Length: 2", "Content-Length: 9", "400"),
        (
            "Content-Type: application/sdp",
            "Content-Type: text/plain",
            "415",
        ),
        ("RTP/AVP 0 8 101", "RTP/AVP 18 4 96", "488"),
        ("Max-Forwards: 70", "Require: frobnication", "420"),
        (">\r\nCall-ID", ">;tag=ghost\r\nCall-ID", "481"),
        ("raw1", &"x".repeat(2_000), "400"),
        ("Max-Forwards: 70", &format!("Via: {own_via}"), "482"),
        ("INVITE", "BYE", "481"),
        ("INVITE", "CANCEL", "481"),
        ("INVITE", "SUBSCRIBE", "405"),
        ("INVITE", "MESSAGE", "405"),
        ("INVITE", "PUBLISH", "405"),
        ("INVITE", "NOTIFY", "489"),
        ("INVITE", "REFER", "403"),
        ("INVITE", "PRACK", "481"),
        ("INVITE", "NONSENSE", "501"),
        ("INVITE", "OPTIONS", "200"),
        ("INVITE", "REGISTER", "405"),
    ] {
        let mut net = Net::with_raw();
        let changed = invite.replace(from, to);
        assert_ne!(changed, invite, "{from}");
        net.raw(RAW, A, changed);
        net.run(50);
        assert!(
            last(&net).starts_with(&format!("SIP/2.0 {status}")),
            "{from} -> {to}: {}",
            last(&net)
        );
        assert_eq!(net.count(A, |e| matches!(e, Event::Incoming(_))), 0);
        let held = net.get(A).held();
        assert_eq!(
            (held.legs, held.server_transactions),
            (0, 0),
            "nothing is kept"
        );
    }
}

#[test]
fn a_merged_request_is_refused() {
    let mut net = Net::with_raw();
    let invite =
        String::from_utf8(request("INVITE", 1, "", &sdp(RAW, 6000), "application/sdp")).unwrap();
    net.raw(RAW, A, &invite);
    net.raw(RAW, A, invite.replace("z9hG4bKINVITE1", "z9hG4bKotherpath"));
    net.run(50);
    assert!(last(&net).starts_with("SIP/2.0 482"));
    assert_eq!(net.count(A, |e| matches!(e, Event::Incoming(_))), 1);
}

#[test]
fn a_repeated_invite_gets_the_last_response_again() {
    let mut net = Net::with_raw();
    let invite = request("INVITE", 1, "", &sdp(RAW, 6000), "application/sdp");
    net.raw(RAW, A, &invite);
    net.run(30);
    let leg = net.incoming(A);
    net.at(A, |a, now| a.ring(now, leg, 180, None).unwrap());
    net.run(30);
    net.raw(RAW, A, &invite);
    net.run(30);
    assert_eq!(net.sent_by(A, "180"), 2);
    net.at(A, |a, now| a.reject(now, leg, 486, "", &[]).unwrap());
    net.raw(RAW, A, &invite);
    net.run(30);
    assert_eq!(net.sent_by(A, "486"), 2);
    let to = header(&net.inbox.last().unwrap().bytes, "To");
    let ack = String::from_utf8(request("ACK", 1, "", b"", "x")).unwrap();
    let ack = ack
        .replace("z9hG4bKACK1", "z9hG4bKINVITE1")
        .replace("To: <sip:300@192.0.2.1>", &format!("To: {to}"));
    net.raw(RAW, A, ack);
    net.run(40_000);
    assert_eq!(net.sent_by(A, "486"), 2, "the ACK stopped it");
    net.assert_idle(A);
}

#[test]
fn a_call_nobody_answers_is_refused_at_its_limit() {
    for (extra, limit) in [("", 300_000), ("Expires: 20\r\n", 20_000)] {
        let mut net = Net::with_raw();
        let invite =
            String::from_utf8(request("INVITE", 1, "", &sdp(RAW, 6000), "application/sdp"))
                .unwrap();
        net.raw(
            RAW,
            A,
            invite.replace("Call-ID", &format!("{extra}Call-ID")),
        );
        net.run(limit - 1_000);
        assert_eq!(net.get(A).held().legs, 1);
        net.run(2_000);
        assert_eq!(
            net.count(A, |e| matches!(e, Event::IncomingCancelled { .. })),
            1
        );
        assert!(net.sent_by(A, "480") >= 1);
        net.run(40_000);
        net.assert_idle(A);
    }
}

#[test]
fn replies_go_to_the_source_even_when_nobody_asked() {
    let mut net = Net::with_raw();
    let behind_nat = "192.0.2.9:61000";
    let invite = request("INVITE", 1, "", &sdp(RAW, 6000), "application/sdp");
    let invite = String::from_utf8(invite).unwrap().replace(";rport", "");
    net.raw(behind_nat, A, invite);
    net.raw(behind_nat, A, request("OPTIONS", 7, "", b"", "x"));
    net.run(50);
    assert_eq!(net.inbox.len(), 2);
    assert!(net.inbox.iter().all(|d| d.to == addr(behind_nat)));
}
