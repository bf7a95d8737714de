//! The phones: sockets that send on the dot, and note what comes and when.

use hdrhistogram::Histogram;
use nix::cmsg_space;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use std::io::IoSliceMut;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const PACKET: usize = 12 + 160;
const FRAME: Duration = Duration::from_millis(20);
/// Packets are spread over the frame in steps of this length.
const STEP: Duration = Duration::from_millis(1);
/// After the header: whether the packet counts, and when it was sent.
const MARK: usize = 12;
const STAMP: usize = 13;

/// Sockets not yet in use.
#[derive(Default)]
pub struct Phones {
    phones: Vec<Phone>,
}

struct Phone {
    socket: UdpSocket,
    relay: SocketAddr,
    packet: [u8; PACKET],
    sequence: u16,
}

/// Phones that send and receive.
pub struct Traffic {
    measuring: Arc<AtomicBool>,
    stop_sending: Arc<AtomicBool>,
    stop_hearing: Arc<AtomicBool>,
    heard_so_far: Arc<AtomicU64>,
    sender: JoinHandle<(u64, u64)>,
    listener: JoinHandle<(u64, Histogram<u64>)>,
    relay_ports: Vec<u16>,
    phone_ports: Vec<u16>,
}

/// What they noted.
pub struct Measured {
    pub sent: u64,
    pub heard: u64,
    pub delay: Histogram<u64>,
    pub latest_tick_ms: u64,
    pub relay_ports: Vec<u16>,
    pub phone_ports: Vec<u16>,
}

impl Phones {
    /// Adds a phone that sends to `relay`; gives its address.
    pub fn add(&mut self, relay: SocketAddr) -> SocketAddr {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        socket.set_nonblocking(true).expect("a socket");
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true).expect("timestamps");
        let address = socket.local_addr().expect("bound");
        let mut packet = [0x55; PACKET];
        packet[..2].copy_from_slice(&[0x80, 0]);
        packet[8..12].copy_from_slice(&(self.phones.len() as u32).to_be_bytes());
        self.phones.push(Phone {
            socket,
            relay,
            packet,
            sequence: 0,
        });
        address
    }

    /// Starts sending and receiving, each on a thread of its own.
    pub fn start(self) -> Traffic {
        let flag = || Arc::new(AtomicBool::new(false));
        let (measuring, stop_sending, stop_hearing) = (flag(), flag(), flag());
        let relay_ports = self.phones.iter().map(|p| p.relay.port()).collect();
        let port = |p: &Phone| p.socket.local_addr().expect("bound").port();
        let phone_ports = self.phones.iter().map(port).collect();
        let ears: Vec<UdpSocket> = self
            .phones
            .iter()
            .map(|phone| phone.socket.try_clone().expect("a file handle"))
            .collect();
        let (measures, stops) = (Arc::clone(&measuring), Arc::clone(&stop_sending));
        let sender = std::thread::spawn(move || send(self.phones, &measures, &stops));
        let heard_so_far = Arc::new(AtomicU64::new(0));
        let (stops, heard) = (Arc::clone(&stop_hearing), Arc::clone(&heard_so_far));
        let listener = std::thread::spawn(move || listen(&ears, &stops, &heard));
        Traffic {
            measuring,
            stop_sending,
            stop_hearing,
            heard_so_far,
            sender,
            listener,
            relay_ports,
            phone_ports,
        }
    }
}

impl Traffic {
    /// From now on packets count, or no longer do.
    pub fn measure(&self, on: bool) {
        self.measuring.store(on, Ordering::Relaxed);
    }

    /// Stops, and gives what was noted.
    pub fn finish(self) -> Measured {
        self.stop_sending.store(true, Ordering::Relaxed);
        let (sent, latest_tick_ms) = self.sender.join().expect("the sender lives");
        wait_for_stragglers(&self.heard_so_far);
        self.stop_hearing.store(true, Ordering::Relaxed);
        let (heard, delay) = self.listener.join().expect("the listener lives");
        Measured {
            sent,
            heard,
            delay,
            latest_tick_ms,
            relay_ports: self.relay_ports,
            phone_ports: self.phone_ports,
        }
    }
}

/// Until nothing has come for a second, or ten have passed.
fn wait_for_stragglers(heard_so_far: &AtomicU64) {
    let mut before = u64::MAX;
    for _ in 0..10 {
        let heard = heard_so_far.load(Ordering::Relaxed);
        if heard == before {
            return;
        }
        before = heard;
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn since_epoch_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}

/// Sends for all phones; gives the packets that counted, and the longest a step was late (ms).
fn send(mut phones: Vec<Phone>, measuring: &AtomicBool, stop: &AtomicBool) -> (u64, u64) {
    let steps = (FRAME.as_millis() / STEP.as_millis()) as usize;
    let (mut sent, mut latest) = (0, 0);
    let mut due = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        for step in 0..steps {
            let counts = measuring.load(Ordering::Relaxed);
            for phone in phones.iter_mut().skip(step).step_by(steps) {
                sent += u64::from(phone.send(counts) && counts);
            }
            due += STEP;
            let now = Instant::now();
            if counts {
                latest = latest.max(now.saturating_duration_since(due).as_millis() as u64);
            }
            std::thread::sleep(due.saturating_duration_since(now));
        }
    }
    (sent, latest)
}

impl Phone {
    fn send(&mut self, counts: bool) -> bool {
        self.sequence = self.sequence.wrapping_add(1);
        let timestamp = u32::from(self.sequence).wrapping_mul(160);
        self.packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        self.packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
        self.packet[MARK] = u8::from(counts);
        self.packet[STAMP..STAMP + 8].copy_from_slice(&since_epoch_ns().to_be_bytes());
        self.socket.send_to(&self.packet, self.relay).is_ok()
    }
}

/// Receives for all phones; gives the packets that counted and their delays in nanoseconds.
fn listen(ears: &[UdpSocket], stop: &AtomicBool, so_far: &AtomicU64) -> (u64, Histogram<u64>) {
    let epoll = Epoll::new(EpollCreateFlags::empty()).expect("a poll handle");
    for (index, socket) in ears.iter().enumerate() {
        let event = EpollEvent::new(EpollFlags::EPOLLIN, index as u64);
        epoll.add(socket, event).expect("a socket");
    }
    let mut delays = Histogram::new_with_bounds(1_000, 60_000_000_000, 3).expect("bounds");
    let mut heard = 0;
    let mut ready = vec![EpollEvent::empty(); 1_024];
    while !stop.load(Ordering::Relaxed) {
        let count = epoll
            .wait(&mut ready, EpollTimeout::from(50u8))
            .unwrap_or(0);
        for event in &ready[..count] {
            if let Some((sent_ns, heard_ns)) = receive(&ears[event.data() as usize]) {
                heard += 1;
                delays.saturating_record(heard_ns.saturating_sub(sent_ns).max(1_000));
            }
        }
        so_far.store(heard, Ordering::Relaxed);
        // The kernel has noted when packets came: many at a time cost us less.
        std::thread::sleep(Duration::from_millis(4));
    }
    (heard, delays)
}

/// When a packet was sent and when it came, if it counts.
fn receive(socket: &UdpSocket) -> Option<(u64, u64)> {
    let mut packet = [0; 512];
    let mut space = cmsg_space!(TimeSpec);
    let mut buffers = [IoSliceMut::new(&mut packet)];
    let message = recvmsg::<()>(
        socket.as_raw_fd(),
        &mut buffers,
        Some(&mut space),
        MsgFlags::empty(),
    )
    .ok()?;
    let at = message.cmsgs().ok()?.find_map(|control| match control {
        ControlMessageOwned::ScmTimestampns(at) => Some(at),
        _ => None,
    })?;
    let heard_ns = at.tv_sec() as u64 * 1_000_000_000 + at.tv_nsec() as u64;
    let length = message.bytes;
    let whole = length == PACKET && packet[MARK] == 1;
    let stamp = packet[STAMP..STAMP + 8].try_into().ok()?;
    whole.then_some((u64::from_be_bytes(stamp), heard_ns))
}
