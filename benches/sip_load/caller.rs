//! Calls at a fixed rate: INVITE, 180, 200, ACK, a moment, BYE, 200.

use crate::peers::{Counted, Peer};
use crate::{Load, heap, thread_cpu};
use carillon_sip::{
    Counters, Endpoint, EndpointConfig, Event, Invite, LegKey, MediaSpec, SessionDescription,
    SessionOptions,
};
use hdrhistogram::Histogram;
use std::collections::VecDeque;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// How long a call stands.
const TALK: Duration = Duration::from_millis(50);
/// Longest wait for the last calls to end.
const TAIL: Duration = Duration::from_secs(40);
/// Datagrams taken before anything else gets its turn.
const BATCH: usize = 64;

/// What one worker did.
struct Done {
    placed: u64,
    answered: u64,
    ended: u64,
    failed: u64,
    /// From INVITE to 200, µs.
    setup: Histogram<u64>,
    /// From its due instant to the INVITE, µs.
    late: Histogram<u64>,
    counters: Counters,
    cpu: Duration,
    /// CPU within the endpoint, by the clock around each batch of its work.
    sip: Duration,
    /// Octets on the heap per call at the end of the load, while transactions linger.
    held_per_call: f64,
}

/// Runs the part and prints its figures; true when no call failed and nothing was repeated.
pub fn run(load: &Load) -> Result<bool, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let peers: Vec<Peer> = (0..load.peers)
        .map(|n| Peer::start(n, "answer.xml", &[], folder.path()))
        .collect::<Result<_, _>>()?;
    let addresses: Vec<SocketAddr> = peers.iter().map(|p| p.address).collect();
    // They answer nothing before they have bound their ports.
    std::thread::sleep(Duration::from_secs(1));
    let workers: Vec<_> = (0..load.workers)
        .map(|n| {
            let (load, addresses) = (load.clone(), addresses.clone());
            std::thread::spawn(move || Worker::new(n, &load, addresses)?.run(&load))
        })
        .collect();
    let mut done = Vec::new();
    for worker in workers {
        done.push(worker.join().map_err(|_| "a worker panicked")??);
    }
    let counted = peers.into_iter().map(|p| p.finish(Duration::from_secs(10)));
    Ok(print(load, &done, &counted.collect::<Vec<_>>()))
}

fn print(load: &Load, done: &[Done], peers: &[Counted]) -> bool {
    let sum = |of: &dyn Fn(&Done) -> u64| done.iter().map(of).sum::<u64>();
    let (placed, ended) = (sum(&|d| d.placed), sum(&|d| d.ended));
    let (failed, repeated) = (
        sum(&|d| d.failed),
        sum(&|d| d.counters.retransmissions_sent),
    );
    let mut setup = Histogram::<u64>::new(3).expect("3 digits");
    let mut late = setup.clone();
    for each in done {
        let _ = setup.add(&each.setup);
        let _ = late.add(&each.late);
    }
    let per_call = |of: &dyn Fn(&Done) -> Duration| {
        let all: Duration = done.iter().map(of).sum();
        all.as_secs_f64() * 1e6 / placed.max(1) as f64
    };
    let held = done.iter().map(|d| d.held_per_call).sum::<f64>() / done.len().max(1) as f64;
    let theirs = |of: &dyn Fn(&Counted) -> u64| peers.iter().map(of).sum::<u64>();
    println!(
        "calls: {placed} placed in {} s by {} worker(s) against {} SIPp, {} answered, {ended} \
         ended, {failed} failed",
        load.length.as_secs(),
        load.workers,
        load.peers,
        sum(&|d| d.answered)
    );
    println!(
        "  retransmissions: {repeated} ours; SIPp: {} good, {} failed, {} repeated, {} unexpected",
        theirs(&|c| c.good),
        theirs(&|c| c.failed),
        theirs(&|c| c.repeated),
        theirs(&|c| c.unexpected)
    );
    println!(
        "  INVITE to 200: p50 {} µs, p99 {} µs, max {} µs; placed late by p99 {} µs",
        setup.value_at_quantile(0.5),
        setup.value_at_quantile(0.99),
        setup.max(),
        late.value_at_quantile(0.99)
    );
    println!(
        "  CPU a call: {:.1} µs SIP layer, {:.1} µs with sockets; held after its end: {held:.0} \
         octets",
        per_call(&|d| d.sip),
        per_call(&|d| d.cpu)
    );
    failed == 0 && ended == placed
}

struct Worker {
    number: u64,
    workers: u64,
    socket: UdpSocket,
    endpoint: Endpoint,
    peers: Vec<SocketAddr>,
    body: Vec<u8>,
    placed_at: Vec<(carillon_sip::CallKey, Instant)>,
    talking: VecDeque<(Instant, LegKey)>,
    drawn: u64,
    done: Done,
}

impl Worker {
    fn new(number: u16, load: &Load, peers: Vec<SocketAddr>) -> Result<Self, String> {
        let address = SocketAddr::from(([127, 0, 0, 1], 22_800 + number));
        let socket = UdpSocket::bind(address).map_err(|e| format!("{address}: {e}"))?;
        socket.set_nonblocking(true).map_err(|e| e.to_string())?;
        let shared = socket2::SockRef::from(&socket);
        let _ = shared.set_recv_buffer_size(8 << 20);
        let _ = shared.set_send_buffer_size(8 << 20);
        let mut config = EndpointConfig::new(address, [number as u8; 32]);
        config.limits.max_transactions = 2_000_000;
        config.limits.max_dialogs = 1_000_000;
        let media = SocketAddr::from(([127, 0, 0, 1], 30_000));
        let histogram = Histogram::<u64>::new(3).expect("3 digits");
        Ok(Self {
            number: number.into(),
            workers: load.workers.into(),
            socket,
            endpoint: Endpoint::new(config),
            peers,
            body: SessionDescription::offer(&MediaSpec::g711(media, 1)).to_bytes(),
            placed_at: Vec::new(),
            talking: VecDeque::new(),
            drawn: 0,
            done: Done {
                placed: 0,
                answered: 0,
                ended: 0,
                failed: 0,
                setup: histogram.clone(),
                late: histogram,
                counters: Counters::default(),
                cpu: Duration::ZERO,
                sip: Duration::ZERO,
                held_per_call: 0.0,
            },
        })
    }

    fn run(mut self, load: &Load) -> Result<Done, String> {
        let share = f64::from(load.rate) / f64::from(load.workers);
        let gap = Duration::from_secs_f64(1.0 / share);
        let total = (share * load.length.as_secs_f64()) as u64;
        let (before, cpu) = (heap::held(), thread_cpu());
        let start = Instant::now();
        let end = start + load.length + TAIL;
        let mut buffer = vec![0_u8; 65_535];
        while self.done.ended + self.done.failed < total && Instant::now() < end {
            let mut idle = true;
            let now = Instant::now();
            let due = ((now - start).as_secs_f64() * share) as u64;
            // A burst after a pause is no fair load: what is late is placed bit by bit.
            for _ in 0..8 {
                if self.done.placed >= due.min(total) {
                    break;
                }
                let wanted = start + gap.mul_f64(self.done.placed as f64);
                let _ = self.done.late.record((now - wanted).as_micros() as u64);
                self.place(now)?;
                idle = false;
            }
            idle &= !self.receive(&mut buffer);
            self.settle();
            if idle {
                std::thread::sleep(Duration::from_micros(200));
            }
            if self.done.placed == total && self.done.held_per_call == 0.0 && self.quiet() {
                let held = heap::held().saturating_sub(before) as f64;
                let lingering = self.endpoint.held().calls.max(1) as f64;
                self.done.held_per_call = held / self.workers as f64 / lingering;
            }
        }
        self.done.cpu = thread_cpu() - cpu;
        self.done.counters = self.endpoint.counters();
        Ok(self.done)
    }

    /// No call stands any more; only transactions linger.
    fn quiet(&self) -> bool {
        self.talking.is_empty() && self.placed_at.is_empty()
    }

    /// A Call-ID that hashes to this worker, as a socket in front of all workers would deal it.
    fn call_id(&mut self) -> String {
        loop {
            self.drawn += 1;
            let call_id = format!("load-{}-{}", self.number, self.drawn);
            let hasher = BuildHasherDefault::<DefaultHasher>::default();
            if hasher.hash_one(&call_id) % self.workers == self.number {
                return call_id;
            }
        }
    }

    fn place(&mut self, now: Instant) -> Result<(), String> {
        let peer = self.peers[(self.done.placed % self.peers.len() as u64) as usize];
        let number = 2_025_550_000 + self.done.placed % 10_000;
        let uri = format!("sip:+1{number}@{peer}");
        let invite = Invite {
            request_uri: uri.clone(),
            next_hop: peer.into(),
            from: "sip:+12025550199@127.0.0.1".to_owned(),
            display: String::new(),
            to: uri,
            contact_user: "load".to_owned(),
            body: self.body.clone(),
            headers: Vec::new(),
            credentials: None,
            session: SessionOptions::default(),
        };
        let call_id = self.call_id();
        let began = Instant::now();
        let key = self.endpoint.invite_as(now, invite, call_id);
        self.done.sip += began.elapsed();
        self.placed_at.push((key.map_err(|e| e.to_string())?, now));
        self.done.placed += 1;
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8]) -> bool {
        let mut any = false;
        for _ in 0..BATCH {
            let Ok((length, from)) = self.socket.recv_from(buffer) else {
                break;
            };
            any = true;
            let began = Instant::now();
            self.endpoint.receive(began, from, &buffer[..length]);
            self.done.sip += began.elapsed();
        }
        any
    }

    fn settle(&mut self) {
        let began = Instant::now();
        if self.endpoint.next_timeout().is_some_and(|at| at <= began) {
            self.endpoint.handle_timeout(began);
        }
        while let Some(&(at, leg)) = self.talking.front() {
            if at > began {
                break;
            }
            self.talking.pop_front();
            self.endpoint.bye(began, leg, None);
        }
        let mut events = Vec::new();
        while let Some(event) = self.endpoint.poll_event() {
            events.push(event);
        }
        let mut out = Vec::new();
        while let Some(transmit) = self.endpoint.poll_transmit() {
            out.push(transmit);
        }
        self.done.sip += began.elapsed();
        for event in events {
            self.on(began, event);
        }
        for transmit in out {
            while self
                .socket
                .send_to(&transmit.bytes, transmit.to.address)
                .is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock)
            {
                std::thread::yield_now();
            }
        }
    }

    fn on(&mut self, now: Instant, event: Event) {
        match event {
            Event::Answered { call, leg, .. } => {
                self.done.answered += 1;
                if let Some(at) = self.forget(call) {
                    let _ = self.done.setup.record((now - at).as_micros() as u64);
                }
                self.talking.push_back((now + TALK, leg));
            }
            Event::Ended { .. } => self.done.ended += 1,
            Event::Failed(failure) => {
                self.forget(failure.call);
                self.done.failed += 1;
            }
            _ => {}
        }
    }

    fn forget(&mut self, call: carillon_sip::CallKey) -> Option<Instant> {
        let at = self.placed_at.iter().position(|(key, _)| *key == call)?;
        Some(self.placed_at.swap_remove(at).1)
    }
}
