//! The wire on real sockets of loopback: what is waited for is an event, never a span of time.

mod calls;
mod connections;
mod patience;
mod rig;
mod secured;
