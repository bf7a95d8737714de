//! Reading a journal.

use crate::crc::crc32;
use crate::digest::StepDigest;
use crate::error::JournalError;
use crate::frame::{Entry, FRAME_HEAD, FRAME_TAIL, payload_length};
use crate::header::{FORMAT_VERSION, Header, MAGIC};
use carillon_decision::{Input, Now};
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// One input as recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its number in the file, from 0.
    pub frame: u64,
    /// Where its frame starts, bytes.
    pub offset: u64,
    /// Both clocks.
    pub now: Now,
    /// What the engine heard.
    pub input: Input,
    /// Digest of the commands it caused; absent where the recording ended before the engine
    /// was through with it.
    pub digest: Option<StepDigest>,
}

/// Where a crash cut the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// First byte that belongs to no whole frame.
    pub offset: u64,
    /// Bytes from there to the end.
    pub bytes: u64,
}

/// Reads a journal file step by step.
#[derive(Debug)]
pub struct Reader<R: Read> {
    source: R,
    header: Header,
    /// Start of the frame that is read next.
    offset: u64,
    frames: u64,
    torn: Option<TornTail>,
    /// What was met while looking for a digest: an entry with its offset, or damage.
    ahead: Option<Result<(u64, Entry<'static>), JournalError>>,
    ended: bool,
}

/// What is where a frame should be.
enum Frame {
    Payload(Vec<u8>),
    End,
    Torn(u64),
}

impl<R: Read> Reader<R> {
    /// Opens a journal. Give it a buffered source.
    ///
    /// # Errors
    /// [`JournalError::NotAJournal`], [`JournalError::Format`], [`JournalError::NoHeader`] or
    /// [`JournalError::Corrupt`] when the head of the file is not one this program can read.
    pub fn open(mut source: R) -> Result<Self, JournalError> {
        let mut mark = [0; MAGIC.len() + 2];
        let got = read_up_to(&mut source, &mut mark, 0)?;
        if mark[..got.min(MAGIC.len())] != MAGIC[..got.min(MAGIC.len())] {
            return Err(JournalError::NotAJournal);
        }
        if got < mark.len() {
            return Err(JournalError::NoHeader { offset: got as u64 });
        }
        let found = u16::from_le_bytes([mark[MAGIC.len()], mark[MAGIC.len() + 1]]);
        if found != FORMAT_VERSION {
            return Err(JournalError::Format {
                found,
                known: FORMAT_VERSION,
            });
        }
        let start = mark.len() as u64;
        let (header, length) = match read_frame(&mut source, start)? {
            Frame::Payload(bytes) => (decode(&bytes, start)?, bytes.len()),
            Frame::End => return Err(JournalError::NoHeader { offset: start }),
            Frame::Torn(bytes) => {
                return Err(JournalError::NoHeader {
                    offset: start + bytes,
                });
            }
        };
        Ok(Self {
            source,
            header,
            offset: start + frame_bytes(length),
            frames: 0,
            torn: None,
            ahead: None,
            ended: false,
        })
    }

    /// Who recorded it, and from which state.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Where a crash cut the file, if it did; known once every step was read.
    pub fn torn_tail(&self) -> Option<TornTail> {
        self.torn
    }

    /// Start of the next frame, or the end of the last whole one, bytes.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    fn entry(&mut self) -> Result<Option<(u64, Entry<'static>)>, JournalError> {
        if let Some(ahead) = self.ahead.take() {
            return ahead.map(Some);
        }
        if self.ended {
            return Ok(None);
        }
        let start = self.offset;
        match read_frame(&mut self.source, start)? {
            Frame::Payload(bytes) => {
                let entry = decode(&bytes, start)?;
                self.offset += frame_bytes(bytes.len());
                return Ok(Some((start, entry)));
            }
            Frame::End => {}
            Frame::Torn(bytes) => {
                self.torn = Some(TornTail {
                    offset: start,
                    bytes,
                })
            }
        }
        self.ended = true;
        Ok(None)
    }

    fn step(&mut self) -> Result<Option<Step>, JournalError> {
        let (offset, now, input) = match self.entry()? {
            None => return Ok(None),
            Some((offset, Entry::Input(now, input))) => (offset, now, input.into_owned()),
            Some((offset, Entry::Digest(_))) => {
                let what = "a digest without an input".to_owned();
                return Err(JournalError::Corrupt { offset, what });
            }
        };
        // Damage behind a whole input must not hide it: the next call meets it.
        let digest = match self.entry().transpose() {
            Some(Ok((_, Entry::Digest(digest)))) => Some(digest),
            other => {
                self.ahead = other;
                None
            }
        };
        let frame = self.frames;
        self.frames += 1;
        Ok(Some(Step {
            frame,
            offset,
            now,
            input,
            digest,
        }))
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Step, JournalError>;

    /// The next step. After an error the iterator has ended.
    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step().transpose();
        if matches!(step, Some(Err(_))) {
            self.ended = true;
            self.ahead = None;
        }
        step
    }
}

/// Cuts a torn tail off a journal file, so that nothing doubtful follows its whole frames.
/// Answers what was cut.
///
/// # Errors
/// As [`Reader::open`], and [`JournalError::Corrupt`] for damage that is no torn tail: the file
/// is then left as it is.
pub fn cut_torn_tail(file: &mut File) -> Result<Option<TornTail>, JournalError> {
    let io = |source| JournalError::Io { offset: 0, source };
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let mut reader = Reader::open(BufReader::new(&mut *file))?;
    for step in reader.by_ref() {
        step?;
    }
    let torn = reader.torn_tail();
    if let Some(torn) = torn {
        file.set_len(torn.offset).map_err(io)?;
        file.sync_all().map_err(io)?;
    }
    file.seek(SeekFrom::End(0)).map_err(io)?;
    Ok(torn)
}

fn frame_bytes(payload: usize) -> u64 {
    (FRAME_HEAD + payload + FRAME_TAIL) as u64
}

fn decode<T: DeserializeOwned>(bytes: &[u8], offset: u64) -> Result<T, JournalError> {
    let corrupt = |what: String| JournalError::Corrupt { offset, what };
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(corrupt(format!("{} bytes too many", rest.len()))),
        Err(error) => Err(corrupt(format!("cannot be decoded: {error}"))),
    }
}

fn read_frame(source: &mut impl Read, offset: u64) -> Result<Frame, JournalError> {
    let corrupt = |what: &str| JournalError::Corrupt {
        offset,
        what: what.to_owned(),
    };
    let mut head = [0; FRAME_HEAD];
    let got = read_up_to(source, &mut head, offset)?;
    if got == 0 {
        return Ok(Frame::End);
    }
    if got < FRAME_HEAD {
        return Ok(Frame::Torn(got as u64));
    }
    if head == [0; FRAME_HEAD] {
        // Some file systems lengthen a file before its bytes arrive.
        return match count_zeros(source, offset)? {
            Some(zeros) => Ok(Frame::Torn(FRAME_HEAD as u64 + zeros)),
            None => Err(corrupt("a frame that is not there")),
        };
    }
    let length = payload_length(&head).map_err(corrupt)?;
    let mut bytes = vec![0; length + FRAME_TAIL];
    let got = read_up_to(source, &mut bytes, offset)?;
    if got < bytes.len() {
        return Ok(Frame::Torn((FRAME_HEAD + got) as u64));
    }
    let check = bytes.split_off(length);
    if crc32(&bytes).to_le_bytes() != check[..] {
        return Err(corrupt("the checksum of the frame does not match"));
    }
    Ok(Frame::Payload(bytes))
}

/// Zeros up to the end of the source; `None` when something else comes.
fn count_zeros(source: &mut impl Read, offset: u64) -> Result<Option<u64>, JournalError> {
    let mut zeros = 0;
    let mut chunk = [0; 4_096];
    loop {
        let got = read_up_to(source, &mut chunk, offset)?;
        if chunk[..got].iter().any(|byte| *byte != 0) {
            return Ok(None);
        }
        zeros += got as u64;
        if got < chunk.len() {
            return Ok(Some(zeros));
        }
    }
}

/// Fills `bytes` as far as the source goes.
fn read_up_to(
    source: &mut impl Read,
    bytes: &mut [u8],
    offset: u64,
) -> Result<usize, JournalError> {
    let mut got = 0;
    while got < bytes.len() {
        match source.read(&mut bytes[got..]) {
            Ok(0) => break,
            Ok(read) => got += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => {
                return Err(JournalError::Io {
                    offset: offset + got as u64,
                    source,
                });
            }
        }
    }
    Ok(got)
}
