//! Phones and their registrar: digest, expiry, strangers, bans, calls to and from agents.

mod harness;

use carillon_sip::digest::Algorithm;
use carillon_sip::{Credentials, Event, Invite, Network};
use harness::*;

fn net() -> Net {
    let mut net = Net::new();
    net.add(registrar());
    let mut phone = config(PHONE);
    phone.policy = phone.policy.allow_source(Network::socket(addr(R)));
    net.add(phone);
    net
}

fn changes(net: &Net) -> Vec<(String, usize)> {
    let seen = net.seen(R).into_iter().filter_map(|e| match e {
        Event::BindingsChanged { user, bindings } => Some((user.clone(), bindings.len())),
        _ => None,
    });
    seen.collect()
}

#[test]
fn a_phone_registers_refreshes_and_leaves() {
    let mut net = net();
    let key = net.at(PHONE, |p, now| {
        p.register(now, register("1001", "pw", 120)).unwrap()
    });
    net.run(100);
    assert!(
        matches!(net.seen(PHONE)[0], Event::Registered { expires, .. } if expires.as_secs() == 120)
    );
    assert_eq!(changes(&net), [("1001".to_owned(), 1)]);
    let bindings = net.get(R).bindings(net.now, "1001");
    assert_eq!(
        (bindings[0].contact.as_str(), bindings[0].source),
        ("sip:1001@192.0.2.50:5070", addr(PHONE).into())
    );
    net.run(600_000);
    assert_eq!(net.get(R).bindings(net.now, "1001").len(), 1, "kept up");
    assert!(net.count(PHONE, |e| matches!(e, Event::Registered { .. })) >= 6);
    assert_eq!(changes(&net).len(), 1, "refreshes are no news");
    assert_eq!(
        net.count(PHONE, |e| matches!(e, Event::RegistrationFailed { .. })),
        0,
        "stale nonces are renewed"
    );
    net.at(PHONE, |p, now| p.unregister(now, key));
    net.run(100);
    assert_eq!(
        net.count(PHONE, |e| matches!(e, Event::Unregistered { .. })),
        1
    );
    assert_eq!(changes(&net)[1], ("1001".to_owned(), 0));
    net.run(40_000);
    net.assert_idle(R);
    net.assert_idle(PHONE);
}

#[test]
fn a_phone_that_vanishes_expires() {
    let mut net = net();
    net.at(PHONE, |p, now| {
        p.register(now, register("1001", "pw", 120)).unwrap()
    });
    net.run(100);
    net.rule(|_| Fate::Drop);
    net.run(119_000);
    assert_eq!(changes(&net).len(), 1);
    net.run(2_000);
    assert_eq!(changes(&net)[1], ("1001".to_owned(), 0));
    assert_eq!(net.get(R).held().bindings, 0);
    // The phone keeps trying and comes back by itself.
    net.run(60_000);
    assert!(
        net.count(PHONE, |e| matches!(
            e,
            Event::RegistrationFailed {
                timed_out: true,
                ..
            }
        )) >= 1
    );
    net.rule(|_| Fate::Deliver);
    net.run(400_000);
    assert_eq!(net.get(R).bindings(net.now, "1001").len(), 1);
}

#[test]
fn too_short_an_interval_is_raised() {
    let mut net = net();
    net.at(PHONE, |p, now| {
        p.register(now, register("1001", "pw", 5)).unwrap()
    });
    net.run(200);
    assert_eq!(net.sent_by(R, "423"), 1);
    assert!(
        matches!(net.seen(PHONE)[0], Event::Registered { expires, .. } if expires.as_secs() == 60)
    );
}

#[test]
fn a_wrong_password_is_refused_and_at_last_banned() {
    let mut net = net();
    let attempt = |net: &mut Net| {
        let before = net.sent_by(R, "4");
        net.at(PHONE, |p, now| {
            p.register(now, register("1001", "guess", 120)).unwrap()
        });
        net.run(200);
        net.sent_by(R, "4") - before
    };
    for _ in 0..10 {
        assert_eq!(attempt(&mut net), 2, "a challenge and a refusal");
    }
    assert_eq!(
        net.count(PHONE, |e| matches!(
            e,
            Event::RegistrationFailed { code: 403, .. }
        )),
        10
    );
    assert_eq!(net.get(R).counters().bans, 1);
    assert_eq!(attempt(&mut net), 0, "no answer while banned");
    assert!(net.get(R).counters().dropped_banned > 0);
    assert_eq!(net.get(R).held().bindings, 0);
    net.run(900_000);
    net.at(PHONE, |p, now| {
        p.register(now, register("1001", "pw", 120)).unwrap()
    });
    net.run(200);
    assert_eq!(net.get(R).held().bindings, 1, "the ban ends");
}

#[test]
fn nobody_registers_for_another() {
    let mut net = net();
    let mut wish = register("1001", "pw", 120);
    wish.aor = "sip:1002@carillon".into();
    net.at(PHONE, |p, now| p.register(now, wish).unwrap());
    net.at(PHONE, |p, now| {
        p.register(now, register("nobody", "pw", 120)).unwrap()
    });
    net.run(200);
    assert_eq!(
        net.count(PHONE, |e| matches!(
            e,
            Event::RegistrationFailed { code: 403, .. }
        )),
        2
    );
    assert_eq!(net.get(R).held().bindings, 0);
}

/// A REGISTER by hand with credentials, from another port each time.
fn by_hand(net: &mut Net, from: &str, contacts: &str, expires: &str) -> String {
    let answer = by_hand_misread(net, from, &format!("{contacts}{expires}"), |c| c);
    let strongest = net.sent.iter().rev().find(|(_, d)| d.is("REGISTER"));
    let value = header(&strongest.unwrap().1.bytes, "Authorization");
    assert!(value.contains("SHA-256"), "the strongest of two challenges");
    answer
}

/// The same by a phone that reads the challenge in its own way.
fn by_hand_misread(
    net: &mut Net,
    from: &str,
    lines: &str,
    read: impl Fn(String) -> String,
) -> String {
    let build = |cseq: u32, auth: &str| {
        format!(
            "REGISTER sip:carillon SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{from}{cseq}{};rport\r\n\
             From: <sip:1001@carillon>;tag=h\r\nTo: <sip:1001@carillon>\r\nCall-ID: {from}\r\nCSeq: {cseq} REGISTER\r\n\
             {lines}{auth}Content-Length: 0\r\n\r\n",
            auth.len()
        )
    };
    let at = u32::try_from(net.inbox.len()).unwrap() + 1;
    net.raw(from, R, build(at, ""));
    net.run(30);
    let challenge = String::from_utf8(net.inbox.last().unwrap().bytes.clone()).unwrap();
    let challenge = read(challenge);
    let bounds = carillon_sip::message::Bounds::default();
    let response = carillon_sip::message::parse(challenge.as_bytes(), &bounds).unwrap();
    let mut auth = carillon_sip::digest::ClientAuth::new(Credentials {
        username: "1001".into(),
        password: "pw".into(),
    });
    assert!(auth.take(&response));
    let lines = auth.authorize("REGISTER", b"sip:carillon", b"", "cn");
    let value = String::from_utf8(lines[0].1.clone()).unwrap();
    net.raw(
        from,
        R,
        build(at + 1, &format!("Authorization: {value}\r\n")),
    );
    net.run(30);
    String::from_utf8(net.inbox.last().unwrap().bytes.clone()).unwrap()
}

#[test]
fn bindings_are_replaced_ordered_and_cleared() {
    let mut net = net();
    let one = by_hand(
        &mut net,
        "192.0.2.61:5060",
        "m: <sip:1001@10.0.0.1>;q=0.3\r\n",
        "Expires: 7200\r\n",
    );
    assert!(
        one.contains("Contact: <sip:1001@10.0.0.1>;expires=3600;q=0.3"),
        "{one}"
    );
    let two = by_hand(
        &mut net,
        "192.0.2.62:5060",
        "Contact: <sip:1001@10.0.0.2>;expires=100;+sip.instance=\"<u>\"\r\n",
        "",
    );
    assert_eq!(two.matches("Contact:").count(), 2);
    let bindings = net.get(R).bindings(net.now, "1001");
    assert_eq!(
        bindings[0].source,
        addr("192.0.2.62:5060").into(),
        "higher q first"
    );
    // The same phone under a new address replaces its old binding.
    by_hand(
        &mut net,
        "192.0.2.63:5060",
        "Contact: <sip:1001@10.0.0.3>;expires=100;+sip.instance=\"<u>\"\r\n",
        "",
    );
    let contacts = |net: &Net| -> Vec<String> {
        net.get(R)
            .bindings(net.now, "1001")
            .into_iter()
            .map(|b| b.contact)
            .collect()
    };
    assert_eq!(contacts(&net), ["sip:1001@10.0.0.3", "sip:1001@10.0.0.1"]);
    // Beyond the limit of two the oldest goes.
    by_hand(
        &mut net,
        "192.0.2.64:5060",
        "Contact: <sip:1001@10.0.0.4>\r\n",
        "",
    );
    assert_eq!(contacts(&net), ["sip:1001@10.0.0.4", "sip:1001@10.0.0.3"]);
    let bad = by_hand(
        &mut net,
        "192.0.2.65:5060",
        "Contact: *\r\n",
        "Expires: 60\r\n",
    );
    assert!(bad.starts_with("SIP/2.0 400"));
    let short = by_hand(
        &mut net,
        "192.0.2.65:5060",
        "Contact: <sip:x@y>;expires=3\r\n",
        "",
    );
    assert!(short.starts_with("SIP/2.0 423") && short.contains("Min-Expires: 60"));
    let cleared = by_hand(
        &mut net,
        "192.0.2.66:5060",
        "Contact: *\r\n",
        "Expires: 0\r\n",
    );
    assert!(cleared.starts_with("SIP/2.0 200") && !cleared.contains("Contact:"));
    assert_eq!(net.get(R).held().bindings, 0);
    net.run(40_000);
    net.assert_idle(R);
}

#[test]
fn an_agent_calls_login_and_nothing_else() {
    let mut net = net();
    for (callee, password, allowed) in [
        ("login", "pw", true),
        ("0015551234", "pw", false),
        ("login", "guess", false),
    ] {
        let credentials = Some(Credentials {
            username: "1001".into(),
            password: password.into(),
        });
        let invite = Invite {
            request_uri: format!("sip:{callee}@carillon"),
            next_hop: addr(R).into(),
            credentials,
            ..to_b()
        };
        net.events.clear();
        net.at(PHONE, |p, now| p.invite(now, invite).unwrap());
        net.run(200);
        let user = net.seen(R).into_iter().find_map(|e| match e {
            Event::Incoming(call) => call.user.clone(),
            _ => None,
        });
        assert_eq!(
            user.as_deref(),
            allowed.then_some("1001"),
            "{callee} {password}"
        );
        let refused = net.count(PHONE, |e| matches!(e, Event::Failed(f) if f.code == 403));
        assert_eq!(refused, usize::from(!allowed));
    }
    assert_eq!(net.get(R).counters().auth_failures, 1);
}

#[test]
fn we_call_the_phone_where_it_registered() {
    let mut net = net();
    net.at(PHONE, |p, now| {
        p.register(now, register("1001", "pw", 120)).unwrap()
    });
    net.run(100);
    let binding = net.get(R).bindings(net.now, "1001").remove(0);
    let invite = Invite {
        request_uri: binding.contact,
        next_hop: binding.source,
        ..to_b()
    };
    net.at(R, |r, now| r.invite(now, invite).unwrap());
    net.run(100);
    let leg = net.incoming(PHONE);
    net.at(PHONE, |p, now| {
        p.answer(now, leg, &sdp(PHONE, 7000)).unwrap()
    });
    net.run(100);
    assert_eq!(net.answered(R).len(), 1);
}

#[test]
fn credentials_by_an_algorithm_that_is_not_offered_prove_nothing() {
    let mut config = registrar();
    let offered = &mut config.registrar.as_mut().unwrap().algorithms;
    *offered = vec![Algorithm::Sha256];
    let mut net = Net::new();
    net.add(config);
    let contact = "Contact: <sip:1001@192.0.2.50>\r\n";
    let read = |challenge: String| challenge.replace("algorithm=SHA-256", "algorithm=MD5");
    let answer = by_hand_misread(&mut net, PHONE, contact, read);
    assert!(answer.starts_with("SIP/2.0 401"), "{answer}");
    assert_eq!(net.get(R).counters().auth_failures, 0);
    assert_eq!(net.get(R).held().bindings, 0);
}
