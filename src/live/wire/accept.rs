//! Connections that others open.

use super::counters::WireCounters;
use super::flow::{Ending, Flow, News, line};
use super::gate::{Gate, Ticket};
use super::limits::WireLimits;
use super::tls::{TlsServer, in_words};
use carillon_sip::{Peer, TransportKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

/// Rest after the system had no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// What every connection's task is made from.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub(super) limits: WireLimits,
    pub(super) counters: Arc<WireCounters>,
    pub(super) gate: Gate,
    pub(super) news: mpsc::Sender<News>,
    pub(super) ids: Arc<AtomicU64>,
}

impl Common {
    pub(super) fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn flow(&self, peer: Peer, accepted: bool) -> Flow {
        Flow {
            peer,
            accepted,
            ping_every: None,
            limits: self.limits,
            counters: Arc::clone(&self.counters),
            news: self.news.clone(),
        }
    }
}

/// Takes in connections until the task is ended.
pub(super) async fn accept(listener: TcpListener, tls: Option<Arc<TlsServer>>, common: Common) {
    loop {
        let (stream, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of files, mostly; those that wait stay in the kernel's queue.
                tracing::debug!(%error, "no connection accepted");
                tokio::time::sleep(NO_ROOM).await;
                continue;
            }
        };
        let ticket = match common.gate.enter(from) {
            Ok(ticket) => ticket,
            Err(why) => {
                tracing::debug!(%from, why, "connection refused");
                continue;
            }
        };
        tokio::spawn(serve(stream, from, tls.clone(), common.clone(), ticket));
    }
}

async fn serve(
    stream: TcpStream,
    from: SocketAddr,
    tls: Option<Arc<TlsServer>>,
    common: Common,
    _ticket: Ticket,
) {
    // Answers are small and wanted at once.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        let peer = Peer::new(TransportKind::Tcp, from);
        return talk(peer, stream, &common).await;
    };
    // Kept until it is counted: who sees the connection end finds it counted.
    let mut handshake = std::pin::pin!(TlsAcceptor::from(tls.get()).accept(stream));
    let within = common.limits.handshake_within;
    let why = match tokio::time::timeout(within, handshake.as_mut()).await {
        Ok(Ok(stream)) => {
            let peer = Peer::new(TransportKind::Tls, from);
            return talk(peer, stream, &common).await;
        }
        Ok(Err(error)) => in_words(&error, false),
        Err(_) => "the handshake took too long".to_owned(),
    };
    common.counters.handshake_failed();
    // Port scanners do this all day.
    tracing::debug!(%from, why, "TLS handshake failed");
}

async fn talk<S>(peer: Peer, stream: S, common: &Common)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send,
{
    let id = common.next_id();
    let (line, queue) = line(&common.limits);
    if common
        .news
        .send(News::Accepted { peer, id, line })
        .await
        .is_err()
    {
        return;
    }
    let why = common.flow(peer, true).run(stream, queue).await;
    log_end(peer, &why);
    // With the switch gone nobody needs to know.
    let _ = common.news.send(News::Ended { peer, id, why }).await;
}

pub(super) fn log_end(peer: Peer, why: &Ending) {
    if why.is_broken() {
        tracing::debug!(%peer, %why, "connection broken");
    } else {
        tracing::trace!(%peer, %why, "connection ended");
    }
}
