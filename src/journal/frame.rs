//! Frames: length, payload and their checksums.

use crate::crc::crc32;
use crate::digest::StepDigest;
use crate::error::JournalError;
use carillon_decision::{Input, Now};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Bytes before the payload: length and its checksum.
pub(crate) const FRAME_HEAD: usize = 8;
/// Bytes after the payload: its checksum.
pub(crate) const FRAME_TAIL: usize = 4;
/// Longest payload. A snapshot of a large floor is a few megabytes; the limit keeps a damaged
/// file from asking for gigabytes of memory.
pub(crate) const PAYLOAD_MAX: u32 = 64 << 20;

/// A frame's payload after the header's.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Entry<'a> {
    /// The engine is about to hear this.
    Input(Now, Cow<'a, Input>),
    /// What the last input caused.
    Digest(StepDigest),
}

/// Appends a frame to `buffer`; on error the buffer is as before.
pub(crate) fn append<T: Serialize>(buffer: &mut Vec<u8>, value: &T) -> Result<(), JournalError> {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; FRAME_HEAD]);
    let payload = start + FRAME_HEAD;
    let length = match encode(buffer, value, payload) {
        Ok(length) => length.to_le_bytes(),
        Err(error) => {
            buffer.truncate(start);
            return Err(error);
        }
    };
    buffer[start..start + 4].copy_from_slice(&length);
    buffer[start + 4..payload].copy_from_slice(&crc32(&length).to_le_bytes());
    let check = crc32(&buffer[payload..]).to_le_bytes();
    buffer.extend_from_slice(&check);
    Ok(())
}

/// Appends the payload, which starts at `payload`; answers its length.
fn encode<T: Serialize>(
    buffer: &mut Vec<u8>,
    value: &T,
    payload: usize,
) -> Result<u32, JournalError> {
    postcard::to_io(value, &mut *buffer).map_err(|e| JournalError::Encode(e.to_string()))?;
    u32::try_from(buffer.len() - payload)
        .ok()
        .filter(|length| *length <= PAYLOAD_MAX)
        .ok_or_else(|| JournalError::Encode("longer than 64 MiB".to_owned()))
}

/// Length of the payload that this frame head announces; `Err` says what is wrong.
pub(crate) fn payload_length(head: &[u8; FRAME_HEAD]) -> Result<usize, &'static str> {
    let (length, check) = head.split_at(4);
    if crc32(length).to_le_bytes() != check {
        return Err("the checksum of the frame's length does not match");
    }
    let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]);
    if length > PAYLOAD_MAX {
        return Err("the frame is longer than any that is written");
    }
    Ok(length as usize)
}
