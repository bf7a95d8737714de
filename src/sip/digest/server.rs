//! Checking credentials of others.

use std::net::IpAddr;
use std::time::Instant;

use subtle::ConstantTimeEq;

pub use super::nonces::Nonces;

use super::challenge::scheme_and_rest;
use super::nonces::{Age, Used};
use super::{Algorithm, Qop, ResponseInput};
use crate::config::{Secret, User};
use crate::headers::lex::{self, ListIter};
use crate::token::Tokens;

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
    /// Username, unquoted (or decoded from `username*`).
    pub username: String,
    /// Realm, unquoted.
    pub realm: String,
    nonce: Vec<u8>,
    uri: Vec<u8>,
    response: Vec<u8>,
    cnonce: Vec<u8>,
    nc: Vec<u8>,
    /// `nc` as a number; 0 without `qop`.
    count: u32,
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
                b"username*" => found.username = extended(&value)?,
                b"realm" => found.realm = lex::text(&value),
                b"nonce" => found.nonce = value,
                b"uri" => found.uri = value,
                b"response" => found.response = value.to_ascii_lowercase(),
                b"cnonce" => found.cnonce = value,
                b"nc" => found.nc = value,
                b"qop" if value.eq_ignore_ascii_case(b"auth") => found.qop = Some(Qop::Auth),
                b"qop" if value.eq_ignore_ascii_case(b"auth-int") => found.qop = Some(Qop::AuthInt),
                b"qop" => return None,
                b"algorithm" => found.algorithm = Algorithm::from_token(&value),
                _ => {}
            }
        }
        if found.qop.is_some() {
            found.count = hex_number(&found.nc)?;
        }
        let complete = found.qop.is_none() || !found.cnonce.is_empty();
        (complete && !found.nonce.is_empty() && !found.response.is_empty()).then_some(found)
    }

    /// The hash they were made with; `None` for one we do not know.
    pub fn hash(&self) -> Option<Algorithm> {
        self.algorithm.map(|(hash, _)| hash)
    }
}

/// Up to eight hex digits.
fn hex_number(text: &[u8]) -> Option<u32> {
    let sound = (1..=8).contains(&text.len()) && text.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(text).ok().filter(|_| sound)?;
    u32::from_str_radix(text, 16).ok()
}

/// `UTF-8''J%C3%A4s` (RFC 8187).
fn extended(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    let mut parts = text.splitn(3, '\'');
    let (charset, _language, value) = (parts.next()?, parts.next()?, parts.next()?);
    let utf8 = charset.eq_ignore_ascii_case("UTF-8");
    utf8.then(|| String::from_utf8(lex::unescape(value.as_bytes())).ok())?
}

/// What credentials are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Proven.
    Good,
    /// Nonce too old, not ours, or used before with this count: ask again, no blame.
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

/// Checks credentials against a user. `None` is an unknown user: checked all the same against a
/// password nobody has, so that neither the answer nor the time taken tells who exists.
///
/// `auth-int` is taken though only `auth` is offered, as it covers more; `-sess` likewise, its
/// session key made from this very request. Without `qop` (RFC 2069) a nonce is good for one
/// request.
///
/// A stale nonce is told without looking at the password: RFC 7616 §3.3 would have `stale` only
/// for right ones, which would let anybody test passwords against old nonces without blame.
pub fn verify(
    found: &DigestCredentials,
    user: Option<&User>,
    covered: &Covered<'_>,
    nonces: &mut Nonces,
    tokens: &Tokens,
    now: Instant,
) -> Verdict {
    let Age::Good(nonce) = nonces.check(tokens, now, covered.source, &found.nonce) else {
        return Verdict::Stale;
    };
    let Some((algorithm, session)) = found.algorithm else {
        return Verdict::Refused;
    };
    let (password, known) = match user.map(|u| &u.secret) {
        Some(Secret::Password(password)) => (password.as_str(), true),
        _ => ("nobody", false),
    };
    // Computed for everybody, needed or not: all take the same time.
    let computed = algorithm.ha1(&found.username, &found.realm, password);
    let stored = match user.map(|u| &u.secret) {
        Some(Secret::Ha1 { md5, sha256 }) => match algorithm {
            Algorithm::Md5 => md5.as_deref(),
            Algorithm::Sha256 => sha256.as_deref(),
            Algorithm::Sha512_256 => None,
        },
        _ => None,
    };
    let known = known || stored.is_some();
    let expected = ResponseInput {
        algorithm,
        session,
        ha1: stored.unwrap_or(&computed),
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
    if !(known && equal) {
        return Verdict::Refused;
    }
    let used = match found.qop {
        Some(_) => Used::Count(found.count),
        None => Used::Once,
    };
    if nonces.consume(nonce, used) {
        Verdict::Good
    } else {
        Verdict::Stale
    }
}
