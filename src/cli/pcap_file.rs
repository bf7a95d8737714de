//! A growing capture (pcapng) into files: whole blocks only, a new file when one is large.

use super::error::CliError;
use super::trace::file_error;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Type and length before a block's body.
const BLOCK_HEADER: usize = 8;
/// Block types of pcapng.
const SECTION_HEADER: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
/// Longest block: a packet of 64 KiB and its options. A longer one is no capture of ours.
const BLOCK_MAX: usize = 1 << 20;

/// One file, or several: `FILE`, then `FILE` with `.1`, `.2` … before its extension.
pub(super) struct Rotated {
    path: PathBuf,
    file: File,
    /// Octets after which the next file begins.
    most: Option<u64>,
    written: u64,
    files: u32,
    packets: u64,
    /// What every file begins with.
    preamble: Vec<u8>,
    /// The beginning of a block that is not whole yet.
    pending: Vec<u8>,
}

impl Rotated {
    /// Creates the file; one that is there is replaced.
    ///
    /// # Errors
    /// It cannot be created.
    pub(super) fn create(path: &Path, most: Option<u64>) -> Result<Self, CliError> {
        Ok(Self {
            path: path.to_owned(),
            file: File::create(path).map_err(|error| file_error(path, &error))?,
            most,
            written: 0,
            files: 1,
            packets: 0,
            preamble: Vec::new(),
            pending: Vec::new(),
        })
    }

    /// Takes the next octets; whole blocks are written at once.
    ///
    /// # Errors
    /// A file cannot be written, or what comes is no capture.
    pub(super) fn write(&mut self, octets: &[u8]) -> Result<(), CliError> {
        self.pending.extend_from_slice(octets);
        while let Some(length) = self.block_length()? {
            let block: Vec<u8> = self.pending.drain(..length).collect();
            self.block(&block)?;
        }
        Ok(())
    }

    /// Length of the block at hand, once it is whole.
    fn block_length(&self) -> Result<Option<usize>, CliError> {
        let Some(header) = self.pending.first_chunk::<BLOCK_HEADER>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        if !(12..=BLOCK_MAX).contains(&length) {
            return Err(CliError::Failed(
                "the node sent something that is no capture; is it Carillon, and of this version?"
                    .to_owned(),
            ));
        }
        Ok((self.pending.len() >= length).then_some(length))
    }

    fn block(&mut self, block: &[u8]) -> Result<(), CliError> {
        let kind = block
            .first_chunk()
            .map_or(0, |kind| u32::from_le_bytes(*kind));
        match kind {
            SECTION_HEADER | INTERFACE => self.preamble.extend_from_slice(block),
            PACKET => {
                let full = |most| self.written + block.len() as u64 > most;
                let has_packets = self.written > self.preamble.len() as u64;
                if has_packets && self.most.is_some_and(full) {
                    self.next_file()?;
                }
                self.packets += 1;
            }
            _ => {}
        }
        self.put(block)
    }

    fn next_file(&mut self) -> Result<(), CliError> {
        let extension = self
            .path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or("pcapng");
        let path = self
            .path
            .with_extension(format!("{}.{extension}", self.files));
        self.file = File::create(&path).map_err(|error| file_error(&path, &error))?;
        self.files += 1;
        self.written = 0;
        let preamble = std::mem::take(&mut self.preamble);
        let put = self.put(&preamble);
        self.preamble = preamble;
        put
    }

    fn put(&mut self, octets: &[u8]) -> Result<(), CliError> {
        self.written += octets.len() as u64;
        let put = self.file.write_all(octets);
        put.map_err(|error| file_error(&self.path, &error))
    }

    /// Ends the capture. Answers how many packets there were.
    ///
    /// # Errors
    /// The last block is not whole.
    pub(super) fn finish(self) -> Result<u64, CliError> {
        match self.pending.is_empty() {
            true => Ok(self.packets),
            false => Err(CliError::Failed(format!(
                "the capture broke off; {} packets were written",
                self.packets
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(kind: u32, body: usize) -> Vec<u8> {
        let length = (body as u32 + 12).to_le_bytes();
        [&kind.to_le_bytes()[..], &length, &vec![7; body], &length].concat()
    }

    #[test]
    fn every_file_begins_with_the_preamble_and_holds_whole_blocks() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("sip.pcapng");
        let preamble = [block(SECTION_HEADER, 16), block(INTERFACE, 8)].concat();
        let packets: Vec<u8> = (0..5).flat_map(|_| block(PACKET, 100)).collect();
        let mut rotated = Rotated::create(&file, Some(300)).unwrap();
        for octet in [preamble.as_slice(), &packets].concat() {
            rotated.write(&[octet]).unwrap();
        }
        assert_eq!(rotated.finish().unwrap(), 5);
        let two = [preamble.clone(), block(PACKET, 100), block(PACKET, 100)].concat();
        let one = [preamble, block(PACKET, 100)].concat();
        for (name, held) in [
            ("sip.pcapng", &two),
            ("sip.1.pcapng", &two),
            ("sip.2.pcapng", &one),
        ] {
            assert_eq!(
                &std::fs::read(directory.path().join(name)).unwrap(),
                held,
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_no_capture_or_breaks_off_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("sip.pcapng");
        let mut rotated = Rotated::create(&file, None).unwrap();
        assert!(rotated.write(b"<html></html>").is_err());
        let mut rotated = Rotated::create(&file, None).unwrap();
        rotated.write(&block(PACKET, 100)[..50]).unwrap();
        assert!(
            rotated
                .finish()
                .unwrap_err()
                .to_string()
                .contains("broke off")
        );
        assert!(Rotated::create(&directory.path().join("no/such"), None).is_err());
    }
}
