//! Connections that we open, when there is something to send.

use super::accept::{Common, log_end};
use super::flow::{Ending, News, Queue};
use super::gate::Ticket;
use super::tls::{TlsClient, in_words};
use carillon_sip::{Peer, TransportKind};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

/// What a connection of ours is opened with.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) peer: Peer,
    pub(super) id: u64,
    /// Address it leaves from; `None` lets the system choose.
    pub(super) from: Option<IpAddr>,
    pub(super) tls: Option<Arc<TlsClient>>,
    pub(super) ping_every: Option<Duration>,
}

/// Opens the connection and runs it to its end.
pub(super) async fn dial(order: Order, queue: Queue, common: Common, _ticket: Ticket) {
    let (peer, id) = (order.peer, order.id);
    let why = match open(&order, &common).await {
        Ok(stream) => match stream {
            Stream::Plain(stream) => talk(&order, stream, queue, &common).await,
            Stream::Tls(stream) => talk(&order, stream, queue, &common).await,
        },
        Err(why) => {
            common.counters.unreachable();
            Ending::NotOpened(why)
        }
    };
    log_end(peer, &why);
    let _ = common.news.send(News::Ended { peer, id, why }).await;
}

async fn talk<S>(order: &Order, stream: S, queue: Queue, common: &Common) -> Ending
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send,
{
    let peer = order.peer;
    let opened = News::Connected { peer };
    if common.news.send(opened).await.is_err() {
        return Ending::Done;
    }
    let mut flow = common.flow(peer, false);
    flow.ping_every = order.ping_every;
    flow.run(stream, queue).await
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

async fn open(order: &Order, common: &Common) -> Result<Stream, String> {
    let limits = &common.limits;
    let connect = connect(order.peer.address, order.from);
    let stream = match tokio::time::timeout(limits.connect_within, connect).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(in_words(&error, true)),
        Err(_) => {
            let waited = limits.connect_within.as_secs();
            return Err(format!(
                "no answer to the connection for {waited} s: check address, port and firewalls"
            ));
        }
    };
    if order.peer.transport != TransportKind::Tls {
        return Ok(Stream::Plain(stream));
    }
    let Some(tls) = &order.tls else {
        return Err("no trunk over TLS is configured at this address".to_owned());
    };
    let connector = TlsConnector::from(tls.config.get());
    let handshake = connector.connect(tls.name.clone(), stream);
    let why = match tokio::time::timeout(limits.handshake_within, handshake).await {
        Ok(Ok(stream)) => return Ok(Stream::Tls(Box::new(stream))),
        Ok(Err(error)) => in_words(&error, true),
        Err(_) => "the TLS handshake was not answered in time: check that the port speaks TLS \
                   (5061)"
            .to_owned(),
    };
    common.counters.handshake_failed();
    Err(why)
}

async fn connect(to: SocketAddr, from: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = match to {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(ip) = from {
        socket.bind(SocketAddr::new(ip, 0))?;
    }
    socket.set_nodelay(true)?;
    socket.connect(to).await
}
