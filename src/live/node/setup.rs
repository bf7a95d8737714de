//! Sockets, addresses and settings of the parts, from the configuration.

use crate::config::{AgentPhone, AgentSettings, Config, TrunkSettings};
use crate::error::NodeError;
use crate::switch::{LOGIN_USER, TrunkLine, source_of};
use carillon_decision::id::TrunkId;
use carillon_media::{Clock, RelayConfig};
use carillon_sip::{EndpointConfig, Policy, RegistrarConfig, Secret, User};
use rand::TryRng;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

/// Kernel buffers of the SIP socket: a burst of answers must wait there, not be lost.
const SOCKET_BUFFER: usize = 4 << 20;

/// Unpredictable octets from the operating system.
pub(super) fn entropy<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    rand::rngs::SysRng
        .try_fill_bytes(&mut octets)
        .expect("the operating system gives entropy: without it no call may be placed");
    octets
}

/// Binds the SIP socket.
pub(super) fn sip_socket(address: SocketAddr) -> Result<UdpSocket, NodeError> {
    let failed = |source| NodeError::Bind {
        what: "SIP over UDP",
        address,
        source,
    };
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, Some(socket2::Protocol::UDP))
        .map_err(failed)?;
    // The kernel may allow less; what it gives is good enough.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER);
    socket.bind(&address.into()).map_err(failed)?;
    Ok(socket.into())
}

/// Looks up where each trunk is.
pub(super) async fn resolve(
    trunks: &[TrunkSettings],
    v4: bool,
) -> Result<BTreeMap<TrunkId, TrunkLine>, NodeError> {
    let mut lines = BTreeMap::new();
    for settings in trunks {
        let unknown = |why: String| NodeError::Name {
            what: "host of a trunk",
            name: settings.host.clone(),
            remedy: format!("{why}; write an address or a name that the resolver knows"),
        };
        let found = tokio::net::lookup_host((settings.host.as_str(), settings.port)).await;
        let mut found = found.map_err(|e| unknown(e.to_string()))?;
        let address = found
            .find(|a| a.is_ipv4() == v4)
            .ok_or_else(|| unknown("it has no address of the family [sip] bind uses".to_owned()))?;
        lines.insert(
            settings.engine.id,
            TrunkLine::new(settings.clone(), address),
        );
    }
    Ok(lines)
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
/// the one that leads to the first trunk, loopback without trunks.
pub(super) fn shown(bind: IpAddr, trunks: &BTreeMap<TrunkId, TrunkLine>) -> IpAddr {
    if !bind.is_unspecified() {
        return bind;
    }
    let towards = trunks
        .values()
        .next()
        .and_then(|t| local_towards(t.address));
    towards.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// Settings of the SIP endpoint.
pub(super) fn endpoint(
    config: &Config,
    local: SocketAddr,
    trunks: &BTreeMap<TrunkId, TrunkLine>,
) -> EndpointConfig {
    let sip = &config.sip;
    let mut endpoint = EndpointConfig::new(local, entropy());
    endpoint.advertised = sip.external.clone().or_else(|| {
        let unspecified = local.ip().is_unspecified();
        unspecified.then(|| (shown(local.ip(), trunks).to_string(), local.port()))
    });
    endpoint.user_agent.clone_from(&sip.user_agent);
    endpoint.policy = policy(config, trunks);
    let users: Vec<User> = config.agents.iter().filter_map(user).collect();
    if !users.is_empty() {
        let mut registrar = RegistrarConfig::new(sip.realm.clone(), users);
        registrar.max_expires = sip.register_expires;
        registrar.default_expires = registrar.default_expires.min(sip.register_expires);
        registrar.min_expires = registrar.min_expires.min(sip.register_expires);
        endpoint.registrar = Some(registrar);
    }
    endpoint
}

fn policy(config: &Config, trunks: &BTreeMap<TrunkId, TrunkLine>) -> Policy {
    let mut policy = Policy::default().allow_user_call(LOGIN_USER);
    policy.sources.extend(config.sip.allow.iter().copied());
    policy
        .sources
        .extend(trunks.values().map(|t| source_of(t.address)));
    policy.strangers = config.sip.strangers;
    policy
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
