//! WWW-Authenticate and Proxy-Authenticate.

use super::Algorithm;
use crate::headers::lex::{self, ListIter};

/// Quality of protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qop {
    /// Method and URI.
    Auth,
    /// Method, URI and body.
    AuthInt,
}

impl Qop {
    /// Token.
    pub fn token(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }
}

/// Algorithm of a challenge, `-sess` aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeAlgorithm {
    /// The hash.
    pub hash: Algorithm,
    /// The token as received, echoed in the answer; `None` if the challenge had none.
    pub token: Option<String>,
    /// `-sess` variant.
    pub session: bool,
}

/// One challenge that we can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Realm, unquoted.
    pub realm: Vec<u8>,
    /// Nonce, unquoted.
    pub nonce: Vec<u8>,
    /// Opaque, unquoted, echoed.
    pub opaque: Option<Vec<u8>>,
    /// How to hash.
    pub algorithm: ChallengeAlgorithm,
    /// `auth` preferred; `None` for RFC 2069 style.
    pub qop: Option<Qop>,
    /// The credentials were right, the nonce was old.
    pub stale: bool,
}

impl Challenge {
    /// All challenges of one header line that we can answer, also several on one line.
    pub fn parse_all(value: &[u8]) -> Vec<Self> {
        let mut groups: Vec<Vec<&[u8]>> = Vec::new();
        for element in ListIter::new(value) {
            match scheme_and_rest(element) {
                Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"digest") => {
                    groups.push(vec![rest]);
                }
                // Another scheme: its parameters are collected and then dropped for want of a nonce.
                Some(_) => groups.push(Vec::new()),
                None => {
                    if let Some(group) = groups.last_mut() {
                        group.push(element);
                    }
                }
            }
        }
        groups.iter().filter_map(|g| Self::from_params(g)).collect()
    }

    fn from_params(params: &[&[u8]]) -> Option<Self> {
        let get = |wanted: &[u8]| {
            params
                .iter()
                .map(|p| lex::name_value(p))
                .find(|(n, _)| n.eq_ignore_ascii_case(wanted))
                .map(|(_, v)| lex::unquote(v.unwrap_or(b"")))
        };
        let token = get(b"algorithm").map(|t| lex::text(&t));
        let upper = token.as_deref().unwrap_or("MD5").to_ascii_uppercase();
        let (name, session) = match upper.strip_suffix("-SESS") {
            Some(name) => (name, true),
            None => (upper.as_str(), false),
        };
        let hash = match name {
            "MD5" => Algorithm::Md5,
            // The second spelling is wrong but seen.
            "SHA-256" | "SHA256" => Algorithm::Sha256,
            _ => return None,
        };
        let qop = match get(b"qop") {
            None => None,
            Some(list) => {
                let has = |t: &[u8]| ListIter::new(&list).any(|o| o.eq_ignore_ascii_case(t));
                match (has(b"auth"), has(b"auth-int")) {
                    (true, _) => Some(Qop::Auth),
                    (false, true) => Some(Qop::AuthInt),
                    (false, false) if list.is_empty() => None,
                    _ => return None,
                }
            }
        };
        Some(Self {
            realm: get(b"realm")?,
            nonce: get(b"nonce")?,
            opaque: get(b"opaque"),
            algorithm: ChallengeAlgorithm {
                hash,
                token,
                session,
            },
            qop,
            stale: get(b"stale").is_some_and(|s| s.eq_ignore_ascii_case(b"true")),
        })
    }
}

/// `Digest realm="x"` → (`Digest`, `realm="x"`); `None` for a plain parameter.
pub(super) fn scheme_and_rest(element: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = element.iter().position(|b| lex::is_space(*b))?;
    let (scheme, rest) = (&element[..space], lex::trim(&element[space..]));
    let plain = scheme.iter().all(|b| lex::is_token(*b)) && !rest.starts_with(b"=");
    plain.then_some((scheme, rest))
}
