//! Giving up calls: CANCEL against provisional and final responses that cross it.

mod harness;

use carillon_sip::{EndCause, Event, Reason};
use harness::*;

#[test]
fn cancel_before_an_answer() {
    let mut net = Net::pair();
    let (call, leg) = ringing(&mut net);
    net.at(B, |b, now| b.ring(now, leg, 180, None).unwrap());
    net.run(50);
    net.at(A, |a, now| {
        a.cancel(now, call, Some(Reason::sip(200, "elsewhere")))
    });
    net.at(A, |a, now| a.cancel(now, call, None));
    net.run(100);
    assert_eq!(net.sent_by(A, "CANCEL"), 1);
    let f = failure(&net);
    assert_eq!((f.code, f.after_cancel, f.timed_out), (487, true, false));
    assert_eq!(
        net.count(
            B,
            |e| matches!(e, Event::IncomingCancelled { leg: l, reasons } if *l == leg
            && reasons[..] == [Reason::sip(200, "elsewhere")])
        ),
        1
    );
    let via = |start| {
        let found = net.sent.iter().find(|(_, d)| d.is(start)).unwrap();
        header(&found.1.bytes, "Via")
    };
    assert_eq!(via("INVITE"), via("CANCEL"), "the same branch");
    net.run(40_000);
    net.assert_idle(A);
    net.assert_idle(B);
}

#[test]
fn cancel_waits_for_the_first_provisional() {
    let mut net = Net::with_raw();
    let call = net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
    net.at(A, |a, now| a.cancel(now, call, None));
    net.run(400);
    assert_eq!(net.sent_by(A, "CANCEL"), 0);
    let invite = net.inbox[0].bytes.clone();
    net.raw(RAW, A, respond(&invite, "100 Trying", "", "", b""));
    net.run(50);
    assert_eq!(net.sent_by(A, "CANCEL"), 1);
    // The peer answers the CANCEL and never the INVITE.
    let cancel = net.inbox.last().unwrap().bytes.clone();
    net.raw(RAW, A, respond(&cancel, "200 OK", "x", "", b""));
    net.run(31_000);
    assert_eq!(net.count(A, |e| matches!(e, Event::Failed(_))), 0);
    net.run(2_000);
    let f = failure(&net);
    assert_eq!((f.code, f.timed_out, f.after_cancel), (487, true, true));
    net.run(10_000);
    net.assert_idle(A);
}

#[test]
fn a_lost_cancel_is_repeated() {
    let mut net = Net::pair();
    let (call, _) = ringing(&mut net);
    net.first(3, "CANCEL", Fate::Drop);
    net.at(A, |a, now| a.cancel(now, call, None));
    net.run(8_000);
    assert_eq!(net.sent_by(A, "CANCEL"), 4, "{}", net.ladder());
    assert_eq!(failure(&net).code, 487);
    net.run(40_000);
    net.assert_idle(A);
    net.assert_idle(B);
}

#[test]
fn a_200_that_crosses_the_cancel_is_a_person_on_the_line() {
    let mut net = Net::pair();
    let (call, leg) = ringing(&mut net);
    net.at(A, |a, now| a.cancel(now, call, None));
    net.at(B, |b, now| b.answer(now, leg, &sdp(B, 5000)).unwrap());
    net.run(200);
    assert_eq!(
        net.count(A, |e| matches!(
            e,
            Event::Answered {
                after_cancel: true,
                nth: 0,
                ..
            }
        )),
        1
    );
    assert_eq!(net.count(A, |e| matches!(e, Event::Failed(_))), 0);
    assert_eq!(
        net.count(B, |e| matches!(e, Event::IncomingCancelled { .. })),
        0
    );
    net.run(60_000);
    assert_eq!(net.sent_by(A, "BYE"), 0, "the owner decides");
    let up = net.answered(A)[0];
    net.at(A, |a, now| a.bye(now, up, None));
    net.run(100);
    assert_eq!(net.count(B, is_end(EndCause::RemoteBye)), 1);
    net.run(40_000);
    net.assert_idle(A);
    net.assert_idle(B);
}
