//! The one integration-test binary: a module per flow.

#![allow(
    clippy::disallowed_methods,
    reason = "flow tests run in real time against real sockets, and give up by the wall clock"
)]

mod agreement;
mod conversations;
mod demo;
mod live_flow;
mod live_hostile;
mod live_people;
mod live_targets;
mod live_tones;
mod live_trouble;
mod pages;
mod peers;
mod program;
mod recordings;
mod replay;
mod reports;
mod seeing;
mod sipp;
mod support;
mod tidy;
mod what_if;
