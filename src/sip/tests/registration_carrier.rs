//! Our registrations at carriers: what each answer leads to, written by hand by the registrar.

mod harness;

use std::time::Duration;

use carillon_sip::{Credentials, Event, Peer, Register, RequestKey};
use harness::*;

const CONTACT: &str = "sip:line@192.0.2.1:5060";

/// A registrar written by hand at `RAW`.
struct Carrier {
    net: Net,
    key: RequestKey,
}

fn wish(next_hop: Peer) -> Register {
    Register {
        registrar: "sip:carrier.example".into(),
        aor: "sip:line@carrier.example".into(),
        contact_user: "line".into(),
        expires: Duration::from_secs(600),
        credentials: Some(Credentials {
            username: "line".into(),
            password: "pw".into(),
        }),
        next_hop,
    }
}

impl Carrier {
    fn new() -> Self {
        let mut net = Net::with_raw();
        let key = net.at(A, |n, now| {
            n.register(now, wish(Peer::udp(addr(RAW)))).unwrap()
        });
        net.run(20);
        Self { net, key }
    }

    /// Every REGISTER that arrived.
    fn registers(&self) -> Vec<String> {
        let arrived = self.net.inbox.iter().filter(|d| d.is("REGISTER"));
        arrived
            .map(|d| String::from_utf8(d.bytes.clone()).unwrap())
            .collect()
    }

    fn last(&self) -> String {
        self.registers().pop().expect("a REGISTER")
    }

    /// Answers the last REGISTER and lets the answer arrive, and what it causes at once.
    fn answer(&mut self, status: &str, lines: &str) {
        let request = self.last();
        let bytes = respond(request.as_bytes(), status, "r", lines, b"");
        self.net.raw(RAW, A, bytes);
        self.net.run(25);
    }

    fn accept(&mut self) {
        self.answer("200 OK", &format!("Contact: <{CONTACT}>;expires=600\r\n"));
    }

    /// Runs until the next new REGISTER arrives; gives the seconds that took, to a tenth.
    fn wait(&mut self, most: u64) -> f64 {
        let (before, from) = (self.net.inbox.len(), self.net.ms());
        while self.net.inbox.len() == before {
            self.net.run(100);
            assert!(self.net.ms() - from < most * 1000, "none came");
        }
        (self.net.ms() - from) as f64 / 1000.0
    }

    fn cseq(&self) -> u32 {
        let value = header(self.last().as_bytes(), "CSeq");
        value.split(' ').next().unwrap().parse().unwrap()
    }

    fn granted(&self) -> Vec<u64> {
        let all = self.net.seen(A).into_iter().filter_map(|e| match e {
            Event::Registered { expires, .. } => Some(expires.as_secs()),
            _ => None,
        });
        all.collect()
    }

    /// (code, seconds until the next attempt) of the last failure.
    fn failed(&self) -> (u16, f64) {
        let all = self.net.seen(A).into_iter().rev();
        all.filter_map(|e| match e {
            Event::RegistrationFailed { code, retry_in, .. } => {
                Some((*code, retry_in.as_secs_f64()))
            }
            _ => None,
        })
        .next()
        .expect("a failure")
    }
}

fn challenge(nonce: &str) -> String {
    format!(
        "WWW-Authenticate: Digest realm=\"c\", nonce=\"{nonce}\", algorithm=SHA-256, qop=\"auth,auth-int\"\r\n"
    )
}

#[test]
fn one_call_id_with_rising_cseq_and_credentials_from_the_start() {
    let mut carrier = Carrier::new();
    carrier.answer("401 Unauthorized", &challenge("n1"));
    assert!(carrier.last().contains("nonce=\"n1\""));
    carrier.accept();
    for nc in 2..5 {
        let waited = carrier.wait(600);
        assert!(
            (450.0..=510.5).contains(&waited),
            "75–85 % of 600 s: {waited}"
        );
        let last = carrier.last();
        assert!(last.contains(&format!("nc={nc:08x}")), "{last}");
        carrier.accept();
    }
    // The next nonce is used without being asked.
    carrier.wait(600);
    carrier.answer(
        "200 OK",
        "Authentication-Info: nextnonce=\"n2\"\r\nExpires: 600\r\n",
    );
    carrier.wait(600);
    let last = carrier.last();
    assert!(
        last.contains("nonce=\"n2\"") && last.contains("nc=00000001"),
        "{last}"
    );
    // A nonce that got old costs no failure.
    carrier.answer(
        "401 Unauthorized",
        &challenge("n3").replace("realm", "stale=true, realm"),
    );
    carrier.accept();
    let registers = carrier.registers();
    let call_ids: Vec<String> = registers
        .iter()
        .map(|r| header(r.as_bytes(), "Call-ID"))
        .collect();
    assert!(call_ids.iter().all(|c| *c == call_ids[0]));
    let cseqs: Vec<String> = registers
        .iter()
        .map(|r| header(r.as_bytes(), "CSeq"))
        .collect();
    let expected: Vec<String> = (1..=8).map(|n| format!("{n} REGISTER")).collect();
    assert_eq!(cseqs, expected);
    assert_eq!(carrier.granted().len(), 6);
    assert_eq!(
        carrier
            .net
            .count(A, |e| matches!(e, Event::RegistrationFailed { .. })),
        0
    );
}

#[test]
fn only_our_contact_counts() {
    // (lines of the 200, seconds granted)
    for (lines, granted) in [
        ("Contact: <sip:line@192.0.2.1:5060>;expires=300\r\n", 300),
        (
            "m: <sip:other@192.0.2.7>;expires=9, <sip:line@192.0.2.1:5060>;expires=300;q=1\r\n",
            300,
        ),
        (
            "Contact: <sip:other@192.0.2.7>;expires=9\r\nContact: sip:line@192.0.2.1:5060;expires=240\r\n",
            240,
        ),
        (
            "Contact: <sip:other@192.0.2.7>;expires=9\r\nContact: <sip:line@192.0.2.1:5060;x=1>;expires=240\r\nExpires: 99\r\n",
            240,
        ),
        (
            "Contact: <sip:line@192.0.2.1:5060>\r\nExpires: 120\r\n",
            120,
        ),
        (
            "Contact: <sip:border@203.0.113.1>;expires=200, <sip:z@203.0.113.1>;expires=100\r\n",
            100,
        ),
        ("Contact: <sip:line@192.0.2.1:5060>;expires=0\r\n", 600),
        ("", 600),
    ] {
        let mut carrier = Carrier::new();
        carrier.answer("200 OK", lines);
        assert_eq!(carrier.granted(), [granted], "{lines}");
    }
}

#[test]
fn service_route_is_kept_as_long_as_the_registrar_names_it() {
    let mut carrier = Carrier::new();
    carrier.answer(
        "200 OK",
        "Service-Route: <sip:p1;lr>, <sip:p2;lr>\r\nService-Route: <sip:p3;lr>\r\nExpires: 100\r\n",
    );
    let routes = ["<sip:p1;lr>", "<sip:p2;lr>", "<sip:p3;lr>"];
    let key = carrier.key;
    assert_eq!(carrier.net.get(A).service_route(key), routes);
    assert_eq!(
        carrier.net.count(
            A,
            |e| matches!(e, Event::Registered { service_route, .. } if *service_route == routes)
        ),
        1
    );
    carrier.wait(100);
    carrier.accept();
    assert!(carrier.net.get(A).service_route(key).is_empty());
}

#[test]
fn pauses_grow_and_are_spread() {
    let mut carrier = Carrier::new();
    for (least, most) in [
        (5, 10),
        (10, 20),
        (20, 40),
        (40, 80),
        (80, 160),
        (150, 300),
        (150, 300),
    ] {
        carrier.answer("500 Oops", "");
        let (code, pause) = carrier.failed();
        assert_eq!(code, 500);
        let waited = carrier.wait(400);
        assert!((waited - pause).abs() < 0.2, "{waited} {pause}");
        assert!((least as f64..=most as f64).contains(&pause), "{pause}");
    }
    // Success alone forgives nothing; two minutes of it do.
    carrier.answer("200 OK", "Expires: 60\r\n");
    carrier.wait(60);
    carrier.answer("500 Oops", "");
    assert!(carrier.failed().1 >= 150.0);
    carrier.wait(400);
    carrier.accept();
    carrier.wait(600);
    carrier.answer("500 Oops", "");
    assert!(carrier.failed().1 <= 10.0);
}

#[test]
fn refusals_and_wishes() {
    // (status, lines, least and most seconds)
    for (status, lines, least, most) in [
        ("403 Forbidden", "", 1800.0, 1980.0),
        ("403 Forbidden", "Retry-After: 120\r\n", 120.0, 132.0),
        ("407 Proxy Authentication Required", "", 1800.0, 1980.0),
        ("503 Service Unavailable", "Retry-After: 60\r\n", 60.0, 66.0),
        (
            "503 Service Unavailable",
            "Retry-After: 4294967295\r\n",
            3600.0,
            3960.0,
        ),
        ("404 Not Found", "", 5.0, 10.0),
        ("423 Interval Too Brief", "Min-Expires: 900\r\n", 0.0, 0.0),
    ] {
        let mut carrier = Carrier::new();
        carrier.answer(status, lines);
        if status.starts_with("423") {
            let last = carrier.last();
            assert!(
                last.contains("Expires: 900\r\n") && last.contains(";expires=900"),
                "{last}"
            );
            // Once: a registrar that is never content is asked again later.
            carrier.answer(status, "Min-Expires: 1800\r\n");
            assert_eq!(carrier.failed().0, 423);
            continue;
        }
        let (_, pause) = carrier.failed();
        assert!((least..=most).contains(&pause), "{status} {lines}: {pause}");
        // It goes on by itself.
        carrier.wait(4000);
        carrier.accept();
        assert_eq!(carrier.granted(), [600], "{status}");
    }
}

#[test]
fn a_wrong_password_is_tried_again_from_scratch_after_half_an_hour() {
    let mut carrier = Carrier::new();
    carrier.answer("401 Unauthorized", &challenge("1"));
    carrier.answer("401 Unauthorized", &challenge("2"));
    assert_eq!(
        carrier.registers().len(),
        3,
        "a fresh nonce gets one more try"
    );
    carrier.answer("401 Unauthorized", &challenge("3"));
    assert_eq!(carrier.registers().len(), 3);
    let (code, pause) = carrier.failed();
    assert!(code == 401 && pause >= 1800.0);
    carrier.wait(2000);
    assert!(!carrier.last().contains("Authorization"));
    carrier.answer("401 Unauthorized", &challenge("4"));
    carrier.accept();
    assert_eq!(carrier.granted(), [600]);
}

#[test]
fn redirections_are_followed_to_addresses_only_and_not_for_ever() {
    let mut carrier = Carrier::new();
    // To another address of the same carrier.
    carrier.answer(
        "302 Moved Temporarily",
        "Contact: <sip:reg2.example>, <sip:192.0.2.9:5062>\r\n",
    );
    let moved = carrier.net.sent.last().unwrap().1.clone();
    assert_eq!(moved.to, addr("192.0.2.9:5062"));
    assert!(
        moved.is("REGISTER sip:192.0.2.9:5062"),
        "{}",
        carrier.net.ladder()
    );
    let bytes = respond(&moved.bytes, "200 OK", "r", "Expires: 100\r\n", b"");
    carrier.net.raw("192.0.2.9:5062", A, bytes);
    carrier.net.run(20);
    assert_eq!(carrier.granted(), [100]);
    // It stays there until that fails, then goes home.
    carrier.wait(100);
    assert_eq!(
        carrier.net.sent.last().unwrap().1.to,
        addr("192.0.2.9:5062")
    );
    carrier.answer("500 Oops", "");
    carrier.wait(20);
    assert_eq!(carrier.net.sent.last().unwrap().1.to, addr(RAW));
    // A circle ends.
    for _ in 0..5 {
        carrier.answer("301 Moved", "Contact: <sip:192.0.2.9:5060>\r\n");
    }
    let before = carrier.registers().len();
    carrier.answer("301 Moved", "Contact: <sip:192.0.2.9:5060>\r\n");
    assert_eq!(carrier.registers().len(), before);
    assert_eq!(carrier.failed().0, 301);
    // A name is the owner's to look up.
    carrier.wait(400);
    carrier.answer("302 Moved Temporarily", "Contact: <sip:reg2.example>\r\n");
    let named = |e: &Event| {
        matches!(e, Event::RegistrationFailed { code: 302, contacts, .. }
            if *contacts == ["<sip:reg2.example>"])
    };
    assert_eq!(carrier.net.count(A, named), 1);
}

#[test]
fn the_removal_keeps_the_call_id_and_ends_it() {
    let mut carrier = Carrier::new();
    carrier.accept();
    let key = carrier.key;
    carrier.net.at(A, |n, now| n.unregister(now, key));
    carrier.net.run(20);
    let last = carrier.last();
    assert!(
        last.contains(";expires=0") && last.contains("Expires: 0\r\n"),
        "{last}"
    );
    assert_eq!(carrier.cseq(), 2);
    carrier.answer("401 Unauthorized", &challenge("1"));
    carrier.answer("200 OK", "");
    assert_eq!(
        carrier
            .net
            .count(A, |e| matches!(e, Event::Unregistered { .. })),
        1
    );
    carrier.net.run(40_000);
    carrier.net.assert_idle(A);
}
