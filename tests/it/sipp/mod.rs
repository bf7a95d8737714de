//! `carillon serve` against SIPp.
//!
//! [`hundred`] is a floor on an ordinary day. The other modules are situations: one far end
//! that behaves in one way, ordinary or not. All of them happen side by side in one run of one
//! node ([`run`]); each is a test that asks how its own went. `docs/sip/situations.md` is the
//! list for readers.

mod answers;
mod auth;
mod callers;
mod cancels;
mod dialogs;
mod extensions;
mod failures;
mod floor;
mod forks;
mod hundred;
mod list;
mod losses;
mod octets;
mod registrations;
mod run;
mod shapes;
mod situation;
mod transports;
