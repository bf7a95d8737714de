//! Writing a journal.

use crate::digest::StepDigest;
use crate::error::JournalError;
use crate::frame::{Entry, append};
use crate::header::{FORMAT_VERSION, Header, MAGIC};
use carillon_decision::{Input, Now};
use std::borrow::Cow;
use std::io::Write;

/// Bytes gathered before they are handed to the file.
const BUFFER_BYTES: usize = 64 << 10;

/// Writes a journal file. Entries are gathered in memory; [`Writer::flush`] hands them over.
/// Nothing is synced to disk here: the store is the truth for recovery, the journal is evidence.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    buffer: Vec<u8>,
    /// Bytes handed to `out`.
    handed_over: u64,
    bytes_max: u64,
}

impl<W: Write> Writer<W> {
    /// Starts a journal file. `bytes_max` is the size at which [`Writer::is_full`] asks for
    /// the next file; entries past it are still written.
    ///
    /// # Errors
    /// [`JournalError::Io`] when the header cannot be written.
    pub fn create(out: W, header: &Header, bytes_max: u64) -> Result<Self, JournalError> {
        let mut buffer = Vec::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 4);
        buffer.extend_from_slice(&MAGIC);
        buffer.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        append(&mut buffer, header)?;
        let mut writer = Self {
            out,
            buffer,
            handed_over: 0,
            bytes_max,
        };
        writer.flush()?;
        Ok(writer)
    }

    /// Writes an input, before the engine hears it: an input that makes the engine fail is the
    /// one most worth having (flush before handing it over where that matters).
    ///
    /// # Errors
    /// [`JournalError::Io`] when the buffer is full and cannot be handed over. The entry is in
    /// the buffer still; a later flush tries again.
    pub fn input(&mut self, now: Now, input: &Input) -> Result<(), JournalError> {
        append(&mut self.buffer, &Entry::Input(now, Cow::Borrowed(input)))?;
        self.hand_over_if_large()
    }

    /// Writes the digest of the commands the last input caused.
    ///
    /// # Errors
    /// As [`Writer::input`].
    pub fn digest(&mut self, digest: StepDigest) -> Result<(), JournalError> {
        append(&mut self.buffer, &Entry::Digest(digest))?;
        self.hand_over_if_large()
    }

    /// Hands everything gathered to the file.
    ///
    /// # Errors
    /// [`JournalError::Io`]; what was not written stays gathered, so that the file never has
    /// a hole.
    pub fn flush(&mut self) -> Result<(), JournalError> {
        let mut done = 0;
        let result = loop {
            if done == self.buffer.len() {
                break self.out.flush();
            }
            match self.out.write(&self.buffer[done..]) {
                Ok(0) => break Err(std::io::ErrorKind::WriteZero.into()),
                Ok(written) => done += written,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.buffer.drain(..done);
        self.handed_over += done as u64;
        result.map_err(|source| JournalError::Io {
            offset: self.handed_over,
            source,
        })
    }

    /// Size of the file with what is gathered, bytes.
    pub fn bytes(&self) -> u64 {
        self.handed_over + self.buffer.len() as u64
    }

    /// The file has reached its size: start the next one, with the engine's snapshot in its
    /// header ([`Header::next_part`]).
    pub fn is_full(&self) -> bool {
        self.bytes() >= self.bytes_max
    }

    /// Flushes and gives the file back.
    ///
    /// # Errors
    /// [`JournalError::Io`] when flushing fails.
    pub fn finish(mut self) -> Result<W, JournalError> {
        self.flush()?;
        Ok(self.out)
    }

    fn hand_over_if_large(&mut self) -> Result<(), JournalError> {
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush()
        } else {
            Ok(())
        }
    }
}
