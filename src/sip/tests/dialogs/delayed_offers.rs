//! Calls placed without an offer.

use carillon_sip::{EndCause, Event, Invite, Reliable, SessionOptions};

use crate::harness::*;
use crate::{changes, last_request, settle};

fn without_offer() -> Invite {
    Invite {
        body: Vec::new(),
        ..to_b()
    }
}

#[test]
fn the_offer_of_the_200_is_answered_in_the_ack_whatever_is_lost() {
    for (lost, n) in [("", 0), ("200 OK (sdp)", 2), ("ACK", 2)] {
        let mut net = Net::pair();
        if n > 0 {
            net.first(n, lost, Fate::Drop);
        }
        net.at(A, |a, now| a.invite(now, without_offer()).unwrap());
        net.run(50);
        let b = net.incoming(B);
        assert!(!header(&net.sent[0].1.bytes, "Supported").contains("100rel"));
        net.at(B, |e, now| e.answer(now, b, &sdp(B, 5000)).unwrap());
        net.run(2_000);
        let a = net.answered(A)[0];
        assert_eq!(net.sent_by(A, "ACK"), 0, "not before there is an answer");
        net.at(A, |e, now| e.ack_with(now, a, &sdp(A, 4000)).unwrap());
        assert!(
            net.at(A, |e, now| e.ack_with(now, a, &sdp(A, 4000)))
                .is_err(),
            "once"
        );
        net.run(10_000);
        let acked = net.seen(B).into_iter().find_map(|e| match e {
            Event::Acked { sdp: Some(sdp), .. } => sdp.audio()?.remote,
            _ => None,
        });
        assert_eq!(
            acked,
            Some(addr("192.0.2.1:4000")),
            "{lost}\n{}",
            net.ladder()
        );
        net.at(A, |e, now| e.hold(now, a, true).unwrap());
        net.run(100);
        assert_eq!(changes(&net, A), [(5000, "sendonly", false)]);
        settle(&mut net, a);
    }
}

#[test]
fn an_offer_left_alone_is_declined_and_the_leg_ended() {
    for by_owner in [true, false] {
        let mut net = Net::pair();
        net.at(A, |a, now| a.invite(now, without_offer()).unwrap());
        net.run(50);
        let b = net.incoming(B);
        net.at(B, |e, now| e.answer(now, b, &sdp(B, 5000)).unwrap());
        net.run(50);
        let a = net.answered(A)[0];
        if by_owner {
            net.at(A, |e, now| e.bye(now, a, None));
        }
        net.run(20_000);
        let (_, ack) = net.sent.iter().find(|(_, d)| d.is("ACK")).unwrap();
        assert!(String::from_utf8_lossy(&ack.bytes).contains("m=audio 0 RTP/AVP"));
        let cause = if by_owner {
            EndCause::LocalBye { confirmed: true }
        } else {
            EndCause::OfferUnanswered
        };
        assert_eq!(net.count(A, is_end(cause)), 1, "{}", net.ladder());
        net.run(70_000);
        for who in [A, B] {
            net.assert_idle(who);
            assert_eq!(net.count(who, |e| matches!(e, Event::Ended { .. })), 1);
        }
    }
}

#[test]
fn a_200_without_a_usable_offer_is_hung_up() {
    for body in [&b""[..], b"v=0\r\nm=audio 4000 RTP/AVP 18\r\n"] {
        let mut net = Net::with_raw();
        let next_hop = addr(RAW).into();
        net.at(A, |a, now| {
            a.invite(
                now,
                Invite {
                    next_hop,
                    ..without_offer()
                },
            )
            .unwrap()
        });
        net.run(20);
        let invite = last_request(&net, "INVITE");
        net.raw(RAW, A, respond(&invite, "200 OK", "t", RAW_CONTACT, body));
        net.run(50);
        assert_eq!((net.sent_by(A, "ACK"), net.sent_by(A, "BYE")), (1, 1));
        let f = failure(&net);
        assert_eq!((f.code, f.unusable), (488, true));
    }
}

#[test]
fn without_an_offer_100rel_cannot_be_required() {
    let mut net = Net::pair();
    let session = SessionOptions {
        reliable: Reliable::Required,
        ..SessionOptions::default()
    };
    let placed = net.at(A, |a, now| {
        a.invite(
            now,
            Invite {
                session,
                ..without_offer()
            },
        )
    });
    assert!(placed.is_err());
}
