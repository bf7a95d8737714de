//! Stereo WAV at 8 kHz: the header, and samples as octets.
//!
//! Source: Multimedia Programming Interface and Data Specifications 1.0 (RIFF WAVE), and
//! RFC 2361 for the G.711 tags. 16-bit samples have the 44-octet header; G.711 has a `fmt ` of
//! 18 octets and a `fact` chunk, 58 octets in all.

use serde::{Deserialize, Serialize};

use crate::SAMPLE_RATE_HZ;
use crate::g711::Law;

/// What a recording's file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// WAV, 16-bit linear: 32 kB a second.
    Pcm16,
    /// WAV, G.711 µ-law: 16 kB a second.
    Mulaw,
    /// WAV, G.711 A-law: 16 kB a second.
    Alaw,
    /// FLAC.
    Flac,
    /// Opus in Ogg.
    Opus,
}

/// Channels of every recording.
pub const CHANNELS: u16 = 2;

impl Content {
    /// Octets of one sample of both channels; `None` for compressed kinds.
    #[must_use]
    pub fn frame_octets(self) -> Option<u64> {
        match self {
            Self::Pcm16 => Some(4),
            Self::Mulaw | Self::Alaw => Some(2),
            Self::Flac | Self::Opus => None,
        }
    }

    /// Ending of the file's name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pcm16 | Self::Mulaw | Self::Alaw => "wav",
            Self::Flac => "flac",
            Self::Opus => "opus",
        }
    }

    /// Media type, for HTTP.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pcm16 | Self::Mulaw | Self::Alaw => "audio/wav",
            Self::Flac => "audio/flac",
            Self::Opus => "audio/ogg",
        }
    }

    /// Number in a sealed header.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Pcm16 => 0,
            Self::Mulaw => 1,
            Self::Alaw => 2,
            Self::Flac => 3,
            Self::Opus => 4,
        }
    }

    pub(super) fn from_number(number: u8) -> Option<Self> {
        [Self::Pcm16, Self::Mulaw, Self::Alaw, Self::Flac, Self::Opus]
            .into_iter()
            .find(|content| content.number() == number)
    }

    pub(super) fn law(self) -> Option<Law> {
        match self {
            Self::Mulaw => Some(Law::Pcmu),
            Self::Alaw => Some(Law::Pcma),
            _ => None,
        }
    }

    /// Octets of the WAV header; 0 for other kinds.
    #[must_use]
    pub fn header_octets(self) -> u64 {
        match self {
            Self::Pcm16 => 44,
            Self::Mulaw | Self::Alaw => 58,
            Self::Flac | Self::Opus => 0,
        }
    }
}

/// The header of a file with so many octets of audio. Sizes beyond 4 GiB are told as 4 GiB.
#[must_use]
pub fn header(content: Content, data_octets: u64) -> Vec<u8> {
    let frame = content.frame_octets().unwrap_or(4) as u32;
    let (tag, bits): (u16, u16) = match content {
        Content::Mulaw => (7, 8),
        Content::Alaw => (6, 8),
        _ => (1, 16),
    };
    let size = |octets: u64| u32::try_from(octets).unwrap_or(u32::MAX).to_le_bytes();
    let mut out = Vec::with_capacity(58);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&size(content.header_octets() - 8 + data_octets));
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&if tag == 1 { 16u32 } else { 18 }.to_le_bytes());
    out.extend_from_slice(&tag.to_le_bytes());
    out.extend_from_slice(&CHANNELS.to_le_bytes());
    out.extend_from_slice(&SAMPLE_RATE_HZ.to_le_bytes());
    out.extend_from_slice(&(SAMPLE_RATE_HZ * frame).to_le_bytes());
    out.extend_from_slice(&(frame as u16).to_le_bytes());
    out.extend_from_slice(&bits.to_le_bytes());
    if tag != 1 {
        out.extend_from_slice(&0u16.to_le_bytes());
        out.extend_from_slice(b"fact");
        out.extend_from_slice(&4u32.to_le_bytes());
        out.extend_from_slice(&size(data_octets / u64::from(frame)));
    }
    out.extend_from_slice(b"data");
    out.extend_from_slice(&size(data_octets));
    out
}

/// What one of our headers says: its kind, and its octets of audio.
#[must_use]
pub fn parse(head: &[u8]) -> Option<(Content, u64)> {
    let content = match head.get(20..22)? {
        [7, 0] => Content::Mulaw,
        [6, 0] => Content::Alaw,
        [1, 0] => Content::Pcm16,
        _ => return None,
    };
    let length = content.header_octets() as usize;
    let sizes = head.get(length - 4..length)?;
    let data = u64::from(u32::from_le_bytes(sizes.try_into().ok()?));
    (head[..length] == header(content, data)).then_some((content, data))
}

/// Appends both channels as the file holds them.
pub fn encode(content: Content, left: &[i16], right: &[i16], out: &mut Vec<u8>) {
    match content.law() {
        Some(law) => {
            out.extend(
                left.iter()
                    .zip(right)
                    .flat_map(|(l, r)| [law.encode(*l), law.encode(*r)]),
            );
        }
        None => {
            out.extend(left.iter().zip(right).flat_map(|(l, r)| {
                let ([a, b], [c, d]) = (l.to_le_bytes(), r.to_le_bytes());
                [a, b, c, d]
            }));
        }
    }
}

/// Appends so many samples of silence on both channels.
pub(super) fn encode_silence(content: Content, frames: usize, out: &mut Vec<u8>) {
    let octets = frames * content.frame_octets().unwrap_or(4) as usize;
    let silence = content.law().map_or(0, Law::silence);
    out.resize(out.len() + octets, silence);
}

/// Interleaved samples of WAV audio octets; a torn last frame is left out.
pub(super) fn decode(content: Content, octets: &[u8], out: &mut Vec<i16>) {
    match content.law() {
        Some(law) => out.extend(octets.chunks_exact(2).flatten().map(|o| law.decode(*o))),
        None => out.extend(
            octets
                .chunks_exact(4)
                .flat_map(|f| [[f[0], f[1]], [f[2], f[3]]])
                .map(i16::from_le_bytes),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hound_reads_what_we_write() {
        let (left, right) = ([1i16, -2, 3, i16::MIN], [4i16, 5, i16::MAX, -6]);
        let mut audio = Vec::new();
        encode(Content::Pcm16, &left, &right, &mut audio);
        let mut file = header(Content::Pcm16, audio.len() as u64);
        assert_eq!(parse(&file), Some((Content::Pcm16, 16)));
        file.extend(&audio);
        let mut reader = hound::WavReader::new(file.as_slice()).expect("a WAV file");
        assert_eq!(reader.spec().channels, 2);
        assert_eq!(reader.spec().sample_rate, 8_000);
        let samples: Vec<i16> = reader.samples().map(|s| s.expect("a sample")).collect();
        assert_eq!(samples, [1, 4, -2, 5, 3, i16::MAX, i16::MIN, -6]);
        let mut own = Vec::new();
        decode(Content::Pcm16, &audio, &mut own);
        assert_eq!(own, samples);
    }

    #[test]
    fn g711_headers_say_their_law_and_length() {
        for (content, tag) in [(Content::Mulaw, 7), (Content::Alaw, 6)] {
            let head = header(content, 100);
            assert_eq!(head.len() as u64, content.header_octets());
            assert_eq!(head[20], tag);
            assert_eq!(&head[38..42], b"fact");
            assert_eq!(head[46..50], 50u32.to_le_bytes());
            assert_eq!(parse(&head), Some((content, 100)));
        }
        assert_eq!(parse(b"RIFF"), None);
    }

    #[test]
    fn silence_decodes_to_nothing_heard() {
        for content in [Content::Pcm16, Content::Mulaw, Content::Alaw] {
            let (mut octets, mut samples) = (Vec::new(), Vec::new());
            encode_silence(content, 5, &mut octets);
            decode(content, &octets, &mut samples);
            assert_eq!(samples.len(), 10);
            assert!(samples.iter().all(|s| s.abs() <= 8), "{samples:?}");
        }
    }
}
