//! Opus in Ogg (RFC 7845) from a recording, and the proof that it holds what was said.
//!
//! One stereo stream, left and right as in the WAV. Pages end every second, so that players can
//! seek; the last page's position cuts the encoder's run-out off, so that the length is the
//! recording's to the sample.

use std::io::Cursor;

use ogg::writing::PacketWriteEndInfo;
use ogg::{PacketReader, PacketWriter};
use ring::rand::{SecureRandom, SystemRandom};
use ropus::{Application, Bandwidth, Bitrate, Channels, DecodeMode, Decoder, Encoder};

use super::convert::Samples;
use super::view::PlainView;
use crate::SAMPLE_RATE_HZ;

/// Bits a second for both sides. Below 32,000 the codec mixes the sides when both speak; at this
/// rate each stays on its own channel.
const BITRATE: u32 = 48_000;
/// Effort of 0 to 10. From 5 on it takes six times as long, for files of the same size.
const COMPLEXITY: u8 = 3;
/// Samples of a side in one packet: 20 ms.
const FRAME: usize = 160;
/// Samples of a side in the longest packet there is: 120 ms.
const FRAME_MAX: usize = 960;
/// Packets on a page: a second.
const PAGE: u64 = 50;
/// Ogg counts Opus by 48 kHz, whatever went in (RFC 7845 section 4).
const TICKS: u64 = 48_000 / SAMPLE_RATE_HZ as u64;
/// Largest packet the encoder may make (RFC 6716 section 3.2).
const PACKET_MAX: usize = 1_275;
/// What levels are compared over: a second.
const STRETCH: usize = SAMPLE_RATE_HZ as usize;
/// A stretch above this level must be as loud as it was; below it, it must not come above
/// [`QUIET_DB`]. dB to full scale.
const HEARD_DB: f32 = -45.0;
const QUIET_DB: f32 = -40.0;
/// How far a level may be off. Tones just below 4 kHz lose the most, 3 dB.
const LEVEL_DB: f32 = 6.0;

/// Encodes a recording.
pub(super) fn encode(view: &mut PlainView) -> Result<Vec<u8>, String> {
    let mut encoder = Encoder::builder(SAMPLE_RATE_HZ, Channels::Stereo, Application::Audio)
        .bitrate(Bitrate::Bits(BITRATE))
        .complexity(COMPLEXITY)
        .max_bandwidth(Bandwidth::Narrowband)
        .build()
        .map_err(|e| e.to_string())?;
    // The encoder counts in samples of its own rate.
    let skip = u64::from(encoder.lookahead());
    let mut serial = [0; 4];
    SystemRandom::new()
        .fill(&mut serial)
        .map_err(|_| "no random number".to_owned())?;
    let mut pages = Pages {
        writer: PacketWriter::new(Vec::new()),
        serial: u32::from_le_bytes(serial),
    };
    pages.put(head(skip * TICKS), PacketWriteEndInfo::EndPage, 0)?;
    pages.put(tags(), PacketWriteEndInfo::EndPage, 0)?;

    let frames = view.octets() / view.content().frame_octets().unwrap_or(4);
    let count = (frames + skip).div_ceil(FRAME as u64).max(1);
    let mut samples = Samples::new(view);
    let (mut frame, mut packet) = (Vec::new(), vec![0; PACKET_MAX]);
    let mut heard = 0;
    for n in 1..=count {
        frame.clear();
        // A view gives less than a frame only at its end.
        heard += samples.read(FRAME, &mut frame).map_err(|e| e.to_string())? as u64;
        frame.resize(2 * FRAME, 0);
        let length = encoder
            .encode(&frame, &mut packet)
            .map_err(|e| e.to_string())?;
        let (end, position) = match (n == count, n % PAGE == 0) {
            (true, _) => (PacketWriteEndInfo::EndStream, skip + heard),
            (false, true) => (PacketWriteEndInfo::EndPage, n * FRAME as u64),
            (false, false) => (PacketWriteEndInfo::NormalPacket, n * FRAME as u64),
        };
        pages.put(packet[..length].to_vec(), end, position * TICKS)?;
    }
    Ok(pages.writer.into_inner())
}

struct Pages {
    writer: PacketWriter<'static, Vec<u8>>,
    serial: u32,
}

impl Pages {
    fn put(&mut self, packet: Vec<u8>, end: PacketWriteEndInfo, at: u64) -> Result<(), String> {
        self.writer
            .write_packet(packet, self.serial, end, at)
            .map_err(|e| e.to_string())
    }
}

/// The identification header (RFC 7845 section 5.1): stereo, without gain, channel mapping 0.
fn head(skip: u64) -> Vec<u8> {
    let mut out = b"OpusHead\x01\x02".to_vec();
    out.extend((skip as u16).to_le_bytes());
    out.extend(SAMPLE_RATE_HZ.to_le_bytes());
    out.extend([0, 0, 0]);
    out
}

/// The comment header (section 5.2): who wrote it, and no comments. What a recording is stands in
/// its sidecar; a file that is passed on names nobody.
fn tags() -> Vec<u8> {
    let vendor = b"carillon";
    let mut out = b"OpusTags".to_vec();
    out.extend((vendor.len() as u32).to_le_bytes());
    out.extend(vendor);
    out.extend(0u32.to_le_bytes());
    out
}

/// Interleaved samples of an Opus file of ours.
pub(super) fn decode(octets: &[u8]) -> Result<Vec<i16>, String> {
    let mut packets = PacketReader::new(Cursor::new(octets));
    let mut next = || packets.read_packet_expected().map_err(|e| e.to_string());
    let (head, _tags) = (next()?, next()?);
    let skip = match head.data.get(..12) {
        Some([b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', 1, 2, a, b]) => {
            u64::from(u16::from_le_bytes([*a, *b]))
        }
        _ => return Err("its header is not one of ours".to_owned()),
    };
    let mut decoder = Decoder::new(SAMPLE_RATE_HZ, Channels::Stereo).map_err(|e| e.to_string())?;
    let (mut out, mut frame) = (Vec::new(), vec![0; 2 * FRAME_MAX]);
    loop {
        let packet = next()?;
        if packet.data.is_empty() {
            return Err("an empty packet".to_owned());
        }
        let count = decoder
            .decode(&packet.data, &mut frame, DecodeMode::Normal)
            .map_err(|e| e.to_string())?;
        out.extend_from_slice(&frame[..2 * count]);
        if packet.last_in_stream() {
            let skip = (skip / TICKS) as usize;
            out.truncate(2 * (packet.absgp_page() / TICKS) as usize);
            out.drain(..(2 * skip).min(out.len()));
            return Ok(out);
        }
    }
}

/// Decodes and compares: the length to the sample, and how loud each side is in each second.
pub(super) fn verify(octets: &[u8], view: &mut PlainView) -> Result<(), String> {
    let found = decode(octets)?;
    let (mut wanted, mut stretch) = (Samples::new(view), Vec::new());
    let mut at = 0;
    loop {
        stretch.clear();
        let frames = wanted
            .read(STRETCH, &mut stretch)
            .map_err(|e| e.to_string())?;
        let now = found.get(at..at + stretch.len());
        let now = now.ok_or_else(|| format!("it ends early, after {} ms", found.len() / 16))?;
        for side in 0..2 {
            let (was, is) = (level(&stretch, side), level(now, side));
            let right = match was > HEARD_DB {
                true => (was - is).abs() <= LEVEL_DB,
                false => is <= QUIET_DB,
            };
            if !right {
                let name = ["left", "right"][side];
                let ms = at / 16;
                return Err(format!(
                    "{name} at {ms} ms is at {is:.0} dB and was at {was:.0} dB"
                ));
            }
        }
        at += stretch.len();
        if frames == 0 {
            break;
        }
    }
    match at == found.len() {
        true => Ok(()),
        false => Err(format!("it goes on after {} ms", at / 16)),
    }
}

/// Level of a side of interleaved samples, dB to full scale; -100 for silence.
fn level(samples: &[i16], side: usize) -> f32 {
    let square = |s: &i16| f64::from(*s) * f64::from(*s);
    let sum: f64 = samples.iter().skip(side).step_by(2).map(square).sum();
    let mean = sum / (samples.len() as f64 / 2.0).max(1.0);
    (10.0 * (mean / f64::from(i16::MAX).powi(2)).max(1e-10).log10()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::tone_db;
    use crate::recording::wav::{self, Content};
    use std::path::Path;
    use std::process::Command;

    /// A recording of these sides.
    fn recording(directory: &Path, left: &[i16], right: &[i16]) -> PlainView {
        let mut audio = Vec::new();
        wav::encode(Content::Pcm16, left, right, &mut audio);
        let mut file = wav::header(Content::Pcm16, audio.len() as u64);
        file.extend(audio);
        let path = directory.join("a.wav");
        std::fs::write(&path, file).expect("writable");
        PlainView::open(&path, None).expect("a recording")
    }

    fn tone(hz: f32, samples: usize) -> Vec<i16> {
        let step = std::f32::consts::TAU * hz / SAMPLE_RATE_HZ as f32;
        let sample = |n| ((n as f32 * step).sin() * 9_000.0) as i16;
        (0..samples).map(sample).collect()
    }

    /// Noise that comes and goes like syllables.
    fn babble(seed: u32, samples: usize) -> Vec<i16> {
        let (mut state, mut low) = (seed, 0i32);
        let sample = |n: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            low += ((state >> 17) as i32 - 16_384 - low) / 2;
            if (n / 1_200).is_multiple_of(3) {
                0
            } else {
                low as i16
            }
        };
        (0..samples).map(sample).collect()
    }

    fn side(samples: &[i16], side: usize) -> Vec<i16> {
        samples.iter().skip(side).step_by(2).copied().collect()
    }

    /// How alike two signals are when the second is taken so many samples later.
    fn likeness(a: &[i16], b: &[i16], later: i64) -> f64 {
        let pairs = (0..a.len() as i64).filter_map(|n| {
            let at = usize::try_from(n + later).ok()?;
            Some((f64::from(a[n as usize]), f64::from(*b.get(at)?)))
        });
        let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
        pairs.for_each(|(a, b)| {
            ab += a * b;
            aa += a * a;
            bb += b * b;
        });
        ab / (aa * bb).sqrt()
    }

    #[test]
    fn each_side_stays_on_its_channel() {
        let directory = tempfile::tempdir().expect("a directory");
        let (left, right) = (tone(440.0, 24_000), tone(1_030.0, 24_000));
        let mut view = recording(directory.path(), &left, &right);
        let octets = encode(&mut view).expect("encoded");
        verify(&octets, &mut view).expect("the same");
        let found = decode(&octets).expect("decoded");
        let (left, right) = (side(&found, 0), side(&found, 1));
        let level = |samples: &[i16], hz| tone_db(&samples[8_000..16_000], hz);
        assert!(level(&left, 440.0) > -15.0 && level(&right, 1_030.0) > -15.0);
        let over = [level(&left, 1_030.0), level(&right, 440.0)];
        assert!(over[0] < -55.0 && over[1] < -55.0, "{over:?}");
    }

    #[test]
    fn two_who_speak_at_once_are_told_apart() {
        let directory = tempfile::tempdir().expect("a directory");
        let voice = |name| {
            let prompt = crate::prompts::builtin(name).expect("built in");
            prompt.samples()[..40_000].to_vec()
        };
        let sides = [voice("greeting-machine-1"), voice("abandon")];
        let mut view = recording(directory.path(), &sides[0], &sides[1]);
        let found = decode(&encode(&mut view).expect("encoded")).expect("decoded");
        for (own, other) in [(0, 1), (1, 0)] {
            let now = side(&found, own);
            let alike = |a: &[i16], b: &[i16]| {
                let at = |later| likeness(a, b, later).abs();
                (-20..=20).map(at).fold(0.0, f64::max)
            };
            let over = alike(&sides[other], &now) - alike(&sides[other], &sides[own]);
            assert!(alike(&sides[own], &now) > 0.9);
            assert!(
                over < 0.02,
                "{over} more of the other's voice than there was"
            );
        }
    }

    #[test]
    fn lengths_and_times_are_kept_to_the_sample() {
        let directory = tempfile::tempdir().expect("a directory");
        for length in [0, 1, 159, 160, 8_000, 20_017] {
            let (left, right) = (babble(1, length), babble(2, length));
            let mut view = recording(directory.path(), &left, &right);
            let octets = encode(&mut view).expect("encoded");
            let found = decode(&octets).expect("decoded");
            assert_eq!(found.len(), 2 * length);
            verify(&octets, &mut view).expect("the same");
            if length < 8_000 {
                continue;
            }
            for (was, is) in [(left, side(&found, 0)), (right, side(&found, 1))] {
                let at = |later| likeness(&was, &is, later);
                let best = (-20..=20).max_by(|a, b| at(*a).total_cmp(&at(*b)));
                assert_eq!(best, Some(0), "{:?}", (-2..=2).map(at).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn what_is_not_the_recording_is_not_taken_for_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let (left, right) = (babble(1, 24_000), vec![0; 24_000]);
        let mut changed = recording(directory.path(), &right, &left);
        let octets = encode(&mut changed).expect("encoded");
        let mut view = recording(directory.path(), &left, &right);
        let error = verify(&octets, &mut view).expect_err("the sides are changed");
        assert!(error.starts_with("left at 0 ms"), "{error}");
        let mut short = recording(directory.path(), &left[..23_999], &right[..23_999]);
        let octets = encode(&mut short).expect("encoded");
        let mut view = recording(directory.path(), &left, &right);
        assert!(verify(&octets, &mut view).is_err(), "a sample is missing");
        assert!(decode(&octets[..octets.len() - 1]).is_err());
        assert!(decode(b"OggS").is_err());
    }

    /// libopus and libogg, by the programs of their authors.
    #[test]
    fn the_reference_decoder_hears_the_same() {
        let directory = tempfile::tempdir().expect("a directory");
        let (left, right) = (babble(3, 100_003), tone(700.0, 100_003));
        let mut view = recording(directory.path(), &left, &right);
        let octets = encode(&mut view).expect("encoded");
        let (from, to) = (
            directory.path().join("a.opus"),
            directory.path().join("b.wav"),
        );
        std::fs::write(&from, &octets).expect("writable");
        let info = Command::new("opusinfo").arg(&from).output();
        let info = info.expect("opusinfo is installed (Debian: opus-tools)");
        let said = String::from_utf8_lossy(&info.stdout).into_owned();
        assert!(info.status.success() && !said.contains("WARNING"), "{said}");
        assert!(said.contains("Playback length: 0m:12.500s"), "{said}");
        let decoded = Command::new("opusdec")
            .args(["--quiet", "--no-dither", "--rate", "8000"])
            .args([&from, &to])
            .output();
        let decoded = decoded.expect("opusdec is installed (Debian: opus-tools)");
        assert!(decoded.status.success(), "{decoded:?}");
        let mut reader = hound::WavReader::open(&to).expect("a WAV file");
        assert_eq!(reader.spec().channels, 2);
        let theirs: Vec<i16> = reader.samples().map(|s| s.expect("a sample")).collect();
        assert_eq!(theirs.len(), 2 * left.len());
        let ours = decode(&octets).expect("decoded");
        for n in 0..2 {
            let (ours, theirs) = (side(&ours, n), side(&theirs, n));
            let alike = likeness(&ours, &theirs, 0);
            assert!(alike > 0.98, "{alike} on channel {n}");
        }
    }
}
