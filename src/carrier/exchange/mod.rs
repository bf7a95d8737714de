//! The carrier: takes calls from a dialer and plays everybody who is called.

mod callee;
mod hall;
mod handle;
mod options;
mod stats;

pub use handle::{Carrier, CarrierHandle};
pub use options::CarrierOptions;
pub use stats::CarrierStats;
