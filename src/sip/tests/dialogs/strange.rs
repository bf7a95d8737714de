//! Messages that cross, come late or do not fit, on either side.

use carillon_sip::{EndCause, Event};

use crate::harness::*;
use crate::{last_request, talking, talking_to_raw, within};

#[test]
fn a_200_with_another_tag_than_the_180_is_the_call() {
    let mut net = Net::with_raw();
    net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
    net.run(20);
    let invite = last_request(&net, "INVITE");
    net.raw(
        RAW,
        A,
        respond(&invite, "180 Ringing", "one", RAW_CONTACT, b""),
    );
    net.raw(
        RAW,
        A,
        respond(&invite, "200 OK", "two", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.run(20);
    let legs = net.answered(A);
    assert_eq!(legs.len(), 1);
    let ack = last_request(&net, "ACK");
    assert!(header(&ack, "To").ends_with(";tag=two"));
    net.at(A, |a, now| a.bye(now, legs[0], None));
    net.run(20);
    let bye = last_request(&net, "BYE");
    assert!(header(&bye, "To").ends_with(";tag=two"));
    net.raw(RAW, A, respond(&bye, "200 OK", "", "", b""));
    net.run(40_000);
    net.assert_idle(A);
    assert_eq!(net.count(A, |e| matches!(e, Event::Ended { .. })), 1);
}

#[test]
fn a_cancel_answered_481_changes_nothing() {
    let mut net = Net::with_raw();
    let call = net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
    net.run(20);
    let invite = last_request(&net, "INVITE");
    net.raw(
        RAW,
        A,
        respond(&invite, "180 Ringing", "t", RAW_CONTACT, b""),
    );
    net.run(20);
    net.at(A, |a, now| a.cancel(now, call, None));
    net.run(20);
    let cancel = last_request(&net, "CANCEL");
    net.raw(RAW, A, respond(&cancel, "481 What", "", "", b""));
    net.run(1_000);
    assert_eq!(net.count(A, |e| matches!(e, Event::Failed(_))), 0);
    // It had answered before: a person is on the line.
    net.raw(
        RAW,
        A,
        respond(&invite, "200 OK", "t", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.run(20);
    let late = |e: &Event| {
        matches!(
            e,
            Event::Answered {
                after_cancel: true,
                ..
            }
        )
    };
    assert_eq!(net.count(A, late), 1);
    // Or it never does: the call counts as cancelled.
    let mut net = Net::with_raw();
    let call = net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
    net.run(20);
    let invite = last_request(&net, "INVITE");
    net.raw(
        RAW,
        A,
        respond(&invite, "180 Ringing", "t", RAW_CONTACT, b""),
    );
    net.run(20);
    net.at(A, |a, now| a.cancel(now, call, None));
    net.run(20);
    let cancel = last_request(&net, "CANCEL");
    net.raw(RAW, A, respond(&cancel, "481 What", "", "", b""));
    net.run(33_000);
    assert_eq!(
        (failure(&net).code, failure(&net).after_cancel),
        (487, true)
    );
}

#[test]
fn a_200_after_a_reliable_183_and_a_cancel_is_a_person() {
    let mut net = Net::with_raw();
    let call = net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
    net.run(20);
    let invite = last_request(&net, "INVITE");
    let extra = format!("{RAW_CONTACT}Require: 100rel\r\nRSeq: 1\r\n");
    net.raw(
        RAW,
        A,
        respond(&invite, "183 x", "t", &extra, &sdp(RAW, 6000)),
    );
    net.run(20);
    net.at(A, |a, now| a.cancel(now, call, None));
    net.raw(RAW, A, respond(&invite, "200 OK", "t", RAW_CONTACT, b""));
    net.run(20);
    let late = |e: &Event| matches!(e, Event::Answered { after_cancel: true, sdp, .. } if sdp.media[0].port == 6000);
    assert_eq!(net.count(A, late), 1, "the answer was in the 183");
}

#[test]
fn a_bye_of_the_callees_before_our_ack_ends_the_leg_once() {
    let mut net = Net::pair();
    let (_, leg) = ringing(&mut net);
    // The 200 is late, the BYE that B is made to send by its owner waits for the ACK; one from
    // elsewhere (a proxy's) does not.
    net.at(B, |b, now| {
        b.answer(now, leg, &sdp(B, 5000)).unwrap();
        b.bye(now, leg, None);
    });
    net.run(40_000);
    assert_eq!(net.count(A, is_end(EndCause::RemoteBye)), 1);
    assert_eq!(
        net.count(B, is_end(EndCause::LocalBye { confirmed: true })),
        1
    );
    for who in [A, B] {
        net.assert_idle(who);
    }
}

#[test]
fn a_bye_that_overtakes_the_200_and_its_repetitions_leaves_nothing() {
    let mut net = Net::with_raw();
    net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
    net.run(20);
    let invite = last_request(&net, "INVITE");
    net.raw(
        RAW,
        A,
        respond(&invite, "180 Ringing", "t", RAW_CONTACT, b""),
    );
    net.run(20);
    // The callee may not end an early dialog so.
    net.raw(RAW, A, within(&invite, "BYE", 1, "", b""));
    net.run(20);
    assert!(net.inbox.last().unwrap().is("481"));
    net.raw(
        RAW,
        A,
        respond(&invite, "200 OK", "t", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.run(20);
    net.raw(RAW, A, within(&invite, "BYE", 2, "", b""));
    net.run(20);
    assert_eq!(net.count(A, is_end(EndCause::RemoteBye)), 1);
    // The 200 again: acknowledged, nobody answers twice.
    net.raw(
        RAW,
        A,
        respond(&invite, "200 OK", "t", RAW_CONTACT, &sdp(RAW, 6000)),
    );
    net.run(20);
    assert_eq!(
        (
            net.sent_by(A, "ACK"),
            net.answered(A).len(),
            net.sent_by(A, "BYE")
        ),
        (2, 1, 0)
    );
    net.run(40_000);
    net.assert_idle(A);
}

#[test]
fn an_info_that_comes_while_we_hang_up_is_answered_and_not_told() {
    let mut net = Net::with_raw();
    let (a, invite) = talking_to_raw(&mut net, "");
    net.at(A, |e, now| e.bye(now, a, None));
    let info = within(&invite, "INFO", 2, "", b"5");
    let info = String::from_utf8(info)
        .unwrap()
        .replace("application/sdp", "application/dtmf");
    net.raw(RAW, A, info);
    net.run(20);
    assert_eq!(net.sent_by(A, "200 OK (INFO)"), 1);
    assert_eq!(net.count(A, |e| matches!(e, Event::Dtmf { .. })), 0);
}

#[test]
fn unknown_extensions_are_refused_within_dialogs_and_known_ones_taken() {
    let mut net = Net::with_raw();
    let (_, invite) = talking_to_raw(&mut net, "");
    net.raw(
        RAW,
        A,
        within(
            &invite,
            "UPDATE",
            2,
            "Require: frobnication, timer\r\n",
            b"",
        ),
    );
    net.run(20);
    let refusal = last_request(&net, "420");
    assert_eq!(header(&refusal, "Unsupported"), "frobnication");
    net.raw(
        RAW,
        A,
        within(&invite, "UPDATE", 3, "Require: timer\r\n", b""),
    );
    net.run(20);
    assert!(net.inbox.last().unwrap().is("200 OK"));
}

#[test]
fn both_hang_up_while_both_change_the_session() {
    let mut net = Net::pair();
    let (a, b) = talking(&mut net);
    net.at(A, |e, now| {
        e.hold(now, a, true).unwrap();
        e.bye(now, a, None);
    });
    net.at(B, |e, now| {
        e.hold(now, b, true).unwrap();
        e.bye(now, b, None);
    });
    net.run(70_000);
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
