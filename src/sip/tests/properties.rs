//! Properties of the message layer: what is written is read back, whatever it is; no octets and no
//! cut make anything panic.

use carillon_sip::digest::{Challenge, ClientAuth, DigestCredentials};
use carillon_sip::headers::{CSeq, NameAddr, Reason, Via, lex};
use carillon_sip::message::{Bounds, HeaderName, Message, Writer, parse};
use carillon_sip::uri::Uri;
use carillon_sip::{Credentials, Direction, MediaSpec, SessionDescription, summary};
use proptest::prelude::*;

fn cases(n: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(n)
    }
}

fn token() -> impl Strategy<Value = String> {
    "[-A-Za-z0-9.!%*_+`'~]{1,16}"
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,10}(\\.[a-z]{2,5}){0,2}",
        any::<std::net::Ipv4Addr>().prop_map(|ip| ip.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|ip| format!("[{ip}]")),
    ]
}

fn host_and_port() -> impl Strategy<Value = (String, Option<u16>)> {
    (host(), proptest::option::of(any::<u16>()))
}

fn written((host, port): &(String, Option<u16>)) -> String {
    port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}

/// Name and value of a parameter.
type Param = (String, Option<String>);

fn params() -> impl Strategy<Value = Vec<Param>> {
    let value = prop_oneof![
        token(),
        // Quoted: anything but line ends, with what would end a list or an address.
        "[^\\x00-\\x1f\\x7f-\\x9f]{0,12}".prop_map(|text| lex::quote(&text)),
    ];
    prop::collection::vec(("x[a-z0-9]{1,6}", proptest::option::of(value)), 0..5)
}

fn joined(params: &[Param]) -> String {
    let one = |(name, value): &Param| match value {
        Some(value) => format!(";{name}={value}"),
        None => format!(";{name}"),
    };
    params.iter().map(one).collect()
}

fn found_in(params: &[Param], find: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Result<(), String> {
    for (at, (name, _)) in params.iter().enumerate() {
        // Of a name that stands twice the first counts.
        let first = params.iter().position(|(n, _)| n == name).unwrap_or(at);
        let wanted = params[first].1.clone().unwrap_or_default();
        let found = find(name.to_ascii_uppercase().as_bytes());
        if found.as_deref() != Some(wanted.as_bytes()) {
            return Err(format!("{name}: {found:?}, not {wanted:?}"));
        }
    }
    Ok(())
}

fn sip_uri() -> impl Strategy<Value = String> {
    let user = "[A-Za-z0-9+*%23_.!~-]{1,12}";
    let plain = prop::collection::vec(("x[a-z]{1,5}", proptest::option::of("[a-z0-9]{1,5}")), 0..3);
    (
        prop_oneof![Just("sip"), Just("sips")],
        proptest::option::of(user),
        host_and_port(),
        plain,
    )
        .prop_map(|(scheme, user, place, params)| {
            let user = user.map(|u| format!("{u}@")).unwrap_or_default();
            format!("{scheme}:{user}{}{}", written(&place), joined(&params))
        })
}

fn any_uri() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => sip_uri(),
        1 => "\\+[0-9]{3,15}".prop_map(|n| format!("tel:{n}")),
    ]
}

/// A message's header lines beyond those it must have.
fn more_lines() -> impl Strategy<Value = Vec<(String, String)>> {
    let line = (
        "X-[A-Za-z0-9-]{1,12}",
        // Visible at both ends, as white space there is not part of a value.
        "[!-~\u{a1}-\u{17f}]([ -~\u{a1}-\u{17f}]{0,30}[!-~])?",
    );
    prop::collection::vec(line, 0..8)
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn uris_are_read_as_written(
        user in "[A-Za-z0-9+*_.!~-]{1,12}",
        place in host_and_port(),
        params in prop::collection::vec(("x[a-z]{1,5}", proptest::option::of("[a-z0-9]{1,5}")), 0..4),
        header in proptest::option::of("[A-Z][a-z]{1,5}=[a-z%0-9]{1,8}"),
    ) {
        let tail = header.map(|h| format!("?{h}")).unwrap_or_default();
        let text = format!("sip:{user}@{}{}{tail}", written(&place), joined(&params));
        let uri = Uri::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(uri.user, user.as_bytes());
        prop_assert_eq!(uri.host, place.0.trim_matches(['[', ']']).as_bytes());
        prop_assert_eq!(uri.port, place.1);
        found_in(&params, |name| uri.param(name).map(<[u8]>::to_vec)).unwrap();
    }

    #[test]
    fn escapes_are_undone_once(octets in prop::collection::vec(any::<u8>(), 0..20)) {
        let escaped: String = octets.iter().map(|b| format!("%{b:02x}")).collect();
        prop_assert_eq!(lex::unescape(escaped.as_bytes()), octets);
    }

    #[test]
    fn addresses_are_read_as_written(name in "[^\\x00-\\x1f\\x7f-\\x9f]{0,16}", uri in any_uri(), params in params()) {
        let text = format!("{} <{uri}>{}", lex::quote(&name), joined(&params));
        let address = NameAddr::parse(text.as_bytes()).unwrap();
        // Trailing white space within quotes belongs to the name.
        prop_assert_eq!(address.display_text(), name);
        prop_assert_eq!(address.uri, uri.as_bytes());
        found_in(&params, |name| address.param(name).map(<[u8]>::to_vec)).unwrap();
        let list = format!("{text}, {text}");
        let all: Vec<_> = lex::ListIter::new(list.as_bytes()).collect();
        prop_assert_eq!(all, vec![text.trim().as_bytes(); 2]);
    }

    #[test]
    fn vias_are_read_as_written_and_come_back_with_their_branch(
        place in host_and_port(),
        branch in token(),
        params in params(),
        rport in any::<bool>(),
        source in any::<std::net::SocketAddr>(),
    ) {
        let rport = if rport { ";rport" } else { "" };
        let text = format!("SIP/2.0/TCP {};branch=z9hG4bK{branch}{rport}{}", written(&place), joined(&params));
        let via = Via::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(via.host, place.0.trim_matches(['[', ']']).as_bytes());
        prop_assert_eq!(via.port, place.1);
        prop_assert!(via.branch == ["z9hG4bK", branch.as_str()].concat().as_bytes());
        found_in(&params, |name| lex::param(via.params, name).map(<[u8]>::to_vec)).unwrap();
        let stamped = via.stamped(source);
        let back = Via::parse(&stamped).unwrap();
        prop_assert_eq!((back.branch, back.host, back.port), (via.branch, via.host, via.port));
        if !rport.is_empty() {
            let port = lex::param(back.params, b"rport").unwrap();
            prop_assert!(port == source.port().to_string().as_bytes());
            let received = lex::param(back.params, b"received").unwrap();
            prop_assert!(received == source.ip().to_canonical().to_string().as_bytes());
        }
    }

    #[test]
    fn reasons_are_read_as_written(cause in any::<u16>(), text in "[^\\x00-\\x1f\\x7f-\\x9f]{1,20}") {
        let reason = Reason::q850(cause, text);
        prop_assert_eq!(Reason::parse(reason.to_string().as_bytes()), Some(reason));
    }

    #[test]
    fn messages_are_read_as_written(
        method in token(),
        uri in any_uri(),
        from in any_uri(),
        to in any_uri(),
        cseq in 0u32..1 << 31,
        call_id in "[!-~]{1,30}",
        hops in prop::collection::vec((host_and_port(), token()), 1..4),
        lines in more_lines(),
        body in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut out = Writer::request(method.as_bytes(), uri.as_bytes());
        for (place, branch) in &hops {
            out.header("v", format!("SIP/2.0/UDP {};branch=z9hG4bK{branch}", written(place)));
        }
        out.header("From", format!("<{from}>;tag=f")).header("t", format!("<{to}>"));
        out.header("i", &call_id).header("CSeq", format!("{cseq} {method}"));
        for (name, value) in &lines {
            out.header(name, value);
        }
        let bytes = out.finish("application/octet-stream", &body);
        let message = parse(&bytes, &Bounds::default()).unwrap();
        prop_assert_eq!(message.defect, None);
        prop_assert_eq!((message.uri(), message.body), (uri.as_bytes(), &body[..]));
        prop_assert_eq!(message.from().unwrap().uri, from.as_bytes());
        prop_assert_eq!(message.to().unwrap().uri, to.as_bytes());
        prop_assert_eq!(message.call_id(), call_id.as_bytes());
        let told = message.cseq().unwrap();
        prop_assert_eq!((told.number, told.token), (cseq, method.as_bytes()));
        prop_assert_eq!(message.list(HeaderName::Via).filter_map(Via::parse).count(), hops.len());
        for (name, value) in &lines {
            let mut same = message.headers.iter().filter(|h| h.raw_name == name.as_bytes());
            prop_assert!(same.any(|h| h.value == value.as_bytes()), "{}: {}", name, value);
        }
        let again = message.to_bytes();
        let second = parse(&again, &Bounds::default()).unwrap();
        prop_assert_eq!(&second.start, &message.start);
        prop_assert_eq!(second.body, message.body);
        prop_assert_eq!(second.to_bytes(), again);
    }

    #[test]
    fn offers_are_read_as_written(
        address in any::<std::net::SocketAddr>(),
        both in any::<bool>(),
        event in proptest::option::of(96u8..128),
        ptime_ms in 1u8..=200,
        direction in prop_oneof![Just(Direction::SendRecv), Just(Direction::SendOnly), Just(Direction::RecvOnly), Just(Direction::Inactive)],
        session_id in any::<u64>(),
    ) {
        let mut spec = MediaSpec::g711(address, session_id);
        spec.codecs.truncate(if both { 2 } else { 1 });
        (spec.telephone_event, spec.ptime_ms, spec.direction) = (event, ptime_ms, direction);
        let offer = SessionDescription::offer(&spec);
        // Port 0 is no stream, the unspecified address an old way to hold.
        if address.port() != 0 && !address.ip().is_unspecified() {
            let back = SessionDescription::parse(&offer.to_bytes()).unwrap();
            prop_assert_eq!(&back, &offer);
            let answer = SessionDescription::answer(&back, &MediaSpec::g711(address, 1)).unwrap();
            prop_assert_eq!(answer.media[0].direction, direction.mirrored());
        }
    }

    #[test]
    fn challenges_are_answered_readably(
        realm in "[^\\x00-\\x1f\\x7f-\\x9f]{0,12}",
        nonce in "[a-zA-Z0-9+/=]{1,20}",
        algorithm in prop_oneof![Just("MD5"), Just("SHA-256"), Just("MD5-sess"), Just("SHA-256-sess")],
        qop in prop_oneof![Just(""), Just(", qop=\"auth\""), Just(", qop=\"auth-int,auth\"")],
    ) {
        let line = format!("Digest realm={}, nonce=\"{nonce}\", algorithm={algorithm}{qop}", lex::quote(&realm));
        let read = Challenge::parse_all(line.as_bytes());
        prop_assert_eq!(read.len(), 1);
        prop_assert_eq!(&read[0].realm, realm.as_bytes());
        prop_assert_eq!(&read[0].nonce, nonce.as_bytes());
        let response = format!("SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: {line}\r\n\r\n");
        let mut auth = ClientAuth::new(Credentials { username: "a\"b\\c".into(), password: "p".into() });
        prop_assert!(auth.take(&parse(response.as_bytes(), &Bounds::default()).unwrap()));
        let (_, value) = auth.authorize("INVITE", b"sip:x@y", b"", "cn").remove(0);
        let back = DigestCredentials::parse(&value).unwrap();
        prop_assert_eq!((back.username.as_str(), back.realm.as_str()), ("a\"b\\c", realm.as_str()));
    }

    #[test]
    fn any_octets_are_survived_everywhere(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = (Uri::parse(&octets), NameAddr::parse(&octets), Via::parse(&octets), CSeq::parse(&octets));
        let _ = (Reason::parse(&octets), Challenge::parse_all(&octets), DigestCredentials::parse(&octets));
        let _ = (SessionDescription::parse(&octets), summary(&octets));
        let message = [&b"OPTIONS sip:a SIP/2.0\r\nVia: "[..], &octets].concat();
        read_all(&parse(&message, &Bounds::default()).unwrap());
    }
}

/// Every typed view of a message.
fn read_all(message: &Message<'_>) {
    let _ = (
        message.via(),
        message.from(),
        message.to(),
        message.contact(),
        message.cseq(),
    );
    let _ = (
        message.sdp_body().map(SessionDescription::parse),
        message.header_texts(),
    );
    let _ = (Reason::all(message), message.to_bytes());
}

const WHOLE: &str = "INVITE sip:+15550100@192.0.2.1;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa;rport\r\n\
    v: SIP/2.0/UDP h , SIP/2.0/TCP [2001:db8::1]:5061;x=\"y,\\\"z\"\r\nFrom: \"A, B\" <sip:a@x>;tag=1\r\nTo: <tel:+15550100>\r\nCall-ID: c@x\r\n\
    CSeq: 1 INVITE\r\nContact: <sip:a@192.0.2.9>\r\nSubject: fold\r\n  ed\r\nReason: Q.850;cause=16;text=\"x\"\r\n\
    Content-Type: application/sdp\r\nContent-Length: 105\r\n\r\nv=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
    m=audio 6000 RTP/AVP 0 8 101\r\na=sendrecv\r\n";

#[test]
fn a_message_may_be_cut_anywhere() {
    let bytes = WHOLE.as_bytes();
    let whole = parse(bytes, &Bounds::default()).unwrap();
    assert_eq!(whole.defect, None);
    for end in 0..bytes.len() {
        if let Ok(cut) = parse(&bytes[..end], &Bounds::default()) {
            read_all(&cut);
            assert!(cut.headers.len() <= whole.headers.len(), "{end}");
        }
        let _ = SessionDescription::parse(&bytes[bytes.len() - end..]);
        let _ = parse(&bytes[end..], &Bounds::default()).map(|m| read_all(&m));
    }
}

/// Found by fuzzing: descriptions that were written otherwise than they were read.
#[test]
fn odd_formats_are_written_as_they_were_read() {
    for (lines, formats) in [
        // No encoding after the payload type: the static one stands.
        ("m=audio 4000 RTP/AVP 0\r\na=rtpmap:0\r\n", 1),
        // A payload type listed twice is one.
        ("m=audio 4000 RTP/AVP 0 8 0\r\na=rtpmap:0 PCMU/8000\r\n", 2),
    ] {
        let text = format!("v=0\r\nc=IN IP4 192.0.2.1\r\n{lines}");
        let first = SessionDescription::parse(text.as_bytes()).unwrap();
        assert_eq!(first.media[0].formats.len(), formats, "{lines}");
        assert_eq!(first.media[0].formats[0].encoding, "PCMU", "{lines}");
        let written = first.to_bytes();
        let second = SessionDescription::parse(&written).unwrap();
        assert_eq!(second.to_bytes(), written, "{lines}");
    }
}
