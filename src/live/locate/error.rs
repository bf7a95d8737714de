//! Why nothing was found.

use thiserror::Error;

/// Why a query led to no target. The text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LocateError {
    /// No listener of ours speaks what is asked for.
    #[error("`{query}` needs {needed}, and no listener of this node speaks it; {remedy}")]
    OutOfReach {
        /// What was asked for.
        query: String,
        /// Transport and family.
        needed: String,
        /// What to do.
        remedy: &'static str,
    },
    /// DNS says that the service is not offered there (an SRV record with the target `.`).
    #[error(
        "`{query}`: DNS says that SIP is not offered there (SRV target \".\"); ask the operator \
         for the right name"
    )]
    NotOffered {
        /// What was asked for.
        query: String,
    },
    /// DNS answered, and there is nothing of use.
    #[error(
        "`{query}`: DNS knows no target ({tried}); check the spelling, or write the address itself"
    )]
    NotFound {
        /// What was asked for.
        query: String,
        /// The questions asked.
        tried: String,
    },
    /// DNS did not answer.
    #[error(
        "`{query}`: no answer from DNS ({why}); check the name servers: [sip] dns, else \
         /etc/resolv.conf"
    )]
    Silent {
        /// What was asked for.
        query: String,
        /// What happened.
        why: String,
    },
}

impl LocateError {
    /// Whether asking again may help although nobody changes DNS: what was known before stays
    /// in use meanwhile.
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::Silent { .. })
    }
}
