//! Master keys of recordings: from a file, by id, several of them while keys are changed.

use std::fmt;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Mutex;

use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, pbkdf2};

use super::digest::hex;
use super::error::RecordingError;

/// Rounds of PBKDF2-HMAC-SHA-256 for passphrases (OWASP Password Storage Cheat Sheet, 2023).
const ROUNDS: u32 = 600_000;
const PASSPHRASE_CHARS_MIN: usize = 20;
/// Rounds a foreign header may ask for at most: it must not make us compute for hours.
const ROUNDS_MAX: u32 = 10_000_000;

/// Name of a master key; says nothing about it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    fn of(key: &[u8; 32]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"carillon recording key id 1");
        context.update(key);
        let mut id = [0; 16];
        id.copy_from_slice(&context.finish().as_ref()[..16]);
        Self(id)
    }

    /// The id in a header's description of its key.
    pub(super) fn in_header(described: &[u8]) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&described[22..38]);
        Self(id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A key that wraps files' keys. Never shown, never logged.
pub struct MasterKey {
    id: KeyId,
    aead: LessSafeKey,
    /// Rounds and salt, for a passphrase.
    stretched: Option<(u32, [u8; 16])>,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

impl MasterKey {
    /// From 32 octets.
    #[must_use]
    pub fn new(octets: &[u8; 32]) -> Option<Self> {
        Some(Self {
            id: KeyId::of(octets),
            aead: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, octets).ok()?),
            stretched: None,
        })
    }

    fn stretch(passphrase: &str, rounds: u32, salt: [u8; 16]) -> Option<Self> {
        let mut octets = [0; 32];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            NonZeroU32::new(rounds)?,
            &salt,
            passphrase.as_bytes(),
            &mut octets,
        );
        let mut key = Self::new(&octets)?;
        key.stretched = Some((rounds, salt));
        Some(key)
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    pub(super) fn aead(&self) -> &LessSafeKey {
        &self.aead
    }

    /// Writes which key it is, 38 octets: how it is derived (1), a spare octet, rounds (4),
    /// salt (16), id (16).
    pub(super) fn describe(&self, out: &mut [u8]) {
        if let Some((rounds, salt)) = self.stretched {
            out[0] = 1;
            out[2..6].copy_from_slice(&rounds.to_le_bytes());
            out[6..22].copy_from_slice(&salt);
        }
        out[22..38].copy_from_slice(&self.id.0);
    }
}

/// The key new files are sealed with, and those older files may want.
pub struct KeyRing {
    keys: Vec<std::sync::Arc<MasterKey>>,
    passphrases: Vec<String>,
    /// Keys stretched for salts of other runs: stretching takes a good part of a second.
    stretched: Mutex<Vec<std::sync::Arc<MasterKey>>>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.keys).finish()
    }
}

impl KeyRing {
    /// With one key.
    #[must_use]
    pub fn new(key: MasterKey) -> Self {
        Self {
            keys: vec![std::sync::Arc::new(key)],
            passphrases: Vec::new(),
            stretched: Mutex::new(Vec::new()),
        }
    }

    /// Reads `key_file`, the key for new files, and older ones that may still be wanted. A file
    /// holds 32 octets, 64 hexadecimal digits, or a passphrase of at least 20 characters.
    ///
    /// # Errors
    /// A file that cannot be read, or holds none of these.
    pub fn read(key_file: &Path, older: &[&Path]) -> Result<Self, RecordingError> {
        let mut ring = Self {
            keys: Vec::new(),
            passphrases: Vec::new(),
            stretched: Mutex::new(Vec::new()),
        };
        for path in std::iter::once(&key_file).chain(older) {
            let octets =
                std::fs::read(path).map_err(|e| RecordingError::io("read the key", path, &e))?;
            ring.add(&octets).map_err(|why| RecordingError::BadKey {
                path: path.to_path_buf(),
                why,
            })?;
        }
        Ok(ring)
    }

    fn add(&mut self, octets: &[u8]) -> Result<(), &'static str> {
        let unusable = "the cipher refuses it";
        if let Ok(raw) = <&[u8; 32]>::try_from(octets) {
            self.keys.push(MasterKey::new(raw).ok_or(unusable)?.into());
            return Ok(());
        }
        let text = std::str::from_utf8(octets).map_err(|_| "it is neither 32 octets nor text")?;
        let text = text.trim();
        if let Some(raw) = from_hex(text) {
            self.keys.push(MasterKey::new(&raw).ok_or(unusable)?.into());
            return Ok(());
        }
        if text.chars().count() < PASSPHRASE_CHARS_MIN {
            return Err("a passphrase needs at least 20 characters");
        }
        let mut salt = [0; 16];
        SystemRandom::new()
            .fill(&mut salt)
            .map_err(|_| "the system gives no random octets")?;
        let key = MasterKey::stretch(text, ROUNDS, salt).ok_or(unusable)?;
        self.keys.push(key.into());
        self.passphrases.push(text.to_owned());
        Ok(())
    }

    /// The key for new files.
    #[must_use]
    pub fn current(&self) -> &MasterKey {
        &self.keys[0]
    }

    /// The key a header describes.
    pub(super) fn find(&self, described: &[u8]) -> Option<std::sync::Arc<MasterKey>> {
        let id = KeyId::in_header(described);
        let mut stretched = self.stretched.lock().unwrap_or_else(|e| e.into_inner());
        let known = self.keys.iter().chain(stretched.iter());
        if let Some(key) = known.into_iter().find(|key| key.id == id) {
            return Some(key.clone());
        }
        if described[0] != 1 {
            return None;
        }
        let rounds = u32::from_le_bytes(described[2..6].try_into().ok()?);
        let salt: [u8; 16] = described[6..22].try_into().ok()?;
        if rounds > ROUNDS_MAX {
            return None;
        }
        let key = self
            .passphrases
            .iter()
            .filter_map(|passphrase| MasterKey::stretch(passphrase, rounds, salt))
            .find(|key| key.id == id)?;
        let key = std::sync::Arc::new(key);
        stretched.push(key.clone());
        Some(key)
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if text.len() != 64 || !text.bytes().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    for (octet, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}
