//! A wire under test, and peers that speak to it with bare sockets.

use super::super::{Arrival, Bound, Path, Wanted, Wire, WireCounters, WireLimits, WireSetup};
use crate::wire::TlsServer;
use carillon_sip::{Peer, Transmit, TransportKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Longest wait for anything: only a failing test waits so long.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something that must come.
pub(super) async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, event).await;
    waited.unwrap_or_else(|_| panic!("{what}: nothing in {PATIENCE:?}"))
}

pub(super) struct Rig {
    pub(super) wire: Wire,
    pub(super) counters: Arc<WireCounters>,
    locals: Vec<(TransportKind, SocketAddr)>,
    buffer: Vec<u8>,
}

pub(super) struct Options {
    pub(super) bind: Vec<SocketAddr>,
    pub(super) tcp: bool,
    pub(super) limits: WireLimits,
    pub(super) paths: Vec<Path>,
    pub(super) tls: Option<Arc<TlsServer>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bind: vec!["127.0.0.1:0".parse().unwrap()],
            tcp: true,
            limits: WireLimits::default(),
            paths: Vec::new(),
            tls: None,
        }
    }
}

impl Rig {
    pub(super) fn new(options: Options) -> Self {
        let wanted = Wanted {
            udp: true,
            tcp: options.tcp,
            tls: options
                .tls
                .iter()
                .flat_map(|_| options.bind.clone())
                .collect(),
            plain: options.bind,
        };
        let bound = Bound::new(&wanted).unwrap();
        let locals = bound.locals().unwrap();
        let counters = Arc::new(WireCounters::default());
        let setup = WireSetup {
            bound,
            tls: options.tls,
            paths: options.paths,
            trusted: Vec::new(),
            limits: options.limits,
            counters: Arc::clone(&counters),
        };
        Self {
            wire: Wire::start(setup).unwrap(),
            counters,
            locals,
            buffer: vec![0; 65_536],
        }
    }

    pub(super) fn plain() -> Self {
        Self::new(Options::default())
    }

    pub(super) fn limited(limits: WireLimits) -> Self {
        Self::new(Options {
            limits,
            ..Options::default()
        })
    }

    pub(super) fn at(&self, kind: TransportKind) -> SocketAddr {
        let of_kind = self.locals.iter().find(|(k, _)| *k == kind);
        of_kind.expect("bound").1
    }

    pub(super) fn locals(&self) -> &[(TransportKind, SocketAddr)] {
        &self.locals
    }

    pub(super) async fn next(&mut self) -> Arrival {
        soon("an arrival", self.wire.next(&mut self.buffer)).await
    }

    /// The next message, and where it came from.
    pub(super) async fn message(&mut self) -> (Peer, Vec<u8>) {
        match self.next().await {
            Arrival::Datagram(from, length) => (from.into(), self.buffer[..length].to_vec()),
            Arrival::Message(from, bytes) => (from, bytes),
            other => panic!("no message but {other:?}"),
        }
    }

    /// Why the next connection to go is gone.
    pub(super) async fn lost(&mut self) -> super::super::Lost {
        loop {
            match self.next().await {
                Arrival::Lost(lost) => return lost,
                Arrival::Open(_) => {}
                other => panic!("no loss but {other:?}"),
            }
        }
    }

    pub(super) fn send(&mut self, to: Peer, bytes: &[u8]) {
        let bytes = bytes.to_vec();
        self.wire.send(Transmit { to, bytes });
    }
}

/// A small whole message whose Call-ID is `id`.
pub(super) fn message(id: &str) -> Vec<u8> {
    format!("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: {id}\r\nContent-Length: 4\r\n\r\nbody")
        .into_bytes()
}

/// Reads exactly this.
pub(super) async fn expect(stream: &mut (impl AsyncRead + Unpin), octets: &[u8]) {
    let mut read = vec![0; octets.len()];
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    if let Err(error) = soon("octets", stream.read_exact(&mut read)).await {
        panic!("{:?} instead of {:?}", error, text(octets));
    }
    assert_eq!(text(&read), text(octets));
}

/// Waits until the far side has closed, whatever it sends before.
pub(super) async fn expect_end(stream: &mut (impl AsyncRead + Unpin)) {
    let mut sink = vec![0; 4_096];
    loop {
        // A reset is an end as well.
        match soon("an end", stream.read(&mut sink)).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

pub(super) async fn write(stream: &mut (impl AsyncWrite + Unpin), octets: &[u8]) {
    stream.write_all(octets).await.unwrap();
    stream.flush().await.unwrap();
}
