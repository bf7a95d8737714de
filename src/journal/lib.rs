//! Versioned byte form of the decision core's inputs, and their replay.
//!
//! A journal is evidence: every input the engine heard, with both clocks, and a digest of the
//! commands each caused. Replayed into an engine of the same version it gives the same commands,
//! so yesterday can be debugged and explained, or run again with other settings.
//!
//! ```text
//! file    = magic (8) format version (u16 LE) frame(Header) frame(Entry)*
//! frame   = length (u32 LE) crc32(length) (u32 LE) payload crc32(payload) (u32 LE)
//! payload = postcard
//! ```
//! The length has a checksum of its own: else one flipped bit in it would pass for a file that
//! ends early. A file that really ends early, or in zeros, was torn by a crash: reading ends at
//! the last whole frame and says so.

mod crc;
mod digest;
mod error;
mod frame;
mod header;
mod reader;
mod replay;
mod writer;

pub use digest::{CommandDigest, StepDigest};
pub use error::JournalError;
pub use header::{ENGINE_VERSION, FORMAT_VERSION, Header, MAGIC};
pub use reader::{Reader, Step, TornTail, cut_torn_tail};
pub use replay::{Difference, Machine, ReplayReport, replay};
pub use writer::Writer;
