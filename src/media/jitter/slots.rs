//! The places in which packets wait, by sequence number.

/// Packets held at most: 1.28 s of 20 ms packets.
pub(super) const SLOTS: usize = 64;

/// A packet that waits.
#[derive(Debug)]
pub(super) struct Slot<F> {
    /// `None`: free.
    pub(super) sequence: Option<u64>,
    /// The packet given out from here last.
    given: Option<u64>,
    /// `None`: a packet without audio (a key press, comfort noise).
    pub(super) format: Option<F>,
    pub(super) timestamp: i64,
    pub(super) samples: u32,
    pub(super) octets: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Slots<F> {
    slots: Vec<Slot<F>>,
    held: usize,
}

impl<F> Default for Slots<F> {
    fn default() -> Self {
        let slot = || Slot {
            sequence: None,
            given: None,
            format: None,
            timestamp: 0,
            samples: 0,
            octets: Vec::new(),
        };
        Self {
            slots: (0..SLOTS).map(|_| slot()).collect(),
            held: 0,
        }
    }
}

impl<F> Slots<F> {
    /// The place at an index as [`first`](Self::first) gave it.
    pub(super) fn at(&self, index: usize) -> &Slot<F> {
        &self.slots[index]
    }

    /// The place of a sequence number.
    pub(super) fn of(&self, sequence: u64) -> &Slot<F> {
        &self.slots[sequence as usize % SLOTS]
    }

    /// Whether this packet was the last given out from its place.
    pub(super) fn was_given(&self, sequence: u64) -> bool {
        self.of(sequence).given == Some(sequence)
    }

    /// Puts a packet into its place; false when it is there already.
    pub(super) fn put(
        &mut self,
        sequence: u64,
        timestamp: i64,
        samples: u32,
        format: Option<F>,
        octets: &[u8],
    ) -> bool {
        let slot = &mut self.slots[sequence as usize % SLOTS];
        if slot.sequence == Some(sequence) {
            return false;
        }
        slot.sequence = Some(sequence);
        slot.format = format;
        slot.timestamp = timestamp;
        slot.samples = samples;
        slot.octets.clear();
        slot.octets.extend_from_slice(octets);
        self.held += 1;
        true
    }

    /// The packet there is given out; its octets stay until the next is put there.
    pub(super) fn free(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        slot.given = slot.sequence.take();
        self.held -= 1;
    }

    /// The index of the oldest packet that waits, from a sequence number on.
    pub(super) fn first(&self, from: u64) -> Option<usize> {
        if self.held == 0 {
            return None;
        }
        (from..from + SLOTS as u64)
            .map(|sequence| (sequence, sequence as usize % SLOTS))
            .find(|(sequence, index)| self.slots[*index].sequence == Some(*sequence))
            .map(|(_, index)| index)
    }

    /// Drops what waits below a sequence number; gives how many of these were audio.
    pub(super) fn drop_below(&mut self, sequence: u64) -> u64 {
        let mut dropped = 0;
        for slot in &mut self.slots {
            if slot.sequence.is_some_and(|held| held < sequence) {
                slot.sequence = None;
                dropped += u64::from(slot.format.is_some());
                self.held -= 1;
            }
        }
        dropped
    }

    /// Packets that wait, and how many are counted as waiting.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        let waits = |slot: &&Slot<F>| slot.sequence.is_some();
        (self.slots.iter().filter(waits).count(), self.held)
    }

    /// Another time line begins: numbers given out say nothing any more.
    pub(super) fn forget_given(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.given = None);
    }
}
