//! Recordings at rest under a key: AES-256-GCM by blocks, so that a crash loses at most the last
//! block, and a block changed, dropped, moved or cut off is found.
//!
//! Every file has a random key of its own, wrapped by the master key in the file's header;
//! changing the master key means wrapping anew, and old ones stay readable by their id. A block
//! is its length and kind (authenticated), the sealed octets, and the tag; its nonce is kind and
//! number, so the file's order is part of what is authenticated. The last block tells the whole
//! length; without it the file was cut off or never finished.
//!
//! Sources: NIST SP 800-38D (GCM; unique nonces by counter, section 8.2.1), RFC 8018 (PBKDF2).

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

use super::keys::{KeyId, KeyRing, MasterKey};
use super::wav::Content;

/// Octets of the header of a sealed file.
pub const SEALED_HEADER: usize = 128;
/// What a sealed file begins with.
pub const MAGIC: &[u8; 8] = b"CARILREC";
/// Largest block, in octets of what is sealed.
pub const BLOCK_MAX: usize = 1 << 20;
/// Octets a block is longer than what is in it.
pub const BLOCK_OVERHEAD: usize = 4 + 16;

const VERSION: u8 = 1;
const WRAP_NONCE: usize = 64;
const WRAPPED: usize = WRAP_NONCE + NONCE_LEN;
const WRAPPED_OCTETS: usize = 32 + 16;
const LENGTH_MASK: u32 = (1 << 30) - 1;

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// Audio, or a piece of a compressed file.
    Data,
    /// The last one, written at the end: how much there is in all.
    Final,
    /// The last one, written by a repair.
    Repaired,
}

impl BlockKind {
    fn number(self) -> u32 {
        match self {
            Self::Data => 0,
            Self::Final => 1,
            Self::Repaired => 2,
        }
    }

    fn from_number(number: u32) -> Option<Self> {
        [Self::Data, Self::Final, Self::Repaired]
            .into_iter()
            .find(|kind| kind.number() == number)
    }
}

/// Why a block or header does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealFault {
    /// It is not one of our headers.
    NoHeader,
    /// The key it wants is not at hand.
    NoKey(KeyId),
    /// What it says was changed: the tag does not fit.
    Forged,
    /// The system gives no random octets.
    NoEntropy,
}

/// A block's length field: octets inside, and its kind. `None` for what we never write.
#[must_use]
pub fn parse_length(field: [u8; 4]) -> Option<(BlockKind, usize)> {
    let field = u32::from_le_bytes(field);
    let length = (field & LENGTH_MASK) as usize;
    let kind = BlockKind::from_number(field >> 30)?;
    (length > 0 && length <= BLOCK_MAX).then_some((kind, length))
}

/// The key of one file, for sealing or opening its blocks.
pub struct FileKey {
    key: LessSafeKey,
    /// Number of the next block to seal.
    next: u64,
    sealed_octets: u64,
}

impl std::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileKey")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

fn key_of(octets: &[u8]) -> Result<LessSafeKey, SealFault> {
    UnboundKey::new(&AES_256_GCM, octets)
        .map(LessSafeKey::new)
        .map_err(|_| SealFault::Forged)
}

fn nonce(kind: BlockKind, number: u64) -> Nonce {
    let mut octets = [0; NONCE_LEN];
    octets[0] = kind.number() as u8;
    octets[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(octets)
}

impl FileKey {
    /// A new random key, and the header that carries it under `master`.
    ///
    /// # Errors
    /// [`SealFault::NoEntropy`].
    pub fn create(
        master: &MasterKey,
        content: Content,
    ) -> Result<(Self, [u8; SEALED_HEADER]), SealFault> {
        let random = SystemRandom::new();
        let fill = |octets: &mut [u8]| random.fill(octets).map_err(|_| SealFault::NoEntropy);
        let mut header = [0; SEALED_HEADER];
        header[..8].copy_from_slice(MAGIC);
        header[8] = VERSION;
        header[9] = content.number();
        master.describe(&mut header[10..48]);
        fill(&mut header[48..64])?;
        fill(&mut header[WRAP_NONCE..WRAPPED])?;
        let mut data_key = [0; 32];
        fill(&mut data_key)?;
        let key = key_of(&data_key)?;
        let (signed, rest) = header.split_at_mut(WRAPPED);
        let mut wrap_nonce = [0; NONCE_LEN];
        wrap_nonce.copy_from_slice(&signed[WRAP_NONCE..]);
        let tag = master
            .aead()
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(wrap_nonce),
                Aad::from(&*signed),
                &mut data_key,
            )
            .map_err(|_| SealFault::Forged)?;
        rest[..32].copy_from_slice(&data_key);
        rest[32..WRAPPED_OCTETS].copy_from_slice(tag.as_ref());
        Ok((Self::of(key), header))
    }

    fn of(key: LessSafeKey) -> Self {
        Self {
            key,
            next: 0,
            sealed_octets: 0,
        }
    }

    /// The key in a header, and what the file holds.
    ///
    /// # Errors
    /// No header of ours, a key that is not in the ring, or a header that was changed.
    pub fn open(header: &[u8], ring: &KeyRing) -> Result<(Self, Content), SealFault> {
        if header.len() < SEALED_HEADER || &header[..8] != MAGIC || header[8] != VERSION {
            return Err(SealFault::NoHeader);
        }
        let content = Content::from_number(header[9]).ok_or(SealFault::NoHeader)?;
        let described = &header[10..48];
        let master = ring
            .find(described)
            .ok_or(SealFault::NoKey(KeyId::in_header(described)))?;
        let mut wrap_nonce = [0; NONCE_LEN];
        wrap_nonce.copy_from_slice(&header[WRAP_NONCE..WRAPPED]);
        let mut wrapped = [0; WRAPPED_OCTETS];
        wrapped.copy_from_slice(&header[WRAPPED..WRAPPED + WRAPPED_OCTETS]);
        let data_key = master
            .aead()
            .open_in_place(
                Nonce::assume_unique_for_key(wrap_nonce),
                Aad::from(&header[..WRAPPED]),
                &mut wrapped,
            )
            .map_err(|_| SealFault::Forged)?;
        Ok((Self::of(key_of(data_key)?), content))
    }

    /// Goes on after blocks that are in the file already.
    pub fn resume(&mut self, blocks: u64, octets: u64) {
        self.next = blocks;
        self.sealed_octets = octets;
    }

    /// Seals what is in `octets` as the next block, appended to `out`.
    ///
    /// # Errors
    /// Only when more than [`BLOCK_MAX`] octets, or none, are given.
    pub fn seal(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), SealFault> {
        self.seal_as(BlockKind::Data, octets, out)?;
        self.sealed_octets += octets.len() as u64;
        Ok(())
    }

    /// Seals the last block. `kind` is [`BlockKind::Final`] or [`BlockKind::Repaired`].
    ///
    /// # Errors
    /// Never, but for a fault of the cipher.
    pub fn seal_end(&mut self, kind: BlockKind, out: &mut Vec<u8>) -> Result<(), SealFault> {
        self.seal_as(kind, &self.sealed_octets.to_le_bytes(), out)
    }

    fn seal_as(
        &mut self,
        kind: BlockKind,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealFault> {
        if octets.is_empty() || octets.len() > BLOCK_MAX {
            return Err(SealFault::Forged);
        }
        let field = (octets.len() as u32 | kind.number() << 30).to_le_bytes();
        out.extend_from_slice(&field);
        let from = out.len();
        out.extend_from_slice(octets);
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce(kind, self.next), Aad::from(field), &mut out[from..])
            .map_err(|_| SealFault::Forged)?;
        out.extend_from_slice(tag.as_ref());
        self.next += 1;
        Ok(())
    }

    /// Opens block `number`: `sealed` is its octets and tag, without the length field.
    ///
    /// # Errors
    /// [`SealFault::Forged`].
    pub fn open_block<'a>(
        &self,
        kind: BlockKind,
        number: u64,
        sealed: &'a mut [u8],
    ) -> Result<&'a [u8], SealFault> {
        let length = sealed.len().saturating_sub(16) as u32;
        let field = (length | kind.number() << 30).to_le_bytes();
        self.key
            .open_in_place(nonce(kind, number), Aad::from(field), sealed)
            .map(|plain| &*plain)
            .map_err(|_| SealFault::Forged)
    }
}
