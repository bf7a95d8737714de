//! The phones of these tests, and how they wait.

use carillon_media::rtp::{Header, Packet};
use carillon_media::{Law, LegId, LegOptions, MediaEvent, Relay, RelayConfig, Remote};
use crossbeam_channel::Receiver;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Generous: a loaded machine is slow, a broken relay never answers.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Ports no other test of this run uses: each takes its own hundred, below those the system
/// gives to the phones.
pub fn start(hundred: u16, threads: usize) -> (Relay, Receiver<MediaEvent>) {
    let mut config = RelayConfig::new(LOOPBACK, Arc::new(Instant::now), 42);
    config.ports = 12_000 + hundred * 100..=12_099 + hundred * 100;
    config.threads = threads;
    Relay::start(config).unwrap()
}

/// A telephone: sends what it is told, keeps what it hears.
pub struct Phone {
    pub socket: UdpSocket,
    pub leg: LegId,
    pub relay_port: SocketAddr,
    pub law: Law,
    pub header: Header,
}

impl Phone {
    pub fn connect(relay: &Relay, law: Law, options: LegOptions) -> Self {
        let port = relay.open_leg(options).unwrap();
        let phone = Self::bare(port.leg, port.address, law, 0x1000);
        let remote = Remote::new(phone.address(), law);
        relay.set_remote(port.leg, remote).unwrap();
        // An answer says that its thread knows the far end; another thread's bridge may need it.
        relay.stats(port.leg).unwrap();
        phone
    }

    pub fn bare(leg: LegId, relay_port: SocketAddr, law: Law, ssrc: u32) -> Self {
        let socket = UdpSocket::bind((LOOPBACK, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let payload_type = law.static_payload_type();
        let header = Header {
            marker: false,
            payload_type,
            sequence: 7,
            timestamp: 70,
            ssrc,
        };
        Self {
            socket,
            leg,
            relay_port,
            law,
            header,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub fn send(&mut self, samples: &[i16]) {
        for frame in samples.chunks(160) {
            let mut payload = vec![0; frame.len()];
            self.law.encode_into(frame, &mut payload);
            self.socket
                .send_to(&self.header.packet(&payload), self.relay_port)
                .unwrap();
            self.header.sequence = self.header.sequence.wrapping_add(1);
            self.header.timestamp = self.header.timestamp.wrapping_add(160);
        }
    }

    pub fn send_event(&mut self, timestamp: u32, payload: [u8; 4]) {
        let header = Header {
            payload_type: 101,
            timestamp,
            ..self.header
        };
        self.socket
            .send_to(&header.packet(&payload), self.relay_port)
            .unwrap();
        self.header.sequence = self.header.sequence.wrapping_add(1);
    }

    /// Says that it is silent, how that sounds, and for how long it will be.
    pub fn send_noise(&mut self, payload: &[u8], lasts_ms: u32) {
        let header = Header {
            payload_type: 13,
            ..self.header
        };
        self.socket
            .send_to(&header.packet(payload), self.relay_port)
            .unwrap();
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.header.timestamp = self.header.timestamp.wrapping_add(lasts_ms * 8);
    }

    pub fn hear(&self) -> (Header, Vec<u8>) {
        let mut buffer = [0; 2048];
        let (length, from) = self
            .socket
            .recv_from(&mut buffer)
            .expect("a packet in time");
        assert_eq!(
            from, self.relay_port,
            "packets come from the port in the SDP"
        );
        let packet = Packet::parse(&buffer[..length]).unwrap();
        (packet.header, packet.payload.to_vec())
    }

    /// What has arrived; for a socket that does not wait.
    pub fn heard_so_far(&self) -> Vec<(Header, Vec<u8>)> {
        let mut buffer = [0; 2048];
        std::iter::from_fn(|| {
            let (length, from) = self.socket.recv_from(&mut buffer).ok()?;
            assert_eq!(from, self.relay_port);
            let packet = Packet::parse(&buffer[..length]).unwrap();
            Some((packet.header, packet.payload.to_vec()))
        })
        .collect()
    }

    pub fn hear_audio(&self, packets: usize) -> Vec<i16> {
        let mut samples = Vec::new();
        for _ in 0..packets {
            let (header, payload) = self.hear();
            assert_eq!(header.payload_type, self.law.static_payload_type());
            samples.extend(payload.iter().map(|code| self.law.decode(*code)));
        }
        samples
    }
}

pub fn wait_for<T>(
    events: &Receiver<MediaEvent>,
    mut wanted: impl FnMut(&MediaEvent) -> Option<T>,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let event = events.recv_deadline(deadline).expect("the event in time");
        if let Some(found) = wanted(&event) {
            return found;
        }
    }
}

pub fn wait_until(mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "not in time");
        std::thread::yield_now();
    }
}

pub fn first_packet(events: &Receiver<MediaEvent>, leg: LegId) -> SocketAddr {
    wait_for(events, |event| match event {
        MediaEvent::FirstPacket { leg: of, source } if *of == leg => Some(*source),
        _ => None,
    })
}
