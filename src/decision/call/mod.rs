//! Calls: their states, their causes, and the record each leaves behind.

mod outcome;
mod record;
mod state;

pub use outcome::{Cause, Outcome};
pub use record::{CallRecord, Direction, EndedBy};
pub use state::{Call, Phase};

use serde::{Deserialize, Serialize};

/// Who answered, as the media side hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmdVerdict {
    /// A person: said something short, then listened; or nothing told otherwise in time.
    Person,
    /// An answering machine or announcement.
    Machine,
    /// A fax or modem.
    Fax,
    /// Special information tones: the number is not in service.
    NotInService,
}
