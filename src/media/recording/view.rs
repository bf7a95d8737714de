//! A recording as it is heard, whether it is sealed or not: random access to its audio, and to
//! the playable file it is or would be.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::error::RecordingError;
use super::keys::KeyRing;
use super::seal::{BlockKind, FileKey, MAGIC, SEALED_HEADER, SealFault, parse_length};
use super::wav::{self, Content};
use crate::SAMPLE_RATE_HZ;

/// Where a sealed block is.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Of its first octet in the audio.
    plain: u64,
    /// Of its sealed octets in the file, behind the length field.
    file: u64,
    /// Octets in it.
    length: usize,
}

struct Sealed {
    key: FileKey,
    blocks: Vec<Place>,
    last: Option<(BlockKind, Place)>,
    /// Octets of the file behind the last whole block.
    tail: u64,
    /// The block opened last.
    opened: Option<(usize, Vec<u8>)>,
}

/// A recording, open for reading.
pub struct PlainView {
    file: File,
    path: PathBuf,
    content: Content,
    sealed: Option<Sealed>,
    /// Octets of audio, or of the compressed file.
    octets: u64,
}

impl std::fmt::Debug for PlainView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlainView")
            .field("path", &self.path)
            .field("content", &self.content)
            .field("octets", &self.octets)
            .finish_non_exhaustive()
    }
}

/// How a sealed file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedEnd {
    /// With its last block.
    Whole {
        /// The last block was written by a repair.
        repaired: bool,
    },
    /// Without: it was cut off, or its call is not over.
    Open {
        /// Octets of a torn block at the end.
        torn: u64,
    },
}

impl PlainView {
    /// Opens a recording's file.
    ///
    /// # Errors
    /// The file system's, a key that is not at hand, a file that is no recording.
    pub fn open(path: &Path, keys: Option<&KeyRing>) -> Result<Self, RecordingError> {
        let io = |e: io::Error| RecordingError::io("read", path, &e);
        let file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mut head = vec![0; SEALED_HEADER.min(length as usize)];
        file.read_exact_at(&mut head, 0).map_err(io)?;
        if head.starts_with(MAGIC) {
            return Self::open_sealed(file, path, &head, length, keys);
        }
        let damaged = |why: &str| RecordingError::Damaged {
            path: path.to_owned(),
            at_ms: 0,
            why: why.to_owned(),
        };
        let (content, octets) = match head.get(..4) {
            Some(b"fLaC") => (Content::Flac, length),
            Some(b"OggS") => (Content::Opus, length),
            _ => {
                let (content, data) =
                    wav::parse(&head).ok_or_else(|| damaged("its header is not one of ours"))?;
                (content, data.min(length - content.header_octets()))
            }
        };
        Ok(Self {
            file,
            path: path.to_owned(),
            content,
            sealed: None,
            octets,
        })
    }

    fn open_sealed(
        file: File,
        path: &Path,
        head: &[u8],
        length: u64,
        keys: Option<&KeyRing>,
    ) -> Result<Self, RecordingError> {
        let no_key = |key: String| RecordingError::NoKey {
            path: path.to_owned(),
            key,
        };
        let Some(keys) = keys else {
            let id = head.get(32..48).map(super::digest::hex);
            return Err(no_key(id.unwrap_or_default()));
        };
        let (key, content) = FileKey::open(head, keys).map_err(|fault| match fault {
            SealFault::NoKey(id) => no_key(id.to_string()),
            _ => RecordingError::Damaged {
                path: path.to_owned(),
                at_ms: 0,
                why: "its header was changed".to_owned(),
            },
        })?;
        let (mut blocks, mut last) = (Vec::new(), None);
        let (mut at, mut plain) = (SEALED_HEADER as u64, 0);
        while last.is_none() && at + 4 <= length {
            let mut field = [0; 4];
            file.read_exact_at(&mut field, at)
                .map_err(|e| RecordingError::io("read", path, &e))?;
            let Some((kind, octets)) = parse_length(field) else {
                break;
            };
            let after = at + 4 + octets as u64 + 16;
            if after > length {
                break;
            }
            let place = Place {
                plain,
                file: at + 4,
                length: octets,
            };
            match kind {
                BlockKind::Data => {
                    blocks.push(place);
                    plain += octets as u64;
                }
                BlockKind::Final | BlockKind::Repaired => last = Some((kind, place)),
            }
            at = after;
        }
        let sealed = Sealed {
            key,
            blocks,
            last,
            tail: length - at,
            opened: None,
        };
        Ok(Self {
            file,
            path: path.to_owned(),
            content,
            sealed: Some(sealed),
            octets: plain,
        })
    }

    /// What the recording holds.
    #[must_use]
    pub fn content(&self) -> Content {
        self.content
    }

    /// Octets of audio, or of the compressed file.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Whether it is sealed.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.sealed.is_some()
    }

    /// Length, by the octets of audio; `None` for a compressed file.
    #[must_use]
    pub fn length_ms(&self) -> Option<u64> {
        self.time_of(self.octets)
    }

    /// Where in the recording an octet of audio is, in milliseconds.
    fn time_of(&self, octets: u64) -> Option<u64> {
        let frame = self.content.frame_octets()?;
        Some(octets / frame * 1_000 / u64::from(SAMPLE_RATE_HZ))
    }

    /// How a sealed file ends; `None` for one that is not sealed.
    #[must_use]
    pub fn sealed_end(&self) -> Option<SealedEnd> {
        let sealed = self.sealed.as_ref()?;
        Some(match &sealed.last {
            Some((kind, _)) => SealedEnd::Whole {
                repaired: *kind == BlockKind::Repaired,
            },
            None => SealedEnd::Open { torn: sealed.tail },
        })
    }

    /// Reads octets of audio from an offset; fewer than asked for only at the end.
    ///
    /// # Errors
    /// The file system's, or a sealed block that was changed.
    pub fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, RecordingError> {
        let end = self.octets.min(offset.saturating_add(out.len() as u64));
        let wanted = end.saturating_sub(offset) as usize;
        let out = &mut out[..wanted];
        if self.sealed.is_some() {
            self.read_sealed(offset, out)?;
        } else {
            let at = self.content.header_octets() + offset;
            self.file
                .read_exact_at(out, at)
                .map_err(|e| RecordingError::io("read", &self.path, &e))?;
        }
        Ok(wanted)
    }

    fn read_sealed(&mut self, mut offset: u64, mut out: &mut [u8]) -> Result<(), RecordingError> {
        while !out.is_empty() {
            let blocks = self.sealed.as_ref().map_or(&[][..], |s| &s.blocks);
            let number = blocks.partition_point(|b| b.plain <= offset) - 1;
            let from = (offset - blocks[number].plain) as usize;
            let block = self.block(number)?;
            let count = (block.len() - from).min(out.len());
            out[..count].copy_from_slice(&block[from..from + count]);
            out = &mut out[count..];
            offset += count as u64;
        }
        Ok(())
    }

    /// A sealed block, opened.
    fn block(&mut self, number: usize) -> Result<&[u8], RecordingError> {
        let time = |view: &Self| {
            let plain = view.sealed.as_ref().map_or(0, |s| s.blocks[number].plain);
            view.time_of(plain).unwrap_or_default()
        };
        let at_ms = time(self);
        let damaged = |path: &Path| RecordingError::Damaged {
            path: path.to_owned(),
            at_ms,
            why: format!("block {number} was changed or is out of its place"),
        };
        let Some(sealed) = &mut self.sealed else {
            return Err(damaged(&self.path));
        };
        if sealed.opened.as_ref().is_none_or(|(n, _)| *n != number) {
            let place = sealed.blocks[number];
            let mut octets = vec![0; place.length + 16];
            self.file
                .read_exact_at(&mut octets, place.file)
                .map_err(|e| RecordingError::io("read", &self.path, &e))?;
            sealed
                .key
                .open_block(BlockKind::Data, number as u64, &mut octets)
                .map_err(|_| damaged(&self.path))?;
            octets.truncate(place.length);
            sealed.opened = Some((number, octets));
        }
        sealed
            .opened
            .as_ref()
            .map(|(_, octets)| octets.as_slice())
            .ok_or_else(|| damaged(&self.path))
    }

    /// Opens every sealed block, and the last one. Every fault with its time; empty for a file
    /// that is whole or not sealed. `told` hears how many octets were looked at.
    pub fn check_seal(&mut self, mut told: impl FnMut(u64)) -> Vec<RecordingError> {
        let count = self.sealed.as_ref().map_or(0, |s| s.blocks.len());
        let mut faults = Vec::new();
        for number in 0..count {
            match self.block(number) {
                Ok(octets) => told(octets.len() as u64),
                Err(fault) => faults.push(fault),
            }
        }
        if let Some(sealed) = &self.sealed {
            let fault = |why: String| RecordingError::Damaged {
                path: self.path.clone(),
                at_ms: self.length_ms().unwrap_or_default(),
                why,
            };
            match sealed.last {
                None => faults.push(fault(
                    "it was cut off: its last block is missing".to_owned(),
                )),
                Some((kind, place)) => {
                    let mut octets = vec![0; place.length + 16];
                    let whole = self.file.read_exact_at(&mut octets, place.file).is_ok()
                        && sealed.key.open_block(kind, count as u64, &mut octets).ok()
                            == Some(&self.octets.to_le_bytes()[..]);
                    if !whole {
                        faults.push(fault("its last block was changed or moved".to_owned()));
                    }
                    if sealed.tail > 0 {
                        faults.push(fault(format!("{} octets follow its end", sealed.tail)));
                    }
                }
            }
        }
        faults
    }

    /// The blocks that open, from the first on, and where in the file they end: for a repair.
    pub(super) fn whole_prefix(&mut self) -> (u64, u64, u64) {
        let count = self.sealed.as_ref().map_or(0, |s| s.blocks.len());
        let whole = (0..count).take_while(|n| self.block(*n).is_ok()).count();
        let blocks = self.sealed.as_ref().map_or(&[][..], |s| &s.blocks);
        match whole.checked_sub(1).map(|last| blocks[last]) {
            Some(last) => (
                whole as u64,
                last.plain + last.length as u64,
                last.file + last.length as u64 + 16,
            ),
            None => (0, 0, SEALED_HEADER as u64),
        }
    }

    /// The key of a sealed file, to go on with it.
    pub(super) fn into_key(self) -> Option<FileKey> {
        self.sealed.map(|sealed| sealed.key)
    }

    /// Octets of the playable file: the recording with its WAV header, or the compressed file.
    #[must_use]
    pub fn file_octets(&self) -> u64 {
        self.content.header_octets() + self.octets
    }

    /// Reads octets of the playable file from an offset; fewer than asked for only at the end.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub fn read_file_at(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, RecordingError> {
        let start = self.content.header_octets();
        let mut done = 0;
        if offset < start {
            let header = wav::header(self.content, self.octets);
            let rest = &header[offset as usize..];
            done = rest.len().min(out.len());
            out[..done].copy_from_slice(&rest[..done]);
        }
        if done < out.len() {
            done += self.read_at((offset + done as u64) - start, &mut out[done..])?;
        }
        Ok(done)
    }
}
