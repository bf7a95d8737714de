//! Typed views of header fields.

mod reason;

pub use reason::Reason;
