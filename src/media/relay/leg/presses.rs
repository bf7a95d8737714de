//! Key presses of a leg: told in packets of their own, or heard in its audio.

use std::time::{Duration, Instant};

use super::{DtmfPolicy, Events, Leg, MediaEvent, edge, outgoing};
use crate::rtp::Packet;
use crate::{SAMPLE_RATE_HZ, SAMPLES_PER_MS};

/// An event packet this near a tone is the same press.
const AROUND_A_PRESS: Duration = Duration::from_millis(500);

/// A tone that goes on in no packet for so long has ended.
const LET_GO_AFTER: Duration = Duration::from_millis(100);
/// Silence that ends any tone: 60 ms.
const ENDS_A_TONE: usize = 60 * SAMPLES_PER_MS as usize;

impl Leg {
    pub(super) fn event(&mut self, now: Instant, packet: &Packet<'_>, events: Events) {
        let Some(payload) = packet.payload.first_chunk::<4>() else {
            return;
        };
        // With its length in our ticks.
        let mut payload = *payload;
        let rate = self.remote.map_or(SAMPLE_RATE_HZ, |r| r.dtmf_clock_hz);
        edge::scale_event(&mut payload, 1, rate / SAMPLE_RATE_HZ);
        let packet = Packet {
            payload: &payload,
            ..*packet
        };
        self.event_at = Some(now);
        self.rest_later(now);
        self.forward_event(now, &packet);
        let stamp = packet.header.timestamp;
        let presses = self.keys.push(now, stamp, &payload);
        for press in presses.into_iter().flatten() {
            self.pressed(press, events);
        }
    }

    fn forward_event(&self, now: Instant, packet: &Packet<'_>) {
        if self.options.dtmf == DtmfPolicy::Absorb {
            return self.skip(&packet.header);
        }
        self.voice.skip(&packet.header);
        for listener in &self.listeners {
            let mut out = outgoing::lock(&listener.out);
            out.forward_event(now, self.id, &packet.header, packet.payload);
        }
    }

    /// Listens for tones, or no longer; one that sounds is heard to its end.
    pub(super) fn watch_inband(&mut self, on: bool) {
        if on != self.inband.is_some() {
            self.inband = on.then(Box::default);
        }
    }

    /// When a key that is down is let go because its far end sends nothing any more.
    pub(super) fn inband_due(&self) -> Option<Instant> {
        self.inband.as_ref()?.pressed()?;
        Some(self.inband_at? + LET_GO_AFTER)
    }

    /// The far end has stopped in a tone, as phones do that send nothing in silence.
    pub(super) fn end_inband(&mut self, now: Instant, events: Events) {
        self.listen_inband(now, &[0; ENDS_A_TONE], events);
    }

    /// Listens for key presses in decoded audio. Those told as events too are not told twice:
    /// such events come while the tone lasts.
    pub(super) fn listen_inband(&mut self, now: Instant, samples: &[i16], events: Events) {
        let (leg, event_at) = (self.id, self.event_at);
        let Some(inband) = &mut self.inband else {
            return;
        };
        self.inband_at = Some(now);
        inband.push(samples, |press| {
            let lasted = Duration::from_millis(u64::from(press.duration_ms));
            if event_at.is_none_or(|at| now.duration_since(at) > lasted + AROUND_A_PRESS) {
                events(MediaEvent::Dtmf {
                    leg,
                    digit: press.digit,
                    duration_ms: press.duration_ms,
                });
            }
        });
    }
}
