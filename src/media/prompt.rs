//! Prompts: what is played to a leg. Decoded once, shared by every leg that plays it.

use std::fmt;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use crate::resample::to_8khz;
use crate::tone::Tone;
use crate::{SAMPLE_RATE_HZ, SAMPLES_PER_MS};

/// Longest prompt in seconds; longer files are taken for a mistake.
pub const LONGEST_S: u32 = 600;

/// Audio to play: 8 kHz mono, shared and cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Prompt {
    samples: Arc<[i16]>,
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prompt({} ms)", self.duration_ms())
    }
}

/// Why a prompt can not be used. Names the file and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The file can not be read, or is no WAV file.
    #[error("prompt {file}: {cause}; give a readable WAV file (16-bit PCM, mono or stereo)")]
    Unreadable {
        /// The file.
        file: String,
        /// What is wrong.
        cause: String,
    },
    /// A WAV file of another kind.
    #[error(
        "prompt {file}: {found}; convert it: sox {file} -b 16 -e signed-integer -c 1 -r 8000 out.wav"
    )]
    Format {
        /// The file.
        file: String,
        /// What it is.
        found: String,
    },
    /// No samples in it.
    #[error("prompt {file}: it holds no audio; record it again")]
    Empty {
        /// The file.
        file: String,
    },
    /// Longer than [`LONGEST_S`].
    #[error("prompt {file}: {seconds} s long, the limit is {LONGEST_S} s; shorten it")]
    TooLong {
        /// The file.
        file: String,
        /// Its length.
        seconds: u32,
    },
}

impl PromptError {
    /// Stable code for logs, pages and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "media.prompt_unreadable",
            Self::Format { .. } => "media.prompt_format",
            Self::Empty { .. } => "media.prompt_empty",
            Self::TooLong { .. } => "media.prompt_too_long",
        }
    }
}

impl Prompt {
    /// Samples at 8 kHz as they are.
    #[must_use]
    pub fn from_samples(samples: impl Into<Arc<[i16]>>) -> Self {
        Self {
            samples: samples.into(),
        }
    }

    /// One turn of a tone's cadence.
    #[must_use]
    pub fn tone(tone: &Tone) -> Self {
        Self::from_samples(tone.samples())
    }

    /// A WAV file: 16-bit PCM, 4 to 192 kHz, mono or stereo (mixed down).
    ///
    /// # Errors
    /// [`PromptError`] names the file, what is wrong and what to do.
    pub fn from_wav(path: impl AsRef<Path>) -> Result<Self, PromptError> {
        let path = path.as_ref();
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|cause| PromptError::Unreadable {
            file: file.clone(),
            cause: cause.to_string(),
        })?;
        Self::from_wav_bytes(&file, &bytes)
    }

    /// The same from the bytes of a file; `file` names it in errors.
    ///
    /// # Errors
    /// As [`from_wav`](Self::from_wav).
    pub fn from_wav_bytes(file: &str, bytes: &[u8]) -> Result<Self, PromptError> {
        let unreadable = |cause: hound::Error| PromptError::Unreadable {
            file: file.to_owned(),
            cause: cause.to_string(),
        };
        let mut reader = hound::WavReader::new(Cursor::new(bytes)).map_err(unreadable)?;
        let spec = reader.spec();
        check_format(file, &spec)?;
        let seconds = reader.duration() / spec.sample_rate;
        if seconds >= LONGEST_S {
            return Err(PromptError::TooLong {
                file: file.to_owned(),
                seconds,
            });
        }
        let raw: Vec<i16> = reader
            .samples::<i16>()
            .collect::<Result<_, _>>()
            .map_err(unreadable)?;
        if raw.is_empty() {
            return Err(PromptError::Empty {
                file: file.to_owned(),
            });
        }
        let mono: Vec<i16> = if spec.channels == 2 {
            raw.chunks_exact(2)
                .map(|c| ((i32::from(c[0]) + i32::from(c[1])) / 2) as i16)
                .collect()
        } else {
            raw
        };
        Ok(Self::from_samples(to_8khz(&mono, spec.sample_rate)))
    }

    /// The samples, 8 kHz mono.
    #[must_use]
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// The samples, shared.
    #[must_use]
    pub fn shared(&self) -> Arc<[i16]> {
        Arc::clone(&self.samples)
    }

    /// Length in milliseconds, rounded down.
    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        self.samples.len() as u64 / u64::from(SAMPLES_PER_MS)
    }
}

fn check_format(file: &str, spec: &hound::WavSpec) -> Result<(), PromptError> {
    let pcm16 = spec.sample_format == hound::SampleFormat::Int && spec.bits_per_sample == 16;
    let rate = (SAMPLE_RATE_HZ / 2..=192_000).contains(&spec.sample_rate);
    if pcm16 && rate && matches!(spec.channels, 1 | 2) {
        return Ok(());
    }
    let found = format!(
        "{} bits {}, {} channel(s), {} Hz; allowed are 16-bit PCM, 1 or 2 channels, 4000 to 192000 Hz",
        spec.bits_per_sample,
        if spec.sample_format == hound::SampleFormat::Int {
            "integer"
        } else {
            "float"
        },
        spec.channels,
        spec.sample_rate
    );
    Err(PromptError::Format {
        file: file.to_owned(),
        found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::tone_db;

    fn wav(rate: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        samples
            .iter()
            .for_each(|s| writer.write_sample(*s).unwrap());
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn stereo_at_44_khz_becomes_mono_at_8() {
        let tone = |hz: f64, i: u32| (f64::from(i) * std::f64::consts::TAU * hz / 44_100.0).sin();
        let samples: Vec<i16> = (0..44_100)
            .flat_map(|i| {
                [
                    (tone(500.0, i) * 8000.0) as i16,
                    (tone(1500.0, i) * 8000.0) as i16,
                ]
            })
            .collect();
        let prompt = Prompt::from_wav_bytes("x.wav", &wav(44_100, 2, &samples)).unwrap();
        assert!(prompt.duration_ms().abs_diff(1000) <= 1);
        // Each channel at half its amplitude: 4000 of 32767 is -18.3 dB.
        for hz in [500.0, 1500.0] {
            assert!((tone_db(&prompt.samples()[400..7600], hz) + 18.3).abs() < 0.5);
        }
    }

    #[test]
    fn errors_name_the_file_and_the_remedy() {
        let missing = Prompt::from_wav("no/such/prompt.wav").unwrap_err();
        assert_eq!(missing.code(), "media.prompt_unreadable");
        assert!(missing.to_string().contains("no/such/prompt.wav"));
        let rubbish = Prompt::from_wav_bytes("a.wav", b"not a wav file").unwrap_err();
        assert_eq!(rubbish.code(), "media.prompt_unreadable");
        let cut = &wav(8000, 1, &[1; 800])[..500];
        assert_eq!(
            Prompt::from_wav_bytes("c.wav", cut).unwrap_err().code(),
            "media.prompt_unreadable"
        );
        let empty = Prompt::from_wav_bytes("e.wav", &wav(8000, 1, &[])).unwrap_err();
        assert_eq!(empty.code(), "media.prompt_empty");
        let six = Prompt::from_wav_bytes("six.wav", &wav(8000, 6, &[0; 6])).unwrap_err();
        assert_eq!(six.code(), "media.prompt_format");
        assert!(six.to_string().contains("sox six.wav"), "{six}");
    }
}
