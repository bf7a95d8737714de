//! The engine's whole state as bytes, and back.

use super::Engine;

/// A state that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Commands were not drained: a permit must never be written down.
    #[error("engine_snapshot_undrained: {0} commands are waiting: poll until `Wait` first")]
    Undrained(usize),
    /// Not a snapshot of this engine version.
    #[error("engine_snapshot_bytes: {0}: take the snapshot with the engine version that reads it")]
    Bytes(#[from] postcard::Error),
}

impl Engine {
    /// The state between two inputs. Poll until `Wait` first.
    pub fn snapshot(&self) -> Result<Vec<u8>, SnapshotError> {
        if !self.out.is_empty() {
            return Err(SnapshotError::Undrained(self.out.len()));
        }
        Ok(postcard::to_stdvec(self)?)
    }

    /// An engine that goes on exactly where the snapshot was taken.
    pub fn restore(bytes: &[u8]) -> Result<Engine, SnapshotError> {
        let mut engine: Engine = postcard::from_bytes(bytes)?;
        for campaign in engine.campaigns.values_mut() {
            campaign.compile();
        }
        engine.learn_campaigns();
        Ok(engine)
    }
}
