//! What owners send and read beyond the protocol: identities, numbers and bodies octet for octet.

use carillon_sip::{Event, IncomingCall, Invite, Reason};

use crate::harness::*;
use crate::{last_request, talking_to_raw, within};

const PASSED: [(&str, &str); 10] = [
    (
        "P-Asserted-Identity",
        "\"Cullen Jennings\" <sip:fluffy@example.com>, tel:+14085264000",
    ),
    ("Privacy", "id;critical"),
    (
        "Diversion",
        "<tel:+15550111>;reason=no-answer;counter=1;privacy=off",
    ),
    (
        "History-Info",
        "<sip:bob@example.com>;index=1,<sip:office@example.com?Reason=SIP%3Bcause%3D302>;index=1.1",
    ),
    (
        "User-to-User",
        "56a390f3d2b7310023a2;encoding=hex;purpose=foo;content=bar",
    ),
    (
        "Identity",
        "eyJhbGciOiJFUzI1NiJ9.e30.sig==;info=<https://c.example/cert.cer>;alg=ES256;ppt=shaken",
    ),
    (
        "Referred-By",
        "<sip:referrer@example.com>;cid=\"20398823.2UWQFN309shb3@example.com\"",
    ),
    (
        "P-Charging-Vector",
        "icid-value=\"AyretyU0dm+6O2IrT5tAFrbHLso=023551024\"",
    ),
    ("X-Tenant", "a  b\t,;\"quoted \\\" text\" ünïcode"),
    ("X-Empty", ""),
];

fn incoming(net: &Net) -> IncomingCall {
    let found = net.seen(B).into_iter().find_map(|e| match e {
        Event::Incoming(call) => Some((**call).clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no call\n{}", net.ladder()))
}

#[test]
fn header_lines_pass_octet_for_octet_and_in_order() {
    let mut net = Net::pair();
    let headers: Vec<(String, String)> = PASSED
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect();
    net.at(A, |a, now| {
        a.invite(
            now,
            Invite {
                headers: headers.clone(),
                ..to_b()
            },
        )
        .unwrap()
    });
    net.run(50);
    let call = incoming(&net);
    let got: Vec<(String, String)> = call
        .headers
        .iter()
        .filter(|(n, _)| PASSED.iter().any(|(wanted, _)| wanted == n))
        .cloned()
        .collect();
    assert_eq!(got, headers);
    assert_eq!(call.asserted_user().as_deref(), Some("fluffy"));
}

#[test]
fn the_asserted_user_is_read_from_any_uri() {
    for (lines, expected) in [
        (&["<tel:+15550123;ext=5>"][..], Some("+15550123")),
        (&["sip:%2B1555@h;user=phone"], Some("+1555")),
        (&["<sip:h>", "<tel:+1>"], Some("+1")),
        (&["nonsense"], None),
        (&[], None),
    ] {
        let mut net = Net::pair();
        let headers = lines
            .iter()
            .map(|v| ("P-Asserted-Identity".to_owned(), (*v).to_owned()));
        let headers = headers.collect();
        net.at(A, |a, now| {
            a.invite(now, Invite { headers, ..to_b() }).unwrap()
        });
        net.run(50);
        assert_eq!(
            incoming(&net).asserted_user().as_deref(),
            expected,
            "{lines:?}"
        );
    }
}

#[test]
fn numbers_are_sent_and_read_as_written() {
    for (uri, user) in [
        (
            "tel:+1-201-555-0123;phone-context=example.com;ext=7",
            "+1-201-555-0123",
        ),
        (
            "sip:9999%23+15550123@192.0.2.2;user=phone",
            "9999#+15550123",
        ),
        (
            "sip:*67%2A+1(555)-0123@192.0.2.2:5060;transport=udp;x",
            "*67*+1(555)-0123",
        ),
        ("sip:+15550123;npdi;rn=+15550100@192.0.2.2", "+15550123"),
        ("SIP:00%31@192.0.2.2", "001"),
    ] {
        let mut net = Net::pair();
        net.at(A, |a, now| {
            let invite = Invite {
                request_uri: uri.into(),
                to: uri.into(),
                ..to_b()
            };
            a.invite(now, invite).unwrap()
        });
        net.run(50);
        let call = incoming(&net);
        assert_eq!(
            (call.request_uri.as_str(), call.to_user.as_str()),
            (uri, user)
        );
        let text = String::from_utf8_lossy(&net.sent[0].1.bytes).into_owned();
        assert!(text.starts_with(&format!("INVITE {uri} SIP/2.0\r\n")));
        assert_eq!(header(text.as_bytes(), "To"), format!("<{uri}>"));
    }
}

#[test]
fn reasons_pass_both_ways_with_several_at_once() {
    let mut net = Net::with_raw();
    let (_, invite) = talking_to_raw(&mut net, "");
    let lines =
        "Reason: Q.850;cause=16;text=\"Terminated\", SIP;cause=200\r\nReason: X;foo=bar\r\n";
    net.raw(RAW, A, within(&invite, "BYE", 3, lines, b""));
    net.run(20);
    let reasons = net.seen(A).into_iter().find_map(|e| match e {
        Event::Ended { reasons, .. } => Some(reasons.clone()),
        _ => None,
    });
    let other = Reason {
        protocol: "X".into(),
        cause: None,
        text: String::new(),
    };
    assert_eq!(
        reasons.unwrap(),
        [Reason::q850(16, "Terminated"), Reason::sip(200, ""), other]
    );
}

#[test]
fn sdp_beside_other_parts_is_found_in_requests_and_responses() {
    let mixed = |host: &str, port: u16| {
        let part = String::from_utf8(sdp(host, port)).unwrap();
        format!(
            "--b\r\nContent-Type: application/isup;version=x\r\n\r\n\u{1}\u{0}\r\n--b\r\n\
             Content-Type: application/sdp\r\n\r\n{part}\r\n--b--\r\n"
        )
    };
    let retype = |message: Vec<u8>| {
        let text = String::from_utf8(message).unwrap();
        text.replace(
            "Content-Type: application/sdp\r\nContent-Length",
            "Content-Type: multipart/mixed; boundary=b\r\nContent-Length",
        )
    };
    let mut net = Net::with_raw();
    net.at(A, |a, now| a.invite(now, to_raw()).unwrap());
    net.run(20);
    let invite = last_request(&net, "INVITE");
    let ok = respond(
        &invite,
        "200 OK",
        "t",
        RAW_CONTACT,
        mixed(RAW, 6000).as_bytes(),
    );
    net.raw(RAW, A, retype(ok));
    net.run(20);
    let a = net.answered(A)[0];
    assert_eq!(net.get(A).remote_sdp(a).unwrap().media[0].port, 6000);
    let update = within(&invite, "UPDATE", 3, "", mixed(RAW, 6002).as_bytes());
    net.raw(RAW, A, retype(update));
    net.run(20);
    assert_eq!(net.get(A).remote_sdp(a).unwrap().media[0].port, 6002);
}
