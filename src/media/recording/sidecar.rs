//! The file beside a recording: what it is, what happened in it, and the digests of its blocks.
//!
//! JSON, one object a line, only ever appended to while the call lasts, so that a crash leaves
//! all but the last line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::digest::BlockDigest;
use super::error::RecordingError;
use super::order::{Ending, Mark, RecordingId};
use super::wav::Content;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The first one.
    Head(Head),
    /// Something happened.
    Mark(Mark),
    /// A block of the file, behind its header, is written.
    Block(BlockDigest),
    /// The last one.
    End(End),
}

/// What a recording is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Version of these lines: 1.
    pub version: u32,
    /// The recording.
    pub id: RecordingId,
    /// When it began, milliseconds since the epoch.
    pub started_ms: i64,
    /// What the file holds.
    pub content: Content,
    /// Id of the master key, when sealed.
    pub key: Option<String>,
    /// What the caller said of it.
    pub about: BTreeMap<String, String>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Length.
    pub length_ms: u64,
    /// Size of the file.
    pub octets: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Last link of the chain.
    pub chain: String,
    /// How.
    pub ending: Ending,
}

/// A sidecar, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sidecar {
    /// What it is.
    pub head: Option<Head>,
    /// What happened, in order.
    pub marks: Vec<Mark>,
    /// Digests, in order.
    pub blocks: Vec<BlockDigest>,
    /// How it ended.
    pub end: Option<End>,
}

/// The sidecar of a recording's file: the same name, ending in `log`.
#[must_use]
pub fn sidecar_path(file: &Path) -> PathBuf {
    // `1-1.wav.sealed` and `1-1.wav` have the same one.
    let plain = match file.extension().is_some_and(|e| e == "sealed") {
        true => file.with_extension(""),
        false => file.to_owned(),
    };
    plain.with_extension("log")
}

impl Sidecar {
    /// Reads lines; what is torn or unknown is left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut sidecar = Self::default();
        for line in text.lines() {
            match serde_json::from_str(line) {
                Ok(Line::Head(head)) => sidecar.head = Some(head),
                Ok(Line::Mark(mark)) => sidecar.marks.push(mark),
                Ok(Line::Block(block)) => sidecar.blocks.push(block),
                Ok(Line::End(end)) => sidecar.end = Some(end),
                Err(_) => {}
            }
        }
        sidecar
    }

    /// Reads the sidecar of a recording's file. A missing one is empty.
    ///
    /// # Errors
    /// The file system's.
    pub fn read(file: &Path) -> Result<Self, RecordingError> {
        let path = sidecar_path(file);
        match std::fs::read(&path) {
            Ok(octets) => Ok(Self::parse(&String::from_utf8_lossy(&octets))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(RecordingError::io("read", &path, &error)),
        }
    }

    /// All lines.
    #[must_use]
    pub fn to_text(&self) -> String {
        let head = self.head.clone().map(Line::Head).into_iter();
        let marks = self.marks.iter().cloned().map(Line::Mark);
        let blocks = self.blocks.iter().cloned().map(Line::Block);
        let end = self.end.clone().map(Line::End);
        head.chain(marks)
            .chain(blocks)
            .chain(end)
            .map(|l| line(&l))
            .collect()
    }
}

/// A line with its end.
#[must_use]
pub fn line(line: &Line) -> String {
    // Plain structures with text keys: nothing in them can fail to be written.
    let mut text = serde_json::to_string(line).unwrap_or_default();
    text.push('\n');
    text
}
