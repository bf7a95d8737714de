//! Recordings of the node: orders become files and rows, crashes are repaired at the start, what
//! has expired is deleted.

mod archive;
mod desk;
mod retention;

pub use archive::{Archive, end_of, expected_of, recover_open};
pub use desk::{BeginRecording, RecordingEnds, Recordings, StartError};
pub use retention::{Swept, run_retention, sweep};
