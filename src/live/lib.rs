//! The live world: sockets, clock, engine thread, trunks, agents' lines.
//!
//! **The node decides nothing.** It feeds the engine with what happens and obeys its commands.
//!
//! ```text
//!  floor port (web, CLI) ─┐                       ┌─ attempts ── store (attempt before INVITE)
//!  lead pump ─────────────┤ inputs   commands     ├─ lead pump ─ store
//!  store health, DNC feed ┼──► engine thread ─────┼─ records ─── store
//!  switch ────────────────┘     │                 └─ switch ──── SIP socket, RTP relay
//!                               └─ journal thread (evidence; never waited for)
//! ```
//!
//! Every queue is bounded. What happens when one is full:
//!
//! | queue | when full |
//! |---|---|
//! | inputs → engine | the switch keeps its news until there is room (calls in progress only make finitely many, and a stalled engine orders no new calls); web and CLI are told "busy" |
//! | engine → switch | the engine waits: dialing slows |
//! | attempts | the call is reported `NotSent`: the lead loses nothing |
//! | records → store | the engine is told the store is in trouble at half full: dialing stops; conversations go on |
//! | engine → journal | journalling stops with an alert; calls go on |

mod capture;
pub mod clock;
pub mod config;
mod engine;
pub mod error;
pub mod explain;
mod floor_port;
pub mod import;
mod keeping;
pub mod locate;
pub mod node;
mod number_plan;
pub mod profiles;
pub mod quality;
pub mod recording;
mod store_port;
mod switch;
mod vitals;
mod wire;

/// What this program was built from, as journals name it; set `CARILLON_BUILD` when building
/// (a commit, say). The same for every build profile.
pub const BUILD: &str = match option_env!("CARILLON_BUILD") {
    Some(build) => build,
    None => "source",
};

pub use clock::NodeClock;
pub use engine::Inputs;
pub use error::NodeError;
pub use floor_port::FloorPort;
pub use node::{Asked, Node, NodeHandle, NodeOptions, ask_trunk};
pub use switch::{Ladder, LadderLine, TestReport, TestStep};
pub use wire::{TlsError, TlsFinding, tls_findings};
