//! The UDP sockets: datagrams in without a copy, out as the sockets have room.

use carillon_sip::Transmit;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

/// Datagrams kept while a socket has no room; beyond it the oldest is dropped, and
/// retransmission makes up for it.
const UNSENT_MAX: usize = 4_096;
/// Peers remembered by the socket they wrote to, where a family has several.
const PATHS_MAX: usize = 16_384;

/// The UDP sockets of the node.
#[derive(Debug, Default)]
pub(super) struct Udp {
    ports: Vec<Port>,
    /// The socket to ask first: each gets its turn.
    turn: usize,
    /// Which socket a peer wrote to: answers leave from there. Kept only where a family has
    /// several sockets.
    paths: BTreeMap<SocketAddr, usize>,
    remembers: bool,
    /// Datagrams dropped since asked last.
    pub(super) dropped: u64,
}

#[derive(Debug)]
struct Port {
    socket: UdpSocket,
    local: SocketAddr,
    unsent: VecDeque<(SocketAddr, Vec<u8>)>,
}

impl Udp {
    /// Must be called inside a runtime.
    pub(super) fn new(sockets: Vec<std::net::UdpSocket>) -> io::Result<Self> {
        let port = |socket: std::net::UdpSocket| {
            Ok(Port {
                local: socket.local_addr()?,
                socket: UdpSocket::from_std(socket)?,
                unsent: VecDeque::new(),
            })
        };
        let ports: Vec<Port> = sockets.into_iter().map(port).collect::<io::Result<_>>()?;
        let v4 = ports.iter().filter(|p| p.local.is_ipv4()).count();
        Ok(Self {
            remembers: v4 > 1 || ports.len() - v4 > 1,
            ports,
            ..Self::default()
        })
    }

    /// The next datagram of any socket, in `buffer`: its length and where it came from.
    pub(super) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<(SocketAddr, usize)> {
        let (count, first) = (self.ports.len(), self.turn);
        for n in 0..count {
            let at = (first + n) % count;
            // An error is news of an earlier send (ICMP); timers deal with silent peers.
            while let Poll::Ready(received) = self.ports[at].poll(cx, buffer) {
                match received {
                    Ok((from, length)) => {
                        self.turn = (at + 1) % count;
                        self.remember(from, at);
                        return Poll::Ready((from, length));
                    }
                    Err(error) => tracing::debug!(%error, "receive"),
                }
            }
        }
        Poll::Pending
    }

    /// A datagram that is there already.
    pub(super) fn try_receive(&mut self, buffer: &mut [u8]) -> Option<(SocketAddr, usize)> {
        let (count, first) = (self.ports.len(), self.turn);
        for n in 0..count {
            let at = (first + n) % count;
            match self.ports[at].socket.try_recv_from(buffer) {
                Ok((length, from)) => {
                    self.turn = (at + 1) % count;
                    self.remember(from, at);
                    return Some((from, length));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => tracing::debug!(%error, "receive"),
            }
        }
        None
    }

    fn remember(&mut self, from: SocketAddr, at: usize) {
        if !self.remembers {
            return;
        }
        if self.paths.len() >= PATHS_MAX && !self.paths.contains_key(&from) {
            // Answers to peers of the same moment follow at once; older paths are learnt anew.
            self.paths.clear();
        }
        self.paths.insert(from, at);
    }

    /// Sends a datagram, at once where the socket has room.
    pub(super) fn send(&mut self, transmit: Transmit) {
        let to = transmit.to.address;
        let family = |p: &Port| p.local.is_ipv4() == to.is_ipv4();
        let known = self.paths.get(&to).copied();
        let at = known.or_else(|| self.ports.iter().position(family));
        let Some(port) = at.and_then(|at| self.ports.get_mut(at)) else {
            self.dropped += 1;
            tracing::debug!(%to, "not sent: no UDP socket of this family");
            return;
        };
        port.unsent.push_back((to, transmit.bytes));
        self.dropped += port.flush();
    }

    /// Sends what is left, as far as there is room. Ready when nothing is left.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for port in &mut self.ports {
            while !port.unsent.is_empty() {
                // An error of readiness shows again when sending.
                let _ = ready!(port.socket.poll_send_ready(cx));
                self.dropped += port.flush();
            }
        }
        Poll::Ready(())
    }
}

impl Port {
    fn poll(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(SocketAddr, usize)>> {
        let mut buffer = ReadBuf::new(buffer);
        let from = ready!(self.socket.poll_recv_from(cx, &mut buffer))?;
        Poll::Ready(Ok((from, buffer.filled().len())))
    }

    /// Answers how many were dropped.
    fn flush(&mut self) -> u64 {
        let mut dropped = 0;
        while let Some((to, bytes)) = self.unsent.front() {
            match self.socket.try_send_to(bytes, *to) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    dropped += 1;
                    tracing::debug!(%to, %error, "not sent");
                }
            }
            self.unsent.pop_front();
        }
        while self.unsent.len() > UNSENT_MAX {
            self.unsent.pop_front();
            dropped += 1;
        }
        dropped
    }
}
