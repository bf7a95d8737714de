//! Nonces of ours: they carry their own proof, and only those used by proven users are remembered.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq;

use crate::token::{Tokens, hex};

/// Nonces whose counts are remembered. Older ones are given up first: their owners are told that
/// the nonce is stale.
const USED_MAX: usize = 65_536;
/// Counts below the highest that may still come: requests overtake each other on the way.
const WINDOW: u32 = 64;

/// Hex digits of age, serial number and proof.
const AGE_DIGITS: usize = 8;
const SERIAL_DIGITS: usize = 12;

/// Draws nonces and knows which counts of them were used (RFC 7616 §3.4.6: a count seen twice is
/// a replay). Each nonce holds its age, a serial number and a keyed digest over both and the source
/// address, so nothing is kept of challenges that nobody answers rightly.
#[derive(Debug, Clone)]
pub struct Nonces {
    ttl: Duration,
    epoch: Option<Instant>,
    drawn: u64,
    used: BTreeMap<u64, Counts>,
    /// Nonces with a lower serial number are good only if still in `used`.
    floor: u64,
}

/// Highest count seen, and which of the 64 up to it.
#[derive(Debug, Clone, Copy)]
struct Counts {
    drawn_at: u64,
    highest: u32,
    seen: u64,
}

/// A nonce that is good by its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drawn {
    serial: u64,
    at: u64,
}

/// What a nonce is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Good(Drawn),
    /// Ours but old, or drawn by an earlier process, or for another source.
    Stale,
}

/// How credentials use a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Used {
    /// With this `nc`.
    Count(u32),
    /// RFC 2069: there is no count, so never again.
    Once,
}

impl Nonces {
    /// Nonces that live for `ttl`.
    pub fn new(ttl: Duration) -> Self {
        Self {
            ttl,
            epoch: None,
            drawn: 0,
            used: BTreeMap::new(),
            floor: 0,
        }
    }

    fn seconds(&mut self, now: Instant) -> u64 {
        now.saturating_duration_since(*self.epoch.get_or_insert(now))
            .as_secs()
    }

    fn proof(tokens: &Tokens, drawn: Drawn, source: IpAddr) -> String {
        let data = format!("{}/{}/{source}", drawn.at, drawn.serial);
        hex(&tokens.mac("nonce", data.as_bytes())[..16])
    }

    /// A fresh nonce for this source; no two are the same.
    pub fn draw(&mut self, tokens: &Tokens, now: Instant, source: IpAddr) -> String {
        self.drawn += 1;
        let drawn = Drawn {
            serial: self.drawn,
            at: self.seconds(now),
        };
        let proof = Self::proof(tokens, drawn, source);
        format!("{:08x}{:012x}{proof}", drawn.at, drawn.serial)
    }

    /// Nonces whose counts are remembered now.
    pub fn remembered(&self) -> usize {
        self.used.len()
    }

    pub(super) fn check(
        &mut self,
        tokens: &Tokens,
        now: Instant,
        source: IpAddr,
        nonce: &[u8],
    ) -> Age {
        let elapsed = self.seconds(now);
        let Some(drawn) = Self::read(tokens, source, nonce) else {
            return Age::Stale;
        };
        self.forget_old(elapsed);
        let known = drawn.serial >= self.floor || self.used.contains_key(&drawn.serial);
        if known && elapsed.saturating_sub(drawn.at) <= self.ttl.as_secs() {
            Age::Good(drawn)
        } else {
            Age::Stale
        }
    }

    fn read(tokens: &Tokens, source: IpAddr, nonce: &[u8]) -> Option<Drawn> {
        let text = std::str::from_utf8(nonce).ok()?;
        let (serial_from, proof_from) = (AGE_DIGITS, AGE_DIGITS + SERIAL_DIGITS);
        let drawn = Drawn {
            at: u64::from_str_radix(text.get(..serial_from)?, 16).ok()?,
            serial: u64::from_str_radix(text.get(serial_from..proof_from)?, 16).ok()?,
        };
        let proof = Self::proof(tokens, drawn, source);
        let equal = proof.as_bytes().ct_eq(text.get(proof_from..)?.as_bytes());
        bool::from(equal).then_some(drawn)
    }

    /// Notes a use by a proven user. False: used before, or so long ago that it cannot be told.
    pub(super) fn consume(&mut self, nonce: Drawn, used: Used) -> bool {
        let count = match used {
            Used::Count(count) => count,
            Used::Once => u32::MAX,
        };
        let Some(counts) = self.used.get_mut(&nonce.serial) else {
            let counts = Counts {
                drawn_at: nonce.at,
                highest: count,
                seen: 1,
            };
            self.used.insert(nonce.serial, counts);
            self.forget_excess();
            return true;
        };
        if count > counts.highest {
            let ahead = count - counts.highest;
            let kept = if ahead < WINDOW {
                counts.seen << ahead
            } else {
                0
            };
            (counts.highest, counts.seen) = (count, kept | 1);
            return true;
        }
        let behind = counts.highest - count;
        let bit = 1u64.checked_shl(behind).unwrap_or(0);
        if behind >= WINDOW || counts.seen & bit != 0 {
            return false;
        }
        counts.seen |= bit;
        true
    }

    /// Serial numbers grow with age, so the first is the oldest.
    fn forget_old(&mut self, elapsed: u64) {
        while let Some(first) = self.used.first_entry() {
            if elapsed.saturating_sub(first.get().drawn_at) <= self.ttl.as_secs() {
                break;
            }
            first.remove();
        }
    }

    fn forget_excess(&mut self) {
        while self.used.len() > USED_MAX {
            if let Some((serial, _)) = self.used.pop_first() {
                self.floor = self.floor.max(serial + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(serial: u64) -> Drawn {
        Drawn { serial, at: 0 }
    }

    #[test]
    fn each_count_is_good_once_in_any_near_order() {
        let mut nonces = Nonces::new(Duration::from_secs(300));
        // (count, good)
        for (count, good) in [
            (1, true),
            (1, false),
            (3, true),
            (2, true),
            (2, false),
            (3, false),
            (70, true),
            (7, true),
            (6, false),
            (70, false),
            (u32::MAX, true),
            (71, false),
            (u32::MAX - 1, true),
            (u32::MAX, false),
        ] {
            assert_eq!(
                nonces.consume(drawn(5), Used::Count(count)),
                good,
                "{count}"
            );
        }
        assert!(nonces.consume(drawn(6), Used::Count(1)), "another nonce");
    }

    #[test]
    fn without_a_count_a_nonce_is_good_once() {
        let mut nonces = Nonces::new(Duration::from_secs(300));
        assert!(nonces.consume(drawn(5), Used::Once));
        assert!(!nonces.consume(drawn(5), Used::Once));
        assert!(!nonces.consume(drawn(5), Used::Count(1)));
    }

    #[test]
    fn memory_is_bounded_and_what_is_forgotten_cannot_be_replayed() {
        let tokens = Tokens::new(&[3; 32], "x");
        let now = crate::test_clock::start();
        let source = "192.0.2.1".parse().unwrap();
        let mut nonces = Nonces::new(Duration::from_secs(300));
        let first = nonces.draw(&tokens, now, source);
        let Age::Good(nonce) = nonces.check(&tokens, now, source, first.as_bytes()) else {
            panic!("fresh");
        };
        assert!(nonces.consume(nonce, Used::Count(1)));
        for serial in 2..=USED_MAX as u64 + 10 {
            assert!(nonces.consume(drawn(serial), Used::Count(1)));
        }
        assert_eq!(nonces.remembered(), USED_MAX);
        assert_eq!(
            nonces.check(&tokens, now, source, first.as_bytes()),
            Age::Stale
        );
        // Age empties the rest.
        let late = now + Duration::from_secs(301);
        nonces.check(&tokens, late, source, first.as_bytes());
        assert_eq!(nonces.remembered(), 0);
    }
}
