//! A recording's file while the call lasts: every write leaves it playable.
//!
//! Audio is appended first, then the header is told of it in one write. Killed between the two,
//! the file plays up to the write before; killed inside the first, it has a tail the header
//! does not know. A sealed file has no sizes in its header: its blocks tell their own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::digest::BlockDigester;
use super::error::RecordingError;
use super::keys::KeyRing;
use super::order::{Mark, RecordingId, RecordingOrder, checked};
use super::seal::{BlockKind, FileKey, SEALED_HEADER};
use super::sidecar::{Head, Line, line};
use super::storage::{Storage, StoredFile};
use super::wav::{self, Content};
use crate::SAMPLES_PER_MS;

/// Silence is written in pieces of at most this many samples.
const SILENCE_FRAMES: u64 = 8_000;

/// An open recording.
pub(super) struct OpenFile {
    pub(super) id: RecordingId,
    /// Below the root.
    pub(super) path: PathBuf,
    full: PathBuf,
    file: Box<dyn StoredFile>,
    sidecar: Box<dyn StoredFile>,
    sidecar_octets: u64,
    pub(super) head: Head,
    pub(super) marks: Vec<Mark>,
    frames: u64,
    /// Where the next audio goes.
    offset: u64,
    key: Option<FileKey>,
    /// Sealed blocks that were written whole.
    blocks: u64,
    digester: BlockDigester,
    /// Kept between writes, for their room.
    plain: Vec<u8>,
    sealed: Vec<u8>,
}

impl OpenFile {
    pub(super) fn create(
        storage: &dyn Storage,
        root: &Path,
        keys: Option<&Arc<KeyRing>>,
        order: &RecordingOrder,
    ) -> Result<Self, RecordingError> {
        let content = order.format.during_call();
        let mut path = checked(&order.stem)?.as_os_str().to_owned();
        path.push(".");
        path.push(content.extension());
        let (mut key, mut header) = (None, wav::header(content, 0));
        if let Some(ring) = keys {
            path.push(".sealed");
            let (file_key, sealed) =
                FileKey::create(ring.current(), content).map_err(|_| RecordingError::BadKey {
                    path: order.stem.clone(),
                    why: "the system gives no random octets",
                })?;
            key = Some(file_key);
            header = sealed.to_vec();
        }
        let path = PathBuf::from(path);
        let full = root.join(&path);
        let mut log = order.stem.as_os_str().to_owned();
        log.push(".log");
        let log = root.join(log);
        let create = |path: &Path| {
            storage
                .create(path)
                .map_err(|e| RecordingError::io("make", path, &e))
        };
        let mut open = Self {
            id: order.id,
            file: create(&full)?,
            sidecar: create(&log)?,
            full,
            path,
            sidecar_octets: 0,
            head: Head {
                version: 1,
                id: order.id,
                started_ms: order.started_ms,
                content,
                key: keys.map(|ring| ring.current().id().to_string()),
                about: order.about.clone(),
            },
            marks: Vec::new(),
            frames: 0,
            offset: header.len() as u64,
            key,
            blocks: 0,
            digester: BlockDigester::default(),
            plain: Vec::new(),
            sealed: Vec::new(),
        };
        open.write_at(0, &header)?;
        let head = Line::Head(open.head.clone());
        open.tell(&head)?;
        Ok(open)
    }

    fn write_at(&mut self, offset: u64, octets: &[u8]) -> Result<(), RecordingError> {
        self.file
            .write_at(offset, octets)
            .map_err(|e| RecordingError::io("write", &self.full, &e))
    }

    fn tell(&mut self, what: &Line) -> Result<(), RecordingError> {
        let text = line(what);
        self.sidecar
            .write_at(self.sidecar_octets, text.as_bytes())
            .map_err(|e| RecordingError::io("write beside", &self.full, &e))?;
        self.sidecar_octets += text.len() as u64;
        Ok(())
    }

    pub(super) fn content(&self) -> Content {
        self.head.content
    }

    pub(super) fn length_ms(&self) -> u64 {
        self.frames / u64::from(SAMPLES_PER_MS)
    }

    /// Audio for the sample `at`; silence goes before it where something is missing.
    pub(super) fn audio(&mut self, at: u64, octets: &[u8]) -> Result<(), RecordingError> {
        self.silence_until(at)?;
        let frame = self.content().frame_octets().unwrap_or(4);
        // The recorder never goes back; if it did, what is there stands.
        let skip = (self.frames.saturating_sub(at) * frame).min(octets.len() as u64);
        self.append(&octets[skip as usize..])?;
        self.tell_size()
    }

    /// Silence up to the sample `until`.
    pub(super) fn silence(&mut self, until: u64) -> Result<(), RecordingError> {
        if until > self.frames {
            self.silence_until(until)?;
            self.tell_size()?;
        }
        Ok(())
    }

    fn silence_until(&mut self, until: u64) -> Result<(), RecordingError> {
        while self.frames < until {
            let frames = (until - self.frames).min(SILENCE_FRAMES);
            let mut plain = std::mem::take(&mut self.plain);
            plain.clear();
            wav::encode_silence(self.content(), frames as usize, &mut plain);
            let done = self.append(&plain);
            self.plain = plain;
            done?;
        }
        Ok(())
    }

    fn append(&mut self, plain: &[u8]) -> Result<(), RecordingError> {
        if plain.is_empty() {
            return Ok(());
        }
        let mut sealed = std::mem::take(&mut self.sealed);
        sealed.clear();
        let octets = match &mut self.key {
            Some(key) => {
                key.seal(plain, &mut sealed)
                    .map_err(|_| self.seal_error())?;
                sealed.as_slice()
            }
            None => plain,
        };
        let done = self.append_octets(octets);
        self.sealed = sealed;
        done?;
        self.blocks += 1;
        self.frames += plain.len() as u64 / self.content().frame_octets().unwrap_or(4);
        Ok(())
    }

    fn seal_error(&self) -> RecordingError {
        RecordingError::Damaged {
            path: self.path.clone(),
            at_ms: self.length_ms(),
            why: "the cipher refuses a block".to_owned(),
        }
    }

    fn append_octets(&mut self, octets: &[u8]) -> Result<(), RecordingError> {
        self.write_at(self.offset, octets)?;
        self.offset += octets.len() as u64;
        let mut whole = Vec::new();
        self.digester.update(octets, |block| whole.push(block));
        whole
            .into_iter()
            .try_for_each(|block| self.tell(&Line::Block(block)))
    }

    fn tell_size(&mut self) -> Result<(), RecordingError> {
        if self.key.is_some() {
            return Ok(());
        }
        let content = self.content();
        let header = wav::header(content, self.offset - content.header_octets());
        self.write_at(0, &header)
    }

    pub(super) fn mark(&mut self, mark: Mark) -> Result<(), RecordingError> {
        let told = self.tell(&Line::Mark(mark.clone()));
        self.marks.push(mark);
        told
    }

    /// Ends the file: nothing behind what its header, or its last block, tells.
    pub(super) fn close(&mut self) -> Result<(), RecordingError> {
        if let Some(mut key) = self.key.take() {
            let mut last = Vec::new();
            let frame = self.content().frame_octets().unwrap_or(4);
            // A block whose write failed does not count; its nonce is not used again, because
            // the last block has a kind of its own.
            key.resume(self.blocks, self.frames * frame);
            key.seal_end(BlockKind::Final, &mut last)
                .map_err(|_| self.seal_error())?;
            // Cut first: a failed write may have left half a block.
            self.cut()?;
            self.append_octets(&last)?;
        }
        self.cut()?;
        if let Some(block) = self.digester.finish() {
            self.tell(&Line::Block(block))?;
        }
        Ok(())
    }

    fn cut(&mut self) -> Result<(), RecordingError> {
        debug_assert!(self.offset >= 44.min(SEALED_HEADER as u64));
        let offset = self.offset;
        self.file
            .set_len(offset)
            .map_err(|e| RecordingError::io("cut", &self.full, &e))
    }
}
