//! Digest access authentication (RFC 3261 §22, RFC 7616, RFC 8760).

mod challenge;
mod client;
mod server;

pub use challenge::{Challenge, ChallengeAlgorithm, Qop};
pub use client::ClientAuth;
pub use server::{Covered, DigestCredentials, Nonces, Verdict, challenge_value, verify};

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::token::hex;

/// Hash functions, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// MD5.
    Md5,
    /// SHA-256 (RFC 8760).
    Sha256,
}

impl Algorithm {
    /// Token in challenges.
    pub fn token(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// Lower-case hex digest of the parts joined by colons.
    pub fn digest(self, parts: &[&[u8]]) -> String {
        match self {
            Self::Md5 => hex(&joined::<Md5>(parts)),
            Self::Sha256 => hex(&joined::<Sha256>(parts)),
        }
    }

    /// H(username ":" realm ":" password).
    pub fn ha1(self, username: &str, realm: &str, password: &str) -> String {
        self.digest(&[username.as_bytes(), realm.as_bytes(), password.as_bytes()])
    }
}

fn joined<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    hash.finalize().to_vec()
}

/// What a response value is computed from (RFC 7616 §3.4).
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
