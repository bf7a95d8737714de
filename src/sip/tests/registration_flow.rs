//! Registrations that are bound to their connection (RFC 5626).

mod harness;

use std::time::Duration;

use carillon_sip::{Event, Outbound, Peer, Register, RequestKey, TransportKind};
use harness::*;

fn wish(next_hop: Peer) -> Register {
    Register {
        registrar: "sip:carrier.example".into(),
        aor: "sip:line@carrier.example".into(),
        contact_user: "line".into(),
        expires: Duration::from_secs(600),
        credentials: None,
        next_hop,
    }
}

/// A over TCP to a registrar at `RAW` that nobody plays: only what A sends is looked at.
fn over_tcp() -> (Net, RequestKey) {
    let mut config = open(config(A));
    let tcp = carillon_sip::Listener::new(TransportKind::Tcp, addr(A));
    config.listeners.push(tcp);
    let mut net = Net::new();
    net.add(config);
    let outbound = Outbound {
        instance: "urn:uuid:00000000-0000-1000-8000-000a95a0e128".into(),
        reg_id: 1,
    };
    let key = net.at(A, |n, now| {
        n.register_outbound(now, wish(Peer::tcp(addr(RAW))), outbound)
            .unwrap()
    });
    net.run(20);
    (net, key)
}

fn accept_over_tcp(net: &mut Net) {
    let request = net.inbox.last().unwrap().bytes.clone();
    let bytes = respond(
        &request,
        "200 OK",
        "r",
        "Require: outbound\r\nExpires: 600\r\n",
        b"",
    );
    net.at(A, |n, now| n.receive(now, Peer::tcp(addr(RAW)), &bytes));
}

#[test]
fn a_flow_says_which_it_is() {
    let (net, _) = over_tcp();
    let request = String::from_utf8(net.inbox[0].bytes.clone()).unwrap();
    assert!(
        request.contains(
            "Contact: <sip:line@192.0.2.1:5060;transport=tcp;ob>;expires=600;reg-id=1;\
             +sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000a95a0e128>\"\r\n"
        ),
        "{request}"
    );
    assert!(request.contains("Supported: path, outbound\r\n"));
    let mut net = Net::with_raw();
    net.at(A, |n, now| {
        n.register(now, wish(Peer::udp(addr(RAW)))).unwrap()
    });
    net.run(20);
    let plain = String::from_utf8(net.inbox[0].bytes.clone()).unwrap();
    assert!(
        plain.contains("Supported: path\r\n") && !plain.contains("reg-id"),
        "{plain}"
    );
}

#[test]
fn a_broken_flow_is_registered_again_at_once_and_then_with_pauses() {
    let (mut net, _) = over_tcp();
    accept_over_tcp(&mut net);
    let lost = |net: &mut Net| net.at(A, |n, now| n.unreachable(now, Peer::tcp(addr(RAW))));
    net.run(130_000);
    let before = net.inbox.len();
    lost(&mut net);
    net.run(20);
    assert_eq!(net.inbox.len(), before + 1, "at once");
    // The new connection fails too: now with a pause.
    lost(&mut net);
    net.run(4_900);
    assert_eq!(net.inbox.len(), before + 1);
    net.run(5_200);
    assert_eq!(net.inbox.len(), before + 2);
    // One that breaks soon after each success is no reason to hurry.
    accept_over_tcp(&mut net);
    net.run(1_000);
    lost(&mut net);
    net.run(9_900);
    assert_eq!(net.inbox.len(), before + 2);
    net.run(10_200);
    assert_eq!(net.inbox.len(), before + 3);
    let failures = net.count(A, |e| {
        matches!(
            e,
            Event::RegistrationFailed {
                code: 503,
                timed_out: true,
                ..
            }
        )
    });
    assert_eq!(failures, 2);
    // A stream to somebody else is none of it.
    accept_over_tcp(&mut net);
    net.at(A, |n, now| n.unreachable(now, Peer::tcp(addr(B))));
    net.run(1_000);
    assert_eq!(net.inbox.len(), before + 3);
}

#[test]
fn an_instance_that_is_no_urn_is_refused() {
    let mut net = Net::with_raw();
    for instance in ["", "7", "urn:uuid:1>", "sip:x", "é"] {
        let outbound = Outbound {
            instance: instance.into(),
            reg_id: 1,
        };
        let wish = wish(Peer::udp(addr(RAW)));
        let refused = net.at(A, |n, now| n.register_outbound(now, wish, outbound));
        assert!(refused.is_err(), "{instance}");
    }
    assert!(net.sent.is_empty());
}
