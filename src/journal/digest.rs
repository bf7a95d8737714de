//! A digest of the commands one input caused.

use serde::{Deserialize, Serialize};
use std::fmt::{self, Debug, Write};

/// How many commands an input caused, and the digest of their text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepDigest {
    /// Commands.
    pub commands: u32,
    /// FNV-1a (64 bit) over the `Debug` text of each, every one followed by a zero byte.
    /// `Debug` writes the shortest text that reads back as the same float, so it is exact.
    pub digest: u64,
}

/// Folds commands into a [`StepDigest`], without allocating. Commands are not serialisable,
/// because a permit must not be; their `Debug` text has every field.
#[derive(Clone, Copy, Debug)]
pub struct CommandDigest {
    commands: u32,
    hash: u64,
}

impl Default for CommandDigest {
    fn default() -> Self {
        Self::new()
    }
}

impl CommandDigest {
    /// The digest of no command.
    pub fn new() -> Self {
        Self {
            commands: 0,
            hash: 0xcbf2_9ce4_8422_2325,
        }
    }

    /// Adds the next command.
    pub fn add(&mut self, command: &impl Debug) {
        self.commands += 1;
        // Hashing never fails; a `Debug` that does shows as a difference.
        if write!(self, "{command:?}").is_ok() {
            self.byte(0);
        }
    }

    /// The digest of all that was added.
    pub fn finish(self) -> StepDigest {
        StepDigest {
            commands: self.commands,
            digest: self.hash,
        }
    }

    fn byte(&mut self, byte: u8) {
        self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
}

impl fmt::Write for CommandDigest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| self.byte(byte));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(commands: &[&str]) -> StepDigest {
        let mut digest = CommandDigest::new();
        commands.iter().for_each(|c| digest.add(c));
        digest.finish()
    }

    #[test]
    fn order_boundaries_and_text_all_count() {
        assert_eq!(digest(&["a", "b"]), digest(&["a", "b"]));
        assert_ne!(digest(&["a", "b"]), digest(&["b", "a"]));
        assert_ne!(digest(&["ab"]).digest, digest(&["a", "b"]).digest);
        assert_eq!(digest(&["a", "b"]).commands, 2);
    }

    #[test]
    fn a_float_that_differs_in_its_last_bit_shows() {
        let x = 0.1_f64;
        let mut a = CommandDigest::new();
        let mut b = CommandDigest::new();
        a.add(&x);
        b.add(&f64::from_bits(x.to_bits() + 1));
        assert_ne!(a.finish(), b.finish());
    }
}
