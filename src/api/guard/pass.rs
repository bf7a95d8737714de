//! Passes to listen to one recording. A browser's player sends no token of its own: whoever holds
//! the token is given a cookie that opens one recording's audio, for a while, and nothing else.

use super::session::named_cookie;
use super::token::digest;
use crate::app::App;
use axum::extract::Request;
use carillon_decision::time::Mono;
use std::collections::BTreeMap;
use std::time::Duration;

/// Name of the cookie.
pub(crate) const PASS_COOKIE: &str = "carillon_listen";
/// A pass is good for this long: a review with its pauses.
pub(crate) const PASS_FOR: Duration = Duration::from_secs(3600);
/// Passes remembered; beyond it the one that ends first is forgotten.
const PASSES_MAX: usize = 1000;

/// Passes by the digest of their token: the recording, and when they end.
#[derive(Default)]
pub(crate) struct Passes {
    by_key: BTreeMap<[u8; 32], (u64, Mono)>,
}

impl Passes {
    /// A new pass for a recording; returns its token.
    pub fn open(&mut self, recording: u64, random: [u8; 32], now: Mono) -> String {
        let token: String = random.iter().map(|b| format!("{b:02x}")).collect();
        self.by_key.retain(|_, (_, until)| now < *until);
        if self.by_key.len() >= PASSES_MAX {
            let first = self.by_key.iter().min_by_key(|(_, (_, until))| *until);
            if let Some(key) = first.map(|(key, _)| *key) {
                self.by_key.remove(&key);
            }
        }
        let pass = (recording, now + PASS_FOR);
        self.by_key.insert(digest(&token), pass);
        token
    }

    /// Whether the token opens that recording now.
    pub fn admit(&self, token: &str, recording: u64, now: Mono) -> bool {
        let known = self.by_key.get(&digest(token));
        known.is_some_and(|(id, until)| *id == recording && now < *until)
    }
}

/// Whether a request brings a pass for the recording it asks for.
pub(super) fn admits(app: &App, request: &Request) -> bool {
    let Some(token) = named_cookie(request.headers(), PASS_COOKIE) else {
        return false;
    };
    let path = request.uri().path().strip_prefix("/api/recordings/");
    let id = path.and_then(|rest| rest.strip_suffix("/audio"));
    let Some(Ok(id)) = id.map(str::parse) else {
        return false;
    };
    let now = app.now().mono;
    app.passes().admit(&token, id, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_opens_one_recording_for_a_while() {
        let mut passes = Passes::default();
        let now = Mono::from_secs(1);
        let token = passes.open(7, [1; 32], now);
        assert!(passes.admit(&token, 7, now));
        assert!(!passes.admit(&token, 8, now) && !passes.admit("", 7, now));
        assert!(!passes.admit(&token, 7, now + PASS_FOR));
    }

    #[test]
    fn the_oldest_pass_makes_room_for_a_new_one() {
        let mut passes = Passes::default();
        let random = |n: usize| {
            let mut random = [0; 32];
            random[..8].copy_from_slice(&n.to_le_bytes());
            random
        };
        let at = |n: usize| Mono::from_secs(1 + n as u64);
        let tokens: Vec<String> = (0..=PASSES_MAX)
            .map(|n| passes.open(7, random(n), at(n)))
            .collect();
        let now = at(PASSES_MAX);
        assert!(!passes.admit(&tokens[0], 7, now));
        assert!(tokens[1..].iter().all(|token| passes.admit(token, 7, now)));
    }
}
