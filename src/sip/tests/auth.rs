//! Credentials over the wire: calls of ours that are challenged, phones that prove themselves, and
//! what becomes of those who guess.

mod harness;

use carillon_sip::digest::ClientAuth;
use carillon_sip::message::{Bounds, parse};
use carillon_sip::{Credentials, Event, Invite, Network};
use harness::*;

fn credentials(password: &str) -> Option<Credentials> {
    Some(Credentials {
        username: "1001".into(),
        password: password.into(),
    })
}

fn challenge(kind: &str, realm: &str, nonce: &str) -> String {
    format!("{kind}-Authenticate: Digest realm=\"{realm}\", nonce=\"{nonce}\", qop=\"auth\"\r\n")
}

/// A calls a peer written by hand.
fn calling() -> Net {
    let mut net = Net::with_raw();
    let invite = Invite {
        credentials: credentials("pw"),
        ..to_raw()
    };
    net.at(A, |n, now| n.invite(now, invite).unwrap());
    net.run(20);
    net
}

/// The last request of this method that reached `RAW`.
fn last(net: &Net, method: &str) -> String {
    let found = net.inbox.iter().rev().find(|d| d.is(method));
    String::from_utf8(found.expect("a request").bytes.clone()).unwrap()
}

fn answer(net: &mut Net, method: &str, status: &str, lines: &str, body: &[u8]) {
    let request = last(net, method);
    let bytes = respond(request.as_bytes(), status, "x", lines, body);
    net.raw(RAW, A, bytes);
    net.run(25);
}

#[test]
fn a_call_answers_a_proxy_then_the_server_then_both_again_on_bye() {
    let mut net = calling();
    answer(
        &mut net,
        "INVITE",
        "407 Proxy",
        &challenge("Proxy", "p", "p1"),
        b"",
    );
    let second = last(&net, "INVITE");
    assert!(second.contains("Proxy-Authorization: ") && !second.contains("\nAuthorization: "));
    answer(
        &mut net,
        "INVITE",
        "401 Server",
        &challenge("WWW", "s", "s1"),
        b"",
    );
    let third = last(&net, "INVITE");
    assert!(
        third.contains("nonce=\"p1\"") && third.contains("nc=00000002"),
        "{third}"
    );
    assert!(third.contains("\nAuthorization: ") && third.contains("nonce=\"s1\""));
    assert!(third.contains("CSeq: 3 INVITE"));
    answer(&mut net, "INVITE", "200 OK", RAW_CONTACT, &sdp(RAW, 6000));
    let leg = net.answered(A)[0];
    // BYE carries both from the start; both nonces have become old.
    net.at(A, |n, now| n.bye(now, leg, None));
    net.run(20);
    let bye = last(&net, "BYE");
    assert!(
        bye.contains("nonce=\"p1\"") && bye.contains("nonce=\"s1\""),
        "{bye}"
    );
    let stale = |c: String| c.replace("qop", "stale=true, qop");
    let both = stale(challenge("Proxy", "p", "p2")) + &stale(challenge("WWW", "s", "s2"));
    answer(&mut net, "BYE", "407 Proxy", &both, b"");
    let again = last(&net, "BYE");
    assert!(
        again.contains("nonce=\"p2\"") && again.contains("nonce=\"s2\""),
        "{again}"
    );
    assert!(
        !again.contains("00000002"),
        "fresh nonces count from one: {again}"
    );
    answer(&mut net, "BYE", "200 OK", "", b"");
    let confirmed = carillon_sip::EndCause::LocalBye { confirmed: true };
    assert_eq!(net.count(A, is_end(confirmed)), 1);
    net.run(40_000);
    net.assert_idle(A);
}

#[test]
fn both_realms_in_one_answer() {
    let mut net = calling();
    let both = challenge("Proxy", "p", "1") + &challenge("WWW", "s", "2");
    answer(&mut net, "INVITE", "407 Proxy", &both, b"");
    let second = last(&net, "INVITE");
    assert!(second.contains("Proxy-Authorization: ") && second.contains("\nAuthorization: "));
    answer(
        &mut net,
        "INVITE",
        "407 Proxy",
        &challenge("Proxy", "p", "3"),
        b"",
    );
    answer(
        &mut net,
        "INVITE",
        "407 Proxy",
        &challenge("Proxy", "p", "4"),
        b"",
    );
    assert_eq!(failure(&net).code, 407, "refused twice");
    assert!(last(&net, "INVITE").contains("CSeq: 3 INVITE"));
}

#[test]
fn the_next_nonce_and_a_proof_that_fails() {
    let mut net = calling();
    answer(
        &mut net,
        "INVITE",
        "401 Server",
        &challenge("WWW", "s", "n1"),
        b"",
    );
    let info =
        "Authentication-Info: rspauth=\"00000000000000000000000000000000\", nextnonce=\"evil\"\r\n";
    let lines = format!("{RAW_CONTACT}{info}");
    answer(&mut net, "INVITE", "200 OK", &lines, &sdp(RAW, 6000));
    assert_eq!(net.get(A).counters().auth_info_mismatches, 1);
    assert_eq!(net.answered(A).len(), 1, "counted, not fatal");
}

/// A request by hand, from any address, for any user.
struct Phone {
    from: String,
    user: String,
    cseq: u32,
    auth: ClientAuth,
}

impl Phone {
    fn new(from: &str, user: &str, password: &str) -> Self {
        Self {
            from: from.into(),
            user: user.into(),
            cseq: 0,
            auth: ClientAuth::new(Credentials {
                username: user.into(),
                password: password.into(),
            }),
        }
    }

    /// Sends one REGISTER; gives the answer's first line, or nothing.
    fn send(&mut self, net: &mut Net) -> String {
        self.cseq += 1;
        let (from, user, cseq) = (&self.from, &self.user, self.cseq);
        let lines = self
            .auth
            .authorize("REGISTER", b"sip:carillon", b"", &cseq.to_string());
        let auth: String = lines
            .into_iter()
            .map(|(n, v)| format!("{}: {}\r\n", n.as_str(), String::from_utf8(v).unwrap()))
            .collect();
        let text = format!(
            "REGISTER sip:carillon SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{user}{cseq};rport\r\n\
             From: <sip:{user}@carillon>;tag=h\r\nTo: <sip:{user}@carillon>\r\nCall-ID: {from}{user}\r\n\
             CSeq: {cseq} REGISTER\r\nContact: <sip:{user}@{from}>\r\n{auth}Content-Length: 0\r\n\r\n"
        );
        self.exchange(net, &text)
    }

    fn exchange(&mut self, net: &mut Net, text: &str) -> String {
        let before = net.inbox.len();
        net.raw(&self.from, R, text);
        net.run(30);
        let Some(reply) = net.inbox.get(before) else {
            return String::new();
        };
        let response = parse(&reply.bytes, &Bounds::default()).unwrap();
        if response.code() == Some(401) {
            self.auth.take(&response);
        }
        carillon_sip::summary(&reply.bytes)[..3].to_owned()
    }

    /// A whole attempt: challenge and answer.
    fn register(&mut self, net: &mut Net) -> String {
        match self.send(net).as_str() {
            "401" => self.send(net),
            other => other.to_owned(),
        }
    }
}

fn guess(net: &mut Net, from: &str, user: &str) -> String {
    Phone::new(from, user, "guess").register(net)
}

fn registrar_net() -> Net {
    let mut net = Net::new();
    net.add(registrar());
    net
}

#[test]
fn a_replayed_request_is_asked_again() {
    let mut net = registrar_net();
    let mut phone = Phone::new("198.51.100.1:5060", "1001", "pw");
    assert_eq!(phone.register(&mut net), "200");
    let (_, captured) = net
        .sent
        .iter()
        .rev()
        .find(|(_, d)| d.is("REGISTER"))
        .unwrap()
        .clone();
    // The same credentials in a new transaction, from the same address.
    let text = String::from_utf8(captured.bytes).unwrap();
    let replayed = text
        .replace("branch=z9hG4bK", "branch=z9hG4bKother")
        .replace("CSeq: 2", "CSeq: 9");
    assert_eq!(phone.exchange(&mut net, &replayed), "401");
    let reply = String::from_utf8(net.inbox.last().unwrap().bytes.clone()).unwrap();
    assert!(reply.contains("stale=true"), "{reply}");
    assert_eq!(net.get(R).counters().auth_failures, 0);
    // The phone itself goes on counting and needs no new challenge.
    let mut phone = Phone::new("198.51.100.2:5060", "1001", "pw");
    assert_eq!(phone.register(&mut net), "200");
    for _ in 0..20 {
        assert_eq!(phone.send(&mut net), "200");
    }
}

#[test]
fn a_phone_with_a_wrong_password_does_not_silence_its_neighbours() {
    let nat = |port: u16| format!("198.51.100.1:{port}");
    let mut net = registrar_net();
    let mut good = Phone::new(&nat(1001), "1001", "pw");
    assert_eq!(good.register(&mut net), "200");
    for n in 0..10 {
        assert_eq!(guess(&mut net, &nat(2000 + n), "1002"), "403");
    }
    assert_eq!(
        guess(&mut net, &nat(3000), "1002"),
        "",
        "banned at this address"
    );
    assert_eq!(net.get(R).counters().bans, 1);
    assert_eq!(good.send(&mut net), "200");
    // A neighbour who has not been heard of before, too: only one user has failed here.
    assert_eq!(guess(&mut net, &nat(3001), "1001"), "403");
    // Elsewhere the same user may come.
    let mut elsewhere = Phone::new("203.0.113.5:5060", "1002", "other");
    assert_eq!(elsewhere.register(&mut net), "200");
}

#[test]
fn a_scanner_is_banned_and_the_proven_behind_the_same_address_are_heard() {
    let nat = |port: u16| format!("198.51.100.1:{port}");
    let mut net = registrar_net();
    let mut good = Phone::new(&nat(1001), "1001", "pw");
    assert_eq!(good.register(&mut net), "200");
    let answers: Vec<String> = (0..20)
        .map(|n| guess(&mut net, &nat(2000), &format!("scan{n}")))
        .collect();
    assert_eq!(
        answers.iter().filter(|a| *a == "403").count(),
        10,
        "{answers:?}"
    );
    assert!(answers[10..].iter().all(String::is_empty));
    assert_eq!(good.send(&mut net), "200");
    // Also from a new port and from scratch.
    let mut back = Phone::new(&nat(1002), "1001", "pw");
    assert_eq!(back.register(&mut net), "200");
    assert_eq!(guess(&mut net, &nat(2000), "1002"), "", "not proven here");
}

#[test]
fn a_user_guessed_from_everywhere_is_slowed_but_the_phone_is_heard() {
    let mut net = registrar_net();
    let mut phone = Phone::new("198.51.100.1:5060", "1001", "pw");
    assert_eq!(phone.register(&mut net), "200");
    let bot = |n: usize| format!("203.0.{}.{}:5060", n / 250, n % 250 + 1);
    let answers: Vec<String> = (0..60).map(|n| guess(&mut net, &bot(n), "1001")).collect();
    let (looked_at, slowed) = answers.split_at(20);
    assert!(looked_at.iter().all(|a| a == "403"), "{looked_at:?}");
    let late = slowed.iter().filter(|a| *a == "403").count();
    assert!(late <= 1, "one look in ten seconds: {slowed:?}");
    assert_eq!(
        slowed.len() - late,
        slowed.iter().filter(|a| *a == "503").count()
    );
    let reply = String::from_utf8(net.inbox.last().unwrap().bytes.clone()).unwrap();
    assert!(reply.contains("Retry-After: "), "{reply}");
    assert_eq!(net.get(R).counters().auth_slowed, 40 - late as u64);
    assert_eq!(phone.send(&mut net), "200", "its own address is known");
    // Others are not slowed.
    let mut other = Phone::new("203.0.113.77:5060", "1002", "other");
    assert_eq!(other.register(&mut net), "200");
    // A new place of the real phone gets its turn.
    let mut moved = Phone::new("203.0.113.78:5060", "1001", "pw");
    net.run(10_000);
    assert_eq!(moved.register(&mut net), "200");
}

#[test]
fn unknown_users_are_treated_like_known_ones() {
    for user in ["1001", "nobody"] {
        let mut net = registrar_net();
        let answers: Vec<String> = (0..12)
            .map(|_| guess(&mut net, "198.51.100.1:5060", user))
            .collect();
        assert!(
            answers[..10].iter().all(|a| a == "403"),
            "{user} {answers:?}"
        );
        assert!(
            answers[10..].iter().all(String::is_empty),
            "{user} {answers:?}"
        );
        let sizes: Vec<usize> = net.inbox.iter().map(|d| d.bytes.len()).collect();
        assert_eq!(sizes.len(), 20);
        assert_eq!(net.get(R).counters().auth_failures, 10);
    }
}

#[test]
fn allowed_sources_cannot_guess_either() {
    let mut net = Net::new();
    let mut config = registrar();
    config.policy = config
        .policy
        .allow_source(Network::socket(addr("198.51.100.1:5060")));
    net.add(config);
    for _ in 0..10 {
        assert_eq!(guess(&mut net, "198.51.100.1:5060", "1001"), "403");
    }
    assert_eq!(guess(&mut net, "198.51.100.1:5060", "1001"), "");
    // Many users fail behind an edge proxy: it is not banned for that, and its rate is not limited.
    for n in 0..300 {
        let edge = Phone::new("198.51.100.1:5060", &format!("u{n}"), "x").register(&mut net);
        assert_eq!(edge, "403", "{n}");
    }
    let mut good = Phone::new("198.51.100.1:5060", "1002", "other");
    assert_eq!(good.register(&mut net), "200");
}

#[test]
fn nobody_locks_a_registered_phone_out_from_its_own_address() {
    let mut net = registrar_net();
    let mut phone = Phone::new("198.51.100.1:1001", "1001", "pw");
    assert_eq!(phone.register(&mut net), "200");
    for _ in 0..10 {
        assert_eq!(guess(&mut net, "198.51.100.1:2000", "1001"), "403");
    }
    assert_eq!(guess(&mut net, "198.51.100.1:2000", "1001"), "", "banned");
    assert_eq!(phone.send(&mut net), "200");
    // From scratch as well, as after a restart of the phone.
    let mut again = Phone::new("198.51.100.1:1001", "1001", "pw");
    again.cseq = 100;
    assert_eq!(again.register(&mut net), "200");
}

#[test]
fn the_caller_who_proved_it_is_named() {
    let mut net = registrar_net();
    let phone = config(PHONE);
    net.add(phone);
    let invite = Invite {
        request_uri: "sip:login@carillon".into(),
        next_hop: addr(R).into(),
        credentials: credentials("pw"),
        ..to_b()
    };
    net.at(PHONE, |p, now| p.invite(now, invite).unwrap());
    net.run(200);
    let user = net.seen(R).into_iter().find_map(|e| match e {
        Event::Incoming(call) => call.user.clone(),
        _ => None,
    });
    assert_eq!(user.as_deref(), Some("1001"));
}
