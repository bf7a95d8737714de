//! A far end that has said that it is silent, and how its silence sounds (RFC 3389): noise for
//! those who hear it packet by packet. Who hears it mixed has it from the voice.

use std::time::{Duration, Instant};

use super::{Leg, Listener, outgoing};
use crate::comfort::{Noise, NoiseMaker};
use crate::rtp::{Header, Packet};

/// A frame of noise: 20 ms.
const FRAME: Duration = Duration::from_millis(20);
const FRAME_SAMPLES: usize = 20 * crate::SAMPLES_PER_MS as usize;
/// Further behind than this, frames are left out instead of sent in a burst.
const MOST_BEHIND: Duration = Duration::from_millis(100);
/// Audio this many packets older was overtaken (RFC 3550 appendix A.1: MAX_MISORDER); what seems
/// older still begins anew.
const MOST_OVERTAKEN: u16 = 100;
/// Nothing comes between the packets of a key press: noise waits for this long after each.
const AFTER_A_PRESS: Duration = Duration::from_millis(100);
/// A far end that said that it is silent may send nothing for this long at least before it is
/// taken for dead: RFC 3389 asks for no further packet.
const SILENT_FOR: Duration = Duration::from_secs(60);

/// The silence of a far end.
#[derive(Debug)]
pub(super) struct Rest {
    maker: NoiseMaker,
    /// The newest description, as it came.
    payload: Vec<u8>,
    /// Its source and sequence number: audio from before ends no silence.
    ssrc: u32,
    sequence: u16,
    due: Instant,
}

impl Leg {
    /// Takes a packet of comfort noise.
    pub(super) fn comfort_noise(&mut self, now: Instant, packet: &Packet<'_>) {
        let noise = Noise::parse(packet.payload);
        // Overtaken by audio, it tells of a silence that is over.
        let Some(noise) = noise.filter(|_| self.reception.is_newest(&packet.header)) else {
            return self.skip(&packet.header);
        };
        let (head, payload) = (&packet.header, packet.payload);
        self.voice.noise(now, head, payload);
        for listener in &self.listeners {
            outgoing::lock(&listener.out).forward_noise(now, self.id, head, payload);
        }
        match &mut self.rest {
            Some(rest) => {
                rest.maker.set(noise);
                rest.payload.clear();
                rest.payload.extend_from_slice(payload);
                (rest.ssrc, rest.sequence) = (head.ssrc, head.sequence);
            }
            None => {
                self.rest = Some(Box::new(Rest {
                    maker: NoiseMaker::new(noise, u64::from(head.ssrc)),
                    payload: payload.to_vec(),
                    ssrc: head.ssrc,
                    sequence: head.sequence,
                    due: now,
                }));
                self.rest_on(now);
            }
        }
    }

    /// Audio came: the silence is over, unless it was overtaken by the news of the silence.
    /// True when it is to be heard.
    pub(super) fn wakes(&mut self, head: &Header) -> bool {
        let before = |rest: &Rest| {
            let by = rest.sequence.wrapping_sub(head.sequence);
            rest.ssrc == head.ssrc && (1..=MOST_OVERTAKEN).contains(&by)
        };
        if self.rest.as_deref().is_some_and(before) {
            return false;
        }
        self.rest = None;
        true
    }

    /// A packet of a key press came.
    pub(super) fn rest_later(&mut self, now: Instant) {
        if let Some(rest) = &mut self.rest {
            rest.due = rest.due.max(now + AFTER_A_PRESS);
        }
    }

    /// When the next frame of noise is due.
    pub(super) fn rest_due(&self) -> Option<Instant> {
        let heard = !self.listeners.is_empty();
        self.rest.as_ref().filter(|_| heard).map(|rest| rest.due)
    }

    /// Sends the frames of noise that are due.
    pub(super) fn rest_on(&mut self, now: Instant) {
        let Some(rest) = &mut self.rest else { return };
        while rest.due <= now {
            if now - rest.due > MOST_BEHIND {
                rest.due = now;
            }
            rest.frame(self.id, &self.listeners);
        }
    }

    /// How long the far end may send nothing before it is told as silent.
    pub(super) fn silence_borne(&self) -> Option<Duration> {
        let after = self.options.silent_after?;
        Some(match self.rest {
            Some(_) => after.max(SILENT_FOR),
            None => after,
        })
    }
}

impl Rest {
    fn frame(&mut self, from: super::LegId, listeners: &[Listener]) {
        let mut samples = None;
        for listener in listeners {
            let mut out = outgoing::lock(&listener.out);
            if out.repeats_noise(self.due, from, &self.payload) {
                continue;
            }
            let samples = samples.get_or_insert_with(|| {
                let mut frame = [0; FRAME_SAMPLES];
                self.maker.fill(&mut frame);
                frame
            });
            out.fill_noise(self.due, from, samples);
        }
        self.due += FRAME;
    }
}
