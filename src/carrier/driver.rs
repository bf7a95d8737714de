//! The loop around a party: sockets, SIP timers, frames every 20 ms.

use crate::ear::Hears;
use crate::error::CarrierError;
use crate::lines::Lines;
use crate::sockets;
use carillon_sip::{Codec, Endpoint, EndpointConfig, Event};
use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// Grain of everything a party does.
const TICK: Duration = Duration::from_millis(10);
/// Length of a frame.
const FRAME: Duration = Duration::from_millis(20);
/// Further behind than this, frames are left out instead of sent in a burst.
const BEHIND_MAX: Duration = Duration::from_millis(100);
/// Datagrams taken from one socket before the other gets its turn.
const TURN: usize = 256;
/// Orders that may wait.
const ORDERS_MAX: usize = 256;

/// What a party acts on.
pub(crate) struct Io {
    pub(crate) sip: Endpoint,
    pub(crate) lines: Lines,
}

/// One side of the demo: all callees, or all phones.
pub(crate) trait Party: Send + 'static {
    /// What handles ask for.
    type Order: Send + 'static;

    /// Before anything else.
    fn start(&mut self, now: Instant, io: &mut Io);
    /// Something happened in signalling.
    fn event(&mut self, now: Instant, event: Event, io: &mut Io);
    /// Somebody asks for something.
    fn order(&mut self, now: Instant, order: Self::Order, io: &mut Io);
    /// Ten milliseconds have passed, or more.
    fn tick(&mut self, now: Instant, io: &mut Io);
    /// Shows figures if they changed.
    fn publish(&mut self, io: &Io);
    /// Was asked to stop, and has.
    fn is_over(&self, now: Instant, io: &Io) -> bool;
}

/// A party's way to the network.
pub(crate) struct Ground {
    pub(crate) sockets: crate::lines::Pair,
    pub(crate) config: EndpointConfig,
    pub(crate) codecs: Vec<Codec>,
    pub(crate) hears: Hears,
}

impl Ground {
    /// Binds SIP to `bind` and RTP to any port of the same address.
    pub(crate) fn bind(
        bind: SocketAddr,
        codecs: Vec<Codec>,
        hears: Hears,
    ) -> Result<Self, CarrierError> {
        let sip = sockets::udp("SIP", bind)?;
        let rtp = sockets::rtp(bind.ip())?;
        let config = EndpointConfig::new(sockets::address(&sip)?, sockets::entropy()?);
        Ok(Self {
            sockets: crate::lines::Pair { sip, rtp },
            config,
            codecs,
            hears,
        })
    }
}

/// Starts the thread of a party.
pub(crate) fn spawn<P: Party>(
    name: &'static str,
    party: P,
    ground: Ground,
) -> Result<(mpsc::Sender<P::Order>, JoinHandle<()>), CarrierError> {
    let start = |step| {
        move |e: std::io::Error| CarrierError::Start {
            step,
            cause: e.to_string(),
        }
    };
    let seed = u64::from_le_bytes(sockets::entropy()?);
    let rtp_address = sockets::address(&ground.sockets.rtp)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(start("a timer"))?;
    let (sip_socket, rtp_socket) = {
        let _inside = runtime.enter();
        let sip = UdpSocket::from_std(ground.sockets.sip).map_err(start("the SIP socket"))?;
        (
            sip,
            UdpSocket::from_std(ground.sockets.rtp).map_err(start("the RTP socket"))?,
        )
    };
    let io = Io {
        sip: Endpoint::new(ground.config),
        lines: Lines::new(rtp_address, ground.codecs, ground.hears, seed),
    };
    let (orders_to, orders) = mpsc::channel(ORDERS_MAX);
    let datagram = vec![0; 65_535];
    let mut driver = Driver {
        party,
        io,
        sip: sip_socket,
        rtp: rtp_socket,
        datagram,
    };
    let thread = std::thread::Builder::new().name(name.into());
    let body = move || runtime.block_on(driver.run(orders));
    let thread = thread.spawn(body).map_err(start("a thread"))?;
    Ok((orders_to, thread))
}

struct Driver<P> {
    party: P,
    io: Io,
    sip: UdpSocket,
    rtp: UdpSocket,
    datagram: Vec<u8>,
}

impl<P: Party> Driver<P> {
    async fn run(&mut self, mut orders: mpsc::Receiver<P::Order>) {
        let started = Instant::now();
        let (mut next_tick, mut next_frame) = (started, started);
        self.party.start(started, &mut self.io);
        loop {
            self.settle();
            if self.party.is_over(Instant::now(), &self.io) {
                return;
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(next_tick.into()) => {
                    let now = Instant::now();
                    self.io.sip.handle_timeout(now);
                    self.party.tick(now, &mut self.io);
                    next_frame = self.frames(now, next_frame);
                    next_tick = (next_tick + TICK).max(now);
                }
                order = orders.recv() => match order {
                    Some(order) => self.party.order(Instant::now(), order, &mut self.io),
                    // Nobody holds the handle any more.
                    None => return,
                },
                _ = self.sip.readable() => self.read_sip(),
                _ = self.rtp.readable() => self.read_rtp(),
            }
        }
    }

    /// Sends the frames that are due; answers when the next one is.
    fn frames(&mut self, now: Instant, mut next: Instant) -> Instant {
        if now.saturating_duration_since(next) > BEHIND_MAX {
            next = now;
        }
        while next <= now {
            self.io.lines.send_frames(&self.rtp);
            next += FRAME;
        }
        next
    }

    fn read_sip(&mut self) {
        for _ in 0..TURN {
            let Ok((length, from)) = self.sip.try_recv_from(&mut self.datagram) else {
                return;
            };
            self.io
                .sip
                .receive(Instant::now(), from, &self.datagram[..length]);
            self.settle();
        }
    }

    fn read_rtp(&mut self) {
        let mut datagram = [0; 2_048];
        for _ in 0..TURN {
            let Ok((length, from)) = self.rtp.try_recv_from(&mut datagram) else {
                return;
            };
            self.io
                .lines
                .receive(Instant::now(), from, &datagram[..length]);
        }
    }

    /// Lets the party act on what signalling says, until there is nothing more to say.
    fn settle(&mut self) {
        loop {
            while let Some(transmit) = self.io.sip.poll_transmit() {
                // What the system does not take is sent again.
                let _ = self.sip.try_send_to(&transmit.bytes, transmit.to.address);
            }
            let Some(event) = self.io.sip.poll_event() else {
                break;
            };
            self.party.event(Instant::now(), event, &mut self.io);
        }
        self.party.publish(&self.io);
    }
}
