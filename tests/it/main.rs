//! The one integration-test binary: a module per flow.

mod program;
mod sipp;
mod tidy;
