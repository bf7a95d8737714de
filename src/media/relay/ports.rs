//! The pool of RTP ports and the sockets bound to them.
//!
//! Sockets are bound ahead by a small thread, so that opening a leg makes no more system call on
//! the signalling thread than emptying the socket of what strayed there.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use socket2::{Domain, Protocol, Socket, Type};

use super::error::RelayError;
use super::types::RelayConfig;

/// Expedited forwarding (RFC 3246), as the field of the IP header.
const DSCP_EF: u32 = 46 << 2;

/// Ports tried for one leg before giving up, when the system refuses them.
const TRIES: usize = 256;
/// Datagrams thrown away at most before a socket is handed out: more than its buffer holds.
const STRAYS: usize = 1_024;

/// Free even ports, the longest unused first: late packets of a call gone by find no new call.
#[derive(Debug)]
pub struct PortPool {
    shared: Arc<Shared>,
    refill: Mutex<Option<Refill>>,
}

#[derive(Debug)]
struct Shared {
    free: Arc<Mutex<VecDeque<u16>>>,
    ready: Mutex<VecDeque<LegSocket>>,
    /// Held while a port is taken and bound: who finds no port free waits for the outcome.
    binding: Mutex<()>,
    ahead: usize,
    bind: IpAddr,
    range: (u16, u16),
}

#[derive(Debug)]
struct Refill {
    wanted: Sender<()>,
    thread: JoinHandle<()>,
}

/// A bound pair of sockets; its ports go back to the pool once the last holder is gone.
#[derive(Debug)]
pub struct LegSocket {
    // Declared before the lease, so that they are closed before the port is free again.
    pub rtp: UdpSocket,
    /// The odd port above (RFC 3550 section 11).
    pub rtcp: UdpSocket,
    lease: Lease,
}

#[derive(Debug)]
struct Lease {
    port: u16,
    free: Arc<Mutex<VecDeque<u16>>>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        lock(&self.free).push_back(self.port);
    }
}

impl LegSocket {
    pub fn port(&self) -> u16 {
        self.lease.port
    }

    /// Throws away what arrived before anyone was to be heard here.
    fn drain(&self) {
        let mut datagram = [0; 16];
        for socket in [&self.rtp, &self.rtcp] {
            // Also errors of the network end it; they are nobody's any more.
            (0..STRAYS).find(|_| socket.recv_from(&mut datagram).is_err());
        }
    }
}

/// Why no socket was bound.
struct Refused {
    refused: usize,
    last: String,
}

impl PortPool {
    /// Checks the settings and that the address is this machine's, and starts binding ahead.
    pub fn new(config: &RelayConfig) -> Result<Self, RelayError> {
        let shared = Arc::new(Shared {
            free: Arc::new(Mutex::new(checked(config)?)),
            ready: Mutex::default(),
            binding: Mutex::default(),
            ahead: config.ports_ahead,
            bind: config.bind,
            range: (*config.ports.start(), *config.ports.end()),
        });
        let (wanted, orders) = bounded(1);
        let filled = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("rtp-ports".to_owned())
            .spawn(move || filled.keep_filled(&orders))
            .map_err(|source| RelayError::Start {
                step: "starting a thread",
                source,
            })?;
        let pool = Self {
            shared,
            refill: Mutex::new(Some(Refill { wanted, thread })),
        };
        pool.order();
        Ok(pool)
    }

    /// A pair of sockets bound to a free pair of ports, with nothing in them.
    pub fn open(&self, in_use: usize) -> Result<LegSocket, RelayError> {
        let ready = self.shared.take_ready();
        let found = ready.map_or_else(|| self.shared.bind_next(), Ok);
        self.order();
        let (first, last) = self.shared.range;
        found
            .inspect(LegSocket::drain)
            .map_err(|refused| RelayError::PortsExhausted {
                first,
                last,
                in_use,
                refused: refused.refused,
                last_refusal: refused.last,
            })
    }

    /// Ends binding ahead and closes what was bound.
    pub fn stop(&self) {
        if let Some(Refill { wanted, thread }) = lock(&self.refill).take() {
            drop(wanted);
            // It can only have died of a bug, and then there is nothing to wait for.
            let _ = thread.join();
        }
        lock(&self.shared.ready).clear();
    }

    /// Lets the thread look whether sockets are wanted.
    fn order(&self) {
        if let Some(refill) = &*lock(&self.refill) {
            // Full: it will look anyway.
            let _ = refill.wanted.try_send(());
        }
    }
}

impl Drop for PortPool {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn take_ready(&self) -> Option<LegSocket> {
        lock(&self.ready).pop_front()
    }

    fn keep_filled(&self, orders: &Receiver<()>) {
        while orders.recv().is_ok() {
            while lock(&self.ready).len() < self.ahead {
                let _turn = lock(&self.binding);
                // Nothing free: the next leg says so, or a closed one gives its port back.
                let Ok(socket) = self.bind_free() else { break };
                lock(&self.ready).push_back(socket);
            }
        }
    }

    /// Binds now, or takes what was bound ahead meanwhile.
    fn bind_next(&self) -> Result<LegSocket, Refused> {
        let _turn = lock(&self.binding);
        self.take_ready().map_or_else(|| self.bind_free(), Ok)
    }

    fn bind_free(&self) -> Result<LegSocket, Refused> {
        let mut outcome = Refused {
            refused: 0,
            last: "none".to_owned(),
        };
        // Leases of refused ports; dropped at the end, so that none is tried twice.
        let mut refused_leases = Vec::new();
        while outcome.refused < TRIES {
            let Some(port) = lock(&self.free).pop_front() else {
                break;
            };
            let lease = Lease {
                port,
                free: Arc::clone(&self.free),
            };
            let bind = |port| bind_udp(SocketAddr::new(self.bind, port));
            match bind(port).and_then(|rtp| Ok((rtp, bind(port + 1)?))) {
                Ok((rtp, rtcp)) => return Ok(LegSocket { rtp, rtcp, lease }),
                Err(error) => {
                    outcome.refused += 1;
                    outcome.last = error.to_string();
                    refused_leases.push(lease);
                }
            }
        }
        Err(outcome)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The ports of settings that can work.
fn checked(config: &RelayConfig) -> Result<VecDeque<u16>, RelayError> {
    let ports = even_ports(&config.ports);
    let bad = |setting, cause, remedy| RelayError::Config {
        setting,
        cause,
        remedy,
    };
    if ports.is_empty() {
        let cause = format!(
            "{}-{} holds no even port of at least 1024 with the odd port above it",
            config.ports.start(),
            config.ports.end()
        );
        return Err(bad("ports", cause, "give a range such as 20000-29999"));
    }
    let advertised = "set the address phones and carriers can reach";
    if config.bind.is_unspecified() && config.advertised.is_none() {
        let cause = format!("{} can not be told to phones as an address", config.bind);
        return Err(bad("advertised", cause, advertised));
    }
    if config.advertised.is_some_and(|ip| ip.is_unspecified()) {
        return Err(bad("advertised", "is unspecified".to_owned(), advertised));
    }
    bind_udp(SocketAddr::new(config.bind, 0)).map_err(|cause| {
        let cause = format!("{} can not be bound: {cause}", config.bind);
        bad(
            "bind",
            cause,
            "use an address of this machine (ip address show)",
        )
    })?;
    Ok(ports)
}

fn even_ports(range: &RangeInclusive<u16>) -> VecDeque<u16> {
    range
        .clone()
        .filter(|port| port % 2 == 0 && *port >= 1024 && port < range.end())
        .collect()
}

fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    socket.set_nonblocking(true)?;
    // A mark routers may honour; audio flows without it too.
    let marked = match address {
        SocketAddr::V4(_) => socket.set_tos_v4(DSCP_EF),
        SocketAddr::V6(_) => socket.set_tclass_v6(DSCP_EF),
    };
    if let Err(error) = marked {
        tracing::debug!(%error, "RTP socket not marked for expedited forwarding");
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}
