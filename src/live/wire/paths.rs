//! How trunks are met: their addresses, their certificates, their keep-alives.

use super::tls::TlsClient;
use carillon_sip::{Peer, TransportKind};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How one trunk is met.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// The trunk's name.
    pub(crate) trunk: String,
    /// Where it is: every target of its name.
    pub(crate) peers: Vec<Peer>,
    /// Whom to trust there, for TLS.
    pub(crate) tls: Option<Arc<TlsClient>>,
    /// CRLF keep-alives (RFC 5626 §3.5.1): on connections of ours, or as datagrams over UDP.
    pub(crate) keep_alive: Option<Duration>,
}

/// Every trunk's path.
#[derive(Debug, Default)]
pub(super) struct Paths {
    by_trunk: BTreeMap<String, Path>,
    /// Trunk of each target. Where two trunks share one, the first by name has it.
    by_peer: BTreeMap<Peer, String>,
    next_ping: BTreeMap<Peer, Instant>,
}

impl Paths {
    pub(super) fn set(&mut self, path: Path) {
        self.by_trunk.insert(path.trunk.clone(), path);
        self.by_peer.clear();
        for path in self.by_trunk.values() {
            for peer in &path.peers {
                self.by_peer
                    .entry(*peer)
                    .or_insert_with(|| path.trunk.clone());
            }
        }
        let known = &self.by_peer;
        self.next_ping.retain(|peer, _| known.contains_key(peer));
    }

    pub(super) fn get(&self, peer: Peer) -> Option<&Path> {
        self.by_trunk.get(self.by_peer.get(&peer)?)
    }

    pub(super) fn of(&self, trunk: &str) -> Option<&Path> {
        self.by_trunk.get(trunk)
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.by_peer.keys().map(Peer::ip)
    }

    /// Trunks over UDP whose keep-alive is due; the next ones are set.
    pub(super) fn udp_pings_due(&mut self, now: Instant) -> Vec<Peer> {
        let mut due = Vec::new();
        for (peer, trunk) in &self.by_peer {
            let every = self.by_trunk.get(trunk).and_then(|p| p.keep_alive);
            let Some(every) = every.filter(|_| peer.transport == TransportKind::Udp) else {
                continue;
            };
            let next = self.next_ping.entry(*peer).or_insert(now + every);
            if *next <= now {
                *next = now + every;
                due.push(*peer);
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(trunk: &str, peer: Peer, keep_alive: Option<u64>) -> Path {
        Path {
            trunk: trunk.to_owned(),
            peers: vec![peer],
            tls: None,
            keep_alive: keep_alive.map(Duration::from_secs),
        }
    }

    #[test]
    fn a_trunk_that_moved_is_met_at_its_new_address_only() {
        let (old, new): (Peer, Peer) = (
            Peer::tcp("192.0.2.1:5060".parse().unwrap()),
            Peer::tcp("192.0.2.2:5060".parse().unwrap()),
        );
        let mut paths = Paths::default();
        paths.set(path("a", old, None));
        paths.set(path("a", new, None));
        assert!(paths.get(old).is_none());
        assert_eq!(paths.get(new).unwrap().trunk, "a");
        assert_eq!(paths.addresses().collect::<Vec<_>>(), [new.ip()]);
    }

    #[test]
    fn udp_keep_alives_go_out_at_their_interval_and_to_udp_alone() {
        let udp = Peer::udp("192.0.2.1:5060".parse().unwrap());
        let tcp = Peer::tcp("192.0.2.2:5060".parse().unwrap());
        let mut paths = Paths::default();
        paths.set(path("a", udp, Some(20)));
        paths.set(path("b", tcp, Some(20)));
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        assert!(paths.udp_pings_due(at(0)).is_empty());
        assert!(paths.udp_pings_due(at(19)).is_empty());
        assert_eq!(paths.udp_pings_due(at(20)), [udp]);
        assert!(paths.udp_pings_due(at(39)).is_empty());
        assert_eq!(paths.udp_pings_due(at(40)), [udp]);
    }
}
