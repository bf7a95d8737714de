//! A conversation as two strips: how much of each stretch each side spoke. A fixed number of
//! cells, which grow longer as the call does.

use super::activity::FRAME_MS;
use serde::{Deserialize, Serialize};

/// Cells at most; when they are full, two become one.
pub const CELLS_MAX: usize = 120;
/// Frames of a cell at the beginning: half a second.
const CELL_FRAMES: u32 = 500 / FRAME_MS as u32;

/// The strips: one character a cell, `0` to `9` for the share of it spent speaking (9 is all),
/// `h` where the customer was on hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Strip {
    /// Length of a cell, ms.
    pub cell_ms: u64,
    /// What the customer said.
    pub customer: String,
    /// What the customer heard: the agent.
    pub agent: String,
}

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    frames: u32,
    speech: [u32; 2],
    held: u32,
}

/// Draws the strips as the conversation goes.
#[derive(Clone, Debug)]
pub(super) struct StripPen {
    cells: Vec<Cell>,
    cell_frames: u32,
}

impl Default for StripPen {
    fn default() -> Self {
        Self {
            cells: Vec::new(),
            cell_frames: CELL_FRAMES,
        }
    }
}

impl StripPen {
    /// Takes a frame of both sides, or of a hold.
    pub(super) fn push(&mut self, speech: [bool; 2], held: bool) {
        if self
            .cells
            .last()
            .is_none_or(|c| c.frames == self.cell_frames)
        {
            if self.cells.len() == CELLS_MAX {
                self.halve();
            }
            self.cells.push(Cell::default());
        }
        if let Some(cell) = self.cells.last_mut() {
            cell.frames += 1;
            cell.held += u32::from(held);
            for (sum, speaks) in cell.speech.iter_mut().zip(speech) {
                *sum += u32::from(speaks);
            }
        }
    }

    fn halve(&mut self) {
        let pairs = self.cells.chunks(2).map(|pair| {
            pair.iter().fold(Cell::default(), |sum, cell| Cell {
                frames: sum.frames + cell.frames,
                speech: [
                    sum.speech[0] + cell.speech[0],
                    sum.speech[1] + cell.speech[1],
                ],
                held: sum.held + cell.held,
            })
        });
        self.cells = pairs.collect();
        self.cell_frames *= 2;
    }

    /// The strips so far.
    pub(super) fn strip(&self) -> Strip {
        let side = |n: usize| {
            let mark = |cell: &Cell| {
                if 2 * cell.held > cell.frames {
                    return 'h';
                }
                // A little speech shows: rounded up.
                let tenth = (9 * cell.speech[n]).div_ceil(cell.frames.max(1));
                char::from_digit(tenth.min(9), 10).unwrap_or('9')
            };
            self.cells.iter().map(mark).collect()
        };
        Strip {
            cell_ms: u64::from(self.cell_frames) * FRAME_MS,
            customer: side(0),
            agent: side(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_tell_who_spoke_and_grow_with_the_call() {
        let mut pen = StripPen::default();
        (0..100).for_each(|_| pen.push([true, false], false));
        (0..50).for_each(|_| pen.push([false, false], true));
        (0..50).for_each(|n| pen.push([false, n < 25], false));
        let strip = pen.strip();
        assert_eq!(
            (strip.customer.as_str(), strip.agent.as_str()),
            ("99h0", "00h5")
        );
        // A call of five hours still has at most so many cells, and they cover it.
        (0..1_800_000u32).for_each(|_| pen.push([true, true], false));
        let strip = pen.strip();
        assert!(strip.customer.len() <= CELLS_MAX && strip.customer.len() > CELLS_MAX / 2);
        let covered = strip.cell_ms * strip.customer.len() as u64;
        assert!((18_002_000..18_002_000 + strip.cell_ms).contains(&covered));
    }
}
