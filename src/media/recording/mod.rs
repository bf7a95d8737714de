//! Recordings: what taps tell becomes aligned stereo audio, is written off-thread so that every
//! instant leaves a playable file, digested, sealed when a key is given, and finished after the
//! call.
//!
//! * [`timeline`] and [`keeper`]: packets to audio, once, for every [`ConversationListener`].
//! * [`start_recorder`]: the handle ([`Recorder`]), the listener ([`RecorderEars`]), the
//!   threads. A stalled disk delays no packet: audio waits in bounds, then is lost and told.
//! * [`recover`], [`verify`], [`PlainView`]: what is done with files later.
//!
//! Left is what came from the customer, right is what the customer heard. A paused stretch is
//! silence, so that times in a recording are times in the call's record.

mod conversation;
mod convert;
pub mod digest;
mod ears;
mod error;
mod export;
mod finish;
mod flac;
pub mod keeper;
mod keys;
mod open_file;
mod opus_file;
mod order;
mod recorder;
mod recover;
pub mod seal;
pub mod sidecar;
mod storage;
pub mod timeline;
mod verify;
mod view;
pub mod wav;
mod way_line;
mod writer;

#[cfg(test)]
mod disk_tests;
#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod opus_tests;
#[cfg(test)]
mod recorder_tests;
#[cfg(test)]
mod timeline_tests;

pub use conversation::ConversationListener;
pub use convert::Samples;
pub use ears::RecorderEars;
pub use error::RecordingError;
pub use export::export_wav;
pub use keeper::{Keeper, KeeperDesk};
pub use keys::{KeyId, KeyRing, MasterKey};
pub use order::{
    Ending, Format, LENGTH_MS_MAX, Mark, RecorderEvent, RecordingId, RecordingOrder,
    RecordingSummary, SpanMs,
};
pub use recorder::{Recorder, RecorderConfig, RecorderThreads, start_recorder};
pub use recover::recover;
pub use storage::{FileStorage, Storage, StoredFile};
pub use timeline::{Timeline, TimelineFigures};
pub use verify::{Expected, Fault, Verified, verify};
pub use view::{PlainView, SealedEnd};
pub use wav::Content;
pub use way_line::WayFigures;
pub use writer::Told;
