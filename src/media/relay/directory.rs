//! Who exists: the legs, who hears whom, and their places in the threads' tables.

use std::collections::HashMap;

use super::error::RelayError;
use super::leg::{Ears, Listener, Source};
use super::outgoing::SharedOutgoing;
use super::types::LegId;
use super::voice::SharedVoice;

/// Who exists and who hears whom. The threads know only what they are told.
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
    pub voice: SharedVoice,
    /// The legs it hears, each once.
    pub hears: Vec<LegId>,
    /// The legs that hear it, each once.
    pub heard_by: Vec<LegId>,
}

/// Places in one thread's table of legs.
#[derive(Default)]
struct Slots {
    free: Vec<usize>,
    used: usize,
}

impl Entry {
    pub fn new(out: SharedOutgoing, voice: SharedVoice) -> Self {
        Self {
            out,
            voice,
            hears: Vec::new(),
            heard_by: Vec::new(),
        }
    }
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

    /// The leg that this one hears alone and that hears it.
    pub fn peer(&self, leg: LegId) -> Option<LegId> {
        let [peer] = self.legs.get(&leg)?.hears[..] else {
            return None;
        };
        self.legs.get(&peer)?.hears.contains(&leg).then_some(peer)
    }

    /// Sets what `leg` hears; gives the legs whose listeners have changed. All must exist.
    pub fn set_hears(&mut self, leg: LegId, hears: &[LegId]) -> Vec<LegId> {
        let mut wanted: Vec<LegId> = Vec::with_capacity(hears.len());
        for source in hears {
            if !wanted.contains(source) {
                wanted.push(*source);
            }
        }
        let Some(entry) = self.legs.get_mut(&leg) else {
            return Vec::new();
        };
        let before = std::mem::replace(&mut entry.hears, wanted.clone());
        let lost = before.iter().filter(|source| !wanted.contains(source));
        let won = wanted.iter().filter(|source| !before.contains(source));
        let changed: Vec<LegId> = lost.chain(won).copied().collect();
        for source in &changed {
            if let Some(entry) = self.legs.get_mut(source) {
                if wanted.contains(source) {
                    entry.heard_by.push(leg);
                } else {
                    entry.heard_by.retain(|listener| *listener != leg);
                }
            }
        }
        changed
    }

    /// What the thread of `leg` is told to hear.
    pub fn ears(&self, leg: LegId) -> Ears {
        let hears = self.legs.get(&leg).map_or(&[][..], |entry| &entry.hears);
        let source = |leg: &LegId| {
            let voice = self.legs.get(leg)?.voice.clone();
            Some(Source { leg: *leg, voice })
        };
        Ears {
            sources: hears.iter().filter_map(source).collect(),
            // A codec that keeps state, at either end, will be a reason too.
            mixed: hears.len() > 1,
        }
    }

    /// Who the thread of `leg` is told to send to.
    pub fn listeners(&self, leg: LegId) -> Vec<Listener> {
        let heard_by = self.legs.get(&leg).map_or(&[][..], |entry| &entry.heard_by);
        let outs = heard_by.iter().filter_map(|listener| {
            let out = self.legs.get(listener)?.out.clone();
            Some(Listener { out })
        });
        outs.collect()
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
