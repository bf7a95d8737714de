//! Sockets and entropy.

use crate::error::CarrierError;
use rand::TryRng;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Kernel buffers: a burst must wait there, not be lost.
const BUFFER: usize = 4 << 20;

/// A UDP socket ready for tokio.
pub(crate) fn udp(what: &'static str, address: SocketAddr) -> Result<UdpSocket, CarrierError> {
    let failed = |source| CarrierError::Bind {
        what,
        address,
        source,
    };
    let domain = socket2::Domain::for_address(address);
    let protocol = Some(socket2::Protocol::UDP);
    let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, protocol).map_err(failed)?;
    // The kernel may allow less; what it gives is good enough.
    let _ = socket.set_recv_buffer_size(BUFFER);
    let _ = socket.set_send_buffer_size(BUFFER);
    socket.bind(&address.into()).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    Ok(socket.into())
}

/// A UDP socket on any free even port, as RTP wants it (RFC 3550 §11).
pub(crate) fn rtp(ip: IpAddr) -> Result<UdpSocket, CarrierError> {
    // Odd ports are held until an even one is found, or the kernel might give them again.
    let mut odd = Vec::new();
    loop {
        let socket = udp("RTP", SocketAddr::new(ip, 0))?;
        let local = address(&socket)?;
        if local.port() % 2 == 0 || odd.len() == 64 {
            return Ok(socket);
        }
        odd.push(socket);
    }
}

/// Where a socket is bound.
pub(crate) fn address(socket: &UdpSocket) -> Result<SocketAddr, CarrierError> {
    socket.local_addr().map_err(|e| CarrierError::Start {
        step: "a socket",
        cause: e.to_string(),
    })
}

/// Unpredictable octets from the operating system.
pub(crate) fn entropy<const N: usize>() -> Result<[u8; N], CarrierError> {
    let mut octets = [0; N];
    let filled = rand::rngs::SysRng.try_fill_bytes(&mut octets);
    filled.map_err(|e| CarrierError::Start {
        step: "random numbers",
        cause: e.to_string(),
    })?;
    Ok(octets)
}

/// 32 unpredictable hexadecimal digits: a password or token for accounts that live as long as
/// a demo.
///
/// # Errors
/// [`CarrierError::Start`] when the system gives no entropy.
pub fn fresh_secret() -> Result<String, CarrierError> {
    let octets = entropy::<16>()?;
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}
