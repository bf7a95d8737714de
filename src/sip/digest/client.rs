//! Answering challenges, and what is learnt from the answers to that.

use subtle::ConstantTimeEq;

use super::line::{self, Signed};
use super::{Challenge, Qop, ResponseInput};
use crate::config::Credentials;
use crate::headers::lex::{self, ListIter};
use crate::message::{HeaderName, Message};

/// Credentials are refused this often without `stale=true` before we give up; servers that do not
/// write `stale` get one fresh try.
const REFUSALS_MAX: u8 = 2;
/// Renewals with `stale=true` in a row: a server that is always stale would be asked for ever.
const STALE_MAX: u8 = 3;
/// Realms answered in one request.
const REALMS_MAX: usize = 4;

/// What the server's Authentication-Info proved (RFC 7615, RFC 7616 §3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutual {
    /// No `rspauth` for a request of ours.
    Absent,
    /// The server knows the password.
    Proven,
    /// `rspauth` is wrong: somebody between changed URI or body, or it is not the server. Never
    /// fatal, see [`ClientAuth::learn`].
    Mismatch,
}

/// One realm whose challenge we hold.
#[derive(Debug, Clone)]
struct Held {
    proxy: bool,
    challenge: Challenge,
    refused: u8,
    stale: u8,
    count: u32,
    /// `-sess`: the client nonce the session key was made with (§3.4.2), kept as long as the nonce.
    session_cnonce: Option<String>,
    last: Option<Last>,
}

/// The request signed last, to check `rspauth`.
#[derive(Debug, Clone)]
struct Last {
    uri: Vec<u8>,
    cnonce: String,
}

/// Credentials and the challenges seen on one request, call or registration.
///
/// For any client transaction: [`Self::authorize`] before sending (it gives nothing while no
/// challenge is held), [`Self::take`] on 401 and 407 (true: send again with a new CSeq and branch),
/// [`Self::learn`] and [`Self::accepted`] on 2xx.
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

    /// Takes the challenges of a 401 or 407, of servers and of proxies: of each realm the strongest
    /// that we know. False: give up, as there is none we can answer or the credentials were refused
    /// (a second time with a fresh nonce, or with the nonce we had used).
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
                count: 0,
                session_cnonce: None,
                last: None,
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
        held.count = 0;
        held.session_cnonce = None;
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

    /// Authorization and Proxy-Authorization for a request, one per realm held. `cnonce` is drawn
    /// afresh for each request.
    pub fn authorize(
        &mut self,
        method: &str,
        uri: &[u8],
        body: &[u8],
        cnonce: &str,
    ) -> Vec<(HeaderName, Vec<u8>)> {
        let credentials = &self.credentials;
        let lines = self.held.iter_mut().map(|held| {
            held.count = held.count.saturating_add(1);
            let cnonce = if held.challenge.algorithm.session {
                held.session_cnonce.get_or_insert_with(|| cnonce.to_owned())
            } else {
                cnonce
            };
            let signed = Signed {
                method,
                uri,
                body,
                cnonce,
                count: held.count,
            };
            let value = line::write(credentials, &held.challenge, &signed);
            held.last = Some(Last {
                uri: uri.to_vec(),
                cnonce: cnonce.to_owned(),
            });
            let name = if held.proxy {
                HeaderName::ProxyAuthorization
            } else {
                HeaderName::Authorization
            };
            (name, value)
        });
        lines.collect()
    }

    /// Takes Authentication-Info and Proxy-Authentication-Info of a 2xx: checks `rspauth` when it
    /// is there and uses `nextnonce` from the next request on.
    ///
    /// A wrong `rspauth` is reported and nothing more: border controllers rewrite URIs and bodies
    /// on the way, and by then the call stands and is paid for. Who needs the server proven uses
    /// TLS. Its `nextnonce` is not used. With a `-sess` algorithm `nextnonce` is not used either:
    /// servers differ on which nonce the session key then holds, while going on with the old nonce
    /// costs one `stale` at worst (RFC 7616 §3.5).
    pub fn learn(&mut self, response: &Message<'_>) -> Mutual {
        let mut outcome = Mutual::Absent;
        for (name, proxy) in [
            (&b"Authentication-Info"[..], false),
            (b"Proxy-Authentication-Info", true),
        ] {
            let mut values = response.headers.iter();
            let Some(found) = values.find(|h| h.raw_name.eq_ignore_ascii_case(name)) else {
                continue;
            };
            let info = Info::parse(found.value);
            match self.learn_from(proxy, &info, response.body) {
                Mutual::Absent => {}
                Mutual::Proven if outcome == Mutual::Mismatch => {}
                seen => outcome = seen,
            }
        }
        outcome
    }

    fn learn_from(&mut self, proxy: bool, info: &Info, body: &[u8]) -> Mutual {
        let credentials = self.credentials.clone();
        let mut asked: Vec<&mut Held> = self
            .held
            .iter_mut()
            .filter(|h| h.proxy == proxy && h.last.is_some())
            .collect();
        // The field names no realm: with several it is the one whose proof is right.
        let index = match asked.len() {
            0 => return Mutual::Absent,
            1 => 0,
            _ => {
                let proven = |h: &&mut Held| h.check(&credentials, info, body) == Mutual::Proven;
                match asked.iter().position(proven) {
                    Some(index) => index,
                    None => return Mutual::Absent,
                }
            }
        };
        let held = &mut asked[index];
        let outcome = held.check(&credentials, info, body);
        let next = info.nextnonce.as_ref().filter(|n| !n.is_empty());
        if let Some(next) = next
            && outcome != Mutual::Mismatch
            && !held.challenge.algorithm.session
            && *next != held.challenge.nonce
        {
            held.challenge.nonce.clone_from(next);
            held.count = 0;
        }
        outcome
    }
}

impl Held {
    fn check(&self, credentials: &Credentials, info: &Info, body: &[u8]) -> Mutual {
        let (Some(rspauth), Some(last)) = (&info.rspauth, &self.last) else {
            return Mutual::Absent;
        };
        let (ha1, nc) = (
            line::ha1(credentials, &self.challenge),
            line::nc(self.count),
        );
        let signed = Signed {
            method: "",
            uri: &last.uri,
            body,
            cnonce: &last.cnonce,
            count: self.count,
        };
        let expected = ResponseInput {
            qop: info.qop.or(self.challenge.qop),
            ..line::input(&self.challenge, &ha1, &nc, &signed)
        }
        .response();
        if bool::from(expected.as_bytes().ct_eq(rspauth)) {
            Mutual::Proven
        } else {
            Mutual::Mismatch
        }
    }
}

/// Authentication-Info.
#[derive(Debug, Default)]
struct Info {
    nextnonce: Option<Vec<u8>>,
    rspauth: Option<Vec<u8>>,
    qop: Option<Qop>,
}

impl Info {
    fn parse(value: &[u8]) -> Self {
        let mut info = Self::default();
        for (name, value) in ListIter::new(value).map(lex::name_value) {
            let value = lex::unquote(value.unwrap_or(b""));
            match name.to_ascii_lowercase().as_slice() {
                b"nextnonce" if value.len() <= 1024 => info.nextnonce = Some(value),
                b"rspauth" => info.rspauth = Some(value.to_ascii_lowercase()),
                b"qop" if value.eq_ignore_ascii_case(b"auth-int") => info.qop = Some(Qop::AuthInt),
                b"qop" if value.eq_ignore_ascii_case(b"auth") => info.qop = Some(Qop::Auth),
                _ => {}
            }
        }
        info
    }
}
