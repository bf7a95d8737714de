//! Telephone numbers in E.164 form.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An international telephone number (ITU-T E.164: at most 15 digits, no leading zero),
/// held as the integer its digits spell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct E164(u64);

/// A text that is not an E.164 number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an international number: write + and 7 to 15 digits, such as +12025550123")]
pub struct NotE164(pub String);

impl E164 {
    /// A number from its digits as an integer; `None` outside 7 to 15 digits.
    pub fn new(digits: u64) -> Option<Self> {
        (1_000_000..1_000_000_000_000_000)
            .contains(&digits)
            .then_some(Self(digits))
    }

    /// The digits as an integer, without `+`.
    pub fn digits(self) -> u64 {
        self.0
    }

    /// Whether the digits begin with `prefix` (digits only, no `+`).
    pub fn has_prefix(self, prefix: &str) -> bool {
        self.0.to_string().starts_with(prefix)
    }

    /// The number with its middle hidden, for logs: `+1202***0123`.
    pub fn masked(self) -> String {
        let text = self.0.to_string();
        let (head, tail) = (text.len().min(4), text.len().saturating_sub(4));
        format!("+{}***{}", &text[..head.min(tail)], &text[tail..])
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl FromStr for E164 {
    type Err = NotE164;
    fn from_str(text: &str) -> Result<Self, NotE164> {
        let bad = || NotE164(text.to_owned());
        let digits = text.strip_prefix('+').ok_or_else(bad)?;
        if digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        digits.parse().ok().and_then(E164::new).ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_plus_form_only() {
        let number: E164 = "+12025550123".parse().unwrap();
        assert_eq!(number.to_string(), "+12025550123");
        assert!(number.has_prefix("1202") && !number.has_prefix("44"));
        for bad in [
            "12025550123",
            "+",
            "+012345678",
            "+1234567890123456",
            "+1202555O123",
            "+12",
        ] {
            assert!(bad.parse::<E164>().is_err(), "{bad}");
        }
    }

    #[test]
    fn masks_the_middle() {
        assert_eq!(
            "+12025550123".parse::<E164>().unwrap().masked(),
            "+1202***0123"
        );
        assert_eq!("+1234567".parse::<E164>().unwrap().masked(), "+123***4567");
    }
}
