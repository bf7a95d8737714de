//! REFER and its NOTIFYs (RFC 3515), asked for by us and of us.

use carillon_sip::{EndCause, Event, LegKey, ReferOutcome, ReferRequest, SipError};

use crate::harness::*;
use crate::{last_request, settle, talking, talking_to_raw, within};

/// A calls B, which takes transfers; both legs.
fn pair_with_transfers(net: &mut Net) -> (LegKey, LegKey) {
    net.add(config(A));
    let mut callee = open(config(B));
    callee.session.takes_refer = true;
    net.add(callee);
    talking(net)
}

fn requested(net: &Net, who: &str) -> ReferRequest {
    let found = net.seen(who).into_iter().rev().find_map(|e| match e {
        Event::ReferRequested(request) => Some((**request).clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no transfer\n{}", net.ladder()))
}

fn progress(net: &Net) -> Vec<u16> {
    let seen = net.seen(A).into_iter();
    seen.filter_map(|e| match e {
        Event::ReferProgress { code, .. } => Some(*code),
        _ => None,
    })
    .collect()
}

fn outcomes(net: &Net) -> Vec<ReferOutcome> {
    let seen = net.seen(A).into_iter();
    seen.filter_map(|e| match e {
        Event::ReferEnded { outcome, .. } => Some(*outcome),
        _ => None,
    })
    .collect()
}

#[test]
fn a_blind_transfer_is_told_to_its_end() {
    for (lost, n) in [
        ("", 0),
        ("REFER", 2),
        ("202", 1),
        ("NOTIFY", 3),
        ("200 OK (NOTIFY)", 2),
    ] {
        let mut net = Net::new();
        let (a, b) = pair_with_transfers(&mut net);
        if n > 0 {
            net.first(n, lost, Fate::Drop);
        }
        net.at(A, |e, now| {
            e.refer(now, a, "sip:200@192.0.2.9", None).unwrap()
        });
        assert!(matches!(
            net.at(A, |e, now| e.refer(now, a, "sip:201@192.0.2.9", None)),
            Err(SipError::Busy { .. })
        ));
        net.run(3_000);
        let request = requested(&net, B);
        assert_eq!(request.leg, b);
        assert_eq!(request.target, "sip:200@192.0.2.9");
        assert_eq!((request.replaces, request.replaces_value), (None, None));
        assert_eq!(request.referred_by.as_deref(), Some("<sip:100@192.0.2.1>"));
        net.at(B, |e, now| {
            e.refer_accept(now, b).unwrap();
            e.refer_progress(now, b, 180).unwrap();
            e.refer_progress(now, b, 200).unwrap();
            assert!(e.refer_progress(now, b, 486).is_err(), "over");
            assert!(e.refer_refuse(now, b, 486).is_err(), "accepted");
        });
        net.run(20_000);
        assert_eq!(
            outcomes(&net),
            [ReferOutcome::Transferred],
            "{lost}\n{}",
            net.ladder()
        );
        // What comes meanwhile may be left out, never repeated or turned round.
        let told = progress(&net);
        assert!(
            told.first() == Some(&100) && told.last() == Some(&200),
            "{told:?}"
        );
        assert!(told.windows(2).all(|w| w[0] < w[1]), "{told:?}");
        let (_, last) = net.sent.iter().rev().find(|(_, d)| d.is("NOTIFY")).unwrap();
        assert_eq!(
            header(&last.bytes, "Subscription-State"),
            "terminated;reason=noresource"
        );
        assert_eq!(header(&last.bytes, "Event"), "refer");
        settle(&mut net, a);
    }
}

#[test]
fn an_attended_transfer_names_the_other_call() {
    let mut net = Net::new();
    let (a, b) = pair_with_transfers(&mut net);
    let (second_a, second_b) = {
        net.at(A, |e, now| e.invite(now, to_b()).unwrap());
        net.run(50);
        let leg = net.incoming(B);
        net.at(B, |e, now| e.answer(now, leg, &sdp(B, 5002)).unwrap());
        net.run(50);
        (net.answered(A)[1], leg)
    };
    let target = net.get(A).remote_target(second_a).unwrap();
    net.at(A, |e, now| {
        e.refer(now, a, &target, Some(second_a)).unwrap()
    });
    net.run(50);
    let request = requested(&net, B);
    assert_eq!(request.target, target);
    assert_eq!(request.replaces, Some(second_b), "both calls end at B");
    let value = request.replaces_value.unwrap();
    let call_id = net.get(A).leg_call_id(second_a).unwrap();
    assert!(value.starts_with(&format!("{call_id};to-tag=")), "{value}");
    net.at(B, |e, now| e.refer_refuse(now, b, 486).unwrap());
    net.run(50);
    assert_eq!(outcomes(&net), [ReferOutcome::Refused { code: 486 }]);
    net.at(A, |e, now| e.bye(now, second_a, None));
    settle(&mut net, a);
}

#[test]
fn a_failed_transfer_says_why() {
    let mut net = Net::new();
    let (a, b) = pair_with_transfers(&mut net);
    net.at(A, |e, now| {
        e.refer(now, a, "sip:200@192.0.2.9", None).unwrap()
    });
    net.run(50);
    net.at(B, |e, now| e.refer_accept(now, b).unwrap());
    net.run(50);
    net.at(B, |e, now| e.refer_progress(now, b, 486).unwrap());
    net.run(50);
    assert_eq!(progress(&net), [100, 486]);
    assert_eq!(outcomes(&net), [ReferOutcome::Failed { code: 486 }]);
    assert_eq!(net.get(A).held().legs, 1, "the call goes on");
    // The next one has a subscription of its own.
    net.at(A, |e, now| {
        e.refer(now, a, "sip:201@192.0.2.9", None).unwrap()
    });
    net.run(50);
    net.at(B, |e, now| e.refer_accept(now, b).unwrap());
    net.run(50);
    let (_, notify) = net.sent.iter().rev().find(|(_, d)| d.is("NOTIFY")).unwrap();
    assert!(header(&notify.bytes, "Event").starts_with("refer;id="));
    settle(&mut net, a);
    assert_eq!(
        outcomes(&net).last(),
        Some(&ReferOutcome::Unknown),
        "hung up before the end"
    );
}

#[test]
fn transfers_are_declined_where_nobody_takes_them() {
    let mut net = Net::pair();
    let (a, _) = talking(&mut net);
    net.at(A, |e, now| {
        e.refer(now, a, "sip:200@192.0.2.9", None).unwrap()
    });
    net.run(50);
    assert_eq!(outcomes(&net), [ReferOutcome::Refused { code: 603 }]);
    assert_eq!(net.count(B, |e| matches!(e, Event::ReferRequested(_))), 0);
    settle(&mut net, a);
    // Nor where the owner does not care.
    let mut net = Net::new();
    let (a, b) = pair_with_transfers(&mut net);
    net.at(A, |e, now| {
        e.refer(now, a, "sip:200@192.0.2.9", None).unwrap()
    });
    net.run(9_000);
    assert_eq!(outcomes(&net), [ReferOutcome::Refused { code: 603 }]);
    assert!(net.at(B, |e, now| e.refer_accept(now, b)).is_err());
    settle(&mut net, a);
}

#[test]
fn a_subscription_that_runs_out_leaves_the_outcome_unknown() {
    let mut net = Net::new();
    let (a, b) = pair_with_transfers(&mut net);
    net.at(A, |e, now| {
        e.refer(now, a, "sip:200@192.0.2.9", None).unwrap()
    });
    net.run(50);
    net.at(B, |e, now| e.refer_accept(now, b).unwrap());
    net.run(179_000);
    assert!(outcomes(&net).is_empty());
    net.run(2_000);
    assert_eq!(outcomes(&net), [ReferOutcome::Unknown]);
    let (_, last) = net.sent.iter().rev().find(|(_, d)| d.is("NOTIFY")).unwrap();
    assert_eq!(
        header(&last.bytes, "Subscription-State"),
        "terminated;reason=timeout"
    );
    assert!(net.at(B, |e, now| e.refer_progress(now, b, 200)).is_err());
    settle(&mut net, a);
}

#[test]
fn peers_by_hand() {
    // No subscription (RFC 4488); and a final answer within a NOTIFY that overtakes the 202.
    let mut net = Net::with_raw();
    let (a, invite) = talking_to_raw(&mut net, "");
    for bad in ["no uri", "", "sip:a@b?Replaces=x"] {
        assert!(
            net.at(A, |e, now| e.refer(now, a, bad, None)).is_err(),
            "{bad}"
        );
    }
    net.at(A, |e, now| e.refer(now, a, "tel:+15550100", None).unwrap());
    net.run(20);
    let refer = last_request(&net, "REFER");
    assert_eq!(header(&refer, "Refer-To"), "<tel:+15550100>");
    net.raw(
        RAW,
        A,
        respond(&refer, "202 Ok", "", "Refer-Sub: false\r\n", b""),
    );
    net.run(20);
    assert_eq!(outcomes(&net), [ReferOutcome::Unknown]);
    net.at(A, |e, now| {
        e.refer(now, a, "sip:200@192.0.2.9", None).unwrap()
    });
    net.run(20);
    let refer = last_request(&net, "REFER");
    let fragment = b"SIP/2.0 200 OK\r\n";
    let head = "Event: refer;id=3\r\nSubscription-State: active;expires=60\r\n";
    net.raw(RAW, A, within(&invite, "NOTIFY", 5, head, fragment));
    net.run(20);
    net.raw(RAW, A, respond(&refer, "202 Ok", "", "", b""));
    net.raw(
        RAW,
        A,
        within(
            &invite,
            "NOTIFY",
            6,
            "Event: refer\r\nSubscription-State: terminated\r\n",
            b"",
        ),
    );
    net.run(20);
    assert_eq!(outcomes(&net).last(), Some(&ReferOutcome::Transferred));
    assert_eq!(net.sent_by(A, "200 OK (NOTIFY)"), 2);
    // Events nobody asked for.
    net.raw(
        RAW,
        A,
        within(&invite, "NOTIFY", 7, "Event: message-summary\r\n", b""),
    );
    net.run(20);
    assert_eq!(net.sent_by(A, "489"), 1);
    // A peer that has lost the dialog.
    net.at(A, |e, now| {
        e.refer(now, a, "sip:200@192.0.2.9", None).unwrap()
    });
    net.run(20);
    let refer = last_request(&net, "REFER");
    net.raw(RAW, A, respond(&refer, "481 Gone", "", "", b""));
    net.run(20);
    assert_eq!(
        outcomes(&net).last(),
        Some(&ReferOutcome::Refused { code: 481 })
    );
    assert_eq!(net.count(A, is_end(EndCause::Lost { code: 481 })), 1);
    net.run(70_000);
    net.assert_idle(A);
}

#[test]
fn a_referrer_without_a_wish_for_news_gets_none() {
    let mut net = Net::new();
    let mut config = open(config(A));
    config.session.takes_refer = true;
    net.add(config);
    let session = carillon_sip::SessionOptions {
        takes_refer: true,
        ..carillon_sip::SessionOptions::default()
    };
    net.at(A, |a, now| {
        a.invite(
            now,
            carillon_sip::Invite {
                session,
                ..to_raw()
            },
        )
        .unwrap()
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
    let head = "Refer-To: \"You\" <sip:200@192.0.2.9?Replaces=abc%40x%3Bto-tag%3D1%3Bfrom-tag%3D2&X=y>\r\n\
                Refer-Sub: false\r\nReferred-By: <sip:me@x>;cid=1\r\nRequire: norefersub\r\n";
    net.raw(RAW, A, within(&invite, "REFER", 5, head, b""));
    net.run(20);
    let request = requested(&net, A);
    assert_eq!(request.target, "sip:200@192.0.2.9");
    assert_eq!(
        request.replaces_value.as_deref(),
        Some("abc@x;to-tag=1;from-tag=2")
    );
    assert_eq!(request.replaces, None, "that call is not ours");
    assert_eq!(request.referred_by.as_deref(), Some("<sip:me@x>;cid=1"));
    net.at(A, |e, now| e.refer_accept(now, a).unwrap());
    net.run(20);
    assert_eq!(header(&last_request(&net, "202"), "Refer-Sub"), "false");
    assert_eq!(net.sent_by(A, "NOTIFY"), 0);
    for (n, head) in [
        (6, ""),
        (7, "Refer-To: <sip:a@b>\r\nRefer-To: <sip:c@d>\r\n"),
        (8, "Refer-To: nonsense\r\n"),
    ] {
        net.raw(RAW, A, within(&invite, "REFER", n, head, b""));
        net.run(20);
        assert!(net.inbox.last().unwrap().is("400"), "{head}");
    }
}
