//! The pool of RTP ports and the sockets bound to them.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use mio::net::UdpSocket;
use socket2::{Domain, Protocol, Socket, Type};

use super::error::RelayError;
use super::types::RelayConfig;

/// Expedited forwarding (RFC 3246), as the field of the IP header.
const DSCP_EF: u32 = 46 << 2;

/// Ports tried for one leg before giving up, when the system refuses them.
const TRIES: usize = 64;

/// Free even ports, the longest unused first: late packets of a call gone by find no new call.
#[derive(Clone, Debug)]
pub struct PortPool {
    free: Arc<Mutex<VecDeque<u16>>>,
    bind: IpAddr,
    range: (u16, u16),
}

/// A bound socket; its port goes back to the pool once the last holder is gone.
#[derive(Debug)]
pub struct LegSocket {
    // Declared before the lease, so that it is closed before the port is free again.
    pub socket: UdpSocket,
    _lease: Lease,
}

#[derive(Debug)]
struct Lease {
    port: u16,
    free: Arc<Mutex<VecDeque<u16>>>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(self.port);
    }
}

impl LegSocket {
    pub fn port(&self) -> u16 {
        self._lease.port
    }
}

impl PortPool {
    /// Checks the settings and that the address is this machine's.
    pub fn new(config: &RelayConfig) -> Result<Self, RelayError> {
        let ports = even_ports(&config.ports);
        let bad = |setting, cause, remedy| RelayError::Config {
            setting,
            cause,
            remedy,
        };
        if ports.is_empty() {
            let cause = format!(
                "{}-{} holds no even port of at least 1024",
                config.ports.start(),
                config.ports.end()
            );
            return Err(bad("ports", cause, "give a range such as 20000-29999"));
        }
        if config.bind.is_unspecified() && config.advertised.is_none() {
            let cause = format!("{} can not be told to phones as an address", config.bind);
            return Err(bad(
                "advertised",
                cause,
                "set the address phones and carriers can reach",
            ));
        }
        if config.advertised.is_some_and(|ip| ip.is_unspecified()) {
            let cause = "is unspecified".to_owned();
            return Err(bad(
                "advertised",
                cause,
                "set the address phones and carriers can reach",
            ));
        }
        bind_udp(SocketAddr::new(config.bind, 0)).map_err(|cause| {
            let cause = format!("{} can not be bound: {cause}", config.bind);
            bad(
                "bind",
                cause,
                "use an address of this machine (ip address show)",
            )
        })?;
        Ok(Self {
            range: (*config.ports.start(), *config.ports.end()),
            bind: config.bind,
            free: Arc::new(Mutex::new(ports)),
        })
    }

    /// Binds a socket to a free port.
    pub fn open(&self, in_use: usize) -> Result<LegSocket, RelayError> {
        let (mut refused, mut last_refusal) = (0, "none".to_owned());
        // Leases of refused ports; dropped at the end, so that none is tried twice.
        let mut refused_leases = Vec::new();
        while refused < TRIES {
            let next = self
                .free
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front();
            let Some(port) = next else { break };
            let lease = Lease {
                port,
                free: Arc::clone(&self.free),
            };
            match bind_udp(SocketAddr::new(self.bind, port)) {
                Ok(socket) => {
                    return Ok(LegSocket {
                        socket,
                        _lease: lease,
                    });
                }
                Err(error) => {
                    refused += 1;
                    last_refusal = error.to_string();
                    refused_leases.push(lease);
                }
            }
        }
        let (first, last) = self.range;
        Err(RelayError::PortsExhausted {
            first,
            last,
            in_use,
            refused,
            last_refusal,
        })
    }
}

fn even_ports(range: &RangeInclusive<u16>) -> VecDeque<u16> {
    range
        .clone()
        .filter(|port| port % 2 == 0 && *port >= 1024)
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
    Ok(UdpSocket::from_std(socket.into()))
}
