//! UPDATE before the answer (RFC 3311 §5).

use carillon_sip::{Event, Invite, Reliable, SessionOptions};

use crate::harness::*;
use crate::{changes, last_request, within};

#[test]
fn once_offer_and_answer_are_settled_the_callee_may_change_them() {
    let mut net = Net::with_raw();
    net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
    net.run(20);
    let invite = last_request(&net, "INVITE");
    net.raw(
        RAW,
        A,
        respond(&invite, "183 x", "t", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.run(20);
    // An unreliable 183 settles nothing.
    net.raw(RAW, A, within(&invite, "UPDATE", 1, "", &sdp(RAW, 6002)));
    net.run(20);
    assert!(net.inbox.last().unwrap().is("491"));
    let extra = format!("{RAW_CONTACT}Require: 100rel\r\nRSeq: 1\r\n");
    net.raw(
        RAW,
        A,
        respond(&invite, "183 x", "t", &extra, &sdp(RAW, 6000)),
    );
    net.run(20);
    net.raw(RAW, A, within(&invite, "UPDATE", 2, "", &sdp(RAW, 6004)));
    net.run(20);
    assert!(net.inbox.last().unwrap().is("200 OK"), "{}", net.ladder());
    assert_eq!(changes(&net, A), [(6004, "sendrecv", false)]);
    net.raw(RAW, A, respond(&invite, "200 OK", "t", RAW_CONTACT, b""));
    net.run(20);
    let answered = net.seen(A).into_iter().find_map(|e| match e {
        Event::Answered { sdp, .. } => sdp.audio()?.remote,
        _ => None,
    });
    assert_eq!(
        answered,
        Some(addr("192.0.2.9:6004")),
        "the session as it is now"
    );
}

#[test]
fn the_caller_has_to_wait_for_our_answer() {
    for settled in [false, true] {
        update_while_ringing(settled);
    }
}

fn update_while_ringing(settled: bool) {
    let mut net = Net::new();
    net.add(config(A));
    net.add(open(config(B)));
    let session = SessionOptions {
        reliable: Reliable::Required,
        ..SessionOptions::default()
    };
    net.at(A, |a, now| {
        a.invite(now, Invite { session, ..to_b() }).unwrap()
    });
    net.run(50);
    let b = net.incoming(B);
    let body = sdp(B, 5000);
    let (code, body) = if settled {
        (183, Some(&body[..]))
    } else {
        (180, None)
    };
    net.at(B, |e, now| e.ring(now, b, code, body).unwrap());
    net.run(50);
    let invite = net.sent[0].1.bytes.clone();
    let ringing = net
        .sent
        .iter()
        .find(|(_, d)| d.is("18"))
        .unwrap()
        .1
        .bytes
        .clone();
    let update = |cseq: u32| {
        let body = sdp(A, 4002);
        format!(
            "UPDATE sip:%23123@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKu{cseq};rport\r\n\
             From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} UPDATE\r\nContact: <sip:100@192.0.2.1>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{}",
            header(&invite, "From"),
            header(&ringing, "To"),
            header(&invite, "Call-ID"),
            body.len(),
            String::from_utf8_lossy(&body)
        )
    };
    net.raw(A, B, update(10));
    net.run(50);
    let (_, reply) = net
        .sent
        .iter()
        .rev()
        .find(|(_, d)| d.from == addr(B))
        .unwrap();
    if settled {
        assert!(reply.is("200 OK (UPDATE)"));
        assert_eq!(changes(&net, B), [(4002, "sendrecv", false)]);
    } else {
        assert!(reply.is("500") && header(&reply.bytes, "Retry-After") == "1");
        assert!(changes(&net, B).is_empty());
    }
}
