//! Secrets compared in constant time.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A secret, kept as its SHA-256 so that neither length nor content shows in the time a
/// comparison takes.
pub(crate) struct Secret([u8; 32]);

impl Secret {
    pub fn new(text: &str) -> Self {
        Self(digest(text))
    }

    /// Whether `text` is the secret. An empty secret matches nothing.
    pub fn matches(&self, text: &str) -> bool {
        let equal = bool::from(self.0.ct_eq(&digest(text)));
        equal && !text.is_empty()
    }
}

/// SHA-256 of a text.
pub(crate) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_text_matches_and_an_empty_secret_never() {
        let secret = Secret::new("correct horse");
        assert!(secret.matches("correct horse"));
        assert!(!secret.matches("correct hors"));
        assert!(!secret.matches(""));
        assert!(!Secret::new("").matches(""));
    }
}
