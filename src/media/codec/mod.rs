//! Audio codecs behind one face: packets in, 8 kHz linear samples out, and back.
//!
//! G.711 is our own tables ([`crate::g711`]). G.722 (ITU-T G.722, 64 kbit/s) is `audio-codec`'s,
//! behind a half-band filter of ours, which adds 2 ms. Opus (RFC 6716) is `ropus`, a port of the reference in safe Rust without a
//! C compiler, run at 8 kHz.

mod g722;
mod halfband;
mod opus;

use crate::SAMPLE_RATE_HZ;
use crate::g711::Law;
pub use opus::OpusSettings;

/// Longest packet decoded: 120 ms (RFC 6716 section 2.1.4), in samples.
pub const MAX_SAMPLES: usize = 960;

/// Most octets one encoded packet of 60 ms has.
pub const MAX_OCTETS: usize = 1_275;

/// A codec of the relay's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722 at 64 kbit/s.
    G722,
    /// Opus, narrowband mono.
    Opus,
}

impl Codec {
    /// The law, for G.711.
    #[must_use]
    pub const fn law(self) -> Option<Law> {
        match self {
            Self::Pcmu => Some(Law::Pcmu),
            Self::Pcma => Some(Law::Pcma),
            Self::G722 | Self::Opus => None,
        }
    }

    /// RTP clock in Hz: 8,000 for G.722 too, though it samples at 16,000 (RFC 3551 section
    /// 4.5.2); 48,000 for Opus whatever it carries (RFC 7587 section 4.1).
    #[must_use]
    pub const fn clock_hz(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => SAMPLE_RATE_HZ,
            Self::Opus => 48_000,
        }
    }

    /// Ticks of the RTP clock in one sample of ours: 1, or 6 for Opus.
    #[must_use]
    pub const fn ticks_per_sample(self) -> u32 {
        self.clock_hz() / SAMPLE_RATE_HZ
    }
}

impl From<Law> for Codec {
    fn from(law: Law) -> Self {
        match law {
            Law::Pcmu => Self::Pcmu,
            Law::Pcma => Self::Pcma,
        }
    }
}

/// Why a packet could not be decoded or encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The payload is no packet of this codec, or longer than any may be.
    #[error("payload is no packet of its codec; check that both sides agree on the payload type")]
    Payload,
    /// A frame of a length the codec does not have, or no room for the result.
    #[error("{samples} samples are no frame of this codec; give 10, 20, 40 or 60 ms")]
    Frame {
        /// Samples given.
        samples: usize,
    },
}

impl CodecError {
    /// Stable code for logs and tests.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Payload => "media.codec_payload",
            Self::Frame { .. } => "media.codec_frame",
        }
    }
}

/// Decodes the packets of one stream, in order.
#[derive(Debug)]
pub struct Decoder(DecoderOf);

enum DecoderOf {
    G711(Law),
    G722(Box<g722::Decoder>),
    Opus(Box<opus::Decoder>),
}

impl std::fmt::Debug for DecoderOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::G711(Law::Pcmu) => "Pcmu",
            Self::G711(Law::Pcma) => "Pcma",
            Self::G722(_) => "G722",
            Self::Opus(_) => "Opus",
        })
    }
}

impl Decoder {
    /// A decoder that has heard nothing yet.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        Self(match codec {
            Codec::Pcmu => DecoderOf::G711(Law::Pcmu),
            Codec::Pcma => DecoderOf::G711(Law::Pcma),
            Codec::G722 => DecoderOf::G722(Box::default()),
            Codec::Opus => DecoderOf::Opus(Box::default()),
        })
    }

    /// Decodes a packet into `out` and tells how many samples it is: at most [`MAX_SAMPLES`],
    /// and no more than `out` holds.
    ///
    /// # Errors
    /// [`CodecError::Payload`]; the stream goes on with the next packet.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, CodecError> {
        match &mut self.0 {
            DecoderOf::G711(law) => Ok(law.decode_into(payload, out)),
            DecoderOf::G722(decoder) => decoder.decode(payload, out),
            DecoderOf::Opus(decoder) => decoder.decode(payload, out),
        }
    }

    /// What was said in a packet that is missing, from the decoder's own memory: fills `out`
    /// (up to 60 ms). False for codecs that have none; the caller conceals as it does G.711.
    pub fn conceal(&mut self, out: &mut [i16]) -> bool {
        match &mut self.0 {
            DecoderOf::Opus(decoder) => decoder.conceal(out),
            DecoderOf::G711(_) | DecoderOf::G722(_) => false,
        }
    }

    /// What was said in a missing packet, from the forward error correction in the one after
    /// it: fills `out`, which must have the missing packet's length. Call it before `decode` of
    /// that next packet. False when there is none (then `conceal`).
    pub fn recover(&mut self, next: &[u8], out: &mut [i16]) -> bool {
        match &mut self.0 {
            DecoderOf::Opus(decoder) => decoder.recover(next, out),
            DecoderOf::G711(_) | DecoderOf::G722(_) => false,
        }
    }
}

/// Encodes one stream.
#[derive(Debug)]
pub struct Encoder(EncoderOf);

enum EncoderOf {
    G711(Law),
    G722(Box<g722::Encoder>),
    Opus(Box<opus::Encoder>),
}

impl std::fmt::Debug for EncoderOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::G711(Law::Pcmu) => "Pcmu",
            Self::G711(Law::Pcma) => "Pcma",
            Self::G722(_) => "G722",
            Self::Opus(_) => "Opus",
        })
    }
}

impl Encoder {
    /// An encoder that has said nothing yet. `opus` matters to Opus only.
    #[must_use]
    pub fn new(codec: Codec, opus: OpusSettings) -> Self {
        Self(match codec {
            Codec::Pcmu => EncoderOf::G711(Law::Pcmu),
            Codec::Pcma => EncoderOf::G711(Law::Pcma),
            Codec::G722 => EncoderOf::G722(Box::default()),
            Codec::Opus => EncoderOf::Opus(Box::new(opus::Encoder::new(opus))),
        })
    }

    /// Encodes one frame and tells how many octets it is. Opus takes 10, 20, 40 and 60 ms; the
    /// others any length.
    ///
    /// # Errors
    /// [`CodecError::Frame`].
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> Result<usize, CodecError> {
        let wrong = CodecError::Frame {
            samples: samples.len(),
        };
        match &mut self.0 {
            EncoderOf::G711(law) => {
                let done = law.encode_into(samples, out);
                (done == samples.len()).then_some(done).ok_or(wrong)
            }
            EncoderOf::G722(encoder) => encoder.encode(samples, out),
            EncoderOf::Opus(encoder) => encoder.encode(samples, out),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
