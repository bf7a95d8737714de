//! What follows a conversation as aligned stereo audio: the recorder, and whoever measures it.

use std::time::Instant;

/// Something that hears conversations as the keeper lays them out. Runs on the keeper's thread:
/// it never blocks and never waits for a disk.
pub trait ConversationListener: Send {
    /// The next stretch of a tap, 8 kHz, both channels equally long and without a hole: silence
    /// stands where nothing came. `left` is what the far end said, `right` what it heard.
    ///
    /// `at_ms` counts from the beginning of the tap; each block begins where the one before
    /// ended. A block holds whole milliseconds, at most
    /// [`BLOCK_MS_MAX`](super::timeline::BLOCK_MS_MAX) of them.
    fn block(&mut self, tap: u64, at_ms: u64, left: &[i16], right: &[i16]);

    /// The tap was taken off, or its leg closed, after this much audio. Nothing follows.
    fn ended(&mut self, tap: u64, length_ms: u64);

    /// The tap's time line began: `at` is its millisecond 0. Told before its first block.
    fn began(&mut self, tap: u64, at: Instant) {
        let _ = (tap, at);
    }

    /// Told at least every [`TICK`](super::keeper::TICK), between blocks: time to look at a
    /// queue of commands.
    fn tick(&mut self, now: Instant) {
        let _ = now;
    }
}
