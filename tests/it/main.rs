//! The one integration-test binary: a module per flow.

mod live_flow;
mod program;
mod sipp;
mod support;
mod tidy;
