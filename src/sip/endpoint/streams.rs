//! What streams ask of transactions: requests too large for a datagram move to one (RFC 3261
//! §18.1.1), and a stream that cannot be opened, or breaks, ends what waits on it (§17.1.4).

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::Endpoint;
use super::agenda::{ClientId, Target};
use super::client::{ClientTx, Purpose};
use crate::message::Method;
use crate::peer::{Peer, TransportKind};

/// How long a peer without TCP is sent large datagrams before TCP is tried again.
const DEAF_FOR: Duration = Duration::from_secs(600);

/// Peers remembered to have no TCP.
const DEAF_MAX: usize = 1_024;

/// Peers that refused a TCP connection lately.
#[derive(Debug, Default)]
pub(super) struct DeafToTcp(BTreeMap<SocketAddr, Instant>);

impl DeafToTcp {
    fn note(&mut self, now: Instant, peer: SocketAddr) {
        self.0.retain(|_, until| *until > now);
        if self.0.len() < DEAF_MAX {
            self.0.insert(peer, now + DEAF_FOR);
        }
    }

    fn contains(&self, now: Instant, peer: SocketAddr) -> bool {
        self.0.get(&peer).is_some_and(|until| *until > now)
    }
}

impl Endpoint {
    /// Tells the streams that a dialog or a registration needs from those that may be closed.
    /// A snapshot: asked every few seconds by the owner of the connections.
    pub fn streams_needed(&self) -> impl Fn(&Peer) -> bool + '_ {
        let of_legs = self.legs.values().map(|leg| leg.dialog.next_hop());
        let legs: BTreeSet<Peer> = of_legs.filter(|p| p.transport.is_reliable()).collect();
        let waiting = self.clients.values().map(|tx| tx.to);
        let clients: BTreeSet<Peer> = waiting.filter(|p| p.transport.is_reliable()).collect();
        move |peer| {
            let registered = self.registrar.as_ref().is_some_and(|r| r.knows(*peer));
            registered
                || self.is_registered_over(*peer)
                || legs.contains(peer)
                || clients.contains(peer)
        }
    }

    /// `SIP/2.0/UDP host:port`, as `to` has to see it.
    pub(super) fn via_head(&self, to: Peer) -> String {
        let token = to.transport.via_token();
        format!("SIP/2.0/{token} {}", self.locals.sent_by(to))
    }

    /// A request too large for a datagram, made ready for TCP, and where it goes without TCP.
    pub(super) fn moved_to_stream(
        &mut self,
        now: Instant,
        to: Peer,
        bytes: Vec<u8>,
    ) -> (Peer, Vec<u8>, Option<Peer>) {
        let fits = to.transport != TransportKind::Udp || bytes.len() <= self.config.udp_max;
        if fits
            || !self.locals.serves(TransportKind::Tcp, to)
            || self.deaf.contains(now, to.address)
        {
            return (to, bytes, None);
        }
        let stream = Peer::tcp(to.address);
        let Some(moved) = self.with_via(&bytes, to, stream) else {
            return (to, bytes, None);
        };
        self.counters.moved_to_tcp += 1;
        (stream, moved, Some(to))
    }

    /// A request of ours with the head of its first Via changed for another transport.
    fn with_via(&self, bytes: &[u8], old: Peer, new: Peer) -> Option<Vec<u8>> {
        let (old, new) = (self.via_head(old), self.via_head(new));
        let at = bytes.windows(old.len()).position(|w| w == old.as_bytes())?;
        Some([&bytes[..at], new.as_bytes(), &bytes[at + old.len()..]].concat())
    }

    /// A stream could not be opened, or broke. Requests that wait on it unheard fail as if 503 had
    /// come (RFC 3261 §8.1.3.1); one that was moved there for its size leaves as a datagram. A
    /// call that already rings goes on: its answer may come over a new stream.
    pub fn unreachable(&mut self, now: Instant, peer: Peer) {
        let waiting: Vec<ClientId> = self
            .clients
            .iter()
            .filter(|(_, tx)| tx.to == peer && !tx.is_heard())
            .map(|(id, _)| *id)
            .collect();
        for id in waiting {
            if !self.back_to_datagram(now, id) {
                self.transport_failed(now, id);
            }
        }
        self.flow_gone(now, peer);
    }

    /// The same for a stream over which no request of ours left: strangers open and close those
    /// at will, and nothing has to be searched for them.
    pub fn flow_gone(&mut self, now: Instant, peer: Peer) {
        self.on_flow_lost(now, peer);
        self.close_bindings(now, peer);
    }

    fn back_to_datagram(&mut self, now: Instant, id: ClientId) -> bool {
        let Some((stream, datagram)) = self
            .clients
            .get_mut(&id)
            .and_then(|tx| Some((tx.to, tx.take_datagram()?)))
        else {
            return false;
        };
        self.deaf.note(now, datagram.address);
        let restored = self
            .clients
            .get(&id)
            .and_then(|tx| self.with_via(&tx.bytes, stream, datagram));
        let Some(bytes) = restored else {
            return false;
        };
        let machine = |method: Method| self.client_machine(now, method, datagram);
        let Some(machine) = self.clients.get(&id).map(|tx| machine(tx.method())) else {
            return false;
        };
        if let Some(tx) = self.clients.get_mut(&id) {
            tx.restart(machine, datagram, bytes.clone());
            let deadline = tx.deadline();
            self.agenda.set(Target::Client(id), deadline);
        }
        self.send(datagram, bytes);
        true
    }

    fn transport_failed(&mut self, now: Instant, id: ClientId) {
        let Some(purpose) = self.clients.get(&id).map(ClientTx::purpose) else {
            return;
        };
        self.counters.transport_errors += 1;
        match purpose {
            Purpose::Invite(call) => self.on_invite_unreachable(call),
            Purpose::Bye(leg) => self.on_bye_timeout(leg),
            Purpose::Within(leg, asked) => self.on_within_unreachable(now, leg, asked, id.branch),
            Purpose::Request(key) => self.on_request_unreachable(now, key),
            Purpose::Cancel | Purpose::Quiet => {}
        }
        self.end_client(id);
    }
}
