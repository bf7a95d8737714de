//! Why the floor would not do as asked.

/// The kind of trouble; it chooses the HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No such campaign, list, agent, lead, call, decision or trunk: 404.
    NotFound,
    /// The value is out of range or makes no sense: 422.
    Invalid,
    /// It was there and is no more: 410.
    Gone,
    /// It does not go with the present state (ready while talking, say): 409.
    Conflict,
    /// Name or PIN is wrong: 401.
    Credentials,
    /// The engine, the store or a trunk cannot be reached now: 503.
    Unavailable,
    /// A fault of ours: 500.
    Internal,
}

/// A refusal or failure with a stable code, what is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}; {remedy}")]
pub struct ActionError {
    /// Stable code of whoever refuses, such as `LIVE-012`.
    pub code: String,
    /// What is wrong, one clause without a full stop.
    pub message: String,
    /// What to do about it, one clause without a full stop.
    pub remedy: String,
    /// The kind of trouble.
    pub problem: Problem,
}

impl ActionError {
    /// A refusal of that kind.
    pub fn new(
        problem: Problem,
        code: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            remedy: remedy.into(),
            problem,
        }
    }

    /// `what` (such as `lead 17`) is unknown.
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(
            Problem::NotFound,
            "API-404",
            format!("{what} is unknown"),
            "check the name or id, and that it belongs to this floor",
        )
    }
}
