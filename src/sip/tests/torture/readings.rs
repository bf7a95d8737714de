//! What is read out of the messages: the traits each was written for.

use carillon_sip::SessionDescription;
use carillon_sip::headers::{NameAddr, Via, lex};
use carillon_sip::message::{Bounds, Defect, HeaderName, Message, Method, parse};
use carillon_sip::uri::Uri;

use super::{message, messages};

fn with(name: &str, check: impl FnOnce(Message<'_>)) {
    let bytes = message(name);
    check(parse(&bytes, &Bounds::default()).unwrap());
}

#[test]
fn wsinv_folds_compact_names_and_lists() {
    with("wsinv", |m| {
        assert_eq!(m.defect, None);
        assert_eq!(m.uri(), b"sip:vivekg@chair-dnrc.example.com;unknownparam");
        assert_eq!(m.to_tag(), b"1918181833n");
        assert_eq!(m.from_tag(), b"98asjd8");
        assert_eq!(m.from().unwrap().display_text(), "J Rosenberg \\\"");
        assert_eq!(m.number(HeaderName::MaxForwards), Some(68));
        assert_eq!(m.cseq().unwrap().number, 9);
        assert_eq!(m.cseq().unwrap().method, Method::Invite);
        let hops: Vec<Via<'_>> = m.list(HeaderName::Via).filter_map(Via::parse).collect();
        assert_eq!(hops.len(), 3);
        assert_eq!(
            (hops[0].host, hops[0].branch),
            (&b"192.0.2.2"[..], &b"390skdjuw"[..])
        );
        assert_eq!(hops[1].host, b"spindle.example.com");
        assert_eq!(hops[1].branch, b"z9hG4bK9ikj8");
        assert_eq!(hops[2].branch, b"z9hG4bK30239");
        assert_eq!(m.first(HeaderName::Subject), Some(&b""[..]));
        let folded = m.named("NewFangledHeader").unwrap();
        assert_eq!(
            lex::text(folded.as_bytes()),
            "newfangled value continued newfangled value"
        );
        assert_eq!(
            m.named("unknownheaderwithunusualvalue").unwrap(),
            ";;,,;;,;"
        );
        let contact = m.contact().unwrap();
        assert_eq!(contact.uri, b"sip:jdrosen@example.com");
        assert_eq!(contact.display_text(), "Quoted string \"\"");
        assert_eq!(contact.param(b"newparam"), Some(&b"newvalue"[..]));
        assert_eq!(contact.param(b"secondparam"), Some(&b""[..]));
        assert_eq!(contact.param(b"q"), Some(&b"0.33"[..]));
        let sdp = SessionDescription::parse(m.sdp_body().unwrap()).unwrap();
        assert_eq!(sdp.media.len(), 2);
    });
}

#[test]
fn intmeth_every_character_of_a_token() {
    with("intmeth", |m| {
        assert_eq!(m.method(), Some(Method::Other));
        let token = b"!interesting-Method0123456789_*+`.%indeed'~";
        assert_eq!(m.cseq().unwrap().token, token);
        let uri = Uri::parse(m.uri()).unwrap();
        assert_eq!(
            uri.user,
            b"1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
        );
        assert_eq!(uri.host, b"example.com");
        assert_eq!(m.via().unwrap().branch, b"z9hG4bK-.!%66*_+`'~");
        assert_eq!(m.to().unwrap().display_text(), "BEL:\x07 NUL:\0 DEL:\x7f");
        let from = m.from().unwrap();
        assert_eq!(from.display, b"token1~` token2'+_ token3*%!.-");
        assert_eq!(
            from.param(b"fromParam''~+*_!.-%"),
            Some("\"работающий\"".as_bytes())
        );
        assert_eq!(m.from_tag(), b"_token~1'+`*%!-.");
        assert_eq!(m.call_id(), b"intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");
        let value = m.named("extensionHeader-!.%*+_`'~").unwrap();
        assert_eq!(value, "\u{feff}大停電");
    });
}

#[test]
fn escapes_are_undone_once_and_only_in_uris() {
    with("esc01", |m| {
        let uri = Uri::parse(m.uri()).unwrap();
        assert_eq!(uri.user_text(), "sips:user@example.com");
        assert_eq!(uri.host, b"example.net");
        assert_eq!(Uri::parse(m.to().unwrap().uri).unwrap().user_text(), "user");
        let from = Uri::parse(m.from().unwrap().uri).unwrap();
        assert_eq!(from.user_text(), "I have spaces");
        let contact = Uri::parse(m.contact().unwrap().uri).unwrap();
        assert_eq!(contact.user_text(), "caller");
        let value = contact.param(b"n%61me").unwrap();
        assert_eq!(lex::unescape(value), b"value%41");
    });
    with("escnull", |m| {
        let to = Uri::parse(m.to().unwrap().uri).unwrap();
        assert_eq!(to.user_text(), "null-\0-null");
        let contacts: Vec<NameAddr<'_>> = m
            .list(HeaderName::Contact)
            .filter_map(NameAddr::parse)
            .collect();
        assert_eq!(contacts.len(), 2);
        assert_ne!(contacts[0].uri, contacts[1].uri);
    });
    with("esc02", |m| {
        assert_eq!(m.method(), Some(Method::Other));
        assert_eq!(m.to().unwrap().display_text(), "%Z%45");
        assert_eq!(m.list(HeaderName::Contact).count(), 2);
    });
}

#[test]
fn long_and_odd_values_are_whole() {
    with("lwsdisp", |m| {
        assert_eq!(m.from().unwrap().display, b"caller");
        assert_eq!(m.from_tag(), b"323");
    });
    with("longreq", |m| {
        assert_eq!(m.list(HeaderName::Via).count(), 34);
        let last = m.list(HeaderName::Via).last().and_then(Via::parse).unwrap();
        assert!(last.branch.starts_with(b"verylonglong") && last.branch.ends_with(b"branchvalue"));
        assert_eq!(m.via().unwrap().branch, b"");
        assert_eq!(m.from_tag().len(), 2 + 3 * 50 + 3);
        assert!(m.call_id().ends_with(b"reallylongcallid"));
        assert_eq!(Uri::parse(m.to().unwrap().uri).unwrap().port, Some(6000));
    });
    with("dblreq", |m| assert_eq!(m.body, b""));
    with("semiuri", |m| {
        let uri = Uri::parse(m.uri()).unwrap();
        assert_eq!(lex::unescape(uri.user), b"user;par=u@example.net");
        assert_eq!(uri.host, b"example.com");
        assert_eq!(m.list(HeaderName::Accept).count(), 6);
    });
    with("transports", |m| {
        assert_eq!(m.call_id(), b"transports.kijh4akdnaqjkwendsasfdj");
        assert_eq!(m.list(HeaderName::Via).filter_map(Via::parse).count(), 5);
    });
    with("mpart01", |m| {
        assert_eq!(m.body.len(), 553);
        assert!(m.body.ends_with(b"\r\n--7a9cbec02ceef655--\r\n"));
        assert!(m.sdp_body().is_none());
    });
    with("unreason", |m| {
        assert_eq!(m.code(), Some(200));
        assert_eq!(
            m.phrase(),
            "= 2**3 * 5**2 но сто девяносто девять - простое"
        );
    });
    with("noreason", |m| {
        assert_eq!((m.code(), m.phrase().as_str()), (Some(100), ""));
    });
}

#[test]
fn what_is_wrong_is_told_by_its_name() {
    for (name, defect) in [
        ("badinv01", Defect::Via),
        ("clerr", Defect::Truncated),
        ("ncl", Defect::ContentLength),
        ("ltgtruri", Defect::RequestUri),
        ("lwsruri", Defect::RequestUri),
        ("badvers", Defect::Version),
        ("multi01", Defect::Repeated),
        ("mcl01", Defect::ContentLength),
    ] {
        with(name, |m| assert_eq!(m.defect, Some(defect), "{name}"));
    }
    with("scalar02", |m| assert_eq!(m.cseq(), None));
    with("scalarlg", |m| {
        assert_eq!(m.cseq(), None);
        assert_eq!(m.number(HeaderName::RetryAfter), Some(u32::MAX));
    });
    with("quotbal", |m| assert_eq!(m.to(), None));
    with("regbadct", |m| assert_eq!(m.contact(), None));
    with("baddate", |m| assert_eq!(m.defect, None));
    with("badaspec", |m| {
        assert_eq!(m.to().unwrap().uri, b"sip:t.watson@example.org");
    });
    with("baddn", |m| {
        assert_eq!(m.from().unwrap().display, b"Bell, Alexander");
        assert_eq!(m.from_tag(), b"43");
    });
    with("lwsstart", |m| assert_eq!(m.uri(), b"sip:user@example.com"));
    with("badbranch", |m| assert_eq!(m.via().unwrap().branch, b""));
    let big = message("bigcode");
    assert!(parse(&big, &Bounds::default()).is_err());
}

#[test]
fn parameters_belong_to_the_header_without_brackets_and_to_the_uri_within() {
    with("cparam01", |m| {
        let contact = m.contact().unwrap();
        assert_eq!(contact.uri, b"sip:+19725552222@gw1.example.net");
        assert_eq!(contact.param(b"unknownparam"), Some(&b""[..]));
    });
    with("cparam02", |m| {
        let contact = m.contact().unwrap();
        assert_eq!(
            contact.uri,
            b"sip:+19725552222@gw1.example.net;unknownparam"
        );
        assert_eq!(contact.param(b"unknownparam"), None);
    });
    with("inv2543", |m| {
        assert_eq!(m.via().unwrap().branch, b"");
        assert_eq!(m.from_tag(), b"");
        assert_eq!(m.to().unwrap().param(b"user"), Some(&b"phone"[..]));
        assert!(m.sdp_body().is_some(), "the rest of the datagram");
    });
}

#[test]
fn what_is_sound_is_written_as_it_was_read() {
    for (name, bytes) in messages() {
        let Ok(first) = parse(&bytes, &Bounds::default()) else {
            continue;
        };
        if first.defect.is_some() {
            continue;
        }
        let written = first.to_bytes();
        let second = parse(&written, &Bounds::default()).unwrap();
        assert_eq!(
            (second.start, second.body),
            (first.start, first.body),
            "{name}"
        );
        assert_eq!(second.to_bytes(), written, "{name}");
    }
}
