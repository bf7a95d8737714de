//! Routing: which agent takes a call, which trunk carries it, which number it shows.

mod caller_id;
mod match_agent;
mod need;
mod trunk;

pub use caller_id::{CallerIdUse, choose_caller_id};
pub use match_agent::{Candidate, best_agent, serves};
pub use need::Need;
pub use trunk::{Trunk, TrunkCapacity, TrunkConfig, TrunkHealth, TrunkRefusal, Trunks};
