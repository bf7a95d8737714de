//! Durable truth: leads, attempts, call records, recordings, do-not-call lists.
//!
//! [`Store`] is the whole interface, object-safe, so that the rest of Carillon holds an
//! `Arc<dyn Store>` and does not know which database is behind it. [`SqliteStore`] is the
//! implementation for one floor on one machine; every other one has to pass the same contract
//! suite (`tests/contract`).
//!
//! Rules every implementation keeps:
//! * An `Ok` of a writing method means *durable*: it survives loss of power.
//! * Attempts are written before anything else that waits, and fail fast when they cannot be.
//! * Call records, lead updates and logs are never lost while the process lives: when the store
//!   refuses writes they answer [`StoreError::Kept`] and are written, in order, once it takes
//!   writes again. The caller must not send them a second time.
//! * No method reads a clock: instants are passed in.

mod call;
mod dnc;
mod error;
mod lead;
mod log;
mod port;
mod quality;
mod recording;
mod report;
mod sqlite;
mod upkeep;

pub use call::{Attempt, CallEntry, CallFilter, OpenAttempt};
pub use dnc::{DncChange, DncImported, DncList, DncMembership};
pub use error::StoreError;
pub use lead::{
    ImportOptions, ImportRow, LEADS_PER_BATCH_MAX, LeadCard, LeadDetails, LeasedLeads, ListSummary,
    NewLead, NumberDetails, StoredRefusal, Takeover,
};
pub use log::{AgentChange, AlertEntry, Health, NameKind, WrapUp};
pub use port::{
    CallStore, DncStore, Fut, LeadStore, LogStore, NOTE_CHARS_MAX, NUMBERS_PER_BATCH_MAX,
    NameStore, QualityStore, Store, UpkeepStore,
};
pub use quality::{
    CallReview, QualityEntry, QualityFilter, QualityRecord, REVIEW_SCORE_MAX, REVIEWER_CHARS_MAX,
    ReviewState, ReviewTally,
};
pub use recording::{
    NewRecording, RecordingEnd, RecordingEntry, RecordingFilter, RecordingState, RecordingStore,
};
pub use report::{AgentTime, HourRow, Report, Spread};
pub use sqlite::{SqliteOptions, SqliteStore};
pub use upkeep::{CheckItem, CheckReport};
