//! Endpoints on a network in memory, in virtual time: every datagram can be dropped, repeated or
//! delayed, and the same seed gives the same run.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use carillon_sip::{
    CallKey, Credentials, EndCause, Endpoint, EndpointConfig, Event, Failure, Invite, LegKey,
    MediaSpec, Network, Peer, Register, RegistrarConfig, Secret, SessionDescription,
    SessionOptions, TransportKind, User, summary,
};

pub const A: &str = "192.0.2.1:5060";
pub const B: &str = "192.0.2.2:5060";
pub const RAW: &str = "192.0.2.9:5060";
/// A phone.
pub const PHONE: &str = "192.0.2.50:5070";
/// The registrar.
pub const R: &str = "192.0.2.1:5060";
pub const LATENCY: Duration = Duration::from_millis(10);

pub fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// Any instant will do to count from.
#[allow(clippy::disallowed_methods, reason = "no other way to make an instant")]
pub fn start() -> Instant {
    Instant::now()
}

/// What becomes of a datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    Deliver,
    Drop,
    Twice,
    Late(u64),
    /// The stream it was put into broke before it left.
    Broken,
}

#[derive(Clone)]
pub struct Datagram {
    pub from: SocketAddr,
    pub to: SocketAddr,
    /// Over streams each address has one connection to each other.
    pub transport: TransportKind,
    pub bytes: Vec<u8>,
}

impl Datagram {
    pub fn is(&self, start: &str) -> bool {
        summary(&self.bytes).starts_with(start)
    }
}

type Rule = Box<dyn FnMut(&Datagram) -> Fate>;

pub struct Net {
    pub start: Instant,
    pub now: Instant,
    nodes: BTreeMap<SocketAddr, Endpoint>,
    wire: BTreeMap<(Instant, u64), Datagram>,
    sequence: u64,
    rule: Rule,
    /// (ms, where, event).
    pub events: Vec<(u64, SocketAddr, Event)>,
    /// Datagrams that reached an address without an endpoint.
    pub inbox: Vec<Datagram>,
    /// (ms, datagram) as sent.
    pub sent: Vec<(u64, Datagram)>,
}

impl Net {
    pub fn new() -> Self {
        let start = start();
        Self {
            start,
            now: start,
            nodes: BTreeMap::new(),
            wire: BTreeMap::new(),
            sequence: 0,
            rule: Box::new(|_| Fate::Deliver),
            events: Vec::new(),
            inbox: Vec::new(),
            sent: Vec::new(),
        }
    }

    /// A and B, B taking calls from anywhere.
    pub fn pair() -> Self {
        let mut net = Self::new();
        net.add(config(A));
        net.add(open(config(B)));
        net
    }

    /// A and a peer written by hand at `RAW`; A takes calls from it.
    pub fn with_raw() -> Self {
        let mut net = Self::new();
        net.add(open(config(A)));
        net
    }

    pub fn add(&mut self, config: EndpointConfig) {
        self.nodes.insert(config.local(), Endpoint::new(config));
    }

    pub fn rule(&mut self, rule: impl FnMut(&Datagram) -> Fate + 'static) {
        self.rule = Box::new(rule);
    }

    /// Lets the first `n` datagrams that begin with `start` have this fate.
    pub fn first(&mut self, n: usize, start: &'static str, fate: Fate) {
        let mut left = n;
        self.rule(move |d| {
            if left > 0 && d.is(start) {
                left -= 1;
                fate
            } else {
                Fate::Deliver
            }
        });
    }

    pub fn ms(&self) -> u64 {
        (self.now - self.start).as_millis() as u64
    }

    /// Acts on an endpoint and sends what it has to say.
    pub fn at<T>(&mut self, who: &str, act: impl FnOnce(&mut Endpoint, Instant) -> T) -> T {
        self.at_addr(addr(who), act)
    }

    fn at_addr<T>(&mut self, who: SocketAddr, act: impl FnOnce(&mut Endpoint, Instant) -> T) -> T {
        let result = act(self.nodes.get_mut(&who).unwrap(), self.now);
        self.drain(who);
        result
    }

    pub fn get(&self, who: &str) -> &Endpoint {
        &self.nodes[&addr(who)]
    }

    fn drain(&mut self, who: SocketAddr) {
        let now = self.ms();
        let node = self.nodes.get_mut(&who).unwrap();
        let mut out = Vec::new();
        while let Some(t) = node.poll_transmit() {
            out.push(Datagram {
                from: who,
                to: t.to.address,
                transport: t.to.transport,
                bytes: t.bytes,
            });
        }
        while let Some(e) = node.poll_event() {
            self.events.push((now, who, e));
        }
        for datagram in out {
            self.put(datagram);
        }
    }

    fn put(&mut self, datagram: Datagram) {
        self.sent.push((self.ms(), datagram.clone()));
        let delays: &[u64] = match (self.rule)(&datagram) {
            Fate::Deliver => &[0],
            Fate::Drop => &[],
            Fate::Twice => &[0, 3],
            Fate::Late(ms) => &[ms][..].to_vec().leak()[..],
            Fate::Broken => {
                let peer = Peer::new(datagram.transport, datagram.to);
                self.at_addr(datagram.from, |n, now| n.unreachable(now, peer));
                &[]
            }
        };
        for delay in delays {
            self.sequence += 1;
            let at = self.now + LATENCY + Duration::from_millis(*delay);
            self.wire.insert((at, self.sequence), datagram.clone());
        }
    }

    /// Sends octets from an address without an endpoint.
    pub fn raw(&mut self, from: &str, to: &str, text: impl AsRef<[u8]>) {
        let bytes = text.as_ref().to_vec();
        self.put(Datagram {
            from: addr(from),
            to: addr(to),
            transport: TransportKind::Udp,
            bytes,
        });
    }

    pub fn run(&mut self, ms: u64) {
        let until = self.now + Duration::from_millis(ms);
        loop {
            let timer = self
                .nodes
                .iter()
                .filter_map(|(a, n)| Some((n.next_timeout()?, *a)))
                .min();
            let packet = self.wire.keys().next().copied();
            match (timer, packet) {
                (_, Some(key)) if key.0 <= until && timer.is_none_or(|t| key.0 <= t.0) => {
                    self.now = self.now.max(key.0);
                    let datagram = self.wire.remove(&key).unwrap();
                    self.deliver(datagram);
                }
                (Some((at, who)), _) if at <= until => {
                    self.now = self.now.max(at);
                    let now = self.now;
                    self.nodes.get_mut(&who).unwrap().handle_timeout(now);
                    self.drain(who);
                }
                _ => break,
            }
        }
        self.now = until;
    }

    fn deliver(&mut self, datagram: Datagram) {
        let now = self.now;
        match self.nodes.get_mut(&datagram.to) {
            Some(node) => {
                let from = Peer::new(datagram.transport, datagram.from);
                node.receive(now, from, &datagram.bytes);
                self.drain(datagram.to);
            }
            None => self.inbox.push(datagram),
        }
    }

    /// Events of one endpoint.
    pub fn seen(&self, who: &str) -> Vec<&Event> {
        let who = addr(who);
        self.events
            .iter()
            .filter(|(_, at, _)| *at == who)
            .map(|(_, _, e)| e)
            .collect()
    }

    pub fn count(&self, who: &str, matches: impl Fn(&Event) -> bool) -> usize {
        self.seen(who).into_iter().filter(|e| matches(e)).count()
    }

    /// The latest incoming leg.
    pub fn incoming(&self, who: &str) -> LegKey {
        let found = self.seen(who).into_iter().rev().find_map(|e| match e {
            Event::Incoming(call) => Some(call.leg),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("no call came in\n{}", self.ladder()))
    }

    /// The legs that were answered, in order.
    pub fn answered(&self, who: &str) -> Vec<LegKey> {
        let answers = self.seen(who).into_iter().filter_map(|e| match e {
            Event::Answered { leg, .. } => Some(*leg),
            _ => None,
        });
        answers.collect()
    }

    /// How often something that begins so was sent by an address.
    pub fn sent_by(&self, who: &str, start: &str) -> usize {
        let who = addr(who);
        self.sent
            .iter()
            .filter(|(_, d)| d.from == who && d.is(start))
            .count()
    }

    pub fn ladder(&self) -> String {
        let lines = self
            .sent
            .iter()
            .map(|(ms, d)| format!("{ms:>7} {} -> {} {}\n", d.from, d.to, summary(&d.bytes)));
        lines.collect()
    }

    /// Everything is forgotten after the longest timers: nothing leaks.
    pub fn assert_idle(&self, who: &str) {
        let held = self.get(who).held();
        assert_eq!(
            (
                held.calls,
                held.legs,
                held.client_transactions,
                held.server_transactions,
                held.timers
            ),
            (0, 0, 0, 0, 0),
            "{who} leaks\n{}",
            self.ladder()
        );
    }
}

pub fn config(local: &str) -> EndpointConfig {
    EndpointConfig::new(addr(local), [local.as_bytes()[8]; 32])
}

pub fn open(mut config: EndpointConfig) -> EndpointConfig {
    let everyone: Network = "192.0.2.0/24".parse().unwrap();
    config.policy = config.policy.allow_source(everyone);
    config
}

/// A registrar with the users 1001 and 1002, who may call `login`.
pub fn registrar() -> EndpointConfig {
    let mut config = config(R);
    let users = vec![
        User {
            name: "1001".into(),
            secret: Secret::Password("pw".into()),
        },
        User {
            name: "1002".into(),
            secret: Secret::Password("other".into()),
        },
    ];
    let mut registrar = RegistrarConfig::new("carillon", users);
    registrar.max_bindings = 2;
    config.registrar = Some(registrar);
    config.policy = config.policy.allow_user_call("login");
    config
}

pub fn sdp(host: &str, port: u16) -> Vec<u8> {
    let address = SocketAddr::new(addr(host).ip(), port);
    SessionDescription::offer(&MediaSpec::g711(address, 1)).to_bytes()
}

pub fn to_b() -> Invite {
    Invite {
        request_uri: "sip:%23123@192.0.2.2".into(),
        next_hop: addr(B).into(),
        from: "sip:100@192.0.2.1".into(),
        display: "Bell \"Co\"".into(),
        to: "sip:%23123@192.0.2.2".into(),
        contact_user: "100".into(),
        body: sdp(A, 4000),
        headers: vec![("X-Lead-ID".into(), "7".into())],
        credentials: None,
        session: SessionOptions::default(),
    }
}

pub fn register(user: &str, password: &str, expires: u64) -> Register {
    Register {
        registrar: "sip:carillon".into(),
        aor: format!("sip:{user}@carillon"),
        contact_user: user.into(),
        expires: Duration::from_secs(expires),
        credentials: Some(Credentials {
            username: user.into(),
            password: password.into(),
        }),
        next_hop: addr(R).into(),
    }
}

pub fn to_raw() -> Invite {
    Invite {
        next_hop: addr(RAW).into(),
        ..to_b()
    }
}

/// Value of the first header line with this name.
pub fn header(bytes: &[u8], name: &str) -> String {
    let text = String::from_utf8_lossy(bytes);
    let found = text
        .lines()
        .find_map(|l| l.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_default().to_owned()
}

/// A response to a request by hand, as a stateless peer would make it.
pub fn respond(request: &[u8], status: &str, tag: &str, extra: &str, body: &[u8]) -> Vec<u8> {
    let tag = if tag.is_empty() {
        String::new()
    } else {
        format!(";tag={tag}")
    };
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    let mut out = format!(
        "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n{extra}{kind}Content-Length: {}\r\n\r\n",
        header(request, "Via"),
        header(request, "From"),
        header(request, "To"),
        header(request, "Call-ID"),
        header(request, "CSeq"),
        body.len()
    )
    .into_bytes();
    out.extend_from_slice(body);
    out
}

pub const RAW_CONTACT: &str = "Contact: <sip:x@192.0.2.9>\r\n";

/// A calls B; B has the call.
pub fn ringing(net: &mut Net) -> (CallKey, LegKey) {
    let call = net.at(A, |a, now| a.invite(now, to_b()).unwrap());
    net.run(50);
    (call, net.incoming(B))
}

/// The one failure A saw.
pub fn failure(net: &Net) -> &Failure {
    let mut all = net.seen(A).into_iter().filter_map(|e| match e {
        Event::Failed(f) => Some(f),
        _ => None,
    });
    let first = all
        .next()
        .unwrap_or_else(|| panic!("no failure\n{}", net.ladder()));
    assert!(all.next().is_none(), "failed once");
    first
}

pub fn is_end(cause: EndCause) -> impl Fn(&Event) -> bool {
    move |e| matches!(e, Event::Ended { cause: c, .. } if *c == cause)
}
