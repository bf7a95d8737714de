//! The one integration-test binary: a module per flow.

mod demo;
mod live_flow;
mod live_people;
mod live_trouble;
mod program;
mod sipp;
mod support;
mod tidy;
