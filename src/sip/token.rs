//! Tags, branches, Call-IDs and keyed digests drawn from a seed (RFC 3261 §19.3 wants them
//! unguessable; the seed makes them so, and repeatable in tests).

use sha2::{Digest, Sha256};

/// The magic cookie of RFC 3261 §8.1.1.7.
pub const COOKIE: &str = "z9hG4bK";

/// Source of identifiers. Two instances made from the same seed and salt draw the same.
#[derive(Clone)]
pub struct Tokens {
    key: [u8; 32],
    counter: u64,
}

impl Tokens {
    /// `salt` tells endpoints with the same seed apart, e.g. the local address.
    pub fn new(seed: &[u8; 32], salt: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed);
        hash.update(salt.as_bytes());
        Self {
            key: hash.finalize().into(),
            counter: 0,
        }
    }

    /// Keyed digest of `data` for one purpose (nested, so that nothing can be appended).
    pub fn mac(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        let mut inner = Sha256::new();
        inner.update(self.key);
        inner.update((purpose.len() as u64).to_be_bytes());
        inner.update(purpose.as_bytes());
        inner.update(data);
        let mut outer = Sha256::new();
        outer.update(self.key);
        outer.update(inner.finalize());
        outer.finalize().into()
    }

    fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// 64 bits in hex: a tag or a client nonce.
    pub fn tag(&mut self) -> String {
        let n = self.next();
        hex(&self.mac("tag", &n.to_be_bytes())[..8])
    }

    /// The tag of stateless responses: the same for retransmissions (RFC 3261 §8.2.7).
    pub fn stateless_tag(&self, transaction: &[u8]) -> String {
        hex(&self.mac("stateless", transaction)[..8])
    }

    /// 128 bits in hex, for Call-ID.
    pub fn call_id(&mut self) -> String {
        let n = self.next();
        hex(&self.mac("call-id", &n.to_be_bytes())[..16])
    }

    /// A number in `0..bound` (0 for a bound of 0), for jitter.
    pub fn below(&mut self, bound: u64) -> u64 {
        let n = self.next();
        let mac = self.mac("number", &n.to_be_bytes());
        let value = mac[..8]
            .iter()
            .fold(0u64, |acc, b| (acc << 8) | u64::from(*b));
        value.checked_rem(bound).unwrap_or(0)
    }

    /// A branch and the number it carries: [`Self::own_branch`] recognises it without any state.
    pub fn branch(&mut self) -> (u64, String) {
        let n = self.next();
        (n, self.branch_of(n))
    }

    fn branch_of(&self, n: u64) -> String {
        format!(
            "{COOKIE}{n:012x}{}",
            hex(&self.mac("branch", &n.to_be_bytes())[..8])
        )
    }

    /// The number in a branch that we drew; `None` if it is not ours.
    pub fn own_branch(&self, branch: &[u8]) -> Option<u64> {
        let digits = branch.get(COOKIE.len()..COOKIE.len() + 12)?;
        let n = u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        (self.branch_of(n).as_bytes() == branch).then_some(n)
    }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        out.push(char::from(DIGITS[usize::from(b >> 4)]));
        out.push(char::from(DIGITS[usize::from(b & 15)]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_branches_are_recognised_and_no_others() {
        let mut a = Tokens::new(&[7; 32], "127.0.0.1:5060");
        let mut b = Tokens::new(&[7; 32], "127.0.0.1:5061");
        let (n, branch) = a.branch();
        assert_eq!(a.own_branch(branch.as_bytes()), Some(n));
        assert_eq!(b.own_branch(branch.as_bytes()), None);
        assert_eq!(a.own_branch(b"z9hG4bK"), None);
        assert_eq!(a.own_branch(b"z9hG4bK+00000000001ffffffffffffffff"), None);
        assert_ne!(a.tag(), a.tag());
        assert_ne!(a.call_id(), b.call_id());
        assert_eq!(a.below(0), 0);
    }
}
