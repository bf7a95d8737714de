//! 3xx followed within limits.

use carillon_sip::{Credentials, Event, Invite, SessionOptions};

use crate::harness::*;
use crate::last_request;

fn place(net: &mut Net, redirects_max: u8) {
    let session = SessionOptions {
        redirects_max,
        ..SessionOptions::default()
    };
    let credentials = Some(Credentials {
        username: "u".into(),
        password: "p".into(),
    });
    net.at(A, |a, now| {
        let invite = Invite {
            session,
            credentials,
            ..to_raw()
        };
        a.invite(now, invite).unwrap()
    });
    net.run(20);
}

/// RAW answers the INVITE that came last.
fn answer(net: &mut Net, status: &str, extra: &str) {
    let invite = last_request(net, "INVITE");
    net.raw(RAW, A, respond(&invite, status, "x", extra, b""));
    net.run(20);
}

fn uris(net: &Net) -> Vec<String> {
    let invites = net.inbox.iter().filter(|d| d.is("INVITE"));
    invites
        .map(|d| {
            let text = String::from_utf8_lossy(&d.bytes).into_owned();
            text.split(' ').nth(1).unwrap().to_owned()
        })
        .collect()
}

#[test]
fn contacts_are_rung_by_preference_within_the_same_call() {
    let mut net = Net::with_raw();
    place(&mut net, 5);
    let contacts = "Contact: <sip:%23123@192.0.2.9:5061;x=1?Subject=hi>;q=0.3, <sip:other@192.0.2.9>;q=1.0\r\n\
                    Contact: \"B\" <sip:%23123@gw.example>;q=0.9\r\nContact: <sip:%23123@192.0.2.9:5062>;q=0.5\r\n";
    answer(&mut net, "302 Moved", contacts);
    // A name is left to whom we asked.
    let invite = last_request(&net, "INVITE");
    assert_eq!(uris(&net).last().unwrap(), "sip:%23123@gw.example");
    assert_eq!(header(&invite, "CSeq"), "2 INVITE");
    let first = &net.inbox[0].bytes;
    for name in ["Call-ID", "From", "To", "X-Lead-ID"] {
        assert_eq!(header(&invite, name), header(first, name), "{name}");
    }
    assert_ne!(header(&invite, "Via"), header(first, "Via"));
    answer(&mut net, "404 No", "");
    answer(&mut net, "503 No", "");
    assert_eq!(
        uris(&net)[1..],
        [
            "sip:%23123@gw.example",
            "sip:%23123@192.0.2.9:5062",
            "sip:%23123@192.0.2.9:5061;x=1"
        ],
        "by q; another number is not rung"
    );
    assert_eq!(
        net.inbox.iter().rev().find(|d| d.is("INVITE")).unwrap().to,
        addr("192.0.2.9:5061")
    );
    let invite = last_request(&net, "INVITE");
    net.raw(
        "192.0.2.9:5061",
        A,
        respond(
            &invite,
            "200 OK",
            "y",
            "Contact: <sip:x@192.0.2.9:5061>\r\n",
            &sdp(RAW, 6000),
        ),
    );
    net.run(20);
    assert_eq!(net.answered(A).len(), 1);
    assert_eq!(net.count(A, |e| matches!(e, Event::Failed(_))), 0);
    assert_eq!(net.get(A).counters().redirects_followed, 3);
}

#[test]
fn a_loop_ends_the_call_with_its_contacts() {
    for (most, invites) in [(5, 3), (1, 2), (0, 1)] {
        let mut net = Net::with_raw();
        place(&mut net, most);
        for n in 0..8 {
            let to = ["<sip:%23123@192.0.2.9>", "<sip:%23123@192.0.2.9;a>"][n % 2];
            answer(&mut net, "302 Moved", &format!("Contact: {to}\r\n"));
        }
        // %23123@192.0.2.2 was asked first; it sends us to two others that send us round.
        assert_eq!(uris(&net).len(), invites, "{:?}", uris(&net));
        let f = failure(&net);
        assert_eq!((f.code, f.contacts.len()), (302, 1));
        net.run(40_000);
        net.assert_idle(A);
    }
}

#[test]
fn endless_new_contacts_end_at_the_limit() {
    let mut net = Net::with_raw();
    place(&mut net, 200);
    for n in 0..12 {
        answer(
            &mut net,
            "302 Moved",
            &format!("Contact: <sip:%23123@192.0.2.9;n={n}>\r\n"),
        );
    }
    assert_eq!(uris(&net).len(), 6, "five contacts at most");
    assert_eq!(failure(&net).code, 302);
}

#[test]
fn what_is_not_followed() {
    for (status, contact) in [
        ("302 Moved", "Contact: <sip:999@192.0.2.9>\r\n"),
        ("302 Moved", ""),
        ("302 Moved", "Contact: *\r\n"),
        ("305 Proxy", "Contact: <sip:%23123@192.0.2.9>\r\n"),
        ("380 Alternative", "Contact: <sip:%23123@192.0.2.9>\r\n"),
    ] {
        let mut net = Net::with_raw();
        place(&mut net, 5);
        answer(&mut net, status, contact);
        assert_eq!(
            (uris(&net).len(), failure(&net).code.to_string().as_str()),
            (1, &status[..3])
        );
    }
    // A person declined: nobody else is asked.
    let mut net = Net::with_raw();
    place(&mut net, 5);
    let two = "Contact: <sip:%23123@192.0.2.9;a>, <sip:%23123@192.0.2.9;b>\r\n";
    answer(&mut net, "302 Moved", two);
    answer(&mut net, "486 Busy", "");
    assert_eq!((uris(&net).len(), failure(&net).code), (2, 486));
}

#[test]
fn a_cancelled_call_is_not_sent_elsewhere() {
    let mut net = Net::with_raw();
    let session = SessionOptions {
        redirects_max: 5,
        ..SessionOptions::default()
    };
    let call = net.at(A, |a, now| {
        a.invite(
            now,
            Invite {
                session,
                ..to_raw()
            },
        )
        .unwrap()
    });
    net.run(20);
    answer(&mut net, "100 Trying", "");
    net.at(A, |a, now| a.cancel(now, call, None));
    net.run(20);
    answer(&mut net, "302 Moved", "Contact: <sip:%23123@192.0.2.9>\r\n");
    assert_eq!(uris(&net).len(), 1);
    assert!(failure(&net).after_cancel);
}

#[test]
fn another_host_gets_no_proof_of_the_password() {
    let mut net = Net::with_raw();
    place(&mut net, 5);
    answer(
        &mut net,
        "302 Moved",
        "Contact: <sip:%23123@192.0.2.77>\r\n",
    );
    let invite = last_request(&net, "INVITE");
    assert_eq!(net.inbox.last().unwrap().to, addr("192.0.2.77:5060"));
    let line = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n";
    net.raw(
        "192.0.2.77:5060",
        A,
        respond(&invite, "401 x", "x", line, b""),
    );
    net.run(20);
    assert_eq!(failure(&net).code, 401);
    // The host we dialled does.
    let mut net = Net::with_raw();
    place(&mut net, 5);
    answer(
        &mut net,
        "302 Moved",
        "Contact: <sip:%23123@192.0.2.9;b>\r\n",
    );
    answer(&mut net, "401 x", line);
    assert!(header(&last_request(&net, "INVITE"), "Authorization").contains("nonce=\"n\""));
}
