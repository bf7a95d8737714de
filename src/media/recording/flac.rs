//! FLAC (RFC 9639) from a recording, and the proof that it holds the same samples.

use flacenc::component::BitRepr;
use flacenc::error::{SourceError, SourceErrorReason, Verify};
use flacenc::source::{Fill, Source};

use super::convert::Samples;
use super::view::PlainView;
use crate::SAMPLE_RATE_HZ;

/// Samples of one FLAC frame: half a second.
const BLOCK: usize = 4_096;

struct Recording<'a> {
    samples: Samples<'a>,
    narrow: Vec<i16>,
    wide: Vec<i32>,
}

impl Source for Recording<'_> {
    fn channels(&self) -> usize {
        2
    }

    fn bits_per_sample(&self) -> usize {
        16
    }

    fn sample_rate(&self) -> usize {
        SAMPLE_RATE_HZ as usize
    }

    fn read_samples<F: Fill>(
        &mut self,
        block_size: usize,
        dest: &mut F,
    ) -> Result<usize, SourceError> {
        self.narrow.clear();
        let frames = self
            .samples
            .read(block_size, &mut self.narrow)
            .map_err(|_| SourceError::by_reason(SourceErrorReason::IO(None)))?;
        self.wide.clear();
        self.wide.extend(self.narrow.iter().map(|s| i32::from(*s)));
        dest.fill_interleaved(&self.wide)?;
        Ok(frames)
    }
}

/// Encodes a recording.
pub(super) fn encode(view: &mut PlainView) -> Result<Vec<u8>, String> {
    let config = flacenc::config::Encoder::default()
        .into_verified()
        .map_err(|(_, e)| e.to_string())?;
    let source = Recording {
        samples: Samples::new(view),
        narrow: Vec::new(),
        wide: Vec::new(),
    };
    let stream =
        flacenc::encode_with_fixed_block_size(&config, source, BLOCK).map_err(|e| e.to_string())?;
    let mut sink = flacenc::bitsink::ByteSink::new();
    stream.write(&mut sink).map_err(|e| e.to_string())?;
    Ok(sink.into_inner())
}

/// Decodes FLAC with another library and compares every sample.
pub(super) fn verify(octets: &[u8], view: &mut PlainView) -> Result<(), String> {
    let mut reader = claxon::FlacReader::new(octets).map_err(|e| e.to_string())?;
    let mut wanted = Samples::new(view);
    let (mut blocks, mut buffer) = (reader.blocks(), Vec::new());
    let mut expected = Vec::new();
    let mut at = 0u64;
    while let Some(block) = blocks
        .read_next_or_eof(std::mem::take(&mut buffer))
        .map_err(|e| e.to_string())?
    {
        expected.clear();
        let frames = block.duration() as usize;
        wanted
            .read(frames, &mut expected)
            .map_err(|e| e.to_string())?;
        let same = expected.len() == frames * 2
            && block
                .stereo_samples()
                .flat_map(|(l, r)| [l, r])
                .eq(expected.iter().map(|s| i32::from(*s)));
        if !same {
            return Err(format!("it differs after {} ms", at / 8));
        }
        at += frames as u64;
        buffer = block.into_buffer();
    }
    match wanted.read(1, &mut expected).map_err(|e| e.to_string())? {
        0 => Ok(()),
        _ => Err(format!("it ends early, after {} ms", at / 8)),
    }
}

/// Interleaved samples of a FLAC file.
pub(super) fn decode(octets: &[u8]) -> Result<Vec<i16>, String> {
    let mut reader = claxon::FlacReader::new(octets).map_err(|e| e.to_string())?;
    reader
        .samples()
        .map(|s| s.map(|s| s as i16).map_err(|e| e.to_string()))
        .collect()
}
