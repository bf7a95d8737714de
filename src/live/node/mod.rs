//! A running node: how it is started, asked and stopped.

mod ask;
mod handle;
mod keep;
mod options;
mod pages;
mod parts;
mod places;
mod recovery;
mod setup;
mod start;

pub use ask::{Asked, ask_trunk};
pub use handle::NodeHandle;
pub use options::{Addresses, NodeOptions, StopReport, Vitals};
pub use recovery::Recovered;
pub use start::Node;
