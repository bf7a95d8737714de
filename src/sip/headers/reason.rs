//! Reason (RFC 3326).

use std::fmt;

use super::lex::{self, ListIter};
use crate::message::{HeaderName, Message};

/// Why something was done: `Q.850;cause=16;text="Terminated"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// `SIP`, `Q.850`, …
    pub protocol: String,
    /// Status code or Q.850 cause.
    pub cause: Option<u16>,
    /// Words for people, unquoted; empty for none.
    pub text: String,
}

impl Reason {
    /// A Q.850 cause, e.g. 16: normal clearing.
    pub fn q850(cause: u16, text: impl Into<String>) -> Self {
        Self {
            protocol: "Q.850".to_owned(),
            cause: Some(cause),
            text: text.into(),
        }
    }

    /// A SIP status; 200 in a CANCEL means answered elsewhere.
    pub fn sip(cause: u16, text: impl Into<String>) -> Self {
        Self {
            protocol: "SIP".to_owned(),
            cause: Some(cause),
            text: text.into(),
        }
    }
}

impl Reason {
    /// Reads one element; `None` without a protocol.
    pub fn parse(element: &[u8]) -> Option<Self> {
        let mut parts = ListIter::params(element);
        let protocol = lex::text(parts.next()?);
        let (mut cause, mut words) = (None, String::new());
        for (name, value) in parts.map(lex::name_value) {
            let value = value.unwrap_or(b"");
            if name.eq_ignore_ascii_case(b"cause") {
                cause = lex::leading_number(value).and_then(|n| u16::try_from(n).ok());
            } else if name.eq_ignore_ascii_case(b"text") {
                words = lex::text(&lex::unquote(value));
            }
        }
        Some(Self {
            protocol,
            cause,
            text: words,
        })
    }

    /// All of a message.
    pub fn all(message: &Message<'_>) -> Vec<Self> {
        message
            .list(HeaderName::Reason)
            .filter_map(Self::parse)
            .take(8)
            .collect()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.protocol)?;
        if let Some(cause) = self.cause {
            write!(f, ";cause={cause}")?;
        }
        if !self.text.is_empty() {
            write!(f, ";text={}", lex::quote(&self.text))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        let r = Reason::parse(b"Q.850 ;cause=17;text=\"User; busy\"").unwrap();
        assert_eq!(r, Reason::q850(17, "User; busy"));
        assert_eq!(r.to_string(), "Q.850;cause=17;text=\"User; busy\"");
        assert_eq!(Reason::parse(b"SIP").unwrap().cause, None);
        assert_eq!(Reason::parse(b"SIP;cause=99999").unwrap().cause, None);
    }
}
