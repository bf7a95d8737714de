//! The location table: what each REGISTER of a proven user does to it (RFC 3261 §10.3, RFC 3327,
//! RFC 5626 §6).

mod harness;

use std::time::{Duration, Instant};

use carillon_sip::message::{Bounds, parse};
use carillon_sip::registrar::{Outcome, Registrar};
use carillon_sip::{Credentials, Event, Listener, Peer, RegistrarConfig, TransportKind};
use harness::*;

struct Desk {
    registrar: Registrar,
    now: Instant,
    source: Peer,
    is_proxied: bool,
    vias: &'static str,
}

impl Desk {
    fn new() -> Self {
        let mut config = RegistrarConfig::new("carillon", Vec::new());
        config.max_bindings = 3;
        Self {
            registrar: Registrar::new(config),
            now: start(),
            source: Peer::udp(addr("198.51.100.1:5060")),
            is_proxied: false,
            vias: "",
        }
    }

    /// A REGISTER of 1001 with these lines.
    fn send(&mut self, call_id: &str, cseq: u32, lines: &str) -> Outcome {
        let text = format!(
            "REGISTER sip:carillon SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n{}From: <sip:1001@carillon>;tag=1\r\n\
             To: <sip:1001@carillon>\r\nCall-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\n{lines}\r\n",
            self.vias
        );
        let request = parse(text.as_bytes(), &Bounds::default()).unwrap();
        let (now, source) = (self.now, self.source);
        self.registrar
            .register(now, &request, source, self.is_proxied, "1001")
    }

    fn contacts(&self) -> Vec<String> {
        let bindings = self.registrar.current(self.now, "1001").into_iter();
        bindings.map(|b| b.contact).collect()
    }
}

fn values(outcome: &Outcome, name: &str) -> Vec<String> {
    let lines = outcome.headers.iter().filter(|(n, _)| *n == name);
    lines.map(|(_, v)| v.clone()).collect()
}

#[test]
fn several_contacts_are_listed_best_first_and_queried() {
    let mut desk = Desk::new();
    let outcome = desk.send(
        "a",
        1,
        "Contact: <sip:1001@one>;q=0.2, \"Desk\" <sip:1001@two>;q=0.7;expires=100\r\nm: sip:1001@three;expires=200\r\n",
    );
    assert!(outcome.code == 200 && outcome.changed);
    let listed = [
        "<sip:1001@three>;expires=200;q=1",
        "<sip:1001@two>;expires=100;q=0.7",
        "<sip:1001@one>;expires=600;q=0.2",
    ];
    assert_eq!(values(&outcome, "Contact"), listed);
    assert_eq!(values(&outcome, "Supported"), ["path, outbound"]);
    assert!(values(&outcome, "Require").is_empty());
    let query = desk.send("b", 1, "");
    assert!(query.code == 200 && !query.changed);
    assert_eq!(values(&query, "Contact"), listed);
    // A refresh of one leaves the others.
    desk.now += Duration::from_secs(90);
    let refresh = desk.send("a", 2, "Contact: <sip:1001@two>;q=0.7;expires=100\r\n");
    assert_eq!(
        desk.contacts(),
        ["sip:1001@three", "sip:1001@two", "sip:1001@one"]
    );
    assert!(!refresh.changed, "calls go where they went");
    // Each ends at its own time.
    desk.now += Duration::from_secs(100);
    assert_eq!(desk.registrar.next_expiry(), Some(desk.now));
    assert_eq!(desk.registrar.expire(desk.now), ["1001"]);
    assert_eq!(desk.contacts(), ["sip:1001@three", "sip:1001@one"]);
}

#[test]
fn times_asked_for_and_granted() {
    // (lines, status, seconds granted)
    for (lines, code, granted) in [
        ("Contact: <sip:a@b>\r\n", 200, 600),
        ("Contact: <sip:a@b>\r\nExpires: 120\r\n", 200, 120),
        ("Contact: <sip:a@b>;expires=90\r\nExpires: 120\r\n", 200, 90),
        (
            "Contact: <sip:a@b>;expires=soon\r\nExpires: 120\r\n",
            200,
            120,
        ),
        ("Contact: <sip:a@b>;expires=99999999999\r\n", 200, 3600),
        ("Contact: <sip:a@b>;expires=60\r\n", 200, 60),
        ("Contact: <sip:a@b>;expires=59\r\n", 423, 0),
        ("Contact: <sip:a@b>\r\nExpires: 1\r\n", 423, 0),
        (
            "Contact: <sip:a@b>;expires=100, <sip:c@d>;expires=1\r\n",
            423,
            0,
        ),
        ("Contact: <sip:a@b\r\n", 400, 0),
        ("Contact: *\r\nExpires: 10\r\n", 400, 0),
        ("Contact: *\r\n", 400, 0),
        ("Contact: *, <sip:a@b>\r\nExpires: 0\r\n", 400, 0),
        (
            "Contact: <sip:1@b>, <sip:2@b>, <sip:3@b>, <sip:4@b>\r\n",
            403,
            0,
        ),
    ] {
        let mut desk = Desk::new();
        let outcome = desk.send("a", 1, lines);
        assert_eq!(outcome.code, code, "{lines}");
        let minimum: &[&str] = if code == 423 { &["60"] } else { &[] };
        assert_eq!(values(&outcome, "Min-Expires"), minimum, "{lines}");
        let bindings = desk.registrar.current(desk.now, "1001");
        let seconds = bindings.first().map_or(0, |b| b.expires.as_secs());
        assert_eq!(seconds, granted, "{lines}");
        assert_eq!(outcome.changed, code == 200, "{lines}");
    }
}

#[test]
fn a_register_that_was_overtaken_changes_nothing() {
    let mut desk = Desk::new();
    desk.send("a", 5, "Contact: <sip:1001@one>\r\n");
    // (Call-ID, CSeq, lines, status)
    for (call_id, cseq, lines, code) in [
        ("a", 5, "Contact: <sip:1001@one>;expires=0\r\n", 500),
        ("a", 4, "Contact: <sip:1001@ONE>\r\n", 500),
        // All or nothing: the new one is not stored either.
        ("a", 4, "Contact: <sip:1001@two>, <sip:1001@one>\r\n", 500),
        ("a", 5, "Contact: *\r\nExpires: 0\r\n", 500),
        ("a", 3, "Contact: <sip:1001@two>\r\n", 200),
        ("a", 4, "Contact: <sip:1001@two>;expires=0\r\n", 200),
        // After a restart the phone counts anew, under another Call-ID.
        ("b", 1, "Contact: <sip:1001@one>\r\n", 200),
        ("b", 2, "Contact: <sip:1001@one>;expires=0\r\n", 200),
    ] {
        assert_eq!(
            desk.send(call_id, cseq, lines).code,
            code,
            "{call_id} {cseq} {lines}"
        );
        if code == 500 {
            assert_eq!(desk.contacts(), ["sip:1001@one"], "{lines}");
        }
    }
    assert!(desk.contacts().is_empty());
    desk.send("a", 6, "Contact: <sip:1001@one>, <sip:1001@two>\r\n");
    assert_eq!(desk.send("a", 7, "Contact: *\r\nExpires: 0\r\n").code, 200);
    assert!(desk.registrar.is_empty() && desk.registrar.next_expiry().is_none());
}

#[test]
fn the_same_place_is_one_binding() {
    let flow = |contact: &str, instance: &str, reg_id: u32| {
        format!(
            "Contact: <sip:1001@{contact}>;+sip.instance=\"<urn:uuid:{instance}>\";reg-id={reg_id}\r\nSupported: outbound\r\n"
        )
    };
    let plain = |contact: &str| format!("Contact: <sip:1001@{contact}>\r\n");
    let instance = |contact: &str, id: &str| {
        format!("Contact: <sip:1001@{contact}>;+sip.instance=\"<urn:uuid:{id}>\"\r\n")
    };
    // (registered in turn, bindings at the end, latest first)
    let table: [(&[String], &[&str]); 7] = [
        (
            &[plain("a;x=1;transport=udp"), plain("A;transport=UDP;x=1")],
            &["sip:1001@A;transport=UDP;x=1"],
        ),
        (
            &[plain("a"), plain("a:5060")],
            &["sip:1001@a:5060", "sip:1001@a"],
        ),
        (&[instance("a", "1"), instance("b", "1")], &["sip:1001@b"]),
        (
            &[instance("a", "1"), instance("b", "2")],
            &["sip:1001@b", "sip:1001@a"],
        ),
        (&[flow("a", "1", 1), flow("b", "1", 1)], &["sip:1001@b"]),
        (
            &[flow("a", "1", 1), flow("b", "1", 2), flow("c", "1", 2)],
            &["sip:1001@c", "sip:1001@a"],
        ),
        // Two flows may show the same Contact.
        (
            &[flow("a", "1", 1), flow("a", "1", 2)],
            &["sip:1001@a", "sip:1001@a"],
        ),
    ];
    for (registered, expected) in table {
        let mut desk = Desk::new();
        for (n, lines) in registered.iter().enumerate() {
            assert_eq!(desk.send(&format!("call{n}"), 1, lines).code, 200);
        }
        assert_eq!(desk.contacts(), expected, "{registered:?}");
    }
    let mut desk = Desk::new();
    for n in 0..5 {
        desk.send(&n.to_string(), 1, &plain(&n.to_string()));
    }
    assert_eq!(
        desk.contacts(),
        ["sip:1001@4", "sip:1001@3", "sip:1001@2"],
        "the oldest go"
    );
}

#[test]
fn flows_are_kept_apart_only_where_every_hop_can() {
    const FLOW: &str = "Contact: <sip:1001@a>;+sip.instance=\"<urn:uuid:1>\";reg-id=1\r\n";
    let behind = "Via: SIP/2.0/UDP phone;branch=z9hG4bKp\r\n";
    // (further lines, Via behind the first, from an allowed proxy, whether outbound)
    for (lines, vias, is_proxied, outbound) in [
        ("Supported: path, outbound\r\n", "", false, true),
        ("", "", false, false),
        (
            "Supported: outbound\r\nPath: <sip:edge;lr;ob>\r\n",
            behind,
            true,
            true,
        ),
        (
            "Supported: outbound\r\nPath: <sip:inner;lr>, <sip:edge;lr;ob>\r\n",
            behind,
            true,
            true,
        ),
        (
            "Supported: outbound\r\nPath: <sip:edge;lr>\r\n",
            behind,
            true,
            false,
        ),
        (
            "Supported: outbound\r\nPath: <sip:edge;lr;ob>\r\n",
            behind,
            false,
            false,
        ),
        ("Supported: outbound\r\n", behind, true, false),
    ] {
        let mut desk = Desk::new();
        (desk.vias, desk.is_proxied) = (vias, is_proxied);
        let outcome = desk.send("a", 1, &format!("{FLOW}{lines}"));
        assert_eq!(outcome.code, 200);
        let required: &[&str] = if outbound { &["outbound"] } else { &[] };
        assert_eq!(values(&outcome, "Require"), required, "{lines} {vias}");
        let contact = values(&outcome, "Contact").remove(0);
        assert!(
            contact.contains("+sip.instance=\"<urn:uuid:1>\""),
            "{contact}"
        );
        assert_eq!(contact.contains("reg-id=1"), outbound, "{contact}");
    }
}

#[test]
fn paths_are_taken_from_allowed_proxies_only() {
    let lines = "Contact: <sip:1001@10.0.0.9>\r\nPath: <sip:inner;lr>, <sip:edge;lr>\r\nPath: <sip:last;lr>\r\n";
    let path = ["<sip:inner;lr>", "<sip:edge;lr>", "<sip:last;lr>"];
    for (is_proxied, expected) in [(true, &path[..]), (false, &[])] {
        let mut desk = Desk::new();
        desk.is_proxied = is_proxied;
        let outcome = desk.send("a", 1, lines);
        assert_eq!(values(&outcome, "Path"), expected);
        assert_eq!(desk.registrar.current(desk.now, "1001")[0].path, expected);
    }
    let mut desk = Desk::new();
    desk.is_proxied = true;
    let long = format!("Contact: <sip:1@a>\r\nPath: <sip:{}>\r\n", "x".repeat(1100));
    assert_eq!(desk.send("a", 1, &long).code, 400);
    let many = format!("Contact: <sip:1@a>\r\n{}", "Path: <sip:x;lr>\r\n".repeat(9));
    assert_eq!(desk.send("a", 1, &many).code, 400);
}

#[test]
fn what_lives_on_a_stream_goes_with_it() {
    let address = addr("198.51.100.1:40000");
    // (source, behind an allowed proxy, whether it goes)
    for (source, is_proxied, goes) in [
        (Peer::tcp(address), false, true),
        (Peer::tls(address), false, true),
        (Peer::udp(address), false, false),
        (Peer::tcp(address), true, false),
    ] {
        let mut desk = Desk::new();
        (desk.source, desk.is_proxied) = (source, is_proxied);
        desk.send("a", 1, "Contact: <sip:1001@phone>\r\n");
        desk.source = Peer::tcp(addr("198.51.100.1:40001"));
        desk.send("b", 1, "Contact: <sip:1001@other>\r\n");
        let users = desk.registrar.close(source);
        assert_eq!(users.len(), usize::from(goes), "{source} {is_proxied}");
        assert_eq!(desk.contacts().len(), if goes { 1 } else { 2 });
        assert_eq!(desk.registrar.knows(source), !goes);
        assert!(desk.registrar.close(source).is_empty());
    }
}

#[test]
fn a_phone_whose_connection_breaks_is_reported_unreachable() {
    let mut net = Net::new();
    let mut config = registrar();
    config
        .listeners
        .push(Listener::new(TransportKind::Tcp, addr(R)));
    net.add(config);
    let phone = Peer::tcp(addr("198.51.100.1:40000"));
    let mut auth = carillon_sip::digest::ClientAuth::new(Credentials {
        username: "1001".into(),
        password: "pw".into(),
    });
    for cseq in 1..3 {
        let lines = auth.authorize("REGISTER", b"sip:carillon", b"", "cn");
        let value = lines
            .into_iter()
            .map(|(_, v)| String::from_utf8(v).unwrap());
        let auth_line: String = value.map(|v| format!("Authorization: {v}\r\n")).collect();
        let text = format!(
            "REGISTER sip:carillon SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK{cseq};rport\r\nFrom: <sip:1001@carillon>;tag=1\r\n\
             To: <sip:1001@carillon>\r\nCall-ID: c\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:1001@10.0.0.9;transport=tcp>\r\n\
             {auth_line}Content-Length: 0\r\n\r\n"
        );
        net.at(R, |n, now| n.receive(now, phone, text.as_bytes()));
        net.run(20);
        let reply = net.inbox.last().unwrap().bytes.clone();
        let response = parse(&reply, &Bounds::default()).unwrap();
        if response.code() == Some(401) {
            assert!(auth.take(&response));
        }
    }
    assert_eq!(net.get(R).bindings(net.now, "1001")[0].source, phone);
    net.at(R, |n, now| n.unreachable(now, phone));
    assert!(net.get(R).bindings(net.now, "1001").is_empty());
    let gone = |e: &Event| matches!(e, Event::BindingsChanged { user, bindings } if user == "1001" && bindings.is_empty());
    assert_eq!(net.count(R, gone), 1);
    net.run(40_000);
    net.assert_idle(R);
}
