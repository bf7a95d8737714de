//! Requests within dialogs whose stream breaks before it carries them: the dialog stands (503 is
//! no 408, RFC 3261 §8.1.3.1, §12.2.1.2).

use std::time::Duration;

use carillon_sip::{
    Event, Invite, LegKey, Listener, Peer, ReferOutcome, SessionOptions, SessionTimer,
    TransportKind,
};

use crate::changes;
use crate::harness::*;

/// A calls B over TCP; A's leg.
fn talking_over_tcp(net: &mut Net) -> LegKey {
    for who in [A, B] {
        let mut config = open(config(who));
        config
            .listeners
            .push(Listener::new(TransportKind::Tcp, addr(who)));
        net.add(config);
    }
    let timer = SessionTimer {
        interval: Duration::from_secs(300),
        refresher: carillon_sip::Refresher::Us,
        ..SessionTimer::default()
    };
    let session = SessionOptions {
        timer: Some(timer),
        ..SessionOptions::default()
    };
    let invite = Invite {
        next_hop: Peer::tcp(addr(B)),
        session,
        ..to_b()
    };
    net.at(A, |a, now| a.invite(now, invite).unwrap());
    net.run(50);
    let leg = net.incoming(B);
    net.at(B, |b, now| b.answer(now, leg, &sdp(B, 5000)).unwrap());
    net.run(50);
    net.answered(A)[0]
}

/// What A says breaks its stream, this often.
fn break_next(net: &mut Net, start: &'static str, n: usize) {
    net.first(n, start, Fate::Broken);
}

#[test]
fn a_change_fails_and_the_next_one_passes() {
    let mut net = Net::new();
    let a = talking_over_tcp(&mut net);
    break_next(&mut net, "INVITE", 1);
    net.at(A, |e, now| e.hold(now, a, true).unwrap());
    net.run(100);
    let failed = |e: &Event| matches!(e, Event::ReofferFailed { code: 503, .. });
    assert_eq!(net.count(A, failed), 1, "{}", net.ladder());
    net.at(A, |e, now| e.hold(now, a, true).unwrap());
    net.run(100);
    assert_eq!(changes(&net, A), [(5000, "sendonly", false)]);
}

#[test]
fn a_refresh_is_tried_again_and_the_call_goes_on() {
    let mut net = Net::new();
    let a = talking_over_tcp(&mut net);
    break_next(&mut net, "UPDATE", 2);
    net.run(1_000_000);
    assert_eq!(net.count(A, |e| matches!(e, Event::Ended { .. })), 0);
    assert_eq!(net.count(B, |e| matches!(e, Event::Ended { .. })), 0);
    let updates = net.sent.iter().filter(|(_, d)| d.is("UPDATE"));
    let times: Vec<u64> = updates.map(|(ms, _)| *ms / 1_000).take(4).collect();
    // Due at 150 of 268 s; then after half of what is left, and again; then 150 s later.
    assert_eq!(times, [150, 209, 238, 388]);
    net.at(A, |e, now| e.bye(now, a, None));
    net.run(40_000);
    for who in [A, B] {
        net.assert_idle(who);
    }
}

#[test]
fn a_transfer_that_does_not_leave_is_refused() {
    let mut net = Net::new();
    let a = talking_over_tcp(&mut net);
    break_next(&mut net, "REFER", 1);
    net.at(A, |e, now| {
        e.refer(now, a, "sip:200@192.0.2.9", None).unwrap()
    });
    net.run(100);
    let refused = |e: &Event| {
        let code = ReferOutcome::Refused { code: 503 };
        matches!(e, Event::ReferEnded { outcome, .. } if *outcome == code)
    };
    assert_eq!(net.count(A, refused), 1);
    assert_eq!(net.get(A).held().legs, 1);
}
