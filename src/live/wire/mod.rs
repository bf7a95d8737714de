//! The wire: UDP, TCP and TLS sockets in both families, behind one pair of calls for the
//! switch, which never waits for a peer.
//!
//! ```text
//!  UDP sockets ───────────────── polled on the switch's own thread ──────────────┐
//!  listeners ── accept ─ (TLS) ─┐                                                ├─ Wire ─ Endpoint
//!  Wire::send ─ dial ─── (TLS) ─┴─ one task a connection: frames ─ bounded news ─┘
//!                                  writes ◄─ bounded queue a connection ─── table
//! ```
//!
//! * **One thread owns the table and the endpoint**; tasks (on two threads of their own, so that
//!   handshakes cost signalling nothing) only move octets and tell news.
//! * **A connection is used for everything to its peer**, in both directions (RFC 5923): answers
//!   and requests to a peer that connected to us go back over that connection.
//! * **What goes wrong is told once**: [`Arrival::Lost`], for the endpoint's
//!   `unreachable` and for the health of the trunk.
//!
//! Code map: `bind` sockets; `udp` datagrams; `accept`, `dial` how connections begin; `flow` how
//! one runs; `pulse` its clock; `gate` how many there may be; `table` which leads where; `tls`
//! certificates.

mod accept;
mod bind;
mod counters;
mod dial;
mod flow;
mod gate;
mod limits;
mod paths;
mod pulse;
mod renewals;
mod table;
#[cfg(test)]
mod tests;
mod tls;
mod udp;

pub(crate) use bind::{Bound, Wanted};
pub(crate) use counters::{WireCounters, WireFigures};
pub(crate) use limits::WireLimits;
pub(crate) use paths::Path;
pub(crate) use table::Lost;
pub(crate) use tls::{TlsClient, TlsServer};
pub use tls::{TlsError, TlsFinding, tls_findings};

use accept::Common;
use carillon_sip::{Network, Peer, Transmit, TransportKind};
use dial::Order;
use flow::{Ending, News, line};
use gate::Gate;
use paths::Paths;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use table::{Table, Told, is_request};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use udp::Udp;

/// News of connections that may wait for the switch; beyond it connections are read no further.
const NEWS_MAX: usize = 512;
/// Threads for connections: enough that one handshake does not hold up another.
const THREADS: usize = 2;

/// What the wire is built from.
#[derive(Debug, Default)]
pub(crate) struct WireSetup {
    pub(crate) bound: Bound,
    /// What TLS listeners show; needed where there are any.
    pub(crate) tls: Option<Arc<TlsServer>>,
    /// How trunks are met.
    pub(crate) paths: Vec<Path>,
    /// Sources that the limits on connections do not hold for, besides the trunks.
    pub(crate) trusted: Vec<Network>,
    pub(crate) limits: WireLimits,
    pub(crate) counters: Arc<WireCounters>,
}

/// Something came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// A datagram of this length, at the front of the buffer.
    Datagram(SocketAddr, usize),
    /// A message of a stream.
    Message(Peer, Vec<u8>),
    /// A connection is gone, or could not be had.
    Lost(Lost),
    /// A connection of ours is open.
    Open(Peer),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Wire {
    udp: Udp,
    table: Table,
    news: mpsc::Receiver<News>,
    /// Whether streams were heard last: then datagrams come first.
    streams_had_turn: bool,
    common: Common,
    paths: Paths,
    trusted: Vec<Network>,
    /// Addresses our TCP and TLS listeners are bound to: where our own connections leave from.
    locals: Vec<IpAddr>,
    runtime: Option<Runtime>,
}

impl Wire {
    /// Starts listening. Must be called inside the runtime of the switch's thread.
    ///
    /// # Errors
    /// What the system says when a socket cannot be used or no thread be started.
    pub(crate) fn start(setup: WireSetup) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("carillon-wire")
            .enable_all()
            .build()?;
        let mut wire = Self::deaf(setup.limits, setup.counters);
        wire.udp = Udp::new(setup.bound.udp)?;
        wire.trusted = setup.trusted;
        let mut renewables: Vec<Arc<dyn tls::Renew>> = Vec::new();
        renewables.extend(setup.tls.clone().map(|t| t as Arc<dyn tls::Renew>));
        for path in setup.paths {
            renewables.extend(
                path.tls
                    .iter()
                    .map(|t| t.config.clone() as Arc<dyn tls::Renew>),
            );
            wire.paths.set(path);
        }
        wire.trust();
        // The news' receiver must be polled from here, the listeners' tasks run over there.
        let inside = runtime.enter();
        let plain = setup.bound.tcp.into_iter().map(|socket| (socket, None));
        let tls = setup.tls;
        let secured = setup.bound.tls.into_iter().map(|s| (s, tls.clone()));
        for (socket, tls) in plain.chain(secured) {
            wire.locals.push(socket.local_addr()?.ip());
            let listener = tokio::net::TcpListener::from_std(socket)?;
            runtime.spawn(accept::accept(listener, tls, wire.common.clone()));
        }
        let counters = Arc::clone(&wire.common.counters);
        runtime.spawn(renewals::keep_renewed(renewables, counters));
        drop(inside);
        wire.runtime = Some(runtime);
        Ok(wire)
    }

    /// A wire without sockets: what is sent is lost.
    pub(crate) fn deaf(limits: WireLimits, counters: Arc<WireCounters>) -> Self {
        let (news_to, news) = mpsc::channel(NEWS_MAX);
        let gate = Gate::new(
            limits.connections_max,
            limits.per_source_max,
            Arc::clone(&counters),
        );
        Self {
            udp: Udp::default(),
            table: Table::default(),
            news,
            streams_had_turn: false,
            common: Common {
                limits,
                counters,
                gate,
                news: news_to,
                ids: Arc::default(),
            },
            paths: Paths::default(),
            trusted: Vec::new(),
            locals: Vec::new(),
            runtime: None,
        }
    }

    /// What comes next; waits for it, and meanwhile sends what the UDP sockets had no room for.
    /// May be dropped at any time without a loss.
    pub(crate) async fn next(&mut self, buffer: &mut [u8]) -> Arrival {
        std::future::poll_fn(|cx| self.poll(cx, buffer)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Arrival> {
        let _ = self.udp.poll_flush(cx);
        if let Some(lost) = self.table.lost.pop_front() {
            return Poll::Ready(Arrival::Lost(lost));
        }
        let streams_first = !self.streams_had_turn;
        if streams_first && let Poll::Ready(arrival) = self.poll_streams(cx) {
            return Poll::Ready(arrival);
        }
        if let Poll::Ready((from, length)) = self.udp.poll_receive(cx, buffer) {
            self.streams_had_turn = false;
            return Poll::Ready(Arrival::Datagram(from, length));
        }
        if streams_first {
            return Poll::Pending;
        }
        self.poll_streams(cx)
    }

    fn poll_streams(&mut self, cx: &mut Context<'_>) -> Poll<Arrival> {
        // The wire holds a sender itself: the queue never closes.
        while let Poll::Ready(Some(news)) = self.news.poll_recv(cx) {
            if let Some(arrival) = self.told(news) {
                self.streams_had_turn = true;
                return Poll::Ready(arrival);
            }
        }
        Poll::Pending
    }

    /// What is there already, without waiting.
    pub(crate) fn try_next(&mut self, buffer: &mut [u8]) -> Option<Arrival> {
        if let Some(lost) = self.table.lost.pop_front() {
            return Some(Arrival::Lost(lost));
        }
        if self.streams_had_turn
            && let Some((from, length)) = self.udp.try_receive(buffer)
        {
            self.streams_had_turn = false;
            return Some(Arrival::Datagram(from, length));
        }
        while let Ok(news) = self.news.try_recv() {
            if let Some(arrival) = self.told(news) {
                self.streams_had_turn = true;
                return Some(arrival);
            }
        }
        let (from, length) = self.udp.try_receive(buffer)?;
        Some(Arrival::Datagram(from, length))
    }

    fn told(&mut self, news: News) -> Option<Arrival> {
        match self.table.news(news) {
            Told::Message(peer, bytes) => Some(Arrival::Message(peer, bytes)),
            Told::Open(peer) => Some(Arrival::Open(peer)),
            Told::Nothing => self.table.lost.pop_front().map(Arrival::Lost),
        }
    }

    /// Sends one message; a connection is opened where there is none. Never waits: what cannot
    /// be delivered shows as [`Arrival::Lost`] (streams) or not at all (UDP).
    pub(crate) fn send(&mut self, transmit: Transmit) {
        if transmit.to.transport == TransportKind::Udp {
            return self.udp.send(transmit);
        }
        let peer = transmit.to;
        if let Err(bytes) = self.table.send(peer, transmit.bytes) {
            self.open(peer, bytes);
        }
    }

    fn open(&mut self, peer: Peer, first: Vec<u8>) {
        let asked = is_request(&first);
        let Some(runtime) = &self.runtime else {
            let why = Ending::NotOpened("this node has no network".to_owned());
            return self.table.lose(peer, &why, asked);
        };
        let ticket = match self.common.gate.enter(peer.address) {
            Ok(ticket) => ticket,
            Err(why) => {
                let why = Ending::NotOpened(why.to_owned());
                return self.table.lose(peer, &why, asked);
            }
        };
        let (line, queue) = line(&self.common.limits);
        if line.send(first).is_err() {
            // One message above the whole queue's bound.
            return self.table.lose(peer, &Ending::Stuck, asked);
        }
        let path = self.paths.get(peer);
        let order = Order {
            peer,
            id: self.common.next_id(),
            from: self.source_for(peer),
            tls: path.and_then(|p| p.tls.clone()),
            ping_every: path.and_then(|p| p.keep_alive),
        };
        self.table.insert(peer, order.id, line, asked);
        runtime.spawn(dial::dial(order, queue, self.common.clone(), ticket));
    }

    /// Where our connection to a peer leaves from: the address of our listener of that family,
    /// so that firewalls and the far side's allow lists see the one they know.
    fn source_for(&self, peer: Peer) -> Option<IpAddr> {
        let to = peer.ip();
        let fits =
            |ip: &&IpAddr| ip.is_ipv4() == to.is_ipv4() && ip.is_loopback() == to.is_loopback();
        self.locals
            .iter()
            .find(fits)
            .copied()
            .filter(|ip| !ip.is_unspecified())
    }

    /// Replaces how one trunk is met, after its addresses changed.
    pub(crate) fn set_path(&mut self, path: Path) {
        self.paths.set(path);
        self.trust();
    }

    /// How a trunk is met now.
    pub(crate) fn path(&self, name: &str) -> Option<&Path> {
        self.paths.of(name)
    }

    fn trust(&self) {
        let trunks = self.paths.addresses().map(Network::host);
        let own = self.trusted.iter().copied();
        self.common.gate.set_trusted(own.chain(trunks).collect());
    }

    /// Says which peers a registration or a dialog needs: their connections stay, however idle.
    pub(crate) fn hold(&self, needed: impl Fn(&Peer) -> bool) {
        self.table.hold(needed);
    }

    /// Sends the keep-alives over UDP that are due.
    pub(crate) fn tick(&mut self, now: Instant) {
        for to in self.paths.udp_pings_due(now) {
            let bytes = flow::PING.to_vec();
            self.udp.send(Transmit { to, bytes });
        }
    }

    /// Datagrams dropped since the last time this was asked.
    pub(crate) fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.udp.dropped)
    }

    /// Sends what is left and says goodbye on every connection, for `limit` at most.
    pub(crate) async fn close(mut self, limit: Duration) {
        self.table.close_all();
        let counters = Arc::clone(&self.common.counters);
        let quiet = async {
            std::future::poll_fn(|cx| self.udp.poll_flush(cx)).await;
            // Each connection tells its end; news of it is the sign to look again.
            while counters.figures().open > 0 && self.news.recv().await.is_some() {}
        };
        // Who does not let go is left.
        let _ = tokio::time::timeout(limit, quiet).await;
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // A runtime must not wait for its tasks within another one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
