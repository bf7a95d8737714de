//! The head of a journal: who recorded it, and from which state.

use crate::error::JournalError;
use carillon_decision::EngineConfig;
use serde::{Deserialize, Serialize};

/// First bytes of every journal.
pub const MAGIC: [u8; 8] = *b"CARILLNJ";

/// Version of the byte form. Grows when frames, header or inputs change, so that an older journal is
/// refused by name and not read as something else; equal replay is tied to [`ENGINE_VERSION`] too.
/// 2: inputs of conversations (hold, transfer, consultation, supervision, recording).
pub const FORMAT_VERSION: u16 = 2;

/// Version of the engine this program was built with. Identical replay is promised per version.
pub const ENGINE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a replay starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the engine that recorded.
    pub engine_version: String,
    /// Build that recorded, such as a commit. Must not name the build profile: a release
    /// recording replays in a debug build.
    pub build: String,
    /// What the engine was started with, its seed among it.
    pub config: EngineConfig,
    /// Number of this file in a run's sequence, from 0.
    pub part: u32,
    /// The engine's state before the first input of this file, from `Engine::snapshot`;
    /// absent for the first file of a run, whose engine starts fresh.
    pub snapshot: Option<Vec<u8>>,
}

impl Header {
    /// The header of a run that starts fresh with this program's engine.
    pub fn new(build: &str, config: EngineConfig) -> Self {
        Self {
            engine_version: ENGINE_VERSION.to_owned(),
            build: build.to_owned(),
            config,
            part: 0,
            snapshot: None,
        }
    }

    /// The header of the next file after rotation, from the engine's state at that point.
    pub fn next_part(&self, snapshot: Vec<u8>) -> Self {
        Self {
            part: self.part + 1,
            snapshot: Some(snapshot),
            ..self.clone()
        }
    }

    /// Whether this program's engine is the one that recorded.
    ///
    /// # Errors
    /// [`JournalError::OtherEngine`] when version or build differ.
    pub fn check_engine(&self, build: &str) -> Result<(), JournalError> {
        if self.engine_version == ENGINE_VERSION && self.build == build {
            return Ok(());
        }
        Err(JournalError::OtherEngine {
            recorded: format!("{} ({})", self.engine_version, self.build),
            running: format!("{ENGINE_VERSION} ({build})"),
        })
    }
}
