//! Writing an Authorization or Proxy-Authorization (RFC 7616 §3.4).

use super::{Challenge, ResponseInput};
use crate::config::Credentials;

/// A request to be signed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    pub(super) uri: &'a [u8],
    pub(super) body: &'a [u8],
    pub(super) cnonce: &'a str,
    /// How often this nonce was used, this request included.
    pub(super) count: u32,
}

/// What the response value is computed from.
pub(super) fn input<'a>(
    challenge: &'a Challenge,
    ha1: &'a str,
    nc: &'a str,
    signed: &Signed<'a>,
) -> ResponseInput<'a> {
    ResponseInput {
        algorithm: challenge.algorithm.hash,
        session: challenge.algorithm.session,
        ha1,
        nonce: &challenge.nonce,
        nc: nc.as_bytes(),
        cnonce: signed.cnonce.as_bytes(),
        qop: challenge.qop,
        method: signed.method.as_bytes(),
        uri: signed.uri,
        body: signed.body,
    }
}

/// H(username ":" realm ":" password) over the realm's octets.
pub(super) fn ha1(credentials: &Credentials, challenge: &Challenge) -> String {
    challenge.algorithm.hash.digest(&[
        credentials.username.as_bytes(),
        &challenge.realm,
        credentials.password.as_bytes(),
    ])
}

/// `nc` of the n-th use.
pub(super) fn nc(count: u32) -> String {
    format!("{count:08x}")
}

/// The header value.
pub(super) fn write(
    credentials: &Credentials,
    challenge: &Challenge,
    signed: &Signed<'_>,
) -> Vec<u8> {
    let (ha1, nc) = (ha1(credentials, challenge), nc(signed.count));
    let response = input(challenge, &ha1, &nc, signed).response();
    let username = if challenge.userhash {
        let parts = [credentials.username.as_bytes(), &challenge.realm];
        challenge.algorithm.hash.digest(&parts)
    } else {
        credentials.username.clone()
    };
    let mut out = Vec::with_capacity(384);
    out.extend_from_slice(b"Digest username=");
    push_quoted(&mut out, username.as_bytes());
    let mut quoted = |name: &str, value: &[u8]| {
        out.extend_from_slice(b", ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        push_quoted(&mut out, value);
    };
    quoted("realm", &challenge.realm);
    quoted("nonce", &challenge.nonce);
    quoted("uri", signed.uri);
    quoted("response", response.as_bytes());
    if let Some(opaque) = &challenge.opaque {
        quoted("opaque", opaque);
    }
    // -sess needs the client nonce even where an old server offers no qop.
    if challenge.qop.is_some() || challenge.algorithm.session {
        quoted("cnonce", signed.cnonce.as_bytes());
    }
    if let Some(token) = &challenge.algorithm.token {
        out.extend_from_slice(format!(", algorithm={token}").as_bytes());
    }
    if let Some(qop) = challenge.qop {
        out.extend_from_slice(format!(", qop={}, nc={nc}", qop.token()).as_bytes());
    }
    if challenge.userhash {
        out.extend_from_slice(b", userhash=true");
    }
    out
}

fn push_quoted(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    for b in value {
        match b {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *b]),
            // A line break would end the header line.
            b'\r' | b'\n' | 0 => out.push(b' '),
            b => out.push(*b),
        }
    }
    out.push(b'"');
}
