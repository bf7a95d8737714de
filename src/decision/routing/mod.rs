//! Routing: which agent takes a call, which trunk carries it, which number it shows.

mod caller_id;
mod match_agent;
mod need;
mod trunk;
mod trunks;

pub use caller_id::{CallerIdUse, choose_caller_id};
pub use match_agent::{Candidate, best_agent, serves};
pub use need::Need;
pub use trunk::{Trunk, TrunkConfig, TrunkHealth, TrunkRefusal};
pub use trunks::{TrunkCapacity, Trunks};
