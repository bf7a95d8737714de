//! Passwords and tokens: held, handed out on purpose, never printed.

use std::fmt;

/// A password, PIN or token. `Debug`, `Display` and `Serialize` show `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    value: String,
    origin: Origin,
}

/// Where a secret was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Written into the configuration file itself.
    Inline,
    /// `env:NAME`.
    Env(String),
    /// `file:PATH`, as written.
    File(String),
}

impl Secret {
    /// A secret from its text.
    pub fn new(value: impl Into<String>, origin: Origin) -> Self {
        Self {
            value: value.into(),
            origin,
        }
    }

    /// The text itself. Never log it.
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// Where it was read from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl serde::Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str("***")
    }
}
