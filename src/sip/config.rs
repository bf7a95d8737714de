//! What the owner of an [`Endpoint`](crate::Endpoint) sets.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use crate::digest::Algorithm;
use crate::error::SipError;
use crate::options::SessionOptions;
use crate::peer::{Peer, TransportKind};

/// Settings of one user agent over one local address.
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    /// Where the owner receives, and what is written into Via and Contact. The first one serves
    /// peers that none of the others fits.
    pub listeners: Vec<Listener>,
    /// Largest request sent as a datagram, octets; larger ones leave over TCP where we listen on
    /// it, and come back to UDP when the peer has no TCP (RFC 3261 §18.1.1). Default 1,300.
    pub udp_max: usize,
    /// `User-Agent` of requests and `Server` of responses; empty sends none.
    pub user_agent: String,
    /// Seed of every tag, branch, Call-ID and nonce. Must be secret and differ between processes.
    pub seed: [u8; 32],
    /// Retransmission timers.
    pub timers: Timers,
    /// Bounds on memory and on what one source may ask for.
    pub limits: Limits,
    /// Who may call us.
    pub policy: Policy,
    /// Extensions of incoming calls (what is said of redirections does not apply).
    pub session: SessionOptions,
    /// Present: REGISTER is served. Absent: REGISTER is answered 405.
    pub registrar: Option<RegistrarConfig>,
}

impl EndpointConfig {
    /// Settings for `local` with every other field at its default; nobody may call in yet.
    pub fn new(local: SocketAddr, seed: [u8; 32]) -> Self {
        Self {
            listeners: vec![Listener::udp(local)],
            udp_max: 1_300,
            user_agent: "Carillon".to_owned(),
            seed,
            timers: Timers::default(),
            limits: Limits::default(),
            policy: Policy::default(),
            session: SessionOptions::default(),
            registrar: None,
        }
    }

    /// Address of the first listener.
    ///
    /// # Panics
    /// Without listeners.
    pub fn local(&self) -> SocketAddr {
        self.listeners
            .first()
            .expect("an endpoint listens somewhere")
            .local
    }
}

/// One local socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// What it speaks.
    pub transport: TransportKind,
    /// Its address.
    pub local: SocketAddr,
    /// Host (name or address, IPv6 without brackets) and port written into Via and Contact when
    /// they differ from `local` (NAT). Default: `local`.
    pub advertised: Option<(String, u16)>,
}

impl Listener {
    /// A socket that is shown as it is.
    pub fn new(transport: TransportKind, local: SocketAddr) -> Self {
        Self {
            transport,
            local,
            advertised: None,
        }
    }

    /// A UDP socket that is shown as it is.
    pub fn udp(local: SocketAddr) -> Self {
        Self::new(TransportKind::Udp, local)
    }
}

/// Base values of the timers (RFC 3261 §17.1.1.1, table 4); all others are multiples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// Round-trip estimate. Default 500 ms.
    pub t1: Duration,
    /// Cap of the retransmission interval of non-INVITE requests and 2xx responses. Default 4 s.
    pub t2: Duration,
    /// Longest time a message stays in the network. Default 5 s.
    pub t4: Duration,
    /// An INVITE that has had only provisional answers for this long is cancelled; an incoming one
    /// that nobody answers is refused with 480. Default 300 s.
    pub proceeding_max: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            proceeding_max: Duration::from_secs(300),
        }
    }
}

impl Timers {
    /// 64·T1: timers B, F, H, J, L, M and the wait for an ACK.
    pub fn t1x64(&self) -> Duration {
        self.t1 * 64
    }
}

/// Bounds on memory. When one is reached new work is refused (503 with Retry-After, or
/// [`SipError::Full`]); work in progress goes on.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Client and server transactions together. Default 100,000.
    pub max_transactions: usize,
    /// Legs (dialogs) in any state. Default 50,000.
    pub max_dialogs: usize,
    /// Answering branches of one outgoing INVITE that are kept; more are acknowledged and ended.
    /// Default 16.
    pub max_forks: usize,
    /// Largest datagram parsed, octets. Default 65,535.
    pub max_datagram: usize,
    /// Most header lines in a message. Default 256.
    pub max_headers: usize,
    /// `Retry-After` of our 503. Default 10 s.
    pub retry_after: Duration,
    /// What sources outside the allow list may do.
    pub sources: SourceLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_transactions: 100_000,
            max_dialogs: 50_000,
            max_forks: 16,
            max_datagram: 65_535,
            max_headers: 256,
            retry_after: Duration::from_secs(10),
            sources: SourceLimits::default(),
        }
    }
}

/// Limits per source address (IPv4 address, IPv6 /64) that is not on the allow list.
#[derive(Debug, Clone)]
pub struct SourceLimits {
    /// Requests a second in the long run. Default 50.
    pub requests_per_second: u32,
    /// Requests at once. Default 200.
    pub burst: u32,
    /// Refused credentials of one user within [`Self::failure_window`] after which that user is
    /// not heard from the source any more. So many different users, or five times as many
    /// refusals in all, ban the source; users proven there lately stay heard. Default 10.
    pub ban_after_failures: u32,
    /// Refused credentials of one user within [`Self::failure_window`], from all sources where
    /// the user was not proven lately, after which credentials from such sources are looked at
    /// once in [`Self::guard_interval`] only (others get 503). Default 20.
    pub guard_after_failures: u32,
    /// See [`Self::guard_after_failures`]. Default 10 s.
    pub guard_interval: Duration,
    /// How long right credentials keep a user heard at a source. Default 24 h.
    pub proven_for: Duration,
    /// Window in which failures are counted. Default 10 min.
    pub failure_window: Duration,
    /// How long a banned source is not heard. Default 15 min.
    pub ban_for: Duration,
    /// Sources remembered, also users at sources; the longest unheard is forgotten first.
    /// Default 10,000.
    pub max_sources: usize,
}

impl Default for SourceLimits {
    fn default() -> Self {
        Self {
            requests_per_second: 50,
            burst: 200,
            ban_after_failures: 10,
            guard_after_failures: 20,
            guard_interval: Duration::from_secs(10),
            proven_for: Duration::from_secs(86_400),
            failure_window: Duration::from_secs(600),
            ban_for: Duration::from_secs(900),
            max_sources: 10_000,
        }
    }
}

/// Who may send us requests outside dialogs. The default lets nobody in.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Sources (trunks, our own other side) whose INVITEs are taken without a challenge.
    pub sources: Vec<Network>,
    /// User parts of request URIs that users of the registrar may call after digest
    /// authentication, e.g. `login`. Compared case-sensitively after unescaping.
    pub users_may_call: Vec<String>,
    /// What others get.
    pub strangers: Strangers,
}

impl Policy {
    /// Adds a source whose requests are taken without a challenge.
    pub fn allow_source(mut self, network: Network) -> Self {
        self.sources.push(network);
        self
    }

    /// Lets authenticated users of the registrar call this user part.
    pub fn allow_user_call(mut self, callee: impl Into<String>) -> Self {
        self.users_may_call.push(callee.into());
        self
    }

    /// Whether `from` is on the allow list.
    pub fn trusts(&self, from: Peer) -> bool {
        self.sources.iter().any(|n| n.contains(from.address))
    }
}

/// What requests from sources that are neither allowed nor registered get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strangers {
    /// 403 (or a challenge, where a registrar is configured), within the source's limits.
    #[default]
    Refuse,
    /// No answer. REGISTER, and INVITE where a registrar is configured, are still challenged.
    Drop,
}

/// A set of source addresses: `192.0.2.0/24`, `2001:db8::/32`, `192.0.2.7`, `127.0.0.1:5080`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// First address.
    pub address: IpAddr,
    /// Number of leading bits that count, 0–32 or 0–128.
    pub prefix: u8,
    /// Only this source port; `None` for any.
    pub port: Option<u16>,
}

impl Network {
    /// Exactly one host, any port.
    pub fn host(address: IpAddr) -> Self {
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        Self {
            address,
            prefix,
            port: None,
        }
    }

    /// Exactly one host and port.
    pub fn socket(address: SocketAddr) -> Self {
        Self {
            port: Some(address.port()),
            ..Self::host(address.ip())
        }
    }

    /// Whether the source lies in this network. IPv4-mapped IPv6 sources count as IPv4.
    pub fn contains(&self, source: SocketAddr) -> bool {
        if self.port.is_some_and(|p| p != source.port()) {
            return false;
        }
        match (self.address.to_canonical(), source.ip().to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let shift = 32 - u32::from(self.prefix.min(32));
                u32::from(net).checked_shr(shift) == u32::from(ip).checked_shr(shift)
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let shift = 128 - u32::from(self.prefix.min(128));
                u128::from(net).checked_shr(shift) == u128::from(ip).checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = SipError;

    fn from_str(text: &str) -> Result<Self, SipError> {
        let bad = SipError::Invalid {
            what: "network (want address, address/prefix or address:port)",
        };
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return Ok(Self::socket(socket));
        }
        let (address, prefix) = match text.split_once('/') {
            Some((a, p)) => (a, Some(p.parse::<u8>().map_err(|_| bad.clone())?)),
            None => (text, None),
        };
        let mut network = Self::host(address.parse().map_err(|_| bad.clone())?);
        if let Some(prefix) = prefix {
            if prefix > network.prefix {
                return Err(bad);
            }
            network.prefix = prefix;
        }
        Ok(network)
    }
}

/// Settings of the registrar for agents' phones (RFC 3261 §10).
#[derive(Debug, Clone)]
pub struct RegistrarConfig {
    /// Digest realm.
    pub realm: String,
    /// Who may register.
    pub users: Vec<User>,
    /// Shortest binding; less is answered 423. Default 60 s.
    pub min_expires: Duration,
    /// Longest binding; more is shortened. Default 3,600 s.
    pub max_expires: Duration,
    /// Used when the phone names no time. Default 600 s.
    pub default_expires: Duration,
    /// How long a nonce is good; then the phone is told that it is stale. Default 300 s.
    pub nonce_ttl: Duration,
    /// Bindings one user may hold; a further one replaces the oldest. Default 4.
    pub max_bindings: usize,
    /// Offered in this order; others are not taken. Default SHA-256, MD5 (RFC 8760 §2.4).
    pub algorithms: Vec<Algorithm>,
}

impl RegistrarConfig {
    /// Settings for `realm` with these users, everything else at its default.
    pub fn new(realm: impl Into<String>, users: Vec<User>) -> Self {
        Self {
            realm: realm.into(),
            users,
            min_expires: Duration::from_secs(60),
            max_expires: Duration::from_secs(3600),
            default_expires: Duration::from_secs(600),
            nonce_ttl: Duration::from_secs(300),
            max_bindings: 4,
            algorithms: vec![Algorithm::Sha256, Algorithm::Md5],
        }
    }
}

/// One user of the registrar.
#[derive(Debug, Clone)]
pub struct User {
    /// Digest username, also the user part of the address of record.
    pub name: String,
    /// How the credentials are known.
    pub secret: Secret,
}

/// A password, or its digests for one realm. `Debug` shows neither.
#[derive(Clone)]
pub enum Secret {
    /// The password itself.
    Password(String),
    /// H(username ":" realm ":" password) in lower-case hex; an algorithm without one is refused.
    Ha1 {
        /// MD5 form.
        md5: Option<String>,
        /// SHA-256 form.
        sha256: Option<String>,
    },
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Digest credentials for calls and registrations. `Debug` hides the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Digest username.
    pub username: String,
    /// Password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_what_they_say() {
        let net: Network = "192.0.2.0/24".parse().unwrap();
        assert!(net.contains("192.0.2.200:9".parse().unwrap()));
        assert!(net.contains("[::ffff:192.0.2.1]:9".parse().unwrap()));
        assert!(!net.contains("192.0.3.1:9".parse().unwrap()));
        let any: Network = "0.0.0.0/0".parse().unwrap();
        assert!(any.contains("8.8.8.8:1".parse().unwrap()));
        let one: Network = "127.0.0.1:5080".parse().unwrap();
        assert!(one.contains("127.0.0.1:5080".parse().unwrap()));
        assert!(!one.contains("127.0.0.1:5081".parse().unwrap()));
        let six: Network = "2001:db8::/32".parse().unwrap();
        assert!(six.contains("[2001:db8:1::1]:5060".parse().unwrap()));
        assert!(!six.contains("[2001:db9::1]:5060".parse().unwrap()));
        assert!("192.0.2.0/33".parse::<Network>().is_err());
        assert!("nonsense".parse::<Network>().is_err());
    }

    #[test]
    fn secrets_stay_out_of_debug_output() {
        let c = Credentials {
            username: "u".into(),
            password: "hunter2".into(),
        };
        let s = Secret::Password("hunter2".into());
        assert!(!format!("{c:?}{s:?}").contains("hunter2"));
    }
}
