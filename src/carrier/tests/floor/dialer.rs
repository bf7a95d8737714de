//! A dialer made of the parts: an endpoint on a socket, and the relay.

use carillon_media::{LegOptions, LegPort, MediaEvent, Relay, RelayConfig, Remote};
use carillon_sip::{
    CallKey, Codec, Endpoint, EndpointConfig, Event, IncomingCall, Invite, LegKey, MediaSpec, Peer,
    RegistrarConfig, SessionDescription,
};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;

/// Longer than anything here takes on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Dialer {
    pub sip: Endpoint,
    socket: UdpSocket,
    pub relay: Relay,
    media: crossbeam_channel::Receiver<MediaEvent>,
    codec: Codec,
}

impl Dialer {
    pub async fn new(codec: Codec, registrar: Option<RegistrarConfig>, may_call: &str) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut config = EndpointConfig::new(socket.local_addr().unwrap(), [7; 32]);
        config.registrar = registrar;
        config.policy = config.policy.allow_user_call(may_call);
        let mut relay = RelayConfig::new(Ipv4Addr::LOCALHOST.into(), Arc::new(Instant::now), 1);
        relay.ports = 30_000..=49_998;
        let (relay, media) = Relay::start(relay).unwrap();
        Self {
            sip: Endpoint::new(config),
            socket,
            relay,
            media,
            codec,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    fn spec(&self, port: LegPort) -> MediaSpec {
        MediaSpec {
            codecs: vec![self.codec],
            ..MediaSpec::g711(port.address, 1)
        }
    }

    pub async fn call(&mut self, uri: &str, next_hop: impl Into<Peer>) -> (CallKey, LegPort) {
        let port = self.relay.open_leg(LegOptions::default()).unwrap();
        let invite = Invite {
            request_uri: uri.to_owned(),
            next_hop: next_hop.into(),
            from: "sip:+12125550199@dialer.example".into(),
            display: String::new(),
            to: uri.to_owned(),
            contact_user: String::new(),
            body: SessionDescription::offer(&self.spec(port)).to_bytes(),
            headers: Vec::new(),
            credentials: None,
            session: Default::default(),
        };
        let key = self.sip.invite(Instant::now(), invite).unwrap();
        self.flush().await;
        (key, port)
    }

    pub async fn dial(&mut self, carrier: SocketAddr) -> (CallKey, LegPort) {
        self.call("sip:+12125550100@carrier.example", carrier).await
    }

    /// Answers a call that came in.
    pub async fn pick_up(&mut self, call: &IncomingCall) -> LegPort {
        let port = self.relay.open_leg(LegOptions::default()).unwrap();
        let offer = call.sdp.as_ref().unwrap();
        let answer = SessionDescription::answer(offer, &self.spec(port)).unwrap();
        self.sip
            .answer(Instant::now(), call.leg, &answer.to_bytes())
            .unwrap();
        self.hear(port, offer);
        self.flush().await;
        port
    }

    pub fn hear(&self, port: LegPort, sdp: &SessionDescription) {
        let audio = sdp.audio().unwrap();
        let law = match self.codec {
            Codec::Pcma => carillon_media::Law::Pcma,
            _ => carillon_media::Law::Pcmu,
        };
        self.relay
            .set_remote(port.leg, Remote::new(audio.remote.unwrap(), law))
            .unwrap();
        self.relay.fill_silence(port.leg, true).unwrap();
    }

    pub async fn bye(&mut self, leg: LegKey) {
        self.sip.bye(Instant::now(), leg, None);
        self.flush().await;
    }

    pub async fn cancel(&mut self, call: CallKey) {
        self.sip.cancel(Instant::now(), call, None);
        self.flush().await;
    }

    async fn flush(&mut self) {
        while let Some(transmit) = self.sip.poll_transmit() {
            self.socket
                .send_to(&transmit.bytes, transmit.to.address)
                .await
                .unwrap();
        }
    }

    /// The first event that gives something.
    pub async fn until<T>(&mut self, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        let give_up = Instant::now() + PATIENCE;
        let mut datagram = vec![0; 65_535];
        loop {
            self.flush().await;
            while let Some(event) = self.sip.poll_event() {
                if let Some(found) = wanted(&event) {
                    self.flush().await;
                    return found;
                }
            }
            assert!(Instant::now() < give_up, "the event never came");
            let wake = self
                .sip
                .next_timeout()
                .map_or(give_up, |at| at.min(give_up));
            tokio::select! {
                received = self.socket.recv_from(&mut datagram) => {
                    let (length, from) = received.unwrap();
                    self.sip.receive(Instant::now(), from, &datagram[..length]);
                }
                () = tokio::time::sleep_until(wake.into()) => self.sip.handle_timeout(Instant::now()),
            }
        }
    }

    pub async fn answered(&mut self, port: LegPort) -> LegKey {
        let (leg, sdp) = self
            .until(|event| match event {
                Event::Answered { leg, sdp, .. } => Some((*leg, sdp.clone())),
                Event::Failed(failure) => panic!("{failure:?}"),
                _ => None,
            })
            .await;
        self.hear(port, &sdp);
        leg
    }

    pub async fn failed(&mut self) -> u16 {
        self.until(|event| match event {
            Event::Failed(failure) => Some(failure.code),
            _ => None,
        })
        .await
    }

    /// The first event of the relay that gives something.
    pub async fn media_until<T: Send + 'static>(
        &self,
        mut wanted: impl FnMut(&MediaEvent) -> Option<T> + Send + 'static,
    ) -> T {
        let media = self.media.clone();
        let listen = move || loop {
            let event = media.recv_timeout(PATIENCE).unwrap();
            if let Some(found) = wanted(&event) {
                return found;
            }
        };
        tokio::task::spawn_blocking(listen).await.unwrap()
    }

    /// Waits until the level at a frequency on a leg is that of a test tone.
    pub async fn hear_tone(&self, port: LegPort, hz: f32, level_db: f32) {
        let relay = self.relay.clone();
        relay.meter(port.leg, &[hz]).unwrap();
        let listen = move || {
            let give_up = Instant::now() + PATIENCE;
            loop {
                let levels = relay.levels(port.leg).unwrap();
                if levels
                    .tones
                    .first()
                    .is_some_and(|(_, db)| (db - level_db).abs() < 1.0)
                {
                    return;
                }
                assert!(Instant::now() < give_up, "{levels:?}");
                std::thread::yield_now();
            }
        };
        tokio::task::spawn_blocking(listen).await.unwrap();
    }
}
