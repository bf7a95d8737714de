//! Who exists: the legs, their bridges, and their places in the threads' tables.

use std::collections::HashMap;

use super::outgoing::SharedOutgoing;
use super::types::{LegId, RelayError};

/// Who exists and who is bridged to whom. The threads know only what they are told.
#[derive(Default)]
pub struct Directory {
    pub legs: HashMap<LegId, Entry>,
    slots: Vec<Slots>,
    generation: u32,
    random: u64,
    pub stopped: bool,
}

pub struct Entry {
    pub out: SharedOutgoing,
    pub peer: Option<LegId>,
}

/// Places in one thread's table of legs.
#[derive(Default)]
struct Slots {
    free: Vec<usize>,
    used: usize,
}

impl Directory {
    /// Empty, for that many threads.
    pub fn new(threads: usize, seed: u64) -> Self {
        Self {
            slots: (0..threads).map(|_| Slots::default()).collect(),
            random: seed,
            ..Self::default()
        }
    }

    pub fn entry(&mut self, leg: LegId) -> Result<&mut Entry, RelayError> {
        if self.stopped {
            return Err(RelayError::Stopped);
        }
        self.legs.get_mut(&leg).ok_or(RelayError::UnknownLeg(leg))
    }

    /// A place in the table of the thread with the fewest legs.
    pub fn new_leg(&mut self) -> LegId {
        let fewest = self
            .slots
            .iter()
            .enumerate()
            .min_by_key(|(_, s)| s.used - s.free.len());
        let worker = fewest.expect("a relay has at least one thread").0;
        let slots = &mut self.slots[worker];
        let slot = slots.free.pop().unwrap_or_else(|| {
            slots.used += 1;
            slots.used - 1
        });
        self.generation = self.generation.wrapping_add(1);
        LegId::new(worker, slot, self.generation)
    }

    pub fn free_slot(&mut self, leg: LegId) {
        self.slots[leg.worker()].free.push(leg.slot());
    }

    /// SplitMix64 (G. Steele et al., OOPSLA 2014) over the seed given at start.
    pub fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}
