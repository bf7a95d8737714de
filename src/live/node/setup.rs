//! Sockets, addresses and settings of the parts, from the configuration.

use crate::config::{AgentPhone, AgentSettings, Config, PhoneDigest, SipConfig};
use crate::error::NodeError;
use crate::switch::{LOGIN_USER, TrunkLine};
use crate::wire::{
    Bound, Path, TlsClient, TlsError, TlsServer, Wanted, WireCounters, WireLimits, WireSetup,
};
use carillon_decision::id::TrunkId;
use carillon_media::{Clock, RelayConfig};
use carillon_sip::digest::Algorithm;
use carillon_sip::{
    EndpointConfig, Listener, Policy, RegistrarConfig, Secret, TransportKind, User,
};
use rand::TryRng;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

/// Unpredictable octets from the operating system.
pub(super) fn entropy<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    rand::rngs::SysRng
        .try_fill_bytes(&mut octets)
        .expect("the operating system gives entropy: without it no call may be placed");
    octets
}

/// Binds the SIP sockets.
pub(super) fn sip_sockets(sip: &SipConfig) -> Result<Bound, NodeError> {
    let wanted = Wanted {
        plain: sip.bind.clone(),
        udp: sip.speaks(TransportKind::Udp),
        tcp: sip.speaks(TransportKind::Tcp),
        tls: sip.tls.as_ref().map_or(Vec::new(), |tls| tls.bind.clone()),
    };
    Bound::new(&wanted)
}

/// The local address that leads to a peer: what a wildcard bind shows to it.
fn local_towards(peer: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = if peer.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        std::net::Ipv6Addr::UNSPECIFIED.into()
    };
    let probe = UdpSocket::bind((any, 0)).ok()?;
    // Connecting a UDP socket sends nothing; it asks the routing table.
    probe.connect(peer).ok()?;
    Some(probe.local_addr().ok()?.ip())
}

/// The address shown where a socket is bound to the wildcard and nothing else is configured:
/// the one that leads to the first trunk of its family, loopback without such trunks.
pub(super) fn shown(bind: IpAddr, trunks: &BTreeMap<TrunkId, TrunkLine>) -> IpAddr {
    if !bind.is_unspecified() {
        return bind;
    }
    let towards = trunks
        .values()
        .flat_map(|t| t.pool.peers())
        .find(|peer| peer.address.is_ipv4() == bind.is_ipv4())
        .and_then(|peer| local_towards(peer.address));
    towards.unwrap_or(match bind {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    })
}

/// What a socket is shown as in Via and Contact.
fn listener(
    sip: &SipConfig,
    (transport, local): (TransportKind, SocketAddr),
    trunks: &BTreeMap<TrunkId, TrunkLine>,
) -> Listener {
    let outside = sip.external_for(local.is_ipv4()).map(|(host, port)| {
        let tls = || sip.tls.as_ref().and_then(|tls| tls.external_port);
        match transport {
            TransportKind::Tls => (host.clone(), tls().unwrap_or(local.port())),
            _ => (host.clone(), *port),
        }
    });
    let unspecified = local.ip().is_unspecified();
    let inside = || unspecified.then(|| (shown(local.ip(), trunks).to_string(), local.port()));
    Listener {
        transport,
        local,
        advertised: outside.or_else(inside),
    }
}

/// Settings of the SIP endpoint.
pub(super) fn endpoint(
    config: &Config,
    locals: &[(TransportKind, SocketAddr)],
    trunks: &BTreeMap<TrunkId, TrunkLine>,
) -> EndpointConfig {
    let sip = &config.sip;
    let first = locals.first().map_or(sip.bind[0], |(_, local)| *local);
    let mut endpoint = EndpointConfig::new(first, entropy());
    let shown = |local: &(TransportKind, SocketAddr)| listener(sip, *local, trunks);
    endpoint.listeners = locals.iter().map(shown).collect();
    endpoint.user_agent.clone_from(&sip.user_agent);
    endpoint.policy = policy(config);
    // Agents' phones have a transfer key; the switch declines everybody else's.
    endpoint.session.takes_refer = true;
    let users: Vec<User> = config.agents.iter().filter_map(user).collect();
    if !users.is_empty() {
        let mut registrar = RegistrarConfig::new(sip.realm.clone(), users);
        registrar.algorithms = match sip.phone_digest {
            PhoneDigest::Both => registrar.algorithms,
            PhoneDigest::Md5 => vec![Algorithm::Md5],
            PhoneDigest::Sha256 => vec![Algorithm::Sha256],
        };
        registrar.max_expires = sip.register_expires;
        registrar.default_expires = registrar.default_expires.min(sip.register_expires);
        registrar.min_expires = registrar.min_expires.min(sip.register_expires);
        endpoint.registrar = Some(registrar);
    }
    endpoint
}

/// Who may send besides the trunks, whom the switch lets in where DNS says they are.
pub(super) fn policy(config: &Config) -> Policy {
    let mut policy = Policy::default().allow_user_call(LOGIN_USER);
    policy.sources.extend(config.sip.allow.iter().copied());
    policy.strangers = config.sip.strangers;
    policy
}

/// How the trunks are met, and what the TLS listeners show.
pub(super) fn wire(
    config: &Config,
    bound: Bound,
    trunks: &BTreeMap<TrunkId, TrunkLine>,
    counters: Arc<WireCounters>,
) -> Result<WireSetup, NodeError> {
    let sip = &config.sip;
    let tls = sip.tls.as_ref().map(TlsServer::server).transpose()?;
    let paths = trunks.values().map(path).collect::<Result<_, TlsError>>()?;
    Ok(WireSetup {
        bound,
        tls: tls.map(Arc::new),
        paths,
        trusted: sip.allow.clone(),
        limits: WireLimits {
            connections_max: sip.connections_max,
            per_source_max: sip.connections_per_source,
            idle: sip.connection_idle,
            ..WireLimits::default()
        },
        counters,
    })
}

fn path(trunk: &TrunkLine) -> Result<Path, TlsError> {
    let settings = &trunk.settings;
    let name = &settings.engine.name;
    let client = |tls| TlsClient::new(name, &settings.query.host, tls).map(Arc::new);
    if settings.tls.as_ref().is_some_and(|tls| !tls.verify) {
        tracing::warn!(
            trunk = name,
            "INSECURE: the certificate of this trunk is not checked; anybody in between can pose \
             as it (verify = \"insecure\")"
        );
    }
    Ok(Path {
        trunk: name.clone(),
        peers: trunk.pool.peers(),
        tls: settings.tls.as_ref().map(client).transpose()?,
        keep_alive: settings.keep_alive,
    })
}

/// The registrar's user of an agent whose phone registers.
fn user(agent: &AgentSettings) -> Option<User> {
    let AgentPhone::Registered(name) = &agent.phone else {
        return None;
    };
    let Some(password) = &agent.password else {
        tracing::warn!(
            agent = agent.engine.name,
            "no SIP password: this agent's phone cannot register"
        );
        return None;
    };
    let secret = Secret::Password(password.expose().to_owned());
    Some(User {
        name: name.clone(),
        secret,
    })
}

/// Settings of the RTP relay.
pub(super) fn relay(
    config: &Config,
    clock: Clock,
    trunks: &BTreeMap<TrunkId, TrunkLine>,
) -> RelayConfig {
    let rtp = &config.rtp;
    let mut relay = RelayConfig::new(rtp.bind, clock, u64::from_le_bytes(entropy()));
    relay.ports = rtp.port_min..=rtp.port_max;
    relay.advertised = rtp
        .external
        .or_else(|| rtp.bind.is_unspecified().then(|| shown(rtp.bind, trunks)));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // Signalling, the engine and the store want the other half.
    relay.threads = (cores / 2).clamp(1, 8);
    relay
}

/// The clock of the parts that keep time in instants.
pub(super) fn instants(clock: &crate::clock::NodeClock) -> Clock {
    let clock = clock.clone();
    Arc::new(move || clock.instant())
}
