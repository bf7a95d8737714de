//! One connection: reads, cuts into messages, writes, keeps alive, and says why it ended.
//!
//! It knows nothing of SIP beyond where a message ends. What it reads waits for room at the
//! switch, so that a peer that floods is slowed by TCP; what it writes waits in a queue of its
//! own, so that a peer that does not read delays nobody else.

use super::counters::WireCounters;
use super::limits::WireLimits;
use super::pulse::{Beat, Pulse};
use carillon_sip::Peer;
use carillon_sip::stream::{Frame, Framer, StreamError};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// The keep-alive, and its answer (RFC 5626 §3.5.1).
pub(super) const PING: &[u8] = b"\r\n\r\n";
const PONG: &[u8] = b"\r\n";
/// Octets read at once.
const READ: usize = 16 << 10;
/// Messages written at once.
const BATCH: usize = 64;
/// How long a goodbye (FIN, `close_notify`) may take.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// News of connections for the switch.
#[derive(Debug)]
pub(super) enum News {
    /// The far side opened one.
    Accepted { peer: Peer, id: u64, line: Line },
    /// Ours is open.
    Connected { peer: Peer },
    /// One whole message.
    Message { peer: Peer, bytes: Vec<u8> },
    /// It is gone, or was never there. The last news of this id.
    Ended { peer: Peer, id: u64, why: Ending },
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The far side closed it, between messages.
    Closed,
    /// We closed it: nothing uses it.
    Idle,
    /// We closed it: the node stops, or another took its place.
    Done,
    /// It could not be opened; in words, with what to do.
    NotOpened(String),
    /// It broke; in words.
    Broken(String),
    /// The far side does not keep to SIP over streams.
    Garbage(StreamError),
    /// A message was begun and not finished in time, or nothing came at all.
    TooSlow,
    /// Our keep-alive was not answered.
    NoPong,
    /// The far side does not read what we write.
    Stuck,
}

impl Ending {
    /// Whether it counts as broken: anything but a goodbye.
    pub(super) fn is_broken(&self) -> bool {
        !matches!(
            self,
            Self::Closed | Self::Idle | Self::Done | Self::NotOpened(_)
        )
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the far side closed the connection"),
            Self::Idle => f.write_str("the connection was idle"),
            Self::Done => f.write_str("the connection is no longer needed"),
            Self::NotOpened(why) => f.write_str(why),
            Self::Broken(why) => write!(f, "the connection broke: {why}"),
            Self::Garbage(error) => write!(f, "the far side does not speak SIP: {error}"),
            Self::TooSlow => f.write_str("a message was not complete in time"),
            Self::NoPong => f.write_str("a keep-alive was not answered"),
            Self::Stuck => f.write_str("the far side does not read what is sent"),
        }
    }
}

/// The switch's end of a connection: its queue, and whether anybody needs it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    queue: mpsc::Sender<Vec<u8>>,
    octets: Arc<AtomicUsize>,
    octets_max: usize,
    held: Arc<AtomicBool>,
    cut: Arc<Notify>,
}

/// The task's end of the same.
#[derive(Debug)]
pub(super) struct Queue {
    queue: mpsc::Receiver<Vec<u8>>,
    octets: Arc<AtomicUsize>,
    held: Arc<AtomicBool>,
    cut: Arc<Notify>,
    /// For pings and pongs, without keeping the queue open.
    own: mpsc::WeakSender<Vec<u8>>,
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Too much waits already.
    Full,
    /// The connection has just ended: the message, to be sent on another.
    Gone(Vec<u8>),
}

/// Both ends of a connection's queue.
pub(super) fn line(limits: &WireLimits) -> (Line, Queue) {
    let (sender, receiver) = mpsc::channel(limits.queue_messages);
    let octets = Arc::new(AtomicUsize::new(0));
    let held = Arc::new(AtomicBool::new(false));
    let cut = Arc::new(Notify::new());
    let queue = Queue {
        queue: receiver,
        octets: Arc::clone(&octets),
        held: Arc::clone(&held),
        cut: Arc::clone(&cut),
        own: sender.downgrade(),
    };
    let line = Line {
        queue: sender,
        octets,
        octets_max: limits.queue_octets,
        held,
        cut,
    };
    (line, queue)
}

impl Line {
    /// Queues one message; never waits.
    pub(super) fn send(&self, bytes: Vec<u8>) -> Result<(), Refused> {
        let length = bytes.len();
        // Counted first: the task may have written it before the next line runs here.
        let before = self.octets.fetch_add(length, Ordering::Relaxed);
        if before + length > self.octets_max {
            self.octets.fetch_sub(length, Ordering::Relaxed);
            return Err(Refused::Full);
        }
        self.queue.try_send(bytes).map_err(|error| {
            self.octets.fetch_sub(length, Ordering::Relaxed);
            match error {
                mpsc::error::TrySendError::Full(_) => Refused::Full,
                mpsc::error::TrySendError::Closed(bytes) => Refused::Gone(bytes),
            }
        })
    }

    /// Ends the connection now, whatever waits.
    pub(super) fn cut(&self) {
        self.cut.notify_one();
    }

    /// Whether a registration or a dialog needs the connection: then it is not closed for being
    /// idle.
    pub(super) fn hold(&self, held: bool) {
        self.held.store(held, Ordering::Relaxed);
    }
}

/// What a connection's task is given besides the stream.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) peer: Peer,
    /// Opened by the far side.
    pub(super) accepted: bool,
    /// Our keep-alives.
    pub(super) ping_every: Option<Duration>,
    pub(super) limits: WireLimits,
    pub(super) counters: Arc<WireCounters>,
    pub(super) news: mpsc::Sender<News>,
}

impl Flow {
    /// Runs an open connection to its end. The caller reports the end.
    pub(super) async fn run<S>(&self, stream: S, mut queue: Queue) -> Ending
    where
        S: AsyncRead + AsyncWrite + Send,
    {
        self.counters.opened();
        let (mut reader, mut writer) = tokio::io::split(stream);
        let sent = AtomicBool::new(false);
        let (own, held) = (queue.own.clone(), Arc::clone(&queue.held));
        let cut = Arc::clone(&queue.cut);
        let ending = tokio::select! {
            ending = self.read(&mut reader, &own, &held, &sent) => ending,
            ending = self.write(&mut writer, &mut queue, &sent) => ending,
            () = cut.notified() => Ending::Stuck,
        };
        if !ending.is_broken() {
            // Who does not take a goodbye is gone anyway.
            let _ = tokio::time::timeout(GOODBYE_WITHIN, writer.shutdown()).await;
        }
        self.counters.closed(ending.is_broken());
        ending
    }

    async fn read<S: AsyncRead>(
        &self,
        reader: &mut ReadHalf<S>,
        own: &mpsc::WeakSender<Vec<u8>>,
        held: &AtomicBool,
        sent: &AtomicBool,
    ) -> Ending {
        let mut framer = Framer::new(self.limits.message_max);
        let now = || Instant::now().into_std();
        let mut pulse = Pulse::new(now(), self.limits, self.accepted, self.ping_every);
        let mut buffer = vec![0; READ];
        loop {
            if sent.swap(false, Ordering::Relaxed) {
                pulse.sent(now());
            }
            tokio::select! {
                read = reader.read(&mut buffer) => {
                    let length = match read {
                        Ok(0) if framer.is_partial() => {
                            return Ending::Broken("it was closed within a message".to_owned());
                        }
                        Ok(0) => return Ending::Closed,
                        Ok(length) => length,
                        Err(error) => return broken(&error),
                    };
                    self.counters.received(length);
                    framer.push(&buffer[..length]);
                    if let Err(ending) = self.frames(&mut framer, &mut pulse, own).await {
                        return ending;
                    }
                }
                () = tokio::time::sleep_until(pulse.next().into()) => {
                    if sent.swap(false, Ordering::Relaxed) {
                        pulse.sent(now());
                    }
                    match pulse.beat(now(), held.load(Ordering::Relaxed)) {
                        Some(Beat::Ping) => queue_own(own, PING),
                        Some(Beat::TooSlow) => return Ending::TooSlow,
                        Some(Beat::NoPong) => return Ending::NoPong,
                        Some(Beat::Idle) => return Ending::Idle,
                        None => {}
                    }
                }
            }
        }
    }

    /// Hands on what is whole by now.
    async fn frames(
        &self,
        framer: &mut Framer,
        pulse: &mut Pulse,
        own: &mpsc::WeakSender<Vec<u8>>,
    ) -> Result<(), Ending> {
        let mut whole = false;
        while let Some(frame) = framer.next_frame().map_err(Ending::Garbage)? {
            whole = true;
            match frame {
                Frame::Message(bytes) => {
                    pulse.message();
                    let peer = self.peer;
                    let message = News::Message { peer, bytes };
                    if self.news.send(message).await.is_err() {
                        return Err(Ending::Done);
                    }
                }
                Frame::Ping => {
                    pulse.ping();
                    queue_own(own, PONG);
                }
                Frame::Pong => {
                    if pulse.pong() {
                        queue_own(own, PONG);
                    }
                }
            }
        }
        pulse.heard(Instant::now().into_std(), whole, framer.is_partial());
        Ok(())
    }

    async fn write<S: AsyncWrite>(
        &self,
        writer: &mut WriteHalf<S>,
        queue: &mut Queue,
        sent: &AtomicBool,
    ) -> Ending {
        let mut batch = Vec::with_capacity(BATCH);
        let mut octets = Vec::new();
        loop {
            batch.clear();
            if queue.queue.recv_many(&mut batch, BATCH).await == 0 {
                return Ending::Done;
            }
            octets.clear();
            let mut own = 0;
            for message in &batch {
                octets.extend_from_slice(message);
                own += message.len() * usize::from(is_own(message));
            }
            let write = async {
                writer.write_all(&octets).await?;
                writer.flush().await
            };
            match tokio::time::timeout(self.limits.write_within, write).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return broken(&error),
                Err(_) => return Ending::Stuck,
            }
            self.counters.sent(octets.len());
            queue
                .octets
                .fetch_sub(octets.len() - own, Ordering::Relaxed);
            if octets.len() > own {
                sent.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// Pings and pongs go by the same queue, but count neither as traffic nor against its octets.
fn queue_own(own: &mpsc::WeakSender<Vec<u8>>, octets: &[u8]) {
    if let Some(queue) = own.upgrade() {
        // A full queue shows by itself that the connection is stuck.
        let _ = queue.try_send(octets.to_vec());
    }
}

fn is_own(message: &[u8]) -> bool {
    message == PING || message == PONG
}

fn broken(error: &std::io::Error) -> Ending {
    Ending::Broken(super::tls::in_words(error, true))
}
