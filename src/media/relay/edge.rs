//! The edge of a leg whose codec is not G.711: its packets become G.711 on an 8 kHz clock
//! before the relay looks at them, and the relay's samples become its packets.
//!
//! Behind the edge nothing knows of other codecs: bridges, mixes, taps and watchers see a leg
//! of µ-law.

use crate::codec::{Codec, Decoder, Encoder, MAX_OCTETS, MAX_SAMPLES, OpusSettings};
use crate::g711::Law;
use crate::rtp::Header;

/// The law behind the edge.
pub const INNER: Law = Law::Pcmu;

/// Most packets in a row that are made up for: a longer hole is silence.
const MOST_RECOVERED: u16 = 1;

/// Decodes what one far end sends.
#[derive(Debug)]
pub struct EdgeDecoder {
    codec: Codec,
    decoder: Decoder,
    clock: ClockMap,
    ssrc: Option<u32>,
    newest: u16,
    /// Samples in the newest packet.
    length: usize,
    samples: Box<[i16; MAX_SAMPLES]>,
    octets: Box<[u8; MAX_SAMPLES]>,
}

impl EdgeDecoder {
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            decoder: Decoder::new(codec),
            clock: ClockMap::default(),
            ssrc: None,
            newest: 0,
            length: 160,
            samples: Box::new([0; MAX_SAMPLES]),
            octets: Box::new([0; MAX_SAMPLES]),
        }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The header on the relay's clock. For every packet of the leg, whatever it carries.
    pub fn header(&mut self, theirs: &Header) -> Header {
        let timestamp = self.clock.at_8khz(theirs, self.codec.ticks_per_sample());
        Header {
            timestamp,
            ..*theirs
        }
    }

    /// Decodes a packet, in order or not, with its header as [`header`](Self::header) gave it.
    /// `hear` takes each piece of audio as if it had come as G.711: first a lost packet that
    /// this one repairs, then its own.
    pub fn decode(&mut self, head: &Header, payload: &[u8], mut hear: impl FnMut(&Header, &[u8])) {
        let follows = self.ssrc == Some(head.ssrc);
        let ahead = head.sequence.wrapping_sub(self.newest);
        if follows && (ahead == 0 || ahead >= 1 << 15) {
            // Decoders have a memory: a packet out of its order would do more harm than its
            // absence, which was made up for.
            return;
        }
        if follows && ahead == MOST_RECOVERED + 1 {
            self.repair(head, payload, &mut hear);
        }
        self.ssrc = Some(head.ssrc);
        self.newest = head.sequence;
        if let Ok(count) = self.decoder.decode(payload, &mut self.samples[..])
            && count > 0
        {
            self.length = count;
            self.pass_on(head, count, &mut hear);
        }
    }

    /// The packet before this one, which did not come.
    fn repair(&mut self, head: &Header, payload: &[u8], hear: &mut impl FnMut(&Header, &[u8])) {
        let length = self.length;
        let out = &mut self.samples[..length];
        if self.decoder.recover(payload, out) || self.decoder.conceal(out) {
            let before = Header {
                marker: false,
                sequence: head.sequence.wrapping_sub(1),
                timestamp: head.timestamp.wrapping_sub(length as u32),
                ..*head
            };
            self.pass_on(&before, length, hear);
        }
    }

    fn pass_on(&mut self, head: &Header, count: usize, hear: &mut impl FnMut(&Header, &[u8])) {
        INNER.encode_into(&self.samples[..count], &mut self.octets[..count]);
        hear(head, &self.octets[..count]);
    }
}

/// Changes the length in a key press packet (RFC 4733 section 2.3) to another clock.
pub fn scale_event(payload: &mut [u8], times: u32, by: u32) {
    if let Some(length) = payload.get_mut(2..4) {
        let ticks = u32::from(u16::from_be_bytes([length[0], length[1]]));
        let scaled = (ticks * times / by.max(1)).min(u32::from(u16::MAX)) as u16;
        length.copy_from_slice(&scaled.to_be_bytes());
    }
}

/// A clock of 48 kHz as one of 8 kHz, over its wraps.
#[derive(Debug, Default)]
struct ClockMap {
    last: Option<(u32, u32, u32)>,
    rest: i32,
}

impl ClockMap {
    fn at_8khz(&mut self, head: &Header, ticks: u32) -> u32 {
        if ticks == 1 {
            return head.timestamp;
        }
        let Some((ssrc, theirs, ours)) = self.last.filter(|last| last.0 == head.ssrc) else {
            let ours = head.timestamp / ticks;
            self.last = Some((head.ssrc, head.timestamp, ours));
            self.rest = 0;
            return ours;
        };
        // What does not divide is carried, so that nothing drifts.
        let passed = i64::from(head.timestamp.wrapping_sub(theirs).cast_signed());
        let passed = passed + i64::from(self.rest);
        let ticks = i64::from(ticks);
        let ours = ours.wrapping_add(passed.div_euclid(ticks) as u32);
        self.rest = passed.rem_euclid(ticks) as i32;
        self.last = Some((ssrc, head.timestamp, ours));
        ours
    }
}

/// Encodes what one far end hears.
#[derive(Debug)]
pub struct EdgeEncoder {
    codec: Codec,
    settings: OpusSettings,
    encoder: Encoder,
}

impl EdgeEncoder {
    /// Follows the codec SDP agreed on; an encoder goes on as long as nothing changes.
    pub fn follow(current: &mut Option<Self>, codec: Codec, settings: OpusSettings) {
        let fresh = || Self {
            codec,
            settings,
            encoder: Encoder::new(codec, settings),
        };
        *current = match current.take() {
            _ if codec.law().is_some() => None,
            Some(now) if now.codec == codec && now.settings == settings => Some(now),
            _ => Some(fresh()),
        };
    }

    /// Ticks of the far end's clock in one of ours.
    pub fn ticks(&self) -> u32 {
        self.codec.ticks_per_sample()
    }

    /// One frame; `None` when it has no length of the codec's.
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> Option<usize> {
        let room = out.len().min(MAX_OCTETS);
        self.encoder.encode(samples, &mut out[..room]).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::level_db;
    use crate::tone;

    fn header(sequence: u16, timestamp: u32) -> Header {
        Header {
            marker: false,
            payload_type: 111,
            sequence,
            timestamp,
            ssrc: 5,
        }
    }

    #[test]
    fn a_clock_of_48_khz_is_followed_over_its_wrap_without_drift() {
        let mut edge = EdgeDecoder::new(Codec::Opus);
        let start = u32::MAX - 960 * 10 - 3;
        let first = edge.header(&header(0, start)).timestamp;
        for n in 1..2000u32 {
            // Out of order now and then.
            let at = if n % 7 == 0 { n - 1 } else { n };
            let theirs = start.wrapping_add(at * 960);
            let ours = edge.header(&header(at as u16, theirs)).timestamp;
            assert_eq!(ours.wrapping_sub(first), at * 160, "{n}");
        }
        // Clocks that are no multiple of ours are carried, not rounded away.
        let at = edge.header(&header(0, 0)).timestamp;
        let mut last = at;
        (1..=6).for_each(|n| last = edge.header(&header(n, u32::from(n) * 961)).timestamp);
        assert_eq!(last.wrapping_sub(at), 961);
    }

    #[test]
    fn one_lost_opus_packet_is_made_up_for_and_order_is_kept() {
        let mut encoder = Encoder::new(Codec::Opus, OpusSettings::default());
        let packets: Vec<Vec<u8>> = tone::sine(1000.0, -16.0, 2000)
            .chunks_exact(160)
            .map(|frame| {
                let mut octets = [0; MAX_OCTETS];
                let length = encoder.encode(frame, &mut octets).unwrap();
                octets[..length].to_vec()
            })
            .collect();
        let mut edge = EdgeDecoder::new(Codec::Opus);
        let (mut heard, mut numbers) = (Vec::new(), Vec::new());
        for (n, packet) in (0u16..).zip(&packets) {
            // 10, 20, ... are lost; 35 comes twice; 41 and 42 are lost together.
            if n % 10 == 0 && n > 0 || n == 41 || n == 42 {
                continue;
            }
            for _ in 0..if n == 35 { 2 } else { 1 } {
                let head = edge.header(&header(n, u32::from(n) * 960));
                edge.decode(&head, packet, |head, octets| {
                    numbers.push((head.sequence, head.timestamp));
                    heard.extend(octets.iter().map(|o| INNER.decode(*o)));
                });
            }
        }
        // 40, 41 and 42 were lost in a row: not made up.
        let expected: Vec<(u16, u32)> = (0..100u16)
            .filter(|n| !(40..=42).contains(n))
            .map(|n| (n, u32::from(n) * 160))
            .collect();
        assert_eq!(numbers, expected);
        for made_up in [10, 20, 30] {
            let level = level_db(&heard[made_up * 160..][..160]);
            // The coarse copy of a tone is weaker; a hole would be at -120 dB.
            assert!((level + 16.0).abs() < 8.0, "packet {made_up}: {level} dB");
        }
    }
}
