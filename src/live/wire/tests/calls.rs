//! Whole calls: two endpoints, each on a wire of its own.

use super::rig::{Options, PATIENCE, Rig};
use crate::wire::{Arrival, WireLimits};
use carillon_sip::{
    CallKey, Endpoint, EndpointConfig, Event, Invite, LegKey, Listener, MediaSpec, Network, Peer,
    Policy, SessionDescription, TransportKind,
};
use std::net::SocketAddr;
use std::time::Instant;

/// An endpoint on a wire, as the switch has one.
struct Party {
    rig: Rig,
    endpoint: Endpoint,
    events: Vec<Event>,
}

impl Party {
    fn new(bind: &str, tcp: bool, seed: u8) -> Self {
        let rig = Rig::new(Options {
            bind: vec![bind.parse().unwrap()],
            tcp,
            limits: WireLimits::default(),
            ..Options::default()
        });
        let first = rig.at(TransportKind::Udp);
        let mut config = EndpointConfig::new(first, [seed; 32]);
        let listener = |(kind, at): &(TransportKind, SocketAddr)| Listener::new(*kind, *at);
        config.listeners = rig.locals().iter().map(listener).collect();
        config.policy = Policy::default().allow_source(Network::host(first.ip()));
        Self {
            rig,
            endpoint: Endpoint::new(config),
            events: Vec::new(),
        }
    }

    fn settle(&mut self) {
        while let Some(transmit) = self.endpoint.poll_transmit() {
            self.rig.wire.send(transmit);
        }
        while let Some(event) = self.endpoint.poll_event() {
            self.events.push(event);
        }
    }

    async fn turn(&mut self) {
        let mut buffer = vec![0; 65_536];
        let wake = self.endpoint.next_timeout();
        let wake = wake.unwrap_or_else(|| Instant::now() + PATIENCE);
        let arrival = tokio::select! {
            arrival = self.rig.wire.next(&mut buffer) => Some(arrival),
            () = tokio::time::sleep_until(wake.into()) => None,
        };
        let now = Instant::now();
        match arrival {
            Some(Arrival::Datagram(from, length)) => {
                self.endpoint.receive(now, from, &buffer[..length]);
            }
            Some(Arrival::Message(from, bytes)) => self.endpoint.receive(now, from, &bytes),
            Some(Arrival::Lost(lost)) if lost.asked => self.endpoint.unreachable(now, lost.peer),
            Some(Arrival::Lost(lost)) => self.endpoint.flow_gone(now, lost.peer),
            Some(Arrival::Open(_)) => {}
            None => self.endpoint.handle_timeout(now),
        }
        self.settle();
    }

    fn invite(&mut self, to: Peer, headers: Vec<(String, String)>) -> CallKey {
        let media = SocketAddr::new(to.ip(), 16_384);
        let invite = Invite {
            request_uri: format!("sip:1@{}", to.address),
            next_hop: to,
            from: "sip:2@dialer.example".into(),
            display: String::new(),
            to: format!("sip:1@{}", to.address),
            contact_user: "2".into(),
            body: SessionDescription::offer(&MediaSpec::g711(media, 1)).to_bytes(),
            headers,
            credentials: None,
            session: Default::default(),
        };
        let call = self.endpoint.invite(Instant::now(), invite).unwrap();
        self.settle();
        call
    }
}

/// Runs both until `done` finds what it looks for.
async fn until<T>(
    a: &mut Party,
    b: &mut Party,
    what: &str,
    done: impl Fn(&[Event], &[Event]) -> Option<T>,
) -> T {
    let run = async {
        loop {
            if let Some(found) = done(&a.events, &b.events) {
                return found;
            }
            tokio::select! {
                () = a.turn() => {}
                () = b.turn() => {}
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, run).await;
    found.unwrap_or_else(|_| panic!("{what} did not come:\n{:?}\n{:?}", a.events, b.events))
}

fn answered(events: &[Event]) -> Option<LegKey> {
    events.iter().find_map(|e| match e {
        Event::Answered { leg, .. } => Some(*leg),
        _ => None,
    })
}

fn incoming(events: &[Event]) -> Option<(LegKey, Peer, SessionDescription)> {
    events.iter().find_map(|e| match e {
        Event::Incoming(call) => Some((call.leg, call.source, call.sdp.clone()?)),
        _ => None,
    })
}

/// A call from `a` to `b`, answered, and ended by the callee.
async fn call(a: &mut Party, b: &mut Party, to: Peer, headers: Vec<(String, String)>) -> Peer {
    a.invite(to, headers);
    let (leg, source, offer) = until(a, b, "the call", |_, b| incoming(b)).await;
    let media = MediaSpec::g711(SocketAddr::new(to.ip(), 20_000), 2);
    let sdp = SessionDescription::answer(&offer, &media)
        .unwrap()
        .to_bytes();
    b.endpoint.answer(Instant::now(), leg, &sdp).unwrap();
    b.settle();
    until(a, b, "the answer", |a, _| answered(a)).await;
    let acked = |e: &Event| matches!(e, Event::Acked { .. });
    until(a, b, "the ACK", |_, b| b.iter().any(acked).then_some(())).await;
    b.endpoint.bye(Instant::now(), leg, None);
    b.settle();
    let ended = |e: &Event| matches!(e, Event::Ended { .. });
    until(a, b, "the end", |a, b| {
        (a.iter().any(ended) && b.iter().any(ended)).then_some(())
    })
    .await;
    source
}

#[tokio::test]
async fn calls_over_ipv6_and_ipv4_and_every_plain_transport() {
    for bind in ["[::1]:0", "127.0.0.1:0"] {
        for kind in [TransportKind::Udp, TransportKind::Tcp] {
            let (mut a, mut b) = (Party::new(bind, true, 1), Party::new(bind, true, 2));
            let to = Peer::new(kind, b.rig.at(kind));
            let source = call(&mut a, &mut b, to, Vec::new()).await;
            assert_eq!(source.transport, kind);
            // Both directions, the BYE of the callee too, over one connection.
            let opened = u64::from(kind == TransportKind::Tcp);
            assert_eq!(a.rig.counters.figures().opened, opened, "{kind:?} {bind}");
            assert_eq!(b.rig.counters.figures().opened, opened, "{kind:?} {bind}");
        }
    }
}

fn large() -> Vec<(String, String)> {
    vec![("X-Long".to_owned(), "a".repeat(1_300))]
}

#[tokio::test]
async fn a_large_invite_moves_to_tcp() {
    let bind = "127.0.0.1:0";
    let (mut a, mut b) = (Party::new(bind, true, 1), Party::new(bind, true, 2));
    let to = Peer::udp(b.rig.at(TransportKind::Udp));
    let source = call(&mut a, &mut b, to, large()).await;
    assert_eq!(source.transport, TransportKind::Tcp);
    assert_eq!(a.endpoint.counters().moved_to_tcp, 1);
}

#[tokio::test]
async fn a_large_invite_comes_back_to_udp_where_tcp_is_refused() {
    let bind = "127.0.0.1:0";
    let (mut a, mut b) = (Party::new(bind, true, 1), Party::new(bind, false, 2));
    let to = Peer::udp(b.rig.at(TransportKind::Udp));
    let source = call(&mut a, &mut b, to, large()).await;
    assert_eq!(source.transport, TransportKind::Udp);
    assert_eq!(a.rig.counters.figures().unreachable, 1);
}
