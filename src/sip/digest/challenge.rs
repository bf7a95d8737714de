//! WWW-Authenticate and Proxy-Authenticate.

use super::Algorithm;
use crate::headers::lex::{self, ListIter};

/// Longest realm, nonce and opaque taken, octets: they are echoed in every later request.
const VALUE_MAX: usize = 1024;

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
    /// Realm, unquoted. Octets, mostly UTF-8.
    pub realm: Vec<u8>,
    /// Nonce, unquoted.
    pub nonce: Vec<u8>,
    /// Opaque, unquoted, echoed.
    pub opaque: Option<Vec<u8>>,
    /// How to hash.
    pub algorithm: ChallengeAlgorithm,
    /// `auth` preferred, as proxies change bodies; `auth-int` only if nothing else is offered;
    /// `None` for RFC 2069 style.
    pub qop: Option<Qop>,
    /// The credentials were right, the nonce was old.
    pub stale: bool,
    /// The username is to be sent hashed (RFC 7616 §3.4.4).
    pub userhash: bool,
}

impl Challenge {
    /// All challenges of one header line that we can answer, also several on one line. Other
    /// schemes, unknown algorithms and `qop` lists without a known value are left out.
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
        let short = |v: &Vec<u8>| v.len() <= VALUE_MAX;
        let is_true = |name: &[u8]| get(name).is_some_and(|s| s.eq_ignore_ascii_case(b"true"));
        let token = get(b"algorithm");
        let (hash, session) = Algorithm::from_token(token.as_deref().unwrap_or(b"MD5"))?;
        Some(Self {
            realm: get(b"realm").filter(short)?,
            nonce: get(b"nonce").filter(short)?,
            opaque: get(b"opaque").filter(short),
            algorithm: ChallengeAlgorithm {
                hash,
                token: token.map(|t| lex::text(&t)),
                session,
            },
            qop: qop_of(get(b"qop").as_deref())?,
            stale: is_true(b"stale"),
            userhash: is_true(b"userhash"),
        })
    }
}

/// The `qop` to use; the outer `None`: the list holds nothing we know. An empty list counts as
/// none given.
fn qop_of(list: Option<&[u8]>) -> Option<Option<Qop>> {
    let Some(list) = list.filter(|l| !lex::trim(l).is_empty()) else {
        return Some(None);
    };
    let has = |t: &[u8]| ListIter::new(list).any(|o| o.eq_ignore_ascii_case(t));
    match (has(b"auth"), has(b"auth-int")) {
        (true, _) => Some(Some(Qop::Auth)),
        (false, true) => Some(Some(Qop::AuthInt)),
        (false, false) => None,
    }
}

/// `Digest realm="x"` → (`Digest`, `realm="x"`); `None` for a plain parameter.
pub(super) fn scheme_and_rest(element: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = element.iter().position(|b| lex::is_space(*b))?;
    let (scheme, rest) = (&element[..space], lex::trim(&element[space..]));
    let plain = scheme.iter().all(|b| lex::is_token(*b)) && !rest.starts_with(b"=");
    plain.then_some((scheme, rest))
}
