//! Sources that are neither allowed nor registered: bounded in what they get and in what they cost.

mod harness;

use carillon_sip::{Network, Strangers};
use harness::*;

#[test]
fn strangers_get_nothing_and_leave_no_state() {
    let stranger = "198.51.100.66:5060";
    let message = |method: &str, n: u32| {
        format!(
            "{method} sip:100@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {stranger};branch=z9hG4bK{n}\r\n\
             From: <sip:s@s>;tag={n}\r\nTo: <sip:100@192.0.2.1>\r\nCall-ID: {n}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
        )
    };
    for (strangers, options, invite, register) in [
        (Strangers::Refuse, "403", "401", "401"),
        (Strangers::Drop, "", "401", "401"),
    ] {
        let mut net = Net::new();
        let mut config = registrar();
        config.policy.strangers = strangers;
        net.add(config);
        for (n, (method, status)) in [
            ("OPTIONS", options),
            ("INVITE", invite),
            ("REGISTER", register),
            ("BYE", options),
        ]
        .into_iter()
        .enumerate()
        {
            net.inbox.clear();
            net.raw(stranger, R, message(method, u32::try_from(n).unwrap()));
            net.run(30);
            let got: Vec<String> = net
                .inbox
                .iter()
                .map(|d| String::from_utf8_lossy(&d.bytes[8..11]).into_owned())
                .collect();
            assert_eq!(got.join(","), status, "{method}");
        }
        net.inbox.clear();
        for n in 100..1_100 {
            net.raw(stranger, R, message("REGISTER", n));
        }
        net.run(1_000);
        assert!(net.inbox.len() <= 200, "{} answers", net.inbox.len());
        assert!(net.get(R).counters().dropped_rate_limited >= 800);
        let held = net.get(R).held();
        assert_eq!(
            (held.server_transactions, held.legs, held.sources),
            (0, 0, 1)
        );
    }
}

#[test]
fn broken_requests_of_strangers_are_dropped_too_and_allowed_sources_cannot_guess() {
    let mut net = Net::new();
    let mut config = registrar();
    config.policy.strangers = Strangers::Drop;
    config.policy = config.policy.allow_source(Network::host(addr(PHONE).ip()));
    net.add(config);
    net.add(harness::config(PHONE));
    let broken = "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKq\r\n\r\n";
    net.raw("198.51.100.66:5060", R, broken);
    net.run(50);
    assert_eq!(
        (net.inbox.len(), net.get(R).counters().dropped_strangers),
        (0, 1)
    );
    net.raw("192.0.2.50:9", R, broken);
    net.run(50);
    assert_eq!(net.inbox.len(), 1, "an allowed source is told");
    for _ in 0..12 {
        net.at(PHONE, |p, now| {
            p.register(now, register("1001", "guess", 120)).unwrap()
        });
        net.run(200);
    }
    assert_eq!(net.get(R).counters().auth_failures, 10);
    assert_eq!(net.get(R).counters().bans, 1);
}
