//! What a far end hears while the leg it hears is silent and has said so (RFC 3389): the same
//! words, if it knows them, or noise as described.

use std::time::{Duration, Instant};

use super::{Buffer, HEADER_BYTES, Outgoing, Target};
use crate::comfort::MOST_COEFFICIENTS;
use crate::relay::types::LegId;
use crate::rtp::Header;

/// What the far end was told of a silence is told again after this long, so that it knows that
/// the line is up.
const SAID_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// A silence is left to who fills it for so much longer: their thread may stand still for a
/// moment, and silence of ours would be a hole in the noise.
const GRACE: Duration = Duration::from_millis(500);
/// Length of our packets, for the clock of who says only that it is silent.
const SAMPLES: u32 = 160;
/// Longest description: the level, and as many coefficients as make a difference.
const LONGEST: usize = 1 + MOST_COEFFICIENTS;

impl Outgoing {
    /// Passes on that `from` is silent, to a far end that knows comfort noise.
    pub fn forward_noise(&mut self, at: Instant, from: LegId, head: &Header, payload: &[u8]) {
        let Some((target, kind)) = self.takes_noise(from) else {
            return self.stream.skipped(from, head);
        };
        if let Some(header) = self.stream.forwarded(at, from, head, SAMPLES, kind) {
            self.say_silence(at, &header, payload, &target);
        }
    }

    /// True when the far end was told of the silence of `from` and knows what to make of it; it
    /// is told again if that was long ago.
    pub fn repeats_noise(&mut self, at: Instant, from: LegId, payload: &[u8]) -> bool {
        let Some((target, kind)) = self.takes_noise(from) else {
            return false;
        };
        let told = self.stream.last().map(|(told, _)| told);
        if told.is_none_or(|told| at >= told + SAID_AGAIN_AFTER) {
            let header = self.stream.generated(at, SAMPLES, kind, false);
            self.say_silence(at, &header, payload, &target);
        }
        true
    }

    /// Sends a frame of noise in place of `from`, which is silent, if it is heard directly.
    pub fn fill_noise(&mut self, at: Instant, from: LegId, samples: &[i16]) {
        let target = self.hearing(from).filter(|_| self.encoder.is_none());
        let Some(target) = target else { return };
        let count = samples.len();
        let header = self
            .stream
            .generated(at, count as u32, target.payload_type, false);
        let mut buffer: Buffer = [0; _];
        target.law.encode_into(samples, &mut buffer[HEADER_BYTES..]);
        self.transmit_audio(&mut buffer, at, &header, count, &target);
        self.rests_until = Some(at + GRACE);
    }

    /// Until when what is passed on needs no filling up with silence of ours.
    pub fn covered_until(&self, gap: Duration) -> Option<Instant> {
        let passed_on = self.stream.last().filter(|_| self.stream.is_forwarding());
        let passed_on = passed_on.map(|(at, lasts)| at + lasts + gap);
        passed_on.max(self.rests_until)
    }

    fn takes_noise(&self, from: LegId) -> Option<(Target, u8)> {
        let target = self.hearing(from).filter(|_| self.encoder.is_none())?;
        Some((target, target.comfort_payload_type?))
    }

    fn say_silence(&mut self, at: Instant, header: &Header, payload: &[u8], target: &Target) {
        let payload = &payload[..payload.len().min(LONGEST)];
        let mut buffer: Buffer = [0; _];
        buffer[HEADER_BYTES..HEADER_BYTES + payload.len()].copy_from_slice(payload);
        self.transmit(&mut buffer, header, payload.len(), target.address);
        self.rests_until = Some(at + SAID_AGAIN_AFTER + GRACE);
    }
}
