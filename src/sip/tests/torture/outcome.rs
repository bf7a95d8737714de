//! What a trusted peer that sends the message gets back.

use carillon_sip::{Event, RegistrarConfig, Secret, User};

use super::harness::*;
use super::{message, messages};

/// What the endpoint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// The call is offered to the owner (100 goes out at once).
    Call,
    /// This status, and nothing more.
    Answers(u16),
    /// No answer: a response that belongs to nothing.
    Ignores,
    /// No answer: not a SIP message.
    Drops,
}

/// One row.
pub struct Outcome {
    pub name: &'static str,
    pub does: Does,
}

const fn row(name: &'static str, does: Does) -> Outcome {
    Outcome { name, does }
}

use Does::{Answers, Call, Drops, Ignores};

/// In the order of the RFC. REGISTER without credentials is challenged before anything else is
/// looked at; `registering` sends them with credentials.
pub const OUTCOMES: [Outcome; 49] = [
    // Its To has a tag, and we know no such dialog (RFC 3261 §12.2.2).
    row("wsinv", Answers(481)),
    row("intmeth", Answers(501)),
    row("esc01", Call),
    row("escnull", Answers(401)),
    row("esc02", Answers(501)),
    row("lwsdisp", Answers(200)),
    row("longreq", Call),
    row("dblreq", Answers(401)),
    row("semiuri", Answers(200)),
    row("transports", Answers(200)),
    row("mpart01", Answers(405)),
    row("unreason", Ignores),
    row("noreason", Ignores),
    row("badinv01", Answers(400)),
    row("clerr", Answers(400)),
    row("ncl", Answers(400)),
    row("scalar02", Answers(400)),
    row("scalarlg", Drops),
    row("quotbal", Answers(400)),
    row("ltgtruri", Answers(400)),
    row("lwsruri", Answers(400)),
    row("lwsstart", Call),
    row("trws", Answers(200)),
    row("escruri", Call),
    row("baddate", Call),
    row("regbadct", Answers(401)),
    row("badaspec", Answers(200)),
    row("baddn", Answers(200)),
    row("badvers", Answers(505)),
    row("mismatch01", Answers(400)),
    row("mismatch02", Answers(400)),
    row("bigcode", Drops),
    row("badbranch", Answers(200)),
    row("insuf", Answers(400)),
    row("unkscm", Answers(416)),
    row("novelsc", Answers(416)),
    row("unksm2", Answers(401)),
    row("bext01", Answers(420)),
    row("invut", Answers(415)),
    row("regaut01", Answers(401)),
    row("multi01", Answers(400)),
    row("mcl01", Answers(400)),
    row("bcast", Ignores),
    row("zeromf", Answers(200)),
    row("cparam01", Answers(401)),
    row("cparam02", Answers(401)),
    row("regescrt", Answers(401)),
    row("sdp01", Answers(406)),
    row("inv2543", Call),
];

/// Rows that the endpoint does not reach yet, with what it does today. Empty is the aim.
const PENDING: [(&str, Does); 0] = [];

/// What the endpoint does today.
fn expected(row: &Outcome) -> Does {
    let pending = PENDING.iter().find(|(name, _)| *name == row.name);
    pending.map_or(row.does, |(_, does)| *does)
}

/// A trusted peer, a registrar for one user.
pub fn served(user: &str) -> Net {
    let mut config = open(config(A));
    let users = vec![User {
        name: user.into(),
        secret: Secret::Password("pw".into()),
    }];
    config.registrar = Some(RegistrarConfig::new("carillon", users));
    let mut net = Net::new();
    net.add(config);
    net
}

/// Sends one message; what it gets at once.
pub fn send(net: &mut Net, bytes: &[u8]) -> Vec<Datagram> {
    net.inbox.clear();
    net.raw(RAW, A, bytes);
    net.run(25);
    std::mem::take(&mut net.inbox)
}

fn status(reply: &Datagram) -> u16 {
    let line = String::from_utf8_lossy(&reply.bytes[..12]).into_owned();
    line.strip_prefix("SIP/2.0 ").unwrap()[..3].parse().unwrap()
}

fn done(net: &Net, replies: &[Datagram]) -> Does {
    let counters = net.get(A).counters();
    let offered = net.count(A, |e| matches!(e, Event::Incoming(_)));
    match replies.iter().map(status).collect::<Vec<_>>()[..] {
        [] if counters.malformed == 1 => Drops,
        [] if counters.dropped_stray_responses == 1 => Ignores,
        [100] if offered == 1 => Call,
        [code] if offered == 0 => Answers(code),
        ref codes => panic!("{codes:?}, {offered} calls, {counters:?}"),
    }
}

#[test]
fn every_message_is_handled_as_the_table_says() {
    let mut wrong = String::new();
    for row in &OUTCOMES {
        let (name, does) = (row.name, expected(row));
        let mut net = served("1001");
        let replies = send(&mut net, &message(name));
        let found = done(&net, &replies);
        if found != does {
            wrong += &format!("{name}: {found:?}, not {does:?}\n");
        }
        // Nobody answers the call; all is forgotten after that.
        net.run(700_000);
        net.assert_idle(A);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What every response takes from its request (RFC 3261 §8.2.6.2), octet for octet.
#[test]
fn answers_go_back_with_what_they_were_asked_with() {
    for row in &OUTCOMES {
        let (name, does) = (row.name, expected(row));
        // `insuf` has nothing to give back, `multi01` several.
        if matches!(does, Ignores | Drops) || matches!(name, "insuf" | "multi01") {
            continue;
        }
        let request = message(name);
        let mut net = served("1001");
        let replies = send(&mut net, &request);
        let bounds = carillon_sip::message::Bounds::default();
        let asked = carillon_sip::message::parse(&request, &bounds).unwrap();
        let told = carillon_sip::message::parse(&replies[0].bytes, &bounds).unwrap();
        assert_eq!(told.defect, None, "{name}");
        assert_eq!(told.call_id(), asked.call_id(), "{name}");
        assert_eq!(told.from_tag(), asked.from_tag(), "{name}");
        let cseq = carillon_sip::message::HeaderName::CSeq;
        assert_eq!(told.first(cseq), asked.first(cseq), "{name}");
        // `badinv01` has a list that cannot be split; its first element is given back.
        let via = carillon_sip::message::HeaderName::Via;
        if name != "badinv01" {
            assert_eq!(
                told.list(via).count(),
                asked.list(via).count(),
                "{name}: every hop"
            );
        }
        if !matches!(does, Call) && asked.to().is_some() {
            assert!(!told.to_tag().is_empty(), "{name}: a To tag");
        }
    }
}

#[test]
fn refusals_say_what_would_be_taken() {
    for (name, line) in [
        ("intmeth", "Allow: INVITE, ACK"),
        ("esc02", "Allow: INVITE, ACK"),
        ("mpart01", "Allow: INVITE, ACK"),
        (
            "bext01",
            "Unsupported: nothingSupportsThis, nothingSupportsThisEither\r\n",
        ),
        ("invut", "Accept: application/sdp\r\n"),
        ("regaut01", "WWW-Authenticate: Digest "),
    ] {
        let mut net = served("1001");
        let replies = send(&mut net, &message(name));
        let text = String::from_utf8_lossy(&replies[0].bytes).into_owned();
        assert!(text.contains(&format!("\r\n{line}")), "{name}: {text}");
    }
    let mut net = served("1001");
    let replies = send(&mut net, &message("bext01"));
    let text = String::from_utf8_lossy(&replies[0].bytes).into_owned();
    assert!(
        !text.contains("ProxiesSupportThis"),
        "Proxy-Require is for proxies (RFC 3261 §8.2.2.3): {text}"
    );
}

#[test]
fn octets_after_the_message_are_noise() {
    let mut net = served("1001");
    let replies = send(&mut net, &message("dblreq"));
    assert_eq!(replies.len(), 1);
    assert_eq!(net.get(A).counters().requests_received, 1);
}

#[test]
fn a_branch_of_the_cookie_alone_does_not_merge_two_requests() {
    let invite = |call: &str| {
        let text = String::from_utf8(message("esc01")).unwrap();
        text.replace("z9hG4bKkdjuw", "z9hG4bK")
            .replace("esc01.239409asdfakjkn23onasd0-3234", call)
    };
    let mut net = served("1001");
    send(&mut net, invite("one").as_bytes());
    send(&mut net, invite("two").as_bytes());
    assert_eq!(net.count(A, |e| matches!(e, Event::Incoming(_))), 2);
    send(&mut net, invite("two").as_bytes());
    assert_eq!(
        net.count(A, |e| matches!(e, Event::Incoming(_))),
        2,
        "a repetition is still told (RFC 3261 §17.2.3)"
    );
}

#[test]
fn a_route_in_the_request_uri_is_not_followed() {
    let mut net = served("1001");
    send(&mut net, &message("escruri"));
    let leg = net.incoming(A);
    net.at(A, |a, now| {
        a.answer(now, leg, &sdp(A, 4000)).unwrap();
    });
    net.run(20);
    net.at(A, |a, now| a.bye(now, leg, None));
    net.run(20);
    let sent = net.sent.iter().map(|(_, d)| d);
    let ours = sent.filter(|d| d.from == addr(A));
    for datagram in ours {
        let text = String::from_utf8_lossy(&datagram.bytes).into_owned();
        assert!(!text.contains("Route"), "{text}");
    }
}

#[test]
fn every_message_may_come_twice_cut_anywhere_and_from_strangers() {
    for (name, bytes) in messages() {
        let mut net = served("1001");
        for end in (0..=bytes.len()).rev() {
            net.raw(RAW, A, &bytes[..end]);
            net.raw("198.51.100.66:5060", A, &bytes[..end]);
        }
        net.raw(RAW, A, &bytes);
        net.run(700_000);
        net.assert_idle(A);
        assert!(net.get(A).counters().received > 0, "{name}");
    }
}
