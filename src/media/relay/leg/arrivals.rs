//! What arrives on a leg: judged, opened, and passed to whoever listens.

use std::net::SocketAddr;
use std::time::Instant;

use super::super::outgoing::MAX_PAYLOAD;
use super::super::reception::Admission;
use super::{Events, Leg, MediaEvent, Remote, edge, outgoing};
use crate::g711::Law;
use crate::rtcp;
use crate::rtp::{self, Header, Packet};

/// What a payload type means on this leg.
enum Kind {
    Audio(Law),
    /// In the leg's codec, which is not G.711.
    Coded,
    Event,
    ComfortNoise,
}

impl Leg {
    /// Takes a datagram that arrived on the leg's port.
    pub fn receive(
        &mut self,
        now: Instant,
        datagram: &mut [u8],
        source: SocketAddr,
        scratch: &mut [i16],
        events: Events,
    ) {
        let Some(remote) = self.remote else {
            self.counts.strangers += 1;
            return;
        };
        if rtcp::is_rtcp(datagram) {
            return self.receive_control(now, datagram, source, true, events);
        }
        // Before anyone looks at it: what is not authentic is nobody's.
        let Some(datagram) = self.open(datagram) else {
            return;
        };
        let packet = Packet::parse(datagram)
            .ok()
            .filter(|p| p.payload.len() <= MAX_PAYLOAD);
        let kind = packet.and_then(|p| Some((p, kind_of(&remote, p.header.payload_type)?)));
        let Some((packet, kind)) = kind else {
            self.counts.invalid += 1;
            return;
        };
        match self.lock.admit(now, source, &packet.header) {
            Admission::Known => {}
            Admission::Probation => return,
            Admission::Stranger => {
                self.counts.strangers += 1;
                return;
            }
            Admission::Locked => {
                self.aim();
                self.generator.refresh(now, &self.out);
                events(MediaEvent::FirstPacket {
                    leg: self.id,
                    source,
                });
            }
        }
        let packet = Packet {
            header: match &mut self.edge {
                Some(edge) => edge.header(&packet.header),
                None => packet.header,
            },
            ..packet
        };
        if !self.reception.count(now, &packet.header) {
            return;
        }
        self.counts.packets_in += 1;
        self.counts.bytes_in += datagram.len() as u64;
        self.counts.last_received_at = Some(now);
        if remote.receive {
            self.alive(now, events);
            self.hear(now, &packet, &kind, scratch, events);
        }
    }

    fn alive(&mut self, now: Instant, events: Events) {
        self.quiet_since = Some(now);
        self.unheard = None;
        if std::mem::take(&mut self.silent) {
            events(MediaEvent::Resumed { leg: self.id });
        }
    }

    fn hear(
        &mut self,
        now: Instant,
        packet: &Packet<'_>,
        kind: &Kind,
        scratch: &mut [i16],
        events: Events,
    ) {
        match kind {
            Kind::Audio(law) if !packet.payload.is_empty() => {
                self.audio(now, *law, &packet.header, packet.payload, scratch, events);
            }
            Kind::Coded => {
                let Some(mut edge) = self.edge.take() else {
                    return;
                };
                edge.decode(&packet.header, packet.payload, |head, octets| {
                    self.audio(now, edge::INNER, head, octets, scratch, events);
                });
                self.edge = Some(edge);
            }
            Kind::Event => self.event(now, packet, events),
            Kind::ComfortNoise => self.comfort_noise(now, packet),
            Kind::Audio(_) => self.skip(&packet.header),
        }
    }

    /// Takes a piece of audio as G.711.
    fn audio(
        &mut self,
        now: Instant,
        law: Law,
        head: &Header,
        payload: &[u8],
        scratch: &mut [i16],
        events: Events,
    ) {
        // The far side first: nobody waits for our analysis.
        if self.wakes(head) {
            for listener in &self.listeners {
                let mut out = outgoing::lock(&listener.out);
                out.forward_audio(now, self.id, law, head, payload);
            }
        }
        self.voice.push(now, head, law, payload);
        if let Some(tap) = &mut self.tap {
            tap.audio(now, law, head, payload);
        }
        if self.inband.is_none() && !self.analysis.is_active() {
            return;
        }
        let count = law.decode_into(payload, scratch);
        let leg = self.id;
        self.analysis.push(now, &scratch[..count], |event| {
            events(MediaEvent::Greeting { leg, event });
        });
        self.listen_inband(now, &scratch[..count], events);
    }

    pub(super) fn skip(&self, header: &Header) {
        self.voice.skip(header);
        for listener in &self.listeners {
            outgoing::lock(&listener.out).skip(self.id, header);
        }
    }
}

/// Both static G.711 types are taken even when the other was agreed on: gateways mix them up, and
/// nothing else can be meant.
fn kind_of(remote: &Remote, payload_type: u8) -> Option<Kind> {
    if payload_type == remote.payload_type {
        return Some(remote.codec.law().map_or(Kind::Coded, Kind::Audio));
    }
    if Some(payload_type) == remote.dtmf_payload_type {
        return Some(Kind::Event);
    }
    let noise = [
        Some(rtp::PAYLOAD_TYPE_COMFORT_NOISE),
        remote.comfort_payload_type,
    ];
    if noise.contains(&Some(payload_type)) {
        return Some(Kind::ComfortNoise);
    }
    Law::from_payload_type(payload_type).map(Kind::Audio)
}
