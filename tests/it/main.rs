//! The one integration-test binary: a module per flow.

mod tidy;
