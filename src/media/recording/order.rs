//! What a caller of the recorder says and hears.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::error::RecordingError;
use super::wav::Content;

/// A recording's number, unique over restarts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct RecordingId(pub u64);

impl std::fmt::Display for RecordingId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a recording becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Stereo WAV, 16-bit linear. Default.
    #[default]
    Wav,
    /// Stereo WAV, G.711 µ-law: half the size; exact when the trunk speaks µ-law.
    WavMulaw,
    /// Stereo WAV, G.711 A-law: half the size; exact when the trunk speaks A-law.
    WavAlaw,
    /// FLAC, made from the WAV after the call. Exact.
    Flac,
    /// Opus in Ogg, made from the WAV after the call. Small, not exact.
    Opus,
}

impl Format {
    /// What is written during the call.
    #[must_use]
    pub fn during_call(self) -> Content {
        match self {
            Self::WavMulaw => Content::Mulaw,
            Self::WavAlaw => Content::Alaw,
            Self::Wav | Self::Flac | Self::Opus => Content::Pcm16,
        }
    }

    /// What is kept after it.
    #[must_use]
    pub fn kept(self) -> Content {
        match self {
            Self::Flac => Content::Flac,
            Self::Opus => Content::Opus,
            other => other.during_call(),
        }
    }
}

/// Asks for a recording.
#[derive(Clone, Debug)]
pub struct RecordingOrder {
    /// Its number.
    pub id: RecordingId,
    /// The tap it listens to.
    pub tap: u64,
    /// Its millisecond 0. Audio the keeper has handed on before the order came is not in it.
    pub at: Instant,
    /// The same instant by the wall clock, milliseconds since the epoch.
    pub started_ms: i64,
    /// Where, below the root, without an ending: `2026/11/22/1234-1`.
    pub stem: PathBuf,
    /// As what.
    pub format: Format,
    /// What else the sidecar shall say: call, campaign, agent. Stands there unsealed.
    pub about: BTreeMap<String, String>,
}

/// Longest recording; it ends there, finished, with a note.
pub const LENGTH_MS_MAX: u64 = 24 * 3_600_000;

/// A stem, if it leads nowhere but below the root.
pub(super) fn checked(stem: &Path) -> Result<&Path, RecordingError> {
    let inside = |part| matches!(part, Component::Normal(_));
    match stem.components().all(inside) && stem.file_name().is_some() {
        true => Ok(stem),
        false => Err(RecordingError::BadPath(stem.to_owned())),
    }
}

/// Something that happened in a recording, by its own time in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "mark")]
pub enum Mark {
    /// From here on there is silence, on order.
    Paused {
        /// When.
        at_ms: u64,
        /// Who asked for it.
        by: String,
        /// Why: `card data`.
        reason: String,
    },
    /// Audio goes on.
    Resumed {
        /// When.
        at_ms: u64,
        /// Who asked for it.
        by: String,
    },
    /// Silence, because the disk did not take audio in time.
    Lost {
        /// From.
        at_ms: u64,
        /// To.
        to_ms: u64,
    },
    /// Anything else: a transfer, a hold.
    Note {
        /// When.
        at_ms: u64,
        /// What.
        text: String,
    },
}

/// A stretch, in milliseconds of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanMs {
    /// From.
    pub from_ms: u64,
    /// To.
    pub to_ms: u64,
}

/// How a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// As it should.
    Finished,
    /// By a crash; repaired.
    Recovered,
    /// By the disk; what was written until then is there.
    Failed,
}

/// A recording that is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingSummary {
    /// Its number.
    pub id: RecordingId,
    /// Its file, below the root.
    pub path: PathBuf,
    /// What the file holds.
    pub content: Content,
    /// Length.
    pub length_ms: u64,
    /// Size of the file.
    pub octets: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Last link of the chain of block digests, hexadecimal.
    pub chain: String,
    /// Id of the master key, when sealed.
    pub key: Option<String>,
    /// Audio the disk did not take in time.
    pub lost_ms: u64,
    /// Stretches left out on order.
    pub paused: Vec<SpanMs>,
    /// How it ended.
    pub ending: Ending,
    /// Why it failed, or what the repair found; empty when nothing is to be said.
    pub why: String,
}

/// What the recorder tells whoever runs it. Called on the recorder's own threads: pass it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecorderEvent {
    /// A file was opened, with its path below the root.
    Opened {
        /// The recording.
        id: RecordingId,
        /// Its file.
        path: PathBuf,
        /// Id of the master key, when sealed.
        key: Option<String>,
    },
    /// A recording is closed.
    Closed(RecordingSummary),
    /// A recording could not even be opened.
    NotOpened {
        /// The recording.
        id: RecordingId,
        /// Why.
        error: RecordingError,
    },
    /// A recording stopped in mid-call: the disk is full or refuses. Its call goes on; a
    /// [`Closed`](Self::Closed) follows.
    Broken {
        /// The recording.
        id: RecordingId,
        /// Why.
        error: RecordingError,
    },
    /// The disk does not keep up: audio is being lost (`true`), or no longer (`false`).
    Losing(bool),
    /// A conversion failed; the WAV is kept.
    NotConverted {
        /// The recording.
        id: RecordingId,
        /// Why.
        error: RecordingError,
    },
}

/// Paused stretches among marks; one that never ended reaches to the recording's end.
pub(super) fn paused_spans(marks: &[Mark], length_ms: u64) -> Vec<SpanMs> {
    let mut spans = Vec::new();
    let mut from = None;
    for mark in marks {
        match mark {
            Mark::Paused { at_ms, .. } => from = from.or(Some(*at_ms)),
            Mark::Resumed { at_ms, .. } => {
                spans.extend(from.take().map(|from_ms| SpanMs {
                    from_ms,
                    to_ms: *at_ms,
                }));
            }
            Mark::Lost { .. } | Mark::Note { .. } => {}
        }
    }
    spans.extend(from.map(|from_ms| SpanMs {
        from_ms,
        to_ms: length_ms.max(from_ms),
    }));
    spans
}

/// Milliseconds lost, among marks.
pub(super) fn lost_ms(marks: &[Mark]) -> u64 {
    marks
        .iter()
        .map(|mark| match mark {
            Mark::Lost { at_ms, to_ms } => to_ms.saturating_sub(*at_ms),
            _ => 0,
        })
        .sum()
}
