//! Sockets as the system gives them, before any thread or runtime exists.

use crate::error::NodeError;
use carillon_sip::TransportKind;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

/// Kernel buffers of the UDP sockets: a burst of answers must wait there, not be lost.
const SOCKET_BUFFER: usize = 4 << 20;
/// Connections that wait in the kernel to be accepted.
const BACKLOG: i32 = 1_024;
/// Tries to find a port that is free for UDP and TCP alike, where the port is ours to choose.
const PORT_TRIES: usize = 64;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Addresses of UDP and TCP.
    pub(crate) plain: Vec<SocketAddr>,
    /// Whether UDP is served on them.
    pub(crate) udp: bool,
    /// Whether TCP is served on them.
    pub(crate) tcp: bool,
    /// Addresses of TLS.
    pub(crate) tls: Vec<SocketAddr>,
}

/// Bound sockets.
#[derive(Debug, Default)]
pub(crate) struct Bound {
    pub(super) udp: Vec<UdpSocket>,
    pub(super) tcp: Vec<TcpListener>,
    pub(super) tls: Vec<TcpListener>,
}

impl Bound {
    /// Binds everything that is wanted. TCP takes the port that UDP got, where the system was
    /// asked to choose (port 0).
    ///
    /// # Errors
    /// [`NodeError::Bind`] with the address that cannot be had.
    pub(crate) fn new(wanted: &Wanted) -> Result<Self, NodeError> {
        let mut bound = Self::default();
        for &address in &wanted.plain {
            let (udp, tcp) = plain(address, wanted)?;
            bound.udp.extend(udp);
            bound.tcp.extend(tcp);
        }
        for &address in &wanted.tls {
            let socket = tcp(address).map_err(failed("SIP over TLS", address))?;
            bound.tls.push(socket);
        }
        Ok(bound)
    }

    /// Transport and address of every socket, ports resolved, in the order they were asked for.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn locals(&self) -> io::Result<Vec<(TransportKind, SocketAddr)>> {
        let mut locals = Vec::new();
        for socket in &self.udp {
            locals.push((TransportKind::Udp, socket.local_addr()?));
        }
        for (kind, sockets) in [
            (TransportKind::Tcp, &self.tcp),
            (TransportKind::Tls, &self.tls),
        ] {
            for socket in sockets {
                locals.push((kind, socket.local_addr()?));
            }
        }
        Ok(locals)
    }
}

fn failed(what: &'static str, address: SocketAddr) -> impl Fn(io::Error) -> NodeError {
    move |source| NodeError::Bind {
        what,
        address,
        source,
    }
}

/// UDP and TCP on one address.
fn plain(
    address: SocketAddr,
    wanted: &Wanted,
) -> Result<(Option<UdpSocket>, Option<TcpListener>), NodeError> {
    let udp_failed = failed("SIP over UDP", address);
    let tcp_failed = failed("SIP over TCP", address);
    if !wanted.udp || !wanted.tcp {
        let udp = wanted.udp.then(|| udp(address).map_err(&udp_failed));
        let tcp = wanted.tcp.then(|| tcp(address).map_err(&tcp_failed));
        return Ok((udp.transpose()?, tcp.transpose()?));
    }
    let mut tries = PORT_TRIES;
    loop {
        let datagrams = udp(address).map_err(&udp_failed)?;
        let at = datagrams.local_addr().map_err(&udp_failed)?;
        match tcp(at) {
            Ok(streams) => return Ok((Some(datagrams), Some(streams))),
            // The system chose a port that somebody's TCP holds: another one may be free.
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse && address.port() == 0 && tries > 0 =>
            {
                tries -= 1;
            }
            Err(error) => return Err(failed("SIP over TCP", at)(error)),
        }
    }
}

fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        // Each family has sockets of its own: both wildcards may be bound, and an IPv4 peer is
        // never shown as an IPv6 one.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket(address, Type::DGRAM, Protocol::UDP)?;
    // The kernel may allow less; what it gives is good enough.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER);
    socket.bind(&address.into())?;
    Ok(socket.into())
}

fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(address, Type::STREAM, Protocol::TCP)?;
    // Connections of an earlier run that linger in TIME-WAIT do not keep the port.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(addresses: &[&str]) -> Wanted {
        Wanted {
            plain: addresses.iter().map(|a| a.parse().unwrap()).collect(),
            udp: true,
            tcp: true,
            tls: Vec::new(),
        }
    }

    #[test]
    fn tcp_takes_the_port_udp_got() {
        let bound = Bound::new(&both(&["127.0.0.1:0", "[::1]:0"])).unwrap();
        let locals = bound.locals().unwrap();
        assert_eq!(locals.len(), 4);
        assert_eq!(locals[0].1, locals[2].1);
        assert_eq!(locals[1].1, locals[3].1);
        assert!(locals[1].1.is_ipv6() && locals[0].1.port() != 0);
    }

    #[test]
    fn both_families_may_hold_one_port_on_every_address() {
        // Another program may hold a single port in the other family, but not every one.
        let together = (0..20).any(|_| {
            let first = Bound::new(&both(&["0.0.0.0:0"])).unwrap();
            let port = first.locals().unwrap()[0].1.port();
            Bound::new(&both(&[&format!("[::]:{port}")])).is_ok()
        });
        assert!(together);
    }

    #[test]
    fn a_port_that_is_held_is_named_with_its_transport() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = held.local_addr().unwrap();
        let error = Bound::new(&both(&[&address.to_string()])).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("SIP over TCP") && text.contains(&address.to_string()),
            "{text}"
        );
    }
}
