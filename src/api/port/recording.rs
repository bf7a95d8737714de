//! Recordings: which there are, and what is heard in one.

use super::ActionError;
use carillon_decision::id::{CallId, LeadId};
use carillon_decision::number::E164;
use carillon_decision::time::Wall;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a recording stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordingPhase {
    /// Being written.
    #[default]
    Open,
    /// Whole.
    Finished,
    /// Repaired after a crash.
    Recovered,
    /// The disk refused; what was written until then is there.
    Failed,
    /// Its audio was deleted; that it was there is kept.
    Deleted,
}

/// Which recordings. Unset fields do not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingAsk {
    /// Of that campaign (name).
    pub campaign: Option<String>,
    /// Begun with that agent (login name).
    pub agent: Option<String>,
    /// Of that call.
    pub call: Option<CallId>,
    /// With that lead.
    pub lead: Option<LeadId>,
    /// Of calls to or from that number; known once the call has ended.
    pub number: Option<E164>,
    /// In that state.
    pub state: Option<RecordingPhase>,
    /// Begun at or after.
    pub from: Option<Wall>,
    /// Begun before.
    pub to: Option<Wall>,
    /// Only recordings with a smaller id: the last id of a page fetches the next one.
    pub before: Option<u64>,
    /// At most so many, 1 to 1,000.
    pub limit: u32,
}

/// A recording. Where its file lies is nobody's business outside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordingView {
    /// Its id.
    pub id: u64,
    /// The call.
    pub call: u64,
    /// Campaign name.
    pub campaign: Option<String>,
    /// The agent it began with.
    pub agent: Option<String>,
    /// Lead id.
    pub lead: Option<u64>,
    /// When it began.
    pub started_ms: i64,
    /// Length; 0 while it is being written.
    pub length_ms: u64,
    /// Retention class.
    pub class: String,
    /// Where it stands.
    pub state: RecordingPhase,
    /// Why it failed, was repaired or deleted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Its audio is deleted after this; none: kept for ever.
    pub keep_until_ms: Option<i64>,
    /// Legal hold: who placed it and why. A held recording is not deleted.
    pub hold: Option<String>,
    /// When its audio was deleted.
    pub deleted_ms: Option<i64>,
    /// Its file is sealed; audio is unsealed on its way out.
    pub sealed: bool,
    /// What its file holds: `pcm16`, `mulaw`, `alaw`, `flac`, `opus`.
    pub format: String,
    /// Size of its file; 0 while it is being written.
    pub octets: u64,
    /// SHA-256 of its file as it lies on the disk, hexadecimal; empty while it is being written.
    pub sha256: String,
    /// On what ground it was made.
    pub consent: String,
    /// Stretches left out on order, from and to, ms.
    pub paused_ms: Vec<(u64, u64)>,
    /// Audio the disk did not take in time, ms.
    pub lost_ms: u64,
}

/// The playable file of a recording, unsealed where it is sealed. Dropping it closes it.
pub trait PlayableFile: Send + 'static {
    /// Reads octets from an offset; fewer than asked for only at the end. It reads from a disk:
    /// never on a thread that others wait for.
    ///
    /// # Errors
    /// The disk's, or a sealed stretch that was changed.
    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, ActionError>;
}

/// A recording that is open for listening.
pub struct OpenRecording {
    /// What it is.
    pub view: RecordingView,
    /// Media type of the file, such as `audio/wav`.
    pub media_type: &'static str,
    /// Its usual ending, without a dot.
    pub extension: &'static str,
    /// Octets of the file as it is played.
    pub octets: u64,
    /// The file.
    pub file: Box<dyn PlayableFile>,
}

impl std::fmt::Debug for OpenRecording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenRecording")
            .field("view", &self.view)
            .field("octets", &self.octets)
            .finish_non_exhaustive()
    }
}
