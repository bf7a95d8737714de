//! Calls over streams, and requests that are too large for a datagram.

mod harness;

use carillon_sip::{EndpointConfig, Event, Invite, Listener, Peer, TransportKind};
use harness::*;

/// Listens on all three transports at one address.
fn everywhere(local: &str) -> EndpointConfig {
    let mut config = open(config(local));
    for kind in [TransportKind::Tcp, TransportKind::Tls] {
        config.listeners.push(Listener::new(kind, addr(local)));
    }
    config
}

fn two() -> Net {
    let mut net = Net::new();
    net.add(everywhere(A));
    net.add(everywhere(B));
    net
}

fn answered(net: &mut Net) {
    let leg = net
        .seen(B)
        .iter()
        .find_map(|e| match e {
            Event::Incoming(call) => Some(call.leg),
            _ => None,
        })
        .expect("the call arrived");
    net.at(B, |n, now| n.answer(now, leg, &sdp(B, 6000)).unwrap());
}

#[test]
fn a_call_keeps_its_stream_from_invite_to_bye() {
    for peer in [Peer::tcp(addr(B)), Peer::tls(addr(B))] {
        let mut net = two();
        let invite = Invite {
            next_hop: peer,
            ..to_b()
        };
        net.at(A, |n, now| n.invite(now, invite).unwrap());
        net.run(100);
        answered(&mut net);
        net.run(100);
        let leg = net
            .seen(A)
            .iter()
            .find_map(|e| match e {
                Event::Answered { leg, .. } => Some(*leg),
                _ => None,
            })
            .unwrap();
        net.at(A, |n, now| n.bye(now, leg, None));
        net.run(100);
        assert_eq!(net.count(B, |e| matches!(e, Event::Ended { .. })), 1);
        let (_, invite) = &net.sent[0];
        let token = peer.transport.via_token();
        let via = header(&invite.bytes, "Via");
        assert!(
            via.starts_with(&format!("SIP/2.0/{token} 192.0.2.1:5060")),
            "{via}"
        );
        let contact = header(&invite.bytes, "Contact");
        assert!(contact.contains(";transport=t"), "{contact}");
        assert!(
            net.sent.iter().all(|(_, d)| d.transport == peer.transport),
            "{}",
            net.ladder()
        );
    }
}

#[test]
fn nothing_is_repeated_over_a_stream_but_the_2xx() {
    let mut net = two();
    net.rule(|d| {
        if d.is("ACK") {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    let invite = Invite {
        next_hop: Peer::tcp(addr(B)),
        ..to_b()
    };
    net.at(A, |n, now| n.invite(now, invite).unwrap());
    net.run(5_000);
    assert_eq!(net.sent_by(A, "INVITE"), 1, "{}", net.ladder());
    answered(&mut net);
    net.run(5_000);
    assert!(net.sent_by(B, "200 OK (sdp)") >= 3, "{}", net.ladder());
}

#[test]
fn a_stream_that_cannot_be_opened_fails_the_call_at_once() {
    let mut net = two();
    net.first(1, "INVITE", Fate::Broken);
    let invite = Invite {
        next_hop: Peer::tcp(addr(B)),
        ..to_b()
    };
    net.at(A, |n, now| n.invite(now, invite).unwrap());
    net.run(10);
    let failed = net.count(
        A,
        |e| matches!(e, Event::Failed(f) if f.code == 503 && f.transport_error && !f.timed_out),
    );
    assert_eq!(failed, 1);
    assert_eq!(net.get(A).held().client_transactions, 0);
}

#[test]
fn a_call_that_rings_outlives_its_stream() {
    let mut net = two();
    let peer = Peer::tcp(addr(B));
    let invite = Invite {
        next_hop: peer,
        ..to_b()
    };
    net.at(A, |n, now| n.invite(now, invite).unwrap());
    net.run(100);
    net.at(A, |n, now| n.unreachable(now, peer));
    answered(&mut net);
    net.run(100);
    assert_eq!(net.count(A, |e| matches!(e, Event::Answered { .. })), 1);
}

fn large(next_hop: Peer) -> Invite {
    Invite {
        next_hop,
        headers: vec![("X-Long".into(), "a".repeat(1_300))],
        ..to_b()
    }
}

#[test]
fn large_requests_leave_over_tcp_with_their_cancel() {
    let mut net = two();
    let call = net.at(A, |n, now| n.invite(now, large(addr(B).into())).unwrap());
    net.run(100);
    net.at(A, |n, now| n.cancel(now, call, None));
    net.run(100);
    for start in ["INVITE", "CANCEL", "ACK"] {
        let (_, sent) = net
            .sent
            .iter()
            .find(|(_, d)| d.is(start))
            .unwrap_or_else(|| panic!("no {start}\n{}", net.ladder()));
        assert_eq!(sent.transport, TransportKind::Tcp, "{start}");
        assert!(header(&sent.bytes, "Via").starts_with("SIP/2.0/TCP"));
    }
    assert_eq!(net.get(A).counters().moved_to_tcp, 1);
}

#[test]
fn large_requests_come_back_to_udp_where_there_is_no_tcp() {
    let mut net = two();
    net.rule(|d| match d.transport {
        TransportKind::Udp => Fate::Deliver,
        _ => Fate::Broken,
    });
    for _ in 0..2 {
        net.at(A, |n, now| n.invite(now, large(addr(B).into())).unwrap());
        net.run(100);
    }
    assert_eq!(net.count(B, |e| matches!(e, Event::Incoming(_))), 2);
    let tries = |kind| {
        net.sent
            .iter()
            .filter(|(_, d)| d.is("INVITE") && d.transport == kind)
            .count()
    };
    assert_eq!(
        (tries(TransportKind::Tcp), tries(TransportKind::Udp)),
        (1, 2),
        "the refusal is remembered\n{}",
        net.ladder()
    );
}
