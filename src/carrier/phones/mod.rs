//! Agents' phones: registered with the dialer, connected all day, answered by people who talk,
//! wrap up and press keys.

mod desk;
mod handle;
mod options;
mod room;
mod stats;

pub use handle::{Phones, PhonesHandle};
pub use options::{Login, PhoneUser, PhonesOptions};
pub use stats::PhonesStats;
