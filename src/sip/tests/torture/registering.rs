//! The REGISTER messages with credentials: what is bound and what comes back.

use carillon_sip::Credentials;
use carillon_sip::digest::ClientAuth;
use carillon_sip::message::{Bounds, parse};

use super::harness::*;
use super::message;
use super::outcome::{send, served};

/// Sends a message, then again with the answer to the challenge (a new branch and the next CSeq);
/// the final response.
fn registered(net: &mut Net, user: &str, name: &str) -> String {
    let first = message(name);
    let challenge = send(net, &first).remove(0).bytes;
    let request = parse(&first, &Bounds::default()).unwrap();
    let mut auth = ClientAuth::new(Credentials {
        username: user.into(),
        password: "pw".into(),
    });
    assert!(auth.take(&parse(&challenge, &Bounds::default()).unwrap()));
    let mut lines = Vec::new();
    for (header, value) in auth.authorize("REGISTER", request.uri(), b"", "c") {
        lines.extend_from_slice(header.as_str().as_bytes());
        lines.extend_from_slice(b": ");
        // We send no control characters; `escnull` wants the NUL as a quoted pair.
        let value = String::from_utf8(value).unwrap();
        let value = value.replace("username=\"null- -null\"", "username=\"null-\\\0-null\"");
        lines.extend_from_slice(value.as_bytes());
        lines.extend_from_slice(b"\r\n");
    }
    let end = first.windows(2).position(|w| w == b"\r\n").unwrap() + 2;
    let again = [&first[..end], &lines, &first[end..]].concat();
    let reply = send(net, &again).remove(0).bytes;
    String::from_utf8_lossy(&reply).into_owned()
}

fn contacts(reply: &str) -> Vec<&str> {
    let lines = reply.lines().filter_map(|l| l.strip_prefix("Contact: "));
    lines.map(|l| l.split(";expires").next().unwrap()).collect()
}

#[test]
fn bindings_keep_their_uris_octet_for_octet() {
    for (name, user, bound) in [
        (
            "escnull",
            "null-\0-null",
            &[
                "<sip:%00@host5.example.com>",
                "<sip:%00%00@host5.example.com>",
            ][..],
        ),
        ("dblreq", "j.user", &["<sip:j.user@host.example.com>"]),
        (
            "cparam01",
            "watson",
            &["<sip:+19725552222@gw1.example.net>"],
        ),
        (
            "cparam02",
            "watson",
            &["<sip:+19725552222@gw1.example.net;unknownparam>"],
        ),
        (
            "regescrt",
            "user",
            &["<sip:user@example.com?Route=%3Csip:sip.example.com%3E>"],
        ),
    ] {
        let mut net = served(user);
        let reply = registered(&mut net, user, name);
        assert!(reply.starts_with("SIP/2.0 200 "), "{name}: {reply}");
        let mut found = contacts(&reply);
        found.sort_unstable();
        let mut bound = bound.to_vec();
        bound.sort_unstable();
        assert_eq!(found, bound, "{name}");
    }
}

#[test]
fn a_contact_that_needs_brackets_and_has_none_is_refused() {
    let mut net = served("user");
    let reply = registered(&mut net, "user", "regbadct");
    assert!(reply.starts_with("SIP/2.0 400 "), "{reply}");
}

#[test]
fn only_sip_addresses_of_record_can_be_registered() {
    let mut net = served("2983792873");
    let reply = registered(&mut net, "2983792873", "unksm2");
    assert!(reply.starts_with("SIP/2.0 400 "), "{reply}");
    assert!(net.get(A).bindings(net.now, "2983792873").is_empty());
}
