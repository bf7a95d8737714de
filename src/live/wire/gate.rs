//! How many connections may be open, in all and from one source.

use super::counters::WireCounters;
use carillon_sip::Network;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts connections against their limits. Cheap to clone; every clone counts the same.
#[derive(Clone, Debug)]
pub(super) struct Gate(Arc<Mutex<Counts>>, Arc<WireCounters>);

#[derive(Debug)]
struct Counts {
    total: usize,
    total_max: usize,
    by_source: BTreeMap<IpAddr, usize>,
    per_source_max: usize,
    /// Sources no limit holds for.
    trusted: Vec<Network>,
}

/// The right to hold one connection, given back when dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    gate: Gate,
    /// What it counts against; `None` for a trusted source.
    source: Option<IpAddr>,
}

impl Gate {
    pub(super) fn new(
        total_max: usize,
        per_source_max: usize,
        counters: Arc<WireCounters>,
    ) -> Self {
        let counts = Counts {
            total: 0,
            total_max,
            by_source: BTreeMap::new(),
            per_source_max,
            trusted: Vec::new(),
        };
        Self(Arc::new(Mutex::new(counts)), counters)
    }

    /// Replaces the sources no limit holds for.
    pub(super) fn set_trusted(&self, trusted: Vec<Network>) {
        self.counts().trusted = trusted;
    }

    /// A ticket for one connection with `peer`, or which limit is reached.
    pub(super) fn enter(&self, peer: SocketAddr) -> Result<Ticket, &'static str> {
        let mut counts = self.counts();
        if counts.trusted.iter().any(|n| n.contains(peer)) {
            return Ok(self.ticket(None));
        }
        let source = source_of(peer.ip());
        let own = counts.by_source.get(&source).copied().unwrap_or(0);
        let refused = if counts.total >= counts.total_max {
            Some("the limit on connections is reached ([sip] connections_max)")
        } else if own >= counts.per_source_max {
            Some("its limit on connections is reached ([sip] connections_per_source)")
        } else {
            None
        };
        if let Some(why) = refused {
            self.1.refused();
            return Err(why);
        }
        counts.total += 1;
        counts.by_source.insert(source, own + 1);
        Ok(self.ticket(Some(source)))
    }

    fn ticket(&self, source: Option<IpAddr>) -> Ticket {
        Ticket {
            gate: self.clone(),
            source,
        }
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        // Nothing between lock and unlock panics but a failed allocation.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let Some(source) = self.source else { return };
        let mut counts = self.gate.counts();
        counts.total = counts.total.saturating_sub(1);
        let left = counts.by_source.get(&source).map_or(0, |n| n - 1);
        if left == 0 {
            counts.by_source.remove(&source);
        } else {
            counts.by_source.insert(source, left);
        }
    }
}

/// What counts as one source: an IPv4 address, an IPv6 /64 (one subscriber, RFC 6177).
fn source_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => {
            let prefix = u128::from(ip) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn gate(total: usize, per_source: usize) -> Gate {
        Gate::new(total, per_source, Arc::default())
    }

    #[test]
    fn a_source_gets_its_share_and_the_places_come_back() {
        let gate = gate(10, 2);
        let first = gate.enter(at("192.0.2.1:1")).unwrap();
        let _second = gate.enter(at("192.0.2.1:2")).unwrap();
        let why = gate.enter(at("192.0.2.1:3")).unwrap_err();
        assert!(why.contains("connections_per_source"), "{why}");
        // Another source is not concerned.
        let _other = gate.enter(at("192.0.2.2:1")).unwrap();
        drop(first);
        assert!(gate.enter(at("192.0.2.1:3")).is_ok());
        assert_eq!(gate.1.figures().refused, 1);
    }

    #[test]
    fn a_v6_subscriber_is_one_source() {
        let gate = gate(10, 1);
        let _first = gate.enter(at("[2001:db8::1]:1")).unwrap();
        assert!(gate.enter(at("[2001:db8::ffff:2]:1")).is_err());
        assert!(gate.enter(at("[2001:db8:0:1::1]:1")).is_ok());
    }

    #[test]
    fn trusted_sources_have_no_limit_and_take_nobodys_place() {
        let gate = gate(1, 1);
        gate.set_trusted(vec!["192.0.2.0/24".parse().unwrap()]);
        let _held: Vec<Ticket> = (1..100)
            .map(|port| {
                gate.enter(SocketAddr::from(([192, 0, 2, 9], port)))
                    .unwrap()
            })
            .collect();
        let _one = gate.enter(at("198.51.100.1:1")).unwrap();
        let why = gate.enter(at("198.51.100.2:1")).unwrap_err();
        assert!(why.contains("connections_max"), "{why}");
    }
}
