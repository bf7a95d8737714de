//! Datagrams and time into an endpoint: nothing panics, and when everything has timed out nothing
//! is held any more.
//!
//! Input: records of one octet (who sends and how much time passes), two octets length, octets.
#![no_main]

use std::time::{Duration, Instant};

use carillon_sip::{
    Endpoint, EndpointConfig, Event, Invite, MediaSpec, Network, Peer, RegistrarConfig, Secret,
    SessionDescription, User,
};
use libfuzzer_sys::fuzz_target;

const LOCAL: &str = "192.0.2.1:5060";
const SOURCES: [&str; 3] = ["192.0.2.9:5060", "192.0.2.50:5070", "198.51.100.1:9"];

fn endpoint() -> Endpoint {
    let mut config = EndpointConfig::new(LOCAL.parse().unwrap(), [7; 32]);
    let trunk: Network = "192.0.2.9".parse().unwrap();
    config.policy = config.policy.allow_source(trunk).allow_user_call("login");
    let users = vec![User {
        name: "1001".into(),
        secret: Secret::Password("pw".into()),
    }];
    config.registrar = Some(RegistrarConfig::new("carillon", users));
    config.limits.max_dialogs = 20;
    config.session.takes_refer = true;
    Endpoint::new(config)
}

fn invite() -> Invite {
    let spec = MediaSpec::g711("192.0.2.1:4000".parse().unwrap(), 1);
    Invite {
        request_uri: "sip:123@192.0.2.9".into(),
        next_hop: Peer::udp(SOURCES[0].parse().unwrap()),
        from: "sip:100@192.0.2.1".into(),
        display: String::new(),
        to: "sip:123@192.0.2.9".into(),
        contact_user: "100".into(),
        body: SessionDescription::offer(&spec).to_bytes(),
        headers: Vec::new(),
        credentials: None,
        session: carillon_sip::SessionOptions::default(),
    }
}

/// Answers what comes in, so that dialogs arise.
fn serve(endpoint: &mut Endpoint, now: Instant) {
    while endpoint.poll_transmit().is_some() {}
    let mut incoming = Vec::new();
    while let Some(event) = endpoint.poll_event() {
        if let Event::Incoming(call) = event {
            incoming.push(call.leg);
        }
    }
    let spec = MediaSpec::g711("192.0.2.1:4002".parse().unwrap(), 2);
    let body = SessionDescription::offer(&spec).to_bytes();
    for leg in incoming {
        let _ = endpoint.ring(now, leg, 180, None);
        let _ = endpoint.answer(now, leg, &body);
    }
    while endpoint.poll_transmit().is_some() {}
}

fuzz_target!(|input: &[u8]| {
    #[allow(clippy::disallowed_methods)]
    let mut now = Instant::now();
    let mut endpoint = endpoint();
    let _ = endpoint.invite(now, invite());
    serve(&mut endpoint, now);
    let mut rest = input;
    while let [how, high, low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(tail.len());
        let (bytes, after) = tail.split_at(length);
        rest = after;
        now += Duration::from_millis(u64::from(how >> 2) * 40);
        endpoint.handle_timeout(now);
        let source = SOURCES[usize::from(how & 3) % SOURCES.len()];
        let peer = if how & 4 == 0 {
            Peer::udp(source.parse().unwrap())
        } else {
            Peer::tcp(source.parse().unwrap())
        };
        endpoint.receive(now, peer, bytes);
        serve(&mut endpoint, now);
    }
    let mut rounds = 0;
    while let Some(at) = endpoint.next_timeout() {
        now = now.max(at);
        endpoint.handle_timeout(now);
        serve(&mut endpoint, now);
        rounds += 1;
        assert!(rounds < 100_000, "timers never end");
    }
    let held = endpoint.held();
    assert_eq!(
        (held.calls, held.legs, held.client_transactions, held.server_transactions, held.timers),
        (0, 0, 0, 0, 0)
    );
});
