//! Typed views of header fields.

mod addr;
pub mod lex;
mod reason;
mod via;

pub use addr::{CSeq, NameAddr};
pub use reason::Reason;
pub use via::{Via, host_ip, host_port};
