//! Answering challenges.

use super::{Challenge, ResponseInput};
use crate::config::Credentials;
use crate::headers::lex;
use crate::message::{HeaderName, Message};

/// Credentials are sent at most this often without `stale=true`, and renewed this often with it.
const REFUSALS_MAX: u8 = 2;
const STALE_MAX: u8 = 3;
/// Realms answered in one request.
const REALMS_MAX: usize = 4;

/// One realm whose challenge we hold.
#[derive(Debug, Clone)]
struct Held {
    proxy: bool,
    challenge: Challenge,
    refused: u8,
    stale: u8,
    nc: u32,
}

/// Credentials and the challenges seen on one request, call or registration.
#[derive(Debug, Clone)]
pub struct ClientAuth {
    credentials: Credentials,
    held: Vec<Held>,
}

impl ClientAuth {
    /// No challenge seen yet.
    pub fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            held: Vec::new(),
        }
    }

    /// Takes the challenges of a 401 or 407: of each realm the strongest that we know. False: give
    /// up, as there is none we can answer or the credentials were refused.
    pub fn take(&mut self, response: &Message<'_>) -> bool {
        let mut any = false;
        for (name, proxy) in [
            (HeaderName::WwwAuthenticate, false),
            (HeaderName::ProxyAuthenticate, true),
        ] {
            let mut offered: Vec<Challenge> = response
                .all(name)
                .flat_map(Challenge::parse_all)
                .take(16)
                .collect();
            // Stable: of equally strong ones the first offered stays first.
            offered.sort_by_key(|c| std::cmp::Reverse(c.algorithm.hash));
            let mut realms: Vec<Vec<u8>> = Vec::new();
            for challenge in offered {
                if realms.contains(&challenge.realm) {
                    continue;
                }
                realms.push(challenge.realm.clone());
                if !self.hold(proxy, challenge) {
                    return false;
                }
                any = true;
            }
        }
        any
    }

    fn hold(&mut self, proxy: bool, challenge: Challenge) -> bool {
        let same = |h: &&mut Held| h.proxy == proxy && h.challenge.realm == challenge.realm;
        let Some(held) = self.held.iter_mut().find(same) else {
            if self.held.len() >= REALMS_MAX {
                return false;
            }
            self.held.push(Held {
                proxy,
                challenge,
                refused: 0,
                stale: 0,
                nc: 0,
            });
            return true;
        };
        if challenge.stale {
            held.stale += 1;
        } else if challenge.nonce == held.challenge.nonce {
            // The same question again: the answer would be the same.
            return false;
        } else {
            held.refused += 1;
        }
        held.challenge = challenge;
        held.nc = 0;
        held.refused < REFUSALS_MAX && held.stale <= STALE_MAX
    }

    /// A later request of the same registration or call starts with a clean record.
    pub fn accepted(&mut self) {
        for held in &mut self.held {
            (held.refused, held.stale) = (0, 0);
        }
    }

    /// Whether a challenge is held, so that a request can carry credentials from the start.
    pub fn is_challenged(&self) -> bool {
        !self.held.is_empty()
    }

    /// Authorization and Proxy-Authorization for a request.
    pub fn authorize(
        &mut self,
        method: &str,
        uri: &[u8],
        body: &[u8],
        cnonce: &str,
    ) -> Vec<(HeaderName, Vec<u8>)> {
        let credentials = &self.credentials;
        let lines = self.held.iter_mut().map(|held| {
            held.nc += 1;
            let name = if held.proxy {
                HeaderName::ProxyAuthorization
            } else {
                HeaderName::Authorization
            };
            (name, line(credentials, held, method, uri, body, cnonce))
        });
        lines.collect()
    }
}

fn line(
    credentials: &Credentials,
    held: &Held,
    method: &str,
    uri: &[u8],
    body: &[u8],
    cnonce: &str,
) -> Vec<u8> {
    let challenge = &held.challenge;
    let algorithm = challenge.algorithm.hash;
    let nc = format!("{:08x}", held.nc);
    let ha1 = algorithm.digest(&[
        credentials.username.as_bytes(),
        &challenge.realm,
        credentials.password.as_bytes(),
    ]);
    let response = ResponseInput {
        algorithm,
        session: challenge.algorithm.session,
        ha1: &ha1,
        nonce: &challenge.nonce,
        nc: nc.as_bytes(),
        cnonce: cnonce.as_bytes(),
        qop: challenge.qop,
        method: method.as_bytes(),
        uri,
        body,
    }
    .response();
    let mut out = Vec::with_capacity(320);
    out.extend_from_slice(b"Digest username=");
    out.extend_from_slice(lex::quote(&credentials.username).as_bytes());
    let mut quoted = |name: &str, value: &[u8]| {
        out.extend_from_slice(format!(", {name}=\"").as_bytes());
        for b in value {
            if matches!(b, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(*b);
        }
        out.push(b'"');
    };
    quoted("realm", &challenge.realm);
    quoted("nonce", &challenge.nonce);
    quoted("uri", uri);
    quoted("response", response.as_bytes());
    if let Some(opaque) = &challenge.opaque {
        quoted("opaque", opaque);
    }
    if challenge.qop.is_some() || challenge.algorithm.session {
        quoted("cnonce", cnonce.as_bytes());
    }
    if let Some(token) = &challenge.algorithm.token {
        out.extend_from_slice(format!(", algorithm={token}").as_bytes());
    }
    if let Some(qop) = challenge.qop {
        out.extend_from_slice(format!(", qop={}, nc={nc}", qop.token()).as_bytes());
    }
    out
}
