//! Digest access authentication (RFC 3261 §22, RFC 7616, RFC 8760; RFC 2069 and RFC 2617 peers).
//!
//! [`ClientAuth`] answers challenges, [`Nonces`] and [`verify`] make and check them. Neither reads
//! a clock nor draws entropy: instants, nonces' keys and client nonces are handed in.

mod challenge;
mod client;
mod line;
mod nonces;
mod server;

pub use challenge::{Challenge, ChallengeAlgorithm, Qop};
pub use client::{ClientAuth, Mutual};
pub use server::{Covered, DigestCredentials, Nonces, Verdict, challenge_value, verify};

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

use crate::token::hex;

/// Hash functions, weakest first. SHA-512-256 is SHA-512/256 of FIPS 180-4, which is not a
/// shortened SHA-512.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// MD5 (RFC 2617).
    Md5,
    /// SHA-256 (RFC 8760).
    Sha256,
    /// SHA-512-256 (RFC 8760).
    Sha512_256,
}

impl Algorithm {
    /// Token in challenges (RFC 8760 §2.2).
    pub fn token(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512_256 => "SHA-512-256",
        }
    }

    /// Algorithm and whether it is the `-sess` variant, from a token in any case. `SHA256` and
    /// `SHA512-256` are wrong but seen. `None` for one we do not know.
    pub fn from_token(token: &[u8]) -> Option<(Self, bool)> {
        let upper = token.to_ascii_uppercase();
        let (name, session) = match upper.strip_suffix(b"-SESS") {
            Some(name) => (name, true),
            None => (&upper[..], false),
        };
        let algorithm = match name {
            b"MD5" => Self::Md5,
            b"SHA-256" | b"SHA256" => Self::Sha256,
            b"SHA-512-256" | b"SHA512-256" => Self::Sha512_256,
            _ => return None,
        };
        Some((algorithm, session))
    }

    /// Lower-case hex digest of the parts joined by colons.
    pub fn digest(self, parts: &[&[u8]]) -> String {
        match self {
            Self::Md5 => joined::<Md5>(parts),
            Self::Sha256 => joined::<Sha256>(parts),
            Self::Sha512_256 => joined::<Sha512_256>(parts),
        }
    }

    /// H(username ":" realm ":" password).
    pub fn ha1(self, username: &str, realm: &str, password: &str) -> String {
        self.digest(&[username.as_bytes(), realm.as_bytes(), password.as_bytes()])
    }
}

fn joined<D: Digest>(parts: &[&[u8]]) -> String {
    let mut hash = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// What a response value is computed from (RFC 7616 §3.4). For `rspauth` the method is empty and
/// the body the response's (§3.5).
#[derive(Debug, Clone, Copy)]
pub(crate) struct ResponseInput<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) session: bool,
    pub(crate) ha1: &'a str,
    pub(crate) nonce: &'a [u8],
    pub(crate) nc: &'a [u8],
    pub(crate) cnonce: &'a [u8],
    pub(crate) qop: Option<Qop>,
    pub(crate) method: &'a [u8],
    pub(crate) uri: &'a [u8],
    pub(crate) body: &'a [u8],
}

impl ResponseInput<'_> {
    pub(crate) fn response(&self) -> String {
        let h = |parts: &[&[u8]]| self.algorithm.digest(parts);
        let a1 = if self.session {
            h(&[self.ha1.as_bytes(), self.nonce, self.cnonce])
        } else {
            self.ha1.to_owned()
        };
        let a2 = match self.qop {
            Some(Qop::AuthInt) => h(&[self.method, self.uri, h(&[self.body]).as_bytes()]),
            _ => h(&[self.method, self.uri]),
        };
        match self.qop {
            None => h(&[a1.as_bytes(), self.nonce, a2.as_bytes()]),
            Some(qop) => h(&[
                a1.as_bytes(),
                self.nonce,
                self.nc,
                self.cnonce,
                qop.token().as_bytes(),
                a2.as_bytes(),
            ]),
        }
    }
}

#[cfg(test)]
mod tests;
