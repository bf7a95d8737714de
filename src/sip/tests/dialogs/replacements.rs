//! INVITEs with Replaces (RFC 3891).

use carillon_sip::{Event, Invite, LegKey};

use crate::harness::*;
use crate::{settle, talking};

/// What names B's side of the call to A: B's tag is `to-tag`.
fn named(net: &Net) -> String {
    let (_, ok) = net.sent.iter().find(|(_, d)| d.is("200 OK (sdp)")).unwrap();
    let tag = |name| {
        header(&ok.bytes, name)
            .split_once(";tag=")
            .unwrap()
            .1
            .to_owned()
    };
    format!(
        "{};to-tag={};from-tag={}",
        header(&ok.bytes, "Call-ID"),
        tag("To"),
        tag("From")
    )
}

fn call_with(net: &mut Net, lines: &[&str]) {
    let headers = lines
        .iter()
        .map(|v| ("Replaces".to_owned(), (*v).to_owned()));
    let headers = headers.collect();
    net.at(A, |a, now| {
        a.invite(now, Invite { headers, ..to_b() }).unwrap()
    });
    net.run(100);
}

fn replaced(net: &Net) -> Option<LegKey> {
    net.seen(B).into_iter().rev().find_map(|e| match e {
        Event::Incoming(call) => Some(call.replaces),
        _ => None,
    })?
}

#[test]
fn a_call_takes_the_place_of_another() {
    let mut net = Net::pair();
    let (a, b) = talking(&mut net);
    let value = named(&net);
    call_with(&mut net, &[&value]);
    assert_eq!(replaced(&net), Some(b));
    let fresh = net.incoming(B);
    net.at(B, |e, now| {
        e.answer(now, fresh, &sdp(B, 5000)).unwrap();
        e.bye(now, b, None);
    });
    net.run(100);
    assert_eq!(net.answered(A).len(), 2);
    assert_eq!(net.get(B).held().legs, 1);
    let second = net.answered(A)[1];
    assert_ne!(second, a);
    settle(&mut net, second);
}

#[test]
fn what_replaces_nothing_is_refused() {
    let mut net = Net::pair();
    talking(&mut net);
    let value = named(&net);
    let early = format!("{value};early-only");
    let ghost = value.replace("to-tag=", "to-tag=0");
    for (lines, code) in [
        (&[ghost.as_str()][..], 481),
        (&["nonsense"], 481),
        (&[&value, &value], 400),
        (&[&early], 486),
    ] {
        let before = net.count(B, |e| matches!(e, Event::Incoming(_)));
        call_with(&mut net, lines);
        let failed = net.seen(A).into_iter().rev().find_map(|e| match e {
            Event::Failed(f) => Some(f.code),
            _ => None,
        });
        assert_eq!(failed, Some(code), "{lines:?}");
        assert_eq!(net.count(B, |e| matches!(e, Event::Incoming(_))), before);
    }
    // A call that rings here is nobody's to take over.
    let mut net = Net::pair();
    let (_, b) = ringing(&mut net);
    net.at(B, |e, now| e.ring(now, b, 180, None).unwrap());
    net.run(50);
    let (_, ringing) = net.sent.iter().find(|(_, d)| d.is("180")).unwrap();
    let tag = |name| {
        header(&ringing.bytes, name)
            .split_once(";tag=")
            .unwrap()
            .1
            .to_owned()
    };
    let value = format!(
        "{};to-tag={};from-tag={}",
        header(&ringing.bytes, "Call-ID"),
        tag("To"),
        tag("From")
    );
    call_with(&mut net, &[&value]);
    assert_eq!(failure(&net).code, 481);
}
