//! Where to send (RFC 3263): from the host of a URI to transports and addresses.
//!
//! A [`Query`] goes through NAPTR, SRV and A or AAAA records as far as it leaves things open, and
//! comes back as [`Located`]: [`Target`]s in ranks, with the time the records stand. A
//! [`Locator`] does the asking on tokio tasks, keeps answers for their time, and keeps them longer
//! while DNS is silent. A `Pool` is what a trunk holds: its targets with what is known of each,
//! and the choice among them.
//!
//! Layers, lowest first: `dns` (the library), `services`, `steps` (the algorithm), `book` (time to
//! live), `locator` (tasks); `target` and `pool` are pure.

mod book;
mod dns;
mod error;
mod locator;
mod pool;
mod query;
mod services;
mod steps;
mod target;
#[cfg(test)]
mod tests;

pub use error::LocateError;
pub use locator::{Locator, LocatorConfig, Sighting};
pub(crate) use pool::{GONE_AFTER, Pool, Trouble};
pub use query::{Family, Query, Reach};
pub use steps::{TtlLimits, fixed};
pub use target::{Located, Target, draw};
