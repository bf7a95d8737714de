//! G.722 at 64 kbit/s, with 8 kHz on our side.

use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec::{Decoder as _, Encoder as _};

use super::halfband::HalfBand;
use super::{CodecError, MAX_SAMPLES};

pub(super) struct Decoder {
    inner: G722Decoder,
    filter: HalfBand,
    wide: Box<[i16; 2 * MAX_SAMPLES]>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            inner: G722Decoder::new(),
            filter: HalfBand::default(),
            wide: Box::new([0; 2 * MAX_SAMPLES]),
        }
    }
}

impl Decoder {
    /// One octet is one sample of ours.
    pub(super) fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> Result<usize, CodecError> {
        let fits = payload.len().min(out.len()).min(MAX_SAMPLES);
        let count = self
            .inner
            .decode_into(&payload[..fits], &mut self.wide[..])
            .map_err(|_| CodecError::Payload)?;
        let (pairs, _) = self.wide[..count].as_chunks::<2>();
        for (sample, pair) in out.iter_mut().zip(pairs) {
            *sample = self.filter.down(*pair);
        }
        Ok(pairs.len())
    }
}

pub(super) struct Encoder {
    inner: G722Encoder,
    filter: HalfBand,
    wide: Box<[i16; 2 * MAX_SAMPLES]>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            inner: G722Encoder::new(),
            filter: HalfBand::default(),
            wide: Box::new([0; 2 * MAX_SAMPLES]),
        }
    }
}

impl Encoder {
    pub(super) fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> Result<usize, CodecError> {
        let wrong = CodecError::Frame {
            samples: samples.len(),
        };
        if samples.len() > MAX_SAMPLES.min(out.len()) {
            return Err(wrong);
        }
        let (pairs, _) = self.wide.as_chunks_mut::<2>();
        for (pair, sample) in pairs.iter_mut().zip(samples) {
            *pair = self.filter.up(*sample);
        }
        let wide = &self.wide[..2 * samples.len()];
        self.inner.encode_into(wide, out).map_err(|_| wrong)
    }
}
