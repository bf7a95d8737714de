//! Recordings: where they are, what they are, how long they are kept.

use crate::port::Fut;
use carillon_decision::id::{AgentId, CallId, CampaignId, LeadId};
use carillon_decision::number::E164;
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};

/// Where a recording stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// Being written, or left so by a crash.
    Open,
    /// Whole.
    Finished,
    /// Repaired after a crash.
    Recovered,
    /// The disk refused; what was written until then is there.
    Failed,
    /// Its file was deleted; the row stays as evidence.
    Deleted,
}

impl RecordingState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::Finished,
        Self::Recovered,
        Self::Failed,
        Self::Deleted,
    ];

    /// Stable name, as stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Finished => "finished",
            Self::Recovered => "recovered",
            Self::Failed => "failed",
            Self::Deleted => "deleted",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A recording that begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRecording {
    /// Its number, from [`RecordingStore::next_recording_id`] on.
    pub id: u64,
    /// The call.
    pub call: CallId,
    /// Its campaign.
    pub campaign: Option<CampaignId>,
    /// The agent it begins with.
    pub agent: Option<AgentId>,
    /// The lead.
    pub lead: Option<LeadId>,
    /// When it begins.
    pub started: Wall,
    /// What its file holds: `pcm16`, `mulaw`, `alaw`, `flac`, `opus`.
    pub format: String,
    /// Its file, below the recordings' directory.
    pub path: String,
    /// Retention class.
    pub class: String,
    /// Deleted after this; absent: kept for ever.
    pub keep_until: Option<Wall>,
    /// On what ground it is made, in words.
    pub consent: String,
}

/// How a recording ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingEnd {
    /// Its number.
    pub id: u64,
    /// [`RecordingState::Finished`], [`Recovered`](RecordingState::Recovered) or
    /// [`Failed`](RecordingState::Failed).
    pub state: RecordingState,
    /// What its file holds now.
    pub format: String,
    /// Its file now.
    pub path: String,
    /// Length.
    pub length_ms: u64,
    /// Size of the file.
    pub octets: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Last link of the chain of block digests, hexadecimal.
    pub chain: String,
    /// Id of the key it is sealed with.
    pub key_id: Option<String>,
    /// Audio the disk did not take in time.
    pub lost_ms: u64,
    /// Stretches left out on order, from and to, ms.
    pub paused: Vec<(u64, u64)>,
    /// Why it failed, or what a repair found.
    pub why: String,
}

/// Everything stored of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingEntry {
    /// As it began; path and format as they are now.
    #[serde(flatten)]
    pub begun: NewRecording,
    /// Where it stands.
    pub state: RecordingState,
    /// Length; 0 while it is open.
    pub length_ms: u64,
    /// Size of the file; 0 while it is open.
    pub octets: u64,
    /// SHA-256 of the file, hexadecimal; empty while it is open.
    pub sha256: String,
    /// Last link of the chain of block digests, hexadecimal; empty while it is open.
    pub chain: String,
    /// Id of the key it is sealed with.
    pub key_id: Option<String>,
    /// Audio the disk did not take in time.
    pub lost_ms: u64,
    /// Stretches left out on order, from and to, ms.
    pub paused: Vec<(u64, u64)>,
    /// Why it failed, was repaired or deleted.
    pub why: String,
    /// Legal hold: who placed it and why. A held recording is not deleted.
    pub hold: Option<String>,
    /// When its file was deleted.
    pub deleted: Option<Wall>,
}

/// Which recordings to list. An absent field does not narrow the choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecordingFilter {
    /// Of this call.
    pub call: Option<CallId>,
    /// Of this campaign.
    pub campaign: Option<CampaignId>,
    /// Begun with this agent.
    pub agent: Option<AgentId>,
    /// With this lead.
    pub lead: Option<LeadId>,
    /// Of calls to or from this number that have ended.
    pub number: Option<E164>,
    /// In this state.
    pub state: Option<RecordingState>,
    /// Started at or after.
    pub from: Option<Wall>,
    /// Started before.
    pub to: Option<Wall>,
    /// With a smaller number.
    pub before: Option<u64>,
}

/// Recordings.
pub trait RecordingStore: Send + Sync {
    /// First number of a new process: larger than any used before.
    fn next_recording_id(&self) -> Fut<'_, u64>;

    /// Enters a recording as open. Kept when the store refuses writes.
    fn begin_recording(&self, recording: NewRecording) -> Fut<'_, ()>;

    /// Enters how a recording ended; a second time replaces the first, so that a repair may be
    /// repeated. A deleted one stays as it is. Kept when the store refuses writes.
    fn finish_recording(&self, end: RecordingEnd) -> Fut<'_, ()>;

    /// A recording.
    fn recording(&self, id: u64) -> Fut<'_, RecordingEntry>;

    /// Recordings that match, newest first.
    fn recordings(&self, filter: RecordingFilter, limit: u32) -> Fut<'_, Vec<RecordingEntry>>;

    /// Recordings whose file may go at `now`, and those that were deleted while their file could
    /// not be removed yet; oldest first, at most `limit`. Never a held or open one.
    fn expired_recordings(&self, now: Wall, limit: u32) -> Fut<'_, Vec<RecordingEntry>>;

    /// Marks a recording as deleted; remove its file only after `true`. `false` for one that is
    /// held, open, or deleted already.
    fn delete_recording(&self, id: u64, at: Wall, why: &str) -> Fut<'_, bool>;

    /// The file of a deleted recording is gone.
    fn recording_file_gone(&self, id: u64) -> Fut<'_, ()>;

    /// Places a legal hold (`Some`: who and why) or lifts it. Answers whether that changed
    /// anything; a deleted recording is [`crate::StoreError::NotFound`].
    fn hold_recording(&self, id: u64, hold: Option<&str>) -> Fut<'_, bool>;
}
