//! A recording as a plain 16-bit WAV, whatever it is kept as.

use std::io::Write;
use std::path::Path;

use super::convert::Samples;
use super::error::RecordingError;
use super::flac;
use super::opus_file;
use super::view::PlainView;
use super::wav::{self, Content};

/// Samples written at once.
const STRETCH: usize = 8_000;

/// Writes a recording as 16-bit stereo WAV; answers its length in milliseconds. `path` names
/// it in errors. A compressed one is decoded in memory.
///
/// # Errors
/// The recording cannot be read or decoded, or `out` refuses.
pub fn export_wav(
    view: &mut PlainView,
    path: &Path,
    out: &mut dyn Write,
) -> Result<u64, RecordingError> {
    let io = |e: std::io::Error| RecordingError::io("write a WAV of", path, &e);
    match view.content() {
        Content::Pcm16 | Content::Mulaw | Content::Alaw => {
            let frames = view.octets() / view.content().frame_octets().unwrap_or(4);
            out.write_all(&wav::header(Content::Pcm16, frames * 4))
                .map_err(io)?;
            let mut samples = Samples::new(view);
            let mut stretch = Vec::new();
            while samples.read(STRETCH, &mut stretch)? > 0 {
                out.write_all(&octets_of(&stretch)).map_err(io)?;
                stretch.clear();
            }
            Ok(frames / 8)
        }
        Content::Flac | Content::Opus => {
            let mut octets = vec![0; view.octets() as usize];
            view.read_at(0, &mut octets)?;
            let samples =
                decode(view.content(), &octets).map_err(|why| RecordingError::Damaged {
                    path: path.to_owned(),
                    at_ms: 0,
                    why,
                })?;
            let header = wav::header(Content::Pcm16, samples.len() as u64 * 2);
            out.write_all(&header).map_err(io)?;
            out.write_all(&octets_of(&samples)).map_err(io)?;
            Ok(samples.len() as u64 / 16)
        }
    }
}

fn octets_of(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

fn decode(content: Content, octets: &[u8]) -> Result<Vec<i16>, String> {
    match content {
        Content::Flac => flac::decode(octets),
        Content::Opus => opus_file::decode(octets),
        _ => Err("this content cannot be decoded".to_owned()),
    }
}
