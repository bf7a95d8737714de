//! Sans-IO SIP (RFC 3261): messages, transactions, dialogs, SDP, digest, registrar.
//!
//! Nothing in this crate opens a socket, reads a clock or draws entropy. The owner of an
//! [`Endpoint`] feeds it datagrams and the present [`Instant`](std::time::Instant), sends what
//! [`Endpoint::poll_transmit`] hands out, reads what happened from [`Endpoint::poll_event`], and
//! calls [`Endpoint::handle_timeout`] when [`Endpoint::next_timeout`] has come. After every
//! mutation both polls are drained until they return `None`.
//!
//! The same seed, the same inputs and the same instants give the same bytes.
//!
//! Layers, lowest first: [`message`] and [`headers`] (octets in, typed views out), [`transaction`]
//! (RFC 3261 §17, RFC 6026), [`dialog`], [`digest`], [`sdp`], [`registrar`], [`endpoint`].

pub mod config;
pub mod dialog;
pub mod digest;
pub mod endpoint;
pub mod error;
pub mod event;
pub mod headers;
pub mod message;
pub mod options;
pub mod peer;
pub mod registrar;
pub mod sdp;
pub mod stream;
pub mod token;
pub mod trace;
pub mod transaction;
pub mod uri;

pub use config::{
    Credentials, EndpointConfig, Limits, Listener, Network, Policy, RegistrarConfig, Secret,
    SourceLimits, Strangers, Timers, User,
};
pub use endpoint::{Counters, Endpoint, Invite, Outbound, Register, Transmit};
pub use error::SipError;
pub use event::{
    Binding, CallKey, EndCause, Event, Failure, IncomingCall, LegKey, ReferOutcome, ReferRequest,
    RequestKey,
};
pub use headers::Reason;
pub use options::{Refresher, Reliable, SessionOptions, SessionTimer};
pub use peer::{Peer, TransportKind};
pub use sdp::{
    Agreed, AgreedKeys, AudioFormat, AudioStream, Codec, CryptoLine, CryptoSuite, Direction,
    EventFormat, MasterKey, MediaSpec, SessionDescription, SrtpPolicy,
};
pub use trace::summary;

#[cfg(test)]
mod test_clock {
    /// Any instant will do to count from.
    #[allow(clippy::disallowed_methods, reason = "no other way to make an instant")]
    pub(crate) fn start() -> std::time::Instant {
        std::time::Instant::now()
    }
}
