//! Reason (RFC 3326).

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
    /// A Q.850 cause, e.g. 16 normal clearing, 26 answered elsewhere is `Reason::sip(200, ..)`.
    pub fn q850(cause: u16, text: impl Into<String>) -> Self {
        Self {
            protocol: "Q.850".to_owned(),
            cause: Some(cause),
            text: text.into(),
        }
    }

    /// A SIP status.
    pub fn sip(cause: u16, text: impl Into<String>) -> Self {
        Self {
            protocol: "SIP".to_owned(),
            cause: Some(cause),
            text: text.into(),
        }
    }
}
