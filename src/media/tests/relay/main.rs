//! The relay on real loopback sockets, two plain sockets as its phones. Every test waits for
//! what it expects, never for a fixed time.
#![allow(
    clippy::disallowed_methods,
    reason = "the relay is handed the real clock here"
)]

mod audio;
mod coded;
mod comfort;
mod conversations;
mod keys;
mod network;
mod phone;
