//! A running node: how it is started, asked and stopped.

mod options;

pub use options::{Addresses, NodeOptions, StopReport, Vitals};
