//! A far end: SIP endpoint and RTP relay on loopback, driven by the test. It plays carrier and
//! agents' phones alike.

mod audio;
mod tape;

pub use tape::{Way, foreign_ms};

use super::PATIENCE;
use carillon_media::{
    Clock, LegId, LegOptions, LegPort, PlayOptions, Prompt, Relay, RelayConfig, Remote, Repeat,
    tone,
};
use carillon_sip::{
    Credentials, Endpoint, EndpointConfig, Event, IncomingCall, Invite, LegKey, MediaSpec, Network,
    Register, RegistrarConfig, Secret, SessionDescription, User,
};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How loud a far end speaks, dB re full-scale sine.
pub const VOICE_DB: f32 = -16.0;
/// How often the thread looks whether the test wants something.
const TURN: Duration = Duration::from_millis(5);

/// The far end lives in real time, as the node does.
#[allow(clippy::disallowed_methods, reason = "a flow test runs in real time")]
pub fn instant() -> Instant {
    Instant::now()
}

/// A far end.
pub struct Peer {
    /// Where it takes SIP.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    events: Receiver<Event>,
    relay: Relay,
    /// Knows no key presses in packets of their own.
    tones_only: bool,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    socket: UdpSocket,
    endpoint: Mutex<Endpoint>,
    ended: AtomicBool,
    /// Hears nothing and says nothing while set: a carrier that has gone silent.
    deaf: AtomicBool,
    /// The last 200 to an INVITE that was sent, and to whom.
    answer: Mutex<Option<(SocketAddr, String)>>,
}

/// A call the peer answered or placed: its dialog and its audio.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    pub leg: LegKey,
    pub audio: LegId,
}

impl Peer {
    /// A far end on a free port. `tag` keeps the random parts of several apart.
    pub fn start(tag: u8) -> Self {
        Self::start_as(tag, |_| {})
    }

    /// The same with phones that know no telephone-event: keys are tones in their audio.
    pub fn without_key_events(tag: u8) -> Self {
        let mut peer = Self::start(tag);
        peer.tones_only = true;
        peer
    }

    /// The same as a registrar that knows one user.
    pub fn registrar(tag: u8, user: &str, password: &str) -> Self {
        let user = User {
            name: user.to_owned(),
            secret: Secret::Password(password.to_owned()),
        };
        Self::start_as(tag, |config| {
            config.registrar = Some(RegistrarConfig::new("carrier", vec![user]));
        })
    }

    fn start_as(tag: u8, adjust: impl FnOnce(&mut EndpointConfig)) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
        socket
            .set_read_timeout(Some(TURN))
            .expect("a socket takes a timeout");
        let address = socket.local_addr().expect("a bound socket has an address");
        let mut config = EndpointConfig::new(address, [tag; 32]);
        config.policy = config
            .policy
            .allow_source(Network::host(Ipv4Addr::LOCALHOST.into()));
        adjust(&mut config);
        let clock: Clock = Arc::new(instant);
        let mut audio = RelayConfig::new(Ipv4Addr::LOCALHOST.into(), clock, u64::from(tag));
        audio.ports = 41_000..=44_999;
        let (relay, _) = Relay::start(audio).expect("the relay starts");
        let shared = Arc::new(Shared {
            socket,
            endpoint: Mutex::new(Endpoint::new(config)),
            ended: AtomicBool::new(false),
            deaf: AtomicBool::new(false),
            answer: Mutex::new(None),
        });
        let (tell, events) = channel();
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || of_thread.run(&tell));
        Self {
            address,
            shared,
            events,
            relay,
            tones_only: false,
            thread: Some(thread),
        }
    }

    /// Does something with the endpoint, and sends what it wants to send.
    pub fn with<T>(&self, act: impl FnOnce(&mut Endpoint, Instant) -> T) -> T {
        let mut endpoint = self
            .shared
            .endpoint
            .lock()
            .expect("no test panics while it holds the endpoint");
        let done = act(&mut endpoint, instant());
        self.shared.send(&mut endpoint);
        done
    }

    /// Stops hearing and speaking, or starts again.
    pub fn deafen(&self, deaf: bool) {
        self.shared.deaf.store(deaf, Ordering::Relaxed);
    }

    /// Waits for an event that `pick` takes; others are passed over.
    pub fn wait<T>(&self, what: &str, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        let until = instant() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(instant());
            match self.events.recv_timeout(left) {
                Ok(event) => {
                    if let Some(found) = pick(event) {
                        return found;
                    }
                }
                Err(_) => panic!("the far end never saw {what}"),
            }
        }
    }

    /// Waits for a call to this user part.
    pub fn called(&self, user: &str) -> IncomingCall {
        self.wait(&format!("a call to {user}"), |event| match event {
            Event::Incoming(call) if call.to_user == user => Some(*call),
            _ => None,
        })
    }

    /// Waits for a call to anyone's number.
    pub fn called_any(&self) -> IncomingCall {
        self.wait("a call to a number", |event| match event {
            Event::Incoming(call) if call.to_user.starts_with('+') => Some(*call),
            _ => None,
        })
    }

    /// Waits for the end of a leg.
    pub fn ended(&self, leg: LegKey) {
        self.wait("the end of the leg", |event| match event {
            Event::Ended { leg: ended, .. } if ended == leg => Some(()),
            _ => None,
        });
    }

    pub fn ring(&self, call: &IncomingCall) {
        self.with(|e, now| e.ring(now, call.leg, 180, None))
            .expect("it still rings");
    }

    pub fn reject(&self, call: &IncomingCall, code: u16) {
        self.with(|e, now| e.reject(now, call.leg, code, "", &[]))
            .expect("it is not answered yet");
    }

    pub fn hang_up(&self, line: Line) {
        self.with(|e, now| e.bye(now, line.leg, None));
    }

    /// Answers a call and speaks a steady tone into it; 0 stays silent.
    pub fn answer(&self, call: &IncomingCall, hz: f32) -> Line {
        let port = self.open(hz);
        let offer = call.sdp.as_ref().expect("the node offers audio");
        self.point(port.leg, offer);
        let answer =
            SessionDescription::answer(offer, &self.spec(port.address)).expect("G.711 is offered");
        self.with(|e, now| e.answer(now, call.leg, &answer.to_bytes()))
            .expect("it still rings");
        Line {
            leg: call.leg,
            audio: port.leg,
        }
    }

    /// Answers a call with 183 and plays these samples over and over before any answer.
    pub fn early(&self, call: &IncomingCall, samples: Vec<i16>) -> Line {
        let port = self.open(0.0);
        let offer = call.sdp.as_ref().expect("the node offers audio");
        self.point(port.leg, offer);
        let answer = SessionDescription::answer(offer, &MediaSpec::g711(port.address, 1))
            .expect("G.711 is offered");
        self.with(|e, now| e.ring(now, call.leg, 183, Some(&answer.to_bytes())))
            .expect("it is not answered yet");
        let forever = PlayOptions {
            repeat: Repeat::Forever,
            tag: 0,
        };
        self.relay
            .play(port.leg, &Prompt::from_samples(samples), forever)
            .expect("the leg is open");
        Line {
            leg: call.leg,
            audio: port.leg,
        }
    }

    /// Calls the node and waits for the answer.
    pub fn call(
        &self,
        node: SocketAddr,
        to: &str,
        from: &str,
        hz: f32,
        login: Option<(&str, &str)>,
    ) -> Line {
        let port = self.open(hz);
        let key = self.place(node, to, from, port.address, login);
        let (leg, sdp) = self.wait(&format!("an answer from {to}"), |event| match event {
            Event::Answered { call, leg, sdp, .. } if call == key => Some((leg, sdp)),
            Event::Failed(failure) if failure.call == key => {
                panic!("{to} was refused: {failure:?}")
            }
            _ => None,
        });
        self.point(port.leg, &sdp);
        Line {
            leg,
            audio: port.leg,
        }
    }

    /// Calls the node and waits for the refusal.
    pub fn refused(
        &self,
        node: SocketAddr,
        to: &str,
        from: &str,
        login: Option<(&str, &str)>,
    ) -> u16 {
        let port = self.open(0.0);
        let key = self.place(node, to, from, port.address, login);
        self.wait(&format!("a refusal of {to}"), |event| match event {
            Event::Failed(failure) if failure.call == key => Some(failure.code),
            Event::Answered { call, .. } if call == key => panic!("{to} was answered"),
            _ => None,
        })
    }

    fn place(
        &self,
        node: SocketAddr,
        to: &str,
        from: &str,
        audio: SocketAddr,
        login: Option<(&str, &str)>,
    ) -> carillon_sip::CallKey {
        let uri = format!("sip:{to}@{node}");
        let invite = Invite {
            request_uri: uri.clone(),
            next_hop: node.into(),
            from: format!("sip:{from}@{node}"),
            display: String::new(),
            to: uri,
            contact_user: from.to_owned(),
            body: SessionDescription::offer(&self.spec(audio)).to_bytes(),
            headers: Vec::new(),
            credentials: login.map(credentials),
            session: Default::default(),
        };
        self.with(|e, now| e.invite(now, invite))
            .expect("the far end can call")
    }

    /// Registers a phone with the node and waits until it stands.
    pub fn register(&self, node: SocketAddr, user: &str, password: &str) {
        let register = Register {
            registrar: format!("sip:{node}"),
            aor: format!("sip:{user}@{node}"),
            contact_user: user.to_owned(),
            expires: Duration::from_secs(300),
            credentials: Some(credentials((user, password))),
            next_hop: node.into(),
        };
        let key = self
            .with(|e, now| e.register(now, register))
            .expect("the far end can register");
        self.wait("its registration", |event| match event {
            Event::Registered { key: k, .. } if k == key => Some(()),
            Event::RegistrationFailed { key: k, code, .. } if k == key => {
                panic!("registration refused: {code}")
            }
            _ => None,
        });
    }

    fn spec(&self, audio: SocketAddr) -> MediaSpec {
        let spec = MediaSpec::g711(audio, 1);
        MediaSpec {
            telephone_event: spec.telephone_event.filter(|_| !self.tones_only),
            ..spec
        }
    }

    fn open(&self, hz: f32) -> LegPort {
        let options = LegOptions {
            silent_after: None,
            ..LegOptions::default()
        };
        let port = self.relay.open_leg(options).expect("a free RTP port");
        self.relay
            .meter(port.leg, &[440.0, 1_000.0])
            .expect("the leg is open");
        self.relay
            .fill_silence(port.leg, true)
            .expect("the leg is open");
        if hz > 0.0 {
            let voice = Prompt::from_samples(tone::sine(hz, VOICE_DB, 1_000));
            let forever = PlayOptions {
                repeat: Repeat::Forever,
                tag: 0,
            };
            self.relay
                .play(port.leg, &voice, forever)
                .expect("the leg is open");
        }
        port
    }

    fn point(&self, leg: LegId, sdp: &SessionDescription) {
        let audio = sdp.audio().expect("the node speaks G.711");
        let law = match audio.codecs[0] {
            carillon_sip::Codec::Pcma => carillon_media::Law::Pcma,
            _ => carillon_media::Law::Pcmu,
        };
        let mut remote = Remote::new(audio.remote.expect("the node has an address"), law);
        remote.dtmf_payload_type = audio.telephone_event.filter(|_| !self.tones_only);
        self.relay.set_remote(leg, remote).expect("the leg is open");
    }

    /// A second phone behind the carrier answers the call answered last: the same 200 with
    /// another tag, as a forking proxy passes it on (RFC 3261 §13.2.2.4).
    pub fn answer_again(&self) {
        let answer = self.shared.answer.lock().expect("nothing panics here");
        let (to, text) = answer.as_ref().expect("a call was answered");
        let line = text
            .lines()
            .find(|l| l.starts_with("To:"))
            .expect("a response has To");
        let forked = text.replacen(line, &format!("{line}-fork"), 1);
        let sent = self.shared.socket.send_to(forked.as_bytes(), to);
        sent.expect("loopback takes a datagram");
    }

    /// Everything that happened and was not waited for.
    pub fn seen_so_far(&self) -> Vec<Event> {
        self.events.try_iter().collect()
    }
}

fn credentials((username, password): (&str, &str)) -> Credentials {
    Credentials {
        username: username.to_owned(),
        password: password.to_owned(),
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.relay.stop();
    }
}

impl Shared {
    fn run(&self, tell: &Sender<Event>) {
        let mut buffer = vec![0; 65_536];
        while !self.ended.load(Ordering::Relaxed) {
            let received = self.socket.recv_from(&mut buffer);
            let Ok(mut endpoint) = self.endpoint.lock() else {
                return;
            };
            let now = instant();
            if let Ok((length, from)) = received
                && !self.deaf.load(Ordering::Relaxed)
                && !self.is_for_second_phone(&buffer[..length], from)
            {
                endpoint.receive(now, from, &buffer[..length]);
            }
            if endpoint.next_timeout().is_some_and(|at| at <= now) {
                endpoint.handle_timeout(now);
            }
            loop {
                self.send(&mut endpoint);
                match endpoint.poll_event() {
                    // The test may have seen enough.
                    Some(event) => drop(tell.send(event)),
                    None => break,
                }
            }
        }
    }

    /// The phone of [`Peer::answer_again`]: takes every request of its dialog, and answers an
    /// offer with what it said first.
    fn is_for_second_phone(&self, bytes: &[u8], from: SocketAddr) -> bool {
        let text = String::from_utf8_lossy(bytes);
        let head = text.split("\r\n\r\n").next().unwrap_or("");
        let to = head.lines().find(|l| l.starts_with("To:"));
        if text.starts_with("SIP/2.0") || !to.is_some_and(|l| l.ends_with("-fork")) {
            return false;
        }
        if text.starts_with("ACK") {
            return true;
        }
        let first = self.answer.lock().expect("nothing panics here").clone();
        let (_, first) = first.expect("a call was answered");
        let copied = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
        let mut lines: Vec<&str> = vec!["SIP/2.0 200 OK"];
        lines.extend(
            head.lines()
                .filter(|l| copied.iter().any(|name| l.starts_with(name))),
        );
        let mut body = "";
        if text.starts_with("INVITE") || text.starts_with("UPDATE") {
            let (head, sdp) = first.split_once("\r\n\r\n").expect("a whole message");
            lines.extend(
                head.lines()
                    .filter(|l| l.starts_with("Contact:") || l.starts_with("Content-Type:")),
            );
            body = sdp;
        }
        let answer = format!(
            "{}\r\nContent-Length: {}\r\n\r\n{body}",
            lines.join("\r\n"),
            body.len()
        );
        let _ = self.socket.send_to(answer.as_bytes(), from);
        true
    }

    fn send(&self, endpoint: &mut Endpoint) {
        while let Some(transmit) = endpoint.poll_transmit() {
            let text = String::from_utf8_lossy(&transmit.bytes);
            if text.starts_with("SIP/2.0 200") && text.contains(" INVITE\r\n") {
                let answer = (transmit.to.address, text.into_owned());
                *self.answer.lock().expect("nothing panics here") = Some(answer);
            }
            if !self.deaf.load(Ordering::Relaxed) {
                let _ = self.socket.send_to(&transmit.bytes, transmit.to.address);
            }
        }
    }
}
