//! From call records to a scenario: shares and laws, how well they fit, what was left out.

mod asterisk;
mod demo_world;
mod family;
mod fit;
mod found;
mod goodness;
mod page;
mod read;
mod search;
mod shares;
mod vicidial;

pub use demo_world::demo_world;
pub use family::{Family, Fitted};
pub use fit::{DURATIONS_MIN, Durations, LawFit, Tried, fit, fit_ring};
pub use found::Calibration;
pub use page::page;
pub use read::{Format, ReadError, Reading, Skipped, read};
pub use shares::{Counts, Hour, Share, hours_alike};
