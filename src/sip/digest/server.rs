//! Challenging and checking: nonces carry their own proof, nothing is remembered.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq;

use super::challenge::scheme_and_rest;
use super::{Algorithm, Qop, ResponseInput};
use crate::config::{Secret, User};
use crate::headers::lex::{self, ListIter};
use crate::token::{Tokens, hex};

/// Nonces that hold their age and a keyed digest over it and the source address.
#[derive(Clone)]
pub struct Nonces {
    ttl: Duration,
    epoch: Option<Instant>,
}

/// Age of a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NonceState {
    Good,
    /// Ours but old, or drawn by an earlier process.
    Stale,
}

impl Nonces {
    /// Nonces that live for `ttl`.
    pub fn new(ttl: Duration) -> Self {
        Self { ttl, epoch: None }
    }

    fn seconds(&mut self, now: Instant) -> u64 {
        now.saturating_duration_since(*self.epoch.get_or_insert(now))
            .as_secs()
    }

    fn proof(tokens: &Tokens, seconds: u64, source: IpAddr) -> String {
        let data = format!("{seconds}/{source}");
        hex(&tokens.mac("nonce", data.as_bytes())[..16])
    }

    /// A fresh nonce for this source.
    pub fn draw(&mut self, tokens: &Tokens, now: Instant, source: IpAddr) -> String {
        let seconds = self.seconds(now);
        format!("{seconds:08x}{}", Self::proof(tokens, seconds, source))
    }

    fn check(&mut self, tokens: &Tokens, now: Instant, source: IpAddr, nonce: &[u8]) -> NonceState {
        let age = || {
            let text = std::str::from_utf8(nonce).ok()?;
            let seconds = u64::from_str_radix(text.get(..8)?, 16).ok()?;
            let proof = Self::proof(tokens, seconds, source);
            bool::from(proof.as_bytes().ct_eq(text.get(8..)?.as_bytes())).then_some(seconds)
        };
        match age() {
            Some(drawn) if self.seconds(now).saturating_sub(drawn) <= self.ttl.as_secs() => {
                NonceState::Good
            }
            _ => NonceState::Stale,
        }
    }
}

/// Value of a WWW-Authenticate or Proxy-Authenticate line.
pub fn challenge_value(realm: &str, nonce: &str, algorithm: Algorithm, stale: bool) -> String {
    let stale = if stale { ", stale=true" } else { "" };
    format!(
        "Digest realm={}, nonce=\"{nonce}\", algorithm={}, qop=\"auth\"{stale}",
        lex::quote(realm),
        algorithm.token()
    )
}

/// A parsed Authorization or Proxy-Authorization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DigestCredentials {
    /// Username, unquoted.
    pub username: String,
    /// Realm, unquoted.
    pub realm: String,
    nonce: Vec<u8>,
    uri: Vec<u8>,
    response: Vec<u8>,
    cnonce: Vec<u8>,
    nc: Vec<u8>,
    qop: Option<Qop>,
    algorithm: Option<(Algorithm, bool)>,
}

impl DigestCredentials {
    /// Reads one line; `None` if it is not Digest or something needed is missing or unknown.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (scheme, rest) = scheme_and_rest(lex::trim(value))?;
        if !scheme.eq_ignore_ascii_case(b"digest") {
            return None;
        }
        let mut found = Self {
            algorithm: Some((Algorithm::Md5, false)),
            ..Self::default()
        };
        for (name, value) in ListIter::new(rest).map(lex::name_value) {
            let value = lex::unquote(value.unwrap_or(b""));
            match name.to_ascii_lowercase().as_slice() {
                b"username" => found.username = lex::text(&value),
                b"realm" => found.realm = lex::text(&value),
                b"nonce" => found.nonce = value,
                b"uri" => found.uri = value,
                b"response" => found.response = value.to_ascii_lowercase(),
                b"cnonce" => found.cnonce = value,
                b"nc" => found.nc = value,
                b"qop" if value.eq_ignore_ascii_case(b"auth") => found.qop = Some(Qop::Auth),
                b"qop" if value.eq_ignore_ascii_case(b"auth-int") => found.qop = Some(Qop::AuthInt),
                b"qop" => return None,
                b"algorithm" => found.algorithm = algorithm_of(&value),
                _ => {}
            }
        }
        (!found.nonce.is_empty() && !found.response.is_empty()).then_some(found)
    }

    /// The hash they were made with; `None` for one we do not know.
    pub fn hash(&self) -> Option<Algorithm> {
        self.algorithm.map(|(hash, _)| hash)
    }
}

fn algorithm_of(value: &[u8]) -> Option<(Algorithm, bool)> {
    let upper = value.to_ascii_uppercase();
    match upper.as_slice() {
        b"MD5" => Some((Algorithm::Md5, false)),
        b"MD5-SESS" => Some((Algorithm::Md5, true)),
        b"SHA-256" => Some((Algorithm::Sha256, false)),
        b"SHA-256-SESS" => Some((Algorithm::Sha256, true)),
        _ => None,
    }
}

/// What credentials are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Proven.
    Good,
    /// Nonce too old or not ours: ask again, no blame.
    Stale,
    /// Unknown user or wrong password.
    Refused,
}

/// Request facts the response covers.
pub struct Covered<'a> {
    /// Method token.
    pub method: &'a [u8],
    /// Body, for `auth-int`.
    pub body: &'a [u8],
    /// Where the request came from.
    pub source: IpAddr,
}

/// Checks credentials against a user (`None`: unknown, checked all the same so that the time
/// taken tells nothing).
pub fn verify(
    found: &DigestCredentials,
    user: Option<&User>,
    covered: &Covered<'_>,
    nonces: &mut Nonces,
    tokens: &Tokens,
    now: Instant,
) -> Verdict {
    if nonces.check(tokens, now, covered.source, &found.nonce) == NonceState::Stale {
        return Verdict::Stale;
    }
    let Some((algorithm, session)) = found.algorithm else {
        return Verdict::Refused;
    };
    let ha1 = match user.map(|u| &u.secret) {
        Some(Secret::Password(p)) => Some(algorithm.ha1(&found.username, &found.realm, p)),
        Some(Secret::Ha1 { md5, sha256 }) => match algorithm {
            Algorithm::Md5 => md5.clone(),
            Algorithm::Sha256 => sha256.clone(),
        },
        None => None,
    };
    let known = ha1.is_some();
    let ha1 = ha1.unwrap_or_else(|| algorithm.ha1(&found.username, &found.realm, "nobody"));
    let expected = ResponseInput {
        algorithm,
        session,
        ha1: &ha1,
        nonce: &found.nonce,
        nc: &found.nc,
        cnonce: &found.cnonce,
        qop: found.qop,
        method: covered.method,
        uri: &found.uri,
        body: covered.body,
    }
    .response();
    let equal = bool::from(expected.as_bytes().ct_eq(&found.response));
    if known && equal {
        Verdict::Good
    } else {
        Verdict::Refused
    }
}
