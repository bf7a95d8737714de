//! Opening what a secured leg receives, and its reports: taken, sent, and the last one.

use std::net::SocketAddr;
use std::time::Instant;

use super::{Events, Leg, outgoing};
use crate::srtp::SrtpError;

impl Leg {
    /// Opens a packet of a secured leg.
    pub(super) fn open<'a>(&mut self, datagram: &'a mut [u8]) -> Option<&'a [u8]> {
        let Some(opener) = &mut self.opener else {
            return Some(datagram);
        };
        match opener.rtp(datagram) {
            Ok(length) => datagram.get(..length),
            Err(SrtpError::Replay) => {
                self.counts.duplicates += 1;
                None
            }
            Err(_) => {
                self.counts.unauthentic += 1;
                None
            }
        }
    }

    /// Takes a report of the far end, from the RTP port (`muxed`) or the one above.
    pub fn receive_control(
        &mut self,
        now: Instant,
        datagram: &mut [u8],
        source: SocketAddr,
        muxed: bool,
        events: Events,
    ) {
        let Some(remote) = self.remote else { return };
        let theirs = [self.lock.locked(), Some(remote.address), remote.rtcp];
        if !theirs.iter().flatten().any(|own| own.ip() == source.ip()) {
            self.counts.strangers += 1;
            return;
        }
        let opened = match &mut self.opener {
            Some(opener) => opener.rtcp(datagram),
            None => Ok(datagram.len()),
        };
        let Ok(length) = opened else {
            self.counts.unauthentic += 1;
            return;
        };
        let ssrc = outgoing::lock(&self.out).sent(now).ssrc;
        let Some(word) = self.control.take(now, &datagram[..length], ssrc) else {
            self.counts.invalid += 1;
            return;
        };
        self.far_end_says(now, word, events);
        if !muxed {
            self.control_from = Some(source);
        }
        if self.rest.is_some() {
            // Its reports say that a far end lives that has nothing to say.
            self.quiet_since = Some(now);
        }
    }

    /// Sends the report that is due.
    pub(super) fn report(&mut self, now: Instant) {
        let ticks = self.remote.map_or(1, |r| r.codec.ticks_per_sample());
        let figures = self.reception.figures(ticks);
        let mut out = outgoing::lock(&self.out);
        let sent = out.sent(now);
        let packet = self.control.report(now, &sent, figures.as_ref());
        out.send_control(packet, self.control_from);
    }

    /// The leg closes: the far end is told, if it was told anything before.
    pub fn say_goodbye(&mut self, now: Instant) {
        let ticks = self.remote.map_or(1, |r| r.codec.ticks_per_sample());
        let figures = self.reception.figures(ticks);
        let mut out = outgoing::lock(&self.out);
        let sent = out.sent(now);
        if let Some(packet) = self.control.goodbye(now, &sent, figures.as_ref()) {
            out.send_control(packet, self.control_from);
        }
    }
}
