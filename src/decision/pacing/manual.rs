//! Manual mode: a fixed number of lines per idle agent.

use super::controller::Wish;
use super::guards::Constraint;
use super::view::FloorCounts;

/// New lines that top calls in flight up to `ratio` × idle agents, to the nearest line.
pub(super) fn lines(counts: &FloorCounts, ratio: f64) -> u32 {
    // The cast saturates and sends NaN to 0: a ratio out of range cannot overdial by wrapping.
    let target = (ratio * counts.uncommitted().max(0) as f64).round() as u32;
    target.saturating_sub(counts.in_flight)
}

/// Tops calls in flight up to `ratio` × idle agents, rounded to the nearest line.
pub(super) fn wish(counts: &FloorCounts, ratio: f64) -> Wish {
    Wish {
        lines: lines(counts, ratio),
        binding: Some(Constraint::Ratio),
        ..Wish::default()
    }
}
