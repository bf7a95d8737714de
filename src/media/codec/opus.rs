//! Opus at 8 kHz, mono, for speech.

use ropus::{Application, Bandwidth, Bitrate, Channels, DecodeMode, InbandFec, Signal};

use super::{CodecError, MAX_SAMPLES};
use crate::SAMPLE_RATE_HZ;

/// Effort of 0 (least) to 10. At 8 kHz nothing is heard of more than this.
const COMPLEXITY: u8 = 5;

/// How Opus is encoded, from what the far end asks for (RFC 7587 section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpusSettings {
    /// Bits per second, 6,000 to 510,000. 24,000 by default: narrowband speech gains nothing
    /// beyond.
    pub bitrate: u32,
    /// Each packet also carries the one before, coarsely (the far end said `useinbandfec=1`).
    pub fec: bool,
    /// Packets the far end reports as lost, in percent: how much is spent on `fec`.
    pub loss_percent: u8,
}

impl Default for OpusSettings {
    fn default() -> Self {
        Self {
            bitrate: 24_000,
            fec: true,
            loss_percent: 5,
        }
    }
}

/// A decoder; `None` if the library refuses to make one, which it does only for other rates.
pub(super) struct Decoder(Option<ropus::Decoder>);

impl Default for Decoder {
    fn default() -> Self {
        Self(ropus::Decoder::new(SAMPLE_RATE_HZ, Channels::Mono).ok())
    }
}

impl Decoder {
    pub(super) fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, CodecError> {
        // An empty payload would ask for concealment.
        if payload.is_empty() || out.is_empty() {
            return Err(CodecError::Payload);
        }
        let room = out.len().min(MAX_SAMPLES);
        let decoder = self.0.as_mut().ok_or(CodecError::Payload)?;
        decoder
            .decode(payload, &mut out[..room], DecodeMode::Normal)
            .map_err(|_| CodecError::Payload)
    }

    pub(super) fn conceal(&mut self, out: &mut [i16]) -> bool {
        self.fill(&[], out, DecodeMode::Normal)
    }

    pub(super) fn recover(&mut self, next: &[u8], out: &mut [i16]) -> bool {
        !next.is_empty() && self.fill(next, out, DecodeMode::Fec)
    }

    fn fill(&mut self, packet: &[u8], out: &mut [i16], mode: DecodeMode) -> bool {
        // Concealment comes in steps of 2.5 ms.
        let whole = out.len() - out.len() % 20;
        let Some(decoder) = self.0.as_mut().filter(|_| whole > 0) else {
            return false;
        };
        let done = decoder.decode(packet, &mut out[..whole], mode).unwrap_or(0);
        out[done..].fill(0);
        done > 0
    }
}

/// An encoder; `None` as above.
pub(super) struct Encoder(Option<ropus::Encoder>);

impl Encoder {
    pub(super) fn new(settings: OpusSettings) -> Self {
        let fec = if settings.fec {
            InbandFec::Enabled
        } else {
            InbandFec::Disabled
        };
        let builder = ropus::Encoder::builder(SAMPLE_RATE_HZ, Channels::Mono, Application::Voip)
            .bitrate(Bitrate::Bits(settings.bitrate.clamp(6_000, 510_000)))
            .complexity(COMPLEXITY)
            .signal(Signal::Voice)
            .max_bandwidth(Bandwidth::Narrowband)
            .packet_loss_perc(settings.loss_percent.min(100))
            .inband_fec(fec);
        Self(builder.build().ok())
    }

    pub(super) fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> Result<usize, CodecError> {
        let wrong = CodecError::Frame {
            samples: samples.len(),
        };
        let encoder = self.0.as_mut().ok_or(wrong)?;
        encoder.encode(samples, out).map_err(|_| wrong)
    }
}
